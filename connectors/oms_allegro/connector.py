"""The connector to Allegro: what it can do, and which file does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from oms_connector import (
    AccessRefused,
    Capabilities,
    Connector,
    Context,
    DeviceCode,
    Dictionary,
    FeeClaim,
    FeeClaimTold,
    Field,
    Invoice,
    ItemResult,
    Limit,
    Manifest,
    NotSupported,
    Offer,
    Order,
    OrderRef,
    Page,
    PriceItem,
    RefundAsk,
    RefundTold,
    Refused,
    Return,
    Shipment,
    StockItem,
    Tokens,
    Unreadable,
    Word,
    bearer,
)
from oms_connector.reading import children

from oms_allegro import (
    access,
    claims,
    commands,
    invoices,
    journal,
    messages,
    offers,
    parcels,
    refunds,
    returns,
    words,
)
from oms_allegro.calls import Api, RightsMissing
from oms_allegro.carrier import Carrier
from oms_allegro.messages import Messages
from oms_allegro.reading import text_or_empty

PAYMENTS = {
    "ONLINE": words.ONLINE, "WIRE_TRANSFER": words.WIRE_TRANSFER,
    "CASH_ON_DELIVERY": words.CASH_ON_DELIVERY, "SPLIT_PAYMENT": words.SPLIT_PAYMENT,
    "EXTENDED_TERM": words.EXTENDED_TERM,
}

# 9000 requests a minute for one application, then it is blocked for a minute (FAQ). Commands: 9000
# offers a minute, and 250,000 (quantities, endings) or 150,000 (prices) an hour for one seller.
# A bucket lets burst + 60 * per_second through in a minute, burst + 3600 * per_second in an hour.
LIMITS = (
    Limit(per_second=75, burst=4500, scope="client"),
    Limit(per_second=66, burst=5000, bucket=commands.QUANTITY),
    Limit(per_second=66, burst=5000, bucket=commands.PUBLICATION),
    Limit(per_second=40, burst=6000, bucket=commands.PRICE),
    Limit(per_second=25, burst=25, bucket=parcels.BUCKET),
    Limit(per_second=5, burst=20, bucket="returns"),
    Limit(per_second=1, burst=1, bucket=messages.BUCKET),
)


class AllegroConnector(Carrier, Messages, Connector):
    """Orders by journal and by list, offers, stock, prices, parcels, status, returns, invoices;
    labels and messages, where the seller wants them to go through Allegro.
    """

    manifest = Manifest(
        key="allegro",
        name="Allegro",
        letters="Al",
        hue=22,
        version="1.0",
        quality="gold",
        settings=(
            Field("environment", words.ENVIRONMENT, "choice", default=access.PRODUCTION,
                  choices=(access.PRODUCTION, access.SANDBOX), help=words.ENVIRONMENT_HELP),
            Field("client_id", words.CLIENT_ID, required=False, help=words.CLIENT_ID_HELP),
            Field("client_secret", words.CLIENT_SECRET, required=False, secret=True),
            Field("software_statement", words.STATEMENT, required=False,
                  help=words.STATEMENT_HELP),
            Field("registration_code", words.CODE, required=False, secret=True,
                  help=words.CODE_HELP),
            Field("resume", words.RESUME, "flag", required=False, help=words.RESUME_HELP),
            Field("shipping", words.SHIPPING, "flag", required=False, help=words.SHIPPING_HELP),
            Field("refunds", words.REFUNDS, "flag", required=False, default="1",
                  help=words.REFUNDS_HELP),
            Field(messages.SETTING, words.MESSAGES, "flag", required=False,
                  help=words.MESSAGES_HELP),
        ),
        capabilities=Capabilities(
            min_poll_s=30, settle_lag_s=120, history_days=60, page_max=journal.PAGE,
            stock_batch=250, price_batch=100, stock_shape="same_value", zero_ok=False,
            # Neither the seller's status nor a tracking number moves "updatedAt".
            updated_misses=frozenset({"shipment"}),
            message_chars=messages.MOST, message_setting=messages.SETTING, message_first=True,
        ),
        limits=LIMITS,
        hosts=tuple(access.LOGIN.values()),
        help=words.HELP,
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._api = Api(context.http)

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """The REST API of the chosen environment."""
        return access.API[access.environment(settings)]

    @classmethod
    def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """The access token; nothing before the account is connected."""
        return bearer(secrets)

    # VerifiesAccess

    def verify(self) -> str:
        """The account's login."""
        if not self.context.secrets.get("access_token"):
            raise AccessRefused(words.NOT_CONNECTED, "" if all(self._client()) else "client_id")
        try:
            return str(self._api.get("/me", "login")["login"])
        except RightsMissing:
            raise
        except AccessRefused as refused:
            raise AccessRefused(words.TOKEN_REFUSED, "environment") from refused
        except Refused as refused:  # a token of the application alone, without a seller
            raise AccessRefused(words.NO_RIGHTS % {"why": refused}) from refused

    # AuthorizesByCode, AuthorizesByDevice, RegistersClient, RefreshesTokens

    def authorize_url(self, redirect_uri: str, state: str, challenge: str) -> str:
        """Allegro's page on which the seller agrees."""
        return self._door().authorize_url(redirect_uri, state, challenge)

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> Tokens:
        """Tokens for the code that the seller came back with."""
        return self._door().exchange(code, verifier, redirect_uri)

    def start_device(self) -> DeviceCode:
        """A code to be typed on Allegro's page."""
        return self._door().start_device()

    def poll_device(self, device_code: str) -> Tokens | None:
        """Tokens, or None while the seller has not agreed."""
        return self._door().poll_device(device_code)

    def refresh(self) -> Tokens:
        """New tokens for the refresh token, which is used up by that."""
        return self._door().refresh(self.context.secrets.get("refresh_token", ""))

    def register_client(self, name: str, redirect_uri: str) -> Mapping[str, str]:
        """An application of this installation's own."""
        return access.register(self.context.http, self.context.settings, self.context.secrets,
                               name, redirect_uri)

    # PullsOrders, SweepsOrders, FetchesOrders

    def pull_orders(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Order | OrderRef]:
        """What the journal names, as it is now."""
        return journal.pull(self._api, self.context.now, cursor, limit)

    def sweep_orders(
        self, since: datetime, until: datetime, cursor: Mapping[str, Any] | None, limit: int
    ) -> Page[Order | OrderRef]:
        """Orders whose buyers changed them within a span."""
        return journal.sweep(self._api, since, until, cursor, limit)

    def fetch_orders(self, refs: Sequence[str]) -> Sequence[Order | Unreadable | None]:
        """Orders by the ids of their checkout forms, one request each."""
        return journal.fetch(self._api, refs)

    # ListsOffers, PushesStock, PushesPrices, AnswersLater

    def list_offers(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Offer]:
        """What is on sale, then what has ended."""
        shop = access.LOGIN[access.environment(self.context.settings)]
        return offers.list_offers(self._api, cursor, limit, shop=shop, resume=self._resumes())

    def push_stock(self, items: Sequence[StockItem]) -> Sequence[ItemResult]:
        """Quantities by command; at zero the offer is ended."""
        return commands.push_stock(self._api, items, resume=self._resumes())

    def push_prices(self, items: Sequence[PriceItem]) -> Sequence[ItemResult]:
        """Prices by command, one for all offers of a price."""
        return commands.push_prices(self._api, items)

    def results(self, handle: str) -> Mapping[str, ItemResult] | None:
        """What became of a command."""
        return commands.results(self._api, handle)

    # PushesShipments, PushesStatus, CancelsOrders

    def push_shipment(self, shipment: Shipment) -> str:
        """Tracking numbers that the order does not have yet, then "sent"."""
        return parcels.push_shipment(self._api, shipment)

    def push_status(self, external_id: str, status: str, revision: str) -> None:
        """One of the statuses that a seller can set."""
        parcels.push_status(self._api, external_id, status, revision)

    def cancel_order(self, external_id: str, lines: Mapping[str, int], reason: str) -> None:
        """The seller's mark that an order will not be delivered. Allegro takes no reason."""
        parcels.cancel_order(self._api, external_id, lines)

    # UploadsInvoices, PullsReturns

    def upload_invoice(self, invoice: Invoice) -> str:
        """A document for the buyer."""
        return invoices.upload_invoice(self._api, invoice)

    def pull_returns(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Return]:
        """New and changed returns."""
        return returns.pull(self._api, self.context.now, cursor, limit)

    # RefundsPayments, ClaimsFees

    def refund(self, ask: RefundAsk) -> RefundTold:
        """Money of an order back to its buyer."""
        self._must_refund()
        return refunds.refund(self._api, ask)

    def find_refund(self, ask: RefundAsk, reference: str = "") -> RefundTold | None:
        """A refund of an order by our mark, or by Allegro's id."""
        self._must_refund()
        return refunds.find(self._api, ask, reference)

    def claim_fee(self, claim: FeeClaim) -> FeeClaimTold:
        """The commission of units back."""
        return claims.claim(self._api, claim)

    def find_fee_claim(self, claim: FeeClaim, reference: str = "") -> FeeClaimTold | None:
        """A claim of a line, ours or Allegro's own."""
        return claims.find(self._api, claim, reference)

    def withdraw_fee_claim(self, reference: str) -> None:
        """Take a claim back."""
        claims.withdraw(self._api, reference)

    # KnowsWords

    def words(self, kind: Dictionary) -> Sequence[Word]:
        """Carriers, statuses, ways to pay and to deliver."""
        if kind == "carriers":
            return parcels.list_carriers(self._api)
        if kind == "statuses":
            return [Word(ref, name) for ref, name in parcels.STATUSES.items()]
        if kind == "payments":
            return [Word(ref, name) for ref, name in PAYMENTS.items()]
        if kind == "deliveries":
            found = self._api.get("/sale/delivery-methods", "deliveryMethods")
            return [
                Word(text_or_empty(entry, "id"), text_or_empty(entry, "name"))
                for entry in children(found, "deliveryMethods")
            ]
        return ()

    def _client(self) -> tuple[str, str]:
        return access.client(self.context.settings, self.context.secrets)

    def _door(self) -> access.Door:
        login = access.LOGIN[access.environment(self.context.settings)]
        scopes = access.SCOPES + (access.SHIPPING_SCOPES if self._ships() else ()) \
            + (access.REFUND_SCOPES if self._refunds() else ()) \
            + (access.MESSAGE_SCOPES if self._talks() else ())
        return access.Door(self.context.http, login, self._client(), self.context.now, scopes)

    def _resumes(self) -> bool:
        return _is_on(self.context.settings.get("resume"))

    def _refunds(self) -> bool:
        return _is_on(self.context.settings.get("refunds", "1"))

    def _must_refund(self) -> None:
        if not self._refunds():
            raise NotSupported(words.NO_REFUNDS)


def _is_on(told: Any) -> bool:
    return str(told or "").lower() in ("1", "true", "on", "yes")
