"""The connector to UPS: one parcel is one shipment, confirmed at once."""

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
    NotSupported,
    OutcomeUnknown,
    Rate,
    Refused,
    Tokens,
    bearer,
)
from oms_connector.labels import is_whole
from oms_connector.reading import Puzzling, value

from oms_ups import access, answers, calls, form, words

PLACES = ("https://onlinetools.ups.com", "https://wwwcie.ups.com")
VOIDED = "190117"
"""The shipment was called off before."""
_LABELS: Mapping[LabelFormat, str] = {"pdf_a6": "PDF", "zpl": "ZPL"}


class UpsConnector(Connector):
    """One UPS account. Its labels are 4 by 6 inches, which is A6 within some millimetres."""

    manifest = Manifest(
        key="ups",
        name="UPS",
        letters="UP",
        hue=35,
        version="1.0",
        quality="silver",
        help=words.HELP,
        settings=(
            Field("url", words.URL, "choice", choices=PLACES, default=PLACES[0]),
            Field("client_id", words.CLIENT),
            Field("client_secret", words.SECRET, secret=True),
            Field("account", words.ACCOUNT, help=words.ACCOUNT_HELP),
        ),
        capabilities=Capabilities(),
        limits=(Limit(per_second=3, burst=10),),
    )

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """Production, or the customers' integration environment."""
        return str(settings.get("url") or PLACES[0])

    @classmethod
    def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """The access token, once there is one."""
        return bearer(secrets)

    def refresh(self) -> Tokens:
        """A fresh token; the first one too."""
        return access.refresh(self.context.http, self.context.settings, self.context.secrets,
                              self.context.now)

    def verify(self) -> str:
        """The account's number, once we were let in; a parcel that nobody has is asked for."""
        try:
            self._track("1Z0000000000000000")
        except AccessRefused as refused:
            if refused.field:
                raise
            raise AccessRefused(words.CLIENT_REFUSED, "client_secret") from None
        except Refused:
            pass  # no such parcel, and we were let in to hear it
        return f"UPS {self._account}"

    def services(self) -> Sequence[CarrierService]:
        """Those that start in Poland; UPS does not tell which of them an account may use."""
        return list(form.SERVICES.values())

    def check_booking(self, booking: Booking) -> Sequence[Flaw]:
        """By the vendor's files."""
        return form.flaws(booking)

    def book(self, booking: Booking) -> Booked:
        """Ship it: the number is there at once."""
        for flaw in form.flaws(booking):
            raise Refused(flaw.message, "", flaw.field)
        made = calls.send(self.context.http, "POST", f"/api/shipments/{calls.VERSION}/ship", {
            "ShipmentRequest": {
                "Request": {"RequestOption": "nonvalidate",
                            "TransactionReference": {"CustomerContext": booking.key}},
                "Shipment": form.shipment(booking, self._account),
                "LabelSpecification": {"LabelImageFormat": {"Code": "ZPL"},
                                       "LabelStockSize": {"Height": "6", "Width": "4"}}}})
        try:
            found = answers.booked(made)
        except Puzzling as puzzle:
            raise OutcomeUnknown(str(puzzle)) from puzzle
        if not found.reference:
            raise OutcomeUnknown(words.LACKS % {"names": "ShipmentIdentificationNumber"})
        return found

    def find_booking(self, key: str, reference: str = "") -> Booked | None:
        """By its label, which UPS finds again by our reference for some time.

        That it finds none proves nothing: then a person has to look.
        """
        wanted = {"TrackingNumber": reference} if reference else {"ReferenceValues": {
            "ReferenceNumber": {"Value": key}, "ShipperNumber": self._account}}
        try:
            found = answers.recovered(self._recover("PDF", wanted))
        except Refused:
            raise NotSupported(words.BY_NUMBER) from None
        if not found.reference:
            raise NotSupported(words.BY_NUMBER)
        return found

    def label(self, reference: str, tracking: Sequence[str], format: LabelFormat) -> LabelFile:
        """The label again, in either format."""
        try:
            content = answers.image(self._recover(_LABELS[format], {"TrackingNumber": reference}))
        except Refused as refused:
            raise NotFound(str(refused), refused.code) from None
        if not is_whole(content, format):
            raise ChannelDown(words.NO_LABEL)
        return LabelFile(format, content)

    def cancel_booking(self, reference: str, tracking: Sequence[str]) -> None:
        """Void it, as long as UPS lets that be done."""
        try:
            told = calls.send(
                self.context.http, "DELETE",
                f"/api/shipments/{calls.VERSION}/void/cancel/{quote(reference, safe='')}")
        except Refused as refused:
            if refused.code == VOIDED:
                return
            raise
        if value(told, "VoidShipmentResponse", "SummaryResult", "Status", "Code") != "1":
            raise OutcomeUnknown(words.LACKS % {"names": "SummaryResult"})

    def rates(self, booking: Booking) -> Sequence[Rate]:
        """UPS's prices without tax."""
        told = calls.ask(self.context.http, f"/api/rating/{calls.VERSION}/Shop", {"RateRequest": {
            "Request": {"RequestOption": "Shop",
                        "TransactionReference": {"CustomerContext": booking.key}},
            "Shipment": form.rated(booking, self._account)}})
        try:
            return answers.rates(told, form.SERVICES)
        except Puzzling as puzzle:
            raise ChannelDown(str(puzzle)) from puzzle

    def track(self, trackings: Sequence[str]) -> Sequence[Journey | None]:
        """One question for each."""
        return [self._journey(number) for number in trackings]

    @property
    def _account(self) -> str:
        return str(self.context.settings.get("account") or "").strip().upper()

    def _recover(self, format: str, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
        return calls.ask(self.context.http, "/api/labels/v1/recovery", {"LabelRecoveryRequest": {
            "Request": {"RequestOption": "Non_Validate"},
            "LabelSpecification": {"HTTPUserAgent": "Mozilla/5.0",
                                   "LabelImageFormat": {"Code": format},
                                   "LabelStockSize": {"Height": "6", "Width": "4"}},
            **wanted}})

    def _track(self, number: str) -> Mapping[str, Any]:
        return calls.get(self.context.http, f"/api/track/v1/details/{quote(number, safe='')}",
                         {"locale": "pl_PL"})

    def _journey(self, number: str) -> Journey | None:
        try:
            return answers.journey(number, self._track(number))
        except NotFound:
            return None
        except Puzzling as puzzle:
            raise ChannelDown(str(puzzle)) from puzzle
