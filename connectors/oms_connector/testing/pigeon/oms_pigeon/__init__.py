"""Pigeon, a small carrier: a label is bought once, printed again, given back; parcels are followed.

In what order the engine calls all this: docs/connectors/carriers.md.
"""

from __future__ import annotations

from oms_connector import (
    AccessRefused,
    Address,
    Booked,
    Booking,
    CarrierService,
    ChannelDown,
    Connector,
    Field,
    Journey,
    LabelFile,
    Limit,
    Manifest,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    Refused,
    TravelEvent,
    hookimpl,
)
from oms_connector.flaws import against, of_address, unnamed
from oms_connector.labels import label_from
from oms_connector.reading import Puzzling, child, children, choice, moment, shown, text, value
from oms_connector.scans import meaning

# What the carrier sells, what its forms need, and how long their fields are.
SERVICES = (
    CarrierService("door", "To the door", cod=True, most_parcels=3, heaviest_g=30_000),
)
NEEDS = ("name", "street", "number", "postcode", "city", "phone")
LONGEST = {"name": 40, "street": 50, "city": 30}
# Its words -> ours: how a booking stands, how far a parcel is, which field a refusal is about. Of a
# state that is new nothing is guessed; of a scan its description may tell.
STATES = {"made": "confirmed", "cancelled": "cancelled"}
SCANS = {"taken": "accepted", "depot": "moving", "van": "out", "shop": "waiting",
         "given": "delivered", "broken": "exception", "back": "returning"}
FIELDS = {"to.phone": "receiver.phone", "to.zip": "receiver.postcode", "cod": "cod"}


class Pigeon(Connector):
    """Its API has four addresses: account, parcels, a parcel's label, scans."""

    manifest = Manifest(
        key="pigeon", name="Pigeon", letters="Pi", version="1.0", hue=200,
        settings=(Field("token", "API key", secret=True, help="In Pigeon's panel: API."),),
        limits=(Limit(per_second=5, burst=10),),
    )

    @classmethod
    def base_url(cls, settings):
        return "https://api.pigeon.example"

    @classmethod
    def auth_headers(cls, secrets):
        return {"Authorization": f"Bearer {secrets['token']}"}

    def verify(self):
        try:
            return self._read("account", "name")["name"]
        except AccessRefused as refusal:
            raise AccessRefused("The carrier does not accept this key.", "token") from refusal

    def services(self):
        """Kept once connected. Ask the network only where the carrier tells them by account."""
        return SERVICES

    def check_booking(self, booking: Booking):
        """Everything that would be refused, without a request; shown at the form's fields."""
        return [*against(booking, SERVICES),
                *of_address("sender", booking.sender, NEEDS, LONGEST),
                *of_address("receiver", booking.receiver, NEEDS, LONGEST)]

    def book(self, booking: Booking):
        """Money is spent here. What is not known for certain is ``OutcomeUnknown``."""
        response = self.context.http.request("POST", "parcels", json=document(booking))
        if 400 <= response.status < 500:
            raise refusal(response.json(), booking)
        try:
            return booked(response.json() if response.status == 201 else None)
        except (ChannelDown, Puzzling) as error:
            raise OutcomeUnknown(f"the carrier answered {response.status}") from error

    def find_booking(self, key, reference=""):
        """Called after a lost answer, before anything is bought again: so our key is told to it.

        A carrier that cannot be asked raises ``NotSupported``; then a person looks.
        """
        rows = self._read("parcels", "parcels", reference=key)["parcels"]
        try:
            return booked(rows[-1]) if rows else None
        except Puzzling as error:
            raise ChannelDown(str(error)) from error

    def label(self, reference, tracking, format):
        """Called once it is confirmed, and again when the first time failed: never a new parcel."""
        if format != "pdf_a6":
            raise NotSupported("the carrier has its labels as PDF only")
        response = self.context.http.request("GET", f"parcels/{reference}/label")
        if response.status == 404:
            raise NotFound("the carrier has no such parcel")
        said = response.json() if response.status == 200 else None
        return LabelFile(format, label_from(str(value(said, "pdf") or ""), format))

    def cancel_booking(self, reference, tracking):
        """Twice is once: what is gone already (410) is gone."""
        response = self.context.http.request("DELETE", f"parcels/{reference}")
        if response.status in (404, 409):
            raise Refused("the carrier does not take this label back (any more)")
        if response.status not in (204, 410):
            raise OutcomeUnknown(f"the carrier answered {response.status}")

    def track(self, trackings):
        """At most the manifest's ``track_batch`` numbers; one answer for each, in their order."""
        if not trackings:
            return []
        said = self._read("scans", "scans", numbers=",".join(trackings))
        try:
            return [journey(number, child(said, "scans")) for number in trackings]
        except Puzzling as error:
            raise ChannelDown(str(error)) from error

    def _read(self, path, needs, **params):
        response = self.context.http.request("GET", path, params=params)
        said = response.json() if response.status == 200 else None
        if not isinstance(said, dict) or needs not in said:
            raise ChannelDown(f"the carrier answered {response.status}")
        return said


def document(booking: Booking):
    """A booking in the carrier's form. Its ``reference`` is our key, kept with the parcel."""
    return {
        "reference": booking.key, "service": booking.service, "note": booking.note[:30],
        "from": party(booking.sender), "to": party(booking.receiver),
        "grams": [package.weight_g for package in booking.packages],
        "cod": None if booking.cod is None else str(booking.cod),
    }


def party(address: Address):
    """An address in the carrier's form."""
    return {"name": address.company or address.name, "street": address.street,
            "zip": address.postcode, "city": address.city, "phone": address.phone}


def booked(said):
    """What the carrier says of a parcel, in our words; one tracking number for each box."""
    state = choice(STATES, text(said, "state"), "state")
    return Booked(text(said, "id"), state, tuple(children(said, "numbers")))


def refusal(said, booking: Booking):
    """A no in words, without what they say of people, and the field of the form to blame."""
    why = unnamed(str(value(said, "why") or "no reason was given"), booking.sender,
                  booking.receiver)
    return Refused(f"the carrier refuses: {why}", "", FIELDS.get(value(said, "field"), ""))


def journey(number, found):
    """A parcel's way, oldest first; None where the carrier does not know it."""
    if number not in found:
        return None
    events = [TravelEvent(moment(row, "at"), SCANS.get(text(row, "code")) or
                          meaning(shown(row, "words")), text(row, "code"), shown(row, "words"))
              for row in children(found, number)]
    return Journey(number, sorted(events, key=lambda event: event.at))


@hookimpl
def oms_connectors():
    """The connectors of this package."""
    return [Pigeon]
