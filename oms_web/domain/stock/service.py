"""The one writer of the stock ledger, the reservations and the balances beside them.

Rows are always touched in (variant, location) order, and every taking is a conditional UPDATE, so
two takers of the last unit cannot both succeed, whatever they believed before. All functions work
on many rows at once; none of them loops over the database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import NotNullable, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from oms_web.core.db import upsert
from oms_web.core.errors import Invalid, NotFound, ShortStock
from oms_web.core.work import Work
from oms_web.domain.stock.allocation import Shelf, Take
from oms_web.domain.stock.events import StockChanged
from oms_web.domain.stock.models import (
    KEEP_NO_BALANCE,
    Balance,
    Location,
    Move,
    Reservation,
    Warehouse,
)

Place = tuple[int, int]  # (variant_id, location_id)


@dataclass(frozen=True, slots=True)
class MoveWanted:
    """Units to move. ``cause`` is unique for ever: the same cause again moves nothing.

    ``promised`` of the units were reserved and their reservation ends with this move.
    ``reason``: ``receipt sale return transfer correction count write_off``.
    """

    variant_id: int
    from_id: int
    to_id: int
    quantity: int
    cause: str
    reason: str
    order_id: int | None = None
    document_id: int | None = None
    note: str | None = None
    promised: int = 0


def warehouse_ranks(session: Session, only: Collection[int] = ()) -> dict[int, int]:
    """Active warehouses and their rank (lower is asked first); ``only`` keeps some of them."""
    rows = session.execute(select(Warehouse.id, Warehouse.rank).where(Warehouse.active))
    return {id_: rank for id_, rank in rows if not only or id_ in only}


def default_bin(session: Session, warehouse_id: int | None = None, *, sellable: bool = True) -> int:
    """The bin that units go to when nobody names one: first by walking order.

    Raises:
        NotFound: there is no warehouse or no bin yet.
    """
    query = (
        select(Location.id)
        .join(Warehouse, Warehouse.id == Location.warehouse_id)
        .where(Location.kind == "bin", Location.active, Warehouse.active)
        .order_by((Location.sellable == sellable).desc(), Warehouse.rank, Warehouse.id,
                  Location.path_order, Location.id)
        .limit(1)
    )
    if warehouse_id is not None:
        query = query.where(Location.warehouse_id == warehouse_id)
    found = session.scalar(query)
    if found is None:
        raise NotFound("There is no warehouse with a bin yet. Add one first.")
    return found


def shelves(session: Session, variant_ids: Collection[int]) -> dict[int, list[Shelf]]:
    """Sellable places with free units, per variant, locked until the end of the transaction."""
    if not variant_ids:
        return {}
    found: dict[int, list[Shelf]] = defaultdict(list)
    rows = session.execute(
        select(Balance.variant_id, Balance.location_id, NotNullable(Location.warehouse_id),
               Location.path_order, Balance.on_hand - Balance.reserved)
        .join(Location, Location.id == Balance.location_id)
        .where(Balance.variant_id.in_(sorted(variant_ids)), Location.sellable, Location.active,
               Balance.on_hand > Balance.reserved)
        .order_by(Balance.variant_id, Balance.location_id)
        .with_for_update(of=Balance)
    )
    for variant_id, location_id, warehouse_id, path_order, free in rows:
        found[variant_id].append(Shelf(location_id, warehouse_id, path_order, free))
    return found


def lock_units(session: Session, variant_ids: Collection[int]) -> None:
    """Lock all balances of variants, also of places that have nothing free, in one go.

    For those who let promises go and make others instead: row by row they would lock out of order.
    """
    session.execute(
        select(Balance.variant_id).where(Balance.variant_id.in_(sorted(variant_ids)))
        .order_by(Balance.variant_id, Balance.location_id).with_for_update())


def free_units(
    session: Session, variant_ids: Collection[int], warehouse_ids: Collection[int] = ()
) -> dict[int, int]:
    """Free units in sellable places, per variant; zero where there is none."""
    query = (
        select(Balance.variant_id, Balance.on_hand - Balance.reserved, Location.warehouse_id)
        .join(Location, Location.id == Balance.location_id)
        .join(Warehouse, Warehouse.id == Location.warehouse_id)
        .where(Balance.variant_id.in_(sorted(variant_ids)), Location.sellable, Location.active,
               Warehouse.active)
    )
    free = dict.fromkeys(variant_ids, 0)
    for variant_id, units, warehouse_id in session.execute(query):
        if not warehouse_ids or warehouse_id in warehouse_ids:
            free[variant_id] += units
    return free


def reserve(
    work: Work,
    demand_kind: str,
    takes: Sequence[Take],
    expires: Mapping[int, datetime] | None = None,
    *,
    announce: bool = True,
) -> None:
    """Promise units to demands. ``expires`` gives some demands a moment when the promise ends.

    Raises:
        ShortStock: a place has fewer free units than a take says; nothing is changed then.
    """
    if not takes:
        return
    change: dict[Place, int] = defaultdict(int)
    rows: dict[tuple[int, int, int], int] = defaultdict(int)
    for take in takes:
        change[take.variant_id, take.location_id] += take.quantity
        rows[take.demand_id, take.variant_id, take.location_id] += take.quantity
    _change_balances(work.session, {place: (0, units) for place, units in change.items()})
    expires = expires or {}
    statement = upsert(work.session, Reservation)
    statement = statement.on_conflict_do_update(
        index_elements=["demand_kind", "demand_id", "variant_id", "location_id"],
        set_={"quantity": Reservation.quantity + statement.excluded.quantity,
              "expires_at": statement.excluded.expires_at},
    )
    work.session.execute(statement, [
        {"demand_kind": demand_kind, "demand_id": demand, "variant_id": variant,
         "location_id": location, "quantity": units, "created_at": work.now,
         "expires_at": expires.get(demand)}
        for (demand, variant, location), units in rows.items()
    ])
    if announce:
        work.announce(StockChanged(sorted({variant for variant, _ in change})))


@dataclass(frozen=True, slots=True)
class Promise:
    """A reservation row as others see it."""

    id: int
    demand_id: int
    variant_id: int
    location_id: int
    quantity: int
    demand_kind: str = ""


def promises(session: Session, demand_kind: str, demand_ids: Collection[int]) -> list[Promise]:
    """The reservations of demands, in (variant, location) order."""
    rows = session.execute(
        select(Reservation.id, Reservation.demand_id, Reservation.variant_id,
               Reservation.location_id, Reservation.quantity, Reservation.demand_kind)
        .where(Reservation.demand_kind == demand_kind,
               Reservation.demand_id.in_(sorted(demand_ids)))
        .order_by(Reservation.variant_id, Reservation.location_id, Reservation.id)
    )
    return [Promise(*row) for row in rows]


def promises_at(session: Session, place: Place) -> list[Promise]:
    """The reservations of one place, the youngest first: these give way when units are missing."""
    rows = session.execute(
        select(Reservation.id, Reservation.demand_id, Reservation.variant_id,
               Reservation.location_id, Reservation.quantity, Reservation.demand_kind)
        .where(Reservation.variant_id == place[0], Reservation.location_id == place[1])
        .order_by(Reservation.id.desc())
    )
    return [Promise(*row) for row in rows]


def release(work: Work, released: Iterable[tuple[Promise, int]], *, announce: bool = True) -> None:
    """Let go ``units`` of each promise. Units that were promised become free."""
    freed = _end_promises(work, released)
    _change_balances(work.session, {place: (0, -units) for place, units in freed.items()})
    if freed and announce:
        work.announce(StockChanged(sorted({variant for variant, _ in freed}), more=True))


def _end_promises(work: Work, ended: Iterable[tuple[Promise, int]]) -> dict[Place, int]:
    """Shorten or remove reservation rows; how many units that is per place."""
    freed: dict[Place, int] = defaultdict(int)
    whole: list[int] = []
    for promise, units in ended:
        if units <= 0:
            continue
        if units > promise.quantity:
            raise Invalid("More units than were promised cannot be let go.")
        freed[promise.variant_id, promise.location_id] += units
        if units == promise.quantity:
            whole.append(promise.id)
        else:
            work.session.execute(
                update(Reservation).where(Reservation.id == promise.id)
                .values(quantity=Reservation.quantity - units)
            )
    if whole:
        work.session.execute(delete(Reservation).where(Reservation.id.in_(whole)))
    return freed


def hand_over(work: Work, handed: Sequence[tuple[Promise, int, int]]) -> None:
    """Promised units go to another demand of the same kind: (promise, units, demand).

    Nothing becomes free, and each promise still ends when it would have ended.
    """
    if not handed:
        return
    ends = dict(work.session.execute(
        select(Reservation.id, Reservation.expires_at)
        .where(Reservation.id.in_({promise.id for promise, _, _ in handed}))
    ).all())
    rows = [
        {"demand_kind": promise.demand_kind, "demand_id": demand, "variant_id": promise.variant_id,
         "location_id": promise.location_id, "quantity": units, "created_at": work.now,
         "expires_at": ends[promise.id]}
        for promise, units, demand in handed if units
    ]
    _end_promises(work, [(promise, units) for promise, units, _ in handed])
    statement = upsert(work.session, Reservation)
    work.session.execute(statement.on_conflict_do_update(
        index_elements=["demand_kind", "demand_id", "variant_id", "location_id"],
        set_={"quantity": Reservation.quantity + statement.excluded.quantity},
    ), rows)


def take_promised(work: Work, taken: Sequence[tuple[Promise, MoveWanted]]) -> None:
    """Move promised units out: the promise ends and the units go, together.

    Raises:
        ShortStock: the place does not hold them (the ledger and the promise disagree).
    """
    _end_promises(work, [(promise, move.quantity) for promise, move in taken])
    move_units(work, [move for _, move in taken])


def move_units(work: Work, moves: Sequence[MoveWanted], *, announce: bool = True) -> int:
    """Write moves into the ledger and follow them in the balances; how many were new.

    Raises:
        ShortStock: a place would hold less than nothing, or less than is promised from it.
    """
    moves = _not_yet_made(work.session, moves)
    if not moves:
        return 0
    work.session.execute(insert(Move.__table__), [_move_row(work, move) for move in moves])
    change: dict[Place, list[int]] = defaultdict(lambda: [0, 0])
    for move in moves:
        if move.from_id not in KEEP_NO_BALANCE:
            change[move.variant_id, move.from_id][0] -= move.quantity
            change[move.variant_id, move.from_id][1] -= move.promised
        if move.to_id not in KEEP_NO_BALANCE:
            change[move.variant_id, move.to_id][0] += move.quantity
    _change_balances(work.session, {place: (a, b) for place, (a, b) in change.items()})
    if announce:
        rose = any(units > 0 for units, _ in change.values())
        work.announce(StockChanged(sorted({variant for variant, _ in change}), more=rose))
    return len(moves)


def _move_row(work: Work, move: MoveWanted) -> dict[str, Any]:
    return {
        "at": work.now, "variant_id": move.variant_id, "from_id": move.from_id,
        "to_id": move.to_id, "quantity": move.quantity, "cause": move.cause,
        "reason": move.reason, "order_id": move.order_id, "document_id": move.document_id,
        "actor": work.actor.name, "note": move.note,
    }


def _not_yet_made(session: Session, moves: Sequence[MoveWanted]) -> list[MoveWanted]:
    known = set(session.scalars(select(Move.cause).where(Move.cause.in_([m.cause for m in moves]))))
    fresh: dict[str, MoveWanted] = {}
    for move in moves:
        if move.quantity <= 0:
            raise Invalid("A move needs a quantity above zero.", "quantity")
        if move.cause not in known:
            fresh.setdefault(move.cause, move)
    return list(fresh.values())


def lock_balance(session: Session, variant_id: int, location_id: int) -> int:
    """The units a place holds of a variant, which nobody else changes before we are done."""
    _open_balances(session, [(variant_id, location_id)])
    return session.scalars(
        select(Balance.on_hand)
        .where(Balance.variant_id == variant_id, Balance.location_id == location_id)
        .with_for_update()
    ).one()


def _open_balances(session: Session, places: Sequence[Place]) -> None:
    """Give places that never held anything a row: what is not there cannot be locked."""
    if places:
        session.execute(
            upsert(session, Balance).on_conflict_do_nothing(),
            [{"variant_id": v, "location_id": p, "on_hand": 0, "reserved": 0} for v, p in places],
        )


def _change_balances(session: Session, change: Mapping[Place, tuple[int, int]]) -> None:
    """Apply (on hand, reserved) differences, refusing any that would break a promise."""
    ordered = sorted((place, delta) for place, delta in change.items() if delta != (0, 0))
    _open_balances(session, [place for place, (on_hand, _) in ordered if on_hand > 0])
    if not ordered:
        return
    done = session.connection().execute(_CHANGE, [
        {"v": variant, "p": location, "dh": on_hand, "dr": reserved}
        for (variant, location), (on_hand, reserved) in ordered
    ])
    if done.rowcount != len(ordered):
        raise ShortStock("There are fewer units than this needs.")


_CHANGE = (
    update(Balance.__table__)
    .where(
        Balance.__table__.c.variant_id == bindparam("v"),
        Balance.__table__.c.location_id == bindparam("p"),
        Balance.__table__.c.on_hand + bindparam("dh")
        >= Balance.__table__.c.reserved + bindparam("dr"),
        Balance.__table__.c.reserved + bindparam("dr") >= 0,
    )
    .values(
        on_hand=Balance.__table__.c.on_hand + bindparam("dh"),
        reserved=Balance.__table__.c.reserved + bindparam("dr"),
    )
)
