"""The connector to Gołąb, the demo's carrier: the example to copy for a real one.

It flies beside the marketplace and is asked in the same way (``asking.py``), in the same weather.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from oms_connector import (
    Address,
    Booked,
    Booking,
    Capabilities,
    CarrierService,
    ChannelDown,
    Flaw,
    Journey,
    LabelFile,
    LabelFormat,
    Limit,
    Manifest,
    OutcomeUnknown,
    ParcelSize,
    Pickup,
    PickupPoint,
    Rate,
    Travel,
    TravelEvent,
)
from oms_connector.flaws import NO_COUNTRY

from oms_demo import words
from oms_demo.asking import batches, path_to
from oms_demo.lodger import SETTINGS, Lodger

LOCKER, DOOR = "automat", "kurier"
SIZES = (ParcelSize("A", 640, 380, 80, 25_000), ParcelSize("B", 640, 380, 190, 25_000),
         ParcelSize("C", 640, 380, 410, 25_000))
SERVICES = (
    CarrierService(DOOR, words.TO_DOOR, cod=True, most_parcels=5, heaviest_g=30_000,
                   countries=("PL", "DE", "CZ")),
    CarrierService(LOCKER, words.TO_LOCKER, needs_point=True, cod=True, sizes=SIZES,
                   heaviest_g=25_000),
)
STATES: Mapping[str, Travel] = {
    "NADANA": "announced", "PRZYJETA": "accepted", "W_DRODZE": "moving", "W_DORECZENIU": "out",
    "W_AUTOMACIE": "waiting", "DORECZONA": "delivered", "PROBLEM": "exception",
    "ZWROT": "returning",
}
BATCH = 50


class GolabConnector(Lodger):
    """Sells labels to doors and lockers, collects money, comes for parcels."""

    manifest = Manifest(
        key="golab",
        name="Gołąb",
        letters="Go",
        hue=205,
        version="1.0",
        quality="silver",
        settings=SETTINGS,
        capabilities=Capabilities(track_batch=BATCH),
        limits=(Limit(per_second=20, burst=120),),
        help=words.CARRIER_HELP,
    )

    # CarriesParcels, ChecksBookings, CancelsBookings, RatesBookings

    def services(self) -> Sequence[CarrierService]:
        """A door or a locker."""
        return SERVICES

    def check_booking(self, booking: Booking) -> Sequence[Flaw]:
        """What the carrier would refuse."""
        to, flaws = booking.receiver, []
        if not _goes_to(booking.service, to.country):
            flaws.append(Flaw("receiver.country", NO_COUNTRY))
        if len(re.sub(r"\D", "", to.phone)) < 9:
            flaws.append(Flaw("receiver.phone", words.NEEDS_PHONE))
        if booking.service == LOCKER and not booking.point:
            flaws.append(Flaw("point", words.NEEDS_POINT))
        if booking.service == DOOR and not to.street:
            flaws.append(Flaw("receiver.street", words.NEEDS_STREET))
        known = {size.ref for size in SIZES}
        for place, package in enumerate(booking.packages):
            if not 0 < package.weight_g <= (25_000 if booking.service == LOCKER else 30_000):
                flaws.append(Flaw(f"packages.{place}.weight_g", words.WRONG_WEIGHT))
            if booking.service == LOCKER and package.size not in known:
                flaws.append(Flaw(f"packages.{place}.size", words.NEEDS_SIZE))
        return flaws

    def book(self, booking: Booking) -> Booked:
        """Buy a label; the same key buys it once."""
        return _booked(self._market.send("POST", "courier/parcels", ("id", "tracking"), {
            "key": booking.key, "service": booking.service, "point": booking.point,
            "cod": "" if booking.cod is None else str(booking.cod), "currency": booking.currency,
            "note": booking.note[:60], "sender": _address(booking.sender),
            "receiver": _address(booking.receiver),
            "packages": [{"weight_g": one.weight_g, "size": one.size}
                         for one in booking.packages],
        }), OutcomeUnknown)

    def find_booking(self, key: str, reference: str = "") -> Booked | None:
        """The newest under our key."""
        rows = self._market.get("courier/parcels", ("parcels",), lists=("parcels",),
                                 key=key)["parcels"]
        return _booked(rows[-1], ChannelDown) if rows else None

    def label(self, reference: str, tracking: Sequence[str], format: LabelFormat) -> LabelFile:
        """As the carrier draws it."""
        told = self._market.get(path_to("courier", "parcels", reference, "label"), ("content",),
                                 format=format)
        return LabelFile(format, _bytes(told["content"]))

    def cancel_booking(self, reference: str, tracking: Sequence[str]) -> None:
        """Give a label back that was not used."""
        self._market.send("POST", path_to("courier", "parcels", reference, "cancel"), ("id",), {})

    def rates(self, booking: Booking) -> Sequence[Rate]:
        """By weight, of the services that go there."""
        told = self._market.get("courier/rates", ("rates",),
                                 weight=sum(one.weight_g for one in booking.packages))
        return [Rate(ref, Decimal(price), "PLN", 1) for ref, price in told["rates"].items()
                if _goes_to(ref, booking.receiver.country)]

    # TracksParcels

    def track(self, trackings: Sequence[str]) -> Sequence[Journey | None]:
        """Their scans."""
        found: dict[str, Any] = {}
        for batch in batches(trackings, BATCH):
            told = self._market.get("courier/scans", ("scans",), numbers=",".join(batch))
            found |= told["scans"]
        return [_journey(number, found.get(number)) for number in trackings]

    # FindsPoints, OrdersPickups, PrintsProtocols

    def points(self, near: str, country: str, limit: int) -> Sequence[PickupPoint]:
        """Lockers by name, postcode or town."""
        if country != "PL":
            return []
        told = self._market.get("courier/points", ("points",), lists=("points",), near=near,
                                 limit=max(1, min(limit, 100)))
        return [PickupPoint(row["id"], row["name"], row["street"], row["postcode"], row["city"],
                            cod=True, hours="24/7") for row in told["points"]]

    def order_pickup(self, pickup: Pickup) -> str:
        """A courier comes; the same key is the same visit."""
        return str(self._market.send("POST", "courier/visits", ("id",), {
            "key": pickup.key, "from": pickup.ready_from.isoformat(),
            "until": pickup.until.isoformat(), "parcels": list(pickup.references),
        })["id"])

    def protocol(self, references: Sequence[str]) -> bytes:
        """What the courier signs."""
        told = self._market.get("courier/protocol", ("content",), parcels=",".join(references))
        return _bytes(told["content"])


def _goes_to(ref: str, country: str) -> bool:
    service = next((one for one in SERVICES if one.ref == ref), None)
    return service is None or (country or "PL").upper() in service.countries


def _address(address: Address) -> Mapping[str, str]:
    return {"name": address.name, "company": address.company, "street": address.street,
            "postcode": address.postcode, "city": address.city, "country": address.country,
            "phone": address.phone, "email": address.email}


def _booked(told: Any, unreadable: type[Exception]) -> Booked:
    try:
        return Booked(str(told["id"]), "cancelled" if told["state"] == "cancelled" else "confirmed",
                      tuple(map(str, told["tracking"])), Decimal(told["price"]))
    except (LookupError, TypeError, InvalidOperation) as error:
        raise unreadable(words.LACKS % {"names": "parcel"}) from error


def _bytes(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, TypeError, binascii.Error) as error:
        raise ChannelDown(words.LACKS % {"names": "content"}) from error


def _journey(number: str, rows: Any) -> Journey | None:
    if not rows:
        return None
    return Journey(number, [
        TravelEvent(datetime.fromisoformat(row["at"]), STATES.get(row["code"], "moving"),
                    row["code"]) for row in rows])
