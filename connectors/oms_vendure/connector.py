"""The connector to Vendure: what it can do, and which file does it."""

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
    Tokens,
    Unreadable,
    Word,
)

from oms_vendure import (
    access,
    changing,
    lists,
    offers,
    parcels,
    pulling,
    pushing,
    returns,
    words,
)
from oms_vendure.calls import Api, shop_url
from oms_vendure.pulling import MOST
from oms_vendure.terms import Terms, terms


class VendureConnector(Connector):
    """Orders by when they were placed or called off, offers, stock, prices, parcels, returns."""

    manifest = Manifest(
        key="vendure",
        name="Vendure",
        letters="Ve",
        hue=195,
        version="1.0",
        quality="gold",
        settings=(
            Field("url", words.URL, "url", help=words.URL_HELP),
            Field("api_key", words.API_KEY, secret=True, required=False, help=words.API_KEY_HELP),
            Field("username", words.USERNAME, required=False, help=words.USERNAME_HELP),
            Field("password", words.PASSWORD, secret=True, required=False),
            Field("channel", words.CHANNEL, required=False, help=words.CHANNEL_HELP),
            Field("stock_location", words.LOCATION, required=False, help=words.LOCATION_HELP),
            Field("ready_states", words.READY, required=False, help=words.OWN_HELP),
            Field("shipped_states", words.SHIPPED, required=False, help=words.OWN_HELP),
            Field("cod_methods", words.COD, required=False, help=words.COD_HELP),
            Field("tax_field", words.TAX_FIELD, required=False, help=words.FIELD_HELP),
            Field("point_field", words.POINT_FIELD, required=False, help=words.FIELD_HELP),
            Field("note_field", words.NOTE_FIELD, required=False, help=words.FIELD_HELP),
            Field("ean_field", words.EAN_FIELD, required=False, help=words.EAN_HELP),
            Field("path", words.PATH, required=False, default="admin-api", help=words.PATH_HELP),
        ),
        capabilities=Capabilities(
            min_poll_s=60, settle_lag_s=10, page_max=MOST, stock_batch=MOST, price_batch=MOST,
            # The order's stamp moves when units are called off, and at nothing else.
            updated_misses=frozenset({"all"}),
        ),
        # Vendure itself has no limit; it is the seller's own server, and buyers are on it too.
        limits=(Limit(per_second=2, burst=10),),
        help=words.HELP,
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._api = Api(context.http, context.settings, context.secrets)

    @property
    def _terms(self) -> Terms:
        return terms(self.context.settings)

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """The shop's address."""
        return shop_url(settings)

    @classmethod
    def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """The API key, or the token of a session."""
        return access.headers(secrets)

    # VerifiesAccess, RefreshesTokens

    def verify(self) -> str:
        """The shop's name, channel and currency."""
        return access.verify(self._api, self._terms)

    def refresh(self) -> Tokens:
        """A new session, by logging in."""
        return access.log_in(self._api, self.context.settings, self.context.secrets)

    # PullsOrders, SweepsOrders, FetchesOrders

    def pull_orders(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Order | OrderRef]:
        """Orders by when they were placed, and those of which something was called off."""
        return pulling.pull(self._api, self._terms, self.context.now, cursor, limit)

    def sweep_orders(
        self, since: datetime, until: datetime, cursor: Mapping[str, Any] | None, limit: int
    ) -> Page[Order | OrderRef]:
        """Orders placed or called off in a span."""
        return pulling.sweep(self._api, self._terms, since, until, cursor, limit)

    def fetch_orders(self, refs: Sequence[str]) -> Sequence[Order | Unreadable | None]:
        """Orders by id, a hundred in a request."""
        return pulling.fetch(self._api, self._terms, refs)

    # PullsReturns

    def pull_returns(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Return]:
        """Units that were called off after they had been sent."""
        return returns.pull(self._api, self._terms, self.context.now, cursor, limit)

    # ListsOffers, PushesStock, PushesPrices

    def list_offers(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Offer]:
        """Variants by id."""
        return offers.list_offers(self._api, self._terms, cursor, limit)

    def push_stock(self, items: Sequence[StockItem]) -> Sequence[ItemResult]:
        """What buyers can buy, in one request after a look."""
        location = str(self.context.settings.get("stock_location") or "").strip()
        return pushing.push_stock(self._api, location, items)

    def push_prices(self, items: Sequence[PriceItem]) -> Sequence[ItemResult]:
        """What buyers pay, in one request after a look."""
        return pushing.push_prices(self._api, self._terms, items)

    # PushesShipments, PushesStatus, CancelsOrders

    def push_shipment(self, shipment: Shipment) -> str:
        """A fulfilment that the order does not have yet, marked as sent."""
        return parcels.push_shipment(self._api, shipment)

    def push_status(self, external_id: str, status: str, revision: str) -> None:
        """Any state that the shop's order process allows."""
        changing.push_status(self._api, external_id, status, revision)

    def cancel_order(self, external_id: str, lines: Mapping[str, int], reason: str) -> None:
        """Units, or the whole order with its delivery."""
        changing.cancel_order(self._api, external_id, lines, reason)

    # KnowsWords

    def words(self, kind: Dictionary) -> Sequence[Word]:
        """States, ways to pay and to deliver, stock locations."""
        return lists.words(self._api, kind)
