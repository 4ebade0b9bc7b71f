"""The shop's own lists, for a seller to map ours to."""

from __future__ import annotations

from typing import Any

from oms_connector import Dictionary, Word
from oms_connector.reading import shown

from oms_medusa import access
from oms_medusa.calls import Api
from oms_medusa.sums import method
from oms_medusa.telling import STATUSES

MOST = 100


def words(api: Api, kind: Dictionary) -> list[Word]:
    """What can be told of an order, payment providers, ways to deliver, stock locations.

    It has no carriers: a label holds a number and an address.
    """
    if kind == "statuses":
        access.currency(api)  # the same in all shops; but whose key is refused has none
        return [Word(ref, name) for ref, name in STATUSES.items()]
    if kind == "payments":
        rows = api.rows("/payments/payment-providers", "payment_providers",
                        {"fields": "id", "limit": MOST})
        return _words([(shown(row, "id"), method(shown(row, "id"))) for row in rows])
    if kind in ("deliveries", "warehouses"):
        path, name = {"deliveries": ("/shipping-options", "shipping_options"),
                      "warehouses": ("/stock-locations", "stock_locations")}[kind]
        rows = api.rows(path, name, {"fields": "id,name", "limit": MOST})
        return _words([(shown(row, "id"), shown(row, "name")) for row in rows])
    access.currency(api)
    return []


def _words(pairs: list[tuple[str, Any]]) -> list[Word]:
    return [Word(ref, name or ref) for ref, name in dict(pairs).items() if ref]
