"""Until when a courier must be told of a loss or a damage, as data. Pure.

A new law, or a carrier with terms of its own, is a new row. The day is a proposal: a contract may
say another, and whoever writes the claim may change it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

LOST, DAMAGED, MISSING, LATE = REASONS = ("lost", "damaged", "missing", "late")
"""The parcel is gone; it or its goods are damaged; some of the goods are not in it; it was late."""
LEFT, DELIVERED = "left", "delivered"
_POST = "art. 92 ust. 3 ustawy z 23 listopada 2012 r. Prawo pocztowe"
_POST_ANSWER = "rozporządzenie z 26 listopada 2013 r. w sprawie reklamacji usługi pocztowej"
_CARRIAGE = "ustawy z 15 listopada 1984 r. Prawo przewozowe"
_CARRIAGE_ANSWER = ("rozporządzenie z 24 lutego 2006 r. w sprawie ustalania stanu przesyłek oraz "
                    "postępowania reklamacyjnego")


@dataclass(frozen=True, slots=True)
class Term:
    """A term for some reasons at some carriers (keys of connectors; empty: all others).

    ``days`` or ``months`` from when the parcel ``begins`` (``left`` or ``delivered``) until it must
    be told of; ``answer_days`` from then until the carrier must have answered.
    """

    key: str
    carriers: frozenset[str]
    reasons: tuple[str, ...]
    valid_from: date
    begins: str
    article: str
    answer_article: str
    days: int = 0
    months: int = 0
    answer_days: int = 30


TERMS: tuple[Term, ...] = (
    Term("pl-post-2013", frozenset({"poczta", "inpost"}), REASONS, date(2013, 1, 1), LEFT, _POST,
         _POST_ANSWER, months=12),
    Term("pl-carriage-damage", frozenset(), (DAMAGED, MISSING), date(1984, 11, 15), DELIVERED,
         f"art. 74 ust. 3 {_CARRIAGE}", _CARRIAGE_ANSWER, days=7),
    Term("pl-carriage-late", frozenset(), (LATE,), date(1984, 11, 15), DELIVERED,
         f"art. 77 ust. 2 {_CARRIAGE}", _CARRIAGE_ANSWER, months=2),
    Term("pl-carriage-lost", frozenset(), (LOST,), date(1984, 11, 15), LEFT,
         f"art. 77 ust. 1 {_CARRIAGE}", _CARRIAGE_ANSWER, months=12),
)
BY_KEY = {one.key: one for one in TERMS}


def reasons(delivered: bool) -> tuple[str, ...]:
    """What can be claimed of a parcel: what was delivered is not lost."""
    return tuple(one for one in REASONS if not (delivered and one == LOST))


def term(carrier: str, reason: str, day: date) -> Term:
    """The term in force on a day: a carrier's own, else that of all others."""
    fit = [one for one in TERMS if reason in one.reasons and one.valid_from <= day]
    own = [one for one in fit if carrier in one.carriers]
    return max(own or [one for one in fit if not one.carriers], key=lambda one: one.valid_from)


def last_day(one: Term, left: date, delivered: date | None) -> date:
    """The last day to tell the carrier; what was never delivered counts from when it left."""
    begins = delivered if one.begins == DELIVERED and delivered is not None else left
    return _months_after(begins, one.months) + timedelta(days=one.days)


def _months_after(day: date, months: int) -> date:
    """The same day of a later month, its last one where that is shorter (art. 112 k.c.)."""
    month = day.month - 1 + months
    first = date(day.year + month // 12, month % 12 + 1, 1)
    end = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return min(end, first + timedelta(days=day.day - 1))
