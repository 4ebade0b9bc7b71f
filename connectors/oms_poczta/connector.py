"""The connector to Poczta Polska: books Pocztex, prints, follows, shows points, hands over."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from oms_connector import (
    AccessRefused,
    Booked,
    Booking,
    Capabilities,
    CarrierService,
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
    PickupPoint,
    Refused,
)
from oms_connector.flaws import refuse, unnamed
from oms_connector.labels import label_from

from oms_poczta import booking as bookings
from oms_poczta import calls, reading, sending, words
from oms_poczta.calls import PLACES, TRACKING, Api, complaint

FORMATS: Mapping[LabelFormat, Mapping[str, str | None]] = {
    "pdf_a6": {"format": "PDF_FORMAT"},
    "zpl": {"format": "ZPL_FORMAT", "resolution": "DPI_203"},
}
_POSTCODE = re.compile(r"\d{2}-?\d{3}")
_POINT = re.compile(r"\d{6,9}")


class PocztaConnector(Connector):
    """e-Nadawca lets a parcel's own id (guid) be chosen: our key makes it, and finds it again."""

    manifest = Manifest(
        key="poczta",
        name="Poczta Polska (Pocztex)",
        letters="PP",
        hue=5,
        version="1.0",
        quality="silver",
        help=words.HELP,
        settings=(
            Field("place", words.PLACE, "choice", choices=PLACES, default=PLACES[0],
                  help=words.PLACE_HELP),
            Field("username", words.USERNAME, secret=True, help=words.USERNAME_HELP),
            Field("password", words.PASSWORD, secret=True, help=words.PASSWORD_HELP),
            Field("office", words.OFFICE, required=False, help=words.OFFICE_HELP),
            Field("account", words.ACCOUNT, required=False, help=words.ACCOUNT_HELP),
        ),
        capabilities=Capabilities(track_batch=10),
        limits=(Limit(per_second=5, burst=10),),
        hosts=(TRACKING,),
    )

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """One of the vendor's two addresses."""
        return str(settings.get("place") or PLACES[0])

    @classmethod
    def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """Basic authentication."""
        return calls.headers(secrets)

    @property
    def _today(self) -> date:
        return self.context.now.astimezone(reading.ZONE).date()

    @property
    def _user(self) -> str:
        return self.context.secrets.get("username", "").strip()

    @property
    def _account(self) -> str:
        return re.sub(r"\s", "", str(self.context.settings.get("account") or ""))

    def verify(self) -> str:
        """The user."""
        if self._account and not bookings.ACCOUNT.fullmatch(self._account):
            raise AccessRefused(words.WRONG_ACCOUNT, "account")
        api = Api(self.context)
        try:
            api.ask("getPasswordExpiredDate")
            sending.office(api, str(self.context.settings.get("office") or "").strip())
        except AccessRefused:
            raise AccessRefused(words.REFUSED_LOGIN, "password") from None
        except Refused as refused:
            raise AccessRefused(str(refused), "office") from None
        return f"e-Nadawca ({self._user})"

    def services(self) -> Sequence[CarrierService]:
        """What Pocztex sells; which of it an agreement has is told by a refusal."""
        return bookings.SERVICES

    def check_booking(self, booking: Booking) -> Sequence[Flaw]:
        """What e-Nadawca would refuse."""
        return bookings.flaws(booking, self._account)

    def book(self, booking: Booking) -> Booked:
        """Add it to the collection that is made up."""
        refuse(bookings.flaws(booking, self._account))
        document = bookings.document(booking, self._user, self._account)
        found = Api(self.context).ask("addShipment", document, is_write=True).child("retval")
        refused = complaint(found)
        if refused is not None:
            said = unnamed(str(refused), booking.sender, booking.receiver)
            raise Refused(said, refused.code, refused.field)
        guid = bookings.guid(self._user, booking.key)
        if found.attributes.get("guid") != guid:
            raise OutcomeUnknown(words.NO_RECEIPT)
        return _booked(guid, found.attributes.get("numerNadania", ""))

    def find_booking(self, key: str, reference: str = "") -> Booked | None:
        """By its own id, among the collections that are made up and those of the last two weeks."""
        guid = bookings.guid(self._user, key)
        found = sending.find(Api(self.context), guid, self._today)
        return _booked(guid, found.number) if found else None

    def label(self, reference: str, tracking: Sequence[str], format: LabelFormat) -> LabelFile:
        """The address label."""
        found = Api(self.context).ask("getPrintForParcel", {"guid": reference, "type": {
            "kind": "ADDRESS_LABEL", "method": "ALL_PARCELS_IN_ONE_FILE", **FORMATS[format]}})
        refused = complaint(found)
        if refused is not None:
            raise NotFound(str(refused), refused.code)
        printed = found.text("printResult", "print")
        if not printed:
            raise NotFound(words.NO_LABEL)
        return LabelFile(format, label_from(printed, format))

    def cancel_booking(self, reference: str, tracking: Sequence[str]) -> None:
        """Take it out of its collection; what is in none is taken out already.

        Raises:
            Refused: the post office knows of it.
        """
        api = Api(self.context)
        there = sending.find(api, reference, self._today)
        if there is None:
            return
        if there.envelope:
            raise Refused(words.HANDED_OVER)
        refused = complaint(api.ask("clearEnvelopeByGuids", {"guid": reference}, is_write=True))
        if refused is not None:
            raise refused

    def track(self, trackings: Sequence[str]) -> Sequence[Journey | None]:
        """One question a parcel: the tracking that is open to everybody likes no more."""
        api = Api(self.context)
        return [reading.journey(number, api.scans(number)) for number in trackings]

    def points(self, near: str, country: str, limit: int) -> Sequence[PickupPoint]:
        """Points by number, by postcode (the closest number first), or of a town."""
        if country.upper() != "PL":
            return []
        api, said = Api(self.context), near.strip()
        if _POINT.fullmatch(said):
            rows = api.ask("getPlacowkaPocztowa", {"pni": said}).all("placowka")
            return [one for one in map(reading.point, rows) if one][:limit]
        is_postcode = _POSTCODE.fullmatch(said) is not None
        found: dict[str, PickupPoint] = {}
        for region in reading.regions(said) if is_postcode else reading.REGIONS:
            rows = api.ask("getPlacowkiPocztowe", {"idWojewodztwo": region}).all("placowka")
            found |= {one.ref: one for one in map(reading.point, rows) if one and (
                is_postcode or one.city.casefold() == said.casefold())}
        if is_postcode:
            return sorted(found.values(), key=lambda one: (
                reading.apart(one.postcode, said), one.ref))[:limit]
        return sorted(found.values(), key=lambda one: (one.postcode, one.ref))[:limit]

    def protocol(self, references: Sequence[str]) -> bytes:
        """Send these parcels to the post office as one collection; its posting book.

        The post office expects only what was sent so. The same parcels again are sent once.
        """
        api = Api(self.context)
        envelope = sending.envelope_of(api, references[0], self._today)
        if not envelope:
            office = sending.office(api, str(self.context.settings.get("office") or "").strip())
            buffer = sending.put_together(api, references, office, self._today)
            envelope = sending.send(api, buffer, office)
        found = api.ask("getOutboxBook", {"idEnvelope": envelope})
        refused = complaint(found)
        if refused is not None:
            raise refused
        return label_from(found.text("pdfContent"), "pdf_a6")


def _booked(guid: str, number: str) -> Booked:
    return Booked(guid, tracking=[number]) if number else Booked(guid, "pending")
