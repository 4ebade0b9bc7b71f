"""The connector to Stripe: a checkout page for a payment, how it stands, money back.

Source: docs.stripe.com/api (Checkout Sessions, Refunds, idempotent requests). Stripe repeats the
answer to a request of the same ``Idempotency-Key`` for a day at least.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import quote, urlencode

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
)
from oms_connector.asking import read, write
from oms_connector.paying import from_minor, in_minor
from oms_connector.reading import Puzzling, children, value, whole

from oms_stripe import bell, words

FORM = "application/x-www-form-urlencoded"
WHOLE = frozenset((
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV",
    "XAF", "XOF", "XPF"))
"""Currencies without smaller units (docs.stripe.com/currencies, zero-decimal)."""
LANGUAGES = frozenset((
    "pl", "en", "de", "cs", "sk", "fr", "it", "es", "nl", "hu", "ro", "lt", "lv", "et", "sv", "da",
    "fi", "nb", "pt"))
SESSIONS, REFUNDS = "/v1/checkout/sessions", "/v1/refunds"
STATES: Mapping[str, Literal["pending", "done", "refused"]] = {
    "succeeded": "done", "failed": "refused", "canceled": "refused"}
MOST = 100


class StripeConnector(Connector):
    """A payment is known by its Checkout Session; our key stands in its metadata."""

    manifest = Manifest(
        key="stripe", name="Stripe", letters="ST", hue=250, version="1.0", quality="silver",
        help=words.HELP,
        settings=(
            Field("api_key", words.KEY, secret=True, help=words.KEY_HELP),
            Field("signing_secret", words.SIGNING, secret=True, required=False,
                  help=words.SIGNING_HELP),
        ),
        limits=(Limit(per_second=20, burst=20),),
        webhook_secret="signing_secret",  # noqa: S106 - the name of one
    )

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """Stripe has one address; a key is of the test or of the real world."""
        return "https://api.stripe.com"

    @classmethod
    def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """The secret key."""
        return {"Authorization": f"Bearer {secrets.get('api_key', '').strip()}"}

    def verify(self) -> str:
        """Whether the key may read payments; what kind of key it is."""
        try:
            read(self.context.http, SESSIONS, _refusal, params={"limit": 1})
        except AccessRefused as refused:
            raise AccessRefused(str(refused) if refused.field else words.REFUSED_KEY,
                                "api_key") from None
        return "Stripe (test)" if "_test_" in self.context.secrets.get("api_key", "") else "Stripe"

    # Payments

    def ask_payment(self, ask: PaymentAsk) -> PaymentLink:
        """A checkout page, open for a day."""
        if not ask.return_url:
            raise Refused(words.NO_RETURN, "", "return_url")
        line = "line_items[0]"
        asked = {
            "mode": "payment", "client_reference_id": ask.key[:200],
            "success_url": ask.return_url, "cancel_url": ask.return_url,
            "locale": ask.language if ask.language in LANGUAGES else "auto",
            f"{line}[quantity]": "1", f"{line}[price_data][currency]": ask.currency.lower(),
            f"{line}[price_data][unit_amount]": str(in_minor(ask.amount, _places(ask.currency))),
            f"{line}[price_data][product_data][name]": ask.description[:250],
            f"metadata[{bell.KEY}]": ask.key,
            f"payment_intent_data[metadata][{bell.KEY}]": ask.key,
        }
        if ask.buyer_email:
            asked["customer_email"] = ask.buyer_email
        told = self._send(SESSIONS, asked, ask.key, needs=("id", "url"))
        return PaymentLink(str(told["id"]), str(told["url"]))

    def payment(self, reference: str) -> PaymentTold | None:
        """The session, with its refunds once it was paid."""
        told = self._session(reference)
        if told is None:
            return None
        currency = str(value(told, "currency") or "").upper()
        word, paid = str(value(told, "status") or ""), str(value(told, "payment_status") or "")
        intent = value(told, "payment_intent")
        amount = from_minor(_whole(told, "amount_total"), _places(currency))
        state: PaymentStanding = "paid" if paid == "paid" else \
            "cancelled" if word == "expired" else "waiting"
        refunds = self._refunds(str(value(intent, "id"))) if state == "paid" and intent else []
        return PaymentTold(
            reference, state, amount, currency, key=str(value(told, "metadata", bell.KEY) or ""),
            paid=amount if state == "paid" else Decimal(0), refunds=refunds,
            at=_moment(value(intent, "latest_charge", "created")), raw_status=f"{word} {paid}",
            method=str(value(intent, "latest_charge", "payment_method_details", "type") or ""),
            disputed=value(intent, "latest_charge", "disputed") is True)

    def _session(self, reference: str) -> Any:
        try:
            return read(self.context.http, f"{SESSIONS}/{quote(reference, safe='')}", _refusal,
                        params={"expand[]": "payment_intent.latest_charge"}, needs=("status",))
        except NotFound:
            return None

    # Refunds

    def refund(self, ask: RefundAsk) -> RefundTold:
        """Sent with our key, and looked for first: Stripe forgets keys after a while."""
        amount = str(in_minor(ask.amount, _places(ask.currency)))
        intent = self._intent(ask.payment)
        if not intent:
            raise Refused(words.NOT_PAID, "", "payment")
        before = self._among(intent, ask.key, "")
        if before is not None:
            return before
        told = self._send(REFUNDS, {
            "payment_intent": intent, "amount": amount, "reason": "requested_by_customer",
            f"metadata[{bell.KEY}]": ask.key}, ask.key, needs=("id",))
        try:
            return _refund(told)
        except ChannelDown as error:
            raise OutcomeUnknown(str(error)) from error

    def find_refund(self, ask: RefundAsk, reference: str = "") -> RefundTold | None:
        """Among the refunds of its payment."""
        intent = self._intent(ask.payment)
        return self._among(intent, ask.key, reference) if intent else None

    def _intent(self, reference: str) -> str:
        return str(value(self._session(reference), "payment_intent", "id") or "")

    def _among(self, intent: str, key: str, reference: str) -> RefundTold | None:
        return next((one for one in self._refunds(intent) if (
            one.reference == reference if reference else one.key == key)), None)

    def _refunds(self, intent: str) -> list[RefundTold]:
        """In the order they were asked for; Stripe lists the newest first."""
        told = read(self.context.http, REFUNDS, _refusal, needs=("data",),
                    params={"payment_intent": intent, "limit": MOST})
        try:
            return [_refund(one) for one in reversed(children(told, "data"))]
        except Puzzling as puzzle:
            raise ChannelDown(str(puzzle)) from puzzle

    # Doorbell

    def hear(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Ring]:
        """An event about a session, a charge, a refund or a dispute."""
        return bell.hear(body, headers, self.context.secrets.get("signing_secret", "").strip(),
                         self.context.now)

    def _send(self, path: str, asked: Mapping[str, str], key: str, needs: Sequence[str]) -> Any:
        return write(self.context.http, "POST", path, _refusal, needs=needs,
                     body=urlencode(asked).encode("ascii"),
                     headers={"Content-Type": FORM, "Idempotency-Key": key[:255]})


def _places(currency: str) -> int:
    return 0 if currency.upper() in WHOLE else 2


def _refund(told: Any) -> RefundTold:
    currency = str(value(told, "currency") or "")
    return RefundTold(
        str(value(told, "id") or ""), from_minor(_whole(told, "amount"), _places(currency)),
        STATES.get(str(value(told, "status") or ""), "pending"),
        key=str(value(told, "metadata", bell.KEY) or ""), at=_moment(value(told, "created")),
        message=str(value(told, "failure_reason") or ""))


def _whole(told: Any, name: str) -> int:
    try:
        return whole(told, name)
    except Puzzling as puzzle:
        raise ChannelDown(str(puzzle)) from puzzle


def _moment(found: Any) -> datetime | None:
    is_stamp = isinstance(found, int) and not isinstance(found, bool) and 0 < found < 10**11
    return datetime.fromtimestamp(found, tz=UTC) if is_stamp else None


def _refusal(response: Response, told: Any) -> ChannelError:
    """By type and code; the sentences may name the buyer and are not repeated."""
    code = str(value(told, "error", "code") or value(told, "error", "type") or response.status)[:80]
    if response.status == 403:
        return AccessRefused(words.REFUSED_RIGHT, "api_key")
    if response.status == 409:  # another request of the same key is not answered yet
        return OutcomeUnknown(words.LOCKED)
    kind = NotFound if response.status == 404 else Refused
    return kind(words.CODE % {"code": code}, code, str(value(told, "error", "param") or "")[:80])
