"""The connector to Shopify: what it can do, and which file does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
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
    Tokens,
    Unreadable,
    Word,
)

from oms_shopify import (
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
    telling,
    words,
)
from oms_shopify.calls import Api

SECRET = "client_secret"  # noqa: S105 - the name of one


class ShopifyConnector(Connector):
    """Orders by the moment of their last change, offers, stock, prices, parcels, returns, rings."""

    manifest = Manifest(
        key="shopify",
        name="Shopify",
        letters="Sh",
        hue=95,
        version="1.0",
        settings=(
            Field("shop", words.SHOP, help=words.SHOP_HELP),
            Field("client_id", words.CLIENT_ID, required=False, help=words.CLIENT_ID_HELP),
            Field(SECRET, words.CLIENT_SECRET, required=False, secret=True,
                  help=words.CLIENT_SECRET_HELP),
            Field("admin_token", words.TOKEN, required=False, secret=True, help=words.TOKEN_HELP),
            Field("location", words.LOCATION, required=False, help=words.LOCATION_HELP),
            Field("authorized", words.AUTHORIZED, "flag", required=False,
                  help=words.AUTHORIZED_HELP),
            Field("notify", words.NOTIFY, "flag", required=False, default="1"),
        ),
        capabilities=Capabilities(
            min_poll_s=60, settle_lag_s=30, history_days=60, page_max=pulling.PAGE,
            stock_batch=pushing.BATCH, price_batch=pushing.BATCH,
            # What apps write beside an order (a locker, a tax number) may not move its stamp.
            updated_misses=frozenset({"note"}),
        ),
        # Points of the plan with the fewest; larger plans are not used up.
        limits=(Limit(per_second=100, burst=2000),),
        # A version is kept for a year.
        sunset=date(2027, 10, 1),
        webhook_secret=SECRET,
        quality="gold",
        help=words.HELP,
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._api = Api(context.http, is_safe=access.is_safe(context.settings),
                        has_token=bool(access.headers(context.secrets)))
        self._rules = mapping.Rules(authorized=_is_on(context.settings.get("authorized")))

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """The shop's address at Shopify."""
        return access.shop_url(settings)

    @classmethod
    def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """The token, typed or fetched."""
        return access.headers(secrets)

    # VerifiesAccess, RefreshesTokens

    def verify(self) -> str:
        """The shop's name, currency and time zone."""
        return access.verify(self._api, self.context.settings, self.context.secrets)

    def refresh(self) -> Tokens:
        """A token for another 24 hours."""
        return access.refresh(self.context.http, self.context.settings, self.context.secrets,
                              self.context.now)

    # PullsOrders, SweepsOrders, FetchesOrders

    def pull_orders(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Order | OrderRef]:
        """Orders by the moment of their last change."""
        return pulling.pull(self._api, self._rules, self.context.now, cursor, limit)

    def sweep_orders(
        self, since: datetime, until: datetime, cursor: Mapping[str, Any] | None, limit: int
    ) -> Page[Order | OrderRef]:
        """Orders changed in a span."""
        return pulling.sweep(self._api, self._rules, since, until, cursor, limit)

    def fetch_orders(self, refs: Sequence[str]) -> Sequence[Order | Unreadable | None]:
        """Orders by number, past the index that lists are made of."""
        return pulling.fetch(self._api, self._rules, refs)

    # PullsReturns

    def pull_returns(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Return]:
        """Returns, and refunds of goods that had been sent."""
        return returns.pull(self._api, self.context.now, cursor, limit)

    # ListsOffers, PushesStock, PushesPrices

    def list_offers(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Offer]:
        """Variants of all products."""
        return offers.list_offers(self._api, self.context.settings, cursor, limit)

    def push_stock(self, items: Sequence[StockItem]) -> Sequence[ItemResult]:
        """Quantities at one location."""
        return pushing.push_stock(self._api, self.context.settings, items)

    def push_prices(self, items: Sequence[PriceItem]) -> Sequence[ItemResult]:
        """Prices, product by product."""
        return pushing.push_prices(self._api, items)

    # PushesShipments, PushesStatus, CancelsOrders

    def push_shipment(self, shipment: Shipment) -> str:
        """Units and tracking numbers that the order does not have yet."""
        return parcels.push_shipment(self._api, shipment,
                                     notify=_is_on(self.context.settings.get("notify", "1")))

    def push_status(self, external_id: str, status: str, revision: str) -> None:
        """Open, in progress or on hold."""
        telling.push_status(self._api, external_id, status, revision)

    def cancel_order(self, external_id: str, lines: Mapping[str, int], reason: str) -> None:
        """The whole order, or units by a refund without money and stock."""
        telling.cancel_order(self._api, external_id, lines, reason)

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
        return bell.hear(body, headers, self.context.secrets.get(SECRET, ""))

    def subscribe(self, url: str, secret: str) -> Sequence[str]:
        """One webhook of each topic. Shopify signs with the app's secret, not with ours."""
        return bell.subscribe(self._api, url)

    def unsubscribe(self, refs: Sequence[str]) -> None:
        """End webhooks."""
        bell.unsubscribe(self._api, refs)

    # KnowsWords

    def words(self, kind: Dictionary) -> Sequence[Word]:
        """Statuses, carriers and locations."""
        return lists.words(self._api, kind)


def _is_on(told: Any) -> bool:
    return str(told or "").lower() in ("1", "true", "on", "yes")
