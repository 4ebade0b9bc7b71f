"""Orders and stock at the same moment: promise units to lines, let them go, give way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog.models import BundlePart, Variant
from oms_web.domain.catalog.queries import without_withdrawal
from oms_web.domain.channels.service import account_warehouses
from oms_web.domain.company.models import Company
from oms_web.domain.orders import lineage, phases, repaid
from oms_web.domain.orders.filing import may_ship, payment_state
from oms_web.domain.orders.models import Order, OrderLine, OrderLinePart
from oms_web.domain.orders.service import count_reserved, refile, release_holds
from oms_web.domain.stock import service as stock
from oms_web.domain.stock.allocation import Demand, Take, allocate
from oms_web.domain.stock.models import Reservation

KIND = "order_line"
GRACE = timedelta(days=1)

Parts = tuple[tuple[int, int], ...]


def bundle_parts(session: Session, variant_ids: Collection[int]) -> dict[int, Parts]:
    """What each variant is made of today: its parts if it is a bundle, else itself."""
    made: dict[int, list[tuple[int, int]]] = defaultdict(list)
    rows = session.execute(
        select(BundlePart.bundle_id, BundlePart.part_id, BundlePart.quantity)
        .join(Variant, Variant.id == BundlePart.bundle_id)
        .where(BundlePart.bundle_id.in_(sorted(variant_ids)), Variant.is_bundle)
        .order_by(BundlePart.bundle_id, BundlePart.part_id)
    )
    for bundle, part, quantity in rows:
        made[bundle].append((part, quantity))
    return {variant: tuple(made.get(variant, [(variant, 1)])) for variant in variant_ids}


def freeze(session: Session, lines: Collection[OrderLine], made_of: Mapping[int, Parts]) -> None:
    """Remember of lines whose products are known now what these are, whatever becomes of them
    later: what bundles are made of, and why the law knows no withdrawal from their sale.
    """
    reasons = without_withdrawal(session, made_of)
    for line in lines:
        line.no_withdrawal = reasons.get(line.variant_id or 0, "")
    rows = [
        {"line_id": line.id, "variant_id": part, "quantity": quantity}
        for line in lines if line.variant_id is not None
        and made_of[line.variant_id] != ((line.variant_id, 1),)
        for part, quantity in made_of[line.variant_id]
    ]
    if rows:
        session.execute(insert(OrderLinePart), rows)


def line_parts(session: Session, lines: Collection[OrderLine]) -> dict[int, Parts]:
    """What one unit of each line is made of, as it was when the order came in."""
    frozen: dict[int, list[tuple[int, int]]] = defaultdict(list)
    rows = session.execute(
        select(OrderLinePart.line_id, OrderLinePart.variant_id, OrderLinePart.quantity)
        .where(OrderLinePart.line_id.in_([line.id for line in lines]))
        .order_by(OrderLinePart.line_id, OrderLinePart.variant_id)
    )
    for line_id, variant, quantity in rows:
        frozen[line_id].append((variant, quantity))
    return {
        line.id: tuple(frozen.get(line.id) or [(line.variant_id, 1)])
        for line in lines if line.variant_id is not None
    }


def allowed_ranks(session: Session, account_id: int | None) -> dict[int, int]:
    """The warehouses that may serve an account, with the rank they have for it."""
    chosen = account_warehouses(session, account_id)
    ranks = stock.warehouse_ranks(session, chosen)
    return {w: chosen.index(w) for w in ranks} if chosen else ranks


def payment_deadline(session: Session, order: Order) -> datetime | None:
    """When an unpaid order loses its units; None once it may ship."""
    if may_ship(order.payment_state) or order.source == "import":
        return None
    hours = session.scalar(select(Company.payment_hours)) or 72
    return order.placed_at + timedelta(hours=hours)


def judge_payment(work: Work, order: Order) -> None:
    """How far an order is paid, now that its total or what was paid of it is another.

    The one place that says so: an order that may ship keeps what was promised to it, and gets
    anew what it had lost because nobody paid in time; one that may not any more waits for its
    payment as at first. The orders of a purchase that was split are paid together.
    """
    family = lineage.purchase(work.session, order)
    repaid.reckon(work.session, family)
    paid = sum(one.paid_total + one.refunded_total for one in family)
    total = paid + lineage.due_of(family)
    for one in family:
        before = one.payment_state
        _judged(work, one, payment_state(one.payment_kind, total, paid))
        if one is not order and one.payment_state != before:
            refile(work, [one.id])


def _judged(work: Work, order: Order, state: str) -> None:
    before, order.payment_state = order.payment_state, state
    if may_ship(order.payment_state):
        keep_promises(work, order.id)
        if release_holds(work, order.id, ["payment_expired"]):
            reserve_orders(work, [order.id])
    elif may_ship(before):
        _wait_again(work, order)


def _wait_again(work: Work, order: Order) -> None:
    """What is promised to an order that is not paid after all ends by itself.

    A day is left to record the right payment: the order may be older than its time to pay.
    """
    deadline = payment_deadline(work.session, order)
    if deadline is None:
        return
    lines = select(OrderLine.id).where(OrderLine.order_id == order.id)
    work.session.execute(
        update(Reservation)
        .where(Reservation.demand_kind == KIND, Reservation.demand_id.in_(lines),
               Reservation.expires_at.is_(None))
        .values(expires_at=max(deadline, work.now + GRACE))
        .execution_options(synchronize_session=False)
    )


def keep_promises(work: Work, order_id: int) -> None:
    """The order is paid: its reservations no longer end by themselves."""
    lines = select(OrderLine.id).where(OrderLine.order_id == order_id)
    work.session.execute(
        update(Reservation)
        .where(Reservation.demand_kind == KIND, Reservation.demand_id.in_(lines))
        .values(expires_at=None)
        .execution_options(synchronize_session=False)
    )


def reserve_orders(work: Work, order_ids: Collection[int]) -> set[int]:
    """Promise free units to whatever these orders still lack; returns the orders that got some.

    Orders come in the order in which they must leave, so scarce units go to the most urgent.
    """
    session = work.session
    orders = session.scalars(
        select(Order)
        .where(Order.id.in_(sorted(order_ids)), Order.phase.in_((phases.OPEN, phases.PACKING)))
        .order_by(Order.ship_by.is_(None), Order.ship_by, Order.id)
    ).all()
    lines = session.scalars(
        select(OrderLine).where(
            OrderLine.order_id.in_([order.id for order in orders]),
            OrderLine.variant_id.is_not(None),
            OrderLine.reserved + OrderLine.shipped + OrderLine.cancelled < OrderLine.quantity,
        ).order_by(OrderLine.position)
    ).all()
    if not lines:
        refile(work, order_ids)
        return set()
    parts = line_parts(session, lines)
    shelves = stock.shelves(session, {v for p in parts.values() for v, _ in p})
    by_order: dict[int, list[OrderLine]] = defaultdict(list)
    for line in lines:
        by_order[line.order_id].append(line)
    takes: list[Take] = []
    served: dict[int, int] = {}
    expires: dict[int, datetime] = {}
    ranks: dict[int | None, dict[int, int]] = {}
    for order in orders:
        if order.account_id not in ranks:
            ranks[order.account_id] = allowed_ranks(session, order.account_id)
        mine = by_order.get(order.id, [])
        demands = [
            Demand(line.id, parts[line.id],
                   line.quantity - line.cancelled - line.shipped - line.reserved)
            for line in mine
        ]
        some, units = allocate(demands, shelves, ranks[order.account_id])
        takes += some
        served |= units
        deadline = payment_deadline(session, order)
        if deadline is not None:
            expires |= {line.id: deadline for line in mine}
    stock.reserve(work, KIND, takes, expires)
    count_reserved(session, list(served.items()))
    for line in lines:
        session.expire(line, ["reserved"])
    lucky = {line.order_id for line in lines if served.get(line.id)}
    for order_id in sorted(lucky):
        got = sum(served[line.id] for line in by_order[order_id])
        audit.record(work, "orders.reserve", "order", order_id, {"units": [None, got]})
    refile(work, order_ids)
    return lucky


def release_lines(work: Work, lines: Iterable[OrderLine], units: Mapping[int, int] | None = None
                  ) -> None:
    """Let go reserved units of lines: all of them, or ``units`` (line id -> whole units)."""
    lines = [line for line in lines if line.reserved]
    parts = line_parts(work.session, lines)
    held: dict[tuple[int, int], list[stock.Promise]] = defaultdict(list)
    for promise in stock.promises(work.session, KIND, [line.id for line in lines]):
        held[promise.demand_id, promise.variant_id].append(promise)
    ended, change = [], []
    for line in lines:
        count = line.reserved if units is None else min(units.get(line.id, 0), line.reserved)
        change.append((line.id, -count))
        for variant, per_unit in parts[line.id]:
            left = count * per_unit
            for promise in reversed(held[line.id, variant]):
                some = min(left, promise.quantity)
                if some:
                    ended.append((promise, some))
                    left -= some
    stock.release(work, ended)
    count_reserved(work.session, change)
    for line in lines:
        work.session.expire(line, ["reserved"])


def give_way(
    work: Work, variant_id: int, location_id: int, units: int, keep: Collection[int] = ()
) -> set[int]:
    """Take ``units`` of promises off a place that turned out to hold less; the youngest first.

    Lines in ``keep`` give way last: their units are off the shelf already.

    Whole units of lines give way: if a bundle loses one part, its other parts become free too.

    Returns:
        The orders that now lack something (already refiled).
    """
    touched: dict[int, int] = defaultdict(int)
    left = units
    promises = stock.promises_at(work.session, (variant_id, location_id))
    for promise in sorted(promises, key=lambda p: p.demand_id in keep):
        if left <= 0 or promise.demand_kind != KIND:
            continue
        line = work.session.get(OrderLine, promise.demand_id)
        if line is None:
            continue
        per_unit = dict(line_parts(work.session, [line])[line.id])[variant_id]
        whole = -(-min(left, promise.quantity) // per_unit)
        left -= min(promise.quantity, whole * per_unit)
        release_lines_at(work, line, whole, (variant_id, location_id))
        touched[line.order_id] += whole
    for order_id, lost in touched.items():
        audit.record(work, "orders.lost_units", "order", order_id, {"units": [lost, None]})
    refile(work, touched)
    return set(touched)


def release_lines_at(work: Work, line: OrderLine, units: int, place: tuple[int, int]) -> None:
    """Let go whole units of one line, the promise at ``place`` before the others."""
    promises = stock.promises(work.session, KIND, [line.id])
    promises.sort(key=lambda p: (p.variant_id, p.location_id) != place)
    ended = []
    for variant, per_unit in line_parts(work.session, [line])[line.id]:
        left = units * per_unit
        for promise in promises:
            if promise.variant_id == variant and left:
                some = min(left, promise.quantity)
                ended.append((promise, some))
                left -= some
    stock.release(work, ended)
    count_reserved(work.session, [(line.id, -units)])
    work.session.expire(line, ["reserved"])
