"""The connector to Amazon: what it can do, and which file does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from oms_connector import (
    Capabilities,
    Connector,
    Context,
    Field,
    Invoice,
    ItemResult,
    Manifest,
    Offer,
    Order,
    OrderRef,
    Page,
    PriceItem,
    Return,
    Shipment,
    StockItem,
    Tokens,
    Unreadable,
)

from oms_amazon import access, offers, papers, parcels, places, pulling, pushing, returns, words
from oms_amazon.calls import LIMITS, Api


class AmazonConnector(Connector):
    """Orders by the moment of their last change, offers, stock, prices, parcels, papers."""

    manifest = Manifest(
        key="amazon",
        name="Amazon",
        letters="Am",
        hue=38,
        version="1.0",
        quality="gold",
        settings=(
            Field("marketplaces", words.MARKETPLACES, default=places.HOME,
                  help=words.MARKETPLACES_HELP),
            Field("seller_id", words.SELLER_ID, help=words.SELLER_ID_HELP),
            Field("client_id", words.CLIENT_ID, help=words.CLIENT_ID_HELP),
            Field("client_secret", words.CLIENT_SECRET, secret=True,
                  help=words.CLIENT_SECRET_HELP),
            Field("refresh_token", words.REFRESH_TOKEN, secret=True,
                  help=words.REFRESH_TOKEN_HELP),
            Field("environment", words.ENVIRONMENT, "choice", default=places.PRODUCTION,
                  choices=(places.PRODUCTION, places.SANDBOX), help=words.ENVIRONMENT_HELP),
        ),
        capabilities=Capabilities(
            # One search in three minutes is allowed; what is left over is for pages and the sweep.
            min_poll_s=300, settle_lag_s=120, history_days=pulling.HISTORY.days,
            page_max=pulling.PAGE, stock_batch=500, price_batch=500,
        ),
        limits=LIMITS,
        hosts=(access.LOGIN, access.FILES),
        help=words.HELP,
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._api = Api(context.http, has_token=bool(context.secrets.get("access_token")))
        self._seller = str(context.settings.get("seller_id") or "").strip()

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """The API of the marketplaces' region."""
        return places.base_url(settings)

    @classmethod
    def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """The access token; nothing before there is one."""
        token = secrets.get("access_token")
        return {"x-amz-access-token": token} if token else {}

    # VerifiesAccess, RefreshesTokens

    def verify(self) -> str:
        """The store's name and the marketplaces."""
        return access.verify(self._api, self.context.settings, self.context.secrets)

    def refresh(self) -> Tokens:
        """A new access token, for an hour."""
        return access.refresh(self.context.http, self.context.settings, self.context.secrets,
                              self.context.now)

    # PullsOrders, SweepsOrders, FetchesOrders

    def pull_orders(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Order | OrderRef]:
        """Orders by the moment of their last change."""
        return pulling.pull(self._api, self._places(), self.context.now, cursor, limit)

    def sweep_orders(
        self, since: datetime, until: datetime, cursor: Mapping[str, Any] | None, limit: int
    ) -> Page[Order | OrderRef]:
        """Orders changed in a span."""
        return pulling.sweep(self._api, self._places(), self.context.now, since, until, cursor,
                             limit)

    def fetch_orders(self, refs: Sequence[str]) -> Sequence[Order | Unreadable | None]:
        """Orders by id, one request each."""
        return pulling.fetch(self._api, refs)

    # PullsReturns

    def pull_returns(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Return]:
        """Returns to the seller, by report."""
        return returns.pull(self._api, self.context.http, self._places(), self.context.now,
                            cursor)

    # ListsOffers, PushesStock, PushesPrices, AnswersLater

    def list_offers(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Offer]:
        """The seller's offers, one marketplace after the other."""
        return offers.list_offers(self._api, self._seller, self._places(), cursor, limit)

    def push_stock(self, items: Sequence[StockItem]) -> Sequence[ItemResult]:
        """Quantities, by patches or by a feed."""
        return pushing.push_stock(self._api, self._seller, self.context.now, items)

    def push_prices(self, items: Sequence[PriceItem]) -> Sequence[ItemResult]:
        """Prices, by patches or by a feed."""
        return pushing.push_prices(self._api, self._seller, self.context.now, items)

    def results(self, handle: str) -> Mapping[str, ItemResult] | None:
        """What became of a patch or a feed."""
        return pushing.results(self._api, self._seller, self.context.now, handle)

    # PushesShipments, CancelsOrders, UploadsInvoices

    def push_shipment(self, shipment: Shipment) -> str:
        """The parcels that the order does not have yet."""
        return parcels.push_shipment(self._api, shipment, self.context.now)

    def cancel_order(self, external_id: str, lines: Mapping[str, int], reason: str) -> None:
        """A whole order that has not left."""
        papers.cancel_order(self._api, self._seller, external_id, lines, reason)

    def upload_invoice(self, invoice: Invoice) -> str:
        """A document for the buyer."""
        return papers.upload_invoice(self._api, invoice)

    def _places(self) -> Sequence[places.Place]:
        return places.chosen(self.context.settings)
