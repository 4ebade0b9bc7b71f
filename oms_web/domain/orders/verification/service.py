"""Findings kept in step with their orders: found, renewed, settled; with the holds beside them.

Callers refile the orders (``orders.service.refile``) when holds may have changed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.orders import lineage, phases
from oms_web.domain.orders.checks import Flaw
from oms_web.domain.orders.models import Hold, Order
from oms_web.domain.orders.service import release_holds, set_hold
from oms_web.domain.orders.verification import closing, doubles, kinds
from oms_web.domain.orders.verification.examining import Found, Subject, examine, is_history
from oms_web.domain.orders.verification.kinds import CHECKS, HOLD, LASTING, LEVELS, Levels
from oms_web.domain.orders.verification.models import CheckLevel, Finding

TO_SHIP = (phases.OPEN, phases.PACKING)
MOST_HOURS = 30 * 24


def levels(session: Session) -> Levels:
    """How strict each check is."""
    rows = session.execute(select(CheckLevel.kind, CheckLevel.level, CheckLevel.number)).all()
    hours = next((row.number for row in rows if row.kind == kinds.DUPLICATE and row.number),
                 kinds.HOURS)
    return Levels({row.kind: row.level for row in rows}, hours)


def choose(work: Work, chosen: Mapping[str, str], hours: int) -> bool:
    """Say how strict the checks are; what was found before stays. False when nothing differs.

    Raises:
        Invalid: not a level, or not so many hours.
    """
    if not 1 <= hours <= MOST_HOURS:
        raise Invalid("From 1 to %(n)s.", "hours", n=MOST_HOURS)
    for kind, level in chosen.items():
        if kind not in CHECKS or level not in LEVELS:
            raise Invalid("Choose off, point out or hold.", kind)
    present = levels(work.session)
    before = {kind: present.of(kind) for kind in chosen} | {"hours": present.hours}
    changes = audit.changes(before, {**chosen, "hours": hours})
    if not changes:
        return False
    rows = {row.kind: row for row in work.session.scalars(select(CheckLevel))}
    for kind, level in chosen.items():
        number = hours if kind == kinds.DUPLICATE else None
        if kind in rows:
            rows[kind].level, rows[kind].number = level, number
        else:
            work.session.add(CheckLevel(kind=kind, level=level, number=number))
    audit.record(work, "orders.checks", "company", 1, changes)
    return True


def look_again(work: Work, order: Order, looked: Collection[str] = kinds.LOOKED_AT) -> None:
    """Look at what stands on the order, or at some of it; only what is to be sent is verified."""
    found = []
    if order.phase in TO_SHIP:
        # Paid as one with its other parts; what went back after the sale was paid once.
        subject = replace(Subject.of(order.__getattribute__),
                          paid_total=lineage.paid_of(work.session, order))
        found = examine(subject, levels(work.session),
                        history=is_history(order.placed_at, order.created_at))
    keep(work, order.id, looked, [one for one in found if one.kind in looked])


def keep(work: Work, order_id: int, looked: Collection[str], found: Sequence[Found]) -> None:
    """Bring the findings of some kinds to what was found now, and their holds with them.

    What a person has accepted is not found again as long as it is the same.
    """
    work.session.flush()
    rows = work.session.scalars(
        select(Finding).where(Finding.order_id == order_id, Finding.kind.in_(looked))
        .order_by(Finding.id)
    ).all()
    present = {(row.kind, row.ref): row for row in rows if row.settled_at is None}
    accepted = [(row.kind, row.ref, row.detail) for row in rows if row.how in LASTING]
    wanted = {(one.kind, one.ref): one for one in found
              if (one.kind, one.ref, dict(one.detail)) not in accepted}
    gone = [row.id for key, row in present.items() if key not in wanted]
    if gone:
        closing.end(work, kinds.CORRECTED, Finding.id.in_(gone))
    for key, one in wanted.items():
        if key in present:
            present[key].detail, present[key].level = dict(one.detail), one.level
    closing.write(work, {order_id: [one for key, one in wanted.items() if key not in present]})
    hold = {one.kind: one for one in wanted.values() if one.level == HOLD}
    release_holds(work, order_id, set(looked) - set(hold))
    for kind, one in hold.items():
        set_hold(work, order_id, Flaw(kind, one.detail))


def seek_doubles(work: Work, order_ids: Collection[int], chosen: Levels | None = None) -> list[int]:
    """Look for orders that came twice among new ones; the numbers of those that are held now."""
    found = doubles.seek(work.session, order_ids, chosen or levels(work.session))
    if not found:
        return []
    closing.write(work, found)
    held = [(order_id, one) for order_id, ones in found.items() for one in ones
            if one.level == HOLD]
    if held:
        work.session.execute(insert(Hold.__table__), [
            {"order_id": order_id, "kind": one.kind, "detail": dict(one.detail),
             "set_at": work.now, "set_by": work.actor.name} for order_id, one in held])
        audit.record_many(work, [
            audit.entry(work, "orders.hold", "order", order_id, {"hold": [None, one.kind]})
            for order_id, one in held])
    return [order_id for order_id, _ in held]


def add(work: Work, order_id: int, one: Found) -> bool:
    """Note a finding that no check of ours makes; False if it is known, or a person accepted it."""
    known = work.session.scalars(
        select(Finding).where(Finding.order_id == order_id, Finding.kind == one.kind,
                              Finding.ref == one.ref)).all()
    if any(row.settled_at is None or row.how in LASTING for row in known):
        return False
    closing.write(work, {order_id: [one]})
    audit.record(work, "orders.finding", "order", order_id, {"finding": [None, one.kind]},
                 note=str(one.detail.get("reason") or "") or None)
    if one.level == HOLD:
        set_hold(work, order_id, Flaw(one.kind, one.detail))
    return True


def settle(work: Work, order_id: int, how: str, which: Collection[int] | None = None,
           of_kinds: Collection[str] = tuple(CHECKS)) -> int:
    """Settle open findings of an order, all or some by their ids; how many there were."""
    conditions: list[Any] = [Finding.order_id == order_id, Finding.kind.in_(sorted(of_kinds))]
    if which is not None:
        conditions.append(Finding.id.in_(sorted(which)))
    work.session.flush()
    ended = closing.end(work, how, *conditions)
    for kind in dict.fromkeys(ended):
        audit.record(work, "orders.settle", "order", order_id,
                     {"finding": [kind, None], "how": [None, how]})
    still = set(work.session.scalars(
        select(Finding.kind).where(Finding.order_id == order_id, Finding.level == HOLD,
                                   Finding.settled_at.is_(None))))
    release_holds(work, order_id, set(ended) - still)
    return len(ended)
