"""The connector to GLS Poland: books into the preparing box, prints, hands over, shows shops."""

from __future__ import annotations

import hashlib
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
    LabelFile,
    LabelFormat,
    Limit,
    Manifest,
    NotFound,
    OutcomeUnknown,
    PickupPoint,
    Refused,
    Tokens,
)
from oms_connector.flaws import refuse
from oms_connector.labels import label_from
from oms_connector.soap import Found

from oms_gls import booking as bookings
from oms_gls import looking, words
from oms_gls.calls import PLACES, Api

MODES: Mapping[LabelFormat, str] = {"pdf_a6": "roll_160x100_pdf", "zpl": "roll_160x100_zebra"}
RECEIPT = "condensed"
_POSTCODE = re.compile(r"\d{2}-?\d{3}")
_SHOP = re.compile(r"(?=.*\d)[A-Za-z0-9-]{6,20}")


class GlsConnector(Connector):
    """A parcel waits in the preparing box, numbered, until it is put on a hand-over protocol."""

    manifest = Manifest(
        key="gls",
        name="GLS Poland",
        letters="GL",
        hue=225,
        version="1.0",
        quality="silver",
        help=words.HELP,
        settings=(
            Field("place", words.PLACE, "choice", choices=PLACES, default=PLACES[0],
                  help=words.PLACE_HELP),
            Field("username", words.USERNAME, help=words.USERNAME_HELP),
            Field("password", words.PASSWORD, secret=True),
            Field("own_sender", words.OWN_SENDER, "flag", required=False,
                  help=words.OWN_SENDER_HELP),
        ),
        capabilities=Capabilities(),
        limits=(Limit(per_second=15, burst=15),),
    )

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """One of the vendor's two addresses."""
        return str(settings.get("place") or PLACES[0])

    @property
    def _today(self) -> date:
        return self.context.now.astimezone(looking.ZONE).date()

    def refresh(self) -> Tokens:
        """A new session; the one before goes on until it ends by itself."""
        return Tokens(Api(self.context).log_in())

    def verify(self) -> str:
        """The user, once it may log in."""
        try:
            Api(self.context).log_in()
        except AccessRefused as refused:
            raise AccessRefused(str(refused) if refused.field else words.REFUSED_LOGIN,
                                refused.field or "password") from None
        return f"GLS ({str(self.context.settings.get('username') or '').strip()})"

    def services(self) -> Sequence[CarrierService]:
        """What GLS sells; which of it an agreement has is told by a refusal."""
        return bookings.SERVICES

    def check_booking(self, booking: Booking) -> Sequence[Flaw]:
        """What GLS would refuse."""
        return bookings.flaws(booking)

    def book(self, booking: Booking) -> Booked:
        """Put it into the preparing box and have its parcels numbered.

        Where the second fails the booking is pending: ``find_booking`` has them numbered.
        """
        refuse(bookings.flaws(booking))
        api = Api(self.context)
        found = api.ask("adePreparingBox_Insert", bookings.document(
            booking, has_own_sender=bool(self.context.settings.get("own_sender"))), is_write=True)
        ref = found.text("id")
        if not ref:
            raise OutcomeUnknown(words.NO_NUMBER)
        return Booked(ref, "pending")

    def find_booking(self, key: str, reference: str = "") -> Booked | None:
        """By its id, or by the references of the newest consignments; parcels are numbered here.

        Raises:
            NotSupported: there are more new consignments than can be looked through.
        """
        api = Api(self.context)
        found = looking.by_ref(api, reference, self._today) if reference \
            else looking.by_key(api, key, self._today)
        if found is None or found.content.text("references") != key:
            return None
        numbers = bookings.numbers(found.content)
        if not all(numbers):
            # Printing gives numbers to parcels that have none, once.
            rows = api.ask("adePreparingBox_GetConsignLabelsExt",
                           {"id": found.ref, "mode": MODES["zpl"]}).all("items")
            numbers = [row.text("number") for row in rows]
        if not numbers or not all(numbers):
            return Booked(found.ref, "pending")
        return Booked(found.ref, tracking=numbers)

    def label(self, reference: str, tracking: Sequence[str], format: LabelFormat) -> LabelFile:
        """The consignment's labels, from the box or from its protocol."""
        api, mode = Api(self.context), MODES[format]
        try:
            found = api.ask("adePreparingBox_GetConsignLabels", {"id": reference, "mode": mode})
        except NotFound:
            there = looking.by_ref(api, reference, self._today)
            if there is None:
                raise
            found = api.ask("adePickup_GetConsignLabels", {"id": there.sent_as, "mode": mode})
        return LabelFile(format, label_from(found.text("labels"), format))

    def cancel_booking(self, reference: str, tracking: Sequence[str]) -> None:
        """Delete it from the box; what is nowhere is deleted already.

        Raises:
            Refused: it is on a hand-over protocol.
        """
        api = Api(self.context)
        try:
            api.ask("adePreparingBox_DeleteConsign", {"id": reference}, is_write=True)
        except NotFound:
            if looking.by_ref(api, reference, self._today) is not None:
                raise Refused(words.HANDED_OVER) from None

    def points(self, near: str, country: str, limit: int) -> Sequence[PickupPoint]:
        """ParcelShops by postcode (nearest first), by id, or all of a town."""
        api, said = Api(self.context), near.strip()
        try:
            if _POSTCODE.fullmatch(said):
                found = api.ask("adeParcelShop_SearchByZip", {
                    "country": country, "zipcode": said, "street": ""}).all("items")
            elif _SHOP.fullmatch(said):
                found = [api.ask("adeParcelShop_SearchByID", {"id": said})]
            else:
                found = _in_town(api, said, country)
        except Refused:
            return []
        told = (bookings.shop(item) for item in found)
        return list({one.ref: one for one in told if one}.values())[:limit]

    def protocol(self, references: Sequence[str]) -> bytes:
        """Put the consignments on a protocol of their own and print it; the same ones once only.

        GLS learns of parcels by this: one that is on no protocol is not expected. Where the first
        answer was lost and its protocol is no longer among the newest, GLS itself refuses a second.
        """
        api = Api(self.context)
        name = "OMS " + hashlib.sha256(" ".join(sorted(references)).encode()).hexdigest()[:16]
        made = looking.protocol_called(api, name)
        if not made:
            made = api.ask("adePickup_Create", {
                "consigns_ids": {"items": sorted(references)}, "desc": name}).text("id")
        found = api.ask("adePickup_GetReceipt", {"id": made, "mode": RECEIPT})
        return label_from(found.text("receipt"), "pdf_a6")


def _in_town(api: Api, town: str, country: str) -> Sequence[Found]:
    wanted = town.casefold()
    rows = api.ask("adeParcelShop_GetByCountry", {"country": country}).all("items")
    return [row for row in rows if row.text("city").casefold() == wanted]
