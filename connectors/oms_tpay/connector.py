"""The connector to Tpay: asks for a payment, tells how it stands, gives money back.

Source: docs-api.tpay.com and the vendor's own client (tpay-openapi-php).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import quote, urlencode

from oms_connector import (
    AccessRefused,
    ChannelDown,
    ChannelError,
    Conflict,
    Connector,
    Field,
    Limit,
    Manifest,
    NotFound,
    PaymentAsk,
    PaymentLink,
    PaymentStanding,
    PaymentTold,
    RefundAsk,
    RefundTold,
    Refused,
    Response,
    Ring,
    Tokens,
    bearer,
)
from oms_connector.asking import read, write
from oms_connector.paying import in_minor
from oms_connector.reading import Puzzling, cents, children, decimal, value

from oms_tpay import bell, words

HOMES: Mapping[str, str] = {
    "https://api.tpay.com": "https://secure.tpay.com",
    "https://openapi.sandbox.tpay.com": "https://secure.sandbox.tpay.com",
}
PLACES = tuple(HOMES)
FORM = "application/x-www-form-urlencoded"
EARLY = timedelta(minutes=5)
NEWEST = 100
STATES: Mapping[str, PaymentStanding] = {
    "pending": "waiting", "correct": "paid", "paid": "paid", "refund": "paid",
    "partial_refund": "paid", "chargeback": "paid", "error": "refused", "declined": "refused",
    "canceled": "cancelled", "cancelled": "cancelled", "expired": "cancelled",
}
REFUNDS: Mapping[str, Literal["pending", "done", "refused"]] = {
    "correct": "done", "paid": "done", "done": "done", "error": "refused", "declined": "refused",
    "canceled": "refused",
}


class TpayConnector(Connector):
    """Our key is a payment's ``hiddenDescription``. Refunds carry no key of ours."""

    manifest = Manifest(
        key="tpay", name="Tpay", letters="TP", hue=220, version="1.0", quality="silver",
        help=words.HELP,
        settings=(
            Field("url", words.URL, "choice", choices=PLACES, default=PLACES[0]),
            Field("client_id", words.CLIENT_ID, help=words.CLIENT_ID_HELP),
            Field("client_secret", words.CLIENT_SECRET, secret=True),
            Field("security_code", words.SECURITY_CODE, secret=True,
                  help=words.SECURITY_CODE_HELP),
        ),
        limits=(Limit(per_second=5, burst=10),), hosts=tuple(HOMES.values()),
        webhook_secret="security_code", webhook_answer="TRUE",  # noqa: S106 - the name of one
    )

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """Tpay, or its sandbox."""
        return str(settings.get("url") or PLACES[0])

    @classmethod
    def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """The token, once there is one."""
        return bearer(secrets)

    @property
    def _home(self) -> str:
        return HOMES.get(self.base_url(self.context.settings), HOMES[PLACES[0]])

    # Access

    def refresh(self) -> Tokens:
        """A token of two hours, and the certificates that notices are signed with."""
        asked = urlencode({
            "client_id": str(self.context.settings.get("client_id") or "").strip(),
            "client_secret": self.context.secrets.get("client_secret", "").strip(),
        }).encode()
        try:  # asking twice gives two tokens that both work
            answer = self.context.http.request(
                "POST", "/oauth/auth", body=asked, signed=False, safe=True,
                headers={"Content-Type": FORM, "Accept": "application/json"})
        except AccessRefused:
            raise AccessRefused(words.REFUSED_KEY, "client_secret") from None
        if answer.status in (400, 403):
            raise AccessRefused(words.REFUSED_KEY, "client_secret")
        told = answer.json() if answer.status == 200 else None
        token, seconds = value(told, "access_token"), value(told, "expires_in")
        if not isinstance(token, str) or not token:
            raise ChannelDown(words.NO_TOKEN)
        ends = self.context.now + timedelta(seconds=seconds) - EARLY \
            if isinstance(seconds, int) else None
        return Tokens(token, expires_at=ends, extra=self._certificates())

    def _certificates(self) -> dict[str, str]:
        """What is at hand of them: without them payments work, and nobody is heard."""
        found = {}
        for name, path in (("certificate", bell.CERTIFICATE), ("root", bell.ROOT)):
            try:
                answer = self.context.http.request("GET", self._home + path, signed=False)
            except (ChannelDown, AccessRefused):
                continue
            if answer.status == 200 and answer.body.startswith(b"-----BEGIN CERTIFICATE-----"):
                found[name] = answer.body.decode("ascii", "replace")
        return found

    def verify(self) -> str:
        """The account's client, if it is let in."""
        read(self.context.http, "/transactions", _refusal, params={"limit": 1})
        return f"Tpay {self.context.settings.get('client_id', '')}"

    # Payments

    def ask_payment(self, ask: PaymentAsk) -> PaymentLink:
        """A transaction. Tpay takes a key twice, so the newest ones are looked through first."""
        if not ask.buyer_email:
            raise Refused(words.NO_EMAIL, "", "buyer_email")
        in_minor(ask.amount)
        newest = read(self.context.http, "/transactions", _refusal, params={"limit": NEWEST})
        if any(value(one, "hiddenDescription") == ask.key
               for one in _rows(newest, "transactions")):
            raise Conflict(words.KNOWN_KEY)
        asked: dict[str, Any] = {
            "amount": float(ask.amount), "currency": ask.currency,
            "description": ask.description[:128], "hiddenDescription": ask.key,
            "lang": ask.language if ask.language in ("pl", "en") else "en",
            "payer": {"email": ask.buyer_email, "name": (ask.buyer_name or "-")[:255]},
        }
        calls: dict[str, Any] = {}
        if ask.notify_url:
            calls["notification"] = {"url": ask.notify_url}
        if ask.return_url:
            calls["payerUrls"] = {"success": ask.return_url, "error": ask.return_url}
        if calls:
            asked["callbacks"] = calls
        told = write(self.context.http, "POST", "/transactions", _refusal, json=asked,
                     needs=("transactionId", "transactionPaymentUrl"))
        return PaymentLink(str(told["transactionId"]), str(told["transactionPaymentUrl"]))

    def payment(self, reference: str) -> PaymentTold | None:
        """The transaction, with its refunds once it was paid."""
        try:
            told = read(self.context.http, f"/transactions/{quote(reference, safe='')}", _refusal,
                        needs=("status", "amount"))
        except NotFound:
            return None
        word = str(told["status"])
        state = STATES.get(word)
        if state is None:
            raise ChannelDown(f"Tpay: status {word[:40]!r}")
        amount = _amount(told, "amount")
        return PaymentTold(
            reference, state, amount, str(value(told, "currency") or ""),
            key=str(value(told, "hiddenDescription") or ""), raw_status=word,
            paid=amount if state == "paid" else Decimal(0), disputed=word == "chargeback",
            method=str(value(told, "payments", "method") or ""),
            refunds=self._refunds(reference) if state == "paid" else [])

    # Refunds

    def refund(self, ask: RefundAsk) -> RefundTold:
        """Looked for first: Tpay knows no keys of refunds."""
        in_minor(ask.amount)
        before = self.find_refund(ask)
        if before is not None:
            return before
        told = write(
            self.context.http, "POST", f"/transactions/{quote(ask.payment, safe='')}/refunds",
            _refusal, json={"amount": float(ask.amount)}, needs=("refundId",))
        return RefundTold(str(told["refundId"]), ask.amount, _state(told))

    def find_refund(self, ask: RefundAsk, reference: str = "") -> RefundTold | None:
        """By its number, or as the one of this amount that we do not know."""
        return next((one for one in self._refunds(ask.payment) if (
            one.reference == reference if reference else
            one.amount == ask.amount and one.reference not in ask.known
            and one.state != "refused")), None)

    def _refunds(self, reference: str) -> list[RefundTold]:
        try:
            told = read(self.context.http, f"/transactions/{quote(reference, safe='')}/refunds",
                        _refusal)
        except NotFound:
            return []
        return [RefundTold(str(value(one, "refundId") or ""), _amount(one, "amount"), _state(one))
                for one in _rows(told, "refunds")]

    # Doorbell

    def hear(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Ring]:
        """A notice; it names our key."""
        return bell.hear(body, headers, self.context.secrets, self._home, self.context.now)


def _state(row: Any) -> Literal["pending", "done", "refused"]:
    return REFUNDS.get(str(value(row, "status") or ""), "pending")


def _rows(told: Any, name: str) -> Sequence[Any]:
    try:
        return children(told, name)
    except Puzzling as puzzle:
        raise ChannelDown(str(puzzle)) from puzzle


def _amount(row: Any, name: str) -> Decimal:
    try:
        return cents(decimal(value(row, name), name))
    except (Puzzling, ArithmeticError) as puzzle:
        raise ChannelDown(str(puzzle)) from puzzle


def _refusal(response: Response, told: Any) -> ChannelError:
    """``errors`` is a list of codes; their sentences may name the buyer and are not repeated."""
    errors = value(told, "errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    code = str(value(first, "errorCode") or response.status)[:80]
    field = str(value(first, "fieldName") or "")[:80]
    if response.status == 403:
        return AccessRefused(words.REFUSED_KEY, "client_id")
    kind = NotFound if response.status == 404 else Refused
    return kind(words.CODE % {"code": code}, code, field)
