"""Labels given back: called off, taken back by their carrier, or said to be of no use.

The carrier is asked by ``sync/labels.py``, with no transaction open.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from oms_web.core.errors import NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.printers import service as printers
from oms_web.domain.shipping import bookings
from oms_web.domain.shipping import service as shipping
from oms_web.domain.shipping.label_models import LabelBooking


def void(work: Work, booking_id: int) -> LabelBooking:
    """Take a label back that was not used: at once if the carrier never heard of it, else it is
    asked. Said twice is quiet.

    Raises:
        NotAllowedNow: its parcel has left, or nobody knows yet whether it was bought.
    """
    return _here(work, booking_id, _void)[0]


def _void(work: Work, booking: LabelBooking) -> bool:
    if booking.void_asked_at is not None:
        return False
    if booking.state == bookings.INTENDED and not booking.asked:
        bookings.call_off(work, booking)
        return True
    _see_bought(booking)
    booking.void_asked_at = booking.due_at = work.now
    booking.why = ""
    bookings.record(work, booking, "labels.void", {"label": [booking.state, "void"]})
    bookings.ask(work, booking.id)
    return True


def discard(work: Work, booking_id: int) -> bool:
    """A label that its carrier does not take back will not be used, and is paid for; False if it
    does not count any more. Another one may be bought.

    Raises:
        NotAllowedNow: it was not bought yet, or its parcel has left.
    """
    return _here(work, booking_id, _discard)[1]


def _discard(work: Work, booking: LabelBooking) -> bool:
    _see_bought(booking)
    booking.state, booking.due_at, booking.void_asked_at = bookings.CANCELLED, None, None
    booking.kept = True
    bookings.take_numbers_off(work, booking)
    bookings.record(work, booking, "labels.discard", {"label": [bookings.CONFIRMED, "unused"]})
    return True


def give_way(work: Work, shipment_id: int, *, is_kept: bool) -> bool:
    """Boxes were added after the label of a shipment was bought: it gives way to one for all boxes.
    Whether that may be bought now; False: the carrier is asked first.

    Args:
        is_kept: its carrier does not take it back, so it is paid and not used.

    Raises:
        NotAllowedNow: no box lacks a label, or its parcel has left.
    """
    booking = bookings.live_of_shipment(work.session, shipment_id)
    if booking is None or not bookings.left_out(work.session, shipment_id):
        raise NotAllowedNow("Every parcel has its label.")
    (discard if is_kept else void)(work, booking.id)
    return bookings.live_of_shipment(work.session, shipment_id) is None


def _see_bought(booking: LabelBooking) -> None:
    if booking.state != bookings.CONFIRMED:
        raise NotAllowedNow("The carrier is being asked about this label. Wait until it is known.")


def _here(work: Work, booking_id: int, act: Callable[[Work, LabelBooking], bool]
          ) -> tuple[LabelBooking, bool]:
    """Give back a label that counts and whose parcel has not left: its orders learn of it, and
    paper of it that waits for a printer does not come out.
    """
    mine = bookings.lock_orders(work, bookings.get(work.session, booking_id))
    booking = bookings.lock(work.session, booking_id)
    if booking.shipment_id is not None \
            and shipping.get(work.session, booking.shipment_id).state in shipping.LEFT:
        raise NotAllowedNow("This shipment has left already.")
    if booking.state not in bookings.LIVE:
        return booking, False
    done = act(work, booking)
    printers.drop_waiting(work, printers.label_key(booking_id))
    for order in mine:
        shipping.tell_order(work, order)
    return booking, done


def voided(work: Work, booking_id: int, why: str = "", wait: timedelta | None = None, *,
           done: bool = False) -> None:
    """What the carrier said to taking one back: it is cancelled (``done``), it is asked again after
    ``wait``, or it will not be, with the reason.
    """
    mine = bookings.lock_orders(work, bookings.get(work.session, booking_id))
    booking = bookings.lock(work.session, booking_id)
    if booking.state != bookings.CONFIRMED or booking.void_asked_at is None:
        return
    booking.why = why[:500]
    if done:
        booking.state, booking.due_at, booking.kept = bookings.CANCELLED, None, False
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
