"""A known order arrives in a newer version: take over what changed, as far as that is possible now.

Money and cancellations always count. Words and wanted units are taken over until packing begins,
where only the channel changed them since its last version; what people changed here too stays and
is held with the difference, and so is everything that changes while the order is packed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels import service as channels
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import following, merging, parting, phases, reserving
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.cancelling import cancel_order
from oms_web.domain.orders.leaving import goods_left
from oms_web.domain.orders.models import ChannelOrder, Order, OrderLine, OrderLink
from oms_web.domain.orders.owing import owe_together
from oms_web.domain.orders.verification import kinds
from oms_web.domain.orders.verification import service as verification
from oms_web.domain.orders.verification.examining import examine_totals
from oms_web.domain.orders.verifying import verify_again
from oms_web.domain.payments import refund_echoes
from oms_web.domain.payments import service as payments
from oms_web.domain.returns import service as cases
from oms_web.domain.shipping import replanning
from oms_web.domain.shipping import service as shipping
from oms_web.flows.order_in.normalise import Draft


def change(work: Work, account: ChannelAccount, row: ChannelOrder, draft: Draft) -> bool:
    """Bring our order for ``row`` up to a newer version; False if nothing of it concerns us.

    Where it was split, all our orders for it follow: money counts for the first of them. When one
    has left, the channel calls the whole purchase sent: that is the echo of what we told it, and
    the parts that are still here stay.
    """
    row.revision = draft.order.revision[:60]
    row.digest = draft.digest
    row.raw_status = draft.order.raw_status[:60]
    row.seen_at = work.now
    linked = work.session.scalars(
        select(OrderLink.order_id).where(OrderLink.channel_order_id == row.id)).all()
    mine = [order for order in orders.lock_orders(work.session, linked) if order.id in linked]
    if not mine:
        return False
    told, settled = refund_echoes.hear(work, mine[0], draft.payments)
    for case_id in sorted(settled):
        cases.follow(work, cases.lock(work.session, case_id))
    changed = payments.record_told(work, mine[0], told, draft.paid)
    going = [order for order in mine if order.phase != phases.CANCELLED]
    if not going:
        pass  # nothing but money comes any more
    elif draft.order.state == "cancelled":
        changed |= any([_take_cancellation(work, order) for order in going])
    else:
        changed |= _take_content(work, account, row, going, draft)
        echo = any(order.phase in (phases.SHIPPED, phases.DONE) for order in mine)
        changed |= any([_take_departure(work, order, draft) for order in going
                        if not echo or order.phase == phases.SHIPPED])
    orders.refile(work, [order.id for order in mine])
    if changed:
        replanning.follow(work, [order.id for order in mine])
    return changed


def _take_cancellation(work: Work, order: Order) -> bool:
    if order.phase == phases.PACKING:
        following.hold_cancelled(work, order, "cancelled by the buyer")
        return True
    if "cancel" in phases.allowed(order.phase):
        return cancel_order(work, order, by="channel")
    audit.record(work, following.CANCELLED_TOO_LATE, "order", order.id)
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
    work: Work, account: ChannelAccount, row: ChannelOrder, going: Sequence[Order], draft: Draft
) -> bool:
    mine = [order for order in going if order.phase in following.FOLLOWS]
    if not mine:
        return False
    said = merging.version(draft.row, draft.lines)
    # Of an order that came as history nothing was kept: what it says now is no news.
    before = row.told or said
    if said["words"]["ship_by"] is None:  # not said: the deadline known so far goes on counting
        said["words"]["ship_by"] = before["words"]["ship_by"]
    row.told = said
    same = {ref for ref, count in said["units"].items() if before["units"].get(ref) == count}
    lines = _lines_of(work, account, row, going, mine, draft, same)
    units = merging.merge(*(
        {ref: side.get(ref, 0) for ref in lines}
        for side in (before["units"], {ref: sum(map(following.wanted, some.values()))
                                       for ref, some in lines.items()}, said["units"])
    ))
    targets = {ref: _shared(going, some, said["units"].get(ref, 0)) for ref, some in lines.items()}
    news = bool(units.news)
    settle = before["sums"] != said["sums"]
    for order in mine:
        own = {ref: some[order.id] for ref, some in lines.items() if order.id in some}
        wanted = {ref: targets[ref][order.id] for ref in own}
        packing = order.phase == phases.PACKING
        words = merging.merge(
            before["words"], merging.words(order.__getattribute__), said["words"])
        taken = {ref for ref in units.taken if ref in own}
        if not packing:
            following.take_words(work, order, words.taken, "orders.changed_on_channel")
            following.take_units(work, order, {own[ref].id: wanted[ref] for ref in taken})
            settle |= bool(taken)
        left = {ref: wanted[ref] for ref in (units.news if packing else units.clashes)
                if ref in own}
        _hold_rest(work, order, row, words.news if packing else words.clashes, left, own, wanted)
        news |= bool(words.news)
    costs = _take_costs(work, going, mine, lines, draft, settle)
    if news or costs:
        for order in mine:
            verify_again(work, order)
    return news or costs


def _shared(going: Sequence[Order], lines: Mapping[int, OrderLine], units: int) -> dict[int, int]:
    """What each of our orders sends of a line, if the channel wants so many units: order -> units.

    Orders that nobody has begun to pack change first, the latest first of all.
    """
    places = sorted((order for order in going if order.id in lines), key=lambda order: (
        order.phase not in following.FOLLOWS, order.phase == phases.PACKING, -order.id))[::-1]
    gone = [lines[order.id].shipped for order in places]
    left = [following.wanted(lines[order.id]) - out
            for order, out in zip(places, gone, strict=True)]
    change = units - sum(left) - sum(gone)
    dealt = parting.deal(change, left)
    dealt[-1] += change - (sum(dealt) - sum(left))  # units that have left: they cannot be unwanted
    return {order.id: out + some for order, out, some in zip(places, gone, dealt, strict=True)}


def _lines_of(
    work: Work, account: ChannelAccount, row: ChannelOrder, going: Sequence[Order],
    mine: Sequence[Order], draft: Draft, same: Collection[str],
) -> dict[str, dict[int, OrderLine]]:
    """The lines by the channel's reference: reference -> order -> line.

    Those it names for the first time are added to the latest order that nobody packs yet, with all
    their units cancelled: nobody has decided to send them yet. What went with a part that was
    cancelled is no news as long as the channel wants the ``same`` of it.
    """
    session = work.session
    present = {order.id: orders.order_lines(session, order.id) for order in going}
    lines: dict[str, dict[int, OrderLine]] = {}
    for order in going:
        for one in present[order.id]:
            if one.channel_order_id == row.id:
                lines.setdefault(one.line_ref, {})[order.id] = one
    over = set(same) if len(going) > 1 or going[0].purchase_id is not None else set()
    fresh = [(line, offer) for line, offer in zip(draft.lines, draft.offered, strict=True)
             if line["line_ref"] not in {*lines, *over}]
    if not fresh:
        return lines
    home = max(mine, key=lambda order: (order.phase != phases.PACKING, order.id))
    found = channels.resolve(work, account.id, [offer for _, offer in fresh])
    last = max((line.position for some in present.values() for line in some), default=0)
    for position, (line, offer) in enumerate(fresh, start=last + 1):
        resolved = found[offer.ref]
        added = OrderLine(**(line | {
            "order_id": home.id, "channel_order_id": row.id, "position": position,
            "listing_id": resolved.listing_id, "variant_id": resolved.variant_id,
            "cancelled": line["quantity"], "shipped": 0, "reserved": 0, "total": 0,
        }))
        session.add(added)
        lines[line["line_ref"]] = {home.id: added}
    session.flush()
    new = [lines[line["line_ref"]][home.id] for line, _ in fresh]
    reserving.freeze(session, new, reserving.bundle_parts(
        session, {line.variant_id for line in new if line.variant_id is not None}))
    return lines


def _take_costs(
    work: Work, going: Sequence[Order], mine: Sequence[Order],
    lines: Mapping[str, Mapping[int, OrderLine]], draft: Draft, settle: bool,
) -> bool:
    """What the goods cost is the channel's alone to say; False when it says nothing new.

    Args:
        settle: its sums or our units are other than before.
    """
    prices = {line["line_ref"]: line["unit_price"] for line in draft.lines}
    other = [(line, price) for ref, price in prices.items() for line in lines.get(ref, {}).values()
             if line.unit_price != price]
    for line, price in other:
        line.unit_price = price
    if not other and not settle:
        return False
    owe_together(work, going, draft.row)
    payments.settle(work, going[0])
    levels = verification.levels(work.session)
    for order in mine:
        found = examine_totals(draft.stated_total, draft.computed_total, levels) \
            if order.phase in phases.HERE else []
        verification.keep(work, order.id, {kinds.TOTALS}, found)
    return True


def _hold_rest(
    work: Work, order: Order, row: ChannelOrder, words: Mapping[str, Any],
    units: Mapping[str, int], lines: Mapping[str, OrderLine], wanted: Mapping[str, int],
) -> None:
    """Hold what could not be taken over, with what was held before, as the channel says it now."""
    held = following.held_change(work, order.id)
    if held is None and not words and not units:
        return
    before = held or {}
    following.hold_change(
        work, order, row.id, lines,
        words={name: row.told["words"][name] for name in {*before.get("after", ()), *words}},
        units={ref: wanted[ref] for ref in {*before.get("lines", ()), *units} if ref in lines},
    )
