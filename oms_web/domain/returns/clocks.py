"""Terms the law sets, as data: country by country, from when on, and which article says so. Pure.

A term of days begins the day after what starts it and ends with the end of its last day (Kodeks
cywilny, art. 111); a buyer's own term whose last day is a Saturday or a holiday ends with the next
working day (art. 115). Our own terms are not stretched: whoever answers on the last day is safe.

A new law is a new row with its day; cases that run keep the rule they began with.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from oms_web.core.clock import day_bounds, local_day
from oms_web.core.countries import UNION
from oms_web.domain.returns.kinds import COMPLAINT, WITHDRAWAL

WITHDRAW, SEND_BACK, REPAY, ANSWER = "withdraw", "send_back", "repay", "answer"


@dataclass(frozen=True, slots=True)
class Rule:
    """One term. ``what`` ends with it, for cases of ``kinds``; ``stretches``: see above.

    ``country`` is an ISO code, or empty for everywhere else in the Union. ``begins``: ``delivery``
    of the last goods, or ``claim``, the day the case was opened.
    """

    key: str
    country: str
    valid_from: date
    what: str
    kinds: tuple[str, ...]
    days: int
    begins: str
    article: str
    stretches: bool = False


_PL, _EU = "ustawa o prawach konsumenta", "2011/83/EU"
RULES: tuple[Rule, ...] = (
    Rule("pl-withdraw-2014", "PL", date(2014, 12, 25), WITHDRAW, (WITHDRAWAL,), 14, "delivery",
         f"art. 27, {_PL}", stretches=True),
    Rule("pl-send-back-2014", "PL", date(2014, 12, 25), SEND_BACK, (WITHDRAWAL,), 14, "claim",
         f"art. 34 ust. 1, {_PL}", stretches=True),
    Rule("pl-repay-2014", "PL", date(2014, 12, 25), REPAY, (WITHDRAWAL,), 14, "claim",
         f"art. 32 ust. 1, {_PL}"),
    Rule("pl-answer-2014", "PL", date(2014, 12, 25), ANSWER, (COMPLAINT,), 30, "claim",
         f"art. 7a, {_PL}"),
    Rule("pl-answer-2023", "PL", date(2023, 1, 1), ANSWER, (COMPLAINT,), 14, "claim",
         f"art. 7a, {_PL}"),
    Rule("eu-withdraw-2014", "", date(2014, 6, 13), WITHDRAW, (WITHDRAWAL,), 14, "delivery",
         f"art. 9, {_EU}", stretches=True),
    Rule("eu-send-back-2014", "", date(2014, 6, 13), SEND_BACK, (WITHDRAWAL,), 14, "claim",
         f"art. 14, {_EU}", stretches=True),
    Rule("eu-repay-2014", "", date(2014, 6, 13), REPAY, (WITHDRAWAL,), 14, "claim",
         f"art. 13, {_EU}"),
)
SILENCE_ACCEPTS = frozenset({"pl-answer-2014", "pl-answer-2023"})
"""Terms whose end without an answer means, to a consumer, that the complaint was accepted (art. 7a
ust. 2, ustawa o prawach konsumenta)."""
OURS = frozenset({REPAY, ANSWER})
"""Terms that bind the seller; the others bind the buyer."""

BY_KEY = {rule.key: rule for rule in RULES}


REASONABLE = {
    "DE": "§ 475 Abs. 5 BGB", "": "art. 14, 2019/771/EU",
}
"""Laws that give a complaint no days: goods are to be mended or replaced within a reasonable time.
By country; empty for the rest of the Union, whose members may say more than the directive."""

AGREED, OPEN_TERM, UNKNOWN_LAW = "agreed", "reasonable", "unknown"


def unsaid(country: str, kind: str) -> tuple[str, str]:
    """Why no term runs in a case that has none: (why, article).

    ``agreed``: the law knows no such term anywhere; ``reasonable``: it sets no days (the article
    says so); ``unknown``: the law of the country is not in the data. In the last two it is the
    seller who has to see to the time.
    """
    country = country or "PL"
    if kind not in (COMPLAINT, WITHDRAWAL):
        return AGREED, ""
    if kind == COMPLAINT and country in UNION and country != "PL":
        return OPEN_TERM, REASONABLE.get(country, REASONABLE[""])
    return UNKNOWN_LAW, ""


def rule(country: str, what: str, day: date) -> Rule | None:
    """The rule that is in force on a day in a country; None where the law sets no such term."""
    country = country or "PL"
    own = country if any(one.country == country for one in RULES) else ""
    if not own and country not in UNION:
        return None
    mine = [one for one in RULES
            if one.country == own and one.what == what and one.valid_from <= day]
    return max(mine, key=lambda one: one.valid_from, default=None)


def running(country: str, kind: str, day: date) -> list[Rule]:
    """The terms that begin when a case of a kind is opened on a day."""
    found = (rule(country, what, day) for what in (SEND_BACK, REPAY, ANSWER))
    return [one for one in found if one is not None and kind in one.kinds]


def due(one: Rule, began: datetime, extra_days: int = 0) -> datetime:
    """The end of a term, the last moment of its last day in the shop's zone.

    Args:
        extra_days: given by the seller beyond the law.
    """
    last = local_day(began) + timedelta(days=one.days + extra_days)
    while one.stretches and is_free(last):
        last += timedelta(days=1)
    return day_bounds(last)[1] - timedelta(seconds=1)


def may_withdraw(country: str, delivered: datetime | None, now: datetime, extra_days: int = 0
                 ) -> tuple[bool, datetime | None]:
    """Whether a buyer may still withdraw, and until when; not delivered yet: without a limit."""
    if delivered is None:
        return True, None
    one = rule(country, WITHDRAW, local_day(delivered))
    if one is None:
        return False, None
    until = due(one, delivered, extra_days)
    return not is_over(until, now), until


def is_over(due_at: datetime, at: datetime) -> bool:
    """Whether a moment is after the end of a term, whose last second is still in time."""
    return at >= due_at + timedelta(seconds=1)


def earliest(moments: Iterable[datetime | None]) -> datetime | None:
    """The first of the moments that are known."""
    return min((one for one in moments if one is not None), default=None)


def ended_with_case(what: str, *, answered: bool, here: bool, paid: bool) -> bool:
    """Whether a term that runs no more was stopped by the end of its case (called off, or a
    withdrawal refused), and not by what it was for: an answer, the goods, the money.
    """
    return not {ANSWER: answered, SEND_BACK: here, REPAY: paid}.get(what, True)


_FIXED = frozenset({(1, 1), (1, 6), (5, 1), (5, 3), (8, 15), (11, 1), (11, 11), (12, 25),
                    (12, 26)})


def is_free(day: date) -> bool:
    """A Saturday, a Sunday or a Polish public holiday (ustawa o dniach wolnych od pracy)."""
    if day.weekday() >= 5 or (day.month, day.day) in _FIXED:
        return True
    if (day.month, day.day) == (12, 24):
        return day.year >= 2025
    return day - easter(day.year) in (timedelta(days=1), timedelta(days=60))


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the algorithm of Oudin)."""
    golden, century = year % 19, year // 100
    epact = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    moon = epact - (epact // 28) * (1 - (29 // (epact + 1)) * ((21 - golden) // 11))
    weekday = (year + year // 4 + moon + 2 - century + century // 4) % 7
    day = moon - weekday
    month = 3 + (day + 40) // 44
    return date(year, month, day + 28 - 31 * (month // 4))
