"""Columns of a table on paper, as wide as what stands in them; the name takes what is left.

Widths are counted here and not by the layout engine: it would have to lay the whole table out to
learn them, and then the columns of a long table would differ from page to page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Advances of Inter at 1 pt in millimetres; figures are tabular, letters are taken at their mean.
_WIDE, _FIGURE, _LETTER, _NARROW = 0.32, 0.23, 0.205, 0.105
_GAP = 4.0
HEAD_PT, BODY_PT = 7.5, 9.0
LEAST_NAME = 62.0


@dataclass(frozen=True, slots=True)
class Column:
    """A column of figures or short words. ``texts`` are its cells, top to bottom; mm."""

    title: str
    texts: Sequence[str]
    number: bool = True
    width: float = 0.0


def text_mm(text: str, size_pt: float = BODY_PT) -> float:
    """How wide a short text is on paper, in millimetres; never less than it will be."""
    return size_pt * sum(_advance(ch) for ch in text)


def column_mm(title: str, texts: Iterable[str], size_pt: float = BODY_PT, *, wrap: bool = False
              ) -> float:
    """The width that keeps every text on one line, and the title too unless it may ``wrap``."""
    heads = title.split() if wrap else [title]
    widest = max([text_mm(head, HEAD_PT) for head in heads]
                 + [text_mm(text, size_pt) for text in texts], default=0)
    return round(_GAP + widest, 1)


def fitted(columns: Sequence[Column], room: float) -> list[Column]:
    """The columns with widths; titles take two lines where the name would get too little.

    Args:
        room: Millimetres for these columns and the name together.
    """
    widths = [column_mm(one.title, one.texts) for one in columns]
    if room - sum(widths) < LEAST_NAME:
        widths = [column_mm(one.title, one.texts, wrap=True) for one in columns]
    return [Column(one.title, one.texts, one.number, width)
            for one, width in zip(columns, widths, strict=True)]


def _advance(ch: str) -> float:
    if ch in "%MW@":
        return _WIDE
    if ch.isdigit() or ch.isupper() or ch == "\N{MINUS SIGN}":
        return _FIGURE
    return _NARROW if ch in " \N{NO-BREAK SPACE},.:/" else _LETTER
