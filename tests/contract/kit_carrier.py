"""Goniec, an invented carrier, by the book: the kit's good example of who carries parcels."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from oms_connector import (
    AccessRefused,
    Booked,
    Booking,
    CarrierService,
    ChannelDown,
    Connector,
    Field,
    Flaw,
    Journey,
    LabelFile,
    Limit,
    Manifest,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    ParcelSize,
    PickupPoint,
    Rate,
    Refused,
    TravelEvent,
)

SIZES = (ParcelSize("S", 80, 380, 640, 25_000), ParcelSize("L", 410, 380, 640, 25_000))
STATES = {"MADE": "announced", "TAKEN": "accepted", "ROAD": "moving", "OUT": "out",
          "BOX": "waiting", "DONE": "delivered", "ODD": "exception", "BACK": "returning"}


class Goniec(Connector):
    """Its API has parcels, labels, visits and boxes."""

    manifest = Manifest(
        key="goniec", name="Goniec", letters="Go", version="1.0", hue=20,
        settings=(Field("url", "Address", "url"), Field("token", "API key", secret=True)),
        limits=(Limit(per_second=20, burst=40),),
    )

    @classmethod
    def auth_headers(cls, secrets):
        return {"Authorization": f"Bearer {secrets['token']}"}

    def verify(self):
        try:
            return self._read("account")["name"]
        except AccessRefused as refusal:
            raise AccessRefused("Goniec does not accept this key.", "token") from refusal

    def services(self):
        return [CarrierService("door", "To the door", cod=True, most_parcels=3, heaviest_g=30_000),
                CarrierService("box", "To a box", needs_point=True, sizes=SIZES)]

    def check_booking(self, booking: Booking):
        flaws = []
        if len(booking.receiver.phone) < 9:
            flaws.append(Flaw("receiver.phone", "a phone number is needed"))
        if booking.service == "box" and not booking.point:
            flaws.append(Flaw("point", "which box?"))
        return flaws

    def book(self, booking):
        said = self._write("parcels", self.document(booking))
        return self.booked(said)

    def document(self, booking: Booking) -> dict[str, Any]:
        return {"key": booking.key, "service": booking.service, "point": booking.point,
                "phone": booking.receiver.phone, "name": booking.receiver.name,
                "street": booking.receiver.street, "postcode": booking.receiver.postcode,
                "weights": [package.weight_g for package in booking.packages],
                "cod": None if booking.cod is None else str(booking.cod)}

    def booked(self, said) -> Booked:
        return Booked(said["id"], said["state"], tuple(said["numbers"]), Decimal(said["price"]))

    def find_booking(self, key, reference=""):
        rows = self._read("parcels", key=key)["parcels"]
        return self.booked(rows[-1]) if rows else None

    def label(self, reference, tracking, format):
        content = self._label(reference, format)
        whole = content.startswith(b"%PDF") and content.rstrip().endswith(b"%%EOF") \
            if format == "pdf_a6" else content.rstrip().endswith(b"^XZ")
        if not whole:
            raise ChannelDown("this is no whole label")
        return LabelFile(format, content)

    def _label(self, reference, format) -> bytes:
        response = self.context.http.request("GET", f"labels/{reference}",
                                             params={"format": format})
        if response.status == 404:
            raise NotFound("no such parcel")
        if response.status != 200:
            raise ChannelDown(f"Goniec answered {response.status}")
        return response.body

    def cancel_booking(self, reference, tracking):
        self._write(f"parcels/{reference}/cancel", {})

    def rates(self, booking):
        rows = self._read("rates", weight=sum(one.weight_g for one in booking.packages))["rates"]
        return [Rate(row["service"], Decimal(row["price"]), "PLN", row["days"]) for row in rows]

    def track(self, trackings):
        if not trackings:
            return []
        found = self._read("scans", numbers=",".join(trackings))["scans"]
        return [self.journey(number, found.get(number)) for number in trackings]

    def journey(self, number, rows):
        if rows is None:
            return None
        events = [TravelEvent(datetime.fromisoformat(row["at"]), STATES[row["code"]], row["code"])
                  for row in rows]
        return Journey(number, sorted(events, key=lambda event: event.at))

    def points(self, near, country, limit):
        rows = self._read("boxes", near=near, limit=limit)["boxes"]
        return [PickupPoint(row["id"], row["name"], row["street"], row["postcode"], row["city"])
                for row in rows]

    def order_pickup(self, pickup):
        return self._write("visits", {"key": pickup.key, "parcels": list(pickup.references),
                                      "from": pickup.ready_from.isoformat()})["id"]

    def protocol(self, references):
        response = self.context.http.request("GET", "protocol",
                                             params={"parcels": ",".join(references)})
        if not response.body.rstrip().endswith(b"%%EOF"):
            raise ChannelDown("this is no whole document")
        return response.body

    def _read(self, path, **params):
        response = self.context.http.request("GET", path, params=params)
        said = response.json() if response.status == 200 else None
        if not isinstance(said, dict):
            raise ChannelDown(f"Goniec answered {response.status}")
        return said

    def _write(self, path, document):
        response = self.context.http.request("POST", path, json=document)
        if response.status == 503:
            raise ChannelDown("Goniec is closed")
        if response.status == 422:
            said = response.json()
            raise Refused(said["why"], "", said["field"])
        try:
            said = response.json() if response.status == 200 else None
        except ChannelDown:
            said = None
        if not isinstance(said, dict):
            raise OutcomeUnknown(f"Goniec answered {response.status}")
        return said


class AsksNobody(Goniec):
    """A carrier that cannot be asked by key is no liar: its lost answers wait for a person."""

    def find_booking(self, key, reference=""):
        if reference:
            return super().find_booking(key, reference)
        raise NotSupported("nobody can ask Goniec what it has under a key")


class GivesLabelsOnce(Goniec):
    """A carrier whose labels come with their bookings, and never again."""

    def booked(self, said):
        told = super().booked(said)
        text = ",".join(said["numbers"]).encode()
        label = LabelFile("pdf_a6", b"%PDF-1.7\n" + text + b"\n%%EOF\n")
        return Booked(told.reference, told.state, told.tracking, told.price, labels=[label])

    def label(self, reference, tracking, format):
        raise NotSupported("Goniec gives its labels once")
