"""The connector to DHL24: books, finds again, prints, cancels, follows, shows points, calls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
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
    NotSupported,
    OutcomeUnknown,
    Pickup,
    PickupPoint,
    Refused,
)
from oms_connector.flaws import postcode_digits, refuse, unnamed
from oms_connector.labels import label_from
from oms_connector.soap import Found

from oms_dhl24 import booking as bookings
from oms_dhl24 import reading, words
from oms_dhl24.calls import PLACES, ROOT, Api, items

LABELS_AT_ONCE = 3
"""Rows of ``getLabels`` and ``getLabelsData``; the documentation says it of the first only."""
PAGE = 100
DAYS_BACK = 6
MOST_LOOKED_AT = 600
RADIUS_KM = 20
_ACCOUNT = re.compile(r"\d{7}")


class Dhl24Connector(Connector):
    """DHL keeps our key as a shipment's reference, and tells it with a label's data only."""

    manifest = Manifest(
        key="dhl24",
        name="DHL24 (DHL eCommerce)",
        letters="DH",
        hue=48,
        version="1.0",
        quality="silver",
        help=words.HELP,
        settings=(
            Field("place", words.PLACE, "choice", choices=PLACES, default=PLACES[0],
                  help=words.PLACE_HELP),
            Field("username", words.USERNAME, help=words.USERNAME_HELP),
            Field("password", words.PASSWORD, secret=True),
            Field("account", words.ACCOUNT, help=words.ACCOUNT_HELP),
            Field("costs_center", words.COSTS_CENTER, required=False,
                  help=words.COSTS_CENTER_HELP),
        ),
        capabilities=Capabilities(),
        limits=(Limit(per_second=5, burst=10),),
    )

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """One of the vendor's two addresses."""
        return str(settings.get("place") or PLACES[0]) + ROOT

    @property
    def _today(self) -> date:
        return self.context.now.astimezone(reading.ZONE).date()

    def verify(self) -> str:
        """The customer number that is charged."""
        account = str(self.context.settings.get("account") or "").strip()
        if not _ACCOUNT.fullmatch(account):
            raise AccessRefused(words.WRONG_ACCOUNT, "account")
        try:
            Api(self.context).ask("getMyShipmentsCount",
                                  {"createdFrom": self._today, "createdTo": self._today})
        except AccessRefused as refused:
            raise AccessRefused(words.REFUSED_LOGIN, refused.field or "password") from None
        return f"DHL24 ({account})"

    def services(self) -> Sequence[CarrierService]:
        """What DHL24 sells; which of it an agreement has is told by a refusal."""
        return bookings.SERVICES

    def check_booking(self, booking: Booking) -> Sequence[Flaw]:
        """What DHL24 would refuse."""
        return bookings.flaws(booking)

    def book(self, booking: Booking) -> Booked:
        """Create a shipment; its number is the tracking number of all its parcels."""
        refuse(bookings.flaws(booking))
        settings = self.context.settings
        document = bookings.document(
            booking, str(settings.get("account") or "").strip(),
            str(settings.get("costs_center") or "").strip(), self._today)
        try:
            found = Api(self.context).ask("createShipment", document, is_write=True)
        except Refused as refused:
            raise Refused(unnamed(str(refused), booking.sender, booking.receiver), refused.code,
                          refused.field) from None
        number = found.text("shipmentTrackingNumber") or found.text("shipmentNotificationNumber")
        if not number:
            raise OutcomeUnknown(words.NO_NUMBER)
        return Booked(number, tracking=[number] * len(booking.packages))

    def find_booking(self, key: str, reference: str = "") -> Booked | None:
        """By the references of the newest shipments: DHL24 cannot be asked by them.

        Raises:
            NotSupported: there are more new shipments than can be looked through.
        """
        api = Api(self.context)
        if reference:
            rows = _data(api, [reference])
            return next((_booked(row) for row in rows if row.text("reference") == key), None)
        seen = 0
        for day in range(DAYS_BACK + 1):
            numbers = list(_numbers(api, self._today - timedelta(days=day)))
            for begin in range(0, len(numbers), LABELS_AT_ONCE):
                if seen >= MOST_LOOKED_AT:
                    raise NotSupported(words.TOO_MANY % {"most": MOST_LOOKED_AT})
                batch = numbers[begin:begin + LABELS_AT_ONCE]
                seen += len(batch)
                for row in _data(api, batch):
                    if row.text("reference") == key:
                        return _booked(row)
        return None

    def label(self, reference: str, tracking: Sequence[str], format: LabelFormat) -> LabelFile:
        """The shipment's label, one page for each parcel."""
        try:
            found = Api(self.context).ask("getLabels", {"itemsToPrint": {"item": {
                "labelType": reading.LABELS[format], "shipmentId": reference}}})
        except Refused as refused:
            raise NotFound(str(refused), refused.code) from None
        row = next(iter(items(found)), None)
        if row is None or not row.text("labelData"):
            raise NotFound(words.NO_LABEL)
        return LabelFile(format, label_from(row.text("labelData"), format))

    def cancel_booking(self, reference: str, tracking: Sequence[str]) -> None:
        """Delete the shipment; one that is not there is deleted already."""
        api = Api(self.context)
        rows = _data(api, [reference])
        if not rows:
            return
        if rows[0].text("dispatchNotificationNumber"):
            raise Refused(words.COURIER_COMES)
        found = api.ask("deleteShipment", {"shipment": {"shipmentIdentificationNumber": reference}},
                        is_write=True)
        if found.text("result").lower() not in ("true", "1"):
            raise Refused(words.SAYS % {"why": found.text("error")[:300]})

    def track(self, trackings: Sequence[str]) -> Sequence[Journey | None]:
        """One question a parcel: DHL24 takes no more."""
        api = Api(self.context)
        found: list[Journey | None] = []
        for number in trackings:
            try:
                told = api.ask("getTrackAndTraceInfo", {"shipmentId": number})
            except Refused:
                found.append(None)
                continue
            found.append(reading.journey(number, told))
        return found

    def points(self, near: str, country: str, limit: int) -> Sequence[PickupPoint]:
        """Points around a postcode, or in a town; nearest first as DHL tells them."""
        said = near.strip()
        digits = postcode_digits(said)
        place = {"postcode": digits} if re.fullmatch(r"\d{5}", digits) else {"city": said}
        try:
            found = Api(self.context).ask("getNearestServicepoints", {"structure": {
                "country": country, "postcode": place.get("postcode"), "city": place.get("city"),
                "radius": RADIUS_KM}})
        except Refused:
            return []
        told = (reading.point(item) for item in found.child("points").all("item"))
        return list({one.ref: one for one in told if one}.values())[:limit]

    def order_pickup(self, pickup: Pickup) -> str:
        """Call a courier for the shipments that none is called for yet."""
        api = Api(self.context)
        rows = [row for begin in range(0, len(pickup.references), LABELS_AT_ONCE)
                for row in _data(api, pickup.references[begin:begin + LABELS_AT_ONCE])]
        called = {row.text("shipmentId"): row.text("dispatchNotificationNumber") for row in rows}
        waiting = [ref for ref in pickup.references if not called.get(ref)]
        if not waiting:
            return _joined(called.values())
        begin, end = _local(pickup.ready_from), _local(pickup.until)
        found = api.ask("bookCourier", {
            "pickupDate": begin.date(), "pickupTimeFrom": f"{begin:%H:%M}",
            "pickupTimeTo": f"{end:%H:%M}", "additionalInfo": pickup.key,
            "shipmentIdList": {"item": waiting}}, is_write=True)
        orders = [one.value for one in items(found) if one.value]
        if not orders:
            raise OutcomeUnknown(words.NO_ORDER)
        return _joined([*called.values(), *orders])


def _joined(orders: Iterable[str]) -> str:
    return ",".join(sorted({one for one in orders if one}))


def _local(moment: datetime) -> datetime:
    return moment.astimezone(reading.ZONE)


def _numbers(api: Api, day: date) -> Iterator[str]:
    """The shipments that were created on a day, page by page."""
    offset = 0
    while True:
        rows = items(api.ask("getMyShipments",
                             {"createdFrom": day, "createdTo": day, "offset": offset}))
        yield from (row.text("shipmentId") for row in rows)
        if len(rows) < PAGE:
            return
        offset += PAGE


def _data(api: Api, numbers: Sequence[str]) -> Sequence[Found]:
    """What DHL prints on these shipments' labels; what is not there any more is left out."""
    try:
        return items(api.ask("getLabelsData", {"itemsToLabelData": {
            "item": [{"shipmentId": number} for number in numbers]}}))
    except Refused:
        if len(numbers) == 1:
            return []
    return [row for number in numbers for row in _data(api, [number])]


def _booked(row: Found) -> Booked:
    number = row.text("shipmentId")
    pieces = sum(int(one.text("quantity") or 1) if (one.text("quantity") or "1").isdigit() else 1
                 for one in row.child("pieceList").all("item"))
    return Booked(number, tracking=[number] * max(pieces, 1))
