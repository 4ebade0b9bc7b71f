"""Products and combinations as buyers see them: one offer for each row of the shop's stock.

A product with combinations has a row too, with the sum of theirs: that is no offer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oms_connector import Offer, Page, Unreadable
from oms_connector.reading import Puzzling, cents, unreadable, value

from oms_prestashop import shop
from oms_prestashop.calls import FULL, Api, shop_url
from oms_prestashop.pulling import ref_of
from oms_prestashop.reading import amount, children, is_on, ref, ref_or_empty, shown, whole

STOCK = "[id,id_product,id_product_attribute,quantity]"
PRODUCT = "[id,name,reference,ean13,active,available_for_order,state,seen,combinations[id]]"
SEEN = {"price[seen][use_tax]": 1, "price[seen][decimals]": 2}
"""PrestaShop works the price out by itself, with tax and whatever lowers it, where it is asked."""
LIVE = "1"


@dataclass(frozen=True, slots=True)
class Goods:
    """What some rows of stock are of: number -> row."""

    products: Mapping[str, Any]
    combinations: Mapping[str, Any]
    options: Mapping[str, Any]


def list_offers(api: Api, settings: Mapping[str, Any], cursor: Mapping[str, Any] | None, limit: int
                ) -> Page[Offer]:
    """A page of the shop's stock, by the numbers of its rows."""
    place = dict(cursor or {})
    currency = place.get("currency") or shop.currency(api, shop.load(api))
    size = max(1, limit)
    rows = api.rows("stock_availables", STOCK, {
        "filter[id]": f">[{int(place.get('after', 0))}]", "sort": "[id_ASC]", "limit": f"0,{size}"})
    goods = _goods(api, rows)
    address = shop_url(settings)
    items = [item for row in rows
             if (item := offer(row, goods, str(currency), address)) is not None]
    following = {"currency": currency, "after": int(ref_of(rows[-1])) if rows else 0}
    return Page(items, following, len(rows) == size)


def offer(row: Any, goods: Goods, currency: str, address: str) -> Offer | Unreadable | None:
    """An offer; None where the row is of no goods, or of a product with combinations."""
    try:
        number, part = ref(row, "id_product"), ref_or_empty(row, "id_product_attribute")
        product, combination = goods.products.get(number), goods.combinations.get(part)
        if product is None or str(value(product, "state")) != LIVE:
            return None
        if (combination is None) if part else children(product, "combinations"):
            return None
        own = combination if part else product
        return Offer(
            offer_ref=f"{number}/{part}" if part else number,
            title=" - ".join(filter(None, (
                shown(product, "name"), _choice(combination, goods.options)))),
            sku=shown(own, "reference"),
            ean=shown(own, "ean13"),
            url=f"{address}/index.php?controller=product&id_product={number}",
            price=cents(amount(own, "seen")),
            currency=currency,
            quantity=max(0, whole(row, "quantity")),
            active=is_on(product, "active") and is_on(product, "available_for_order"),
        )
    except Puzzling as puzzle:
        return unreadable(row, puzzle)


def _goods(api: Api, rows: Sequence[Any]) -> Goods:
    """Products and combinations of these rows. Only in full do combinations tell their options."""
    products = api.of("products", PRODUCT, "id", _numbers(rows, "id_product"), SEEN)
    parts = api.of("combinations", FULL, "id", _numbers(rows, "id_product_attribute"), SEEN)
    options = api.of("product_option_values", "[id,name]", "id", (
        number for part in parts for number in _options(part)))
    return Goods(_index(products), _index(parts), _index(options))


def _choice(combination: Any, options: Mapping[str, Any]) -> str:
    """What a combination is of its product: red, L."""
    said = [shown(options.get(number), "name") for number in _options(combination)]
    return ", ".join(filter(None, said))


def _options(combination: Any) -> list[str]:
    try:
        return [ref_or_empty(one, "id") for one in children(combination, "product_option_values")]
    except Puzzling:
        return []


def _numbers(rows: Sequence[Any], name: str) -> list[str]:
    found = [str(value(row, name) or "") for row in rows]
    return [one for one in found if one.isdigit() and int(one)]


def _index(rows: Sequence[Any]) -> dict[str, Any]:
    return {str(value(row, "id")): row for row in rows}
