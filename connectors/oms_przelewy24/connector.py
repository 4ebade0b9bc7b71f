"""The connector to Przelewy24: asks for a payment, confirms it, gives money back.

Source: the gateway's OpenAPI 1.0.16. A payment is known by its ``sessionId``, which is our key, so
a lost answer is no riddle: what came of it is asked for by the key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from oms_connector import (
    AccessRefused,
    ChannelDown,
    ChannelError,
    Connector,
    Field,
    Limit,
    Manifest,
    NotFound,
    OutcomeUnknown,
    PaymentAsk,
    PaymentLink,
    PaymentStanding,
    PaymentTold,
    RefundAsk,
    RefundTold,
    Refused,
    Response,
    Ring,
    WebhookRefused,
)
from oms_connector.asking import read, write
from oms_connector.paying import from_minor, in_minor
from oms_connector.reading import Puzzling, children, value, whole

from oms_przelewy24 import signing, words

PLACES = ("https://secure.przelewy24.pl", "https://sandbox.przelewy24.pl")
TRANSACTION = "/api/v1/transaction"
OPEN, ADVANCE, RETURNED = 0, 1, 3
STATES: Mapping[int, PaymentStanding] = {OPEN: "waiting", 2: "paid", RETURNED: "paid"}
REFUNDS: Mapping[int, Any] = {1: "done", 2: "pending", 3: "pending", 4: "refused"}
LANGUAGES = frozenset((
    "bg", "cs", "de", "en", "es", "fr", "hr", "hu", "it", "nl", "pl", "pt", "se", "sk", "ro"))
SHORT = 35
"""Characters of a refund's title, which stands on the buyer's statement."""


class Przelewy24Connector(Connector):
    """Every request names the shop by itself: the user of its Basic access is a plain setting."""

    manifest = Manifest(
        key="przelewy24", name="Przelewy24", letters="P2", hue=355, version="1.0",
        quality="silver", help=words.HELP,
        settings=(
            Field("url", words.URL, "choice", choices=PLACES, default=PLACES[0]),
            Field("merchant_id", words.MERCHANT, "number"),
            Field("pos_id", words.POS, "number", required=False, help=words.POS_HELP),
            Field("api_key", words.API_KEY, secret=True, help=words.API_KEY_HELP),
            Field("crc", words.CRC, secret=True, help=words.CRC_HELP),
        ),
        limits=(Limit(per_second=5, burst=10),),
        webhook_secret="crc",  # noqa: S106 - the name of one
    )

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """Przelewy24, or its sandbox."""
        return str(settings.get("url") or PLACES[0])

    def verify(self) -> str:
        """The shop's number, if the gateway lets it in."""
        try:
            self._read("/api/v1/testAccess")
        except AccessRefused as refused:
            raise AccessRefused(words.REFUSED_KEY, refused.field or "api_key") from None
        return f"Przelewy24 {self._number('pos_id', 'merchant_id')}"

    # Payments

    def ask_payment(self, ask: PaymentAsk) -> PaymentLink:
        """A payment of our key. Registered twice it is one, and has one link."""
        if not ask.buyer_email:
            raise Refused(words.NO_EMAIL, "", "buyer_email")
        if not ask.return_url:
            raise Refused(words.NO_RETURN, "", "return_url")
        asked: dict[str, Any] = {
            **self._shop(), "sessionId": session_of(ask.key), "amount": in_minor(ask.amount),
            "currency": ask.currency, "description": ask.description[:1024],
            "email": ask.buyer_email[:50], "client": ask.buyer_name[:40], "country": "PL",
            "language": ask.language if ask.language in LANGUAGES else "en",
            "urlReturn": ask.return_url, "encoding": "UTF-8",
        }
        if ask.notify_url:
            asked["urlStatus"] = ask.notify_url
        told = self._write("POST", f"{TRANSACTION}/register",
                           self._signed(asked, signing.REGISTER), needs=("data",))
        token = value(told, "data", "token")
        if not isinstance(token, str) or not token:
            raise OutcomeUnknown(words.NO_EVENT)
        base = self.base_url(self.context.settings)
        return PaymentLink(session_of(ask.key), f"{base}/trnRequest/{quote(token, safe='')}")

    def payment(self, reference: str) -> PaymentTold | None:
        """How it stands. An advance payment is confirmed, or it would never be paid out to us."""
        told = self._confirmed(reference)
        if told is None:
            return None
        state = STATES.get(told["status"])
        if state is None:
            raise ChannelDown(f"Przelewy24: status {told['status']}")
        amount = from_minor(told["amount"])
        came = state == "paid"
        return PaymentTold(
            reference, state, amount, told["currency"], key=reference,
            paid=amount if came else Decimal(0), raw_status=str(told["status"]),
            method=str(told["paymentMethod"] or ""),
            refunds=self._refunds(told["orderId"]) if came else [])

    def _confirmed(self, reference: str) -> dict[str, Any] | None:
        told = self._transaction(reference)
        if told is not None and told["status"] == ADVANCE:
            self._confirm(told)
            told = self._transaction(reference)
        return told

    def _confirm(self, told: Mapping[str, Any]) -> None:
        """Confirmed twice it is confirmed once: it counts as a reading."""
        asked = self._shop() | {name: told[name] for name in signing.VERIFY}
        read(self.context.http, f"{TRANSACTION}/verify", _refusal, method="PUT",
             json=self._signed(asked, signing.VERIFY), headers=self._user(), needs=("data",))

    def _transaction(self, reference: str) -> dict[str, Any] | None:
        try:
            told = self._read(f"{TRANSACTION}/by/sessionId/{quote(reference, safe='')}")
        except NotFound:
            return None
        found = value(told, "data")
        try:
            return {
                "sessionId": reference, "orderId": whole(found, "orderId"),
                "amount": whole(found, "amount"), "currency": str(value(found, "currency") or ""),
                "status": whole(found, "status"),
                "paymentMethod": value(found, "paymentMethod"),
            }
        except Puzzling as puzzle:
            raise ChannelDown(str(puzzle)) from puzzle

    # Refunds

    def refund(self, ask: RefundAsk) -> RefundTold:
        """Known by its ``requestId``, which is made of our key."""
        amount, number = in_minor(ask.amount), refund_of(ask.key)
        told = self._confirmed(ask.payment)
        if told is None or STATES.get(told["status"]) != "paid":
            raise Refused(words.NOT_PAID, "", "payment")
        before = self._among(told["orderId"], number)
        if before is not None:
            return before
        asked: dict[str, Any] = {
            "requestId": number, "refundsUuid": number,
            "refunds": [{"orderId": told["orderId"], "sessionId": ask.payment, "amount": amount,
                         "description": ask.description[:SHORT]}],
        }
        if ask.notify_url:
            asked["urlStatus"] = ask.notify_url
        self._write("POST", f"{TRANSACTION}/refund", asked, needs=("data",))
        return RefundTold(number, ask.amount, "pending", key=number)

    def find_refund(self, ask: RefundAsk, reference: str = "") -> RefundTold | None:
        """Among the refunds of its payment."""
        told = self._transaction(ask.payment)
        number = reference or refund_of(ask.key)
        return self._among(told["orderId"], number) if told and told["orderId"] else None

    def _among(self, order_id: int, number: str) -> RefundTold | None:
        return next((one for one in self._refunds(order_id) if one.reference == number), None)

    def _refunds(self, order_id: int) -> list[RefundTold]:
        try:
            told = self._read(f"/api/v1/refund/by/orderId/{order_id}")
        except NotFound:
            return []
        try:
            return [RefundTold(str(value(one, "requestId") or ""),
                               from_minor(whole(one, "amount")),
                               REFUNDS.get(whole(one, "status"), "pending"),
                               key=str(value(one, "requestId") or ""))
                    for one in children(value(told, "data"), "refunds")]
        except Puzzling as puzzle:
            raise ChannelDown(str(puzzle)) from puzzle

    # Doorbell

    def hear(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Ring]:
        """A notice of a payment or of a refund; the signature stands in it."""
        crc = self.context.secrets.get("crc", "")
        if not crc:
            raise WebhookRefused(words.NO_SECRET)
        try:
            told = json.loads(body)
            names = signing.REFUND_NOTICE if "refundsUuid" in told else signing.NOTICE
            wanted = signing.sign(told, names, crc)
            given, ref = str(told["sign"]), str(told["sessionId"])
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            raise WebhookRefused(words.NO_EVENT) from error
        if not hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace")):
            raise WebhookRefused(words.BAD_SIGNATURE)
        return [Ring("payment", ref[:160], hashlib.sha256(body).hexdigest()[:60])]

    # Requests

    def _number(self, *names: str) -> int:
        """The first of these settings that is there.

        Raises:
            AccessRefused: it is no number.
        """
        for name in names:
            typed = str(self.context.settings.get(name) or "").strip()
            if typed:
                if not typed.isascii() or not typed.isdigit():
                    raise AccessRefused(words.NOT_A_NUMBER, name)
                return int(typed)
        raise AccessRefused(words.NOT_A_NUMBER, names[-1])

    def _shop(self) -> dict[str, Any]:
        return {"merchantId": self._number("merchant_id"),
                "posId": self._number("pos_id", "merchant_id")}

    def _signed(self, asked: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
        return asked | {"sign": signing.sign(asked, names, self.context.secrets.get("crc", ""))}

    def _user(self) -> Mapping[str, str]:
        key = self.context.secrets.get("api_key", "").strip()
        pair = f"{self._number('pos_id', 'merchant_id')}:{key}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}

    def _read(self, path: str) -> Any:
        return read(self.context.http, path, _refusal, headers=self._user(), needs=("data",))

    def _write(self, method: str, path: str, asked: Any, needs: Sequence[str]) -> Any:
        return write(self.context.http, method, path, _refusal, json=asked, needs=needs,
                     headers={**self._user(), "Content-Type": "application/json"})


def session_of(key: str) -> str:
    """Our key as ``sessionId``: up to 100 characters, and safe in an address."""
    return key if len(key) <= 100 else hashlib.sha256(key.encode()).hexdigest()


def refund_of(key: str) -> str:
    """Our key as ``requestId`` and ``refundsUuid``: the latter has 35 characters at most."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _refusal(response: Response, told: Any) -> ChannelError:
    """Errors are one sentence, or one for each refund (status 409)."""
    said = value(told, "error")
    if isinstance(said, list):
        said = value(said[0], "message") if said else ""
    code = str(said or response.status)[:120]
    kind = NotFound if response.status == 404 else Refused
    return kind(words.CODE % {"code": code}, str(response.status))
