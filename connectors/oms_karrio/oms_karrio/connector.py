"""The connectors: one carrier each, driven by karrio's plugin for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

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
    Rate,
    Refused,
)
from oms_connector.flaws import against, field_said, of_address, refuse

from oms_karrio import checking, loading, mapping, words
from oms_karrio.carriers import DHL_PARCEL_DE, FEDEX, Carrier
from oms_karrio.seam import Seam

NEEDS = ("name", "street", "postcode", "city", "country", "phone")


def manifest_of(carrier: Carrier) -> Manifest:
    """What the app shows of a carrier: its own form, and whether it is only tried out."""
    return Manifest(
        key=f"karrio_{carrier.key}", name=carrier.name, letters=carrier.letters, hue=carrier.hue,
        version="1.0", quality="silver", help=words.HELP,
        settings=(*carrier.settings, Field("test", words.TEST, "flag", required=False)),
        capabilities=Capabilities(track_batch=20), limits=(Limit(per_second=2, burst=6),),
    )


class Karrio(Connector):
    """One account of a carrier that karrio knows."""

    carrier: ClassVar[Carrier]

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """The carrier's own address, the only one that is reached."""
        return cls.carrier.test if settings.get("test") else cls.carrier.live

    def verify(self) -> str:
        """The account's number, once a parcel that nobody has was asked for and not refused."""
        self._token()
        self._tracked(["000000000000"])
        number = next((self._setting(name) for name in ("account_number", "billing_number")
                       if self._setting(name)), "")
        return f"{self.carrier.name} {number}".strip()

    def services(self) -> Sequence[CarrierService]:
        """Those that were looked at; karrio does not tell which an account may use."""
        return list(self.carrier.sold)

    def check_booking(self, booking: Booking) -> Sequence[Flaw]:
        """What can be said without karrio."""
        found = against(booking, self.carrier.sold, currency=booking.currency,
                        insures=self.carrier.insures)
        needs = (*NEEDS, "number") if self.carrier.house == "apart" else NEEDS
        for side in ("sender", "receiver"):
            found += of_address(side, getattr(booking, side), needs, self.carrier.longest)
        if booking.sender.country.upper() not in self.carrier.senders:
            found.append(Flaw("sender.country", words.FROM_COUNTRY))
        for place, box in enumerate(booking.packages):
            sides = (box.length_mm, box.width_mm, box.height_mm)
            if any(sides) and min(sides) <= 0:
                found.append(Flaw(f"packages.{place}.length_mm", words.ALL_MEASURES))
        return found

    def book(self, booking: Booking) -> Booked:
        """Order it, once the request that karrio made of it says the same."""
        refuse(self.check_booking(booking))
        line, mapper, proxy = self._line(writes=True)
        request = _made(lambda: mapper.create_shipment_request(
            mapping.shipment(loading.models(), self.carrier, booking, self._day(booking))))
        request, document = self._frozen(request)
        refuse(checking.differences(self.carrier, document, booking, {
            name: self._setting(name) for name in self.context.settings}))
        response = self._ask(line, proxy.create_shipment, request)
        details, messages = _read(lambda: mapper.parse_shipment_response(response))
        number = str(getattr(details, "tracking_number", None) or "")
        if not number:
            raise self._refusal(line, messages) or OutcomeUnknown(words.NO_SENSE)
        label = mapping.label(loading.karrio(), getattr(details.docs, "label", None))
        price, currency = _price(details)
        return Booked(str(details.shipment_identifier or number), "confirmed", [number], price,
                      currency or booking.currency, "" if label else words.NO_LABEL,
                      [label] if label else [])

    def find_booking(self, key: str, reference: str = "") -> Booked | None:
        """karrio has no such question."""
        raise NotSupported(words.BY_NUMBER)

    def label(self, reference: str, tracking: Sequence[str], format: LabelFormat) -> LabelFile:
        """karrio gives labels only with their bookings."""
        raise NotSupported(words.ONCE)

    def track(self, trackings: Sequence[str]) -> Sequence[Journey | None]:
        """One question for all."""
        return self._tracked(trackings) if trackings else []

    def _tracked(self, trackings: Sequence[str]) -> Sequence[Journey | None]:
        line, mapper, proxy = self._line()
        request = _made(lambda: mapper.create_tracking_request(
            loading.models().TrackingRequest(tracking_numbers=list(trackings))))
        response = self._ask(line, proxy.get_tracking, request)
        details, messages = _read(lambda: mapper.parse_tracking_response(response))
        found = {str(one.tracking_number): one for one in details or ()}
        missed = {str((one.details or {}).get(name) or "") for one in messages
                  for name in ("tracking_number", "piece_code")}
        codes = {str(one.code or "") for one in messages}
        if codes & set(self.carrier.no_access):
            raise AccessRefused(words.NO_ACCESS, self.carrier.blames)
        if not set(trackings) <= {*found, *missed} and line.status != 404 \
                and not codes & set(self.carrier.knows_none):
            raise self._refusal(line, messages) or ChannelDown(words.NO_SENSE)
        try:
            return [mapping.journey(number, found[number], self.carrier) if number in found
                    else None for number in trackings]
        except ValueError:
            raise ChannelDown(words.NO_SENSE) from None

    # What is between this and the network

    def _line(self, *, writes: bool = False) -> tuple[Seam, Any, Any]:
        line = Seam(self.context.http, self.base_url(self.context.settings), writes=writes)
        mapper, proxy = loading.connection(self.carrier.key, self._account(), line)
        return line, mapper, proxy

    def _account(self) -> Mapping[str, Any]:
        """The plugin's settings."""
        raise NotImplementedError

    def _frozen(self, request: Any) -> tuple[Any, Any]:
        """A request that will be sent as it is now, and what it says.

        karrio writes a request anew whenever it is asked for it; what was checked is what goes.

        Raises:
            Refused: karrio cannot write it.
        """
        said = _made(request.serialize)
        frozen = loading.karrio().Serializable(deepcopy(said), ctx=request.ctx)
        return frozen, self._document(said, request.ctx)

    def _document(self, said: Any, context: Any) -> Any:
        """All of a request that is checked: its body, unless more of it counts."""
        return said

    def _token(self) -> None:
        """Ask for a token, where the carrier gives them."""
        line, _, proxy = self._line()
        lib = loading.karrio()
        self._ask(line, proxy.authenticate, lib.Serializable({}, ctx={}))

    def _setting(self, name: str) -> str:
        return str(self.context.settings.get(name) or "").strip()

    def _secret(self, name: str) -> str:
        return self.context.secrets.get(name, "").strip()

    def _day(self, booking: Booking) -> Any:
        return booking.ship_on or self.context.now.astimezone(ZoneInfo(self.carrier.zone)).date()

    def _ask(self, line: Seam, do: Callable[[Any], Any], request: Any) -> Any:
        """Have karrio ask its carrier. Errors as the engine sorts them."""
        try:
            with line.open():
                response = do(request)
        except Exception:
            error = line.failed or (OutcomeUnknown if line.wrote else ChannelDown)(words.NO_SENSE)
            raise self._blamed(error) from None
        if line.failed is not None:  # karrio went on as if nothing had happened
            raise self._blamed(line.failed) from None
        return response

    def _blamed(self, error: ChannelError) -> ChannelError:
        if isinstance(error, AccessRefused) and not error.field:
            said = words.NO_RIGHTS if str(error) == words.NO_RIGHTS else words.NO_ACCESS
            return AccessRefused(said, self.carrier.blames)
        return error

    def _refusal(self, line: Seam, messages: Sequence[Any]) -> Refused | None:
        """The carrier's no, if it is one. Its words are not repeated: they may name people."""
        errors = [one for one in messages if (one.level or "error") == "error"]
        if not (400 <= line.status < 500 and errors):
            return None
        first = errors[0]
        code = re.sub(r"[^A-Za-z0-9._-]", "", str(first.code or line.status))[:40]
        kind = NotFound if line.status == 404 else Refused
        return kind(words.REFUSES % {"code": code}, code,
                    field_said(f"{code} {first.message or ''}".replace(".", " ")))


class Cancels(Karrio):
    """Takes labels back."""

    def cancel_booking(self, reference: str, tracking: Sequence[str]) -> None:
        """Cancel it; what the carrier calls cancelled already is."""
        line, mapper, proxy = self._line(writes=True)
        request = _made(lambda: mapper.create_cancel_shipment_request(
            loading.models().ShipmentCancelRequest(shipment_identifier=reference)))
        response = self._ask(line, proxy.cancel_shipment, request)
        details, messages = _read(lambda: mapper.parse_cancel_shipment_response(response))
        if getattr(details, "success", False) is True:
            return
        refused = self._refusal(line, messages)
        if refused is not None and re.search(r"ALREADY.*CANCEL|CANCEL.*ALREADY", refused.code,
                                             re.IGNORECASE):
            return
        raise refused or OutcomeUnknown(words.NO_SENSE)


class Rates(Karrio):
    """Knows prices."""

    def rates(self, booking: Booking) -> Sequence[Rate]:
        """Prices of this account, without tax as far as karrio tells it apart."""
        refuse(self.check_booking(replace(booking, service=self.carrier.sold[0].ref)))
        line, mapper, proxy = self._line()
        request = _made(lambda: mapper.create_rate_request(
            mapping.question(loading.models(), self.carrier, booking, self._day(booking))))
        request, document = self._frozen(request)
        refuse(checking.price_differences(self.carrier, document, booking))
        response = self._ask(line, proxy.get_rates, request)
        details, messages = _read(lambda: mapper.parse_rate_response(response))
        if not details:
            raise self._refusal(line, messages) or ChannelDown(words.NO_SENSE)
        return mapping.rates(details, self.carrier)


class FedEx(Cancels, Rates):
    """FedEx, from and to countries of the Union."""

    carrier = FEDEX
    manifest = manifest_of(FEDEX)

    def _account(self) -> Mapping[str, Any]:
        key, secret = self._setting("api_key"), self._secret("secret_key")
        return {
            "api_key": key, "secret_key": secret, "test_mode": bool(self._setting("test")),
            "account_number": self._setting("account_number"),
            "track_api_key": self._setting("track_api_key") or key,
            "track_secret_key": self._secret("track_secret_key") or secret,
        }


class DhlParcelDe(Cancels):
    """DHL Parcel, within Germany."""

    carrier = DHL_PARCEL_DE
    manifest = manifest_of(DHL_PARCEL_DE)

    def _account(self) -> Mapping[str, Any]:
        number = self._setting("billing_number")
        return {
            "username": self._setting("username"), "password": self._secret("password"),
            "client_id": self._setting("client_id"), "test_mode": bool(self._setting("test")),
            "client_secret": self._secret("client_secret"),
            # Without these karrio bills numbers of DHL's documentation.
            "config": {"default_billing_number": number, "service_billing_numbers": [
                {"service": one.ref, "billing_number": number} for one in self.carrier.sold]},
        }

    def _document(self, said: Any, context: Any) -> Any:
        query = {name: value for name, value in dict(context or {}).items() if name[:1] != "_"}
        return {"body": said, "query": query}


def _made(make: Callable[[], Any]) -> Any:
    """A request as karrio makes it; nothing can be sent meanwhile.

    Raises:
        Refused: it cannot.
    """
    try:
        return make()
    except Exception:
        raise Refused(words.NOT_BUILT) from None


def _read(parse: Callable[[], tuple[Any, Any]]) -> tuple[Any, Sequence[Any]]:
    """What karrio makes of an answer; nothing where it makes no sense of it."""
    try:
        details, messages = parse()
    except Exception:
        return None, ()
    return details, messages or ()


def _price(details: Any) -> tuple[Any, str]:
    rate = getattr(details, "selected_rate", None)
    return (mapping.amount(rate.total_charge), str(rate.currency or "")) if rate else (None, "")
