"""Filled-in sentences and the templates they were made from.

What a connector or an import says is stored filled in, in English. Here it is taken apart again:
to count how often the same thing was said, and to say it in the reader's language.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

_PLACE = re.compile(r"%\((\w+)\)s")
# A template with hardly a word of its own fits everything.
_LEAST_WORDS = 6


@dataclass(frozen=True, slots=True)
class Said:
    """A template and what filled its places."""

    template: str
    places: Mapping[str, str]


class Sentences:
    """Templates with ``%(name)s`` places, found again from the text that they became."""

    def __init__(self, templates: Iterable[str]) -> None:
        plain: set[str] = set()
        filled: list[tuple[str, re.Pattern[str]]] = []
        for template in templates:
            if not _PLACE.search(template):
                plain.add(template)
            elif len(_PLACE.sub("", template)) >= _LEAST_WORDS:
                filled.append((template, _pattern(template)))
        # The one with most words of its own fits best; one that begins with a place fits worst,
        # since the place takes in the beginning of others.
        self._filled = sorted(filled, key=lambda pair: (
            _PLACE.match(pair[0]) is not None, -len(_PLACE.sub("", pair[0]))
        ))
        self._plain = frozenset(plain)
        self._find = lru_cache(maxsize=2048)(self._search)

    def find(self, text: str) -> Said | None:
        """The template of a text; None when nobody here says that."""
        return self._find(text)

    def _search(self, text: str) -> Said | None:
        if text in self._plain:
            return Said(text, {})
        for template, pattern in self._filled:
            found = pattern.fullmatch(text)
            if found:
                return Said(template, found.groupdict())
        return None


def _pattern(template: str) -> re.Pattern[str]:
    parts = _PLACE.split(template)
    seen: set[str] = set()
    made = []
    for place, part in enumerate(parts):
        if place % 2 == 0:
            made.append(re.escape(part.replace("%%", "%")))
        elif part in seen:
            made.append(f"(?P={part})")
        else:
            seen.add(part)
            made.append(f"(?P<{part}>.*?)")
    return re.compile("".join(made), re.DOTALL)
