"""The connector to PrestaShop: what it can do, and which file does it."""

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
    Shipment,
    StockItem,
    Unreadable,
    Word,
)

from oms_prestashop import (
    access,
    fetching,
    lists,
    offers,
    parcels,
    prices,
    pulling,
    returns,
    states,
    stock,
    words,
)
from oms_prestashop.calls import Api, shop_url


class PrestaShopConnector(Connector):
    """Orders by the moment of their last change, offers, stock, prices, parcels, credit slips."""

    manifest = Manifest(
        key="prestashop",
        name="PrestaShop",
        letters="Ps",
        hue=330,
        version="1.0",
        quality="gold",
        settings=(
            Field("url", words.URL, "url", help=words.URL_HELP),
            Field("key", words.KEY, secret=True, help=words.KEY_HELP),
            Field("ready_statuses", words.READY, required=False, help=words.OWN_HELP),
            Field("shipped_statuses", words.SHIPPED, required=False),
            Field("waiting_statuses", words.WAITING, required=False),
            Field("cancelled_statuses", words.CANCELLED, required=False),
            Field("sent_status", words.SENT, required=False, help=words.SENT_HELP),
            Field("quiet", words.QUIET, "flag", required=False, help=words.QUIET_HELP),
            Field("id_shop", words.SHOP, required=False, help=words.SHOP_HELP),
        ),
        capabilities=Capabilities(
            min_poll_s=60, settle_lag_s=10, page_max=fetching.MOST, stock_batch=50,
            price_batch=50,
            # Neither a credit slip nor a tracking number nor a message moves an order's stamp.
            updated_misses=frozenset({"refund", "shipment", "note"}),
        ),
        # PrestaShop itself has no limit; hosts block who asks too fast.
        limits=(Limit(per_second=2, burst=20),),
        help=words.HELP,
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._api = Api(context.http, context.settings)
        self._own = states.own(context.settings)
        self._mails = not context.settings.get("quiet")

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
        """The shop's name, currency, time zone and version."""
        return access.verify(self._api, self._own, self.context.secrets.get("key", ""))

    # PullsOrders, SweepsOrders, FetchesOrders

    def pull_orders(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Order | OrderRef]:
        """Numbers of orders by the moment of their last change."""
        return pulling.pull(self._api, self.context.now, cursor, limit)

    def sweep_orders(
        self, since: datetime, until: datetime, cursor: Mapping[str, Any] | None, limit: int
    ) -> Page[Order | OrderRef]:
        """Numbers of orders changed in a span."""
        return pulling.sweep(self._api, since, until, cursor, limit)

    def fetch_orders(self, refs: Sequence[str]) -> Sequence[Order | Unreadable | None]:
        """Orders by number, fifty at a time."""
        return fetching.fetch(self._api, self._own, refs)

    # PullsReturns

    def pull_returns(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Return]:
        """Credit slips of units that had been sent."""
        return returns.pull(self._api, self._own, self.context.now, cursor, limit)

    # ListsOffers, PushesStock, PushesPrices

    def list_offers(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Offer]:
        """Products and combinations, by the shop's rows of stock."""
        return offers.list_offers(self._api, self.context.settings, cursor, limit)

    def push_stock(self, items: Sequence[StockItem]) -> Sequence[ItemResult]:
        """Quantities."""
        return stock.push_stock(self._api, items)

    def push_prices(self, items: Sequence[PriceItem]) -> Sequence[ItemResult]:
        """Prices, with tax."""
        return prices.push_prices(self._api, items)

    # PushesShipments, PushesStatus, CancelsOrders

    def push_shipment(self, shipment: Shipment) -> str:
        """Tracking numbers that the order does not have yet, then the status."""
        return parcels.push_shipment(self._api, self._own, shipment, mails=self._mails)

    def push_status(self, external_id: str, status: str, revision: str) -> None:
        """Any status that the shop has."""
        parcels.push_status(self._api, self._own, external_id, status, revision,
                            mails=self._mails)

    def cancel_order(self, external_id: str, lines: Mapping[str, int], reason: str) -> None:
        """The whole order by its status."""
        parcels.cancel_order(self._api, self._own, external_id, lines, mails=self._mails)

    # KnowsWords

    def words(self, kind: Dictionary) -> Sequence[Word]:
        """Statuses and ways of delivery."""
        return lists.words(self._api, kind)
