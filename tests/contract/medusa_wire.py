"""Medusa's admin API on top of a ``Shop``. No socket is opened.

Parameters that it does not know are ignored in silence, as the real one does; a body with unknown
fields is refused. Rows of one and the same millisecond come in another order each time, unless
``turns`` is off: PostgreSQL promises neither.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from oms_connector import Response
from oms_connector.testing import Request, answer

from tests.contract import medusa_rows
from tests.contract.medusa_shop import No, Shop

KEY = "sk_0a1b2c3d4e5f60718293a4b5c6d7e8f9a0b1c2d3"
PAGE = b"<!DOCTYPE html><html><body><pre>Cannot GET</pre></body></html>"
LINKS = ("#", "")


class Wire:
    """Answers requests from a shop."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.asked = 0
        self.turns = True

    def answer(self, request: Request) -> Response:
        """One request."""
        self.asked += 1
        shop = self.shop
        if shop.moved:
            return Response(301, {"location": shop.moved + request.path}, b"")
        if shop.bare:
            return Response(404, {"content-type": "text/html"}, PAGE)
        if request.path == "/health":
            return Response(200, {"content-type": "text/plain"}, b"OK")
        wanted = "Basic " + b64encode(f"{KEY}:".encode()).decode()
        if not shop.is_open or request.headers.get("authorization", "") != wanted:
            return answer(401, {"message": "Unauthorized"})
        for (method, pattern), act in self._routes().items():
            found = re.fullmatch(f"/admin{pattern}", request.path)
            if found and method == request.method:
                query: dict[str, list[str]] = {}
                for name, told in request.pairs:
                    query.setdefault(name, []).append(told)
                try:
                    return answer(200, act(*found.groups(), query,
                                           request.json() if request.body else {}))
                except No as no:
                    return answer(no.status, {"type": no.kind, "message": no.message})
        return Response(404, {"content-type": "text/html"}, PAGE)

    def _routes(self) -> dict[tuple[str, str], Callable[..., Any]]:
        order, edit = r"/orders/([^/]+)", r"/order-edits/([^/]+)"
        made = rf"{order}/fulfillments/([^/]+)"
        return {
            ("GET", "/orders"): self._orders, ("GET", "/returns"): self._returns,
            ("POST", rf"{order}/cancel"): self._act(lambda ref, body: self.shop.cancel(ref)),
            ("POST", rf"{order}/complete"): self._status("completed"),
            ("POST", rf"{order}/archive"): self._status("archived"),
            ("GET", rf"{order}/changes"): self._changes,
            ("POST", rf"{order}/fulfillments"): self._act(lambda ref, body: self.shop.pack(
                ref, {one["id"]: one["quantity"] for one in body["items"]},
                body.get("metadata"))),
            ("POST", rf"{made}/cancel"): self._act_on(
                lambda ref, one, body: self.shop.unpack(ref, one)),
            ("POST", rf"{made}/shipments"): self._act_on(self._send),
            ("POST", rf"{made}/mark-as-delivered"): self._act_on(
                lambda ref, one, body: self.shop.deliver(ref, one)),
            ("POST", "/order-edits"): self._begin,
            ("POST", rf"{edit}/items/item/([^/]+)"): self._edit,
            ("POST", rf"{edit}/confirm"): self._confirm, ("DELETE", edit): self._drop,
            ("GET", "/product-variants"): self._variants,
            ("POST", r"/products/([^/]+)/variants/batch"): self._set_variants,
            ("POST", "/inventory-items/location-levels/batch"): self._levels,
            ("GET", "/stores"): self._listed("stores", lambda: [{
                "id": "store_1", "name": "Sklep Ewy", "supported_currencies": [
                    {"currency_code": "eur", "is_default": False},
                    {"currency_code": "pln", "is_default": True}]}]),
            ("GET", "/sales-channels"): self._listed(
                "sales_channels", lambda: self.shop.channels),
            ("GET", "/stock-locations"): self._listed(
                "stock_locations", lambda: self.shop.locations),
            ("GET", "/price-preferences"): self._preferences,
            ("GET", "/shipping-options"): self._listed(
                "shipping_options", lambda: [{"id": "so_1", "name": "Kurier DPD"}]),
            ("GET", "/payments/payment-providers"): self._listed("payment_providers", lambda: [
                {"id": "pp_system_default"}, {"id": "pp_stripe_stripe"}]),
        }

    # Orders

    def _orders(self, query: Mapping[str, list[str]], body: Any) -> dict[str, Any]:
        rows = [one for one in self.shop.orders.values() if self.shop.is_shown(one["id"])]
        return self._page("orders", rows, query,
                          lambda one: medusa_rows.order_row(self.shop, one))

    def _returns(self, query: Mapping[str, list[str]], body: Any) -> dict[str, Any]:
        if "order." in query["fields"][0] or "*order" in query["fields"][0]:
            raise No(500, "unknown_error", "An unknown error occurred.")
        return self._page("returns", list(self.shop.returns.values()), query,
                          lambda one: medusa_rows.return_row(self.shop, one))

    def _found(self, ref: str) -> dict[str, Any]:
        if ref not in self.shop.orders:
            raise No(404, "not_found", f"Order id not found: {ref}")
        return self.shop.orders[ref]

    def _act(self, act: Callable[[str, Any], Any]) -> Callable[..., Any]:
        def answered(ref: str, query: Any, body: Any) -> Any:
            order = self._found(ref)
            act(ref, body)
            return {"order": medusa_rows.order_row(self.shop, order)}
        return answered

    def _act_on(self, act: Callable[[str, str, Any], Any]) -> Callable[..., Any]:
        def answered(ref: str, one: str, query: Any, body: Any) -> Any:
            return self._act(lambda ref, body: act(ref, one, body))(ref, query, body)
        return answered

    def _status(self, status: str) -> Callable[..., Any]:
        def change(ref: str, body: Any) -> None:
            if self.shop.orders[ref]["status"] != status:
                self.shop.orders[ref]["status"] = status
                self.shop.touch(ref)
        return self._act(change)

    def _send(self, ref: str, made: str, body: Any) -> None:
        for label in body.get("labels", ()):
            for name in ("tracking_url", "label_url"):
                if label[name] not in LINKS and not label[name].startswith(("http:", "https:")):
                    raise No(400, "invalid_data",
                             "Invalid request: URL must use http: or https: scheme")
        # Which units left it counts from the fulfilment; what the body says of them is not read.
        self.shop.send(ref, made, body.get("labels", ()))

    # Edits

    def _changes(self, ref: str, query: Any, body: Any) -> Any:
        self._found(ref)
        return {"order_changes": list(self.shop.changes.get(ref, ()))}

    def _active(self, ref: str) -> dict[str, Any] | None:
        return next((one for one in self.shop.changes.get(ref, ())
                     if one["status"] in ("pending", "requested")), None)

    def _begin(self, query: Any, body: Any) -> Any:
        ref = body["order_id"]
        if self._found(ref)["status"] == "canceled":
            raise No(400, "invalid_data", f"Order with id {ref} has been canceled.")
        if self._active(ref):
            raise No(400, "invalid_data",
                     f"Order ({ref}) already has an existing active order change")
        change = {"id": self.shop.new("ordch"), "order_id": ref, "change_type": "edit",
                  "status": "pending", "internal_note": body.get("internal_note"),
                  "description": body.get("description"), "actions": []}
        self.shop.changes.setdefault(ref, []).append(change)
        return {"order_change": change}

    def _edit(self, ref: str, line: str, query: Any, body: Any) -> Any:
        change = self._edited(ref)
        found = next((one for one in self._found(ref)["items"] if one["id"] == line), None)
        if found is None:
            raise No(400, "invalid_data", f"Item {line} is not in the order")
        if body["quantity"] < found["fulfilled"]:
            raise No(400, "invalid_data", f"Item {line} has already been fulfilled and quantity "
                     f"cannot be lower than {found['fulfilled']}.")
        change["actions"].append({"action": "ITEM_UPDATE", "details": {
            "reference_id": line, "quantity": body["quantity"],
            "quantity_diff": body["quantity"] - found["quantity"]}})
        return {"order_preview": {"id": ref}}

    def _confirm(self, ref: str, query: Any, body: Any) -> Any:
        change = self._edited(ref)
        self.shop.edit(ref, {one["details"]["reference_id"]: one["details"]["quantity"]
                             for one in change["actions"]})
        change["status"] = "confirmed"
        return {"order_preview": {"id": ref}}

    def _drop(self, ref: str, query: Any, body: Any) -> Any:
        self.shop.changes[ref].remove(self._edited(ref))
        return {"id": ref, "object": "order-edit", "deleted": True}

    def _edited(self, ref: str) -> dict[str, Any]:
        change = self._active(ref)
        if change is None:
            raise No(400, "invalid_data", "An active Order Change is required to proceed")
        return change

    # Goods

    def _variants(self, query: Mapping[str, list[str]], body: Any) -> dict[str, Any]:
        rules = "price_rules." in query.get("fields", [""])[0]
        return self._page("variants", list(self.shop.variants.values()), query,
                          lambda one: medusa_rows.variant_row(self.shop, one, rules=rules))

    def _set_variants(self, product: str, query: Mapping[str, list[str]], body: Any) -> Any:
        """The list of a variant's prices takes the place of the old one; what is alike by currency,
        rules and quantities is one price, the last."""
        unknown = [one["id"] for one in body["update"] if one["id"] not in self.shop.variants]
        if unknown:
            raise No(400, "invalid_data",
                     f"Cannot update non-existing variants with ids: {', '.join(unknown)}")
        rows = []
        for one in body["update"]:
            variant = self.shop.variants[one["id"]]
            known = {price["id"]: price for price in variant["prices"]}
            alike: dict[Any, dict[str, Any]] = {}
            for price in one.get("prices", ()):
                if isinstance(price["amount"], bool) or not isinstance(price["amount"],
                                                                       int | float):
                    raise No(400, "invalid_data", "Invalid request: Field 'amount' is required")
                kept = known.get(price.get("id", ""), {})
                fresh = {"id": kept.get("id") or self.shop.new("price"),
                         "amount": Decimal(str(price["amount"])),
                         "currency_code": price["currency_code"],
                         "rules": price.get("rules") or {},
                         "min_quantity": price.get("min_quantity"),
                         "max_quantity": price.get("max_quantity")}
                alike[(fresh["currency_code"], str(fresh["rules"]), fresh["min_quantity"],
                       fresh["max_quantity"])] = fresh
            if "prices" in one:
                variant["prices"] = list(alike.values())
            rows.append(variant)
        rules = "price_rules." in query.get("fields", [""])[0]
        return {"created": [], "deleted": {"ids": []}, "updated": [
            medusa_rows.variant_row(self.shop, one, rules=rules) for one in rows]}

    def _levels(self, query: Any, body: Any) -> Any:
        """All of it or nothing. What it answers as available is from before."""
        levels = self.shop.levels
        for name, wants in (("create", False), ("update", True)):
            for one in body.get(name, ()):
                at = (one["inventory_item_id"], one["location_id"])
                if (at in levels) is not wants:
                    raise No(404 if wants else 400, "not_found" if wants else "invalid_data",
                             f"Item {at[0]} is not stocked at location {at[1]}" if wants else
                             f"Inventory level with inventory_item_id: {at[0]} already exists.")
        if self.shop.packs_between:
            ref, self.shop.packs_between = self.shop.packs_between, ""
            self.shop.ship(ref)
        told: dict[str, dict[Any, Any]] = {"created": {}, "updated": {}}
        for name, made in (("create", "created"), ("update", "updated")):
            for one in body.get(name, ()):
                at = (one["inventory_item_id"], one["location_id"])
                level = levels.setdefault(at, {"stocked": 0, "reserved": 0})
                before = level["stocked"] - level["reserved"]
                level["stocked"] = one["stocked_quantity"]
                told[made][at] = medusa_rows.level_row(*at, level, before)
        return {name: list(reversed(rows.values())) for name, rows in told.items()}

    def _preferences(self, query: Mapping[str, list[str]], body: Any) -> Any:
        rows = [{"id": f"prpref_{one}", "attribute": "currency_code", "value": one,
                 "is_tax_inclusive": one in self.shop.gross_in} for one in ("eur", "pln")]
        wanted = query.get("value")
        rows = [one for one in rows if not wanted or one["value"] in wanted]
        return self._page("price_preferences", rows, query, lambda one: one)

    def _listed(self, name: str, rows: Callable[[], list[Any]]) -> Callable[..., Any]:
        def answered(query: Mapping[str, list[str]], body: Any) -> Any:
            return self._page(name, rows(), query, lambda one: one)
        return answered

    def _page(self, name: str, rows: list[Any], query: Mapping[str, list[str]],
              shown: Callable[[Any], Any]) -> dict[str, Any]:
        """A page of rows, by the few parameters that are used of all those there are."""
        wanted = query.get("id[]")
        rows = [one for one in rows if wanted is None or one["id"] in wanted]
        since, until = query.get("updated_at[$gte]"), query.get("updated_at[$lte]")
        if since:
            rows = [one for one in rows if _to_ms(one["updated"]) >= _moment(since[0])]
        if until:
            rows = [one for one in rows if _to_ms(one["updated"]) <= _moment(until[0])]
        order = query.get("order", [""])[0]
        rows = rows[::-1] if self.turns and self.asked % 2 else rows  # ties in any order
        if order:
            key = {"updated_at": "updated", "id": "id"}[order]
            rows = sorted(rows, key=lambda one: _to_ms(one[key]) if key == "updated" else one[key])
        limit, offset = (int(query.get(one, [default])[0]) for one, default in (
            ("limit", "20"), ("offset", "0")))
        return {name: [shown(one) for one in rows[offset:offset + limit]], "count": len(rows),
                "offset": offset, "limit": limit}


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written)


def _to_ms(when: datetime) -> datetime:
    return when.replace(microsecond=when.microsecond // 1000 * 1000)
