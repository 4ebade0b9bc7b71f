"""Carriers: what crosses the border when a parcel is sent, and what a carrier may be able to do.

A carrier's connector has no orders. It is told what is to travel and answers with a label; each
thing it can do is one small protocol, and only ``CarriesParcels`` is needed. Weights are grams,
lengths millimetres, money ``Decimal`` in the currency's main unit.

A booking costs money, so it may never be made twice: every booking has a ``key``, the engine writes
it down before it is sent, and where the answer is lost (``OutcomeUnknown``) asks ``find_booking``
before it books again. A connector must therefore put the key where its carrier keeps it with the
shipment (its "reference" field).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, Protocol, runtime_checkable

from oms_connector.data import Address

LabelFormat = Literal["pdf_a6", "zpl"]
Travel = Literal[
    "announced", "accepted", "moving", "out", "waiting", "delivered", "exception", "returning"
]
"""How far a parcel is, in eight words: ``announced`` (a label exists), ``accepted`` (the carrier
has it), ``moving``, ``out`` for delivery, ``waiting`` at a point for its addressee, ``delivered``,
``exception`` (something went wrong, a person should look), ``returning`` to the sender."""


@dataclass(frozen=True, slots=True)
class CarrierService:
    """A way to send, as the carrier sells it to this account.

    ``needs_point``: goes to a locker or counter that ``Booking.point`` must name.
    ``most_parcels`` of one booking. ``sizes``: the carrier's own sizes, smallest first, where it
    sells by size and not by measure.
    """

    ref: str
    name: str
    needs_point: bool = False
    cod: bool = False
    most_parcels: int = 1
    heaviest_g: int | None = None
    countries: Sequence[str] = ("PL",)
    sizes: Sequence[ParcelSize] = ()


@dataclass(frozen=True, slots=True)
class ParcelSize:
    """A size that a carrier sells: nothing longer than its measures (millimetres) fits."""

    ref: str
    length_mm: int
    width_mm: int
    height_mm: int
    heaviest_g: int


@dataclass(frozen=True, slots=True)
class Package:
    """One box that is to travel. ``size`` is a ``ParcelSize.ref`` where the service has sizes."""

    weight_g: int
    length_mm: int = 0
    width_mm: int = 0
    height_mm: int = 0
    size: str = ""


@dataclass(frozen=True, slots=True)
class Booking:
    """What is to travel, whole. ``key`` is ours and unique: at most 20 of A-Z, 0-9 and ``-``.

    ``cod`` is what the carrier collects, ``insured`` what the goods are worth to it, both in
    ``currency``. ``note`` is printed on the label (the order's number). ``point`` names a locker or
    counter of the carrier. ``is_return``: the label is for a buyer who sends goods back; then
    ``sender`` is the buyer. ``options`` are the service's own further wishes, by the names that the
    connector's help gives.
    """

    key: str
    service: str
    sender: Address
    receiver: Address
    packages: Sequence[Package]
    currency: str = "PLN"
    point: str = ""
    cod: Decimal | None = None
    insured: Decimal | None = None
    note: str = ""
    contents: str = ""
    is_return: bool = False
    ship_on: date | None = None
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a booking would be refused. ``field`` is a path in it: ``receiver.phone``, ``cod``."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Booked:
    """What the carrier made of a booking.

    ``reference`` is its own id of the whole. ``pending``: it works on it (offers, payment); ask
    ``find_booking`` again. ``tracking`` has one number per package, in their order, once confirmed;
    a carrier with one number for all repeats it. ``price`` is net, if told. ``labels``: the label's
    files of a confirmed booking, from a carrier that gives them only with it; they are kept at
    once, and ``label`` need not know them again.
    """

    reference: str
    state: Literal["pending", "confirmed", "refused", "cancelled"] = "confirmed"
    tracking: Sequence[str] = ()
    price: Decimal | None = None
    currency: str = "PLN"
    message: str = ""
    labels: Sequence[LabelFile] = ()


@dataclass(frozen=True, slots=True)
class LabelFile:
    """A label as the carrier draws it: all packages of a booking, one page (or ZPL block) each."""

    format: LabelFormat
    content: bytes


@dataclass(frozen=True, slots=True)
class Rate:
    """What a booking would cost by one of the account's services, net, and when it would arrive."""

    service: str
    price: Decimal
    currency: str
    days: int | None = None


@dataclass(frozen=True, slots=True)
class TravelEvent:
    """One entry of a parcel's journey. ``raw`` is the carrier's own code of it, always kept."""

    at: datetime
    state: Travel
    raw: str
    description: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Journey:
    """A parcel's way so far, oldest first. ``weight_g`` is what the carrier weighed, if told."""

    tracking: str
    events: Sequence[TravelEvent]
    weight_g: int | None = None


@dataclass(frozen=True, slots=True)
class PickupPoint:
    """A locker or counter. ``cod``: money can be taken there."""

    ref: str
    name: str
    street: str
    postcode: str
    city: str
    country: str = "PL"
    latitude: float | None = None
    longitude: float | None = None
    hours: str = ""
    cod: bool = False
    kind: Literal["locker", "counter"] = "locker"


@dataclass(frozen=True, slots=True)
class Pickup:
    """A courier is asked to come for these bookings. ``key`` is ours, like a booking's."""

    key: str
    ready_from: datetime
    until: datetime
    address: Address
    references: Sequence[str]
    packages: int
    weight_g: int


@runtime_checkable
class CarriesParcels(Protocol):
    """Sells labels."""

    def services(self) -> Sequence[CarrierService]:
        """What this account may book. Asks the network only where the carrier tells by account."""

    def book(self, booking: Booking) -> Booked:
        """Order it. Called once per key; after a lost answer if ``find_booking`` knows nothing.

        Raises:
            Refused: the carrier says no; ``field`` is a path in the booking where one is to blame.
            OutcomeUnknown: sent, and nobody knows.
        """

    def find_booking(self, key: str, reference: str = "") -> Booked | None:
        """What the carrier has under our key, by its reference if that is known; None: nothing.

        Asked again while a booking is pending; where the carrier waits for a next step (an offer
        to be chosen), it is taken here, and taken twice it is taken once.

        Raises:
            NotSupported: this carrier cannot be asked by key. A lost answer waits for a person.
        """

    def label(self, reference: str, tracking: Sequence[str], format: LabelFormat) -> LabelFile:
        """The label of a confirmed booking; as often as it is asked for, the same parcel.

        Not asked for in a format that came with the booking (``Booked.labels``).

        Raises:
            NotFound: the carrier knows no such booking.
            NotSupported: it has no label in this format; ``pdf_a6`` is always there.
            ChannelDown: not now, or what came is no whole label.
        """


@runtime_checkable
class ChecksBookings(Protocol):
    """Knows without a network what its carrier would refuse."""

    def check_booking(self, booking: Booking) -> Sequence[Flaw]:
        """Everything that is wrong with it, at once; empty if nothing is."""


@runtime_checkable
class CancelsBookings(Protocol):
    """Takes a label back that was not used."""

    def cancel_booking(self, reference: str, tracking: Sequence[str]) -> None:
        """Cancel it; twice is once.

        Raises:
            Refused: too late, or the carrier does not take labels back.
        """


@runtime_checkable
class RatesBookings(Protocol):
    """Can say beforehand what it costs."""

    def rates(self, booking: Booking) -> Sequence[Rate]:
        """Prices of the services that could carry it (``booking.service`` is not looked at)."""


@runtime_checkable
class TracksParcels(Protocol):
    """Knows where parcels are."""

    def track(self, trackings: Sequence[str]) -> Sequence[Journey | None]:
        """One per number, in order; None where the carrier does not know it.

        At most the manifest's ``track_batch`` numbers at once.
        """


@runtime_checkable
class FindsPoints(Protocol):
    """Has lockers or counters where buyers fetch their parcels."""

    def points(self, near: str, country: str, limit: int) -> Sequence[PickupPoint]:
        """Points by name, postcode or town, nearest or best first."""


@runtime_checkable
class OrdersPickups(Protocol):
    """A courier comes for the parcels."""

    def order_pickup(self, pickup: Pickup) -> str:
        """The carrier's reference of it. The same key twice is one pickup."""


@runtime_checkable
class PrintsProtocols(Protocol):
    """Has a hand-over protocol of its own that the courier signs."""

    def protocol(self, references: Sequence[str]) -> bytes:
        """A PDF of these bookings."""
