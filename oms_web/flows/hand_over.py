"""Parcels are given to a courier together: what is signed, and the visit that is asked for."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from oms_web.core.claims import enqueue
from oms_web.core.db import rows_changed
from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.shipping import label_queries
from oms_web.domain.shipping.label_models import HandOver, LabelBooking

TASK = "call_courier"
PAPER = "fetch_protocol"
INTENDED, SENT, DONE, REFUSED = "intended", "sent", "done", "refused"
NO_VISIT = ("", REFUSED)
LONGEST = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Visit:
    """When a courier may come."""

    ready_from: datetime
    until: datetime


def give(work: Work, account_id: int, booking_ids: Sequence[int], visit: Visit | None = None
         ) -> HandOver:
    """Put parcels of one carrier's account together; with a visit, a courier is asked for.

    Raises:
        Invalid: no parcel was chosen that still waits, or the visit is in the past or too far off.
    """
    if visit is not None:
        _check(work, visit)
    found = label_queries.ready(work.session, account_id, booking_ids)
    if not found:
        raise Invalid("Choose at least one parcel.", "parcel")
    for one in found:
        if one.collects:
            raise Invalid("The label of order %(number)s collects money that was paid since. Take "
                          "it back and buy another.", "parcel", number=one.booking.order_id)
    row = HandOver(
        account_id=account_id, key=_new_key(),
        state=INTENDED if visit else "", parcels=sum(len(one.booking.tracking) for one in found),
        weight_g=sum(one.weight_g for one in found), by_name=work.actor.name, created_at=work.now,
        ready_from=visit.ready_from if visit else None, until=visit.until if visit else None,
        due_at=work.now if visit else None)
    work.session.add(row)
    work.session.flush()
    taken = rows_changed(
        work.session, update(LabelBooking)
        .where(LabelBooking.id.in_([one.booking.id for one in found]),
               LabelBooking.handed_over_id.is_(None))
        .values(handed_over_id=row.id))
    if taken != len(found):
        raise Invalid("Somebody else took one of these parcels just now.", "parcel")
    audit.record(work, "labels.hand_over", "hand_over", row.id, {"parcels": [None, row.parcels]})
    if visit is not None:
        ask(work, row.id)
    ask_paper(work, row.id)
    return row


def _new_key() -> str:
    return f"H-{secrets.token_hex(6).upper()}"


def _check(work: Work, visit: Visit) -> None:
    if visit.until <= visit.ready_from or visit.until <= work.now:
        raise Invalid("The courier cannot come before the parcels are ready.", "until")
    if visit.ready_from > work.now + LONGEST:
        raise Invalid("At most two weeks ahead.", "day")


def call(work: Work, hand_over_id: int, visit: Visit) -> bool:
    """Ask for a visit that was not asked for, or was refused: another one, by a key of its own.
    False if a courier is being called.

    Raises:
        NotAllowedNow: a courier comes already.
        Invalid: the visit is in the past or too far off.
    """
    row = _lock(work, hand_over_id)
    if row.state == DONE:
        raise NotAllowedNow("A courier was called already.")
    if row.state not in NO_VISIT:
        return False
    _check(work, visit)
    before, row.state, row.key, row.why = row.state, INTENDED, _new_key(), ""
    row.ready_from, row.until, row.due_at = visit.ready_from, visit.until, work.now
    audit.record(work, "labels.visit", "hand_over", row.id, {"visit": [before or None, INTENDED]})
    ask(work, row.id)
    return True


def go_without(work: Work, hand_over_id: int) -> bool:
    """The courier who was refused is not needed: the parcels go otherwise, or somebody telephoned.
    False if no visit was refused.
    """
    row = _lock(work, hand_over_id)
    if row.state != REFUSED:
        return False
    row.state, row.why = "", ""
    audit.record(work, "labels.visit", "hand_over", row.id, {"visit": [REFUSED, None]})
    work.session.flush()
    return True


def ask(work: Work, hand_over_id: int) -> bool:
    """Queue the calling of a courier; False if it is queued already."""
    return enqueue(work.session, TASK, str(hand_over_id), {"hand_over_id": hand_over_id},
                   now=work.now) is not None


def ask_paper(work: Work, hand_over_id: int) -> bool:
    """Queue the fetching of the carrier's own protocol, where it has one; False if it is queued."""
    return enqueue(work.session, PAPER, str(hand_over_id), {"hand_over_id": hand_over_id},
                   now=work.now) is not None


def keep_paper(work: Work, hand_over_id: int, file: str) -> None:
    """The carrier's own protocol was fetched. ``file``: its name in the file store."""
    _lock(work, hand_over_id).file = file
    work.session.flush()


def due(work: Work) -> list[int]:
    """Visits that are to be asked for now."""
    return list(work.session.scalars(
        select(HandOver.id).where(HandOver.due_at <= work.now).order_by(HandOver.id).limit(50)))


def _lock(work: Work, hand_over_id: int) -> HandOver:
    return work.session.scalars(
        select(HandOver).where(HandOver.id == hand_over_id).with_for_update()
        .execution_options(populate_existing=True)).one_or_none() or get(work, hand_over_id)


def get(work: Work, hand_over_id: int) -> HandOver:
    """A hand-over.

    Raises:
        NotFound: there is none.
    """
    found = work.session.get(HandOver, hand_over_id, populate_existing=True)
    if found is None:
        raise NotFound("There is no such hand-over.")
    return found


def note(work: Work, hand_over_id: int, state: str, reference: str = "", why: str = "",
         wait: timedelta | None = None) -> None:
    """What the carrier said to a visit. The same key is the same visit, so asking again is safe."""
    row = get(work, hand_over_id)
    before, row.state = row.state, state
    row.reference, row.why = reference[:120] or row.reference, why[:500]
    row.due_at = None if wait is None else work.now + wait
    if state != before:
        audit.record(work, "labels.visit", "hand_over", row.id, {"visit": [before, state]},
                     note=why or None)
    work.session.flush()
