"""The connector to PayU: asks for a payment, tells how it stands, gives money back.

Source: PayU GPO Europe, REST API 2.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
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
    OutcomeUnknown,
    PaymentAsk,
    PaymentLink,
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
from oms_connector.reading import value

from oms_payu import bell, mapping, words

PLACES = ("https://secure.payu.com", "https://secure.snd.payu.com")
TOKEN_PATH = "/pl/standard/user/oauth/authorize"  # noqa: S105 - an address
ORDERS = "/api/v2_1/orders"
VALID_S = 7 * 24 * 3600
LONGEST_TEXT = 255
FORM = "application/x-www-form-urlencoded"
NOT_UNIQUE = "ERROR_ORDER_NOT_UNIQUE"


class PayuConnector(Connector):
    """Our keys are ``extOrderId`` and ``extRefundId``: PayU takes each of them once."""

    manifest = Manifest(
        key="payu", name="PayU", letters="PU", hue=85, version="1.0", quality="silver",
        help=words.HELP,
        settings=(
            Field("url", words.URL, "choice", choices=PLACES, default=PLACES[0]),
            Field("pos_id", words.POS, help=words.POS_HELP),
            Field("client_id", words.CLIENT_ID, required=False, help=words.CLIENT_ID_HELP),
            Field("client_secret", words.CLIENT_SECRET, secret=True),
            Field("second_key", words.SECOND_KEY, secret=True, help=words.SECOND_KEY_HELP),
        ),
        limits=(Limit(per_second=5, burst=10),),
        webhook_secret="second_key",  # noqa: S106 - the name of one
    )

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """PayU, or its sandbox."""
        return str(settings.get("url") or PLACES[0])

    @classmethod
    def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """The token, once there is one."""
        return bearer(secrets)

    # Access

    def refresh(self) -> Tokens:
        """A token of some hours (client credentials, RFC 6749, 4.4)."""
        asked = urlencode({
            "grant_type": "client_credentials", "client_id": self._client,
            "client_secret": self.context.secrets.get("client_secret", "").strip(),
        }).encode()
        try:  # asking twice gives two tokens that both work
            answer = self.context.http.request(
                "POST", TOKEN_PATH, body=asked, signed=False, safe=True,
                headers={"Content-Type": FORM, "Accept": "application/json"})
        except AccessRefused:
            raise AccessRefused(words.REFUSED_KEY, "client_secret") from None
        if answer.status in (400, 403):
            raise AccessRefused(words.REFUSED_KEY, "client_secret")
        token = value(answer.json(), "access_token") if answer.status == 200 else None
        if not isinstance(token, str) or not token:
            raise ChannelDown(words.NO_TOKEN)
        return Tokens(token, expires_at=mapping.ends(answer.json(), self.context.now))

    def verify(self) -> str:
        """The point of sale, whose ways to pay can be read."""
        read(self.context.http, "/api/v2_1/paymethods", _refusal)
        return f"PayU {self._pos}"

    @property
    def _pos(self) -> str:
        return str(self.context.settings.get("pos_id") or "").strip()

    @property
    def _client(self) -> str:
        return str(self.context.settings.get("client_id") or "").strip() or self._pos

    # Payments

    def ask_payment(self, ask: PaymentAsk) -> PaymentLink:
        """An order at PayU, open for a week. A key that it has already is a ``Conflict``."""
        amount = str(in_minor(ask.amount))
        text = ask.description[:LONGEST_TEXT]
        asked: dict[str, Any] = {
            "customerIp": "127.0.0.1",  # nobody is at the screen: the link goes out by e-mail
            "merchantPosId": self._pos, "extOrderId": ask.key, "description": text,
            "currencyCode": ask.currency, "totalAmount": amount, "validityTime": str(VALID_S),
            "products": [{"name": text, "unitPrice": amount, "quantity": "1"}],
        }
        asked |= {name: found for name, found in (
            ("notifyUrl", ask.notify_url), ("continueUrl", ask.return_url)) if found}
        if ask.buyer_email:
            asked["buyer"] = {"email": ask.buyer_email, "language": ask.language}
        told = write(self.context.http, "POST", ORDERS, _refusal, json=asked,
                     headers={"Content-Type": "application/json"},
                     needs=("orderId", "redirectUri"))
        return PaymentLink(str(told["orderId"]), str(told["redirectUri"]))

    def payment(self, reference: str) -> PaymentTold | None:
        """The order at PayU, with its refunds once it was paid."""
        try:
            told = read(self.context.http, f"{ORDERS}/{quote(reference, safe='')}", _refusal,
                        needs=("orders",))
        except NotFound:
            return None
        if not isinstance(told["orders"], list) or not told["orders"]:
            return None
        found = told["orders"][0]
        is_paid = value(found, "status") == "COMPLETED"
        return mapping.payment(found, self._refunds(reference) if is_paid else [])

    # Refunds

    def refund(self, ask: RefundAsk) -> RefundTold:
        """Looked for first: PayU might take a repeated key for a new refund."""
        amount = str(in_minor(ask.amount))
        before = self.find_refund(ask)
        if before is not None:
            return before
        told = write(
            self.context.http, "POST", f"{ORDERS}/{quote(ask.payment, safe='')}/refunds", _refusal,
            headers={"Content-Type": "application/json"}, needs=("refund",),
            json={"refund": {"description": ask.description[:LONGEST_TEXT], "amount": amount,
                             "currencyCode": ask.currency, "extRefundId": ask.key}})
        if not value(told, "refund", "refundId"):
            raise OutcomeUnknown(words.NO_EVENT)
        return mapping.refund({"extRefundId": ask.key, "amount": amount, **told["refund"]})

    def find_refund(self, ask: RefundAsk, reference: str = "") -> RefundTold | None:
        """By its key, or by PayU's own number."""
        return next((one for one in self._refunds(ask.payment)
                     if (one.reference == reference if reference else one.key == ask.key)), None)

    def _refunds(self, reference: str) -> list[RefundTold]:
        try:
            told = read(self.context.http, f"{ORDERS}/{quote(reference, safe='')}/refunds",
                        _refusal)
        except NotFound:
            return []
        rows = value(told, "refunds") if isinstance(told, dict) else told
        return [mapping.refund(one) for one in (rows if isinstance(rows, list) else ())]

    # Doorbell

    def hear(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Ring]:
        """A notice about an order or a refund, signed with the second key."""
        return bell.hear(body, headers, self.context.secrets.get("second_key", ""))


def _refusal(response: Response, told: Any) -> ChannelError:
    """What a status of 400 or more means. PayU's own sentence may name the buyer: the code stays.
    """
    code = str(value(told, "status", "codeLiteral") or value(told, "status", "statusCode")
               or value(told, "error") or response.status)[:80]
    if value(told, "status", "statusCode") == NOT_UNIQUE or code == NOT_UNIQUE:
        return Conflict(words.KNOWN_KEY)
    if response.status == 404:
        return NotFound(words.CODE % {"code": code}, code)
    if response.status == 403:
        return AccessRefused(words.REFUSED_RIGHT, "pos_id")
    return Refused(words.CODE % {"code": code}, code)


