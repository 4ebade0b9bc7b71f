"""Prices: PrestaShop keeps them without tax, sellers think of them with it.

The shop is asked what it shows now, with and without tax. By that a new price without tax is
worked out, to six places, and afterwards the shop is asked again: what buyers see must be what was
sent, to the grosz. A combination keeps only how much it differs from its product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from oms_connector import (
    ChannelDown,
    ItemResult,
    NotSupported,
    OutcomeUnknown,
    PriceItem,
    Refused,
)
from oms_connector.reading import CENT, Puzzling, cents, value

from oms_prestashop import shop, words
from oms_prestashop.calls import Api
from oms_prestashop.reading import amount, children
from oms_prestashop.stock import numbers_of, rejected

PLACES = Decimal("0.000001")
SHOWN = {
    "price[seen][use_tax]": 1, "price[seen][decimals]": 2,
    "price[gross][use_tax]": 1, "price[gross][use_reduction]": 0, "price[gross][decimals]": 6,
    "price[net][use_tax]": 0, "price[net][use_reduction]": 0, "price[net][decimals]": 6,
}
KINDS = {"products": ("product", "[id,price,seen,gross,net,combinations[id]]"),
         "combinations": ("combination", "[id,id_product,price,seen,gross,net]")}
Wanted = tuple[str, str]
"""A resource and the number of a thing in it."""


def push_prices(api: Api, items: Sequence[PriceItem]) -> list[ItemResult]:
    """Set what buyers see; one result per item, in order."""
    if not items:
        return []
    own = shop.currency(api, shop.load(api))
    things = [_thing(item.offer_ref) for item in items]
    now = _shown(api, things)
    results: dict[int, ItemResult] = {}
    prices: dict[Wanted, Decimal] = {}
    for place, (item, thing) in enumerate(zip(items, things, strict=True)):
        price = _price(item, thing, now, own)
        if isinstance(price, ItemResult):
            results[place] = price
        elif thing is not None:
            prices[thing] = price
    refused = _patch(api, prices)
    after = _shown_after(api, prices)
    for place, (item, thing) in enumerate(zip(items, things, strict=True)):
        if place not in results and thing is not None:
            results[place] = refused.get(thing) or _seen(item, after.get(thing))
    return [results[place] for place in range(len(items))]


def _thing(offer_ref: str) -> Wanted | None:
    pair = numbers_of(offer_ref)
    if pair is None:
        return None
    return ("products", pair[0]) if pair[1] == "0" else ("combinations", pair[1])


def _shown(api: Api, things: Sequence[Wanted | None]) -> dict[Wanted, Any]:
    """What the shop shows of things now."""
    found: dict[Wanted, Any] = {}
    for resource, (_, display) in KINDS.items():
        numbers = [thing[1] for thing in things if thing and thing[0] == resource]
        for row in api.of(resource, display, "id", numbers, SHOWN):
            found[resource, str(value(row, "id"))] = row
    return found


def _price(item: PriceItem, thing: Wanted | None, now: Mapping[Wanted, Any], own: str
           ) -> Decimal | ItemResult:
    """What is to be written for an item, without tax; or why nothing is."""
    if item.currency.upper() != own.upper():
        return rejected(words.OTHER_CURRENCY % {"currency": own}, "currency")
    if thing is None:
        return rejected(words.NO_OFFER % {"ref": item.offer_ref})
    row = now.get(thing)
    if row is None or (thing[0] == "combinations"
                       and str(row.get("id_product")) != str(int(item.offer_ref.split("/")[0]))):
        return rejected(words.NO_PRODUCT)
    try:
        if thing[0] == "products" and children(row, "combinations"):
            return rejected(words.VARIANTS)
        seen, gross, net = (amount(row, name) for name in ("seen", "gross", "net"))
        if cents(seen) != cents(gross):
            return rejected(words.REDUCED, "price")
        if gross <= 0 or net <= 0:
            return rejected(words.NO_TAX, "price")
        # The price kept may be less than what is shown (a combination, an eco tax): only the
        # difference is put on it.
        rate = (gross / net).quantize(Decimal("0.0001"))
        return (amount(row, "price") + (item.price - gross) / rate).quantize(PLACES)
    except Puzzling as puzzle:
        return rejected(str(puzzle), puzzle.field)


def _patch(api: Api, prices: Mapping[Wanted, Decimal]) -> dict[Wanted, ItemResult]:
    """Write prices; what was refused."""
    refused: dict[Wanted, ItemResult] = {}
    is_first = True
    for resource, (node, _) in KINDS.items():
        rows = [{"id": thing[1], "price": f"{price:f}"} for thing, price in prices.items()
                if thing[0] == resource]
        for group in _groups(api, resource, node, rows, is_first):
            refused |= {(resource, number): no for number, no in group.items()}
        is_first = is_first and not rows
    return refused


def _groups(api: Api, resource: str, node: str, rows: Sequence[Mapping[str, Any]], is_first: bool
            ) -> Sequence[Mapping[str, ItemResult]]:
    """Write all rows at once, or one by one if something of them is refused."""
    if not rows:
        return []
    try:
        api.send("PATCH", resource, node, rows)
    except NotSupported as no:
        return [{row["id"]: ItemResult("rejected", words.NO_PATCH, no.code) for row in rows}]
    except Refused as no:
        if len(rows) > 1:
            return [one for row in rows
                    for one in _groups(api, resource, node, [row], is_first=False)]
        return [{rows[0]["id"]: ItemResult("rejected", str(no), no.code, field=no.field)}]
    except ChannelDown as error:
        if is_first:
            raise
        raise OutcomeUnknown(str(error)) from error  # others were written already
    return []


def _shown_after(api: Api, prices: Mapping[Wanted, Decimal]) -> dict[Wanted, Any]:
    try:
        return _shown(api, list(prices))
    except ChannelDown as error:  # they were written; what buyers see is not known
        raise OutcomeUnknown(str(error)) from error


def _seen(item: PriceItem, row: Any) -> ItemResult:
    """Whether buyers see what was sent."""
    try:
        found = cents(amount(row, "seen"))
    except Puzzling as puzzle:
        return ItemResult("unknown", str(puzzle))
    if found == item.price.quantize(CENT):
        return ItemResult("applied")
    return rejected(words.OTHER_PRICE % {"found": found}, "price")
