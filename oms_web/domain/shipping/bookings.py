"""Labels bought of carriers: written down, taken up by one worker, and what became of them.

Said, done, noted. ``write`` puts the whole booking down in a transaction; ``take`` gives it to one
worker; ``note_*`` keep the outcome. A death in between leaves a row whose time runs out; whoever
takes it then asks the carrier first what it has under the key. So one key is one label, whatever
happens (bar 8 of the project's reliability: no second label in any case).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.orm import Session

from oms_web.core.claims import enqueue
from oms_web.core.db import rows_changed
from oms_web.core.errors import NotFound
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.orders import phases
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.service import lock_order
from oms_web.domain.shipping import boxes, tracking
from oms_web.domain.shipping.label_models import LabelBooking
from oms_web.domain.shipping.models import Parcel, Shipment

INTENDED, SENT, PENDING, CONFIRMED, REFUSED, UNKNOWN, CANCELLED = STATES = (
    "intended", "sent", "pending", "confirmed", "refused", "unknown", "cancelled",
)
LIVE = (INTENDED, SENT, PENDING, CONFIRMED, UNKNOWN)
TASK = "buy_label"
IN_FLIGHT = timedelta(minutes=15)
"""Longer than a connector may take for one call (``sync/isolation``: ten minutes)."""
FIRST_LOOK = timedelta(minutes=30)
ASK_PENDING = timedelta(seconds=30)
ASK_UNKNOWN = timedelta(minutes=2)
"""A carrier shows what it has a little later than it has it."""
_BACKOFF = (30, 60, 300, 900, 1800)


def new_key(order_id: int) -> str:
    """A key that no other installation uses for the same carrier: 20 of A-Z, 0-9 and ``-``."""
    return f"{order_id % 10**10}-{secrets.token_hex(4).upper()}"


def get(session: Session, booking_id: int) -> LabelBooking:
    """A booking.

    Raises:
        NotFound: there is none.
    """
    found = session.get(LabelBooking, booking_id)
    if found is None:
        raise NotFound("There is no such label.")
    return found


def lock(session: Session, booking_id: int) -> LabelBooking:
    """A booking that nobody else changes until the end of the transaction. Its orders are locked
    before, as by everybody.

    Raises:
        NotFound: there is none.
    """
    found = session.scalar(select(LabelBooking).where(LabelBooking.id == booking_id)
                           .with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NotFound("There is no such label.")
    return found


def lock_orders(work: Work, booking: LabelBooking) -> list[Order]:
    """The orders that a label is for, which nobody else changes until the transaction ends; its
    shipment is locked before them, as by everybody.
    """
    if booking.shipment_id is None:
        return [lock_order(work.session, booking.order_id)]
    return boxes.lock_owners(work, work.session.scalars(
        select(Shipment).where(Shipment.id == booking.shipment_id)
        .with_for_update().execution_options(populate_existing=True)).one())


def ask(work: Work, booking_id: int) -> bool:
    """Queue what is due of a booking; False if that is queued already."""
    return enqueue(work.session, TASK, str(booking_id), {"booking_id": booking_id},
                   now=work.now) is not None


def live_of_shipment(session: Session, shipment_id: int) -> LabelBooking | None:
    """The label that a shipment has or will have."""
    return session.scalar(select(LabelBooking).where(
        LabelBooking.shipment_id == shipment_id, LabelBooking.state.in_(LIVE),
        ~LabelBooking.is_return))


def left_out(session: Session, shipment_id: int) -> int:
    """How many boxes of a shipment have no number although its label was bought: they came later.
    """
    booking = live_of_shipment(session, shipment_id)
    if booking is None or booking.state != CONFIRMED:
        return 0
    return sum(not one.tracking for one in _parcels(session, shipment_id))


def newest_of_shipment(session: Session, shipment_id: int) -> LabelBooking | None:
    """The newest label of a shipment, whatever became of it."""
    return session.scalar(select(LabelBooking).where(
        LabelBooking.shipment_id == shipment_id, ~LabelBooking.is_return)
        .order_by(LabelBooking.id.desc()).limit(1))


def live_before_packing(session: Session, order_ids: Sequence[int]) -> LabelBooking | None:
    """The label that was bought for orders before their packing began."""
    return session.scalar(select(LabelBooking).where(
        LabelBooking.order_id.in_(order_ids), LabelBooking.shipment_id.is_(None),
        LabelBooking.state.in_(LIVE), ~LabelBooking.is_return).order_by(LabelBooking.id).limit(1))


def bought_early() -> ColumnElement[bool]:
    """Whether an order has a label although its packing has not begun, as part of a statement about
    orders: one that is to be bought counts, too.
    """
    return exists().where(
        LabelBooking.order_id == Order.id, LabelBooking.shipment_id.is_(None),
        LabelBooking.state.in_(LIVE), ~LabelBooking.is_return)


def of_order(session: Session, order_id: int) -> list[LabelBooking]:
    """All labels of an order, the newest first."""
    return list(session.scalars(select(LabelBooking).where(LabelBooking.order_id == order_id)
                                .order_by(LabelBooking.id.desc())))


def of_case(session: Session, case_id: int) -> list[LabelBooking]:
    """The labels by which the goods of a case come back, the newest first."""
    return list(session.scalars(select(LabelBooking).where(LabelBooking.case_id == case_id)
                                .order_by(LabelBooking.id.desc())))


def write(work: Work, request: Mapping[str, Any], *, order_id: int, shipment_id: int | None,
          account_id: int, carrier: str, reasons: Sequence[Any] = (), case_id: int | None = None,
          among: Sequence[tuple[int, str]] = ()) -> LabelBooking:
    """Put a booking down; nothing is sent yet. ``among``: the cheapest of these, to be chosen."""
    booking = LabelBooking(
        key=request["key"], order_id=order_id, shipment_id=shipment_id, account_id=account_id,
        carrier=carrier[:40], service=request["service"], is_return=request["is_return"],
        case_id=case_id, request=dict(request), reasons=list(reasons), state=INTENDED,
        among=[list(one) for one in among],
        currency=request["currency"], due_at=work.now, by_name=work.actor.name, created_at=work.now)
    work.session.add(booking)
    work.session.flush()
    record(work, booking, "labels.intend", {"label": [None, INTENDED]})
    return booking


def record(work: Work, booking: LabelBooking, act: str, change: Mapping[str, Any],
           note: str = "") -> None:
    """Write down what happened to a label, in the timeline of its order."""
    subject, subject_id = ("shipment", booking.shipment_id) if booking.shipment_id else \
        ("order", booking.order_id)
    audit.record(work, act, subject, subject_id,
                 {"booking": [None, booking.id], "carrier": [None, booking.carrier], **change},
                 order_id=booking.order_id, note=note or None)


# A worker's part --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Taken:
    """A booking in one worker's hands. ``asked``: the carrier may have it already."""

    id: int
    order_id: int
    account_id: int
    key: str
    reference: str
    request: Mapping[str, Any]
    asked: bool
    was: str
    attempts: int


def take(work: Work, booking_id: int) -> Taken | None:
    """Write down that a carrier is asked now; None if it is not due, or another worker has it.

    What no carrier has heard of is not bought for an order that was cancelled meanwhile.
    """
    row = work.session.execute(
        select(LabelBooking.order_id, LabelBooking.account_id, LabelBooking.key,
               LabelBooking.reference, LabelBooking.request, LabelBooking.asked,
               LabelBooking.state, LabelBooking.attempts, LabelBooking.is_return,
               LabelBooking.among, Order.phase)
        .join(Order, Order.id == LabelBooking.order_id)
        .where(LabelBooking.id == booking_id, LabelBooking.due_at <= work.now,
               LabelBooking.state.in_((INTENDED, SENT, PENDING, UNKNOWN)))
    ).one_or_none()
    if row is None or row.among:  # its service is not chosen yet
        return None
    if row.phase == phases.CANCELLED and not row.asked and not row.is_return:
        call_off(work, lock(work.session, booking_id))
        return None
    mine = rows_changed(
        work.session, update(LabelBooking)
        .where(LabelBooking.id == booking_id, LabelBooking.state == row.state,
               LabelBooking.attempts == row.attempts, LabelBooking.due_at <= work.now)
        .values(state=SENT, asked=True, attempts=row.attempts + 1, sent_at=work.now,
                due_at=work.now + IN_FLIGHT)
        .execution_options(synchronize_session=False))
    if not mine:
        return None
    return Taken(booking_id, row.order_id, row.account_id, row.key, row.reference, row.request,
                 row.asked, row.state, row.attempts + 1)


def held(session: Session, taken: Taken) -> LabelBooking | None:
    """The booking, locked, if it is still in this worker's hands."""
    return session.scalar(
        select(LabelBooking)
        .where(LabelBooking.id == taken.id, LabelBooking.state == SENT,
               LabelBooking.attempts == taken.attempts)
        .with_for_update().execution_options(populate_existing=True))


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A confirmed label of which something is still to be done: printed, or taken back."""

    id: int
    account_id: int
    reference: str
    tracking: Sequence[str]
    files: Mapping[str, str]
    void: bool
    attempts: int


def take_confirmed(work: Work, booking_id: int) -> Confirmed | None:
    """Take up what is due of a confirmed label; None if nothing is. Both may be done twice."""
    row = work.session.scalar(
        select(LabelBooking)
        .where(LabelBooking.id == booking_id, LabelBooking.state == CONFIRMED,
               LabelBooking.due_at <= work.now)
        .with_for_update(skip_locked=True).execution_options(populate_existing=True))
    if row is None:
        return None
    row.due_at, row.attempts = work.now + IN_FLIGHT, row.attempts + 1
    work.session.flush()
    return Confirmed(row.id, row.account_id, row.reference, tuple(row.tracking), dict(row.files),
                     row.void_asked_at is not None, row.attempts)


def wait(attempts: int, retry_after: float | None = None) -> timedelta:
    """How long to wait before a carrier that failed is asked again."""
    least = _BACKOFF[min(max(attempts - 1, 0), len(_BACKOFF) - 1)]
    return timedelta(seconds=max(least, retry_after or 0))


def due(session: Session, now: datetime, limit: int = 200) -> list[int]:
    """Bookings of which something is to be asked now: to buy, to look for, to print, to void."""
    return list(session.scalars(
        select(LabelBooking.id).where(LabelBooking.due_at <= now)
        .order_by(LabelBooking.due_at, LabelBooking.id).limit(limit)))


# Numbers on boxes -------------------------------------------------------------------------------


def confirm(work: Work, booking: LabelBooking, numbers: Sequence[str]) -> None:
    """It was bought: its numbers go on the boxes, its carrier is asked for its file next."""
    booking.state, booking.tracking = CONFIRMED, [str(number) for number in numbers]
    booking.confirmed_at = booking.due_at = work.now
    put_numbers(work, booking)


def put_numbers(work: Work, booking: LabelBooking) -> None:
    """Write the numbers of a confirmed label on the boxes of its shipment."""
    if booking.is_return:
        booking.track_due_at = work.now + FIRST_LOOK
    if booking.shipment_id is None or booking.is_return:
        return
    parcels = _parcels(work.session, booking.shipment_id)
    for parcel, number in zip(parcels, booking.tracking, strict=False):
        parcel.carrier, parcel.tracking = booking.carrier, str(number)[:80]
        parcel.tracking_key = tracking.key(parcel.tracking)
        parcel.booking_id, parcel.track_due_at = booking.id, work.now + FIRST_LOOK
        parcel.travel, parcel.travel_at = "", None
    shipment = work.session.get_one(Shipment, booking.shipment_id)
    shipment.carrier = booking.carrier
    work.session.flush()


def take_numbers_off(work: Work, booking: LabelBooking) -> None:
    """A label counts no more: its numbers come off the boxes, and it is on no hand-over."""
    booking.handed_over_id = None
    for parcel in work.session.scalars(select(Parcel).where(Parcel.booking_id == booking.id)):
        parcel.tracking = parcel.tracking_key = parcel.travel = ""
        parcel.booking_id = parcel.track_due_at = parcel.travel_at = None
    work.session.flush()


def not_given(work: Work, shipment_id: int) -> None:
    """A parcel has not left after all: its label waits for a courier again."""
    booking = live_of_shipment(work.session, shipment_id)
    if booking is not None:
        booking.handed_over_id = None


def _parcels(session: Session, shipment_id: int) -> list[Parcel]:
    return list(session.scalars(select(Parcel).where(Parcel.shipment_id == shipment_id)
                                .order_by(Parcel.position)))


def adopt(work: Work, shipment: Shipment, order_ids: Sequence[int]) -> None:
    """Packing begins: the label that was bought before is for this shipment."""
    booking = live_before_packing(work.session, order_ids)
    if booking is not None:
        booking.shipment_id = shipment.id
        work.session.flush()
        if booking.state == CONFIRMED:
            put_numbers(work, booking)


def let_go(work: Work, shipment: Shipment) -> None:
    """A shipment was given up: its label waits for the next one of its order."""
    booking = live_of_shipment(work.session, shipment.id)
    if booking is not None and live_before_packing(work.session, [booking.order_id]) is None:
        take_numbers_off(work, booking)
        booking.shipment_id = None
        work.session.flush()


def labelled_early(session: Session, order_id: int) -> bool:
    """Whether an order has a label although its packing has not begun."""
    booking = live_before_packing(session, [order_id])
    return booking is not None and booking.state == CONFIRMED


# A person's part --------------------------------------------------------------------------------


def call_off(work: Work, booking: LabelBooking) -> None:
    """A label that no carrier has heard of is not bought."""
    booking.state, booking.due_at = CANCELLED, None
    record(work, booking, "labels.cancel", {"label": [INTENDED, CANCELLED]})
    work.session.flush()


def is_taken_back(booking: LabelBooking) -> bool:
    """Whether no courier takes a parcel by it: it was taken back, or is being taken back."""
    return booking.state == CANCELLED or booking.void_asked_at is not None


def is_unused(booking: LabelBooking) -> bool:
    """Whether a label counts no more that its carrier never took back: it has to be paid."""
    return booking.state == CANCELLED and booking.kept


def lacks_file(booking: LabelBooking) -> bool:
    """Whether a label that counts was bought and is not there to be printed."""
    return booking.state == CONFIRMED and booking.void_asked_at is None \
        and "pdf_a6" not in booking.files


def is_kept(booking: LabelBooking) -> bool:
    """Whether its carrier was asked to take a label back and has not done so."""
    return booking.kept or (booking.void_asked_at is not None and bool(booking.why))


def ask_now(work: Work, booking_id: int) -> None:
    """Let the carrier be asked now, not at its time."""
    booking = lock(work.session, booking_id)
    if booking.state in (INTENDED, PENDING, UNKNOWN) or lacks_file(booking) or \
            (booking.state == CONFIRMED and booking.due_at is not None):
        booking.due_at = work.now
        ask(work, booking_id)
