"""The connector to ORLEN Paczka: books, prints, cancels, follows, shows points and protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from oms_connector import (
    AccessRefused,
    Booked,
    Booking,
    Capabilities,
    CarrierService,
    ChannelDown,
    ChannelError,
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
    PickupPoint,
    Refused,
)
from oms_connector.flaws import refuse, unnamed
from oms_connector.labels import label_from
from oms_connector.soap import Found

from oms_orlen import booking as bookings
from oms_orlen import reading, words
from oms_orlen.calls import PLACES, Api, complaint, rows

FORMATS: Mapping[LabelFormat, str] = {"pdf_a6": "PDF10", "zpl": "ZPL"}
MOST_TRACKED = 1000


class OrlenConnector(Connector):
    """A parcel's number is all that ORLEN Paczka can be asked by: a lost answer waits."""

    manifest = Manifest(
        key="orlen",
        name="ORLEN Paczka",
        letters="OP",
        hue=355,
        version="1.0",
        quality="silver",
        help=words.HELP,
        settings=(
            Field("place", words.PLACE, "choice", choices=PLACES, default=PLACES[0],
                  help=words.PLACE_HELP),
            Field("partner", words.PARTNER, help=words.PARTNER_HELP),
            Field("key", words.KEY, secret=True, help=words.KEY_HELP),
        ),
        capabilities=Capabilities(track_batch=200),
        limits=(Limit(per_second=5, burst=10),),
    )

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """One of the vendor's two addresses."""
        return str(settings.get("place") or PLACES[0])

    def verify(self) -> str:
        """The partner's name."""
        try:
            row = _row(Api(self.context).ask("GivePartnerStatus", {}))
        except AccessRefused:
            raise AccessRefused(words.REFUSED_KEY, "key") from None
        person = f"{row.text('FirstName')} {row.text('LastName')}".strip()
        return row.text("CompanyName") or person or "ORLEN Paczka"

    def services(self) -> Sequence[CarrierService]:
        """One, in three sizes."""
        return bookings.SERVICES

    def check_booking(self, booking: Booking) -> Sequence[Flaw]:
        """What ORLEN Paczka would refuse."""
        return bookings.flaws(booking)

    def book(self, booking: Booking) -> Booked:
        """Announce the parcel. Its price is the one of the price list, as the service tells it."""
        refuse(bookings.flaws(booking))
        answer = Api(self.context).ask("GenerateLabelBusinessPackListTwo",
                                       bookings.document(booking, FORMATS["pdf_a6"]),
                                       is_write=True)
        try:
            row = _row(answer, OutcomeUnknown)
        except Refused as refused:
            raise Refused(unnamed(str(refused), booking.sender, booking.receiver), refused.code,
                          refused.field) from None
        code, price = row.text("PackCode_RUCH"), row.text("PackPrice")
        if not code:
            raise OutcomeUnknown(words.NO_CODE)
        # Err 6 to 8: the point's code was completed or replaced, which a person may want to see.
        point = row.text("DestinationCode")
        said = "" if int(row.text("Err")) == 0 else f"{row.text('ErrDes')} {point}".strip()
        return Booked(code, tracking=[code], message=said,
                      price=Decimal(price) / 100 if price.isdigit() else None)

    def find_booking(self, key: str, reference: str = "") -> Booked | None:
        """By the parcel's number; what has no scan at all is not there.

        Raises:
            NotSupported: the number is not known, and ORLEN Paczka knows nothing of ours.
        """
        if not reference:
            raise NotSupported(words.CANNOT_BE_ASKED)
        codes = {row.text("Trans") for row in self._scans([reference])}
        if not codes:
            return None
        return Booked(reference, "cancelled" if reading.CANCELLED in codes else "confirmed",
                      tracking=[reference])

    def label(self, reference: str, tracking: Sequence[str], format: LabelFormat) -> LabelFile:
        """The label once more."""
        answer = Api(self.context).ask("LabelPrintDuplicateListTwo", {
            "Format": FORMATS[format], "PackCodeList": {"string": [reference]}})
        try:
            _row(answer)
        except Refused as refused:
            raise NotFound(str(refused), refused.code) from None
        content = next((one.value for one in answer.within("LabelData")), "")
        if not content:
            raise NotFound(words.NO_LABEL)
        return LabelFile(format, label_from(content, format))

    def cancel_booking(self, reference: str, tracking: Sequence[str]) -> None:
        """Take the announcement back; what was taken back before is."""
        try:
            _row(Api(self.context).ask("PutCustomerPackCanceled", {"PackCode": reference},
                                       is_write=True, is_login_last=True), OutcomeUnknown)
        except Refused:
            found = self.find_booking("", reference)
            if found is None or found.state != "cancelled":
                raise

    def track(self, trackings: Sequence[str]) -> Sequence[Journey | None]:
        """All scans of all of them in one question."""
        by_number: dict[str, list[Found]] = {number: [] for number in trackings}
        for begin in range(0, len(trackings), MOST_TRACKED):
            for row in self._scans(trackings[begin:begin + MOST_TRACKED]):
                by_number.setdefault(row.text("PackCode"), []).append(row)
        return [reading.journey(number, by_number[number]) for number in trackings]

    def points(self, near: str, country: str, limit: int) -> Sequence[PickupPoint]:
        """Points by code, number, postcode or town. The service has one list of all of them."""
        if country.upper() != "PL":
            return []
        answer = Api(self.context).ask_anybody("GiveMeAllLocationWithAllDataWithZipCode")
        found = {}
        for row in rows(answer, "DestinationCode"):
            one = reading.point(row)
            rank = reading.nearness(one, near) if one else None
            if one is not None and rank is not None:
                found[one.ref] = (rank, one.ref, one)
        return [one for _, _, one in sorted(found.values(), key=lambda row: row[:2])][:limit]

    def protocol(self, references: Sequence[str]) -> bytes:
        """The hand-over protocol of these parcels."""
        answer = Api(self.context).ask("GenerateProtocol",
                                       {"parcels": {"unsignedLong": list(references)}})
        content = next((one.value for one in answer.within("LabelData")), "")
        if not content:
            _row(answer)
        return label_from(content, "pdf_a6")

    def _scans(self, numbers: Sequence[str]) -> Sequence[Found]:
        answer = Api(self.context).ask("GiveMePackStatusFullHistoryList",
                                       {"PackCodes": {"string": list(numbers)}},
                                       is_login_last=True)
        found = list(rows(answer, "Trans"))
        if not found and (row := next(rows(answer, "Err"), None)) is not None:
            error = complaint(row)
            if isinstance(error, AccessRefused):
                raise error
        return [row for row in found if row.text("PackCode") in set(numbers)]


def _row(answer: Found, unclear: type[ChannelError] = ChannelDown) -> Found:
    """The row that says whether it was done.

    Raises:
        ChannelError: it was not; ``unclear`` where there is no such row.
    """
    row = next(rows(answer, "Err"), None)
    if row is None:
        raise unclear(words.NO_ROW)
    error = complaint(row)
    if error is not None:
        raise error
    return row
