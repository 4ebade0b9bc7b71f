"""Whose money is it? A line of a statement held against orders that may be meant. Pure.

What is found is said as reasons. A line is *sure* when it names one order (its number, the
channel's, a document's) and the amount is exactly what is due for it; anything less is offered to a
person. See docs/algorithms/matching.md.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from oms_web.core.text import fold
from oms_web.domain.payments.bank.lines import BankLine

NUMBER, CHANNEL, DOCUMENT, AMOUNT, TOTAL, NAME, ACCOUNT = REASONS = (
    "number", "channel", "document", "amount", "total", "name", "account",
)
_WEIGHTS = {NUMBER: 40, CHANNEL: 60, DOCUMENT: 60, AMOUNT: 40, TOTAL: 20, NAME: 25, ACCOUNT: 25}
NAMES_ONE = frozenset((NUMBER, CHANNEL, DOCUMENT))
LEAST = 40
"""Below that nobody is shown: a name alone says little."""
SHORTEST = 5
"""Characters of a channel's or a document's number that may be found by chance no more."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An order that may be meant. ``due`` and ``total`` in minor units of ``currency``."""

    order_id: int
    due: int
    total: int
    currency: str
    names: Sequence[str] = ()
    channel_numbers: Sequence[str] = ()
    documents: Sequence[str] = ()
    accounts: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """An order and why it may be meant, the best reason first."""

    order_id: int
    score: int
    reasons: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether it is named and the amount is right."""
        return AMOUNT in self.reasons and bool(NAMES_ONE & set(self.reasons))


def match(line: BankLine, candidates: Iterable[Candidate]) -> list[Match]:
    """The orders that may be meant, the likeliest first; at most five."""
    found = []
    for one in candidates:
        if one.currency != line.currency:
            continue
        reasons = tuple(sorted(_reasons(line, one), key=lambda name: -_WEIGHTS[name]))
        score = sum(_WEIGHTS[name] for name in reasons)
        if score >= LEAST:
            found.append(Match(one.order_id, score, reasons))
    found.sort(key=lambda one: (-one.score, one.order_id))
    return found[:5]


def sure(matches: Sequence[Match]) -> Match | None:
    """The one that may be booked without asking: whole, and no other is."""
    whole = [one for one in matches if one.is_whole]
    return whole[0] if len(whole) == 1 else None


def digits_of(title: str) -> list[int]:
    """Whole numbers in a title that may be an order's number."""
    return [int(one) for one in re.findall(r"(?<![\w.,/-])\d{1,12}(?![\w/-]|[.,]\d)", title)][:20]


def words_of(title: str) -> list[str]:
    """Pieces of a title that may be a channel's or a document's number."""
    pieces = re.findall(r"[\w/.#-]*\d[\w/.#-]*", title)
    joined = re.findall(r"[A-Za-z]{1,6}[ ]?\d[\w/.-]*", title)
    return list(dict.fromkeys(one.strip(".,#-") for one in (*pieces, *joined)
                              if len(one) >= SHORTEST - 1))[:20]


def _reasons(line: BankLine, one: Candidate) -> set[str]:
    found = set()
    if one.order_id in digits_of(line.title):
        found.add(NUMBER)
    title = _bare(line.title)
    if any(len(_bare(number)) >= SHORTEST and _bare(number) in title
           for number in one.channel_numbers):
        found.add(CHANNEL)
    if any(len(_bare(number)) >= SHORTEST and _bare(number) in title for number in one.documents):
        found.add(DOCUMENT)
    if line.amount == one.due:
        found.add(AMOUNT)
    elif line.amount == one.total:
        found.add(TOTAL)
    party = set(fold(line.party).split())
    if any(len(words) > 1 and words <= party for words in
           (set(fold(name).split()) for name in one.names)):
        found.add(NAME)
    if line.account and line.account in one.accounts:
        found.add(ACCOUNT)
    return found


def _bare(text: str) -> str:
    return re.sub(r"[^0-9a-z]", "", fold(text))
