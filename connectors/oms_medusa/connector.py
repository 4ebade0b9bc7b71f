"""The connector to Medusa: what it can do, and which file does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from oms_connector import (
    Capabilities,
    Connector,
    Context,
    Dictionary,
    Field,
    ItemResult,
    Limit,
    Manifest,
    Offer,
    Order,
    OrderRef,
    Page,
    PriceItem,
    Return,
    Ring,
    Shipment,
    StockItem,
    Unreadable,
    Word,
)

from oms_medusa import (
    access,
    bell,
    lists,
    mapping,
    offers,
    parcels,
    prices,
    pulling,
    returns,
    stock,
    telling,
    words,
)
from oms_medusa.calls import Api, shop_url


class MedusaConnector(Connector):
    """Orders by the moment of their last change, variants, stock, prices, fulfilments, returns."""

    manifest = Manifest(
        key="medusa",
        name="Medusa",
        letters="Md",
        hue=265,
        version="1.0",
        settings=(
            Field("url", words.URL, "url", help=words.URL_HELP),
            Field("api_key", words.KEY, secret=True, help=words.KEY_HELP),
            Field("sales_channel", words.CHANNEL, required=False, help=words.CHANNEL_HELP),
            Field("location", words.LOCATION, required=False, help=words.LOCATION_HELP),
            Field("cod_providers", words.COD, required=False, help=words.COD_HELP),
            Field("authorised", words.AUTHORISED, "flag", required=False,
                  help=words.AUTHORISED_HELP),
        ),
        capabilities=Capabilities(
            min_poll_s=60, settle_lag_s=10, page_max=pulling.MOST, stock_batch=offers.MOST,
            price_batch=offers.MOST,
            # A captured or refunded payment does not move the order's stamp.
            updated_misses=frozenset({"payment", "refund", "return"}),
        ),
        # Medusa has no limit; it is the seller's own machine that is asked.
        limits=(Limit(per_second=5, burst=20),),
        help=words.HELP,
        quality="gold",
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._api = Api(context.http, context.settings)
        self._ways = mapping.ways(context.settings)

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """The server's address."""
        return shop_url(settings)

    @classmethod
    def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """Basic authentication with the key."""
        return access.headers(secrets)

    # VerifiesAccess

    def verify(self) -> str:
        """The shop's name, currency and stock location."""
        return access.verify(self._api, self.context.settings, self.context.secrets)

    # PullsOrders, SweepsOrders, FetchesOrders

    def pull_orders(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Order | OrderRef]:
        """Orders by the moment of their last change."""
        return pulling.pull(self._api, self._ways, self.context.now, cursor, limit)

    def sweep_orders(
        self, since: datetime, until: datetime, cursor: Mapping[str, Any] | None, limit: int
    ) -> Page[Order | OrderRef]:
        """Orders changed in a span."""
        return pulling.sweep(self._api, self._ways, since, until, cursor, limit)

    def fetch_orders(self, refs: Sequence[str]) -> Sequence[Order | Unreadable | None]:
        """Orders by id, fifty in a request."""
        return pulling.fetch(self._api, self._ways, refs)

    # PullsReturns

    def pull_returns(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Return]:
        """Returns by the moment of their last change."""
        return returns.pull(self._api, self._ways, self.context.now, cursor, limit)

    # ListsOffers, PushesStock, PushesPrices

    def list_offers(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Offer]:
        """Variants."""
        return offers.list_offers(self._api, self.context.settings, cursor, limit)

    def push_stock(self, items: Sequence[StockItem]) -> Sequence[ItemResult]:
        """Quantities at one location, with what is held added to them."""
        return stock.push_stock(self._api, self.context.settings, items)

    def push_prices(self, items: Sequence[PriceItem]) -> Sequence[ItemResult]:
        """Prices, with all other prices of a variant sent back as they are."""
        return prices.push_prices(self._api, items)

    # PushesShipments, PushesStatus, CancelsOrders

    def push_shipment(self, shipment: Shipment) -> str:
        """A fulfilment that is sent, with labels."""
        return parcels.push_shipment(self._api, shipment)

    def push_status(self, external_id: str, status: str, revision: str) -> None:
        """Completed, archived, delivered."""
        telling.push_status(self._api, external_id, status, revision)

    def cancel_order(self, external_id: str, lines: Mapping[str, int], reason: str) -> None:
        """The whole order as in Medusa's panel, units by an edit of the order."""
        telling.cancel_order(self._api, external_id, lines, reason)

    # HearsWebhooks

    def hear(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Ring]:
        """What the shop's subscriber says."""
        return bell.hear(body, headers, self.context.secrets.get("webhook_secret", ""))

    # KnowsWords

    def words(self, kind: Dictionary) -> Sequence[Word]:
        """What can be told of an order, ways to pay and to deliver, stock locations."""
        return lists.words(self._api, kind)
