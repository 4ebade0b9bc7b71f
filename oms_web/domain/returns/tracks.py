"""How a case goes: its phase as a table, and goods and money as two tracks beside it. Pure.

Buttons are drawn from the same table that guards the acts. Goods and money move on their own: money
may go back before anything arrives, goods may come for which nothing is paid back, and a case is
closed when both have come to rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from oms_web.core.errors import NotAllowedNow
from oms_web.domain.returns.kinds import (
    COMPLAINT,
    REDUCE,
    REFUND,
    REPAIR,
    REPLACE,
    RETURN,
    WITHDRAWAL,
)

NEW, ASKED, ACCEPTED, REFUSED, CLOSED, OFF = PHASES = (
    "new", "asked", "accepted", "refused", "closed", "off",
)
ENDED = frozenset({CLOSED, OFF})

TRANSITIONS: dict[str, dict[str, str]] = {
    NEW: {"accept": ACCEPTED, "ask": ASKED, "refuse": REFUSED, "call_off": OFF},
    ASKED: {"accept": ACCEPTED, "answered": NEW, "refuse": REFUSED, "call_off": OFF},
    ACCEPTED: {"close": CLOSED, "refuse": REFUSED, "call_off": OFF},
    REFUSED: {"close": CLOSED, "accept": ACCEPTED},
    CLOSED: {"reopen": ACCEPTED},
    OFF: {"reopen": NEW},
}

GOODS_NONE, EXPECTED, ON_WAY, ARRIVED, JUDGED = GOODS = (
    "none", "expected", "on_way", "arrived", "judged",
)
TO_COME = (EXPECTED, ON_WAY)
MONEY_NONE, PLANNED, SENT, UNKNOWN, REFUNDED, CREDIT = MONEY = (
    "none", "planned", "sent", "unknown", "refunded", "credit",
)
PAID = (REFUNDED, CREDIT)

UNDECIDED = (NEW, ASKED)
PAYING = (RETURN, WITHDRAWAL)
"""Kinds of case that pay money back once they are accepted."""
PAYING_OUTCOMES = (REFUND, REDUCE)
"""Answers to a complaint that do."""

TOLD = {"announced": EXPECTED, "sent": ON_WAY, "arrived": ON_WAY, "closed": EXPECTED,
        "refused": GOODS_NONE}
"""Where goods are as a channel tells it; that they are *here*, only our bench knows."""


def allowed(phase: str) -> tuple[str, ...]:
    """The acts a phase permits, in table order; the first is the usual one."""
    return tuple(TRANSITIONS[phase])


def after(phase: str, act: str) -> str:
    """The phase an act leads to; an act that had its effect already is quiet.

    Raises:
        NotAllowedNow: the table has no such step.
    """
    steps = TRANSITIONS[phase]
    if act in steps:
        return steps[act]
    if phase in {row[act] for row in TRANSITIONS.values() if act in row}:
        return phase
    raise NotAllowedNow("That is not possible as the case stands.", allowed(phase))


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a case stands. ``empty``: it has no units, such as a parcel that matches no order and
    that nobody has opened yet. ``outcome``: what a complaint was answered with. ``nobody``: no
    buyer is known. ``owed``: the law's term to pay back runs, nothing has gone, and money is there.
    ``payable``: there is such money at all. ``short``: less of it is planned or gone than a
    complaint was answered with, or than the law gives back of a withdrawal. ``missing``: some
    units never came. ``swapped``: another thing was ordered instead.
    """

    kind: str
    phase: str
    goods: str = GOODS_NONE
    money: str = MONEY_NONE
    outcome: str = ""
    empty: bool = False
    nobody: bool = False
    owed: bool = False
    payable: bool = True
    short: bool = False
    missing: bool = False
    swapped: bool = False


def check(act: str, case: Standing) -> None:
    """Whether an act of the table makes sense as goods and money of a case stand.

    Raises:
        NotAllowedNow: it does not, with the reason.
    """
    if case.kind == COMPLAINT and act in ("accept", "refuse"):
        raise NotAllowedNow("A complaint is accepted or refused by its answer.")
    if case.kind == COMPLAINT and act == "call_off" and case.phase not in UNDECIDED:
        raise NotAllowedNow("This complaint was answered. Close the case instead.")
    if case.nobody and act in ("ask", "refuse"):
        raise NotAllowedNow("Say first which order this case belongs to.")
    if act == "refuse" and case.money != MONEY_NONE:
        raise NotAllowedNow("Money of this case has gone back or is about to. What was paid back "
                            "cannot be refused.")
    goods_ = GOODS_NONE if case.empty else case.goods
    if act == "close" and not at_rest(goods_, case.money):
        raise NotAllowedNow("Goods or money of this case are still under way.")
    if act == "close" and case.phase == ACCEPTED and case.owed:
        raise NotAllowedNow("The buyer's money has not gone back yet. Pay it back first, or say "
                            "what became of the case: call it off or refuse it.")
    if act == "call_off" and (goods_ in (ARRIVED, JUDGED) or case.money != MONEY_NONE):
        raise NotAllowedNow("Something of this case has happened already. Close it instead.")


def offered(case: Standing) -> tuple[str, ...]:
    """The acts of the table that make sense now, in table order: what a screen has buttons for."""
    return tuple(act for act in allowed(case.phase) if _makes_sense(act, case))


def _makes_sense(act: str, case: Standing) -> bool:
    try:
        check(act, case)
    except NotAllowedNow:
        return False
    return True


def may_pay(case: Standing) -> bool:
    """Whether money may be planned to go back: not for what is over or was refused."""
    return case.phase not in (*ENDED, REFUSED)


def promises(case: Standing) -> bool:
    """Whether a case was decided so that money goes back, and not all of it is planned yet."""
    promised = case.kind in PAYING or (case.kind == COMPLAINT and case.outcome in PAYING_OUTCOMES)
    return case.phase == ACCEPTED and promised and (case.money == MONEY_NONE or case.short)


def owes(case: Standing) -> bool:
    """Whether a case promises money, and there is some to go back."""
    return case.payable and promises(case)


def paid(case: Standing) -> bool:
    """Whether all has gone back that a case gives back, as far as anything was paid."""
    return case.money in PAID and not owes(case)


def waits(case: Standing) -> bool:
    """Whether an accepted case waits for goods: those that were to come, or those to be mended."""
    if case.phase != ACCEPTED:
        return False
    return case.goods in (EXPECTED, ON_WAY) or (
        case.outcome == REPAIR and case.goods == GOODS_NONE and not case.empty)


def open_ends(case: Standing) -> tuple[str, ...]:
    """What an accepted case would be closed over: ``money``, ``goods``, ``missing``, ``repair``,
    ``replace``. It needs a word why.

    What never came of a withdrawal may be kept unpaid until it comes, or the proof that it was
    sent (ustawa o prawach konsumenta, art. 32 ust. 3).
    """
    if case.phase != ACCEPTED:
        return ()
    found = {
        "money": owes(case), "goods": case.goods in (EXPECTED, ON_WAY),
        "missing": case.missing and case.kind == WITHDRAWAL,
        "repair": case.outcome == REPAIR,
        "replace": case.outcome == REPLACE and not case.swapped,
    }
    return tuple(name for name, is_open in found.items() if is_open)


def decided_by_money(case: Standing) -> bool:
    """Whether paying back has decided a case that nobody decided in words.

    A complaint is decided by its answer alone: money beside it is no answer.
    """
    return case.kind != COMPLAINT and case.phase in UNDECIDED and case.money != MONEY_NONE


def goods(meant: int, arrived: int, judged: int, before: str) -> str:
    """Where the goods of a case are, by counts of units; ``before`` holds until some are counted:
    a parcel is here before anybody has looked into it.
    """
    if arrived and judged >= arrived and arrived >= meant:
        return JUDGED
    if arrived:
        return ARRIVED
    return EXPECTED if before == JUDGED and meant else before


def money(refunds: Iterable[tuple[str, str]], told: int = 0) -> str:
    """Where the money is: by (state, method) of each refund, the one that needs most care first.

    Args:
        told: what a channel says it gave back itself, minor units.
    """
    states = {(CREDIT if method == "credit" else REFUNDED) if state == "done" else state
              for state, method in refunds if state != "refused"}
    if "approved" in states:
        states.add(PLANNED)
    for one in (UNKNOWN, SENT, PLANNED, REFUNDED, CREDIT):
        if one in states:
            return one
    return REFUNDED if told > 0 else MONEY_NONE


def at_rest(goods_: str, money_: str) -> bool:
    """Whether nothing is under way any more, so that a case may be closed."""
    return goods_ not in (ON_WAY, ARRIVED) and money_ not in (PLANNED, SENT, UNKNOWN)


def primary(case: Standing, running: Collection[str], swap: str = "") -> str:
    """The one act that comes next: an act of the table, ``judge``, ``refund``, ``money``,
    ``arrive``, a step of an exchange, or empty.

    Args:
        running: the clocks that still run (``clocks.py``).
        swap: what comes next of an exchange (``exchange.step``).
    """
    if case.phase in ENDED:
        return ""
    if case.phase in UNDECIDED:
        if case.kind == COMPLAINT or "answer" in running:
            return "answer"
        return "judge" if case.goods == ARRIVED else swap or "accept"
    if case.goods == ARRIVED or swap:
        return "judge" if case.goods == ARRIVED else swap
    if case.money in (PLANNED, SENT, UNKNOWN):
        return "money"
    if owes(case):
        return "refund"
    if waits(case):
        return "arrive"
    return "close" if _makes_sense("close", case) else ""
