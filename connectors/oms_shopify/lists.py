"""Shopify's own lists, for a seller to map ours to."""

from __future__ import annotations

from oms_connector import Dictionary, Word

from oms_shopify import places
from oms_shopify.calls import Api
from oms_shopify.parcels import CARRIERS
from oms_shopify.queries import SCOPES
from oms_shopify.telling import STATUSES


def words(api: Api, kind: Dictionary) -> list[Word]:
    """Statuses, carriers and locations; Shopify has no lists of the others for apps like this."""
    if kind == "warehouses":
        return places.every(api)
    api.ask(SCOPES)  # these lists are the same in all shops; but whose key is refused has none
    if kind == "statuses":
        return [Word(ref, name) for ref, name in STATUSES.items()]
    return [Word(name, name) for name in CARRIERS] if kind == "carriers" else []
