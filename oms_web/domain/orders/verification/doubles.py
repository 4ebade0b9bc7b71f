"""Whether the same order came twice: from two channels, or twice out of files.

Two orders of one buyer for the same goods at one shop may be meant so; a copy on its way through
another source is what is looked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, Subquery, func, or_, select
from sqlalchemy.orm import Session, aliased

from oms_web.core.text import phone_key
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import phases, sharing
from oms_web.domain.orders.models import Order, OrderKey, OrderLine
from oms_web.domain.orders.taking import TILL
from oms_web.domain.orders.verification import kinds
from oms_web.domain.orders.verification.examining import Found
from oms_web.domain.orders.verification.kinds import OFF, Levels

FILES = "files"
LIKELY = (phases.OPEN, phases.PACKING, phases.ELSEWHERE, phases.SHIPPED, phases.DONE)
MOST = 2000
"""Orders with a buyer in common that are looked at for one page, the newest first."""
MOST_OF_BUYER = 50


@dataclass(frozen=True, slots=True)
class Sale:
    """An order as it is compared; one that was split, with all its parts.

    ``source`` is where it came from: an account, or our own desk; ``goods`` are (what, units),
    empty as long as they are not known; ``purchase`` is the first order of its parts, or itself.
    """

    number: int
    placed_at: datetime
    source: str
    by_file: bool
    total: int
    currency: str
    units: int
    goods: frozenset[tuple[str, int]] = frozenset()
    purchase: int = 0


def may_be(one: Sale, other: Sale, within: timedelta) -> bool:
    """Whether it is worth looking at the goods of two orders of one buyer."""
    elsewhere = one.source != other.source or (one.by_file and other.by_file)
    return elsewhere and one.number != other.number and one.units == other.units \
        and abs(one.placed_at - other.placed_at) <= within


def is_double(one: Sale, other: Sale) -> bool:
    """Whether two orders that may be the same ask for the same goods; where a channel's words for
    them differ, the same number of units for the same money tells.
    """
    if one.goods == other.goods:
        return True
    unnamed = any(what.startswith("?") for what, _ in one.goods | other.goods)
    return unnamed and (one.total, one.currency) == (other.total, other.currency)


def seek(session: Session, order_ids: Collection[int], levels: Levels) -> dict[int, list[Found]]:
    """The doubles among new orders: number -> its finding, which names the earlier order.

    Two questions for any number of orders, if there is nothing to compare.
    """
    level = levels.of(kinds.DUPLICATE)
    if level == OFF or not order_ids:
        return {}
    within = timedelta(hours=levels.hours)
    pairs = [(one, other) for one, other in _pairs(session, order_ids, within)
             if may_be(one, other, within)]
    if not pairs:
        return {}
    goods = _goods(session, {sale.purchase for pair in pairs for sale in pair})
    found: dict[int, list[Found]] = {}
    for one, other in pairs:
        if one.number not in found and is_double(_with(one, goods), _with(other, goods)):
            found[one.number] = [Found(kinds.DUPLICATE, level, {"other": other.number})]
    return found


def _buyer(email: str, phone: str) -> set[str]:
    """What a buyer is recognised by; a number that is made up recognises nobody."""
    digits = phone_key(phone)
    return {email.strip().lower()[:120], digits if len(set(digits)) > 1 else ""} - {""}


_SHOWN = ("id", "placed_at", "account_id", "source", "total", "currency", "units", "purchase_id")


def _pairs(session: Session, order_ids: Collection[int], within: timedelta
           ) -> Iterable[tuple[Sale, Sale]]:
    """Orders with earlier ones that have an e-mail address or a phone number in common.

    What was sold at a till is with its buyer already.
    """
    rows = session.execute(_told(Order, "buyer_email", "buyer_phone")
                           .where(Order.id.in_(sorted(order_ids)))).all()
    buyers = {row.id: _buyer(row.buyer_email, row.buyer_phone) for row in rows}
    keys = {key for mine in buyers.values() for key in mine}
    if not keys:
        return []
    since = min(row.placed_at for row in rows) - within
    other, shared = aliased(Order), _shared(order_ids, keys)
    by_key: dict[str, list[Sale]] = defaultdict(list)
    split: set[int] = set()
    for row in session.execute(
        _told(other).add_columns(OrderKey.key).join(OrderKey, OrderKey.order_id == other.id)
        .join(shared, (shared.c.key == OrderKey.key) & (shared.c.first <= OrderKey.order_id))
        .where(other.placed_at >= since, other.phase.in_(LIKELY), other.source != TILL)
        .order_by(other.id.desc()).limit(MOST)
    ):
        if len(by_key[row.key]) < MOST_OF_BUYER:
            by_key[row.key].append(_sale(row))
            split |= {row.purchase_id} - {None}
    sums = _sums(session, split)
    return [
        (mine, _summed(before, sums)) for mine in map(_sale, rows)
        for before in {sale.purchase: sale for key in buyers[mine.number]
                       for sale in by_key[key]}.values() if before.purchase < mine.purchase
    ]


def _shared(order_ids: Collection[int], keys: Collection[str]) -> Subquery:
    """What the buyers of these orders are recognised by (``key``), and the first of the others with
    it that are looked at (``first``).
    """
    mine = select(OrderKey.key, func.max(OrderKey.order_id).label("last")).where(
        OrderKey.order_id.in_(sorted(order_ids)), OrderKey.key.in_(sorted(keys))) \
        .group_by(OrderKey.key).subquery()
    return select(mine.c.key, sharing.first(mine.c.key, mine.c.last).label("first")).subquery()


def _told(order: type[Order], *more: str) -> Select[*tuple[object, ...]]:
    return select(*(getattr(order, name) for name in (*_SHOWN, *more)), ChannelAccount.connector) \
        .outerjoin(ChannelAccount, ChannelAccount.id == order.account_id)


def _sale(row: Any) -> Sale:
    source = f"account:{row.account_id}" if row.account_id else row.source
    return Sale(row.id, row.placed_at, source, row.connector == FILES, row.total, row.currency,
                row.units, purchase=row.purchase_id or row.id)


def _summed(sale: Sale, sums: Mapping[int, tuple[int, int]]) -> Sale:
    total, units = sums.get(sale.purchase, (sale.total, sale.units))
    return replace(sale, total=total, units=units)


def _sums(session: Session, purchases: Collection[int]) -> Mapping[int, tuple[int, int]]:
    """What the parts of each split order cost together, and how many units they have."""
    if not purchases:
        return {}
    rows = session.execute(
        select(Order.purchase_id, func.sum(Order.total), func.sum(Order.units))
        .where(Order.purchase_id.in_(sorted(purchases))).group_by(Order.purchase_id))
    return {purchase: (int(total), int(units)) for purchase, total, units in rows
            if purchase is not None}


def _goods(session: Session, numbers: Collection[int]) -> Mapping[int, frozenset[tuple[str, int]]]:
    """What orders are for, with all their parts: the product where it is known, else ``?`` and the
    channel's words.
    """
    units: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    known = sorted(numbers)
    for order_id, variant_id, sku, title, quantity in session.execute(
        select(func.coalesce(Order.purchase_id, Order.id), OrderLine.variant_id, OrderLine.sku,
               OrderLine.title, OrderLine.quantity)
        .join(Order, Order.id == OrderLine.order_id)
        .where(or_(Order.id.in_(known), Order.purchase_id.in_(known)))
    ):
        units[order_id][str(variant_id) if variant_id else f"?{sku or title}"] += quantity
    return {number: frozenset(found.items()) for number, found in units.items()}


def _with(sale: Sale, goods: Mapping[int, frozenset[tuple[str, int]]]) -> Sale:
    return replace(sale, goods=goods.get(sale.purchase, frozenset()))
