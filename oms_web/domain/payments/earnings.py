"""The profit of orders: gathered for a page of them in a fixed number of statements, and summed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, case, func, literal, select, union_all
from sqlalchemy.orm import Session

from oms_web.core.clock import day_bounds, local_day
from oms_web.core.paging import Page, seal, unseal_as
from oms_web.domain.catalog.models import Variant
from oms_web.domain.company.models import Company
from oms_web.domain.orders import phases
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.payments import fee_claims, fees, refund_states
from oms_web.domain.payments import profit as profits
from oms_web.domain.payments.courier.models import CourierCharge
from oms_web.domain.payments.fees import Sale
from oms_web.domain.payments.models import Refund
from oms_web.domain.payments.profit import Profit, SoldLine
from oms_web.domain.payments.settling.models import Settlement
from oms_web.domain.payments.settling.reports import FEE

PAGE = 50
MOST_SUMMED = 5_000
_BACK, _TAKEN, _RETURNED, _CLAIMED, _CARRIED = "back", "taken", "returned", "claimed", "carried"
COUNTED = (phases.OPEN, phases.PACKING, phases.ELSEWHERE, phases.SHIPPED, phases.DONE)


@dataclass(slots=True)
class Sum:
    """What a channel's orders of one currency came to.

    ``lacks`` orders have a position of unknown cost: they are in none of the other numbers.
    """

    orders: int = 0
    revenue: int = 0
    costs: int = 0
    left: int = 0
    lacks: int = 0


Labels = Callable[[Session, Sequence[int]], Mapping[tuple[int, str], int]]
"""What the labels of orders cost, as their carriers told at the booking: (order, currency) -> net,
minor units; an order is left out where that is not known of each of its labels."""


def of(session: Session, orders: Sequence[Order], labels: Labels) -> dict[int, Profit]:
    """The profit of each order."""
    ids = [one.id for one in orders]
    if not ids:
        return {}
    sold = _lines(session, ids)
    rates, booked, bought = fees.every(session), _booked(session, ids), labels(session, ids)
    return {one.id: profits.profit(
        sold.get(one.id, []), one.shipping_total, one.discount_total,
        booked.get((_BACK, one.id, ""), 0),
        _fees(rates, one, _charged(booked, one.id), booked.get((_CLAIMED, one.id, ""), 0),
              booked.get((_CARRIED, one.id, one.currency), bought.get((one.id, one.currency)))))
        for one in orders}


def _booked(session: Session, ids: Sequence[int]) -> dict[tuple[str, int, str], int]:
    """(what, order, currency) -> what was paid back, what the channel took and what it gave back
    by its own report or for a claim, and what couriers charged by their invoices, net; only these
    name a currency.
    """
    back = (
        select(literal(_BACK), Refund.order_id, literal(""), func.sum(Refund.amount))
        .where(Refund.order_id.in_(ids), Refund.state == refund_states.DONE)
        .group_by(Refund.order_id))
    charged = [
        select(literal(what), Settlement.order_id, literal(""), func.sum(amount))
        .where(Settlement.order_id.in_(ids), Settlement.kind == FEE, of_these)
        .group_by(Settlement.order_id)
        for what, amount, of_these in (
            (_TAKEN, -Settlement.amount, Settlement.amount < 0),
            (_RETURNED, Settlement.amount, Settlement.amount >= 0))]
    claims = fee_claims.granted(ids).subquery()
    claimed = select(literal(_CLAIMED), claims.c.order_id, literal(""), claims.c.amount)
    carried = (
        select(literal(_CARRIED), CourierCharge.order_id, CourierCharge.currency,
               func.sum(CourierCharge.amount))
        .where(CourierCharge.order_id.in_(ids))
        .group_by(CourierCharge.order_id, CourierCharge.currency))
    return {(what, order_id, currency): int(amount) for what, order_id, currency, amount
            in session.execute(union_all(back, *charged, claimed, carried))}


def _charged(booked: Mapping[tuple[str, int, str], int], order_id: int) -> tuple[int, int] | None:
    """What the channel took of an order, and gave back; None where its reports do not tell."""
    taken, returned = (booked.get((what, order_id, "")) for what in (_TAKEN, _RETURNED))
    return None if taken is None and returned is None else (taken or 0, returned or 0)


def _fees(rates: Sequence[fees.FeeRate], order: Order, charged: tuple[int, int] | None,
          claimed: int, carried: int | None) -> dict[str, int]:
    """By the seller's table; the channel's own report and the courier's own invoice, until it is
    there the price of the label, count instead where they tell of the order.

    A commission that was claimed back counts once: the report tells of it, too, but later.

    Args:
        charged: what the channel's report says it took, and gave back; gross, minor units.
        claimed: what claims brought back, gross, minor units.
        carried: what the courier takes, net, minor units.
    """
    sale = Sale(order.account_id, order.payment_method, order.carrier, order.total, order.currency,
                local_day(order.placed_at))
    found = {kind: fees.fee(rates, kind, sale) for kind in fees.KINDS}
    if charged is not None:
        found[fees.CHANNEL] = charged[0] - max(charged[1], claimed)
    else:  # the table is net, and a guess: what came back cannot be more than it
        found[fees.CHANNEL] = max(0, found[fees.CHANNEL] - profits.net(claimed, ""))
    if carried is not None:
        found[fees.COURIER] = carried
    return found


def _lines(session: Session, ids: Sequence[int]) -> dict[int, list[SoldLine]]:
    found: dict[int, list[SoldLine]] = defaultdict(list)
    company = session.get(Company, 1)
    home = company.currency if company else None
    rows = session.execute(
        select(OrderLine, case((Order.currency == (home or Order.currency), Variant.cost)))
        .join(Order, Order.id == OrderLine.order_id)
        .outerjoin(Variant, Variant.id == OrderLine.variant_id)
        .where(OrderLine.order_id.in_(ids)))
    for line, cost in rows:  # costs are in our own currency: of a sale in another they say nothing
        units = line.quantity - line.cancelled
        if units > 0:
            gross = line.total if units == line.quantity else line.total * units // line.quantity
            found[line.order_id].append(SoldLine(
                gross, line.vat_rate, max(units - line.restocked, 0), cost))
    return found


def _between(first: date, last: date) -> tuple[ColumnElement[bool], ...]:
    start, end = day_bounds(first)[0], day_bounds(last)[1]
    return (Order.placed_at >= start, Order.placed_at < end, Order.phase.in_(COUNTED))


def page(session: Session, first: date, last: date, after: str | None, size: int = PAGE
         ) -> Page[Order]:
    """Orders placed on these days, the newest first.

    Raises:
        Invalid: the page token is broken.
    """
    query = select(Order).where(*_between(first, last))
    if after:
        query = query.where(Order.id < unseal_as(after, int)[0])
    rows = session.scalars(query.order_by(Order.id.desc()).limit(size + 1)).all()
    return Page(rows[:size], seal(rows[size - 1].id) if len(rows) > size else None)


def sums(session: Session, first: date, last: date, labels: Labels
         ) -> tuple[dict[tuple[int | None, str], Sum], bool]:
    """(channel, currency) -> what its orders came to; and whether all of them were counted."""
    rows = session.scalars(select(Order).where(*_between(first, last))
                           .order_by(Order.id.desc()).limit(MOST_SUMMED + 1)).all()
    found: dict[tuple[int | None, str], Sum] = defaultdict(Sum)
    counted = rows[:MOST_SUMMED]
    for begin in range(0, len(counted), 500):
        some = counted[begin:begin + 500]
        earned = of(session, some, labels)
        for one in some:
            got, whole = earned[one.id], found[one.account_id, one.currency]
            if got.left is None:
                whole.lacks += 1
                continue
            whole.orders += 1
            whole.revenue += got.revenue - got.given_back
            whole.costs += got.goods + sum(got.fees.values())
            whole.left += got.left
    return dict(found), len(rows) <= MOST_SUMMED


def by_channel(found: Mapping[tuple[int | None, str], Sum]
               ) -> dict[int | None, dict[str, Sum]]:
    """Sums as ``sums`` gives them, the currencies of one channel together; the one with the most
    counted orders first.
    """
    made: dict[int | None, dict[str, Sum]] = {}
    for (account_id, currency), one in sorted(
            found.items(), key=lambda item: (-item[1].orders, item[0][1])):
        made.setdefault(account_id, {})[currency] = one
    return made
