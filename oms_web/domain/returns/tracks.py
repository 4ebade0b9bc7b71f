"""How a case goes: its phase as a table, and goods and money as two tracks beside it. Pure.

Buttons are drawn from the same table that guards the acts. Goods and money move on their own: money
may go back before anything arrives, goods may come for which nothing is paid back, and a case is
closed when both have come to rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from oms_web.core.errors import NotAllowedNow

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
MONEY_NONE, PLANNED, SENT, UNKNOWN, REFUNDED, CREDIT = MONEY = (
    "none", "planned", "sent", "unknown", "refunded", "credit",
)

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


def goods(meant: int, arrived: int, judged: int, before: str) -> str:
    """Where the goods of a case are, by counts of units; ``before`` holds until some are here."""
    if arrived and judged >= arrived and arrived >= meant:
        return JUDGED
    if arrived:
        return ARRIVED
    return EXPECTED if before in (ARRIVED, JUDGED) and meant else before


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


def primary(kind: str, phase: str, goods_: str, money_: str, running: Collection[str],
            swap: str = "") -> str:
    """The one act that comes next: an act of the table, ``judge``, ``refund``, ``money``, a step of
    an exchange, or empty.

    Args:
        running: the clocks that still run (``clocks.py``).
        swap: what comes next of an exchange (``exchange.step``).
    """
    if phase in ENDED:
        return ""
    if phase in (NEW, ASKED):
        return "answer" if "answer" in running else "judge" if goods_ == ARRIVED \
            else swap or "accept"
    if goods_ == ARRIVED or swap:
        return "judge" if goods_ == ARRIVED else swap
    if money_ in (PLANNED, SENT, UNKNOWN):
        return "money"
    if phase == ACCEPTED and money_ == MONEY_NONE and kind in ("return", "withdrawal"):
        return "refund"
    return "close" if at_rest(goods_, money_) else ""
