"""Where an order stands: the queue it waits in and the strip P S D L I, from plain facts.

Queues partition all orders: every order is in exactly one, so the counts add up to the total.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from oms_web.domain.orders import phases

# In the order in which the desk shows them. The first group is open, the second is closed.
OPEN_QUEUES = (
    "draft", "verify", "unpaid", "short", "pick", "pack", "courier", "transit", "undelivered",
    "held", "elsewhere",
)
CLOSED_QUEUES = ("done", "cancelled")
QUEUES = OPEN_QUEUES + CLOSED_QUEUES

NOT_YET, DONE, WAITS, WRONG = ".", "v", "w", "!"

PAYMENT_STATES = ("unpaid", "part", "paid", "over", "cod", "credit")


@dataclass(frozen=True, slots=True)
class Facts:
    """What filing looks at. Quantities are units over all lines that are not cancelled."""

    phase: str
    payment_state: str
    holds: frozenset[str]
    wanted: int
    reserved: int
    shipped: int
    picked: bool = False
    packed: bool = False
    labelled: bool = False
    documented: bool = False
    document_due: bool = False
    undelivered: bool = False


def payment_state(kind: str, total: int, paid: int) -> str:
    """How far an order is paid. ``kind``: ``prepaid``, ``cod`` (on delivery), ``credit``."""
    if paid > total:
        return "over"
    if paid >= total:
        return "paid"
    if kind in ("cod", "credit"):
        return kind
    return "part" if paid > 0 else "unpaid"


def may_ship(payment: str) -> bool:
    """Whether goods may leave for an order that is paid this far."""
    return payment not in ("unpaid", "part")


def queue(facts: Facts, stopped: str = "") -> str:
    """The one queue an order waits in.

    ``stopped``: where another order waits that travels in the same parcel, see ``stopped``.
    """
    if facts.phase in phases.CLOSED or facts.phase in (phases.DRAFT, phases.ELSEWHERE):
        return facts.phase
    if facts.phase == phases.SHIPPED:
        return "undelivered" if facts.undelivered else "transit"
    return _obstacle(facts) or stopped or _next_step(facts)


def stopped(boxes: Iterable[tuple[int | None, Facts]]) -> dict[int | None, str]:
    """Where each parcel of several orders waits, if one of them cannot go on: box -> queue.

    A parcel is packed when the slowest of its orders can go; of several that wait the one counts
    that is furthest from going. Orders that have left or were cancelled are waited for no more.
    """
    found: dict[int | None, str] = {}
    for box, facts in boxes:
        if box is None or facts.phase not in (phases.OPEN, phases.PACKING):
            continue
        obstacle = _obstacle(facts)
        if obstacle and (box not in found
                         or OPEN_QUEUES.index(obstacle) < OPEN_QUEUES.index(found[box])):
            found[box] = obstacle
    return found


def _obstacle(facts: Facts) -> str | None:
    if "manual" in facts.holds:
        return "held"
    if facts.holds:
        return "verify"
    if not may_ship(facts.payment_state):
        return "unpaid"
    if facts.reserved + facts.shipped < facts.wanted:
        return "short"
    return None


def _next_step(facts: Facts) -> str:
    if facts.packed:
        return "courier"
    return "pack" if facts.picked or facts.phase == phases.PACKING else "pick"


def strip(facts: Facts) -> str:
    """Five marks: Payment, Stock, Documents, Label, Issue."""
    return "".join(
        (_payment(facts), _stock(facts), _documents(facts), _label(facts), _issue(facts))
    )


def _payment(facts: Facts) -> str:
    if facts.payment_state in ("paid", "credit"):
        return DONE
    if facts.payment_state in ("part", "over"):
        return WRONG
    return WAITS if facts.payment_state == "cod" or facts.phase != phases.CANCELLED else NOT_YET


def _stock(facts: Facts) -> str:
    if facts.phase in (phases.DRAFT, phases.ELSEWHERE, phases.CANCELLED):
        return NOT_YET
    return DONE if facts.reserved + facts.shipped >= facts.wanted else WRONG


def _documents(facts: Facts) -> str:
    if facts.documented:
        return DONE
    return WAITS if facts.document_due else NOT_YET


def _label(facts: Facts) -> str:
    if facts.labelled:
        return DONE
    return WAITS if facts.packed else NOT_YET


def _issue(facts: Facts) -> str:
    wrong = facts.holds or facts.undelivered or _stock(facts) == WRONG
    return WRONG if wrong and facts.phase not in phases.CLOSED else NOT_YET
