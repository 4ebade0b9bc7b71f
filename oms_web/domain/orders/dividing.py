"""Units of an order become an order of their own, and come back: lines, promises and money.

Every unit is in exactly one line before and after, every promise keeps its place and its end, and
the orders together cost to the grosz what the one did. Payments stay where they were recorded: the
orders of a purchase are paid together (``reserving.judge_payment``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.orm import Session

from oms_web.core.money import line_total
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.orders import lineage, parting, phases, repaid
from oms_web.domain.orders.checks import Flaw
from oms_web.domain.orders.models import (
    Hold,
    Note,
    Order,
    OrderLine,
    OrderLinePart,
    OrderLink,
    OrderSplit,
    OrderTag,
)
from oms_web.domain.orders.reserving import KIND, judge_payment, line_parts
from oms_web.domain.orders.service import (
    order_lines,
    refile,
    rewrite_keys,
    set_hold,
    set_phase,
)
from oms_web.domain.orders.tally import shift_tally
from oms_web.domain.orders.verification import closing, kinds
from oms_web.domain.orders.verification import service as verification
from oms_web.domain.orders.verification.examining import Found
from oms_web.domain.orders.verification.models import Finding
from oms_web.domain.orders.verifying import verify_again
from oms_web.domain.stock import service as stock
from oms_web.domain.stock.models import Location

# What a part does not have from the order it was split off.
_OWN = frozenset((
    "id", "together_id", "paid_total", "refund_pending", "refunded_total", "items_total",
    "shipping_total", "discount_total", "total", "shipped_at", "closed_at", "updated_at",
    "queue_since", "status_since", "units", "weight_g", "packaging_id", "is_picked", "is_packed",
    "is_labelled", "is_documented", "is_undelivered",
))


def open_units(line: OrderLine) -> int:
    """Units of a line that are neither cancelled nor gone."""
    return line.quantity - line.cancelled - line.shipped


def take_off(
    work: Work, order: Order, units: Mapping[int, int], warehouse_id: int | None = None
) -> Order:
    """Make ``units`` (line id -> open units, fewer than all of them) an order of their own.

    Of a line that lacks units the missing ones go first, so that what stays can be sent; with
    ``warehouse_id`` those go first that are promised from there.
    """
    session = work.session
    root = order.purchase_id or order.id
    order.purchase_id = root
    whole = parting.Sums(order.items_total, order.shipping_total, order.discount_total)
    part = _copy(work, order)
    lines = [line for line in order_lines(session, order.id) if units.get(line.id)]
    _move_lines(work, lines, units, part, warehouse_id)
    session.flush()
    _copy_words(work, order, part, {line.channel_order_id for line in lines})
    both = (order, part)
    costs = [sum(line.total for line in order_lines(session, one.id)) for one in both]
    for one, sums in zip(both, parting.divide(whole, costs), strict=True):
        _set_sums(session, one, sums)
    session.add(OrderSplit(order_id=part.id, from_id=order.id, rounding=whole.items - sum(costs),
                           made_at=work.now, made_by=work.actor.name))
    count = sum(units.values())
    audit.record(work, "orders.split", "order", order.id,
                 {"units": [count, None], "other": [None, part.id]})
    audit.record(work, "orders.split_off", "order", part.id,
                 {"units": [None, count], "other": [None, order.id]})
    _settle(work, both)
    return part


def give_back(work: Work, part: Order, order: Order) -> None:
    """Put everything of ``part`` back into the order it was split off; an empty, closed one stays.
    """
    session = work.session
    split = session.get_one(OrderSplit, part.id)
    first, second = (parting.Sums(one.items_total, one.shipping_total, one.discount_total)
                     for one in (order, part))
    count = _unite_lines(work, order, part)
    session.flush()
    items = sum(line.total for line in order_lines(session, order.id))
    _set_sums(session, order, parting.unite(first, second, items, split.rounding))
    _set_sums(session, part, parting.Sums(0, 0, 0))
    session.execute(delete(OrderLink).where(OrderLink.order_id == part.id))
    split.joined_at, split.joined_by = work.now, work.actor.name
    part.purchase_id = None
    session.flush()
    if len(lineage.purchase(session, order)) == 1:
        order.purchase_id = None
    audit.record(work, "orders.unite", "order", order.id,
                 {"units": [None, count], "other": [part.id, None]})
    _bring_words(work, part, order)
    set_phase(work, part, "join")
    _settle(work, (order,))
    refile(work, [part.id])


def _copy(work: Work, order: Order) -> Order:
    """An order like this one, without lines and money."""
    kept = {column.name: getattr(order, column.name) for column in Order.__table__.columns
            if column.name not in _OWN}
    part = Order(**kept, items_total=0, shipping_total=0, discount_total=0, total=0, units=0,
                 updated_at=work.now, queue_since=work.now, status_since=work.now)
    work.session.add(part)
    work.session.flush()
    shift_tally(work.session, "queue", [(None, part.queue)])
    shift_tally(work.session, "status", [(None, part.status_id)])
    return part


def _copy_words(
    work: Work, order: Order, part: Order, channel_orders: Collection[int | None]
) -> None:
    """What is not a column of it: the channel's numbers, tags, holds, packers' notes, search words.
    """
    session = work.session
    rows = [{"order_id": part.id, "channel_order_id": id_, "kind": "split"}
            for id_ in sorted(one for one in channel_orders if one is not None)]
    if rows:
        session.execute(insert(OrderLink), rows)
    for tag_id in session.scalars(select(OrderTag.tag_id).where(OrderTag.order_id == order.id)):
        session.add(OrderTag(tag_id=tag_id, order_id=part.id))
    for hold in session.scalars(select(Hold).where(Hold.order_id == order.id,
                                                   Hold.released_at.is_(None))):
        session.add(Hold(order_id=part.id, kind=hold.kind, detail=dict(hold.detail),
                         set_at=hold.set_at, set_by=hold.set_by, until=hold.until))
    for note in session.scalars(select(Note).where(Note.order_id == order.id, Note.for_packer)
                                .order_by(Note.id)):
        session.add(Note(order_id=part.id, at=note.at, author=note.author, text=note.text,
                         author_kind=note.author_kind, author_id=note.author_id, for_packer=True))
    session.flush()
    _copy_findings(work, order, part)
    rewrite_keys(work, part)


def _copy_findings(work: Work, order: Order, part: Order) -> None:
    """What was doubtful stays so for the part, and what a person accepted stays accepted."""
    still = []
    for one in work.session.scalars(select(Finding).where(Finding.order_id == order.id)):
        if one.settled_at is None:
            still.append(Found(one.kind, one.level, one.detail, one.ref))
        elif one.how in kinds.LASTING:
            work.session.add(Finding(
                order_id=part.id, kind=one.kind, level=one.level, ref=one.ref,
                detail=dict(one.detail), found_at=one.found_at, found_by=one.found_by,
                settled_at=one.settled_at, settled_by=one.settled_by, how=one.how))
    closing.write(work, {part.id: still})


def _bring_words(work: Work, part: Order, order: Order) -> None:
    """What people and rules said of a part that comes back: its hold, its doubts, its notes."""
    session = work.session
    session.flush()
    for one in session.scalars(select(Finding).where(
            Finding.order_id == part.id, Finding.kind == kinds.DOUBT,
            Finding.settled_at.is_(None)).order_by(Finding.id)).all():
        verification.add(work, order.id, Found(one.kind, one.level, one.detail, one.ref))
    theirs, ours = (session.scalar(select(Hold).where(*_by_hand(one)))
                    for one in (part, order))
    if theirs is not None:
        reasons, until = [theirs.detail["reason"]], theirs.until
        if ours is not None:
            reasons = list(dict.fromkeys([ours.detail["reason"], *reasons]))
            until = max(until, ours.until) if until and ours.until else None
        set_hold(work, order.id, Flaw(theirs.kind, {"reason": "; ".join(reasons)}))
        session.flush()
        session.execute(update(Hold).where(*_by_hand(order)).values(until=until))
    known, come = (session.scalars(select(Note).where(Note.order_id == one.id)
                                   .order_by(Note.id)).all() for one in (order, part))
    here = {(note.at, note.author, note.text) for note in known}
    for note in come:
        if (note.at, note.author, note.text) not in here:
            note.order_id = order.id


def _by_hand(order: Order) -> tuple[ColumnElement[bool], ...]:
    """The open hold that a person set."""
    return Hold.order_id == order.id, Hold.kind == "manual", Hold.released_at.is_(None)


# Lines and promises -----------------------------------------------------------------------------


def _move_lines(
    work: Work, lines: Sequence[OrderLine], units: Mapping[int, int], part: Order,
    warehouse_id: int | None,
) -> None:
    session = work.session
    parts = line_parts(session, lines)
    held = _promises(session, lines, warehouse_id)
    handed: list[tuple[stock.Promise, int, int]] = []
    for line in lines:
        count = units[line.id]
        if count == line.quantity:  # all of it: the line itself goes, with its promises
            line.order_id = part.id
            continue
        mine = {variant: held.get((line.id, variant), []) for variant, _ in parts.get(line.id, ())}
        reserved = _reserved_to_go(line, count, parts.get(line.id, ()), mine, warehouse_id)
        other = _cut(session, line, part, count, reserved)
        for variant, per_unit in parts.get(line.id, ()):
            left = reserved * per_unit
            for promise, _ in mine[variant]:
                some = min(left, promise.quantity)
                handed.append((promise, some, other.id))
                left -= some
    stock.hand_over(work, [one for one in handed if one[1]])


_Held = list[tuple[stock.Promise, bool]]


def _promises(
    session: Session, lines: Sequence[OrderLine], warehouse_id: int | None
) -> dict[tuple[int, int], _Held]:
    """Promises by (line, variant), each with whether it lies in the warehouse; those first."""
    found = stock.promises(session, KIND, [line.id for line in lines])
    there = set(session.scalars(
        select(Location.id).where(Location.id.in_({one.location_id for one in found}),
                                  Location.warehouse_id == warehouse_id)))
    held: dict[tuple[int, int], _Held] = {}
    for one in sorted(found, key=lambda p: (p.location_id not in there, -p.location_id)):
        held.setdefault((one.demand_id, one.variant_id), []).append((one, one.location_id in there))
    return held


def _reserved_to_go(
    line: OrderLine, count: int, parts: Sequence[tuple[int, int]], mine: Mapping[int, _Held],
    warehouse_id: int | None,
) -> int:
    """How many of the units that go are promised ones."""
    missing = open_units(line) - line.reserved
    at_least = max(0, count - missing)
    if warehouse_id is None or not parts:
        return at_least
    there = min(sum(promise.quantity for promise, here in mine[variant] if here) // per_unit
                for variant, per_unit in parts)
    return max(at_least, min(count, there))


def _cut(session: Session, line: OrderLine, part: Order, count: int, reserved: int) -> OrderLine:
    """A line of the same goods in the other order, of so many units, so many of them promised."""
    frozen = session.execute(
        select(OrderLinePart.variant_id, OrderLinePart.quantity)
        .where(OrderLinePart.line_id == line.id)
    ).all()
    line.quantity -= count
    line.reserved -= reserved
    line.total = _cost(line, part.currency)
    other = OrderLine(
        order_id=part.id, position=line.position, quantity=count, reserved=reserved, total=0,
        **{name: getattr(line, name) for name in (
            "line_ref", "channel_order_id", "listing_id", "variant_id", "sku", "ean", "title",
            "unit_price", "vat_rate", "no_withdrawal")})
    session.add(other)
    session.flush()
    other.total = _cost(other, part.currency)
    if frozen:
        session.execute(insert(OrderLinePart), [
            {"line_id": other.id, "variant_id": variant, "quantity": each}
            for variant, each in frozen])
    return other


def _cost(line: OrderLine, currency: str) -> int:
    return line_total(line.unit_price, line.quantity - line.cancelled, currency)


def twin(line: OrderLine, others: Sequence[OrderLine]) -> OrderLine | None:
    """The line of another order that the same goods of the same position are in."""
    name = line.channel_order_id, line.line_ref
    return next((one for one in others if line.line_ref
                 and (one.channel_order_id, one.line_ref) == name), None)


def _unite_lines(work: Work, order: Order, part: Order) -> int:
    """Lines go back; those of the same position become one. How many units came."""
    session = work.session
    stay, come = order_lines(session, order.id), order_lines(session, part.id)
    handed = []
    taken = {line.position for line in stay}
    for line in come:
        same = twin(line, stay)
        if same is None:
            if line.position in taken:
                line.position = max(taken) + 1
            taken.add(line.position)
            line.order_id = order.id
            continue
        handed += [(promise, promise.quantity, same.id)
                   for promise in stock.promises(session, KIND, [line.id])]
        for name in ("quantity", "cancelled", "shipped", "reserved"):
            setattr(same, name, getattr(same, name) + getattr(line, name))
        same.total = _cost(same, order.currency)
        session.execute(delete(OrderLinePart).where(OrderLinePart.line_id == line.id))
        repaid.unite(session, line.id, same.id)
    units = sum(line.quantity for line in come)
    stock.hand_over(work, handed)
    for line in come:
        if twin(line, stay) is not None:
            session.delete(line)
    session.flush()
    return units


# Money and standing -----------------------------------------------------------------------------


def _set_sums(session: Session, order: Order, sums: parting.Sums) -> None:
    order.items_total, order.shipping_total = sums.items, sums.shipping
    order.discount_total, order.total = sums.discount, sums.total
    order.units = sum(line.quantity for line in order_lines(session, order.id))


def _settle(work: Work, orders: Sequence[Order]) -> None:
    work.session.flush()
    judge_payment(work, orders[0])
    for order in orders:
        if order.phase in (phases.OPEN, phases.PACKING):
            verify_again(work, order)
    refile(work, [order.id for order in orders])
