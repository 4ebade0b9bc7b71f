"""Which orders belong together: parts of one purchase, and those that travel in one parcel."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Label, Select, case, or_, select, union
from sqlalchemy.orm import Session, aliased

from oms_web.core.text import phone_key, words
from oms_web.domain.orders import parting, phases
from oms_web.domain.orders.models import Order, OrderKey, OrderSplit

MOVING = (phases.OPEN, phases.PACKING)
"""Only what has not left yet can travel with others."""
MOST_TOGETHER = 20
_LOOKED_AT = 200


def purchase(session: Session, order: Order) -> list[Order]:
    """All orders of the purchase that an order is a part of, the first one first."""
    if order.purchase_id is None:
        return [order]
    return list(session.scalars(
        select(Order).where(Order.purchase_id == order.purchase_id).order_by(Order.id)))


def is_first(order: type[Order]) -> ColumnElement[bool]:
    """Whether it counts as an order of its buyer: no part that was split off another."""
    return or_(order.purchase_id.is_(None), order.purchase_id == order.id)


def paid_of(session: Session, order: Order) -> int:
    """How much of what was paid for its purchase falls on an order, minor units.

    Money lies where it was recorded; here it is dealt out over the orders that are not cancelled.
    What went back after the sale was paid once: the buyer does not owe it again.
    """
    if order.purchase_id is None:
        return order.paid_total + order.refunded_total
    family = purchase(session, order)
    counted = [one for one in family if one.phase != phases.CANCELLED] or family
    dealt = parting.fill(sum(one.paid_total + one.refunded_total for one in family),
                         [one.total for one in counted])
    return next((share for one, share in zip(counted, dealt, strict=True) if one.id == order.id), 0)


def due(session: Session, order: Order) -> int:
    """What is still to be paid for the purchase of an order, minor units; below zero: too much."""
    return due_of(purchase(session, order))


def due_of(family: Sequence[Order]) -> int:
    """The one rule of what is due of a purchase, minor units; below zero: it was paid too much.

    What it is worth now (``total`` of what is not cancelled, less ``refunded_total``), less what
    the buyer paid and did not get back (``paid_total``).
    """
    counted = [one for one in family if one.phase != phases.CANCELLED] or family
    return sum(one.total for one in counted) - sum(
        one.paid_total + one.refunded_total for one in family)


def together(session: Session, *order_ids: int) -> list[int]:
    """The orders that travel with any of these and have not left, themselves among them."""
    asked, other = aliased(Order), aliased(Order)
    mates = select(other.id).join(asked, asked.together_id == other.together_id).where(
        asked.id.in_(order_ids))
    return list(session.scalars(
        select(Order.id)  # from two indexes; with an OR PostgreSQL would look at all orders
        .where(Order.id.in_(union(select(asked.id).where(asked.id.in_(order_ids)), mates)),
               Order.phase.in_(MOVING))
        .order_by(Order.id)
    ))


def companions(session: Session, order: Order) -> list[Order]:
    """The other orders that are, or were, meant for the same parcel."""
    if order.together_id is None:
        return []
    return list(session.scalars(
        select(Order).where(Order.together_id == order.together_id, Order.id != order.id)
        .order_by(Order.id)
    ))


def splits(session: Session, order_id: int) -> list[OrderSplit]:
    """How an order was split off, and what was split off it, the first one first."""
    return list(session.scalars(
        select(OrderSplit).where(or_(OrderSplit.order_id == order_id,
                                     OrderSplit.from_id == order_id))
        .order_by(OrderSplit.made_at, OrderSplit.order_id)
    ))


def bound(order: Order) -> parting.Bound:
    """Where an order goes and how."""
    return parting.Bound(order.ship_to or {}, order.pickup_point, order.carrier, order.currency)


@dataclass(frozen=True, slots=True)
class Relations:
    """The other orders that leave in one parcel with an order, and those of its purchase."""

    together: tuple[int, ...] = ()
    parts: tuple[int, ...] = ()


def relations(session: Session, ids: Collection[int]) -> dict[int, Relations]:
    """What a list shows of orders that belong to others; two statements at most."""
    if not ids:
        return {}
    rows = session.execute(
        select(Order.id, _box(), Order.purchase_id)
        .where(Order.id.in_(ids),
               or_(Order.together_id.is_not(None), Order.purchase_id.is_not(None)))
    ).all()
    if not rows:
        return {}
    kin = session.execute(
        select(Order.id, _box(), Order.purchase_id).where(or_(
            Order.together_id.in_({row.together_id for row in rows} - {None}),
            Order.purchase_id.in_({row.purchase_id for row in rows} - {None})))
        .order_by(Order.id)
    ).all()
    return {
        row.id: Relations(
            *(tuple(one.id for one in kin if one.id != row.id and getattr(one, name) is not None
                    and getattr(one, name) == getattr(row, name))
              for name in ("together_id", "purchase_id"))
        ) for row in rows
    }


def _box() -> Label[int | None]:
    """The parcel an order is meant for, as long as it has not left and is not cancelled."""
    return case((Order.phase.in_(MOVING), Order.together_id)).label("together_id")


def candidates(session: Session, order: Order) -> list[Order]:
    """Open orders of the same buyer to the same address, of whatever channel, the first one first.

    Parts of its own purchase are none: somebody split them to send them apart.

    Looked up by the words they are found by: e-mail and phone; or, where a channel hides these, all
    words of the name.
    """
    if order.phase != phases.OPEN:
        return []
    same = _same_words(order)
    if not same:
        return []
    found = session.scalars(
        select(Order).where(Order.id.in_(union(*same)), Order.phase == phases.OPEN,
                            Order.id != order.id)
        .order_by(Order.id).limit(_LOOKED_AT)
    ).all()
    return [one for one in found if not parting.apart(bound(order), bound(one))
            and (one.together_id is None or one.together_id != order.together_id)
            and (one.purchase_id is None or one.purchase_id != order.purchase_id)][:MOST_TOGETHER]


def _same_words(order: Order) -> list[Select[int]]:
    """The newest orders with the same contacts, and those with the same name."""
    contacts = {order.buyer_email.strip().lower(), phone_key(order.buyer_phone),
                phone_key(str((order.ship_to or {}).get("phone") or ""))}
    contacts = {key for key in contacts if len(key) > 5}
    found = []
    if contacts:
        found.append(select(OrderKey.order_id).where(OrderKey.key.in_(sorted(contacts))))
    name = sorted(set(words(str((order.ship_to or {}).get("name") or order.buyer_name))),
                  key=len, reverse=True)
    name = [word for word in name if len(word) > 1][:3]
    if len(name) > 1:
        by_name = select(OrderKey.order_id).where(OrderKey.key == name[0])
        for word in name[1:]:
            by_name = by_name.where(OrderKey.order_id.in_(
                select(OrderKey.order_id).where(OrderKey.key == word)))
        found.append(by_name)
    return [select(one.order_by(OrderKey.order_id.desc()).limit(_LOOKED_AT).subquery().c.order_id)
            for one in found]
