"""A known order arrives in a newer version: take over what changed, as far as that is possible now.

Money and cancellations always count. Address and lines are taken over until packing begins;
after that the order is held, with the difference in words, until a person has looked.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select

from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels import service as channels
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import phases, reserving
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.cancelling import cancel_order, cancel_units
from oms_web.domain.orders.checks import Flaw, verify
from oms_web.domain.orders.events import OrderChanged
from oms_web.domain.orders.leaving import goods_left
from oms_web.domain.orders.models import ChannelOrder, Order, OrderLine, OrderLinePart, OrderLink
from oms_web.domain.payments import service as payments
from oms_web.domain.shipping import service as shipping
from oms_web.flows.order_in.normalise import Draft

_WORDS = (
    "buyer_name", "buyer_email", "buyer_phone", "buyer_company", "tax_id", "wants_invoice",
    "buyer_note", "ship_to", "bill_to", "country", "delivery_method", "carrier", "pickup_point",
)
_SUMS = ("items_total", "shipping_total", "discount_total", "total", "units")
_CHECKED = ("unmapped", "address", "totals", "tax_id")


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
    if order is None or order.phase == phases.CANCELLED:
        return False
    changed = _take_money(work, order, draft)
    if draft.order.state == "cancelled":
        changed |= _take_cancellation(work, order)
    else:
        changed |= _take_content(work, account, row, order, draft)
        changed |= _take_departure(work, order, draft)
    if changed:
        work.announce(OrderChanged(order.id, "channel"))
    orders.refile(work, [order.id])
    return changed


def _take_money(work: Work, order: Order, draft: Draft) -> bool:
    new = payments.record_new(work, order, draft.payments)
    if new and order.payment_state not in ("unpaid", "part"):
        reserving.keep_promises(work, order.id)
        if orders.release_holds(work, order.id, ["payment_expired"]) or order.phase == phases.OPEN:
            reserving.reserve_orders(work, [order.id])
    return bool(new)


def _take_cancellation(work: Work, order: Order) -> bool:
    if order.phase in (phases.DRAFT, phases.OPEN):
        return cancel_order(work, order, by="channel")
    if order.phase == phases.PACKING:
        orders.set_hold(work, order.id, Flaw("changed", {"what": "cancelled by the buyer"}))
        return True
    audit.record(work, "orders.cancelled_too_late", "order", order.id)
    return True


def _take_departure(work: Work, order: Order, draft: Draft) -> bool:
    """Somebody shipped it outside: in the channel's own panel, or in another program."""
    changed = False
    if draft.order.state in ("shipped", "delivered") and order.phase in (
        phases.OPEN, phases.PACKING
    ):
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
    new_words = {name: draft.row[name] for name in _WORDS}
    old_words = {name: getattr(order, name) for name in _WORDS}
    words = audit.changes(old_words, new_words)
    lines = orders.order_lines(work.session, order.id)
    mine = {line.line_ref: line for line in lines if line.channel_order_id == row.id}
    line_changes = _line_changes(mine, draft)
    if not words and not line_changes:
        return False
    if order.phase not in (phases.DRAFT, phases.OPEN):
        if order.phase == phases.PACKING:
            orders.set_hold(work, order.id, Flaw("changed", {
                "what": ", ".join(sorted(words) + (["lines"] if line_changes else [])),
                "before": {k: v[0] for k, v in words.items()},
                "after": {k: v[1] for k, v in words.items()},
            }))
        return True
    for name in words:
        setattr(order, name, new_words[name])
    if words:
        audit.record(work, "orders.changed_on_channel", "order", order.id, words)
        orders.rewrite_keys(work, order)
    if line_changes:
        _take_lines(work, account, row, order, mine, draft)
    _verify_again(work, order, draft)
    return True


def _line_changes(mine: dict[str, OrderLine], draft: Draft) -> bool:
    told = {line["line_ref"]: line for line in draft.lines}
    return told.keys() != {ref for ref, line in mine.items() if line.cancelled < line.quantity} or \
        any(
            (mine[ref].quantity - mine[ref].cancelled, mine[ref].unit_price)
            != (line["quantity"] - line["cancelled"], line["unit_price"])
            for ref, line in told.items()
        )


def _take_lines(
    work: Work, account: ChannelAccount, row: ChannelOrder, order: Order,
    mine: dict[str, OrderLine], draft: Draft,
) -> None:
    session = work.session
    told = {line["line_ref"]: line for line in draft.lines}
    fewer: dict[int, int] = {}
    for ref, line in mine.items():
        wanted = told[ref]["quantity"] - told[ref]["cancelled"] if ref in told else 0
        present = line.quantity - line.cancelled
        if wanted < present:
            fewer[line.id] = min(present - wanted, present - line.shipped)
        elif wanted > present:
            audit.record(work, "orders.line_quantity", "order", order.id,
                         {line.title: [present, wanted]})
            line.quantity += wanted - present
        line.total = told[ref]["total"] if ref in told else 0
        if ref in told:
            line.unit_price = told[ref]["unit_price"]
    fresh = [line for line in draft.lines if line["line_ref"] not in mine]
    if fresh:
        _add_lines(work, account, row, order, draft, fresh)
    for name in _SUMS:
        setattr(order, name, draft.row[name])
    payments.settle(work, order)
    session.flush()
    if fewer:
        cancel_units(work, order, fewer, by="channel")
    if order.phase == phases.OPEN:
        reserving.reserve_orders(work, [order.id])


def _add_lines(
    work: Work, account: ChannelAccount, row: ChannelOrder, order: Order, draft: Draft,
    fresh: list[dict[str, Any]],
) -> None:
    session = work.session
    refs = {line["line_ref"] for line in fresh}
    offered = [
        offer for line, offer in zip(draft.lines, draft.offered, strict=True)
        if line["line_ref"] in refs
    ]
    found = channels.resolve(work, account.id, offered)
    last = max((line.position for line in orders.order_lines(session, order.id)), default=0)
    for number, (line, offer) in enumerate(zip(fresh, offered, strict=True), start=last + 1):
        resolved = found[offer.ref]
        added = OrderLine(**(line | {
            "order_id": order.id, "channel_order_id": row.id, "position": number,
            "listing_id": resolved.listing_id, "variant_id": resolved.variant_id,
            "shipped": 0, "reserved": 0,
        }))
        session.add(added)
        session.flush()
        if resolved.variant_id is not None:
            made_of = reserving.bundle_parts(session, [resolved.variant_id])[resolved.variant_id]
            if made_of != ((resolved.variant_id, 1),):
                session.execute(insert(OrderLinePart), [
                    {"line_id": added.id, "variant_id": v, "quantity": q} for v, q in made_of
                ])
        audit.record(work, "orders.line_added", "order", order.id,
                     {added.title: [None, added.quantity]})


def _verify_again(work: Work, order: Order, draft: Draft) -> None:
    lines = orders.order_lines(work.session, order.id)
    flaws = verify(
        ship_to=order.ship_to, pickup_point=order.pickup_point, tax_id=order.tax_id,
        unmapped=[line.title for line in lines
                  if line.variant_id is None and line.cancelled < line.quantity],
        stated_total=draft.stated_total, computed_total=draft.computed_total,
    )
    found = {flaw.kind for flaw in flaws}
    orders.release_holds(work, order.id, [kind for kind in _CHECKED if kind not in found])
    for flaw in flaws:
        orders.set_hold(work, order.id, flaw)
