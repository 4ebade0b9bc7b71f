"""Take a courier's invoice in: find each parcel, hold price and weight against its label."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import select

from oms_web.core.db import upsert
from oms_web.core.money import spread
from oms_web.core.work import Work
from oms_web.domain.payments.courier import bills
from oms_web.domain.payments.courier.bills import Charged
from oms_web.domain.payments.courier.models import CourierCharge
from oms_web.domain.shipping import bookings, tracking
from oms_web.domain.shipping.label_models import LabelBooking
from oms_web.domain.shipping.models import Parcel, Shipment

BILLED, MOST_RETURNED = timedelta(days=180), 5000
"""Among so many return labels of so long a number is looked for."""


@dataclass(slots=True)
class TakenIn:
    """How many charges are new, how many of them odd, of no parcel of ours, known before."""

    new: int = 0
    odd: int = 0
    strangers: int = 0
    known: int = 0


@dataclass(frozen=True, slots=True)
class Ours:
    """A parcel of ours: whose it is, what its label was to cost, how heavy we say it is."""

    order_id: int
    booked: int | None
    currency: str
    grams: int | None


def take(work: Work, lines: Sequence[Charged], told: TakenIn) -> None:
    """Keep charges that are new. The same file again adds nothing."""
    keys = [tracking.key(line.tracking) for line in lines]
    ours = _sent(work, keys)
    ours |= _returned(work, set(keys) - set(ours))
    before = set(work.session.scalars(
        select(CourierCharge.tracking_key).where(CourierCharge.tracking_key.in_(keys))))
    for key, line in zip(keys, lines, strict=True):
        mine = ours.get(key)
        booked = mine.booked if mine is not None and mine.currency == line.currency else None
        found = bills.verdict(line, mine is not None, booked, mine.grams if mine else None,
                              key in before)
        kept = work.session.execute(upsert(work.session, CourierCharge).values(
            fingerprint=_mark(line), invoice=line.invoice, tracking=line.tracking,
            tracking_key=key, day=line.day, amount=line.amount, currency=line.currency,
            weight_g=line.weight_g, booked=booked, our_g=mine.grams if mine else None,
            verdict=found, order_id=mine.order_id if mine else None, taken_at=work.now,
        ).on_conflict_do_nothing(index_elements=["fingerprint"]).returning(CourierCharge.id)
        ).scalar()
        told.known += kept is None
        told.new += kept is not None
        told.strangers += kept is not None and found == bills.STRANGER
        told.odd += kept is not None and found not in (bills.STRANGER, bills.AGREED)


def _mark(line: Charged) -> str:
    return hashlib.sha256("\x1f".join(map(str, asdict(line).values())).encode()).hexdigest()


def _sent(work: Work, keys: Sequence[str]) -> dict[str, Ours]:
    """Parcels that we sent. A label's price is that of all its boxes."""
    rows = work.session.execute(
        select(Parcel, Shipment.order_id, LabelBooking)
        .join(Shipment, Shipment.id == Parcel.shipment_id)
        .outerjoin(LabelBooking, LabelBooking.id == Parcel.booking_id)
        .where(Parcel.tracking_key.in_(keys), Parcel.tracking_key != ""))
    return {parcel.tracking_key: Ours(
        order_id, _price(booking, parcel.tracking), booking.currency if booking else "",
        parcel.weight_g if parcel.weighed_by else _booked_g(booking, parcel.tracking)
        or parcel.weight_g) for parcel, order_id, booking in rows}


def _returned(work: Work, wanted: Collection[str]) -> dict[str, Ours]:
    """Parcels that buyers sent by labels of ours; they have no box here."""
    found: dict[str, Ours] = {}
    if not wanted:
        return found
    for booking in work.session.scalars(
            select(LabelBooking)
            .where(LabelBooking.is_return, LabelBooking.state == bookings.CONFIRMED,
                   LabelBooking.confirmed_at >= work.now - BILLED)
            .order_by(LabelBooking.id.desc()).limit(MOST_RETURNED)):
        for number in booking.tracking:
            if tracking.key(str(number)) in wanted:
                found[tracking.key(str(number))] = Ours(
                    booking.order_id, _price(booking, str(number)), booking.currency,
                    _booked_g(booking, str(number)))
    return found


def _price(booking: LabelBooking | None, number: str) -> int | None:
    if booking is None or booking.price is None:
        return None
    shares = spread(booking.price, [1] * max(1, len(booking.tracking)))
    return shares[booking.tracking.index(number)] if number in booking.tracking else shares[0]


def _booked_g(booking: LabelBooking | None, number: str) -> int | None:
    packages = booking.request.get("packages") if booking is not None else None
    if booking is None or not packages:
        return None
    at = booking.tracking.index(number) if number in booking.tracking else 0
    return int(packages[at]["weight_g"]) if at < len(packages) else None
