"""What a list of orders may be narrowed to, and what each narrowing costs.

A filter knows its SQL condition and, where it has one, its own way to the orders: a query of order
ids through an index. The list (``walking.py``) asks each way for a few ids first; a rare one leads,
otherwise the list walks its sort index. The values are those of the address bar, as text.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from oms_web.core.clock import day_bounds, local_day
from oms_web.core.errors import Invalid
from oms_web.core.text import key_in
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.catalog.models import Variant
from oms_web.domain.orders import checks, filing, phases
from oms_web.domain.orders.models import (
    NOT_FROM_CHANNEL,
    Hold,
    Order,
    OrderLine,
    OrderTag,
    Status,
)
from oms_web.domain.stock.models import Location, Reservation

NONE, ABROAD, ANY = "none", "abroad", "any"
HOME_COUNTRY = "PL"
SOURCES = ("channel", "desk", "till", "import")
SHIP_DAYS = ("late", "today", "tomorrow", "later", NONE)
TO_SHIP = frozenset({phases.OPEN, phases.PACKING})
OPEN = frozenset(phases.PHASES) - phases.CLOSED

# A queue, or one of the words for several, and the phases its orders are in.
SCOPES: dict[str, frozenset[str]] = {
    "all": frozenset(phases.PHASES), "open": OPEN,
} | {
    name: frozenset({
        {"transit": phases.SHIPPED, "undelivered": phases.SHIPPED}.get(name, name)
    }) if name in ("draft", "elsewhere", "transit", "undelivered", *filing.CLOSED_QUEUES)
    else TO_SHIP
    for name in filing.QUEUES
}
WORDS = ("all", "open")


@dataclass(frozen=True, slots=True)
class Condition:
    """A filter that is set.

    Attributes:
        where: what it demands of an order.
        ids: its own way to the order ids; None if it has no index.
        phases: the only phases in which an order can meet it.
        index: an index that has its orders in the order of placing, if it demands one value.
        word: a search key that all its orders have, by which they can be walked; ``rest`` is
            what is left to demand of them then.
        probes: whether it looks into another table for every order.
        since, until: the moments (the former inclusive) between which the placing of its orders
            lies, for ``ship`` the deadline; None if it is open there or not one stretch of time.
    """

    name: str
    where: ColumnElement[bool]
    ids: Select[int] | None = None
    phases: frozenset[str] = frozenset(phases.PHASES)
    index: str = ""
    word: str = ""
    rest: ColumnElement[bool] | None = None
    probes: bool = False
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the conditions may look at: the catalogue, the moment."""

    session: Session
    now: datetime


Values = Sequence[str]


def holds_for_row(query: Select[*tuple[Any, ...]], row: type[Any] = Order) -> ColumnElement[bool]:
    """Whether a correlated query finds something, asked per row of an order or something else.

    Written as a scalar so that no planner turns it into a join over the whole other table.
    """
    return query.limit(1).correlate(row).scalar_subquery().is_not(None)


def _numbers(name: str, values: Values) -> list[int]:
    numbers = [number for number in map(key_in, values) if number is not None]
    if len(numbers) < len(values):
        raise Invalid("The filter %(name)s cannot be %(value)s.", name, name=name,
                      value=", ".join(values)[:80])
    return numbers


def _among(name: str, values: Values, known: Sequence[str]) -> list[str]:
    for value in values:
        if value not in known:
            raise Invalid("The filter %(name)s cannot be %(value)s.", name, name=name, value=value)
    return list(values)


def _by_column(
    name: str, column: InstrumentedAttribute[Any], values: Sequence[Any], index: str = ""
) -> Condition:
    single = len(values) == 1
    where = column == values[0] if single else column.in_(values)
    return Condition(name, where, select(Order.id).where(where), index=index if single else "")


def _queue(values: Values, asked: Asked) -> Condition:
    names = _among("queue", values, tuple(SCOPES))
    within = frozenset().union(*(SCOPES[name] for name in names))
    single = [name for name in names if name not in WORDS]
    if len(single) < len(names):  # a word for several takes in the whole of its phases
        return Condition("queue", true(), None, within)
    return replace(_by_column("queue", Order.queue, single, "ix_sales_order_queue"),
                   phases=within)


def _status(values: Values, asked: Asked) -> Condition:
    ids = _numbers("status", values)
    found = _by_column("status", Order.status_id, ids, "ix_sales_order_status")
    within = frozenset(asked.session.scalars(select(Status.phase).where(Status.id.in_(ids))))
    return replace(found, phases=within) if within else found


def _account(values: Values, asked: Asked) -> Condition:
    ids = _numbers("account", [value for value in values if value != NONE])
    if NONE not in values:
        return _by_column("account", Order.account_id, ids, "ix_sales_order_account")
    by_hand = Order.account_id.is_(None)
    where = or_(by_hand, Order.account_id.in_(ids)) if ids else by_hand
    return Condition("account", where, select(Order.id).where(where),
                     index="" if ids else "ix_sales_order_account")


def _payment(values: Values, asked: Asked) -> Condition:
    return _by_column("payment", Order.payment_state,
                      _among("payment", values, filing.PAYMENT_STATES), "ix_sales_order_payment")


def _country(values: Values, asked: Asked) -> Condition:
    if list(values) == [ABROAD]:
        return Condition("country", and_(Order.country != HOME_COUNTRY, Order.country != ""))
    return _by_column("country", Order.country, [value.upper()[:2] for value in values],
                      "ix_sales_order_country")


def _courier(values: Values, asked: Asked) -> Condition:
    return _by_column("courier", Order.carrier, ["" if v == NONE else v[:40] for v in values],
                      "ix_sales_order_carrier")


def _source(values: Values, asked: Asked) -> Condition:
    names = _among("source", values, SOURCES)
    if "channel" in names:
        return Condition("source", Order.source.in_(names))
    found = _by_column("source", Order.source, names, "ix_sales_order_source")
    where = and_(literal_column(NOT_FROM_CHANNEL), found.where)
    return replace(found, where=where, ids=select(Order.id).where(where))


def with_variants(name: str, variant_ids: Sequence[int]) -> Condition:
    """Orders that have a line of one of these variants."""
    if not variant_ids:
        return Condition(name, false(), select(Order.id).where(false()))
    inside = OrderLine.variant_id.in_(variant_ids)
    return Condition(
        name,
        holds_for_row(select(OrderLine.id).where(OrderLine.order_id == Order.id, inside)),
        select(OrderLine.order_id).where(inside), probes=True,
    )


def only(order_ids: Sequence[int]) -> Condition:
    """These orders and no others."""
    where = Order.id.in_(sorted(order_ids))
    return Condition("only", where, select(Order.id).where(where))


def _sku(values: Values, asked: Asked) -> Condition:
    found = [catalog.scanned(asked.session, value) for value in values]
    return with_variants("sku", [one.id for one in found if one is not None])


def _product(values: Values, asked: Asked) -> Condition:
    ids = asked.session.scalars(
        select(Variant.id).where(Variant.product_id.in_(_numbers("product", values)))
    ).all()
    return with_variants("product", ids)


def _tag(values: Values, asked: Asked) -> Condition:
    ids = _numbers("tag", values)
    return Condition(
        "tag",
        holds_for_row(select(OrderTag.tag_id).where(
            OrderTag.order_id == Order.id, OrderTag.tag_id.in_(ids))),
        select(OrderTag.order_id).where(OrderTag.tag_id.in_(ids)), probes=True,
    )


def _hold(values: Values, asked: Asked) -> Condition:
    kinds = _among("hold", values, (ANY, *checks.KINDS))
    open_holds = [Hold.released_at.is_(None)]
    open_holds += [Hold.kind.in_(kinds)] if ANY not in kinds else []
    return Condition(
        "hold",
        holds_for_row(select(Hold.id).where(Hold.order_id == Order.id, *open_holds)),
        select(Hold.order_id).where(*open_holds),
        frozenset().union(*(_held_in(kind) for kind in kinds)), probes=True,
    )


def _held_in(kind: str) -> frozenset[str]:
    """The phases of orders that a hold may be on; money to give back is on cancelled ones."""
    gone = frozenset({phases.CANCELLED})
    return {"refund": gone, ANY: OPEN | gone}.get(kind, OPEN)


def _issue(values: Values, asked: Asked) -> Condition:
    _among("issue", values, ("1",))
    return Condition("issue", func.substr(Order.strip, 5, 1) == filing.WRONG, None, OPEN)


def _ship(values: Values, asked: Asked) -> Condition:
    today = local_day(asked.now)
    end = day_bounds(today)[1]
    after_tomorrow = day_bounds(today + timedelta(days=1))[1]
    stretches: dict[str, tuple[datetime | None, datetime | None]] = {
        "late": (None, asked.now),
        "today": (None, end),  # what is late leaves today as well
        "tomorrow": (end, after_tomorrow),
        "later": (after_tomorrow, None),
    }
    names = _among("ship", values, SHIP_DAYS)
    wheres = [
        Order.ship_by.is_(None) if name == NONE else _between(Order.ship_by, *stretches[name])
        for name in names
    ]
    if len(names) > 1:
        return Condition("ship", or_(*wheres), None, TO_SHIP)
    since, until = stretches.get(names[0], (None, None))
    return Condition("ship", wheres[0], None, TO_SHIP, since=since, until=until)


def _between(column: InstrumentedAttribute[Any], since: datetime | None, until: datetime | None
             ) -> ColumnElement[bool]:
    return and_(*([column >= since] if since else []), *([column < until] if until else []))


def _day(name: str, values: Values) -> date:
    try:
        return date.fromisoformat(values[0])
    except ValueError:
        raise Invalid("Not a date: %(value)s", name, value=values[0]) from None


def _from(values: Values, asked: Asked) -> Condition:
    start = day_bounds(_day("from", values))[0]
    return Condition("from", Order.placed_at >= start, since=start)


def _to(values: Values, asked: Asked) -> Condition:
    end = day_bounds(_day("to", values))[1]
    return Condition("to", Order.placed_at < end, until=end)


def promised_from(warehouse_ids: Collection[int]) -> ColumnElement[bool]:
    """The condition that units of an order are promised in one of these warehouses.

    From the order to its lines to their promises to the places: no planner may start elsewhere.
    """
    within = Location.warehouse_id.in_(warehouse_ids)
    place = select(Location.id).where(Location.id == Reservation.location_id, within)
    promise = select(Reservation.id).where(
        Reservation.demand_kind == literal_column("'order_line'"),
        Reservation.demand_id == OrderLine.id, holds_for_row(place, Reservation))
    promised = select(OrderLine.id).where(
        OrderLine.order_id == Order.id, holds_for_row(promise, OrderLine))
    return holds_for_row(promised)


def _warehouse(values: Values, asked: Asked) -> Condition:
    return Condition("warehouse", promised_from(_numbers("warehouse", values)), None, TO_SHIP,
                     probes=True)


def _documents(values: Values, asked: Asked) -> Condition:
    """Orders whose buyer wants an invoice and has none, ``sent`` of those only what has left. The
    literals match the partial index.
    """
    _among("documents", values, ("due", "sent"))
    phase = Order.phase.in_((phases.SHIPPED, phases.DONE)) if list(values) == ["sent"] else \
        Order.phase.not_in((phases.DRAFT, phases.CANCELLED))
    due = and_(literal_column("wants_invoice AND NOT is_documented"), phase)
    return Condition("documents", due, select(Order.id).where(due))


MAKERS: Mapping[str, Callable[[Values, Asked], Condition]] = {
    "queue": _queue, "status": _status, "account": _account, "payment": _payment, "ship": _ship,
    "courier": _courier, "country": _country, "tag": _tag, "sku": _sku, "product": _product,
    "hold": _hold, "issue": _issue, "warehouse": _warehouse, "source": _source,
    "documents": _documents, "from": _from, "to": _to,
}
SINGLE = frozenset({"issue", "documents", "from", "to"})


def chosen(args: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The filters that are set, from the address (``account=1&account=2``)."""
    found: dict[str, list[str]] = {}
    for name in MAKERS:
        values = [text.strip() for text in args.get(name, ()) if text.strip()]
        if values:
            found[name] = list(dict.fromkeys(values))[:1 if name in SINGLE else 40]
    return found


def compile_all(picked: Mapping[str, Values], session: Session, now: datetime) -> list[Condition]:
    """The conditions of the filters that are set.

    Raises:
        Invalid: a value that the filter does not know; ``field`` names the filter.
    """
    asked = Asked(session, now)
    return [MAKERS[name](values, asked) for name, values in picked.items()]

