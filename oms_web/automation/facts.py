"""What is true of orders, by the names that conditions use: many orders in a few queries.

``needs`` are the fields that somebody asks for; what costs a query of its own is looked up for
those only.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from oms_web.core.clock import SHOP_ZONE
from oms_web.core.money import from_minor
from oms_web.core.text import phone_key
from oms_web.domain.automation.fields import FIELDS, fold
from oms_web.domain.catalog.models import Product, Variant
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import lineage, sharing
from oms_web.domain.orders.models import Hold, Order, OrderKey, OrderLine, OrderTag, Tag
from oms_web.domain.orders.verification import watching

Known = dict[int, dict[str, Any]]
EVERYTHING = frozenset(FIELDS)
GOODS = frozenset(("skus", "titles", "categories", "brands", "lines", "missing_units"))
EARLIER_MOST = 100
A_DAY = timedelta(hours=24)
_COLUMNS = (
    "id", "phase", "queue", "status_id", "account_id", "source", "placed_at", "ship_by",
    "created_at", "queue_since", "status_since", "currency", "shipping_total", "discount_total",
    "total", "payment_kind", "payment_method", "payment_state", "buyer_name", "buyer_email",
    "buyer_phone", "buyer_company", "buyer_note", "tax_id", "wants_invoice", "ship_to", "country",
    "delivery_method", "carrier", "pickup_point", "units", "weight_g",
)


def gather(session: Session, order_ids: Collection[int], now: datetime,
           needs: Collection[str] = EVERYTHING) -> Known:
    """Facts by order number; orders that do not exist are left out."""
    ids = sorted(set(order_ids))
    if not ids:
        return {}
    rows = session.execute(
        select(*(getattr(Order, name) for name in _COLUMNS), ChannelAccount.connector)
        .outerjoin(ChannelAccount, ChannelAccount.id == Order.account_id)
        .where(Order.id.in_(ids))).all()
    known = {row.id: _of_row(row, now) for row in rows}
    wanted = frozenset(needs)
    if wanted & GOODS:
        _goods(session, ids, known)
    if "tags" in wanted:
        _words(known, "tags", ((order_id, fold(name)) for order_id, name in session.execute(
            select(OrderTag.order_id, Tag.name).join(Tag).where(OrderTag.order_id.in_(ids)))))
    if "holds" in wanted:
        _words(known, "holds", ((order_id, kind) for order_id, kind in session.execute(
            select(Hold.order_id, Hold.kind)
            .where(Hold.order_id.in_(ids), Hold.released_at.is_(None)))))
    if "earlier_orders" in wanted:
        _earlier(session, ids, known)
    if "phone_orders" in wanted:
        _by_phone(session, rows, known)
    if "is_watched" in wanted:
        _watched(session, rows, known)
    return known


def _of_row(row: Any, now: datetime) -> dict[str, Any]:
    address = row.ship_to or {}
    here = now.astimezone(SHOP_ZONE)
    return {
        "channel": str(row.account_id or ""), "connector": row.connector or "",
        "source": row.source, "phase": row.phase, "queue": row.queue,
        "status": str(row.status_id or ""), "tags": frozenset(), "holds": frozenset(),
        "buyer_note": fold(row.buyer_note), "buyer_name": fold(row.buyer_name),
        "buyer_email": fold(row.buyer_email),
        "is_company": bool(row.tax_id or row.buyer_company), "earlier_orders": 0,
        "phone_orders": 0, "is_watched": False,
        "wants_invoice": row.wants_invoice, "units": row.units, "weight_g": row.weight_g,
        "country": row.country, "postcode": fold(address.get("postcode") or ""),
        "city": fold(address.get("city") or ""), "delivery_method": fold(row.delivery_method),
        "carrier": row.carrier, "pickup_point": fold(row.pickup_point),
        "payment_state": row.payment_state, "payment_kind": row.payment_kind,
        "payment_method": fold(row.payment_method), "currency": row.currency,
        **{name: from_minor(getattr(row, name), row.currency)
           for name in ("total", "shipping_total", "discount_total")},
        "hours_to_ship": _hours(now, row.ship_by), "age_hours": _hours(row.placed_at, now),
        "hour": here.hour, "weekday": str(here.isoweekday()),
        # Not for conditions: what triggers and the clock look at.
        "came_after_hours": _hours(row.placed_at, row.created_at) or Decimal(0),
        "queue_since": row.queue_since or row.created_at,
        "status_since": row.status_since or row.created_at, "ship_by": row.ship_by,
        "skus": frozenset(), "titles": frozenset(), "categories": frozenset(),
        "brands": frozenset(), "lines": 0, "missing_units": 0,
    }


def _hours(since: datetime | None, until: datetime | None) -> Decimal | None:
    """Hours between two moments, to a hundredth; below zero where the second came first."""
    if since is None or until is None:
        return None
    return (Decimal((until - since).total_seconds()) / 3600).quantize(Decimal("0.01"))


def _goods(session: Session, ids: list[int], known: Known) -> None:
    found: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in session.execute(
        select(OrderLine.order_id, OrderLine.sku, OrderLine.title, OrderLine.quantity,
               OrderLine.cancelled, OrderLine.reserved, OrderLine.shipped, Variant.sku.label("own"),
               Product.category, Product.brand)
        .outerjoin(Variant, Variant.id == OrderLine.variant_id)
        .outerjoin(Product, Product.id == Variant.product_id)
        .where(OrderLine.order_id.in_(ids), OrderLine.quantity > OrderLine.cancelled)
    ):
        facts = known[row.order_id]
        facts["lines"] += 1
        facts["missing_units"] += row.quantity - row.cancelled - row.reserved - row.shipped
        words = found[row.order_id]
        for name, value in (("skus", row.own or row.sku), ("titles", row.title),
                            ("categories", row.category), ("brands", row.brand)):
            if value:
                words[name].add(fold(value))
    for order_id, words in found.items():
        known[order_id].update({name: frozenset(values) for name, values in words.items()})


def _words(known: Known, name: str, pairs: Iterable[tuple[int, str]]) -> None:
    found: dict[int, set[str]] = defaultdict(set)
    for order_id, word in pairs:
        found[order_id].add(word)
    for order_id, words in found.items():
        known[order_id][name] = frozenset(words)


def _earlier(session: Session, ids: list[int], known: Known) -> None:
    """How many orders of the same buyer came before, counted no further than ``EARLIER_MOST``; one
    that was split counts once.
    """
    before = aliased(Order)
    some = (
        select(before.id)
        .where(before.buyer_key == Order.buyer_key, before.buyer_key != "",
               before.id < func.coalesce(Order.purchase_id, Order.id), lineage.is_first(before))
        .limit(EARLIER_MOST).correlate(Order).subquery()
    )
    count = select(func.count()).select_from(some).scalar_subquery()
    for order_id, earlier in session.execute(select(Order.id, count).where(Order.id.in_(ids))):
        known[order_id]["earlier_orders"] = earlier


def _by_phone(session: Session, rows: Sequence[Any], known: Known) -> None:
    """How many orders, itself included, came before it and were placed with the same phone number
    in the day before it, counted no further than ``EARLIER_MOST``, and ``sharing.NEWEST`` back.
    """
    phones = {row.id: phone_key(row.buyer_phone) for row in rows}
    keys = set(phones.values()) - {""}
    if not keys:
        return
    mine = select(OrderKey.order_id, OrderKey.key).where(
        OrderKey.order_id.in_(sorted(phones)), OrderKey.key.in_(sorted(keys))).subquery()
    shared = select(mine, sharing.first(mine.c.key, mine.c.order_id).label("first")).subquery()
    moments = {row.id: row.placed_at for row in rows}
    counted: Counter[int] = Counter()
    for order_id, key, at in session.execute(
        select(shared.c.order_id, shared.c.key, Order.placed_at)
        .join(OrderKey, (OrderKey.key == shared.c.key)
              & OrderKey.order_id.between(shared.c.first, shared.c.order_id))
        .join(Order, Order.id == OrderKey.order_id)
        .where(lineage.is_first(Order),
               Order.placed_at.between(min(moments.values()) - A_DAY, max(moments.values())))
    ):
        counted[order_id] += key == phones[order_id] \
            and moments[order_id] - A_DAY < at <= moments[order_id]
    for order_id, found in counted.items():
        known[order_id]["phone_orders"] = min(EARLIER_MOST, found)


def _watched(session: Session, rows: Sequence[Any], known: Known) -> None:
    keys = {row.id: watching.keys_of(row.ship_to or {}, row.buyer_email, row.buyer_phone)
            for row in rows}
    found = watching.among(session, set().union(*keys.values()))
    for order_id, mine in keys.items():
        known[order_id]["is_watched"] = not found.isdisjoint(mine)
