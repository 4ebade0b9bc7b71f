"""The connector to Furgonetka: a package is made, then ordered by a command of ours, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

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
    Pickup,
    Rate,
    Refused,
    Tokens,
    bearer,
)
from oms_connector.labels import is_whole
from oms_connector.reading import Puzzling, children, decimal, value

from oms_furgonetka import access, answers, calls, form, words

PLACES = ("https://api.furgonetka.pl", "https://api.sandbox.furgonetka.pl")
LABEL = {"file_format": "pdf", "page_format": "a6"}
MOST_PARCELS = 10


class FurgonetkaConnector(Connector):
    """One user of Furgonetka. A key of ours becomes the UUID of the command that orders."""

    manifest = Manifest(
        key="furgonetka",
        name="Furgonetka",
        letters="Fu",
        hue=205,
        version="1.0",
        quality="silver",
        help=words.HELP,
        settings=(
            Field("url", words.URL, "choice", choices=PLACES, default=PLACES[0]),
            Field("client_id", words.CLIENT, help=words.CLIENT_HELP),
            Field("client_secret", words.SECRET, secret=True),
            Field("username", words.USERNAME),
            Field("password", words.PASSWORD, secret=True, help=words.PASSWORD_HELP),
            Field("iban", words.IBAN, required=False, help=words.IBAN_HELP),
            Field("holder", words.HOLDER, required=False),
        ),
        capabilities=Capabilities(track_batch=10),
        limits=(Limit(per_second=3, burst=10),),
    )

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """One of the vendor's two addresses."""
        return str(settings.get("url") or PLACES[0])

    @classmethod
    def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """The access token, once there is one."""
        return bearer(secrets)

    def refresh(self) -> Tokens:
        """Fresh tokens; the first ones too."""
        return access.refresh(self.context.http, self.context.settings, self.context.secrets,
                              self.context.now)

    def verify(self) -> str:
        """The user; Furgonetka tells no other name."""
        try:
            calls.get(self.context.http, "/account/services")
        except AccessRefused as refused:
            if refused.field:
                raise
            raise AccessRefused(words.TOKEN_REFUSED, "password") from None
        return str(self.context.settings.get("username") or "Furgonetka")

    def services(self) -> Sequence[CarrierService]:
        """Those of the account; their numbers are its own."""
        found = []
        for row in children(calls.get(self.context.http, "/account/services"), "services"):
            carrier, number = str(value(row, "service") or ""), value(row, "id")
            if not carrier or not str(number).isdecimal():
                continue
            to_point = carrier in form.TO_POINTS
            found.append(CarrierService(
                f"{carrier}:{number}", str(value(row, "name") or carrier), needs_point=to_point,
                cod=True, most_parcels=1 if to_point else MOST_PARCELS))
        return found

    def check_booking(self, booking: Booking) -> Sequence[Flaw]:
        """What is the same for all carriers; the rest Furgonetka says."""
        return form.flaws(booking, self.context.settings)

    def book(self, booking: Booking) -> Booked:
        """Make a package, which costs nothing, and order it, which does."""
        for flaw in self.check_booking(booking):
            raise Refused(flaw.message, "", flaw.field)
        made = calls.post(self.context.http, "/packages",
                          form.package(booking, self.context.settings))
        reference = str(value(made, "package_id") or "")
        if not reference:
            raise OutcomeUnknown(words.NO_ID)
        calls.put_command(self.context.http, _command("order-commands", booking.key),
                          {"packages": [{"id": reference}], "label": LABEL})
        return Booked(reference, "pending")

    def find_booking(self, key: str, reference: str = "") -> Booked | None:
        """What became of the command that orders, then of the package that it ordered."""
        try:
            told = calls.command(self.context.http, _command("order-commands", key))
            if told is None:
                return None
            ordered = [str(ref) for ref in children(told, "successfully_ordered_packages")]
            if ordered:
                return answers.booked(self._package(ordered[0]))
            if value(told, "status") in calls.FAILED | calls.DONE:
                why, _ = calls.first_error(told)
                return Booked(reference, "refused", message=words.NOT_ORDERED % {"why": why})
            return Booked(reference, "pending")
        except Puzzling as puzzle:
            raise ChannelDown(str(puzzle)) from puzzle

    def label(self, reference: str, tracking: Sequence[str], format: LabelFormat) -> LabelFile:
        """A PDF of A6, as it was ordered; other formats are not kept."""
        if format != "pdf_a6":
            raise NotSupported(words.OTHER_LABEL)
        response = self.context.http.request(
            "GET", f"/packages/{quote(reference, safe='')}/label",
            headers={"Accept": "application/pdf, application/octet-stream, application/json"})
        if response.status >= 300:
            raise calls.refusal(response, ChannelDown)
        content = response.body
        if content.startswith(b"^XA"):
            raise NotSupported(words.OTHER_LABEL)
        if not is_whole(content, format):
            raise ChannelDown(words.NO_LABEL)
        return LabelFile(format, content)

    def cancel_booking(self, reference: str, tracking: Sequence[str]) -> None:
        """By a command; one that is still worked on is asked for again."""
        if value(self._package(reference), "state") in answers.CANCELLED:
            return
        path = _command("cancel-command", reference)
        calls.put_command(self.context.http, path, {"packages": [{"id": reference}]})
        self._outcome(path, words.TOO_LATE)

    def rates(self, booking: Booking) -> Sequence[Rate]:
        """Furgonetka's prices, net, of all the account's services that can carry it."""
        services = {form.service_of(one.ref)[1]: one.ref for one in self.services()}
        package = {**form.package(_with_service(booking, services), self.context.settings)}
        del package["service_id"]
        told = calls.ask(self.context.http, "/packages/calculate-price",
                         {"package": package, "services": {"service_id": sorted(services)}})
        try:
            return [Rate(services[row["service_id"]],
                         decimal(value(row, "pricing", "price_net"), "price_net"), "PLN")
                    for row in children(told, "services_prices")
                    if value(row, "available") is True and value(row, "service_id") in services]
        except Puzzling as puzzle:
            raise ChannelDown(str(puzzle)) from puzzle

    def track(self, trackings: Sequence[str]) -> Sequence[Journey | None]:
        """Two questions for each: which package has this number, and where it is."""
        return [self._journey(number) for number in trackings]

    def order_pickup(self, pickup: Pickup) -> str:
        """By a command, whose UUID is its reference."""
        path = _command("pickup-commands", pickup.key)
        begin, end = (moment.astimezone(answers.WARSAW)
                      for moment in (pickup.ready_from, pickup.until))
        calls.put_command(self.context.http, path, {
            "packages": [{"id": ref} for ref in pickup.references],
            "pickup_date": {"date": f"{begin:%Y-%m-%d}", "min_time": f"{begin:%H:%M}",
                            "max_time": f"{end:%H:%M}"}})
        self._outcome(path, words.NOT_ORDERED)
        return calls.command_id("pickup-commands", pickup.key)

    def _outcome(self, path: str, failed: str) -> None:
        """See that a command is done.

        Raises:
            Refused: it failed.
            OutcomeUnknown: it is not done yet, or nobody can tell.
        """
        try:
            told = calls.command(self.context.http, path)
        except ChannelDown as down:
            raise OutcomeUnknown(str(down)) from down
        status = value(told, "status")
        if status == "successful":
            return
        if status in calls.FAILED | calls.DONE:
            why, _ = calls.first_error(told)
            raise Refused(failed % {"why": why}, why)
        raise OutcomeUnknown(words.WORKING)

    def _package(self, reference: str) -> Mapping[str, Any]:
        return calls.get(self.context.http, f"/packages/{quote(reference, safe='')}")

    def _journey(self, number: str) -> Journey | None:
        try:
            found = calls.get(self.context.http,
                              f"/packages?{urlencode({'query': number, 'limit': 10})}")
            reference = answers.package_with(number, found)
            if not reference:
                return None
            return answers.journey(number, calls.get(
                self.context.http, f"/packages/{quote(reference, safe='')}/tracking"))
        except NotFound:
            return None
        except Puzzling as puzzle:
            raise ChannelDown(str(puzzle)) from puzzle


def _command(kind: str, key: str) -> str:
    return f"/{kind}/{calls.command_id(kind, key)}"


def _with_service(booking: Booking, services: Mapping[int, str]) -> Booking:
    """Some service of the account's: a price is asked for all of them."""
    return replace(booking, service=next(iter(services.values()), "none:0"))
