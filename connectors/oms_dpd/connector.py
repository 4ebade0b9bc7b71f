"""The connector to DPD Polska: one parcel, one number, found again by our reference."""

from __future__ import annotations

import base64
import binascii
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

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
    Refused,
)
from oms_connector.labels import is_whole
from oms_connector.reading import value

from oms_dpd import calls, following, form, words

PLACES = ("https://dpdservices.dpd.com.pl", "https://dpdservicesdemo.dpd.com.pl")
SHIP = "/public/shipment/v1/generatePackagesNumbers"
LABELS = "/public/shipment/v1/generateSpedLabels"
_FORMATS: Mapping[LabelFormat, str] = {"pdf_a6": "PDF", "zpl": "ZPL"}


class DpdConnector(Connector):
    """One contract. DPDServices has no way to cancel; InfoServices tells where parcels are."""

    manifest = Manifest(
        key="dpd",
        name="DPD Polska",
        letters="DP",
        hue=348,
        version="1.0",
        quality="silver",
        help=words.HELP,
        settings=(
            Field("url", words.URL, "choice", choices=PLACES, default=PLACES[0]),
            Field("login", words.LOGIN, secret=True),
            Field("password", words.PASSWORD, secret=True),
            Field("master", words.MASTER),
            Field("payer", words.PAYER, help=words.PAYER_HELP),
            Field("follows", words.FOLLOWS, "flag", help=words.FOLLOWS_HELP, required=False),
        ),
        capabilities=Capabilities(track_batch=10),
        limits=(Limit(per_second=3, burst=10),),
        hosts=tuple(following.PLACES.values()),
    )

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """Production or the demonstration server."""
        return str(settings.get("url") or PLACES[0])

    @classmethod
    def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """Basic authentication."""
        pair = f"{secrets.get('login', '').strip()}:{secrets.get('password', '')}"
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}

    def verify(self) -> str:
        """The master FID, once we were let in: a label that nobody has is asked for."""
        try:
            told = self._labels("PDF", {"reference": "OMS-CHECK", "parcels": [
                {"reference": form.parcel_reference("OMS-CHECK")}]})
        except AccessRefused as refused:
            if refused.field:
                raise
            raise AccessRefused(words.REFUSED_LOGIN, "login") from None
        if told["status"] not in (calls.OK, calls.UNKNOWN):
            raise calls.refusal(told["status"])
        return f"DPD {self._fid('master')}"

    def services(self) -> Sequence[CarrierService]:
        """Couriers, and points of DPD Pickup."""
        return list(form.SERVICES.values())

    def check_booking(self, booking: Booking) -> Sequence[Flaw]:
        """What is known beforehand; DPD knows which postcode belongs to which town."""
        return form.flaws(booking)

    def book(self, booking: Booking) -> Booked:
        """Have a number given."""
        for flaw in form.flaws(booking):
            raise Refused(flaw.message, "", flaw.field)
        told = calls.send(self.context.http, SHIP,
                          form.package(booking, int(self._fid("payer"))), self._fid("master"))
        trouble = calls.trouble(told)
        if trouble in calls.DUPLICATES:
            found = self.find_booking(booking.key)
            if found is None:
                raise OutcomeUnknown(words.REFUSES % {"code": trouble})
            return found
        if trouble:
            raise calls.refusal(trouble)
        numbers = [*_waybills(told)]
        if len(numbers) != 1:
            raise OutcomeUnknown(words.NO_NUMBER)
        return Booked(numbers[0], "confirmed", numbers)

    def find_booking(self, key: str, reference: str = "") -> Booked | None:
        """By its label: DPD finds one by our references and says which number it has."""
        told = self._labels("PDF", {"reference": key, "parcels": [
            {"reference": form.parcel_reference(key)}]})
        if told["status"] == calls.UNKNOWN:
            return None
        if told["status"] != calls.OK:
            raise _passing(told["status"])
        numbers = [*_waybills(value(told, "session"))]
        if len(numbers) != 1:
            raise ChannelDown(words.NO_NUMBER)
        return Booked(numbers[0], "confirmed", numbers)

    def label(self, reference: str, tracking: Sequence[str], format: LabelFormat) -> LabelFile:
        """For a label printer, in either language."""
        told = self._labels(_FORMATS[format], {"parcels": [{"waybill": reference}]})
        if told["status"] == calls.UNKNOWN:
            raise NotFound(words.NOT_THERE, calls.UNKNOWN)
        if told["status"] != calls.OK:
            raise _passing(told["status"])
        try:
            content = base64.b64decode(str(told.get("documentData") or ""), validate=True)
        except binascii.Error:
            raise ChannelDown(words.NO_LABEL) from None
        if not is_whole(content, format):
            raise ChannelDown(words.NO_LABEL)
        return LabelFile(format, content)

    def track(self, trackings: Sequence[str]) -> Sequence[Journey | None]:
        """One question a parcel; nothing is asked where the seller does not want it."""
        settings = self.context.settings
        if not settings.get("follows"):
            return [None for _ in trackings]
        place = str(settings.get("url") or PLACES[0])
        return [following.journey(self.context.http, place, self.context.secrets, one)
                for one in trackings]

    def _labels(self, format: str, package: Mapping[str, Any]) -> Mapping[str, Any]:
        return calls.ask(self.context.http, LABELS, {
            "labelSearchParams": {
                "policy": "STOP_ON_FIRST_ERROR",
                "session": {"type": "DOMESTIC", "packages": [package]}},
            "outputDocFormat": format, "format": "LBL_PRINTER", "outputType": "BIC3",
            "variant": "STANDARD"}, self._fid("master"))

    def _fid(self, name: str) -> str:
        found = str(self.context.settings.get(name) or "").strip()
        if not found.isdecimal():
            raise AccessRefused(words.WRONG_FID, name)
        return found


def _passing(code: str) -> Exception:
    """A code in the answer to a question: what is unknown there, is only not known now."""
    error = calls.refusal(code)
    return ChannelDown(str(error)) if isinstance(error, OutcomeUnknown) else error


def _waybills(document: Any) -> Iterator[str]:
    for package in value(document, "packages") or ():
        for parcel in value(package, "parcels") or ():
            if number := value(parcel, "waybill"):
                yield str(number)
