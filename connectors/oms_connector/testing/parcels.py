"""A carrier's calls as the engine makes them: asked for first, since an answer may be lost."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from oms_connector import (
    Booked,
    Booking,
    CancelsBookings,
    CarriesParcels,
    FindsPoints,
    LabelFile,
    NotSupported,
    OrdersPickups,
    Pickup,
    PrintsProtocols,
    RatesBookings,
    TracksParcels,
)
from oms_connector.testing.bench import Bench
from oms_connector.testing.facts import Wish
from oms_connector.testing.standin import Absent
from oms_connector.testing.verdict import Broken, must
from oms_connector.testing.write import NUMBERS, Maker, Reader, Write

MOST_ASKING = 10
"""How often a pending booking is asked for."""


def new_booking_key() -> str:
    """A key that was never used, in the signs that every carrier keeps."""
    return f"KIT-{next(NUMBERS):06d}"


def asks_by_key(bench: Bench) -> bool:
    """Whether the carrier can be asked what it has under a key of ours."""
    try:
        bench.call(lambda c: c.find_booking(new_booking_key()))
    except NotSupported:
        return False
    return True


def booked(bench: Bench, booking: Booking) -> Booked:
    """A booking, asked for again until it is confirmed.

    Raises:
        Broken: it never is.
    """
    told: Booked | None = bench.call(lambda c: c.book(booking))
    for _ in range(MOST_ASKING):
        must(told is not None, f"a booking that is worked on is not found under {booking.key!r}")
        assert told is not None
        if told.state != "pending":
            break
        bench.standin.finish_bookings()
        bench.clock.forward(minutes=1)
        told = bench.call(lambda c, ref=told.reference: c.find_booking(booking.key, ref))
    if told is None or told.state != "confirmed":
        raise Broken(f"a good booking ends as {told!r}")
    return told


def a_booking(bench: Bench, wish: Wish = "plain") -> tuple[Booking, Booked]:
    """A new confirmed booking, and what was told of it."""
    booking = bench.standin.booking(new_booking_key(), wish)
    return booking, booked(bench, booking)


def label_fault(label: LabelFile) -> str:
    """What is wrong with a label's file; empty when a printer could take it."""
    content = bytes(label.content).strip()
    if label.format == "pdf_a6":
        whole = content.startswith(b"%PDF-") and b"%%EOF" in content[-1024:]
        return "" if whole else f"it is no whole PDF: {content[:12]!r} ... {content[-12:]!r}"
    whole = content.startswith(b"^XA") and content.endswith(b"^XZ") \
        and content.count(b"^XA") == content.count(b"^XZ")
    return "" if whole else f"it is no whole ZPL: {content[:12]!r} ... {content[-12:]!r}"


def to_cancel(bench: Bench) -> tuple[Booking, Booked]:
    """A booking that the carrier takes back: a confirmed one where it does that."""
    if bench.standin.takes_back:
        return a_booking(bench)
    booking = bench.standin.booking(new_booking_key())
    return booking, bench.call(lambda c: c.book(booking))


def formats(bench: Bench, told: Booked) -> Mapping[str, LabelFile]:
    """A booking's label in every format that the carrier has, asked for if it did not come."""
    if told.labels:
        return {label.format: label for label in told.labels}
    found = {"pdf_a6": bench.call(lambda c: c.label(told.reference, told.tracking, "pdf_a6"))}
    with suppress(NotSupported):
        found["zpl"] = bench.call(lambda c: c.label(told.reference, told.tracking, "zpl"))
    return found


def parcel_reads(bench: Bench) -> Mapping[str, Reader]:
    """Calls to a carrier that only read, by name. Something is there to be read."""
    if not bench.can(CarriesParcels):
        return {}
    booking, told = a_booking(bench)
    found: dict[str, Reader] = {}
    if not told.labels:
        found["label"] = lambda c: c.label(told.reference, told.tracking, "pdf_a6")
    if bench.requests(lambda c: c.services()):
        found["services"] = lambda c: c.services()
    if asks_by_key(bench):
        found["find_booking"] = lambda c: c.find_booking(booking.key, told.reference)
    if bench.can(RatesBookings):
        found["rates"] = lambda c: c.rates(booking)
    if bench.can(TracksParcels):
        try:
            bench.standin.travel(told.tracking[0], "accepted")
        except Absent:
            bench.standin.travel(told.tracking[0], "moving")
        found["track"] = lambda c: c.track(told.tracking)
    if bench.can(FindsPoints):
        found["points"] = lambda c: c.points(bench.standin.near, "PL", 3)
    if bench.can(PrintsProtocols):
        # Where making one is several steps, it is from here on there to be read.
        bench.call(lambda c: c.protocol([told.reference]))
        found["protocol"] = lambda c: c.protocol([told.reference])
    return found


def parcel_writes(bench: Bench) -> Mapping[str, Maker]:
    """Makers of a carrier's writes, by name."""
    makers: tuple[tuple[str, type[Any], Maker], ...] = (
        ("book", CarriesParcels, book), ("cancel_booking", CancelsBookings, cancel),
        ("order_pickup", OrdersPickups, pickup),
    )
    return {name: maker for name, capability, maker in makers if bench.can(capability)}


def book(bench: Bench) -> Write:
    """One booking as the engine makes it: it asks first whether the carrier has it already."""
    booking = bench.standin.booking(new_booking_key())
    asks = asks_by_key(bench)

    def do(carrier: Any) -> Any:
        known = carrier.find_booking(booking.key) if asks else None
        return known or carrier.book(booking)

    return Write("book", do, lambda: len(bench.standin.bookings(booking.key)), 1, again=asks)


def cancel(bench: Bench) -> Write:
    """A label taken back."""
    booking, told = to_cancel(bench)
    return Write("cancel_booking", lambda c: c.cancel_booking(told.reference, told.tracking),
                 lambda: len(bench.standin.bookings(booking.key)), 0)


def pickup(bench: Bench) -> Write:
    """A courier asked to come for one parcel."""
    visit = a_pickup(bench)
    return Write("order_pickup", lambda c: c.order_pickup(visit),
                 lambda: len(bench.standin.pickups(visit.key)), 1)


def a_pickup(bench: Bench) -> Pickup:
    """A visit for one parcel, tomorrow morning."""
    booking, told = a_booking(bench)
    ready = bench.clock.now.replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    return Pickup(new_booking_key(), ready, ready + timedelta(hours=4), booking.sender,
                  [told.reference], len(booking.packages),
                  sum(package.weight_g for package in booking.packages))
