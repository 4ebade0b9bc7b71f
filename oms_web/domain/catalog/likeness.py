"""Which of our products an offer's title may mean: by the words they share."""

from __future__ import annotations

from collections.abc import Iterable

from oms_web.core.text import words

SHORTEST = 3
WORDS_LOOKED_FOR = 4


def telling_words(title: str) -> list[str]:
    """The words of a title that are most likely to find the product: the longest few."""
    found = dict.fromkeys(word for word in words(title) if len(word) >= SHORTEST)
    return sorted(found, key=lambda word: (-len(word), word))[:WORDS_LOOKED_FOR]


def score(title: Iterable[str], search: Iterable[str]) -> float:
    """How much of an offer's words a product has, from 0 to 1; long words weigh more.

    Words that the product has and the offer has not count against it, but only a little: offers
    say less than catalogues. Sizes and numbers (``05``, ``l``) decide between sisters.
    """
    offered, known = set(title), set(search)
    if not offered or not known:
        return 0.0
    shared = sum(map(len, offered & known))
    missing = sum(map(len, offered - known))
    extra = sum(map(len, known - offered))
    return shared / (shared + missing + 0.25 * extra)
