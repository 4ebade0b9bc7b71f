"""The connector to WooCommerce: what it can do, and which file does it."""

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
    RefundAsk,
    RefundTold,
    Return,
    Ring,
    Shipment,
    StockItem,
    Unreadable,
    Word,
)

from oms_woocommerce import (
    access,
    bell,
    lists,
    mapping,
    offers,
    parcels,
    pulling,
    pushing,
    refunds,
    returns,
    words,
)
from oms_woocommerce.calls import MOST, Api, shop_url


class WooCommerceConnector(Connector):
    """Orders by the moment of their last change, offers, stock, prices, parcels, refunds, rings."""

    manifest = Manifest(
        key="woocommerce",
        name="WooCommerce",
        letters="Wo",
        hue=280,
        version="1.0",
        quality="gold",
        settings=(
            Field("url", words.URL, "url", help=words.URL_HELP),
            Field("consumer_key", words.KEY, secret=True, help=words.KEY_HELP),
            Field("consumer_secret", words.SECRET, secret=True),
            Field("ready_statuses", words.READY, required=False, help=words.OWN_HELP),
            Field("shipped_statuses", words.SHIPPED, required=False, help=words.OWN_HELP),
        ),
        capabilities=Capabilities(
            min_poll_s=60, settle_lag_s=10, page_max=MOST, stock_batch=MOST, price_batch=MOST,
            # What plugins write beside an order (a locker, a tax number) does not move its stamp.
            updated_misses=frozenset({"note"}),
        ),
        # WooCommerce itself has no limit; hosts block who asks too fast.
        limits=(Limit(per_second=1, burst=5),),
        help=words.HELP,
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._api = Api(context.http, context.settings)
        self._own = mapping.own_statuses(context.settings)

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """The shop's address."""
        return shop_url(settings)

    @classmethod
    def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """Basic authentication with the key."""
        return access.headers(secrets)

    # VerifiesAccess

    def verify(self) -> str:
        """The shop's name, currency and time zone."""
        return access.verify(self._api)

    # PullsOrders, SweepsOrders, FetchesOrders

    def pull_orders(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Order | OrderRef]:
        """Orders by the moment of their last change."""
        return pulling.pull(self._api, self._own, self.context.now, cursor, limit)

    def sweep_orders(
        self, since: datetime, until: datetime, cursor: Mapping[str, Any] | None, limit: int
    ) -> Page[Order | OrderRef]:
        """Orders changed in a span, those in the bin included."""
        return pulling.sweep(self._api, self._own, since, until, cursor, limit)

    def fetch_orders(self, refs: Sequence[str]) -> Sequence[Order | Unreadable | None]:
        """Orders by number, a hundred in a request."""
        return pulling.fetch(self._api, self._own, refs)

    # PullsReturns

    def pull_returns(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Return]:
        """Refunds of units that had been sent."""
        return returns.pull(self._api, self.context.now, cursor, limit)

    # ListsOffers, PushesStock, PushesPrices

    def list_offers(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Offer]:
        """Products, and variations after each page of them."""
        return offers.list_offers(self._api, cursor, limit)

    def push_stock(self, items: Sequence[StockItem]) -> Sequence[ItemResult]:
        """Quantities, in batches."""
        return pushing.push_stock(self._api, items)

    def push_prices(self, items: Sequence[PriceItem]) -> Sequence[ItemResult]:
        """Prices, in batches."""
        return pushing.push_prices(self._api, items)

    # PushesShipments, PushesStatus, CancelsOrders

    def push_shipment(self, shipment: Shipment) -> str:
        """Tracking numbers that the order does not have yet, then "completed"."""
        return parcels.push_shipment(self._api, shipment)

    def push_status(self, external_id: str, status: str, revision: str) -> None:
        """Any status that the shop has."""
        parcels.push_status(self._api, external_id, status, revision)

    def cancel_order(self, external_id: str, lines: Mapping[str, int], reason: str) -> None:
        """The whole order by its status, units by a refund without money and stock."""
        parcels.cancel_order(self._api, external_id, lines, reason)

    # RefundsPayments

    def refund(self, ask: RefundAsk) -> RefundTold:
        """Money of an order back through the shop's gateway."""
        return refunds.refund(self._api, ask)

    def find_refund(self, ask: RefundAsk, reference: str = "") -> RefundTold | None:
        """A refund of an order by our mark, or by the shop's number."""
        return refunds.find(self._api, ask, reference)

    # HearsWebhooks, OrdersWebhooks

    def hear(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Ring]:
        """What a delivery says."""
        return bell.hear(body, headers, self.context.secrets.get("webhook_secret", ""))

    def subscribe(self, url: str, secret: str) -> Sequence[str]:
        """One webhook of each topic."""
        return bell.subscribe(self._api, url, secret)

    def unsubscribe(self, refs: Sequence[str]) -> None:
        """End webhooks."""
        bell.unsubscribe(self._api, refs)

    # KnowsWords

    def words(self, kind: Dictionary) -> Sequence[Word]:
        """Statuses, ways to pay and to deliver."""
        return lists.words(self._api, kind)
