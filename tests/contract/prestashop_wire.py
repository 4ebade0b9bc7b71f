"""PrestaShop's webservice on top of a ``Shop``. No socket is opened.

It reads filters, sorting and ``display`` as PrestaShop's own code does and answers as a running
8.1.2 was seen to: an empty list is ``[]``, an answer without ``display`` lacks every zero, several
rows are written until one of them is refused, and a filter by date wants ``date=1``.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

from oms_connector import Response
from oms_connector.testing import Request

from tests.contract.prestashop_shop import Row, Shop, six
from tests.contract.prestashop_spec import DATES, NAMES, RESOURCES, Resource

KEY = "0A1B2C3D4E5F60718293A4B5C6D7E8F9"
PAGE = b"<!doctype html><html><body><h1>Sklep Ewy</h1></body></html>"
METHODS = ("get", "put", "post", "patch", "delete", "head")
FROM_8 = frozenset({"order_cart_rules"})
# In part, an association that PrestaShop keeps under another name is not shown (8.1.2).
ONLY_IN_FULL = frozenset({"product_option_values"})


class No(Exception):
    """A refusal in PrestaShop's form."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def page(status: int, **headers: str) -> Response:
    """An answer for people."""
    return Response(status, {"content-type": "text/html", **headers}, PAGE)


class Wire:
    """Answers requests from a shop."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.asked = 0

    def answer(self, request: Request) -> Response:
        """One request."""
        self.asked += 1
        shop, query = self.shop, request.query
        if shop.moved:
            return page(301, location=shop.moved + request.path)
        if shop.walled:
            return page(shop.walled)
        if shop.bare or not request.path.startswith("/api"):
            return page(404)
        if query.get("id_shop", "1") != "1":
            return page(200)  # to the shop's front page
        as_json = query.get("output_format") == "JSON"
        headers = {"access-time": str(int(shop.now.timestamp())),
                   "psws-version": "1.7.6.5" if shop.old else "8.1.2",
                   "content-type": "application/json" if as_json else "text/xml;charset=utf-8"}
        try:
            body = self._answered(request)
        except No as no:
            told = _errors(no, as_json)
            return Response(no.status, headers, told)
        status = 201 if request.method == "POST" else 200
        return Response(status, headers, body)

    def _answered(self, request: Request) -> bytes:
        shop = self.shop
        if not shop.is_on:
            raise No(503, 22, "The PrestaShop webservice is disabled. Please activate it in the "
                              "PrestaShop Back Office")
        wanted = "Basic " + b64encode(f"{KEY}:".encode()).decode()
        if not shop.is_open or request.headers.get("authorization") != wanted:
            raise No(401, 20, "Authentification key is not active")
        name = request.path.removeprefix("/api").strip("/")
        if not name:
            return self._front()
        resource = RESOURCES.get(name)
        if resource is None or (shop.old and name in FROM_8):
            raise No(400, 27, f'Resource of type "{name}" does not exists. Did you mean: "zones"? '
                              'The full list is: "addresses"')
        self._allow(name, request.method)
        if request.method == "GET":
            rows = self._listed(name, resource, request.query)
        else:
            rows = self._written(name, resource, request)
        return self._shown(name, resource, rows, request)

    def _allow(self, name: str, method: str) -> None:
        denied = self.shop.rights.get(name, set())
        if "all" in denied:
            raise No(401, 26, f'Resource of type "{name}" is not allowed with this key')
        if self.shop.old and method == "PATCH":
            raise No(405, 23, "Method PATCH is not valid")
        if method.lower() in denied:
            raise No(405, 25, f"Method {method} is not allowed for the resource {name} with this "
                              "authentication key")

    def _front(self) -> bytes:
        """The front page: what the key may do."""
        api = ElementTree.Element("api", shopName="Sklep Ewy")
        for name in RESOURCES:
            denied = self.shop.rights.get(name, set())
            if "all" not in denied and not (self.shop.old and name in FROM_8):
                ElementTree.SubElement(api, name, {
                    one: "false" if one in denied else "true" for one in METHODS})
        root = ElementTree.Element("prestashop")
        root.append(api)
        return ElementTree.tostring(root, "utf-8", xml_declaration=True)

    # Reading

    def _listed(self, name: str, resource: Resource, query: Mapping[str, str]) -> list[Row]:
        rows = [row for row in self.shop.rows(name)
                if name != "orders" or self.shop.is_shown(row["id"])]
        for asked, told in query.items():
            of = re.fullmatch(r"filter\[(\w+)\]", asked)
            if of:
                self._known(of[1], resource, query, 32, "This filter does not exist")
                rows = [row for row in rows if _fits(str(row.get(of[1], "")), told)]
        if "sort" in query:
            for one in reversed(query["sort"].strip("[]").split(",")):
                field, _, way = one.rpartition("_")
                self._known(field, resource, query, 38, "Unable to filter by this field")
                rows.sort(key=lambda row: _sortable(row[field]), reverse=way == "DESC")
        elif self.asked % 2:
            rows = rows[::-1]  # in no order, as the database likes
        if "limit" in query:
            first, _, count = query["limit"].partition(",")
            rows = rows[int(first):int(first) + int(count)] if count else rows[:int(first)]
        return rows

    def _known(self, field: str, resource: Resource, query: Mapping[str, str], code: int,
               message: str) -> None:
        if field not in resource.names or (field in DATES and not query.get("date")):
            raise No(500, code, f"{message}. Did you mean: \"note\"? The full list is: \"id\"")

    def _shown(self, name: str, resource: Resource, rows: list[Row], request: Request) -> bytes:
        """Rows as JSON, with the fields that were asked for."""
        query = request.query
        if not rows:
            return b"[]"
        display = query.get("display")
        found = [self._row(name, resource, row, display or "full", query) for row in rows]
        if display is None and request.method == "GET":
            found = [{"id": row["id"]} for row in found]
        if display is None and request.method != "GET":
            # PrestaShop drops what is empty or zero from a single thing.
            return json.dumps({resource.node: {
                key: one for key, one in found[-1].items() if one not in ("", "0", 0, None)}}
            ).encode()
        if request.method != "GET":
            found = [{key: str(one) if isinstance(one, int) else one for key, one in row.items()}
                     for row in found]
        return json.dumps({NAMES.get(name, name): found}, ensure_ascii=False).encode()

    def _row(self, name: str, resource: Resource, row: Row, display: str,
             query: Mapping[str, str]) -> Row:
        extra = self._prices(name, row, query)
        deep = row.get("associations", {})
        if display == "full":
            shown = {key: row.get(key, "") for key in ("id", *resource.fields)} | extra
            return shown | ({"associations": deep} if deep else {})
        shown = {}
        for key, inner in re.findall(r"(\w+)(?:\[([\w,]+)\])?", display.strip()[1:-1]):
            if inner:
                if key in deep and deep[key] and key not in ONLY_IN_FULL:
                    shown.setdefault("associations", {})[key] = [
                        {one: entry[one] for one in inner.split(",")} for entry in deep[key]]
            elif key in resource.names or key in extra:
                shown[key] = extra.get(key, row.get(key, ""))
            else:
                raise No(500, 35, f'Unable to display this field "{key}". However, these are '
                                  "available: id")
        return shown

    def _prices(self, name: str, row: Row, query: Mapping[str, str]) -> dict[str, str]:
        """Prices that PrestaShop works out where it is asked: ``price[NAME][use_tax]=1``."""
        if name not in ("products", "combinations"):
            return {}
        product, part = (row["id"], 0) if name == "products" else (row["id_product"], row["id"])
        found: dict[str, str] = {}
        for label in {of[1] for one in query if (of := re.match(r"price\[(\w+)\]", one))}:
            def option(what: str, default: str, label: str = label) -> str:
                return query.get(f"price[{label}][{what}]", default)
            price = self.shop.net(product, part)
            if option("use_tax", "1") == "1":
                price *= Decimal("1.23")
            if option("use_reduction", "1") == "1":
                price *= 1 - self.shop.reductions.get(product, Decimal(0))
            places = Decimal(1).scaleb(-int(option("decimals", "2")))
            found[label] = six(price.quantize(places, "ROUND_HALF_UP"))
        return found

    # Writing

    def _written(self, name: str, resource: Resource, request: Request) -> list[Row]:
        """Rows are written one after another until one of them is refused."""
        try:
            nodes = list(ElementTree.fromstring(request.body))
        except ElementTree.ParseError as error:
            raise No(500, 127, f"XML error : {error}\nOriginal XML : {request.body!r}") from error
        act: Callable[[Row, Request], Row] = {
            "stock_availables": self._put_stock, "order_carriers": self._put_carrier,
            "order_histories": self._add_history, "products": self._put_price,
            "combinations": self._put_price}[name]
        rows = []
        for node in nodes:
            told = {one.tag: one.text or "" for one in node}
            if request.method == "POST" and "id" in told:
                raise No(400, 91, "id is forbidden when adding a new resource")
            if request.method != "POST":
                number = int(told.get("id") or 0)
                if number not in self.shop.tables.get(name, {}):
                    raise No(404, 92, "Invalid ID")
                if request.method == "PUT":
                    told = {one: told.get(one, "") for one in resource.names}
            rows.append(act({"_": name, **told}, request))
        return rows

    def _put_stock(self, told: Row, request: Request) -> Row:
        if not re.fullmatch(r"-?\d+", told["quantity"]):
            raise No(400, 85, 'Validation error: "Property StockAvailable-&gt;quantity is not '
                              'valid"')
        row = self.shop.row("stock_availables", int(told["id"]))
        if told["depends_on_stock"] == "1":
            raise No(500, 133, "You cannot update the available stock when it depends on stock.")
        for name in ("id_shop", "id_shop_group", "out_of_stock"):
            row[name] = int(told[name] or 0)
        if row["id"] not in self.shop.stubborn:
            row["quantity"] = int(told["quantity"])
        self.shop.sum_up(row["id_product"])
        return row

    def _put_carrier(self, told: Row, request: Request) -> Row:
        tracking = told["tracking_number"]
        if not re.fullmatch(r"[~:#,%&_=()\[\].? +\-@/a-zA-Z0-9]*", tracking):
            raise No(400, 85, 'Validation error: "Property OrderCarrier-&gt;tracking_number is '
                              'not valid"')
        if request.method == "PUT":
            row = self.shop.row("order_carriers", int(told["id"]))
            row["tracking_number"] = tracking
            return row
        number = self.shop.add("order_carriers", {
            "id_order": int(told["id_order"]), "id_carrier": int(told["id_carrier"]),
            "id_order_invoice": 0, "weight": six(Decimal(0)),
            "shipping_cost_tax_excl": six(Decimal(0)), "shipping_cost_tax_incl": six(Decimal(0)),
            "tracking_number": tracking, "date_add": self.shop.local()})
        return self.shop.row("order_carriers", number)

    def _add_history(self, told: Row, request: Request) -> Row:
        order, state = int(told["id_order"]), int(told["id_order_state"])
        if order not in self.shop.tables["orders"] or \
                state not in self.shop.tables["order_states"]:
            raise No(500, 0, "")  # PHP falls over it, and says nothing
        self.shop.set_state(order, state)
        if request.query.get("sendemail"):
            if self.shop.mail_fails:
                raise No(500, 46, "Unable to save resource")
            self.shop.mails.append((order, state))
        return self.shop.rows("order_histories", id_order=order)[-1]

    def _put_price(self, told: Row, request: Request) -> Row:
        signed = "-?" if told["_"] == "combinations" else ""
        if not re.fullmatch(signed + r"\d{1,10}(\.\d{1,9})?", told["price"]):
            raise No(400, 85, 'Validation error: "Property Product-&gt;price is not valid"')
        row = self.shop.row(told["_"], int(told["id"]))
        if row["id"] not in self.shop.stubborn:
            row["price"] = told["price"]
        return row


def _errors(no: No, as_json: bool) -> bytes:
    if not no.code:
        return b""
    if as_json:
        return json.dumps({"errors": [{"code": no.code, "message": str(no)}]}).encode()
    root = ElementTree.Element("prestashop")
    error = ElementTree.SubElement(ElementTree.SubElement(root, "errors"), "error")
    ElementTree.SubElement(error, "code").text = str(no.code)
    ElementTree.SubElement(error, "message").text = str(no)
    return ElementTree.tostring(root, "utf-8", xml_declaration=True)


def _fits(found: str, told: str) -> bool:
    """Whether a value fits a filter: ``[a|b]``, ``[a,b]``, ``>[a]``, ``<[a]``, ``![a|b]``."""
    mark, inner = re.fullmatch(r"([<>!]?)\[(.*)\]", told).groups()  # type: ignore[union-attr]
    if mark == ">":
        return _sortable(found) > _sortable(inner)
    if mark == "<":
        return _sortable(found) < _sortable(inner)
    if mark == "!":
        return found not in inner.split("|")
    span = re.fullmatch(r"([\d.:\-\s]+),([\d.:\-\s]+)", inner)
    if "|" not in inner and span:
        low, high = sorted(span.groups())
        return _sortable(low) <= _sortable(found) <= _sortable(high)
    return found in inner.split("|")


def _sortable(found: Any) -> tuple[int, Any]:
    text = str(found)
    return (0, int(text)) if text.isdigit() else (1, text)
