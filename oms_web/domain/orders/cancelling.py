"""Units will not be delivered: let the stock go, close the order when nothing is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.orders import lineage, phases, refunding, repaid
from oms_web.domain.orders.merging import SUMS
from oms_web.domain.orders.models import Hold, Order
from oms_web.domain.orders.owing import owe, sums_of
from oms_web.domain.orders.reserving import judge_payment, release_lines, reserve_orders
from oms_web.domain.orders.service import order_lines, refile, set_phase
from oms_web.domain.orders.verification import closing, kinds
from oms_web.domain.orders.verification import service as verification


def cancel_units(
    work: Work, order: Order, units: Mapping[int, int], *, by: str, reason: str = ""
) -> None:
    """Cancel ``units`` (line id -> units) of an order; all that is open of it closes the order.

    Cancelling frees exactly what was reserved for these units (invariant I6): units that nobody
    promised are given up first, promised ones after.

    Args:
        by: whose wish it was: ``buyer``, ``seller`` or ``channel``.

    Raises:
        NotAllowedNow: the order is closed or has left, or so many units are not open any more.
        Invalid: nothing, or less than nothing, shall be cancelled.
    """
    if "cancel" not in phases.allowed(order.phase):
        raise NotAllowedNow(
            "Nothing can be cancelled in the phase \"%(phase)s\".",
            phases.allowed(order.phase), phase=order.phase,
        )
    lines = order_lines(work.session, order.id)
    if not any(units.values()) or any(count < 0 for count in units.values()):
        raise Invalid("Say how many units to cancel.", "units")
    freed = {}
    for line in lines:
        count = units.get(line.id, 0)
        is_open = line.quantity - line.cancelled - line.shipped
        if count > is_open:
            raise NotAllowedNow("%(title)s: only %(open)s units are still open.",
                                title=line.title, open=is_open)
        unpromised = is_open - line.reserved
        freed[line.id] = max(0, count - unpromised)
    release_lines(work, lines, freed)
    work.session.flush()
    before = sum(line.cancelled for line in lines)
    for line in lines:
        line.cancelled += units.get(line.id, 0)
    work.session.flush()
    after = sum(line.cancelled for line in lines)
    left = sum(line.quantity - line.cancelled for line in lines)
    audit.record(work, "orders.cancel_units", "order", order.id,
                 {"cancelled": [before, after], "by": [None, by]}, note=reason or None)
    lately = {line_id for line_id, count in units.items() if count}
    if left:
        owe(work, order, sums_of(order))
        repaid.keep_even(work.session, order, lately)
        _judge_purchase(work, order)
        verification.look_again(work, order, {kinds.PAYMENT})
    if left == 0:
        set_phase(work, order, "cancel")
        if order.purchase_id is not None:  # the rest of the purchase costs less now
            repaid.keep_even(work.session, order, lately)
            _judge_purchase(work, order)
        refunding.judge(work, order)
    elif left == sum(line.shipped for line in lines):  # what had to leave has left
        set_phase(work, order, "ship")
    refile(work, [order.id])


def _judge_purchase(work: Work, order: Order) -> None:
    """How far the purchase is paid, and whether that is doubtful of its other orders."""
    judge_payment(work, order)
    others = [one for one in lineage.purchase(work.session, order)
              if one is not order and one.phase in verification.TO_SHIP]
    for one in others:
        verification.look_again(work, one, {kinds.PAYMENT})
    if others:
        refile(work, [one.id for one in others])


_SUMS = (*SUMS, "total")


@dataclass(frozen=True, slots=True)
class Standing:
    """What a cancellation changes of an order, as plain values that can be kept."""

    phase: str
    status: int | None
    sums: dict[str, int]
    lines: dict[str, list[int]]
    """By line id: units cancelled, units reserved, total."""


def standing(work: Work, order: Order) -> Standing:
    """How an order stands."""
    return Standing(
        order.phase, order.status_id, {name: getattr(order, name) for name in _SUMS},
        {str(line.id): [line.cancelled, line.reserved, line.total]
         for line in order_lines(work.session, order.id)})


def uncancel(work: Work, order: Order, undo: Mapping[str, Any], at: datetime) -> None:
    """Take a cancellation back: the units are open again, and promised anew.

    Goods that somebody else got since are not taken from them: the order waits for others then.

    Args:
        undo: the ``before`` and ``after`` of the cancellation, each a ``Standing`` as a mapping.
        at: when it was cancelled; holds and findings that ended with it are open again.

    Raises:
        NotAllowedNow: the order was changed since.
    """
    before, after = undo["before"], undo["after"]
    lines = order_lines(work.session, order.id)
    cancelled = {str(line.id): line.cancelled for line in lines}
    if order.phase != after["phase"] or order.total != after["sums"]["total"] \
            or cancelled != {id_: line[0] for id_, line in after["lines"].items()}:
        raise NotAllowedNow("This order was changed since.")
    for line in lines:
        line.cancelled, _, line.total = before["lines"][str(line.id)]
    for name in _SUMS:
        setattr(order, name, before["sums"][name])
    work.session.flush()
    audit.record(work, "orders.uncancel_units", "order", order.id, {"cancelled": [
        sum(cancelled.values()), sum(line.cancelled for line in lines)]})
    if order.phase == phases.CANCELLED:
        set_phase(work, order, "undo_cancel")
    elif order.phase == phases.SHIPPED:  # what was cancelled was the last that had not left
        set_phase(work, order, "undo_ship")
        order.shipped_at = None
    work.session.execute(
        update(Hold).where(Hold.order_id == order.id, Hold.released_at == at)
        .values(released_at=None, released_by=None))
    closing.reopen(work, order.id, at)
    refunding.judge(work, order)
    _judge_purchase(work, order)
    verification.look_again(work, order)
    if any(line[1] > after["lines"][id_][1] for id_, line in before["lines"].items()):
        reserve_orders(work, [order.id])
    refile(work, [order.id])


def cancel_order(work: Work, order: Order, *, by: str, reason: str = "") -> bool:
    """Cancel all that has not left yet; False when the order was cancelled already.

    Raises:
        NotAllowedNow: the order has left or is delivered.
    """
    if order.phase == phases.CANCELLED:
        return False
    open_units = {
        line.id: line.quantity - line.cancelled - line.shipped
        for line in order_lines(work.session, order.id)
    }
    cancel_units(work, order, open_units, by=by, reason=reason)
    return True
