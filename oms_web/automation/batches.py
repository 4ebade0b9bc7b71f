"""Bulk changes: the same act on many orders, each with its result.

A row is done together with its result, so a worker that dies goes on where it stopped and nothing
is done twice. What is refused is named with its reason and stops no other: a few orders share a
transaction, each behind a savepoint of its own. A batch is taken back as a whole by another batch,
made of what its rows say would undo them.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import func, insert, select, update

from oms_web.automation import acts
from oms_web.automation.acts import Done
from oms_web.core.actor import SYSTEM, Actor, ActorKind
from oms_web.core.claims import enqueue
from oms_web.core.db import rows_changed
from oms_web.core.errors import Invalid, InvalidForm, NotAllowedNow, NotFound, OmsError
from oms_web.core.work import Work, Works
from oms_web.domain.automation.models import Batch, BatchRow
from oms_web.domain.orders import outgoing
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.service import lock_orders

TASK = "batch"
UNDO = "undo"
MOST = 20_000
"""Orders of one batch."""
PAGE = 100
AT_ONCE = 25
"""Orders of one transaction, unless their act keeps each to itself (``Act.alone``)."""
NO_LONGER = 0.1
"""Seconds after which a transaction takes no more orders: others want to write, too."""
_PAUSE = 0.002  # longer than who waits for a turn sleeps (core/turns.py)
WAITING, RUNNING, DONE = "waiting", "running", "done"
CHANGED, THE_SAME, REFUSED = "changed", "same", "refused"


def start(work: Work, key: str, values: Mapping[str, Any], order_ids: Sequence[int]) -> Batch:
    """Ask for an act on many orders; a worker does it.

    Raises:
        Invalid: no orders, or more than ``MOST``.
        InvalidForm: the parameters are wrong.
        NotFound: no such act, or an order that is not there.
    """
    params = acts.clean(work.session, acts.get(key), values)
    ids = list(dict.fromkeys(order_ids))
    if not ids:
        raise Invalid("Choose at least one order.", "order")
    if len(ids) > MOST:
        raise Invalid("At most %(n)s orders at once.", "order", n=MOST)
    unknown = set(ids).difference(
        work.session.scalars(select(Order.id).where(Order.id.in_(ids))))
    if unknown:
        raise NotFound("There is no order %(number)s.", number=min(unknown))
    return _write(work, key, params, [(one, []) for one in ids])


def undo(work: Work, batch_id: int) -> Batch:
    """Take a batch back: every order that it changed and that can go back, the last one first.

    Raises:
        NotFound: no such batch.
        NotAllowedNow: it runs still, was taken back before, or nothing of it can go back.
    """
    batch = get(work, batch_id)
    if batch.state != DONE:
        raise NotAllowedNow("This change is still running.")
    if batch.undone_by is not None:
        raise NotAllowedNow("This change was taken back already.")
    rows = [
        (order_id, steps) for order_id, steps in work.session.execute(
            select(BatchRow.order_id, BatchRow.undo)
            .where(BatchRow.batch_id == batch_id, BatchRow.state == CHANGED)
            .order_by(BatchRow.place.desc()))
        if steps
    ]
    if not rows:
        raise NotAllowedNow("Nothing of this change can be taken back.")
    back = _write(work, UNDO, {"act": batch.act}, rows, undo_of=batch_id)
    taken = rows_changed(
        work.session, update(Batch).where(Batch.id == batch_id, Batch.undone_by.is_(None))
        .values(undone_by=back.id))
    if not taken:
        raise NotAllowedNow("This change was taken back already.")
    return back


def get(work: Work, batch_id: int) -> Batch:
    """A batch.

    Raises:
        NotFound: there is none.
    """
    batch = work.session.get(Batch, batch_id, populate_existing=True)
    if batch is None:
        raise NotFound("There is no such change.")
    return batch


def refusals(work: Work, batch_id: int, limit: int = 200) -> list[tuple[int, list[Any]]]:
    """The refused orders of a batch with their reasons: (order, [gettext key, values])."""
    return [(order_id, why) for order_id, why in work.session.execute(
        select(BatchRow.order_id, BatchRow.why)
        .where(BatchRow.batch_id == batch_id, BatchRow.state == REFUSED)
        .order_by(BatchRow.place).limit(limit))]


def _write(work: Work, key: str, params: dict[str, Any],
           rows: Sequence[tuple[int, list[Any]]], undo_of: int | None = None) -> Batch:
    batch = Batch(
        act=key, params=params, asked_at=work.now, asked_kind=work.actor.kind,
        asked_id=work.actor.id, asked_name=work.actor.name, total=len(rows), undo_of=undo_of)
    work.session.add(batch)
    work.session.flush()
    work.session.execute(insert(BatchRow.__table__), [
        {"batch_id": batch.id, "order_id": order_id, "place": place, "state": WAITING,
         "undo": steps}
        for place, (order_id, steps) in enumerate(rows, 1)
    ])
    asked_by = work.actor.id if work.actor.kind == "user" else None
    enqueue(work.session, TASK, str(batch.id), {"batch_id": batch.id}, now=work.now,
            asked_by=asked_by)
    return batch


# A worker's part --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a worker is to do, and in whose name."""

    who: Actor
    batch_id: int
    key: str
    params: dict[str, Any]


def run(works: Works, batch_id: int, beat: Callable[[int, int], None]) -> Counter[str]:
    """Do what waits of a batch; how many rows ended how."""
    with works.writing(SYSTEM) as work:
        batch = get(work, batch_id)
        batch.state = RUNNING
        total = batch.total
        who = Actor(cast(ActorKind, batch.asked_kind), batch.asked_name, batch.asked_id)
        asked = _Asked(who, batch_id, batch.act, dict(batch.params))
    fits = 1  # orders that one transaction has time for
    while rows := _next(works, batch_id):
        named = {step[0] for _, steps in rows for step in steps} if asked.key == UNDO \
            else {asked.key}
        most = 1 if any(acts.get(one).alone for one in named) else AT_ONCE
        ids = [order_id for order_id, _ in rows]
        while ids:
            part = ids[:min(fits, most)]
            done = _some(works, asked, part)
            fits = done if done < len(part) else min(AT_ONCE, 2 * fits)
            del ids[:done]
            time.sleep(_PAUSE)
        beat(total - _left(works, batch_id), total)
        with works.writing(SYSTEM) as work:
            outgoing.keep_waiting(work, token(batch_id))
    return _end(works, batch_id)


def token(batch_id: int) -> str:
    """What the decisions of a batch have in common: they leave, or are recalled, together."""
    return f"batch:{batch_id}"


def _next(works: Works, batch_id: int) -> list[tuple[int, list[Any]]]:
    """The next orders, with what takes each back."""
    with works.reading(SYSTEM) as work:
        return [(order_id, undo) for order_id, undo in work.session.execute(
            select(BatchRow.order_id, BatchRow.undo)
            .where(BatchRow.batch_id == batch_id, BatchRow.state == WAITING)
            .order_by(BatchRow.place).limit(PAGE))]


def _left(works: Works, batch_id: int) -> int:
    with works.reading(SYSTEM) as work:
        return work.session.scalar(
            select(func.count()).select_from(BatchRow)
            .where(BatchRow.batch_id == batch_id, BatchRow.state == WAITING)) or 0


def _some(works: Works, asked: _Asked, ids: Sequence[int]) -> int:
    """Do the first of these orders, as many as there is time for; how many that were.

    A fault is one order's: when it takes the others back with it, each is done by itself.
    """
    try:
        return _together(works, asked, ids)
    except Exception:
        if len(ids) == 1:
            raise
    return sum(_together(works, asked, [one]) for one in ids)


def _together(works: Works, asked: _Asked, ids: Sequence[int]) -> int:
    """Acts and their results in one transaction; a refusal takes back its own order's part."""
    with works.writing(asked.who) as work:
        until = time.monotonic() + NO_LONGER
        rows = _claim(work, asked.batch_id, ids)
        outgoing.together(work, token(asked.batch_id), in_bulk=True)
        work.occasion = token(asked.batch_id)
        results: list[tuple[BatchRow, Done | OmsError]] = []
        done = 0
        for order_id in ids:
            done += 1
            if order_id in rows:  # else another worker was faster
                results.append((rows[order_id], _one(work, asked, rows[order_id])))
            if time.monotonic() > until:
                break
        for row, result in results:
            if isinstance(result, OmsError):
                row.state, row.why = REFUSED, plain(result)
            else:
                row.state = CHANGED if result.changed else THE_SAME
                row.undo = [list(step) for step in result.undo]
    return done


def _one(work: Work, asked: _Asked, row: BatchRow) -> Done | OmsError:
    try:
        with work.session.begin_nested():
            if asked.key == UNDO:
                return _take_back(work, row.order_id, row.undo)
            return acts.get(asked.key).do(work, row.order_id, asked.params)
    except OmsError as error:
        return error


def _claim(work: Work, batch_id: int, order_ids: Sequence[int]) -> dict[int, BatchRow]:
    """The rows of these orders that still wait, held until the end of the transaction.

    The orders are locked first, with all they belong to, as every act does it: two batches over the
    same orders must not wait for each other crosswise.
    """
    lock_orders(work.session, order_ids)
    return {row.order_id: row for row in work.session.scalars(
        select(BatchRow)
        .where(BatchRow.batch_id == batch_id, BatchRow.order_id.in_(order_ids),
               BatchRow.state == WAITING)
        .order_by(BatchRow.place).with_for_update())}


def _take_back(work: Work, order_id: int, steps: Sequence[Any]) -> Done:
    """Do the acts that a row wrote down; what would bring the change again is the undo."""
    done, again = acts.do_all(work, order_id, steps)
    return Done(any(step["changed"] for step in done),
                tuple((key, params) for key, params in again))


def plain(error: OmsError) -> list[Any]:
    """A refusal as JSON: a gettext key and its values; of a form the first problem."""
    if isinstance(error, InvalidForm):
        error = next(iter(error.problems.values()), error)
    return [error.message, {name: str(value) for name, value in error.params.items()}]


def _end(works: Works, batch_id: int) -> Counter[str]:
    with works.writing(SYSTEM) as work:
        counts = Counter({state: n for state, n in work.session.execute(
            select(BatchRow.state, func.count()).where(BatchRow.batch_id == batch_id)
            .group_by(BatchRow.state))})
        batch = get(work, batch_id)
        batch.state, batch.ended_at = DONE, work.now
        outgoing.let_go(work, token(batch_id))
        batch.changed, batch.same, batch.refused = (
            counts[CHANGED], counts[THE_SAME], counts[REFUSED])
    return counts
