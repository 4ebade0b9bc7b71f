"""The connector to InPost: books, labels, follows and hands over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from oms_connector import (
    AccessRefused,
    Booked,
    Booking,
    Capabilities,
    CarrierService,
    ChannelDown,
    Connector,
    Field,
    Flaw,
    Journey,
    LabelFile,
    LabelFormat,
    Limit,
    Manifest,
    NotFound,
    OutcomeUnknown,
    Pickup,
    PickupPoint,
    Refused,
    Ring,
)
from oms_connector.labels import is_whole
from oms_connector.reading import Puzzling, children, value

from oms_inpost import answers, bell, calls, form, journey, pickups, points, words
from oms_inpost.catalog import SENDING, SERVICES

PLACES = ("https://api-shipx-pl.easypack24.net", "https://sandbox-api-shipx-pl.easypack24.net")
_LABELS: Mapping[LabelFormat, str] = {"pdf_a6": "Pdf", "zpl": "Zpl"}
"""What ShipX calls a format."""


class InpostConnector(Connector):
    """One organisation of ShipX. The key is kept as ``external_customer_id``."""

    manifest = Manifest(
        key="inpost",
        name="InPost",
        letters="IP",
        hue=48,
        version="1.0",
        quality="silver",
        help=words.HELP,
        settings=(
            Field("url", words.URL, "choice", choices=PLACES, default=PLACES[0]),
            Field("organization", words.ORGANIZATION, help=words.ORGANIZATION_HELP),
            Field("token", words.TOKEN, secret=True, help=words.TOKEN_HELP),
            Field("sending", words.SENDING, "choice", choices=SENDING, default=SENDING[0],
                  help=words.SENDING_HELP),
            Field("dropoff", words.DROPOFF, required=False, help=words.DROPOFF_HELP),
        ),
        capabilities=Capabilities(),
        limits=(Limit(per_second=5, burst=20),),
    )

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """One of the vendor's two addresses."""
        return str(settings.get("url") or PLACES[0])

    @classmethod
    def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """The token."""
        return {"Authorization": f"Bearer {secrets.get('token', '').strip()}"}

    def verify(self) -> str:
        """The organisation's name."""
        return str(self._organization().get("name") or "InPost")

    def services(self) -> Sequence[CarrierService]:
        """Those of our catalogue that the organisation may use."""
        allowed = {str(ref) for ref in children(self._organization(), "services")}
        return [service for ref, service in SERVICES.items() if ref in allowed]

    def check_booking(self, booking: Booking) -> Sequence[Flaw]:
        """By the documentation's rules of the form."""
        return form.flaws(booking)

    def book(self, booking: Booking) -> Booked:
        """Create a shipment; InPost buys it by itself within seconds."""
        for flaw in form.flaws(booking):
            raise Refused(flaw.message, "", flaw.field)
        made = calls.send(self.context.http, "POST", f"{self._root}/shipments",
                          form.shipment(booking, self.context.settings))
        try:
            found = answers.booked(made)
        except Puzzling as puzzle:
            raise OutcomeUnknown(str(puzzle)) from puzzle
        if not found.reference:
            raise OutcomeUnknown(words.NO_ID)
        return found

    def find_booking(self, key: str, reference: str = "") -> Booked | None:
        """By its id, or in the list of shipments by our key."""
        try:
            if reference:
                return answers.booked(self._shipment(reference))
            listed = calls.get(self.context.http, f"{self._root}/shipments",
                               {"external_customer_id": key})
            rows = [row for row in children(listed, "items") if isinstance(row, dict)]
            ours = [row for row in rows if value(row, "external_customer_id") == key]
            if rows and not ours:  # a search that does not search proves nothing
                raise ChannelDown(words.UNSEARCHED)
            found = [answers.booked(row) for row in ours]
        except NotFound:
            return None
        except Puzzling as puzzle:
            raise ChannelDown(str(puzzle)) from puzzle
        alive = [one for one in found if one.state in ("confirmed", "pending")]
        return next(iter(alive or found), None)

    def label(self, reference: str, tracking: Sequence[str], format: LabelFormat) -> LabelFile:
        """All parcels of the shipment in one file."""
        content = calls.fetch(self.context.http, f"{_shipment(reference)}/label",
                              {"format": _LABELS[format], "type": "A6"})
        if not is_whole(content, format):
            raise ChannelDown(words.NO_LABEL)
        return LabelFile(format, content)

    def cancel_booking(self, reference: str, tracking: Sequence[str]) -> None:
        """Only before it is confirmed: afterwards InPost offers no way."""
        try:
            if value(self._shipment(reference), "status") in answers.CANCELLED:
                return
            calls.send(self.context.http, "DELETE", _shipment(reference))
        except NotFound:
            return
        except Refused as refused:
            if refused.code == "invalid_action":
                raise Refused(words.TOO_LATE, refused.code) from None
            raise

    def track(self, trackings: Sequence[str]) -> Sequence[Journey | None]:
        """One question for each; InPost has none for several. The sandbox knows no journeys."""
        return [self._journey(number) for number in trackings]

    def points(self, near: str, country: str, limit: int) -> Sequence[PickupPoint]:
        """Lockers and points in Poland."""
        if country != "PL" or not near.strip():
            return []
        try:
            found = calls.get(self.context.http, "/v1/points", points.search(near, limit))
            return list(points.points(found))[:limit]
        except Puzzling as puzzle:
            raise ChannelDown(str(puzzle)) from puzzle

    def order_pickup(self, pickup: Pickup) -> str:
        """A dispatch order."""
        try:
            return pickups.order(self.context.http, self._root, pickup)
        except Puzzling as puzzle:
            raise ChannelDown(str(puzzle)) from puzzle

    def protocol(self, references: Sequence[str]) -> bytes:
        """InPost's own list of parcels that were handed over."""
        content = calls.fetch(self.context.http, f"{self._root}/dispatch_orders/printouts",
                              {"shipment_ids[]": list(references), "format": "Pdf"})
        if not is_whole(content, "pdf_a6"):
            raise ChannelDown(words.NO_PROTOCOL)
        return content

    def hear(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Ring]:
        """Heard by the network it came from; it is set up by hand in the parcel manager."""
        return bell.hear(body, headers, self._id)

    @property
    def _id(self) -> str:
        return str(self.context.settings.get("organization") or "").strip()

    @property
    def _root(self) -> str:
        if not self._id.isdecimal():
            raise AccessRefused(words.ORGANIZATION_HELP, "organization")
        return f"/v1/organizations/{self._id}"

    def _organization(self) -> Mapping[str, Any]:
        try:
            return calls.get(self.context.http, self._root)
        except NotFound:
            raise AccessRefused(words.NOT_OURS, "organization") from None
        except AccessRefused as refused:
            if refused.field:
                raise
            raise AccessRefused(words.REFUSED_TOKEN, "token") from None

    def _shipment(self, reference: str) -> Mapping[str, Any]:
        return calls.get(self.context.http, _shipment(reference))

    def _journey(self, number: str) -> Journey | None:
        try:
            return journey.journey(number, calls.get(
                self.context.http, f"/v1/tracking/{quote(number, safe='')}"))
        except NotFound:
            return None
        except Puzzling as puzzle:
            raise ChannelDown(str(puzzle)) from puzzle


def _shipment(reference: str) -> str:
    return f"/v1/shipments/{quote(reference, safe='')}"
