"""The shop's own lists, for a seller to map ours to."""

from __future__ import annotations

from typing import Any

from oms_connector import Dictionary, Word
from oms_connector.reading import value

from oms_woocommerce.calls import Api
from oms_woocommerce.reading import shown


def words(api: Api, kind: Dictionary) -> list[Word]:
    """Statuses (those of plugins too), ways to pay, and ways to deliver by zone."""
    if kind == "statuses":
        # Orders have no list of statuses; the report that counts them by status is one.
        return _words(api.rows("/reports/orders/totals"), "slug", "name")
    if kind == "payments":
        return _words(api.rows("/payment_gateways"), "id", "title")
    return _deliveries(api) if kind == "deliveries" else []


def _deliveries(api: Api) -> list[Word]:
    found: dict[str, str] = {}
    for zone in api.rows("/shipping/zones"):
        for one in api.rows(f"/shipping/zones/{value(zone, 'id')}/methods"):
            method, name = shown(one, "method_id"), shown(one, "title") or shown(one, "method_id")
            if method:
                found[f"{method}:{value(one, 'instance_id')}"] = f"{name} ({shown(zone, 'name')})"
    return [Word(ref, name) for ref, name in found.items()]


def _words(rows: list[Any], ref: str, name: str) -> list[Word]:
    found = {shown(row, ref): shown(row, name) for row in rows if shown(row, ref)}
    return [Word(one, said or one) for one, said in found.items()]
