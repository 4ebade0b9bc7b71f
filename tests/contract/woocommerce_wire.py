"""WooCommerce's REST API v3 on top of a ``Shop``. No socket is opened.

It reads parameters as PHP does (of a repeated name the last counts) and refuses as WordPress does.
Rows of one and the same second come in another order each time, as MySQL is free to do.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from oms_connector import Response
from oms_connector.testing import Request, answer

from tests.contract.woocommerce_shop import VAT_ID, WARSAW, Shop, stamp

KEY = ("ck_0a1b2c3d4e5f60718293a4b5c6d7e8f901234567", "cs_76543210f9e8d7c6b5a493827160f5e4d3c2b1a0")
PAGE = b"<!doctype html><html><body><h1>Nie znaleziono</h1></body></html>"


class No(Exception):
    """A refusal in WordPress's form."""

    def __init__(self, status: int, code: str, message: str, **data: Any) -> None:
        super().__init__(code)
        self.response = answer(status, {"code": code, "message": message,
                                        "data": {"status": status, **data}})


def page(status: int, **headers: str) -> Response:
    """An answer for people."""
    return Response(status, {"content-type": "text/html", **headers}, PAGE)


class Wire:
    """Answers requests from a shop."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.asked = 0
        self.total: int | None = None

    def answer(self, request: Request) -> Response:
        """One request."""
        self.asked += 1
        shop = self.shop
        if shop.moved:
            return page(301, location=shop.moved + request.path)
        if shop.walled:
            return page(shop.walled)
        query = dict(request.pairs)
        rest = query.get("rest_route")
        if not request.path.startswith("/wp-json"):
            return answer(200, self._index()) if rest == "/" and not shop.bare else page(200)
        if shop.plain or shop.bare:
            return page(404)
        path = request.path.removeprefix("/wp-json")
        if path in ("", "/"):
            return answer(200, self._index())
        try:
            self._let_in(request)
            return self._route(request.method, path, query, request)
        except No as no:
            return no.response

    def _index(self) -> dict[str, Any]:
        return {"name": "Sklep Ewy", "url": "https://sklep.example", "gmt_offset": 1,
                "timezone_string": "Europe/Warsaw",
                "namespaces": ["wp/v2", "wc/v3", *(["wc-shipment-tracking/v3"]
                                                   if self.shop.tracks else [])]}

    def _let_in(self, request: Request) -> None:
        wanted = "Basic " + b64encode(":".join(KEY).encode()).decode()
        given = request.headers.get("authorization", "")
        if not self.shop.is_open or given != wanted or not request.url.startswith("https://"):
            raise No(401, "woocommerce_rest_cannot_view",
                     "Przepraszamy, nie możesz wyświetlić listy zasobów.")
        if request.method != "GET" and not self.shop.may_write:
            raise No(401, "woocommerce_rest_authentication_error",
                     "Podany klucz API nie ma uprawnień do zapisu.")

    def _route(self, method: str, path: str, query: Mapping[str, str], request: Request
               ) -> Response:
        for (wanted, pattern), act in self._routes().items():
            found = re.fullmatch(pattern, path)
            if found and wanted == method:
                body = request.json() if request.body else {}
                self.total = None
                made = act(*map(int, found.groups()), query=query, body=body)
                told = {} if self.total is None else {"x_wp_total": str(self.total)}
                return answer(201 if method == "POST" and "batch" not in path else 200, made,
                              **told)
        raise No(404, "rest_no_route", "Nie znaleziono trasy pasującej do adresu URL.")

    def _routes(self) -> dict[tuple[str, str], Callable[..., Any]]:
        order, product = r"/wc/v3/orders/(\d+)", r"/wc/v3/products/(\d+)"
        found: dict[tuple[str, str], Callable[..., Any]] = {
            ("GET", "/wc/v3/orders"): self._orders, ("GET", order): self._order,
            ("PUT", order): self._change, ("GET", f"{order}/refunds"): self._order_refunds,
            ("POST", f"{order}/refunds"): self._refund, ("GET", f"{order}/notes"): self._notes,
            ("POST", f"{order}/notes"): self._add_note,
            ("GET", "/wc/v3/products"): self._products, ("GET", product): self._product,
            ("GET", f"{product}/variations"): self._variations,
            ("POST", "/wc/v3/products/batch"): self._batch,
            ("POST", f"{product}/variations/batch"): self._batch_of,
            ("GET", "/wc/v3/webhooks"): self._hooks, ("POST", "/wc/v3/webhooks"): self._add_hook,
            ("PUT", r"/wc/v3/webhooks/(\d+)"): self._change_hook,
            ("DELETE", r"/wc/v3/webhooks/(\d+)"): self._end_hook,
            ("GET", "/wc/v3/data/currencies/current"):
                lambda **_: {"code": "PLN", "name": "Polish złoty", "symbol": "zł"},
            ("GET", "/wc/v3/reports/orders/totals"): lambda **_: [
                {"slug": one, "name": one.capitalize(), "total": 1} for one in self.shop.statuses],
            ("GET", "/wc/v3/payment_gateways"): lambda **_: [
                {"id": "payu", "title": "PayU"}, {"id": "cod", "title": ""}],
            ("GET", "/wc/v3/shipping/zones"): lambda **_: [{"id": 1, "name": "Polska"}],
            ("GET", r"/wc/v3/shipping/zones/(\d+)/methods"): lambda zone, **_: [
                {"instance_id": 3, "title": "Kurier DPD", "method_id": "flat_rate"},
                {"instance_id": 4, "title": "Odbiór", "method_id": "local_pickup"}],
        }
        if not self.shop.old:
            found[("GET", "/wc/v3/refunds")] = self._refunds
        if self.shop.tracks:
            at = r"/wc-shipment-tracking/v3/orders/(\d+)/shipment-trackings"
            found |= {("GET", at): lambda number, **_: self.shop.trackings.get(number, []),
                      ("POST", at): self._add_tracking}
        return found

    # Orders

    def _orders(self, query: Mapping[str, str], body: Any) -> list[dict[str, Any]]:
        statuses = query.get("status", "any").split(",")
        for one in statuses:
            if one not in ("any", "trash", *self.shop.statuses):
                raise No(400, "rest_invalid_param", "Nieprawidłowy parametr: status",
                         params={"status": one})
        rows = [one for one in self.shop.orders.values() if self.shop.is_shown(one["id"])]
        # "Any" leaves out what is in the bin, even where the bin is named beside it.
        rows = [one for one in rows if one["status"] != "trash"] if "any" in statuses else \
            [one for one in rows if one["status"] in statuses]
        found = self._cut(rows, query, "modified", "modified_", "created")
        return [self.order_row(one, _dp(query)) for one in found
                if one["id"] not in self.shop.unloadable]

    def _order(self, number: int, query: Mapping[str, str], body: Any) -> dict[str, Any]:
        return self.order_row(self._found(number), _dp(query))

    def _change(self, number: int, query: Mapping[str, str], body: Any) -> dict[str, Any]:
        order = self._found(number)
        status = body.get("status")
        if status is not None and status not in self.shop.statuses:
            raise No(400, "rest_invalid_param", "Nieprawidłowy parametr: status",
                     params={"status": "status nie jest jednym z dozwolonych"})
        for meta in body.get("meta_data", ()):
            self.shop.keep(number, meta["key"], meta["value"])
        if status:
            self.shop.set_status(number, status)
        return self.order_row(order, 2)

    def _order_refunds(self, number: int, query: Mapping[str, str], body: Any) -> list[Any]:
        self._found(number)
        return [_refund_row(one, _dp(query)) for one in self.shop.refunds_of(number)]

    def _refund(self, number: int, query: Mapping[str, str], body: Any) -> dict[str, Any]:
        order = self._found(number)
        amount = Decimal(body["amount"])
        if amount > self.shop.total_of(order) - self.shop.refunded(number):
            raise No(500, "woocommerce_rest_cannot_create_order_refund",
                     "Nieprawidłowa kwota zwrotu.")
        gateway = body.get("api_refund", True)
        if gateway and order["payment_method"] in ("cod", "bacs"):
            raise No(500, "woocommerce_rest_cannot_create_order_refund",
                     "Bramka nie obsługuje zwrotów.")
        worth = sum((Decimal(str(one.get("refund_total", 0))) + sum(
            (Decimal(str(tax["refund_total"])) for tax in one.get("refund_tax", ())), Decimal(0))
            for one in body.get("line_items", ())), Decimal(0))
        assert not gateway or worth <= amount, "its items are worth more than the refund"
        made = self.shop.refund(number, amount, body.get("line_items", ()), gateway=gateway,
                                restock=body.get("api_restock", True), reason=body["reason"],
                                meta=body.get("meta_data", ()))
        return _refund_row(self.shop.refunds[made], 2)

    def _refunds(self, query: Mapping[str, str], body: Any) -> list[Any]:
        # Its "parent" parameter is taken and has no effect.
        found = self._cut(list(self.shop.refunds.values()), query, "created", "", "created")
        return [_refund_row(one, _dp(query)) for one in found]

    def _notes(self, number: int, query: Mapping[str, str], body: Any) -> list[Any]:
        self._found(number)
        only = query.get("type", "any") == "customer"
        return [one for one in self.shop.notes.get(number, ())
                if one["customer_note"] or not only]

    def _add_note(self, number: int, query: Mapping[str, str], body: Any) -> dict[str, Any]:
        self._found(number)
        return self.shop.note(number, body["note"], body.get("customer_note", False))

    def _add_tracking(self, number: int, query: Mapping[str, str], body: Any) -> dict[str, Any]:
        self._found(number)
        entry = {"tracking_id": f"t{self.asked:031x}", "tracking_number": body["tracking_number"],
                 "tracking_provider": body["custom_tracking_provider"],
                 "tracking_link": body["custom_tracking_link"],
                 "date_shipped": body["date_shipped"]}
        self.shop.trackings.setdefault(number, []).append(entry)
        return entry

    def _found(self, number: int) -> dict[str, Any]:
        if number not in self.shop.orders:
            raise No(404, "woocommerce_rest_shop_order_invalid_id", "Nieprawidłowy identyfikator.")
        return self.shop.orders[number]

    def order_row(self, order: Mapping[str, Any], dp: int) -> dict[str, Any]:
        """An order as the API shows it."""
        lines = [*order["lines"], *order["shipping_lines"], *order["fee_lines"]]
        refunds = self.shop.refunds_of(order["id"])
        row = {name: one for name, one in order.items() if name not in (
            "created", "modified", "paid", "completed", "lines", "off", "reduced")}
        for name, moment in (("created", order["created"]), ("modified", order["modified"]),
                             ("paid", order["paid"]), ("completed", order["completed"])):
            row[f"date_{name}"] = stamp(moment + WARSAW) if moment else None
            row[f"date_{name}_gmt"] = stamp(moment)
        shipping = order["shipping_lines"]
        return _written(row, dp) | {
            "line_items": [_written(one, dp) for one in order["lines"]],
            "shipping_total": _amount(sum((x["total"] for x in shipping), Decimal(0)), dp),
            "shipping_tax": _amount(sum((x["total_tax"] for x in shipping), Decimal(0)), dp),
            "total": f"{self.shop.total_of(dict(order)):.{dp}f}",
            "total_tax": _amount(sum((x["total_tax"] for x in lines), Decimal(0)), dp),
            "prices_include_tax": True, "order_key": "wc_order_KLUCZ1", "parent_id": 0,
            "tax_lines": [{"id": 9, "rate_code": "PL-VAT-1", "rate_id": VAT_ID, "label": "VAT",
                           "compound": False, "rate_percent": 23, "tax_total": "1.00"}],
            "refunds": [{"id": one["id"], "reason": one["reason"],
                         "total": f"-{one['amount']:.{dp}f}"} for one in refunds],
        }

    # Products

    def _products(self, query: Mapping[str, str], body: Any) -> list[Any]:
        rows = [one for one in self.shop.products.values() if not one["parent"]]
        return [self._product_row(one) for one in self._paged(rows, query)]

    def _product(self, number: int, query: Mapping[str, str], body: Any) -> dict[str, Any]:
        if number not in self.shop.products:
            raise No(404, "woocommerce_rest_product_invalid_id", "Nieprawidłowy identyfikator.")
        return self._product_row(self.shop.products[number])

    def _variations(self, parent: int, query: Mapping[str, str], body: Any) -> list[Any]:
        self._product(parent, query, body)
        rows = [one for one in self.shop.products.values() if one["parent"] == parent]
        return [self._product_row(one) for one in self._paged(rows, query)]

    def _batch_of(self, parent: int, query: Mapping[str, str], body: Any) -> Any:
        self._product(parent, query, body)
        return self._batch(query, body, parent)

    def _batch(self, query: Mapping[str, str], body: Any, parent: int = 0) -> Any:
        rows = body.get("update", [])
        if len(rows) > 100:
            raise No(413, "woocommerce_rest_request_entity_too_large", "Za dużo naraz.")
        return {"update": [self._set(row, parent) for row in rows]} if body else []

    def _set(self, row: Mapping[str, Any], parent: int) -> dict[str, Any]:
        number = row["id"]
        product = self.shop.products.get(number)
        kind = "product_variation" if parent else "product"
        if product is None or product["parent"] != parent or number in self.shop.broken_products:
            return {"id": number, "error": {
                "code": f"woocommerce_rest_{kind}_invalid_id",
                "message": "Nieprawidłowy identyfikator.", "data": {"status": 400}}}
        for name in ("regular_price", "sale_price"):
            if name in row:
                product[name] = row[name]
        if "stock_quantity" in row and number not in self.shop.stubborn_products and (
                row.get("manage_stock") or product["manage_stock"]):
            self.shop.count(number, row["stock_quantity"])
        return self._product_row(product)

    def _product_row(self, product: Mapping[str, Any]) -> dict[str, Any]:
        price = self.shop.price_of(product["id"]) if product["type"] != "variable" else ""
        return {**{name: one for name, one in product.items() if name != "parent"},
                "parent_id": product["parent"], "price": price, "global_unique_id": "",
                "permalink": f"https://sklep.example/?p={product['id']}"}

    # Webhooks

    def _hooks(self, query: Mapping[str, str], body: Any) -> list[Any]:
        return [_hook_row(one) for one in self._paged(list(self.shop.hooks.values()), query)]

    def _add_hook(self, query: Mapping[str, str], body: Any) -> dict[str, Any]:
        number = self.shop._next()
        self.shop.hooks[number] = {"id": number, "status": "active", **body}
        return _hook_row(self.shop.hooks[number])

    def _change_hook(self, number: int, query: Mapping[str, str], body: Any) -> dict[str, Any]:
        self.shop.hooks[number] |= body
        return _hook_row(self.shop.hooks[number])

    def _end_hook(self, number: int, query: Mapping[str, str], body: Any) -> dict[str, Any]:
        if number not in self.shop.hooks:
            raise No(404, "woocommerce_rest_webhook_invalid_id", "Nieprawidłowy identyfikator.")
        if query.get("force") != "true":
            raise No(501, "woocommerce_rest_trash_not_supported", "Webhooki nie mają kosza.")
        return _hook_row(self.shop.hooks.pop(number))

    def _cut(self, rows: list[dict[str, Any]], query: Mapping[str, str], modified: str, word: str,
             created: str) -> list[dict[str, Any]]:
        """Rows within the moments, without the excluded, in order, a page of them."""
        by = modified if word or query.get("orderby") == "modified" else created
        after, before = query.get(f"{word}after"), query.get(f"{word}before")
        gmt = query.get("dates_are_gmt") == "true"
        if after:
            rows = [one for one in rows if one[by] > _moment(after, gmt)]
        if before:
            rows = [one for one in rows if one[by] < _moment(before, gmt)]
        for name, wanted in (("include", True), ("exclude", False)):
            if query.get(name):
                ids = {int(one) for one in query[name].split(",")}
                rows = [one for one in rows if (one["id"] in ids) == wanted]
        # Ties in any order: here forwards and backwards by turns.
        rows = rows if self.asked % 2 else rows[::-1]
        order = query.get("orderby", "date")
        key = "id" if order == "id" else {"modified": modified, "date": created}[order]
        rows = sorted(rows, key=lambda one: one[key], reverse=query.get("order") != "asc")
        return self._paged(rows, query, is_sorted=True)

    def _paged(self, rows: list[Any], query: Mapping[str, str], *, is_sorted: bool = False
               ) -> list[Any]:
        """A page; what cannot be loaded counts in it and in the total all the same."""
        size = int(query.get("per_page", 10))
        if not 1 <= size <= 100:
            raise No(400, "rest_invalid_param", "Nieprawidłowy parametr: per_page",
                     params={"per_page": "per_page musi być od 1 do 100"})
        if not is_sorted:
            rows = sorted(rows, key=lambda one: one["id"])
        self.total = len(rows)
        start = int(query.get("offset", (int(query.get("page", 1)) - 1) * size))
        return rows[start:start + size]


def _moment(written: str, gmt: bool) -> datetime:
    found = datetime.fromisoformat(written)
    if found.tzinfo is not None:  # WordPress turns it into the shop's own time and compares that
        return found.astimezone(UTC) + WARSAW
    return found.replace(tzinfo=UTC) - (WARSAW * (not gmt))


def _dp(query: Mapping[str, str]) -> int:
    return int(query.get("dp", 2))


def _amount(amount: Decimal, dp: int) -> str:
    return str(amount.quantize(Decimal(1).scaleb(-dp), "ROUND_HALF_UP"))


def _written(found: Any, dp: int) -> Any:
    """What is kept, with amounts as text."""
    if isinstance(found, Decimal):
        return _amount(found, dp)
    if isinstance(found, dict):
        return {name: _written(one, dp) for name, one in found.items()}
    return [_written(one, dp) for one in found] if isinstance(found, list) else found


def _refund_row(refund: Mapping[str, Any], dp: int) -> dict[str, Any]:
    row = {name: one for name, one in refund.items() if name not in ("created", "restocked")}
    return _written(row, dp) | {"date_created_gmt": stamp(refund["created"])}


def _hook_row(hook: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in hook.items() if name != "secret"}


def as_json(document: Any) -> bytes:
    """A body as WordPress posts it: slashes escaped, other letters by their codes."""
    return json.dumps(document, separators=(",", ":")).replace("/", "\\/").encode()
