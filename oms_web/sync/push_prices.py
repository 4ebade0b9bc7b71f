"""Prices, as one kind of value that is pushed."""

from __future__ import annotations

from functools import partial

from oms_connector import PriceItem, PushesPrices

from oms_web.core.money import from_minor
from oms_web.domain.channels.models import ChannelAccount, ListingPrice, PricePublication
from oms_web.sync import pushing
from oms_web.sync.push_kind import Kind

TASK = "push_prices"

PRICES = Kind(
    "price", ListingPrice, PricePublication, ChannelAccount.publish_prices, PushesPrices,
    call=lambda connector, items: connector.push_prices(items),
    batch=lambda capabilities: capabilities.price_batch,
    alike=lambda _capabilities: None,
    item=lambda row, ref, sku, value, version, key: PriceItem(
        ref, sku, from_minor(value, row.currency), row.currency, version, key),
    column="price", columns=("currency",),
)

push_prices = partial(pushing.push, PRICES)
waiting = partial(pushing.waiting, PRICES)
