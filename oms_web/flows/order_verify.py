"""What is doubtful about an order is settled by a person, or pointed out by a rule."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.orders import phases
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.verification import kinds
from oms_web.domain.orders.verification import service as verification
from oms_web.domain.orders.verification.examining import Found
from oms_web.domain.orders.verification.models import Finding

MAX_REASON = 200
_REF = 60


def accept(work: Work, order_id: int, which: Collection[int] | None = None,
           of_kinds: Collection[str] = tuple(kinds.CHECKS)) -> int:
    """The order is right as it is: all of it, or some findings; how many were open."""
    return _settle(work, order_id, kinds.ACCEPTED, which, of_kinds)


def keep_both(work: Work, order_id: int) -> int:
    """It is no double: the buyer wants both orders. How many findings said otherwise."""
    return _settle(work, order_id, kinds.KEPT, None, [kinds.DUPLICATE])


def is_double(work: Work, order_id: int) -> int | None:
    """It is a double, and is about to be cancelled; the number of the order that stays.

    Raises:
        NotAllowedNow: nothing says any more that it came twice.
    """
    orders.lock_order(work.session, order_id)
    detail = work.session.scalar(
        select(Finding.detail).where(Finding.order_id == order_id, Finding.settled_at.is_(None),
                                     Finding.kind == kinds.DUPLICATE))
    if detail is None:
        raise NotAllowedNow("Nothing says any more that this order came twice.")
    verification.settle(work, order_id, kinds.CANCELLED, of_kinds=[kinds.DUPLICATE])
    other: int | None = detail.get("other")
    return other


def doubt(work: Work, order_id: int, reason: str) -> bool:
    """Point an order out to the desk; False if it is, or a person accepted just that.

    It is held where the seller has said so of such findings (``kinds.DOUBT``).

    Raises:
        Invalid: no reason.
        NotAllowedNow: it has left or is closed.
    """
    reason = tidy(reason)[:MAX_REASON]
    if not reason:
        raise Invalid("Say what is doubtful.", "reason")
    order = orders.lock_order(work.session, order_id)
    if order.phase not in verification.TO_SHIP:
        raise NotAllowedNow("This order has left or is closed.", phases.allowed(order.phase))
    level = verification.levels(work.session).of(kinds.DOUBT)
    if level == kinds.OFF or not verification.add(
            work, order_id, Found(kinds.DOUBT, level, {"reason": reason}, reason[:_REF])):
        return False
    orders.refile(work, [order_id])
    return True


def take_doubt_back(work: Work, order_id: int, reason: str) -> bool:
    """The rule that pointed an order out is taken back; False if nothing of it is open."""
    orders.lock_order(work.session, order_id)
    which = work.session.scalars(
        select(Finding.id).where(Finding.order_id == order_id, Finding.kind == kinds.DOUBT,
                                 Finding.ref == tidy(reason)[:_REF],
                                 Finding.settled_at.is_(None))).all()
    return bool(which) and bool(_settle(work, order_id, kinds.UNDONE, which, [kinds.DOUBT]))


def _settle(work: Work, order_id: int, how: str, which: Collection[int] | None,
            of_kinds: Collection[str]) -> int:
    orders.lock_order(work.session, order_id)
    settled = verification.settle(work, order_id, how, which, of_kinds)
    if settled:
        orders.refile(work, [order_id])
    return settled
