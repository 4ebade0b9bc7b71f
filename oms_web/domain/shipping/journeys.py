"""How parcels travel by their carriers' scans: kept as they were told, looked at less and less.

Pure decisions first; what is remembered of parcels below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, literal_column, or_, select, update
from sqlalchemy.orm import Session

from oms_web.core.db import rows_changed, upsert
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.shipping.label_models import LabelBooking, ParcelEvent
from oms_web.domain.shipping.models import ON_THE_ROAD, Parcel, Shipment

(ANNOUNCED, ACCEPTED, MOVING, OUT, WAITING, DELIVERED, EXCEPTION, RETURNING) = STATES = (
    "announced", "accepted", "moving", "out", "waiting", "delivered", "exception", "returning",
)
UNDER_WAY = (ACCEPTED, MOVING, OUT, WAITING)
QUIET = timedelta(hours=48)
"""A parcel that left and that nobody scanned for so long is looked for."""
FORGOTTEN = timedelta(days=60)
_EVERY = {
    ANNOUNCED: timedelta(hours=2), ACCEPTED: timedelta(hours=2), MOVING: timedelta(hours=1),
    OUT: timedelta(minutes=20), WAITING: timedelta(hours=2), EXCEPTION: timedelta(hours=4),
    RETURNING: timedelta(hours=6),
}
UNHEARD = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Scan:
    """An entry of a journey, as the carrier told it."""

    at: datetime
    state: str
    raw: str
    description: str = ""
    place: str = ""


def next_look(state: str, since: datetime, now: datetime) -> datetime | None:
    """When a carrier is asked next about a parcel whose last scan said this; None: never again."""
    if state == DELIVERED or now - since > FORGOTTEN:
        return None
    return now + _EVERY.get(state, UNHEARD)


def standing(states: Sequence[str]) -> str:
    """Where a shipment stands whose boxes stand so: the one that is worst off counts; delivered
    when all are.
    """
    for bad in (EXCEPTION, RETURNING):
        if bad in states:
            return bad
    known = [STATES.index(state) if state in STATES else -1 for state in states]
    return STATES[min(known)] if known and min(known) >= 0 else ""


@dataclass(frozen=True, slots=True)
class Due:
    """A parcel whose carrier is to be asked."""

    parcel_id: int
    shipment_id: int
    tracking: str


def accounts_due(session: Session, now: datetime) -> list[int]:
    """Carriers' accounts with parcels to ask about."""
    sent = select(LabelBooking.account_id).join(Parcel, Parcel.booking_id == LabelBooking.id) \
        .where(Parcel.track_due_at <= now)
    coming = select(LabelBooking.account_id).where(LabelBooking.track_due_at <= now)
    return list(session.scalars(
        select(ChannelAccount.id).where(
            or_(ChannelAccount.id.in_(sent), ChannelAccount.id.in_(coming)),
            ChannelAccount.state == "active", ChannelAccount.archived_at.is_(None))))


def due(session: Session, account_id: int, now: datetime, limit: int) -> list[Due]:
    """The parcels of an account to ask about, the longest due first."""
    return [Due(*row) for row in session.execute(
        select(Parcel.id, Parcel.shipment_id, Parcel.tracking)
        .join(LabelBooking, LabelBooking.id == Parcel.booking_id)
        .where(LabelBooking.account_id == account_id, Parcel.track_due_at <= now)
        .order_by(Parcel.track_due_at, Parcel.id).limit(limit))]


def due_back(session: Session, account_id: int, now: datetime, limit: int
             ) -> list[tuple[int, str]]:
    """The return labels of an account to ask about: (booking, tracking), the longest due first."""
    return [(one.id, str(one.tracking[0])) for one in session.scalars(
        select(LabelBooking)
        .where(LabelBooking.account_id == account_id, LabelBooking.track_due_at <= now)
        .order_by(LabelBooking.track_due_at, LabelBooking.id).limit(limit)) if one.tracking]


def keep_back(work: Work, booking_id: int, scans: Sequence[Scan]) -> bool:
    """Keep where the parcel of a return label is; whether that is news."""
    booking = work.session.get(LabelBooking, booking_id)
    if booking is None:
        return False
    before = booking.travel
    if scans:
        booking.travel, booking.travel_at = scans[-1].state, scans[-1].at
    if booking.travel != before:
        audit.record(work, "shipping.travel", "order", booking.order_id,
                     {"travel": [before or None, booking.travel],
                      "tracking": [None, str(booking.tracking[0])]}, order_id=booking.order_id,
                     note=scans[-1].raw)
    booking.track_due_at = None if booking.state == "cancelled" else next_look(
        booking.travel, booking.travel_at or booking.created_at, work.now)
    work.session.flush()
    return booking.travel != before


def keep(work: Work, parcel_id: int, scans: Sequence[Scan], weight_g: int | None = None) -> bool:
    """Keep a journey; whether its shipment is to follow, as there was anything new or it is
    delivered. What is known already is left alone.
    """
    parcel = work.session.get(Parcel, parcel_id)
    if parcel is None:
        return False
    fresh = []
    for scan in scans:
        fresh.append(work.session.execute(upsert(work.session, ParcelEvent).values(
            parcel_id=parcel_id, at=scan.at, state=scan.state, raw=scan.raw[:80],
            description=scan.description[:300], place=scan.place[:120], heard_at=work.now,
        ).on_conflict_do_nothing(index_elements=["parcel_id", "at", "raw"])
            .returning(ParcelEvent.id)).scalar())
    before = parcel.travel
    if scans:
        parcel.travel, parcel.travel_at = scans[-1].state, scans[-1].at
    parcel.carrier_g = weight_g or parcel.carrier_g
    shipment = work.session.get_one(Shipment, parcel.shipment_id)
    if parcel.travel != before:
        audit.record(work, "shipping.travel", "shipment", shipment.id,
                     {"travel": [before or None, parcel.travel],
                      "tracking": [None, parcel.tracking]}, order_id=shipment.order_id,
                     note=scans[-1].raw)
    parcel.track_due_at = next_look(parcel.travel, parcel.travel_at or shipment.created_at,
                                    work.now)
    is_news, is_there = any(fresh), parcel.travel == DELIVERED
    if is_news and is_there:  # looked at once more, should we die before its shipment follows
        parcel.track_due_at = work.now + UNHEARD
    work.session.flush()
    return is_news or is_there


def look_soon(work: Work, account_id: int, numbers: Sequence[str]) -> int:
    """A carrier rang about these numbers: ask about them now; how many are ours."""
    mine = select(LabelBooking.id).where(LabelBooking.account_id == account_id)
    sent = rows_changed(
        work.session,
        update(Parcel).where(Parcel.tracking.in_(numbers), Parcel.booking_id.in_(mine),
                             Parcel.travel != DELIVERED)
        .values(track_due_at=work.now).execution_options(synchronize_session=False))
    coming = [one.id for one in work.session.execute(
        select(LabelBooking.id, LabelBooking.tracking).where(
            LabelBooking.account_id == account_id, LabelBooking.is_return,
            LabelBooking.track_due_at.is_not(None), LabelBooking.travel != DELIVERED))
        if not set(numbers).isdisjoint(one.tracking)]
    return sent + rows_changed(
        work.session, update(LabelBooking).where(LabelBooking.id.in_(coming))
        .values(track_due_at=work.now).execution_options(synchronize_session=False))


def events(session: Session, parcel_ids: Sequence[int]) -> dict[int, list[ParcelEvent]]:
    """The scans of parcels, the newest first."""
    found: dict[int, list[ParcelEvent]] = {}
    for event in session.scalars(
            select(ParcelEvent).where(ParcelEvent.parcel_id.in_(parcel_ids))
            .order_by(ParcelEvent.at.desc(), ParcelEvent.id.desc())):
        found.setdefault(event.parcel_id, []).append(event)
    return found


def quiet(now: datetime) -> ColumnElement[bool]:
    """The condition that a shipment is on the road with a label of ours, and that none of its boxes
    was scanned for ``QUIET``.
    """
    silent = select(Parcel.shipment_id).with_hint(
        Parcel, "INDEXED BY ix_parcel_on_the_road", "sqlite").where(
        literal_column(ON_THE_ROAD),
        or_(Parcel.travel_at.is_(None), Parcel.travel_at < now - QUIET))
    return (Shipment.state == "shipped") & (Shipment.shipped_at < now - QUIET) \
        & Shipment.id.in_(silent)


def count_quiet(session: Session, now: datetime, most: int) -> int:
    """How many such shipments there are, counted up to ``most``."""
    capped = select(Shipment.id).where(quiet(now)).limit(most).subquery()
    return int(session.scalar(select(func.count()).select_from(capped)) or 0)
