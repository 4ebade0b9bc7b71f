"""Labels given back: called off, taken back by their carrier, or said to be of no use.

The carrier is asked by ``sync/labels.py``, with no transaction open.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from oms_web.core.errors import NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.shipping import bookings
from oms_web.domain.shipping import service as shipping
from oms_web.domain.shipping.label_models import LabelBooking


def void(work: Work, booking_id: int) -> LabelBooking:
    """Take a label back that was not used; said twice is quiet.

    Raises:
        NotAllowedNow: its parcel has left, or nobody knows yet whether it was bought.
    """
    booking, _ = _here(work, booking_id, bookings.void)
    return booking


def discard(work: Work, booking_id: int) -> bool:
    """A label that its carrier does not take back will not be used; False if it does not count any
    more. Another one may be bought.

    Raises:
        NotAllowedNow: it was not bought yet, or its parcel has left.
    """
    return _here(work, booking_id, bookings.discard)[1]


def was_not_bought(work: Work, booking_id: int) -> bool:
    """A person found nothing at the carrier; another label may be bought. False if that was
    settled.

    Raises:
        NotAllowedNow: what became of it is known.
    """
    bookings.lock_orders(work, bookings.get(work.session, booking_id))
    return bookings.was_not_bought(work, bookings.lock(work.session, booking_id))


def _here(work: Work, booking_id: int, act: Callable[[Work, LabelBooking], bool]
          ) -> tuple[LabelBooking, bool]:
    """Do something with a label whose parcel has not left; its orders learn of it."""
    mine = bookings.lock_orders(work, bookings.get(work.session, booking_id))
    booking = bookings.lock(work.session, booking_id)
    if booking.shipment_id is not None \
            and shipping.get(work.session, booking.shipment_id).state in shipping.LEFT:
        raise NotAllowedNow("This shipment has left already.")
    done = act(work, booking)
    for order in mine:
        shipping.tell_order(work, order)
    return booking, done


def voided(work: Work, booking_id: int, why: str = "", wait: timedelta | None = None, *,
           done: bool = False) -> None:
    """What the carrier said to that: it is cancelled (``done``), it is asked again after ``wait``,
    or it will not be, with the reason.
    """
    mine = bookings.lock_orders(work, bookings.get(work.session, booking_id))
    booking = bookings.lock(work.session, booking_id)
    if booking.state != bookings.CONFIRMED or booking.void_asked_at is None:
        return
    booking.why = why[:500]
    if done:
        booking.state, booking.due_at = bookings.CANCELLED, None
        bookings.take_numbers_off(work, booking)
        bookings.record(work, booking, "labels.cancel",
                        {"label": [bookings.CONFIRMED, bookings.CANCELLED]})
    elif wait is not None:
        booking.due_at = work.now + wait
    else:
        booking.void_asked_at, booking.due_at, booking.kept = None, None, True
        bookings.record(work, booking, "labels.keep", {"label": ["void", bookings.CONFIRMED]}, why)
    work.session.flush()
    for order in mine:
        shipping.tell_order(work, order)
