"""Orders: their standing (queue, strip, counts), phases, holds, and how they are found.

``refile`` is the one place that recomputes where orders stand; whoever changes a fact about an
order calls it in the same transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from oms_web.core.errors import NotFound
from oms_web.core.text import phone_key, squeeze, words
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.orders import filing, phases, same_buyer
from oms_web.domain.orders.checks import Flaw
from oms_web.domain.orders.models import Hold, Order, OrderKey, OrderLine, Status
from oms_web.domain.orders.tally import shift_tally
from oms_web.domain.orders.telling import tell_status
from oms_web.domain.orders.verification import closing, kinds
from oms_web.domain.orders.verification.models import Finding


def get_order(session: Session, order_id: int) -> Order:
    """An order by its number.

    Raises:
        NotFound: there is none.
    """
    order = session.get(Order, order_id)
    if order is None:
        raise NotFound("There is no order %(number)s.", number=order_id)
    return order


def lock_order(session: Session, order_id: int) -> Order:
    """An order that nobody else changes until the end of the transaction, as it is now.

    Those it belongs to are locked with it (``lock_orders``).

    Raises:
        NotFound: there is none.
    """
    for order in lock_orders(session, [order_id]):
        if order.id == order_id:
            return order
    raise NotFound("There is no order %(number)s.", number=order_id)


def lock_orders(session: Session, order_ids: Collection[int]) -> list[Order]:
    """Orders, and all they belong to, that nobody else changes until the end of the transaction.

    What happens to one of a purchase or a parcel concerns the others, and what those belong to as
    well: all of it is locked in one sequence, so that no two wait for each other crosswise.
    What is locked already is not asked for again, unless it belongs to others.
    """
    known = _alone(session, order_ids)
    if known is not None:
        return known
    ids = set(order_ids)
    found: Sequence[Order] = ()
    while kin := ids - {order.id for order in found}:
        ids |= _kin(session, kin)
        found = session.scalars(
            select(Order).where(Order.id.in_(sorted(ids))).order_by(Order.id).with_for_update()
            .execution_options(populate_existing=True)).all()
        ids = {order.id for order in found}  # and who came to them while we waited
        ids |= _related(session, [(one.purchase_id, one.together_id) for one in found])
    if not session.in_nested_transaction():
        _held(session).update((one.id, one) for one in found)
    return list(found)


def _alone(session: Session, order_ids: Collection[int]) -> list[Order] | None:
    """Orders that are locked already and belong to no others, so that nothing about them can be
    news; None if that is not so of all of them.
    """
    held, wanted = _held(session), sorted(set(order_ids))
    known = [held[one] for one in wanted if one in held]
    if len(known) < len(wanted) or any(
            one.purchase_id is not None or one.together_id is not None for one in known):
        return None
    return known


def _held(session: Session) -> dict[int, Order]:
    """The orders that the running transaction has locked. What was locked behind a savepoint is not
    among them: its lock falls with the savepoint.
    """
    running = session.get_transaction()
    known = session.info.get("held")
    if known is None or known[0] is not running:
        known = session.info["held"] = (running, {})
    held: dict[int, Order] = known[1]
    return held


def _kin(session: Session, order_ids: Collection[int]) -> set[int]:
    """Orders with all they belong to, by one or more steps."""
    known: set[int] = set()
    fresh = set(order_ids)
    while fresh:
        known |= fresh
        fresh = _related(session, session.execute(
            select(Order.purchase_id, Order.together_id).where(Order.id.in_(sorted(fresh)))
        ).all()) - known
    return known


def _related(session: Session, groups: Iterable[Sequence[int | None]]) -> set[int]:
    """The orders of these purchases and parcels: pairs of numbers."""
    pairs = list(groups)
    purchases, boxes = ({pair[n] for pair in pairs} - {None} for n in (0, 1))
    if not purchases and not boxes:
        return set()
    return set(session.scalars(select(Order.id).where(
        or_(Order.purchase_id.in_(purchases), Order.together_id.in_(boxes)))))


def order_lines(session: Session, order_id: int) -> list[OrderLine]:
    """The lines of an order, in position order."""
    return list(session.scalars(
        select(OrderLine).where(OrderLine.order_id == order_id).order_by(OrderLine.position)
    ))


def first_status(session: Session, phase: str) -> int | None:
    """The seller's first status of a phase, if there is one."""
    return session.scalar(
        select(Status.id)
        .where(Status.phase == phase, Status.archived_at.is_(None))
        .order_by(Status.position, Status.id)
        .limit(1)
    )


def facts(order: Order, holds: frozenset[str], wanted: int, reserved: int, shipped: int
          ) -> filing.Facts:
    """What filing needs to know of an order, but for those that travel with it."""
    return filing.Facts(
        phase=order.phase, payment_state=order.payment_state, holds=holds, wanted=wanted,
        reserved=reserved, shipped=shipped, picked=order.is_picked, packed=order.is_packed,
        labelled=order.is_labelled, documented=order.is_documented,
        document_due=order.wants_invoice and not order.is_documented,
        undelivered=order.is_undelivered,
    )


def refile(work: Work, order_ids: Collection[int]) -> None:
    """Recompute queue and strip of orders and keep the counts in step: five statements in all.

    With them go the orders that travel in the same parcel: it waits for the slowest of them.
    """
    if not order_ids:
        return
    session = work.session
    session.flush()
    orders = _alone(session, order_ids) or _with_companions(session, order_ids)
    known = _facts_of(session, orders)
    stopped = filing.stopped((order.together_id, known[order.id]) for order in orders)
    moved = []
    for order in orders:
        queue = filing.queue(known[order.id], stopped.get(order.together_id, ""))
        strip = filing.strip(known[order.id])
        if queue != order.queue:
            moved.append((order.queue, queue))
            order.queue = queue
            order.queue_since = work.now
        if strip != order.strip:
            order.strip = strip
        order.updated_at = work.now
    session.flush()
    shift_tally(session, "queue", moved)


def _facts_of(session: Session, orders: Sequence[Order]) -> dict[int, filing.Facts]:
    """What filing needs to know of each order: two statements."""
    ids = [order.id for order in orders]
    sums = {
        row.order_id: row
        for row in session.execute(
            select(
                OrderLine.order_id,
                func.sum(OrderLine.quantity - OrderLine.cancelled).label("wanted"),
                func.sum(OrderLine.reserved).label("reserved"),
                func.sum(OrderLine.shipped).label("shipped"),
            ).where(OrderLine.order_id.in_(ids)).group_by(OrderLine.order_id)
        )
    }
    holds: dict[int, set[str]] = defaultdict(set)
    for order_id, kind in session.execute(
        select(Hold.order_id, Hold.kind).where(Hold.order_id.in_(ids), Hold.released_at.is_(None))
    ):
        holds[order_id].add(kind)
    known = {}
    for order in orders:
        row = sums.get(order.id)
        known[order.id] = facts(
            order, frozenset(holds[order.id]), *(
                (int(row.wanted), int(row.reserved), int(row.shipped)) if row else (0, 0, 0)
            )
        )
    return known


def waits_for(session: Session, order: Order) -> int:
    """The order because of which an order stands in its queue: itself, or one in its parcel."""
    known = _facts_of(session, _with_companions(session, [order.id]))
    if filing.queue(known[order.id]) == order.queue:
        return order.id
    return next((one for one, facts in known.items() if filing.queue(facts) == order.queue),
                order.id)


def _with_companions(session: Session, order_ids: Collection[int]) -> list[Order]:
    """Orders as they are now, and those that travel with any of them and have not left."""
    def read(*where: Any) -> list[Order]:
        return list(session.scalars(
            select(Order).where(*where).execution_options(populate_existing=True)))

    orders = read(Order.id.in_(sorted(order_ids)))
    boxes = {order.together_id for order in orders if order.together_id is not None}
    if boxes:
        orders += read(Order.together_id.in_(boxes), Order.id.not_in(sorted(order_ids)),
                       Order.phase.in_((phases.OPEN, phases.PACKING)))
    return orders


def set_phase(work: Work, order: Order, act: str) -> bool:
    """Take the order to the phase an act leads to; False when it is there already.

    The seller's status follows to the first one of the new phase, unless the present one fits.
    What has left or is closed waits for nothing: its holds and findings end.

    Raises:
        NotAllowedNow: the phase does not permit the act.
    """
    target = phases.after(order.phase, act)
    if target == order.phase:
        return False
    audit.record(work, f"orders.{act}", "order", order.id, {"phase": [order.phase, target]})
    order.phase = target
    if target == phases.SHIPPED and order.shipped_at is None:
        order.shipped_at = work.now
    order.closed_at = work.now if target in phases.CLOSED else None
    follow_status(work, order)
    if target not in phases.HERE:
        release_holds(work, order.id)
        closing.end(work, kinds.LEFT, Finding.order_id == order.id)
    return True


def follow_status(work: Work, order: Order) -> None:
    """Give an order whose status belongs to another phase the first status of its own."""
    present = work.session.get(Status, order.status_id) if order.status_id else None
    if present is not None and present.phase == order.phase:
        return
    was, status_id = order.status_id, first_status(work.session, order.phase)
    if status_id != was:
        shift_tally(work.session, "status", [(was, status_id)])
        order.status_id, order.status_since = status_id, work.now
        tell_status(work, order, was)


def restore_status(work: Work, order: Order, status_id: int | None) -> None:
    """Give an order whose change was recalled the status it had, if that fits its phase.

    Its channel knows that one; it is told only if the order ends up with another.
    """
    status = work.session.get(Status, status_id) if status_id else None
    fits = status_id is None or (status is not None and status.phase == order.phase)
    if fits and order.status_id != status_id:
        shift_tally(work.session, "status", [(order.status_id, status_id)])
        order.status_id, order.status_since = status_id, work.now
    if order.status_id != status_id:
        tell_status(work, order)


def set_hold(work: Work, order_id: int, flaw: Flaw) -> Hold:
    """Hold an order, unless a hold of that kind is open already (its detail is renewed then)."""
    present = work.session.scalar(
        select(Hold).where(Hold.order_id == order_id, Hold.kind == flaw.kind,
                           Hold.released_at.is_(None))
    )
    if present is not None:
        present.detail = dict(flaw.detail)
        return present
    hold = Hold(order_id=order_id, kind=flaw.kind, detail=dict(flaw.detail),
                set_at=work.now, set_by=work.actor.name)
    work.session.add(hold)
    audit.record(work, "orders.hold", "order", order_id, {"hold": [None, flaw.kind]},
                 note=str(flaw.detail.get("reason") or "") or None)
    return hold


def release_holds(work: Work, order_id: int, kinds: Collection[str] | None = None) -> int:
    """Release open holds, all or only those of some kinds; how many there were."""
    query = select(Hold).where(Hold.order_id == order_id, Hold.released_at.is_(None))
    found = work.session.scalars(
        query if kinds is None else query.where(Hold.kind.in_(kinds))
    ).all()
    for hold in found:
        hold.released_at = work.now
        hold.released_by = work.actor.name
        audit.record(work, "orders.release", "order", order_id, {"hold": [hold.kind, None]})
    return len(found)


def search_keys(order: Mapping[str, Any]) -> set[str]:
    """The folded words by which an order row can be found."""
    ship_to = order.get("ship_to") or {}
    keys = set(words(order["buyer_name"]))
    keys.update(words(ship_to.get("name") or ""))
    keys.update(words(order["buyer_company"]))
    keys.add(order["buyer_email"].strip().lower())
    keys.add(phone_key(order["buyer_phone"]))
    keys.add(squeeze(order["tax_id"]))
    keys.add(squeeze(order["external_number"]))
    return {key[:120] for key in keys if len(key) > 1}


def write_keys(session: Session, keys: Mapping[int, Collection[str]]) -> None:
    """Make orders findable: order id -> its keys. Only for orders that have none yet."""
    rows = [
        {"key": key, "order_id": order_id}
        for order_id, found in keys.items() for key in sorted(found)
    ]
    if rows:
        session.execute(insert(OrderKey.__table__), rows)


def rewrite_keys(work: Work, order: Order) -> None:
    """Renew the keys by which an order whose buyer or address changed, and its buyer, are found."""
    work.session.execute(delete(OrderKey).where(OrderKey.order_id == order.id))
    row = {name: getattr(order, name) for name in (
        "ship_to", "buyer_name", "buyer_company", "buyer_email", "buyer_phone", "tax_id",
        "external_number",
    )}
    write_keys(work.session, {order.id: search_keys(row)})
    order.buyer_key = same_buyer.key_again(order.buyer_key, row)


_SET_LINE = (
    update(OrderLine.__table__)
    .where(OrderLine.__table__.c.id == bindparam("line"))
    .values(reserved=OrderLine.__table__.c.reserved + bindparam("by"))
)


def count_reserved(session: Session, change: Sequence[tuple[int, int]]) -> None:
    """Add to the reserved units of lines: (line id, difference)."""
    rows = [{"line": line, "by": by} for line, by in sorted(change) if by]
    if rows:
        session.flush()
        session.connection().execute(_SET_LINE, rows)
