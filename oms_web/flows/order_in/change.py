"""A known order arrives in a newer version: take over what changed, as far as that is possible now.

Money and cancellations always count. Words and wanted units are taken over until packing begins,
where only the channel changed them since its last version; what people changed here too stays and
is held with the difference, and so is everything that changes while the order is packed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels import service as channels
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import following, merging, phases, reserving
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.cancelling import cancel_order
from oms_web.domain.orders.leaving import goods_left
from oms_web.domain.orders.models import ChannelOrder, Order, OrderLine, OrderLink
from oms_web.domain.orders.owing import owe
from oms_web.domain.orders.verification import kinds
from oms_web.domain.orders.verification import service as verification
from oms_web.domain.orders.verification.examining import examine_totals
from oms_web.domain.orders.verifying import verify_again
from oms_web.domain.payments import service as payments
from oms_web.domain.shipping import replanning
from oms_web.domain.shipping import service as shipping
from oms_web.flows.order_in.normalise import Draft


def change(work: Work, account: ChannelAccount, row: ChannelOrder, draft: Draft) -> bool:
    """Bring our order for ``row`` up to a newer version; False if nothing of it concerns us."""
    row.revision = draft.order.revision[:60]
    row.digest = draft.digest
    row.raw_status = draft.order.raw_status[:60]
    row.seen_at = work.now
    order = work.session.scalar(
        select(Order).join(OrderLink, OrderLink.order_id == Order.id)
        .where(OrderLink.channel_order_id == row.id)
        .order_by(Order.phase == phases.CANCELLED, Order.id).limit(1).with_for_update()
    )
    if order is None:
        return False
    changed = payments.record_told(work, order, draft.payments, draft.paid)
    if order.phase == phases.CANCELLED:
        pass  # nothing but money comes any more
    elif draft.order.state == "cancelled":
        changed |= _take_cancellation(work, order)
    else:
        changed |= _take_content(work, account, row, order, draft)
        changed |= _take_departure(work, order, draft)
    orders.refile(work, [order.id])
    if changed:
        replanning.follow(work, [order.id])
    return changed


def _take_cancellation(work: Work, order: Order) -> bool:
    if order.phase == phases.PACKING:
        following.hold_cancelled(work, order, "cancelled by the buyer")
        return True
    if "cancel" in phases.allowed(order.phase):
        return cancel_order(work, order, by="channel")
    audit.record(work, "orders.cancelled_too_late", "order", order.id)
    return True


def _take_departure(work: Work, order: Order, draft: Draft) -> bool:
    """Somebody shipped it outside: in the channel's own panel or warehouse, in another program."""
    changed = False
    if draft.order.state in ("shipped", "delivered") and "ship" in phases.allowed(order.phase):
        lines = orders.order_lines(work.session, order.id)
        goods_left(work, order, lines, {line.id: line.reserved for line in lines},
                   f"outside:{order.id}")
        for line in lines:  # units nobody had promised left as well, wherever they came from
            line.shipped = line.quantity - line.cancelled
        work.session.flush()
        order.shipped_at = draft.row["shipped_at"]
        changed = orders.set_phase(work, order, "ship")
    if draft.order.state == "delivered" and order.phase == phases.SHIPPED:
        changed |= orders.set_phase(work, order, "deliver")
        shipping.all_arrived(work, order.id)
    return changed


def _take_content(
    work: Work, account: ChannelAccount, row: ChannelOrder, order: Order, draft: Draft
) -> bool:
    if order.phase not in following.FOLLOWS:
        return False
    said = merging.version(draft.row, draft.lines)
    # Of an order that came as history nothing was kept: what it says now is no news.
    before = row.told or said
    if said["words"]["ship_by"] is None:  # not said: the deadline known so far goes on counting
        said["words"]["ship_by"] = before["words"]["ship_by"]
    row.told = said
    lines = _lines_of(work, account, row, order, draft)
    words = merging.merge(
        before["words"], merging.words(order.__getattribute__), said["words"])
    units = merging.merge(*(
        {ref: side.get(ref, 0) for ref in lines}
        for side in (before["units"],
                     {ref: following.wanted(line) for ref, line in lines.items()}, said["units"])
    ))
    packing = order.phase == phases.PACKING
    if not packing:
        following.take_words(work, order, words.taken, "orders.changed_on_channel")
        following.take_units(work, order, {lines[ref].id: n for ref, n in units.taken.items()})
    costs = _take_costs(work, order, lines, draft, before["sums"] != said["sums"]
                        or bool(units.taken and not packing))
    _hold_rest(work, order, row, words.news if packing else words.clashes,
               units.news if packing else units.clashes, lines)
    changed = bool(words.news or units.news or costs)
    if changed:
        verify_again(work, order)
    return changed


def _lines_of(
    work: Work, account: ChannelAccount, row: ChannelOrder, order: Order, draft: Draft
) -> dict[str, OrderLine]:
    """The order's lines by the channel's reference; those it names for the first time are added.

    A line is added with all its units cancelled: nobody has decided to send them yet.
    """
    session = work.session
    present = orders.order_lines(session, order.id)
    lines = {line.line_ref: line for line in present if line.channel_order_id == row.id}
    fresh = [(line, offer) for line, offer in zip(draft.lines, draft.offered, strict=True)
             if line["line_ref"] not in lines]
    if not fresh:
        return lines
    found = channels.resolve(work, account.id, [offer for _, offer in fresh])
    last = max((line.position for line in present), default=0)
    for position, (line, offer) in enumerate(fresh, start=last + 1):
        resolved = found[offer.ref]
        added = OrderLine(**(line | {
            "order_id": order.id, "channel_order_id": row.id, "position": position,
            "listing_id": resolved.listing_id, "variant_id": resolved.variant_id,
            "cancelled": line["quantity"], "shipped": 0, "reserved": 0, "total": 0,
        }))
        session.add(added)
        lines[line["line_ref"]] = added
    session.flush()
    new = [lines[line["line_ref"]] for line, _ in fresh]
    reserving.freeze_bundles(session, new, reserving.bundle_parts(
        session, {line.variant_id for line in new if line.variant_id is not None}))
    return lines


def _take_costs(
    work: Work, order: Order, lines: Mapping[str, OrderLine], draft: Draft, settle: bool
) -> bool:
    """What the goods cost is the channel's alone to say; False when it says nothing new.

    Args:
        settle: its sums or our units are other than before.
    """
    prices = {line["line_ref"]: line["unit_price"] for line in draft.lines}
    other = [ref for ref, price in prices.items() if lines[ref].unit_price != price]
    for ref in other:
        lines[ref].unit_price = prices[ref]
    if not other and not settle:
        return False
    owe(work, order, draft.row)
    payments.settle(work, order)
    found = examine_totals(draft.stated_total, draft.computed_total,
                           verification.levels(work.session)) if order.phase in phases.HERE else []
    verification.keep(work, order.id, {kinds.TOTALS}, found)
    return True


def _hold_rest(
    work: Work, order: Order, row: ChannelOrder, words: Mapping[str, Any],
    units: Mapping[str, int], lines: Mapping[str, OrderLine],
) -> None:
    """Hold what could not be taken over, with what was held before, as the channel says it now."""
    held = following.held_change(work, order.id)
    if held is None and not words and not units:
        return
    before = held or {}
    following.hold_change(
        work, order, row.id, lines,
        words={name: row.told["words"][name] for name in {*before.get("after", ()), *words}},
        units={ref: row.told["units"].get(ref, 0) for ref in {*before.get("lines", ()), *units}
               if ref in lines},
    )
