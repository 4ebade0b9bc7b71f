"""Prices of variants, product by product.

Medusa takes the whole list of a variant's prices: one that is not repeated is deleted, and one that
is repeated without its rules or quantities becomes another. So all of them are sent back as they
are, and only the one for everybody in that currency is another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from oms_connector import (
    ChannelDown,
    ItemResult,
    OutcomeUnknown,
    PriceItem,
    RateLimited,
    Refused,
)
from oms_connector.reading import Puzzling, cents, child, children, shown, text, value

from oms_medusa import offers, words
from oms_medusa.calls import Api
from oms_medusa.reading import amount

KEPT = ("min_quantity", "max_quantity")


def push_prices(api: Api, items: Sequence[PriceItem]) -> list[ItemResult]:
    """Set what a single unit costs everybody; one result per item, in order.

    Prices for a region, a group or a quantity, and those of price lists, go on winning over it.
    """
    if not items:
        return []
    variants = offers.by_id(api, [item.offer_ref for item in items])
    gross = {code: offers.keeps_gross(api, code)
             for code in sorted({item.currency.upper() for item in items})}
    results: dict[int, ItemResult] = {}
    groups: dict[str, dict[int, Mapping[str, Any]]] = {}
    for place, item in enumerate(items):
        body = _body(variants.get(item.offer_ref), item, gross[item.currency.upper()])
        if isinstance(body, ItemResult):
            results[place] = body
        else:
            product = str(value(variants[item.offer_ref], "product_id"))
            groups.setdefault(product, {})[place] = body
    for number, (product, bodies) in enumerate(groups.items()):
        try:
            results |= _set(api, product, bodies, items)
        except Refused as no:
            results |= dict.fromkeys(bodies, ItemResult("rejected", str(no), no.code,
                                                        field=no.field))
        except (ChannelDown, OutcomeUnknown, RateLimited) as error:
            if not number:
                raise
            was_sent = isinstance(error, OutcomeUnknown)
            results |= dict.fromkeys(bodies, ItemResult("unknown" if was_sent else "retry",
                                                        str(error)))
            return [results.get(place, ItemResult("retry", str(error)))
                    for place in range(len(items))]
    return [results[place] for place in range(len(items))]


def _body(row: Any, item: PriceItem, is_gross: bool) -> Mapping[str, Any] | ItemResult:
    """A variant with all its prices, or why that cannot be."""
    if row is None:
        return ItemResult("rejected", words.NO_OFFER % {"ref": item.offer_ref}, field="offer_ref")
    if not is_gross:
        return ItemResult("rejected", words.NET_PRICES % {"currency": item.currency},
                          field="currency")
    try:
        own = offers.base_price(row, item.currency)
        price: dict[str, Any] = {"currency_code": item.currency.lower(),
                                 "amount": offers.money(cents(item.price))}
        if own is not None:
            price["id"] = text(own, "id")
        kept = [_kept(one) for one in children(row, "prices") if one is not own]
        return {"id": text(row, "id"), "prices": [price, *kept]}
    except Puzzling as puzzle:
        return ItemResult("rejected", str(puzzle), field=puzzle.field)


def _kept(one: Any) -> dict[str, Any]:
    """A price as it is, in the form in which it stays so."""
    body: dict[str, Any] = {"id": text(one, "id"), "currency_code": text(one, "currency_code"),
                            "amount": offers.money(amount(one, "amount"))}
    if child(one, "rules"):
        body["rules"] = dict(child(one, "rules"))
    return body | {name: int(told) for name in KEPT if (told := value(one, name)) is not None}


def _set(api: Api, product: str, bodies: Mapping[int, Mapping[str, Any]],
         items: Sequence[PriceItem]) -> dict[int, ItemResult]:
    """One product's variants; a variant that is there twice takes its last price."""
    last = {body["id"]: body for body in bodies.values()}
    answer = api.send("POST", f"/products/{product}/variants/batch", {
        "update": list(last.values())}, "updated", params={
            "fields": "id,prices.amount,prices.currency_code,prices.min_quantity,"
                      "prices.max_quantity,prices.price_rules.attribute,prices.price_rules.value"})
    rows = answer["updated"] if isinstance(answer["updated"], list) else []
    found = {shown(row, "id"): row for row in rows}
    if not last.keys() <= found.keys():
        raise OutcomeUnknown(words.LACKS % {"names": "updated"})
    return {place: _result(found[body["id"]], items[place]) for place, body in bodies.items()}


def _result(row: Any, item: PriceItem) -> ItemResult:
    try:
        base = offers.base_price(row, item.currency)
        kept: Decimal | None = None if base is None else amount(base, "amount")
    except Puzzling:
        kept = None
    if kept == cents(item.price):
        return ItemResult("applied")
    return ItemResult("rejected", words.PRICE_NOT_TAKEN % {"found": kept}, field="price")
