"""A promised unit is not there, or not fit to be sold: the promise moves, or the order lacks it.

The unit itself leaves stock in the same step (as a count difference, or as scrap); were it only
let go, it would be promised to the next order at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.errors import NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.orders.reserving import KIND, allowed_ranks, line_parts, payment_deadline
from oms_web.domain.orders.service import count_reserved, refile
from oms_web.domain.stock import service as stock
from oms_web.domain.stock.allocation import Take
from oms_web.domain.stock.models import Location


@dataclass(frozen=True, slots=True)
class Loss:
    """Units of a variant, promised to an order line from a place, that it will not get from there.

    ``to`` is where they go: ``COUNT`` when they are missing, ``SCRAP`` when they are damaged, None
    when they stay (the shelf cannot be reached). ``cause`` is unique for ever.
    """

    order: Order
    line: OrderLine
    variant_id: int
    location_id: int
    units: int
    to: int | None
    reason: str = ""
    cause: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Places that serve instead (place, units), and whole units of the line that are lost."""

    instead: tuple[tuple[int, int], ...]
    lost: int


def other_places(session: Session, loss: Loss) -> list[Take]:
    """Free units elsewhere that could serve instead: the same warehouse first, then by rank."""
    ranks = allowed_ranks(session, loss.order.account_id)
    shelves = stock.shelves(session, [loss.variant_id]).get(loss.variant_id, [])
    home = session.scalar(select(Location.warehouse_id).where(Location.id == loss.location_id))
    usable = sorted(
        (shelf for shelf in shelves
         if shelf.location_id != loss.location_id and shelf.warehouse_id in ranks),
        key=lambda s: (s.warehouse_id != home, ranks[s.warehouse_id], s.path_order,
                       s.location_id),
    )
    takes, wanted = [], loss.units
    for shelf in usable:
        some = min(shelf.free, wanted)
        if some:
            takes.append(Take(loss.line.id, loss.variant_id, shelf.location_id, some))
            wanted -= some
    return takes


def lose(work: Work, loss: Loss, *, all_or_nothing: bool = False) -> Outcome:
    """Take units off a promise and put others in their place as far as there are any.

    A bundle that cannot be made up again loses whole units: its other parts become free too.

    Raises:
        NotAllowedNow: so many units are not promised there; or, with ``all_or_nothing``, no other
            shelf has them all.
    """
    session = work.session
    promise = next(
        (p for p in stock.promises(session, KIND, [loss.line.id])
         if (p.variant_id, p.location_id) == (loss.variant_id, loss.location_id)), None
    )
    if promise is None or promise.quantity < loss.units:
        raise NotAllowedNow("%(title)s: so many units are not promised from this shelf.",
                            title=loss.line.title)
    takes = other_places(session, loss)
    missing = loss.units - sum(take.quantity for take in takes)
    if missing and all_or_nothing:
        raise NotAllowedNow("No other shelf has %(units)s free units.", units=loss.units)
    _end(work, loss, promise)
    deadline = payment_deadline(session, loss.order)
    stock.reserve(work, KIND, takes, {loss.line.id: deadline} if deadline else None,
                  announce=False)
    lost = _shrink(work, loss, missing) if missing else 0
    audit.record(
        work, "fulfilment.lost", "order", loss.order.id,
        {loss.line.title: [loss.units, loss.units - missing]}, note=loss.note or None,
    )
    refile(work, [loss.order.id])
    return Outcome(tuple((take.location_id, take.quantity) for take in takes), lost)


def _end(work: Work, loss: Loss, promise: stock.Promise) -> None:
    if loss.to is None:
        stock.release(work, [(promise, loss.units)])
        return
    stock.take_promised(work, [(promise, stock.MoveWanted(
        loss.variant_id, loss.location_id, loss.to, loss.units, loss.cause, loss.reason,
        order_id=loss.order.id, note=loss.note or None, promised=loss.units,
    ))])


def _shrink(work: Work, loss: Loss, missing: int) -> int:
    """The line loses the whole units that ``missing`` parts break; their other parts are let go."""
    session = work.session
    parts = dict(line_parts(session, [loss.line])[loss.line.id])
    whole = -(-missing // parts[loss.variant_id])
    ended = []
    for variant, per_unit in parts.items():
        left = whole * per_unit - (missing if variant == loss.variant_id else 0)
        for promise in reversed(stock.promises(session, KIND, [loss.line.id])):
            if promise.variant_id == variant and left:
                some = min(left, promise.quantity)
                ended.append((promise, some))
                left -= some
    stock.release(work, ended)
    count_reserved(session, [(loss.line.id, -whole)])
    session.expire(loss.line, ["reserved"])
    return whole
