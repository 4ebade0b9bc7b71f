"""An order follows what its channel changed: words, wanted units, what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.orders import merging, phases
from oms_web.domain.orders.cancelling import cancel_order, cancel_units
from oms_web.domain.orders.checks import Flaw
from oms_web.domain.orders.lineage import purchase
from oms_web.domain.orders.models import ChannelOrder, Hold, Order, OrderLine
from oms_web.domain.orders.owing import owe_together
from oms_web.domain.orders.reserving import judge_payment, reserve_orders
from oms_web.domain.orders.service import order_lines, release_holds, rewrite_keys, set_hold
from oms_web.domain.orders.travelling import part_ways

CHANGED = "changed"
CANCELLED_TOO_LATE = "orders.cancelled_too_late"
FOLLOWS = (*phases.HERE, phases.ELSEWHERE)  # as long as nothing has left


def take_words(work: Work, order: Order, words: Mapping[str, Any], act: str) -> None:
    """Write other words on the order, as ``act`` in its timeline."""
    ours = merging.words(order.__getattribute__)
    changes = audit.changes({name: ours[name] for name in words}, words)
    if not changes:
        return
    for name in changes:
        setattr(order, name, merging.column(name, words[name]))
    order.country = order.ship_to["country"]
    if "payment_kind" in changes:
        judge_payment(work, order)
    audit.record(work, act, "order", order.id, changes)
    rewrite_keys(work, order)
    part_ways(work, order)


def take_units(work: Work, order: Order, wanted: Mapping[int, int]) -> None:
    """Bring lines (line id -> units) to what is wanted of them now.

    Units that were cancelled come back first; only what goes beyond them makes the line larger,
    so that its quantity stays as ordered. Units that have left cannot be unwanted any more.
    """
    if not wanted:
        return
    fewer = {}
    for line in order_lines(work.session, order.id):
        present = line.quantity - line.cancelled
        more = wanted.get(line.id, present) - present
        if more > 0:
            back = min(more, line.cancelled)
            line.cancelled -= back
            line.quantity += more - back
            audit.record(
                work, "orders.line_quantity" if present else "orders.line_added", "order",
                order.id, {line.title: [present or None, present + more]},
            )
        elif more < 0:
            fewer[line.id] = min(-more, present - line.shipped)
    work.session.flush()
    if any(fewer.values()):
        cancel_units(work, order, fewer, by="channel")
    if order.phase in (phases.OPEN, phases.PACKING):
        reserve_orders(work, [order.id])


def hold_cancelled(work: Work, order: Order, why: str) -> None:
    """The channel cancelled what is being packed: hold it until somebody has seen that.

    What else it changed and is held stays known, should the cancellation be taken back.
    """
    held = held_change(work, order.id) or {}
    set_hold(work, order.id, Flaw(CHANGED, {**held, "what": why, "cancels": True}))


def cancelled_too_late(work: Work, order_id: int, left_at: datetime | None) -> bool:
    """Whether the channel cancelled an order after it had left: then nothing came of that."""
    return work.session.scalar(
        select(AuditEntry.id).where(
            AuditEntry.subject == "order", AuditEntry.subject_id == order_id,
            AuditEntry.act == CANCELLED_TOO_LATE, AuditEntry.at >= left_at).limit(1)
    ) is not None


def held_change(work: Work, order_id: int) -> Mapping[str, Any] | None:
    """What the channel changed and nobody has decided about yet: the open hold's detail."""
    return held_change_in(work.session, order_id)


def held_change_in(session: Session, order_id: int) -> Mapping[str, Any] | None:
    """The same, for who only reads."""
    return session.scalar(
        select(Hold.detail).where(Hold.order_id == order_id, Hold.kind == CHANGED,
                                  Hold.released_at.is_(None))
    )


def hold_change(
    work: Work, order: Order, channel_order_id: int, lines: Mapping[str, OrderLine], *,
    words: Mapping[str, Any], units: Mapping[str, int],
) -> None:
    """Hold the order with what is different on the channel; let it go when nothing is.

    Args:
        channel_order_id: the ``ChannelOrder`` that says so.
        lines: the order's lines by the channel's reference.
        words: what the channel says, as ``merging.words`` has it; what is the same is left out.
        units: the units it wants of lines, by its reference of the line; likewise.
    """
    ours = merging.words(order.__getattribute__)
    before = {name: ours[name] for name in words if ours[name] != words[name]}
    different = {
        ref: [lines[ref].title, wanted(lines[ref]), units[ref]]
        for ref in sorted(units) if wanted(lines[ref]) != units[ref]
    }
    if not before and not different:
        release_holds(work, order.id, [CHANGED])
        return
    set_hold(work, order.id, Flaw(CHANGED, {
        "what": ", ".join(sorted(before) + (["lines"] if different else [])),
        "before": before, "after": {name: words[name] for name in before}, "lines": different,
        "channel_order": channel_order_id,
    }))


def accept(work: Work, order: Order, detail: Mapping[str, Any]) -> None:
    """Take over everything that a hold of a change says is different on the channel."""
    if detail.get("cancels"):
        cancel_order(work, order, by="channel")
        return
    words = detail.get("after") or {}
    take_words(work, order, {name: words[name] for name in merging.WORDS if name in words},
               "orders.accept_change")
    told = work.session.get(ChannelOrder, detail.get("channel_order") or 0)
    if told is None or not told.told:
        return
    units = detail.get("lines") or {}
    take_units(work, order, {
        line.id: units[line.line_ref][2] for line in order_lines(work.session, order.id)
        if line.channel_order_id == told.id and line.line_ref in units
    })
    owe_together(work, purchase(work.session, order), told.told["sums"])


def wanted(line: OrderLine) -> int:
    """Units of a line that are not cancelled."""
    return line.quantity - line.cancelled
