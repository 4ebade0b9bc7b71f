"""Take a payout report in: keep its lines, find their orders; what a courier collected is paid.

A marketplace's report is only held against what was expected, since the channel itself says whether
an order is paid. A courier's report is how money for cash on delivery comes.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, time

from oms_connector.marking import N_
from sqlalchemy import func, select

from oms_web.core.clock import SHOP_ZONE, to_utc
from oms_web.core.db import upsert
from oms_web.core.text import squeeze
from oms_web.core.work import Work
from oms_web.domain.orders import lineage, parting, phases
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import ChannelOrder, Order, OrderKey, OrderLink
from oms_web.domain.payments import service as payments
from oms_web.domain.payments.settling.models import Settlement
from oms_web.domain.payments.settling.reports import COD, Settled
from oms_web.domain.shipping import boxes, tracking
from oms_web.domain.shipping.models import Parcel, Shipment

METHOD = N_("courier's settlement")


@dataclass(slots=True)
class TakenIn:
    """How many lines were kept, whose order was found, that paid for one, known before."""

    new: int = 0
    found: int = 0
    paid: int = 0
    known: int = 0


def marked(shape: str, lines: Sequence[Settled]) -> Iterator[tuple[str, Settled]]:
    """Each line with what it is known by: all it says, and which of its likes it is."""
    seen: Counter[str] = Counter()
    for line in lines:
        text = "\x1f".join([shape, *map(str, asdict(line).values())])
        seen[text] += 1
        yield hashlib.sha256(f"{text}\x1f{seen[text]}".encode()).hexdigest(), line


def take(work: Work, shape: str, lines: Sequence[tuple[str, Settled]], told: TakenIn) -> None:
    """Keep lines; those of a courier's collecting pay for their orders, once each.

    All orders that are paid are locked at once: one after the other, in the sequence of the lines,
    two reports could wait for each other crosswise.
    """
    whose = {"parcel": _by_parcel(work, {line.ref for _, line in lines if line.by == "parcel"}),
             "order": _by_order(work, {line.ref for _, line in lines if line.by == "order"})}
    orders.lock_orders(work.session, {
        order_id for _, line in lines if line.kind == COD and line.amount > 0
        and (order_id := whose[line.by].get(squeeze(line.ref))) is not None})
    for mark, line in lines:
        order_id = whose[line.by].get(squeeze(line.ref))
        kept = work.session.execute(
            upsert(work.session, Settlement).values(
                fingerprint=mark, shape=shape, kind=line.kind, ref=line.ref, day=line.day,
                amount=line.amount, currency=line.currency, text=line.text, payout=line.payout,
                order_id=order_id, taken_at=work.now,
            ).on_conflict_do_nothing(index_elements=["fingerprint"]).returning(Settlement.id)
        ).scalar()
        if kept is None:
            told.known += 1
            continue
        told.new += 1
        told.found += order_id is not None
        if order_id is not None and line.kind == COD and line.amount > 0:
            told.paid += _pay(work, order_id, mark, line)


def _pay(work: Work, order_id: int, mark: str, line: Settled) -> bool:
    order = orders.lock_order(work.session, order_id)
    if order.currency != line.currency or order.phase == phases.DRAFT:
        return False
    at = to_utc(datetime.combine(line.day, time(12)), SHOP_ZONE)
    mine, done = _inside(work, order, line), 0
    # Parts of a purchase owe what it owes once, all of them together.
    purchases = {one.purchase_id or one.id: one.id for one in reversed(mine)}
    shares = parting.fill(line.amount, [
        lineage.due(work.session, one) if one.id in purchases.values() else 0 for one in mine])
    for one, share in zip(mine, shares, strict=True):
        if share:
            done += payments.record_new(work, one, [{
                "at": at, "amount": share, "currency": line.currency, "method": METHOD,
                "source": payments.COURIER, "stated": False,
                "reference": mark if one is order else f"{mark}:{one.id}"}])
    orders.refile(work, [one.id for one in mine])
    return bool(done)


def _inside(work: Work, order: Order, line: Settled) -> list[Order]:
    """The orders whose money a courier collected at once: those in the parcel, this one first."""
    if line.by != "parcel" or order.together_id is None:
        return [order]
    box = work.session.scalars(
        select(Shipment).join(Parcel, Parcel.shipment_id == Shipment.id)
        .where(Parcel.tracking_key == tracking.key(line.ref), Shipment.order_id == order.id)
        .limit(1)).first()
    inside = boxes.owners(work.session, box) if box is not None else []
    others = [orders.get_order(work.session, one) for one in inside if one != order.id]
    return [order, *(one for one in others if one.currency == line.currency)]


def _by_parcel(work: Work, refs: set[str]) -> dict[str, int]:
    """Tracking numbers -> orders; of orders that share a parcel the one it was made for (what was
    collected is divided among them, see ``_inside``). Reports write numbers with spaces and dashes
    that labels do not have."""
    keys = {key: squeeze(ref) for ref in refs if (key := tracking.key(ref))}
    if not keys:
        return {}
    rows = work.session.execute(
        select(Parcel.tracking_key, func.min(Shipment.order_id))
        .join(Shipment, Shipment.id == Parcel.shipment_id)
        .where(Parcel.tracking_key.in_(keys)).group_by(Parcel.tracking_key))
    return {keys[key]: order_id for key, order_id in rows}


def _by_order(work: Work, refs: set[str]) -> dict[str, int]:
    """The channels' numbers -> orders."""
    wanted = {ref for ref in refs if ref}
    if not wanted:
        return {}
    by_id = work.session.execute(
        select(ChannelOrder.external_id, func.min(OrderLink.order_id))
        .join(OrderLink, OrderLink.channel_order_id == ChannelOrder.id)
        .where(ChannelOrder.external_id.in_(wanted)).group_by(ChannelOrder.external_id))
    found = {squeeze(ref): order_id for ref, order_id in by_id}
    by_key = work.session.execute(
        select(OrderKey.key, func.min(OrderKey.order_id))
        .where(OrderKey.key.in_([squeeze(ref) for ref in wanted])).group_by(OrderKey.key))
    return {key: order_id for key, order_id in by_key} | found
