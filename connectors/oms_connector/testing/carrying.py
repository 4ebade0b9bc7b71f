"""Checks 54-65: a parcel is booked once, labelled as often as needed, and followed to its end."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from oms_connector import (
    Booked,
    CancelsBookings,
    CarrierService,
    CarriesParcels,
    ChecksBookings,
    FindsPoints,
    OrdersPickups,
    PickupPoint,
    PrintsProtocols,
    RatesBookings,
    Refused,
    TracksParcels,
    Travel,
)
from oms_connector.testing.bench import Bench
from oms_connector.testing.facts import Wish
from oms_connector.testing.parcels import (
    a_booking,
    a_pickup,
    asks_by_key,
    formats,
    label_fault,
    new_booking_key,
    to_cancel,
)
from oms_connector.testing.promise import keeps
from oms_connector.testing.shape import is_amount, is_moment
from oms_connector.testing.standin import Absent
from oms_connector.testing.verdict import Broken, must, not_applicable

WISHES: tuple[Wish, ...] = get_args(Wish)
STATES: tuple[Travel, ...] = get_args(Travel)


class Carrying:
    """What a carrier sells, and what becomes of it."""

    @keeps(54, "a carrier's services can be told apart, and say what they need", "bronze")
    def test_54_services(self, bench: Bench) -> None:
        """A seller chooses from them; sizes come smallest first."""
        bench.needs(CarriesParcels)
        services = bench.call(lambda c: c.services())
        must(services and all(isinstance(one, CarrierService) and one.ref and one.name
                              for one in services), f"no services, or without a name: {services}")
        known = {one.ref: one for one in services}
        must(len(known) == len(services), f"two services of one reference: {sorted(known)}")
        for one in services:
            room = [size.length_mm * size.width_mm * size.height_mm for size in one.sizes]
            must(room == sorted(room), f"{one.ref}: its sizes are not the smallest first")
        for wish in wishes(bench):
            booking = bench.standin.booking(new_booking_key(), wish)
            must(booking.service in known, f"{booking.service!r} is taken and not among services")
            service = known[booking.service]
            must(service.needs_point or wish != "point", f"{service.ref} goes to a point, and does "
                 "not say that it needs one")
            must(service.cod or booking.cod is None, f"{service.ref} collects money, and does not "
                 "say so")
            must(len(booking.packages) <= service.most_parcels,
                 f"{service.ref} takes several boxes, and does not say so")

    @keeps(55, "a booking reaches the carrier as it was ordered", "silver")
    def test_55_whole(self, bench: Bench) -> None:
        """To the gram and the grosz, to the right point, once."""
        bench.needs(CarriesParcels)
        for wish in wishes(bench):
            booking, told = a_booking(bench, wish)
            found = list(bench.standin.bookings(booking.key))
            must(len(found) == 1, f"{wish}: one booking became {len(found)} under {booking.key!r}")
            [there] = found
            must(there.reference == told.reference,
                 f"{wish}: the carrier calls it {there.reference!r}, told was {told.reference!r}")
            weights = [package.weight_g for package in booking.packages]
            must(not there.weights_g or list(there.weights_g) == weights,
                 f"{wish}: weights of {weights} g became {list(there.weights_g)}")
            got = (there.service, there.cod, there.point, there.postcode)
            wanted = (booking.service, booking.cod, booking.point, booking.receiver.postcode)
            must(got == wanted, f"{wish}: {wanted} (service, cod, point, postcode) became {got}")

    @keeps(56, "what lies under a key is found again, and nothing else is", "silver")
    def test_56_found(self, bench: Bench) -> None:
        """This is how a lost answer never buys a second label."""
        bench.needs(CarriesParcels)
        if not asks_by_key(bench):
            not_applicable("the carrier cannot be asked by key: lost answers wait for a person")
        bookings = [a_booking(bench) for _ in range(3)]
        for booking, told in bookings:
            for ref in ("", told.reference):
                found = bench.call(lambda c, key=booking.key, ref=ref: c.find_booking(key, ref))
                must(isinstance(found, Booked) and found.reference == told.reference,
                     f"booked was {told.reference!r}, found {found!r}")
                must(list(found.tracking) == list(told.tracking) and found.state == "confirmed",
                     f"booked was {told!r}, found {found!r}")
        nothing = bench.call(lambda c: c.find_booking(new_booking_key()))
        must(nothing is None, f"under a key that was never used it finds {nothing!r}")

    @keeps(57, "every package has its tracking number, and no two bookings share one", "silver")
    def test_57_tracking(self, bench: Bench) -> None:
        """In the order of the packages; a carrier with one number for all repeats it."""
        bench.needs(CarriesParcels)
        seen: set[str] = set()
        for wish in wishes(bench):
            booking, told = a_booking(bench, wish)
            must(len(told.tracking) == len(booking.packages) and all(told.tracking),
                 f"{wish}: {len(booking.packages)} packages, tracking {list(told.tracking)}")
            must(not seen & set(told.tracking), f"{wish}: {list(told.tracking)} was another's")
            seen |= set(told.tracking)
            must(told.price is None or is_amount(told.price), f"a price of {told.price!r}")

    @keeps(58, "a label can be printed, and again as often as it is asked for", "silver")
    def test_58_labels(self, bench: Bench) -> None:
        """The printer jams; the label must not cost twice."""
        bench.needs(CarriesParcels)
        wish: Wish = "several" if "several" in wishes(bench) else "plain"
        booking, told = a_booking(bench, wish)
        other = formats(bench, a_booking(bench)[1])
        for name, label in formats(bench, told).items():
            must(label.format == name, f"asked for {name}, it gives {label.format}")
            must(not label_fault(label), f"{name}: {label_fault(label)}")
            if not told.labels:
                again = bench.call(
                    lambda c, name=name: c.label(told.reference, told.tracking, name))
                must(again.content == label.content, f"{name}: asked for again it is another label")
            must(label.content != other[name].content, f"{name}: two bookings have one label")
        must(len(bench.standin.bookings(booking.key)) == 1, "asking for a label books")
        try:
            bench.call(lambda c: c.label(bench.standin.unknown, [bench.standin.unknown], "pdf_a6"))
        except Refused:
            return
        raise Broken("there is a label of a booking that does not exist")

    @keeps(59, "a refused booking names the field to blame, and leaves nothing behind", "silver")
    def test_59_refused(self, bench: Bench) -> None:
        """So that a person can put it right and book again with the same key."""
        bench.needs(CarriesParcels)
        booking, field = bench.standin.refused_booking(new_booking_key())
        try:
            told = bench.call(lambda c: c.book(booking))
        except Refused as refusal:
            must(refusal.field == field, f"{field!r} is wrong, it blames {refusal.field!r}")
            must(str(refusal), "it does not say why")
        else:
            raise Broken(f"{field!r} is wrong, and the booking became {told!r}")
        must(not bench.standin.bookings(booking.key), "a refused booking is at the carrier")

    @keeps(60, "what check_booking finds is refused, what it lets pass is taken", "silver")
    def test_60_checked(self, bench: Bench) -> None:
        """Everything wrong at once, without a request; the same fields as the carrier blames."""
        bench.needs(CarriesParcels, ChecksBookings)
        before = len(bench.line.calls)
        booking, field = bench.standin.refused_booking(new_booking_key())
        flaws = bench.call(lambda c: c.check_booking(booking))
        must(field in {flaw.field for flaw in flaws}, f"{field!r} is wrong, it finds {flaws!r}")
        must(all(flaw.message for flaw in flaws), f"a flaw without words: {flaws!r}")
        for wish in wishes(bench):
            good = bench.standin.booking(new_booking_key(), wish)
            flaws = bench.call(lambda c, good=good: c.check_booking(good))
            must(not flaws, f"{wish}: the carrier takes it, and it finds {flaws!r}")
        pointless = [wish for wish in wishes(bench) if wish == "point"]
        for wish in pointless:
            lost = replace(bench.standin.booking(new_booking_key(), wish), point="")
            flaws = bench.call(lambda c, lost=lost: c.check_booking(lost))
            must("point" in {flaw.field for flaw in flaws},
                 f"a booking to no point at all passes: {flaws!r}")
        must(len(bench.line.calls) == before, "checking a booking asks the carrier")

    @keeps(61, "cancelled twice is cancelled once, and it is found as cancelled", "silver")
    def test_61_cancelled(self, bench: Bench) -> None:
        """A label taken back is not paid for."""
        bench.needs(CarriesParcels, CancelsBookings)
        _, kept = a_booking(bench)
        booking, told = to_cancel(bench)
        for _ in range(2):
            bench.call(lambda c: c.cancel_booking(told.reference, told.tracking))
        must(not bench.standin.bookings(booking.key), "it was not cancelled")
        if asks_by_key(bench):
            found = bench.call(lambda c: c.find_booking(booking.key, told.reference))
            must(found is None or found.state == "cancelled",
                 f"cancelled, it is found as {found!r}")
        if not kept.labels:
            bench.call(lambda c: c.label(kept.reference, kept.tracking, "pdf_a6"))
        if not bench.standin.takes_back:
            self._too_late(bench, kept)

    def _too_late(self, bench: Bench, kept: Booked) -> None:
        try:
            bench.call(lambda c: c.cancel_booking(kept.reference, kept.tracking))
        except Refused:
            return
        raise Broken("the carrier takes no confirmed label back, and it was said to be cancelled")

    @keeps(62, "a journey is told in order, in eight words, with the carrier's own kept", "silver")
    def test_62_journeys(self, bench: Bench) -> None:
        """One per number, in the order asked for; None for a number that is not the carrier's."""
        bench.needs(CarriesParcels, TracksParcels)
        _, told = a_booking(bench)
        _, quiet = a_booking(bench)
        number = told.tracking[0]
        scanned = []
        for state in STATES[1:]:  # a label exists already
            bench.clock.forward(hours=3)
            try:
                scanned.append((state, bench.standin.travel(number, state)))
            except Absent:
                continue
        asked = [quiet.tracking[0], bench.standin.unknown, number]
        journeys = bench.call(lambda c: c.track(asked))
        must(len(journeys) == 3 and journeys[1] is None and journeys[2] is not None,
             f"asked for {asked}, told of {[one and one.tracking for one in journeys]}")
        must(all(one is None or one.tracking == number for one, number
                 in zip(journeys, asked, strict=True)), "journeys are not in the order asked for")
        events = journeys[2].events
        moments = [event.at for event in events]
        must(all(is_moment(at) for at in moments) and moments == sorted(moments),
             f"they are not oldest first: {moments}")
        got = [(event.state, event.raw) for event in events]
        must(all(state in STATES for state, _ in got), f"other words than the eight: {got}")
        must([pair for pair in got if pair in scanned] == scanned,
             f"scanned was {scanned}, told is {got}")
        must(list(bench.call(lambda c: c.track([]))) == [], "something was told of nothing")

    @keeps(63, "points near a place are told, each once and no more than asked for", "silver")
    def test_63_points(self, bench: Bench) -> None:
        """A buyer's parcel goes to one of them."""
        bench.needs(FindsPoints)
        near = bench.standin.near
        must(near, "the stand-in does not say where its points are")
        found = bench.call(lambda c: c.points(near, "PL", 20))
        must(len(found) >= 3 and all(isinstance(one, PickupPoint) and one.ref and one.name
                                     and one.city for one in found),
             f"near {near!r} are {found!r}"[:300])
        refs = [one.ref for one in found]
        must(len(set(refs)) == len(refs), f"a point comes twice: {refs}")
        few = bench.call(lambda c: c.points(near, "PL", 2))
        must([one.ref for one in few] == refs[:2], f"asked for two, it tells of {few!r}"[:300])
        named = bench.call(lambda c: c.points(refs[0], "PL", 5))
        must(refs[0] in [one.ref for one in named], f"{refs[0]!r} is not found by its own name")
        must(list(bench.call(lambda c: c.points("Qqxzw", "PL", 5))) == [],
             "there are points in a town that does not exist")

    @keeps(64, "a price is an amount, for a service that can be booked", "silver")
    def test_64_rates(self, bench: Bench) -> None:
        """The seller compares them."""
        bench.needs(CarriesParcels, RatesBookings)
        known = {one.ref for one in bench.call(lambda c: c.services())}
        rates = bench.call(lambda c: c.rates(bench.standin.booking(new_booking_key())))
        must(rates, "it carries the parcel, and has no price for it")
        for rate in rates:
            must(rate.service in known, f"a price for {rate.service!r}, which is no service")
            must(is_amount(rate.price) and rate.price > 0 and rate.currency,
                 f"a price of {rate.price!r} {rate.currency!r}")

    @keeps(65, "a courier asked twice comes once, and the protocol is a document", "silver")
    def test_65_hand_over(self, bench: Bench) -> None:
        """A second courier is paid for too."""
        if not (bench.can(OrdersPickups) or bench.can(PrintsProtocols)):
            not_applicable("no courier comes, and there is no protocol")
        if bench.can(OrdersPickups):
            visit = a_pickup(bench)
            refs = [bench.call(lambda c: c.order_pickup(visit)) for _ in range(2)]
            there = list(bench.standin.pickups(visit.key))
            must(len(there) == 1 and refs == there * 2, f"asked twice for one visit, told {refs}; "
                 f"the carrier has {there}")
        if bench.can(PrintsProtocols):
            told = [a_booking(bench)[1].reference for _ in range(2)]
            pdf = bench.call(lambda c: c.protocol(told))
            must(pdf.startswith(b"%PDF-") and b"%%EOF" in pdf[-1024:], f"no PDF: {pdf[:12]!r}")


def wishes(bench: Bench) -> list[Wish]:
    """What can be special about a parcel of this carrier; plain ones it always takes."""
    found: list[Wish] = []
    for wish in WISHES:
        try:
            bench.standin.booking(new_booking_key(), wish)
        except Absent:
            if wish == "plain":
                raise
            continue
        found.append(wish)
    return found
