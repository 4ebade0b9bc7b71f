"""Quantities, as one kind of value that is pushed."""

from __future__ import annotations

from functools import partial

from oms_connector import PushesStock, StockItem

from oms_web.domain.channels.models import ChannelAccount, ListingStock, Publication
from oms_web.sync import pushing
from oms_web.sync.push_kind import Kind

STOCK = Kind(
    "stock", ListingStock, Publication, ChannelAccount.publish_stock, PushesStock,
    call=lambda connector, items: connector.push_stock(items),
    batch=lambda capabilities: capabilities.stock_batch,
    alike=lambda capabilities: {"same_value": "value", "one_sku": "sku"}.get(
        capabilities.stock_shape),
    item=lambda _row, ref, sku, value, version, key: StockItem(ref, sku, value, version, key),
    column="quantity",
)

push_stock = partial(pushing.push, STOCK)
waiting = partial(pushing.waiting, STOCK)
