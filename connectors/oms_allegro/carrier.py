"""Ship with Allegro ("Wysyłam z Allegro"): the account as a carrier, where the seller wants that.

Everything is a command under a UUID of ours, made of our key: given once, asked for as often as
needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID, uuid5

from oms_connector import (
    Booked,
    Booking,
    CarrierService,
    ChannelDown,
    Context,
    Flaw,
    Journey,
    LabelFile,
    LabelFormat,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    Pickup,
    Refused,
)
from oms_connector.labels import is_whole
from oms_connector.reading import Puzzling, children, value

from oms_allegro import sending, words
from oms_allegro.calls import Api, RightsMissing, message_of

ROOT = "/shipment-management"
OURS = UUID("b0a5f3ac-2c8e-4b8f-8f36-0b7c5f2f6f10")
"""The namespace of our commands' UUIDs."""
CARRIERS = ("ALLEGRO", "INPOST", "DPD", "ORLEN", "DHL", "UPS", "GLS", "POCZTA_POLSKA")
"""Whom a number may belong to, likeliest first: Allegro tracks by carrier."""


class Carrier:
    """The part of the connector that sends parcels. ``_api`` is the connector's."""

    context: Context
    _api: Api

    def services(self) -> Sequence[CarrierService]:
        """Allegro's own and those of the seller's contracts; none unless it is switched on."""
        if not self._ships():
            return []
        told = self._reading(lambda: self._api.get(f"{ROOT}/delivery-services", "services"))
        return self._read(lambda: [sending.service(row) for row in children(told, "services")])

    def check_booking(self, booking: Booking) -> Sequence[Flaw]:
        """What is the same for all services."""
        return list(sending.flaws(booking))

    def book(self, booking: Booking) -> Booked:
        """Give the command that makes the shipment."""
        for flaw in sending.flaws(booking):
            raise Refused(flaw.message, "", flaw.field)
        try:
            self._reading(lambda: self._api.send(
                "POST", f"{ROOT}/shipments/create-commands",
                {"commandId": _uuid("create", booking.key), "input": sending.shipment(booking)},
                "commandId"))
        except (NotSupported, NotFound):
            raise
        except Refused as refused:
            raise Refused(str(refused), refused.code,
                          sending.booking_field(refused.field)) from None
        return Booked("", "pending")

    def find_booking(self, key: str, reference: str = "") -> Booked | None:
        """What became of the command, then of the shipment."""
        told = self._told(f"{ROOT}/shipments/create-commands/{_uuid('create', key)}")
        if told is None:
            return None
        status = value(told, "status")
        if status == "ERROR":
            return Booked("", "refused", message=_why(told))
        if status != "SUCCESS":
            return Booked("", "pending")
        return self._read(lambda: sending.booked(self._shipment(str(told["shipmentId"]))))

    def label(self, reference: str, tracking: Sequence[str], format: LabelFormat) -> LabelFile:
        """A PDF of A6: the kind of file is chosen when the shipment is made."""
        if format != "pdf_a6":
            raise NotSupported(words.PDF_ONLY)
        content = self._file("label", {"shipmentIds": [reference], "pageSize": "A6"})
        return LabelFile(format, content)

    def cancel_booking(self, reference: str, tracking: Sequence[str]) -> None:
        """By a command."""
        shipment = self._shipment(reference)
        if not value(shipment, "canceledDate"):
            self._command("shipments/cancel-commands", _uuid("cancel", reference),
                          {"shipmentId": reference})

    def track(self, trackings: Sequence[str]) -> Sequence[Journey | None]:
        """Twenty numbers at once, from one carrier after the other until all are known."""
        found: dict[str, Journey] = {}
        for carrier in CARRIERS:
            missing = [number for number in trackings if number not in found]
            if not missing:
                break
            told = self._api.get(f"/order/carriers/{carrier}/tracking", "waybills",
                                 params={"waybill": missing})
            found |= self._read(partial(sending.journeys, told))
        return [found.get(number) for number in trackings]

    def order_pickup(self, pickup: Pickup) -> str:
        """At the time that Allegro proposes for the day."""
        path, uuid = "pickups/create-commands", _uuid("pickup", pickup.key)
        if self._told(f"{ROOT}/{path}/{uuid}") is not None:
            return str(self._command(path, uuid, {}).get("pickupId") or uuid)
        address = sending.address(pickup.address)
        day = f"{pickup.ready_from:%Y-%m-%d}"
        told = self._reading(lambda: self._api.ask(f"{ROOT}/pickup-proposals", {
            "shipmentIds": list(pickup.references), "readyDate": day, "address": address}))
        chosen = self._read(lambda: sending.proposal(told, pickup.references, day))
        if not chosen:
            raise Refused(words.NO_COURIER)
        done = self._command(path, uuid, {
            "shipmentIds": list(pickup.references), "pickupDateProposalId": chosen,
            "address": address})
        return str(done.get("pickupId") or uuid)

    def protocol(self, references: Sequence[str]) -> bytes:
        """Where the carrier has one."""
        return self._file("protocol", {"shipmentIds": list(references)})

    def _ships(self) -> bool:
        return str(self.context.settings.get("shipping", "")).lower() in ("1", "true", "on", "yes")

    def _shipment(self, reference: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._reading(
            lambda: self._api.get(f"{ROOT}/shipments/{reference}", "id", "packages"))
        return found

    def _told(self, path: str) -> Mapping[str, Any] | None:
        """How far a command is; None if it was never given."""
        try:
            found: Mapping[str, Any] = self._reading(lambda: self._api.get(path, "status"))
            return found
        except NotFound:
            return None

    def _command(self, path: str, uuid: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """See that a command is given and done; its answer.

        Raises:
            Refused: it failed.
            OutcomeUnknown: Allegro still works on it, or nobody can tell.
        """
        told = self._told(f"{ROOT}/{path}/{uuid}")
        if told is None:
            self._reading(lambda: self._api.send(
                "POST", f"{ROOT}/{path}", {"commandId": uuid, "input": document}, "commandId"))
            try:
                told = self._told(f"{ROOT}/{path}/{uuid}")
            except ChannelDown as down:
                raise OutcomeUnknown(str(down)) from down
        status = value(told, "status")
        if status == "ERROR":
            raise Refused(_why(told))
        if status != "SUCCESS" or told is None:
            raise OutcomeUnknown(words.WORKING)
        return told

    def _file(self, name: str, document: Mapping[str, Any]) -> bytes:
        content: bytes = self._reading(lambda: self._api.file(f"{ROOT}/{name}", document))
        if not is_whole(content, "pdf_a6"):
            raise NotSupported(words.PDF_ONLY) if content.startswith(b"^XA") else \
                ChannelDown(words.NO_FILE)
        return content

    def _reading(self, act: Callable[[], Any]) -> Any:
        """Whoever agreed to orders need not have agreed to parcels: that must not stop orders."""
        try:
            return act()
        except RightsMissing:
            raise NotSupported(words.NO_SHIPPING) from None

    def _read(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except Puzzling as puzzle:
            raise ChannelDown(str(puzzle)) from puzzle


def _uuid(kind: str, key: str) -> str:
    return str(uuid5(OURS, f"{kind}:{key}"))


def _why(told: Any) -> str:
    said = [message_of(one) for one in children(told, "errors") if isinstance(one, dict)]
    return "; ".join(said[:3])[:500] or words.NO_TASK
