"""Labels that a person has to settle: whether one was bought that nobody knows of, and what one
looks like whose carrier does not give it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.channels.service import get_account
from oms_web.domain.shipping import bookings, tracking
from oms_web.domain.shipping import service as shipping
from oms_web.domain.shipping.label_models import LabelBooking
from oms_web.domain.shipping.models import Parcel, Shipment


def was_not_bought(work: Work, booking_id: int) -> bool:
    """A person looked at the carrier's page: there is no such parcel. Another label may be bought;
    False if that was settled.

    Raises:
        NotAllowedNow: what became of it is known.
    """
    bookings.lock_orders(work, bookings.get(work.session, booking_id))
    booking = bookings.lock(work.session, booking_id)
    if booking.state == bookings.REFUSED:
        return False
    _see_unknown(booking)
    booking.state, booking.due_at = bookings.REFUSED, None
    bookings.record(work, booking, "labels.settle",
                    {"label": [bookings.UNKNOWN, bookings.REFUSED]})
    work.session.flush()
    return True


def was_bought(work: Work, booking_id: int, numbers: Sequence[str]) -> bool:
    """A person found the parcel on the carrier's page. From now on it is as if the carrier had
    confirmed it, and its file is asked for; False if it is known to be bought under these numbers.

    Args:
        numbers: one for each box, in their order, or one that all of them have.

    Raises:
        NotAllowedNow: what became of it is known.
        Invalid: a number cannot be right, or is on another parcel; there are too few or too many.
    """
    mine = bookings.lock_orders(work, bookings.get(work.session, booking_id))
    booking = bookings.lock(work.session, booking_id)
    found = _numbers(work, booking, numbers)
    if booking.state == bookings.CONFIRMED and booking.tracking == found:
        return False
    _see_unknown(booking)
    _refuse_twins(work, booking, found)
    # Most carriers whose answers are lost for good know a parcel by its number alone.
    booking.reference, booking.why, booking.field = booking.reference or found[0], "", ""
    bookings.confirm(work, booking, found)
    bookings.record(work, booking, "labels.confirm", {
        "label": [bookings.UNKNOWN, bookings.CONFIRMED], "tracking": [None, ", ".join(found)]})
    bookings.ask(work, booking.id)
    work.session.flush()
    for order in mine:
        shipping.tell_order(work, order)
    return True


def attach(work: Work, booking_id: int, file: str) -> None:
    """Somebody fetched the file of a label where its carrier shows it. ``file``: the name of the
    PDF in the file store.

    Raises:
        NotAllowedNow: it was not bought, is being taken back, or has its file.
    """
    booking = bookings.lock(work.session, booking_id)
    if not bookings.lacks_file(booking):
        raise NotAllowedNow("This label needs no file.")
    booking.files, booking.due_at, booking.why = {**booking.files, "pdf_a6": file}, None, ""
    bookings.record(work, booking, "labels.attach", {})
    work.session.flush()


def _see_unknown(booking: LabelBooking) -> None:
    if booking.state != bookings.UNKNOWN:
        raise NotAllowedNow("What became of this label is known.")


def _numbers(work: Work, booking: LabelBooking, typed: Sequence[str]) -> list[str]:
    tidied = (tracking.tidy(one) for one in typed)
    numbers = list(dict.fromkeys(one for one in tidied if one))
    boxes = len(booking.request["packages"])
    if len(numbers) not in (1, boxes):
        raise Invalid("One number for each box (%(count)s), or one for all.", "tracking",
                      count=boxes) if numbers else Invalid("Fill this in.", "tracking")
    carrier = get_account(work.session, booking.account_id).connector
    for number in numbers:
        tracking.refuse_other(carrier, number)
    return numbers if len(numbers) == boxes else numbers * boxes


def _refuse_twins(work: Work, booking: LabelBooking, numbers: Sequence[str]) -> None:
    """A label's number is on no parcel but its own."""
    other = work.session.execute(
        select(Shipment.order_id, Parcel.tracking)
        .join(Parcel, Parcel.shipment_id == Shipment.id)
        .where(Parcel.tracking_key.in_([tracking.key(one) for one in numbers]),
               Shipment.id != (booking.shipment_id or 0), Shipment.state != shipping.CANCELLED)
        .limit(1)).first()
    if other is not None:
        raise Invalid("Number %(number)s is already on a parcel of order %(order)s.", "tracking",
                      number=other.tracking, order=other.order_id)
