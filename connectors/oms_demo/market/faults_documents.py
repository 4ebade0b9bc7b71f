"""Faults of documents: an order, offer or return as JSON that is not what it should be.

Each gets a document it may change, and returns it; None when it found nothing to change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from oms_demo.market.blow import Blow

Document = dict[str, Any]

HUGE = 200_000
ODD = (
    "Zażółć 🦉\N{WOMAN}\N{ZERO WIDTH JOINER}\N{EAR OF RICE} gęślą",
    "\N{RIGHT-TO-LEFT OVERRIDE}אבג דהו\N{POP DIRECTIONAL FORMATTING} 5",
    "raz\0dwa", "ＡＢＣ\N{ZERO WIDTH SPACE}\ufeff", "𝔐𝔲𝔱𝔱𝔢𝔯\t\r\n",
)
HOSTILE = (
    "<script>document.title='caught'</script>",
    "\"><img src=x onerror=\"document.title='caught'\">",
    "<a href=\"javascript:document.title='caught'\">{{ 7*7 }} ${7*7}</a>",
    "=HYPERLINK(\"http://127.0.0.1/\")",
)


def _places(document: Any, wanted: Callable[[str, Any], bool]) -> Iterator[tuple[Any, str]]:
    """Every (object, field name) of a document, however deep, whose field is wanted."""
    if isinstance(document, list):
        for part in document:
            yield from _places(part, wanted)
    elif isinstance(document, dict):
        for name, value in document.items():
            if wanted(name, value):
                yield document, name
            yield from _places(value, wanted)


def _pick(document: Document, blow: Blow, wanted: Callable[[str, Any], bool]
          ) -> tuple[Any, str] | None:
    places = list(_places(document, wanted))
    return blow.dice.choice(places) if places else None


def _set(document: Document, blow: Blow, wanted: Callable[[str, Any], bool],
         change: Callable[[Any], Any]) -> Document | None:
    """Change the value of one field, chosen by chance."""
    place = _pick(document, blow, wanted)
    if place is None:
        return None
    owner, name = place
    owner[name] = change(owner[name])
    return document


def new_word(document: Document, blow: Blow) -> Document | None:
    """A status or kind that nobody has heard of."""
    return _set(document, blow, lambda name, value: name in ("status", "kind") and bool(value),
                lambda _: "teleported")


def missing(document: Document, blow: Blow) -> Document | None:
    """A field is not there."""
    place = _pick(document, blow, lambda name, value: True)
    if place is None:
        return None
    del place[0][place[1]]
    return document


def null(document: Document, blow: Blow) -> Document | None:
    """A field is null."""
    return _set(document, blow, lambda name, value: value is not None, lambda _: None)


def renamed(document: Document, blow: Blow) -> Document | None:
    """A field has another name since last night."""
    place = _pick(document, blow, lambda name, value: True)
    if place is None:
        return None
    owner, name = place
    owner[f"{name}_v2"] = owner.pop(name)
    return document


def number_as_text(document: Document, blow: Blow) -> Document | None:
    """A number comes in quotes."""
    return _set(document, blow,
                lambda name, value: isinstance(value, int) and not isinstance(value, bool), str)


def huge_note(document: Document, blow: Blow) -> Document | None:
    """A buyer has pasted a novel."""
    return _set(document, blow, lambda name, value: name == "note",
                lambda _: "Proszę zapakować ostrożnie. " * (HUGE // 28))


def odd_letters(document: Document, blow: Blow) -> Document | None:
    """Emoji, right to left, a NUL, letters without width."""
    return _set(document, blow, _is_words, lambda _: blow.dice.choice(ODD))


def hostile_html(document: Document, blow: Blow) -> Document | None:
    """Markup and formulas where words should be."""
    return _set(document, blow, _is_words, lambda _: blow.dice.choice(HOSTILE))


def negative(document: Document, blow: Blow) -> Document | None:
    """Minus two pieces."""
    return _set(document, blow, lambda name, value: name == "quantity", lambda _: -2)


def fractional(document: Document, blow: Blow) -> Document | None:
    """One and a half pieces."""
    return _set(document, blow, lambda name, value: name == "quantity", lambda _: 1.5)


def odd_currency(document: Document, blow: Blow) -> Document | None:
    """Money nobody has."""
    return _set(document, blow, lambda name, value: name == "currency", lambda _: "XQQ")


def _is_words(name: str, value: Any) -> bool:
    return name in ("note", "name", "title", "street", "city", "reason") and isinstance(value, str)
