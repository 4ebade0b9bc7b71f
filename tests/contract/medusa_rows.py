"""Rows of Medusa's admin API, as it writes what a ``Shop`` holds: amounts as JSON numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.contract.medusa_shop import COUNTS, Shop


def stamp(when: datetime | None) -> str | None:
    """A moment as Medusa writes it."""
    return when and when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def number(amount: Decimal | int) -> float | int:
    """An amount as JavaScript writes it: without needless places."""
    return int(amount) if amount == int(amount) else float(amount)


def order_row(shop: Shop, order: Mapping[str, Any]) -> dict[str, Any]:
    """An order with everything that can be asked for of it."""
    kept = {name: one for name, one in order.items() if name not in (
        "created", "updated", "canceled", "credits", "payments", "items", "fulfillments")}
    return kept | {
        "created_at": stamp(order["created"]), "updated_at": stamp(order["updated"]),
        "canceled_at": stamp(order["canceled"]), "total": number(shop.total_of(order)),
        "credit_line_total": number(order["credits"]),
        "payment_status": _payment_status(shop, order), "fulfillment_status": _sent(order),
        "items": [line_row(shop, line) for line in order["items"]],
        "shipping_methods": [one | {"amount": number(one["amount"]),
                                    "total": number(one["amount"])}
                             for one in order["shipping_methods"]],
        "credit_lines": [], "fulfillments": [fulfilment_row(one) for one in order["fulfillments"]],
        "payment_collections": [_collection(shop, order)],
    }


def line_row(shop: Shop, line: Mapping[str, Any]) -> dict[str, Any]:
    """A line; its totals are without what came back."""
    gross = shop.gross(line)
    kept = {name: one for name, one in line.items()
            if name not in ("price", "off", "rate", "code", "ean", *COUNTS)}
    variant = shop.variants.get(line["variant_id"])
    still = line["quantity"] - line["return_received"] - line["return_dismissed"]
    return kept | {
        "title": line["product_title"], "subtitle": line["variant_title"],
        "unit_price": number(line["price"]), "is_tax_inclusive": True,
        "total": number(gross * still),
        "return_received_total": number(gross * line["return_received"]),
        "return_dismissed_total": number(gross * line["return_dismissed"]),
        "tax_lines": [{"id": f"tax{line['id']}", "code": line["code"],
                       "rate": number(line["rate"])}] if line["code"] else [],
        "adjustments": [],
        "detail": {"id": f"detail{line['id']}", "quantity": line["quantity"],
                   **{f"{name}_quantity": line[name] for name in COUNTS}},
        "variant": None if variant is None else {
            "id": variant["id"], "ean": line["ean"], "inventory_items": [
                {"inventory_item_id": item, "required_quantity": needed}
                for item, needed in variant["parts"]]},
    }


def fulfilment_row(made: Mapping[str, Any]) -> dict[str, Any]:
    """A fulfilment."""
    return {name: stamp(one) if name.endswith("_at") else one
            for name, one in made.items() if name != "units"}


def variant_row(shop: Shop, variant: Mapping[str, Any], *, rules: bool) -> dict[str, Any]:
    """A variant. Rules of its prices are told only to who asks for their parts."""
    return {name: one for name, one in variant.items() if name not in ("parts", "prices")} | {
        "prices": [one | {"amount": number(one["amount"]), "rules": one["rules"] if rules else {}}
                   for one in variant["prices"]],
        "inventory_items": [{
            "required_quantity": needed, "inventory": {
                "id": item, "location_levels": [
                    level_row(item, location, level)
                    for (of, location), level in shop.levels.items() if of == item]}}
            for item, needed in variant["parts"]],
    }


def level_row(item: str, location: str, level: Mapping[str, int], before: int | None = None
              ) -> dict[str, Any]:
    """A level. After a batch it shows as available what was so before."""
    free = level["stocked"] - level["reserved"]
    return {"id": f"ilev_{item}", "inventory_item_id": item, "location_id": location,
            "stocked_quantity": level["stocked"], "reserved_quantity": level["reserved"],
            "available_quantity": free if before is None else before}


def return_row(shop: Shop, made: Mapping[str, Any]) -> dict[str, Any]:
    """A return with its items."""
    return {name: one for name, one in made.items() if name not in ("created", "updated")} | {
        "created_at": stamp(made["created"]), "updated_at": stamp(made["updated"]),
        "items": [entry | {"item": line_row(shop, entry["item"])} for entry in made["items"]]}


def _collection(shop: Shop, order: Mapping[str, Any]) -> dict[str, Any]:
    payments = order["payments"]
    return {
        "id": f"pay_col_{order['id']}", "status": _payment_status(shop, order),
        "amount": number(sum((one["amount"] for one in payments), Decimal(0))),
        "authorized_amount": number(sum((one["amount"] for one in payments
                                         if one["status"] == "authorized"), Decimal(0))),
        "updated_at": stamp(max([order["created"], *(one["updated"] for one in payments)])),
        "payments": [{
            "id": one["id"], "provider_id": one["provider_id"], "amount": number(one["amount"]),
            "updated_at": stamp(one["updated"]),
            **{name: [{"id": entry["id"], "amount": number(entry["amount"]),
                       "created_at": stamp(entry["at"]), "updated_at": stamp(entry["at"])}
                      for entry in one[name]] for name in ("captures", "refunds")},
        } for one in payments],
    }


def _payment_status(shop: Shop, order: Mapping[str, Any]) -> str:
    came, back = shop.captured(order), shop.refunded(order)
    if back:
        return "refunded" if back >= came else "partially_refunded"
    if order["status"] == "canceled":
        return "canceled"
    return "captured" if came >= shop.total_of(order) > 0 else \
        "partially_captured" if came else "authorized"


def _sent(order: Mapping[str, Any]) -> str:
    for name in ("delivered", "shipped", "fulfilled"):
        counts = [line[name] for line in order["items"]]
        if any(counts):
            whole = all(line[name] >= line["quantity"] for line in order["items"])
            return name if whole else f"partially_{name}"
    return "not_fulfilled"
