"""Pick lists and pack scans: the walk through the shelves and the record of the bench."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import NotNullable, Select, and_, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from oms_web.core.db import rows_changed
from oms_web.core.errors import NotAllowedNow, NotFound
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.fulfilment import carts, scan
from oms_web.domain.fulfilment.models import (
    NoteConfirmation,
    PackScan,
    PickList,
    PickScan,
    PickTask,
)
from oms_web.domain.orders.models import Note
from oms_web.domain.users.models import User

OPEN, DONE, CANCELLED = "open", "done", "cancelled"
COUNTED = (scan.OK, "hand")
MOST_ORDERS = 200

_STATE_SAYS = {
    DONE: "This pick list is done.",
    CANCELLED: "This pick list was given up.",
    OPEN: "This pick list is still open.",
}


@dataclass(frozen=True, slots=True)
class Errand:
    """Units to be taken from a place for an order line."""

    order_id: int
    line_id: int
    variant_id: int
    location_id: int
    quantity: int


def get_list(session: Session, list_id: int) -> PickList:
    """A pick list.

    Raises:
        NotFound: there is none.
    """
    found = session.get(PickList, list_id)
    if found is None:
        raise NotFound("There is no such pick list.")
    return found


def lock_list(session: Session, list_id: int, *states: str) -> PickList:
    """A pick list that nobody else changes until the end of the transaction.

    Raises:
        NotFound: there is none.
        NotAllowedNow: it is in another state than those asked for.
    """
    found = session.scalar(
        select(PickList).where(PickList.id == list_id)
        .with_for_update().execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("There is no such pick list.")
    if states and found.state not in states:
        raise NotAllowedNow(_STATE_SAYS[found.state], states)
    return found


def any_list_since(session: Session, since: datetime) -> bool:
    """Whether a pick list was made since then that was not given up."""
    return session.scalar(
        select(PickList.id).where(PickList.created_at > since, PickList.state != CANCELLED)
        .order_by(PickList.id.desc()).limit(1)
    ) is not None


def on_open_lists(
    session: Session, order_ids: Collection[int], warehouse_id: int
) -> dict[int, int]:
    """Which of the orders are on an open list of a warehouse: order -> list."""
    rows = session.execute(
        select(PickTask.order_id, PickTask.pick_list_id)
        .join(PickList, PickList.id == PickTask.pick_list_id)
        .where(PickTask.order_id.in_(sorted(order_ids)), PickList.state == OPEN,
               PickList.warehouse_id == warehouse_id).distinct()
    )
    return dict(rows.all())


def taken() -> Select[int]:
    """Errands of open lists, and those whose goods lie in a basket."""
    return select(PickTask.id).join(PickList, PickList.id == PickTask.pick_list_id).where(
        or_(PickList.state == OPEN, (PickList.state == DONE) & (PickTask.picked > 0)))


def in_hand(session: Session, order_id: int) -> bool:
    """Whether an order is on an open list, or goods that a walk took for it lie in a basket."""
    return session.scalar(taken().where(PickTask.order_id == order_id).limit(1)) is not None


def make_list(
    work: Work, warehouse_id: int, errands: Sequence[Errand], baskets: Mapping[int, int],
    method: str = carts.CART, wave: Mapping[str, Any] | None = None,
) -> PickList:
    """A list of these errands; ``baskets``: order -> its slot on the cart, 0 for none."""
    made = PickList(warehouse_id=warehouse_id, state=OPEN, created_by=work.actor.name,
                    created_at=work.now, assigned_to=None, method=method, wave=dict(wave or {}))
    work.session.add(made)
    work.session.flush()
    add_errands(work, made, errands, baskets)
    audit.record_many(work, [
        audit.entry(work, "picking.start", "pick_list", made.id,
                    {"basket": [None, basket]}, order_id=order_id)
        for order_id, basket in baskets.items()
    ])
    return made


def own(work: Work, made: PickList, *, anyway: bool = False) -> bool:
    """Units of a list are taken by its owner only; one without an owner gets one. Lock it first.

    Args:
        anyway: take it over from whoever owns it.

    Returns:
        Whether that changed its owner.

    Raises:
        NotAllowedNow: somebody else picks this list.
    """
    me = work.actor.id if work.actor.kind == "user" else None
    before = made.assigned_to
    if (before is None and me is None) or before == me:
        return False
    if before is not None and not anyway:
        raise NotAllowedNow("%(name)s picks this list. Take it over first.",
                            name=owner_name(work.session, made) or "?")
    names = [owner_name(work.session, made), work.actor.name]
    made.assigned_to = me
    audit.record(work, "picking.own", "pick_list", made.id, {"picker": names})
    work.session.flush()
    return True


def owner_name(session: Session, made: PickList) -> str | None:
    """Who picks a list; None when it waits for somebody."""
    return session.scalar(select(User.name).where(User.id == made.assigned_to)) \
        if made.assigned_to else None


def add_errands(
    work: Work, made: PickList, errands: Sequence[Errand], baskets: Mapping[int, int]
) -> None:
    """Write errands into a list; more units from the same place join the task that is there."""
    present = {
        (task.line_id, task.variant_id, task.location_id): task
        for task in work.session.scalars(
            select(PickTask).where(PickTask.pick_list_id == made.id,
                                   PickTask.line_id.in_({e.line_id for e in errands}))
        )
    }
    rows = []
    for errand in errands:
        task = present.get((errand.line_id, errand.variant_id, errand.location_id))
        if task is not None:
            task.quantity += errand.quantity
            continue
        rows.append({
            "pick_list_id": made.id, "order_id": errand.order_id, "line_id": errand.line_id,
            "variant_id": errand.variant_id, "location_id": errand.location_id,
            "quantity": errand.quantity, "basket": baskets[errand.order_id],
            "picked": 0, "short": 0,
        })
    work.session.flush()
    if rows:
        work.session.execute(insert(PickTask.__table__), rows)


def set_picked(work: Work, list_id: int, units: Mapping[int, int]) -> int:
    """Say how many units of tasks are taken (task -> units); how many tasks that changed."""
    tasks = work.session.scalars(
        select(PickTask).where(PickTask.pick_list_id == list_id, PickTask.id.in_(sorted(units)))
    ).all()
    changed = 0
    for task in tasks:
        picked = min(max(0, units[task.id]), task.quantity - task.short)
        if picked != task.picked:
            task.picked = picked
            changed += 1
    work.session.flush()
    return changed


def finish_list(work: Work, made: PickList) -> None:
    """Close the walk."""
    made.state, made.done_at = DONE, work.now
    work.session.flush()
    orders = work.session.scalars(
        select(PickTask.order_id).where(PickTask.pick_list_id == made.id).distinct()
    ).all()
    audit.record_many(work, [
        audit.entry(work, "picking.done", "pick_list", made.id, {"state": [OPEN, DONE]},
                    order_id=order_id)
        for order_id in sorted(orders)
    ])


def reopen_list(work: Work, made: PickList) -> None:
    """Take a finished walk up again."""
    made.state, made.done_at = OPEN, None
    audit.record(work, "picking.reopen", "pick_list", made.id, {"state": [DONE, OPEN]})
    work.session.flush()


def cancel_list(work: Work, made: PickList) -> None:
    """Give a walk up; its orders can go on other lists."""
    made.state, made.done_at = CANCELLED, work.now
    audit.record(work, "picking.cancel", "pick_list", made.id, {"state": [OPEN, CANCELLED]})
    work.session.flush()


def forget_orders(work: Work, order_ids: Collection[int], list_id: int | None = None) -> int:
    """Take orders off their lists (or off one of them); how many tasks that were.

    An order that is put back starts its next walk from nothing, so finished walks forget it too.
    """
    doomed = delete(PickTask).where(PickTask.order_id.in_(sorted(order_ids)))
    if list_id is not None:
        doomed = doomed.where(PickTask.pick_list_id == list_id)
    removed = rows_changed(work.session, doomed.execution_options(synchronize_session=False))
    return int(removed)


def forget_places(
    work: Work, order_id: int, places: Collection[tuple[int, int, int]]
) -> None:
    """Forget what walks took for an order from these (line, variant, location) places."""
    tasks = work.session.scalars(select(PickTask).where(PickTask.order_id == order_id)).all()
    for task in tasks:
        if (task.line_id, task.variant_id, task.location_id) in places:
            work.session.delete(task)
    work.session.flush()


def picked_places(
    session: Session, order_ids: Collection[int]
) -> dict[int, dict[tuple[int, int, int], int]]:
    """What finished walks took: order -> (line, variant, location) -> units."""
    found: dict[int, dict[tuple[int, int, int], int]] = defaultdict(dict)
    rows = session.execute(
        select(PickTask.order_id, PickTask.line_id, PickTask.variant_id, PickTask.location_id,
               PickTask.picked)
        .join(PickList, PickList.id == PickTask.pick_list_id)
        .where(PickTask.order_id.in_(sorted(order_ids)), PickList.state == DONE)
    )
    for order_id, line_id, variant_id, location_id, picked in rows:
        place = line_id, variant_id, location_id
        found[order_id][place] = max(picked, found[order_id].get(place, 0))
    return dict(found)


def basket_order(session: Session, list_id: int, basket: int) -> int | None:
    """The order whose goods are in a basket of a list."""
    return session.scalar(
        select(PickTask.order_id)
        .where(PickTask.pick_list_id == list_id, PickTask.basket == basket).limit(1)
    )


def pick_scan_by_key(session: Session, key: str) -> PickScan | None:
    """The scan on a walk that carried this key, if it was counted already."""
    return session.scalar(select(PickScan).where(PickScan.key == key))


def record_pick_scan(work: Work, list_id: int, key: str, variant_id: int, units: int) -> None:
    """Write down that a scan took units on a walk."""
    work.session.add(PickScan(pick_list_id=list_id, key=key, at=work.now, variant_id=variant_id,
                              units=units, actor=work.actor.name))
    work.session.flush()


# The bench -----------------------------------------------------------------------------------


def scan_by_key(session: Session, key: str) -> PackScan | None:
    """The scan that carried this key, if it was counted already."""
    return session.scalar(select(PackScan).where(PackScan.key == key)) if key else None


def record_scan(
    work: Work, shipment_id: int, key: str, code: str, variant_id: int | None, result: str,
    parcel: int = 1,
) -> PackScan:
    """Write down a scan and what it meant."""
    made = PackScan(shipment_id=shipment_id, key=key, at=work.now, code=code[:120],
                    variant_id=variant_id, result=result, parcel=parcel, actor=work.actor.name)
    work.session.add(made)
    work.session.flush()
    return made


def scanned_into(session: Session, shipment_id: int) -> dict[int, Counter[int]]:
    """What was scanned into each parcel: position -> variant -> scans."""
    found: dict[int, Counter[int]] = defaultdict(Counter)
    rows = session.execute(
        select(PackScan.parcel, NotNullable(PackScan.variant_id))
        .where(PackScan.shipment_id == shipment_id, PackScan.result.in_(COUNTED),
               PackScan.variant_id.is_not(None))
    )
    for parcel, variant_id in rows:
        found[parcel][variant_id] += 1
    return dict(found)


def unread_notes(session: Session, order_ids: Collection[int], shipment_id: int) -> int:
    """How many notes of the orders in a parcel its packer has not confirmed yet."""
    return session.scalar(
        select(func.count()).select_from(Note)
        .outerjoin(NoteConfirmation, and_(NoteConfirmation.note_id == Note.id,
                                          NoteConfirmation.shipment_id == shipment_id))
        .where(Note.order_id.in_(order_ids), Note.for_packer,
               NoteConfirmation.note_id.is_(None))
    ) or 0


def confirm_note(work: Work, note_id: int, shipment_id: int) -> bool:
    """Write down that the packer of a parcel has read a note; False if it was known."""
    if work.session.get(NoteConfirmation, (note_id, shipment_id)) is not None:
        return False
    work.session.add(NoteConfirmation(note_id=note_id, shipment_id=shipment_id, at=work.now,
                                      actor=work.actor.name))
    work.session.flush()
    return True


def confirmations(session: Session, order_id: int) -> dict[int, list[NoteConfirmation]]:
    """Who has read the notes of an order: note -> confirmations, first to last."""
    found: dict[int, list[NoteConfirmation]] = defaultdict(list)
    for one in session.scalars(
        select(NoteConfirmation).join(Note, Note.id == NoteConfirmation.note_id)
        .where(Note.order_id == order_id).order_by(NoteConfirmation.at)
    ):
        found[one.note_id].append(one)
    return dict(found)


def forget_note(work: Work, note_id: int) -> None:
    """A note goes; so does who read it. The trail keeps both."""
    work.session.execute(delete(NoteConfirmation).where(NoteConfirmation.note_id == note_id))


def void_scans(work: Work, shipment_id: int) -> None:
    """The parcel was taken apart: none of its scans counts any more."""
    work.session.execute(
        update(PackScan)
        .where(PackScan.shipment_id == shipment_id, PackScan.result.in_(COUNTED))
        .values(result="undone").execution_options(synchronize_session=False)
    )
