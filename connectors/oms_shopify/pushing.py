"""Quantities and prices, each item answered for itself.

Shopify sets quantities all together or not at all: it names the items that it does not take, and
the others are said again without them. Prices are set product by product, as far as they are good.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from oms_connector import (
    AccessRefused,
    ChannelDown,
    ItemResult,
    OutcomeUnknown,
    PriceItem,
    RateLimited,
    Refused,
    StockItem,
)
from oms_connector.reading import value

from oms_shopify import places, words
from oms_shopify.calls import Api
from oms_shopify.changes import ACTIVATE, SET_PRICES, SET_STOCK, TRACK
from oms_shopify.queries import PRICE_OF, STOCK_OF, Query
from oms_shopify.reading import gid

REF = re.compile(r"\d{1,20}")
BATCH = 100
BUSY = "IDEMPOTENCY_CONCURRENT_REQUEST"
FAILED_BEFORE = "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"
Item = TypeVar("Item", StockItem, PriceItem)


def key_of(*parts: str) -> str:
    """An idempotency key for what is said: the same words, the same key."""
    return str(UUID(bytes=hashlib.sha256("\n".join(parts).encode()).digest()[:16], version=4))


def push_stock(api: Api, settings: Mapping[str, Any], items: Sequence[StockItem]
               ) -> list[ItemResult]:
    """Set what is available at our location; one result per item, in order.

    Shopify counts the variant from now on, and keeps it at this location.
    """
    results = {place: ItemResult("rejected", words.NO_QUANTITY, field="quantity")
               for place, item in enumerate(items) if not _is_count(item.quantity)}
    if not items:
        return []
    location = places.find(api, settings)
    rows = _rows(api, STOCK_OF, items, results, {"location": location})
    open_ = {}
    for place, row in rows.items():
        item = value(row, "inventoryItem")
        if value(item, "id") is None:
            raise ChannelDown(words.LACKS % {"names": "inventoryItem"})
        try:
            if value(item, "tracked") is not True:
                api.do(TRACK, {"item": item["id"]}, "inventoryItemUpdate", "inventoryItem")
            if value(item, "inventoryLevel", "id") is None:
                _activate(api, item["id"], location, items[place])
                results[place] = ItemResult("applied")
            else:
                open_[place] = item["id"]
        except (AccessRefused, RateLimited, OutcomeUnknown, ChannelDown):
            raise  # nothing that was said so far does harm when it is said again
        except Refused as no:
            results[place] = ItemResult("rejected", str(no), no.code, field=no.field)
    _set(api, location, items, open_, results)
    return [results[place] for place in range(len(items))]


def push_prices(api: Api, items: Sequence[PriceItem]) -> list[ItemResult]:
    """Set what buyers see in the shop's own currency; one result per item, in order."""
    if not items:
        return []
    results: dict[int, ItemResult] = {}
    told: dict[str, Any] = {}
    rows = _rows(api, PRICE_OF, items, results, {}, told)
    own = str(value(told.get("shop"), "currencyCode") or "")
    groups: dict[str, list[int]] = {}
    for place, row in rows.items():
        product = value(row, "product", "id")
        if product is None or not own:
            raise ChannelDown(words.LACKS % {"names": "product"})
        if items[place].currency.upper() != own.upper():
            results[place] = ItemResult("rejected", words.OTHER_CURRENCY % {"currency": own},
                                        field="currency")
        else:
            groups.setdefault(product, []).append(place)
    for number, (product, chosen) in enumerate(groups.items()):
        try:
            results |= _price(api, product, {place: items[place] for place in chosen})
        except (ChannelDown, OutcomeUnknown, RateLimited) as error:
            if number == 0:
                raise
            unsure = ItemResult("unknown" if isinstance(error, OutcomeUnknown) else "retry",
                                str(error))
            later = ItemResult("retry", str(error))
            return [results.get(place, unsure if place in chosen else later)
                    for place in range(len(items))]
    return [results[place] for place in range(len(items))]


def _rows(api: Api, query: Query, items: Sequence[Item], results: dict[int, ItemResult],
          variables: Mapping[str, Any], told: dict[str, Any] | None = None) -> dict[int, Any]:
    """The variants of items by their place; those that are not there are rejected."""
    wanted = {place: item.offer_ref for place, item in enumerate(items) if place not in results}
    refs = list(dict.fromkeys(one for one in wanted.values() if REF.fullmatch(one)))
    found: dict[str, Any] = {}
    if refs:
        data = api.ask(query, {"ids": [gid("ProductVariant", one) for one in refs], **variables},
                       "nodes", rows=len(refs))
        if not isinstance(data["nodes"], list) or len(data["nodes"]) != len(refs):
            raise ChannelDown(words.OTHER_ROWS)
        found = dict(zip(refs, data["nodes"], strict=True))
        if told is not None:
            told.update(data)
    rows = {}
    for place, ref in wanted.items():
        if found.get(ref):
            rows[place] = found[ref]
        else:
            results[place] = ItemResult("rejected", words.NO_OFFER % {"ref": ref},
                                        field="offer_ref")
    return rows


def _set(api: Api, location: str, items: Sequence[StockItem], open_: Mapping[int, str],
         results: dict[int, ItemResult]) -> None:
    """Set quantities (place -> inventory item), leaving out what Shopify does not take."""
    left, again = dict(open_), ""
    while left:
        quantities = [{"inventoryItemId": item, "locationId": location,
                       "quantity": items[place].quantity, "changeFromQuantity": None}
                      for place, item in left.items()]
        key = key_of(location, again, *(f"{items[place].key} {items[place].quantity}"
                                        for place in left))
        payload = api.tell(SET_STOCK, {"key": key, "input": {
            "name": "available", "reason": "correction", "quantities": quantities}},
            "inventorySetQuantities", "userErrors")
        errors = payload["userErrors"]
        if not errors:
            results |= {place: ItemResult("applied") for place in left}
            return
        code = str(value(errors[0], "code") or "")
        if code == BUSY:
            results |= {place: ItemResult("retry", _said(errors[0]), code) for place in left}
            return
        if code == FAILED_BEFORE and not again:
            again = "again"
            continue
        bad = _bad(errors, list(left))
        results |= bad
        left = {place: item for place, item in left.items() if place not in bad}


def _bad(errors: Sequence[Any], order: Sequence[int]) -> dict[int, ItemResult]:
    """Items that errors name (``input.quantities.3...``, ``variants.3...``); all where none is."""
    found: dict[int, ItemResult] = {}
    for error in errors:
        field = value(error, "field")
        numbers = [int(one) for one in field if str(one).isdigit()] \
            if isinstance(field, list) else []
        places_ = [order[numbers[0]]] if numbers and numbers[0] < len(order) else order
        for place in places_:
            found.setdefault(place, ItemResult(
                "rejected", _said(error), str(value(error, "code") or ""),
                field=str(field[-1]) if numbers and isinstance(field, list) else ""))
    return found


def _activate(api: Api, item: str, location: str, wanted: StockItem) -> None:
    api.do(ACTIVATE, {"item": item, "location": location, "available": wanted.quantity,
                      "key": key_of("activate", location, wanted.key)},
           "inventoryActivate", "inventoryLevel")


def _price(api: Api, product: str, chosen: Mapping[int, PriceItem]) -> dict[int, ItemResult]:
    """Prices of one product's variants."""
    prices = {place: item.price.quantize(Decimal("0.01")) for place, item in chosen.items()}
    payload = api.tell(SET_PRICES, {"product": product, "variants": [
        {"id": gid("ProductVariant", chosen[place].offer_ref), "price": str(price)}
        for place, price in prices.items()]},
        "productVariantsBulkUpdate", "productVariants", "userErrors")
    results = _bad(payload["userErrors"], list(chosen))
    kept = {str(value(row, "legacyResourceId")): str(value(row, "price"))
            for row in payload["productVariants"] or ()}
    for place, item in chosen.items():
        if place not in results:
            same = _same(kept.get(item.offer_ref), prices[place])
            results[place] = ItemResult("applied") if same else \
                ItemResult("unknown", words.OTHER_ROWS)
    return results


def _same(written: str | None, price: Decimal) -> bool:
    try:
        return written is not None and Decimal(written) == price
    except ArithmeticError:
        return False


def _said(error: Any) -> str:
    return str(value(error, "message") or value(error, "code") or "?")[:300]


def _is_count(quantity: Any) -> bool:
    return isinstance(quantity, int) and not isinstance(quantity, bool) and quantity >= 0
