"""Vendure's Admin API on top of a ``Shop``: documents are really parsed, validated and executed.

It answers as 3.7.3 was seen to: a key that is not accepted is ``FORBIDDEN`` within status 200, a
document that does not fit the schema is status 400, errors of the database have no code at all, and
one row that fails takes its whole list with it. ``updatedAt`` is compared as SQLite does, as text:
"09:30:00" is not after "09:30:00.000".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    build_schema,
    execute,
    parse,
    validate,
)
from oms_connector import Response
from oms_connector.testing import Request, answer

from tests.contract import vendure_spec
from tests.contract.vendure_shop import No, Shop

USER, PASSWORD = "oms@sklep.example", "hasło-do-sklepu-1"
KEY = "678f4bf2f26659c0995fd622:162ed72567e9f8c91bf9e64629fb9d4cab9f7baf8e32a0af"
CHANNEL = "kanał-detal-7"
PAGE = b"<!doctype html><html><body><h1>Nie znaleziono</h1></body></html>"
ALL = frozenset({"ReadOrder", "UpdateOrder", "ReadCatalog", "UpdateCatalog", "ReadSettings"})
NEEDS = {
    "orders": "ReadOrder", "order": "ReadOrder", "addFulfillmentToOrder": "UpdateOrder",
    "transitionFulfillmentToState": "UpdateOrder", "transitionOrderToState": "UpdateOrder",
    "cancelOrder": "UpdateOrder", "productVariants": "ReadCatalog",
    "productVariant": "ReadCatalog", "stockLocations": "ReadCatalog",
    "updateProductVariants": "UpdateCatalog", "paymentMethods": "ReadSettings",
    "shippingMethods": "ReadSettings",
}


class Wire:
    """Answers requests from a shop. Switches say what its developer has set up."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.password = PASSWORD
        self.keys = {KEY}
        self.sessions: set[str] = set()
        self.rights = set(ALL)
        self.methods = {"bearer", "api-key"}
        self.channels = {CHANNEL}
        self.own = ""
        """More of the schema: fields that the developer has added."""
        self.status = 0
        self.moved = ""
        self._logins = 0

    def log_in(self) -> str:
        """A new session's token."""
        self._logins += 1
        token = f"{self._logins:04}{'ab' * 30}"
        self.sessions.add(token)
        return token

    def answer(self, request: Request) -> Response:
        """One request."""
        if self.moved:
            return Response(301, {"location": self.moved, "content-type": "text/html"}, PAGE)
        if self.status or request.path != "/admin-api":
            return Response(self.status or 404, {"content-type": "text/html"}, PAGE)
        told = request.json()
        held = _schema(self.own)
        try:
            document, wrong = _checked(told["query"], self.own)
        except GraphQLError as error:
            return _refusal(400, [error], "GRAPHQL_PARSE_FAILED")
        if wrong:
            return _refusal(400, wrong, "GRAPHQL_VALIDATION_FAILED")
        gate = Gate(self, request)
        done = execute(held, document, root_value=gate.root(), variable_values=told["variables"])
        body: dict[str, Any] = {"data": done.data}
        if done.errors:
            body["errors"] = [_told(error) for error in done.errors]
        return answer(200, body, **({"vendure_auth_token": gate.token} if gate.token else {}))


@lru_cache(maxsize=4)
def _schema(own: str) -> GraphQLSchema:
    return build_schema(f"{vendure_spec.OURS.read_text('utf-8')}\n{own}")


@lru_cache(maxsize=200)
def _checked(text: str, own: str) -> tuple[DocumentNode, list[GraphQLError]]:
    document = parse(text)
    return document, validate(_schema(own), document)


def written(found: Any) -> Any:
    """What lies in the database as JSON has it: moments become texts."""
    if isinstance(found, datetime):
        return found.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(found, dict):
        return {name: written(one) for name, one in found.items()}
    return [written(one) for one in found] if isinstance(found, list) else found


class Gate:
    """Who asks, and the roots of what they may ask for."""

    def __init__(self, wire: Wire, request: Request) -> None:
        self.wire, self.shop = wire, wire.shop
        self.headers = request.headers
        self.token = ""

    def root(self) -> dict[str, Callable[..., Any]]:
        """Name -> resolver, each behind its permission."""
        found = {name: getattr(self, f"_{name}") for name in (
            "activeChannel", "globalSettings", "orders", "order", "productVariants",
            "productVariant", "stockLocations", "paymentMethods", "shippingMethods",
            "addFulfillmentToOrder", "transitionFulfillmentToState", "transitionOrderToState",
            "cancelOrder", "updateProductVariants")}
        return {"login": self._login} | {name: self._behind(name, act)
                                         for name, act in found.items()}

    def _behind(self, name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        def resolve(info: Any, **told: Any) -> Any:
            channel = self.headers.get("vendure-token")
            if channel and channel not in self.wire.channels:
                raise coded("CHANNEL_NOT_FOUND", f'No Channel with the token "{channel}" could be '
                            "found")
            if not self._is_known() or not self.wire.rights >= {NEEDS.get(name)} - {None}:
                raise coded("FORBIDDEN", "You are not currently authorized to perform this action")
            try:
                return act(**told)
            except No as no:
                return no.result
        return resolve

    def _is_known(self) -> bool:
        bearer = self.headers.get("authorization", "").removeprefix("Bearer ")
        if bearer in self.wire.sessions and "bearer" in self.wire.methods:
            return True
        return "api-key" in self.wire.methods and \
            self.headers.get("vendure-api-key") in self.wire.keys

    def _login(self, info: Any, username: str, password: str) -> Any:
        if "native" in self.wire.methods:
            return {"__typename": "NativeAuthStrategyError", "message": "?",
                    "errorCode": "NATIVE_AUTH_STRATEGY_ERROR"}
        if (username, password) != (USER, self.wire.password):
            return {"__typename": "InvalidCredentialsError", "authenticationError": "",
                    "errorCode": "INVALID_CREDENTIALS_ERROR",
                    "message": "The provided credentials are invalid"}
        token = self.wire.log_in()
        self.token = token if "bearer" in self.wire.methods else ""
        return {"__typename": "CurrentUser", "id": "1", "identifier": username}

    # Reading

    def _activeChannel(self) -> Any:
        return {"code": self.shop.code, "pricesIncludeTax": self.shop.gross,
                "defaultCurrencyCode": self.shop.currencies[0],
                "availableCurrencyCodes": self.shop.currencies, "seller": {"name": "Sklep Ewy"}}

    def _globalSettings(self) -> Any:
        process = [{"name": name, "to": to} for name, to in self.shop.process.items()]
        return {"id": "1", "trackInventory": self.shop.tracks,
                "outOfStockThreshold": self.shop.threshold, "serverConfig": {
                    "orderProcess": process, "moneyStrategyPrecision": self.shop.precision}}

    def _orders(self, options: Mapping[str, Any] | None = None) -> Any:
        rows = [order for number, order in self.shop.orders.items() if self.shop.is_shown(number)]
        return _page(rows, options or {}, self.order_row)

    def _order(self, id: str) -> Any:
        return self.order_row(self.shop.orders[id]) if id in self.shop.orders else None

    def _productVariants(self, options: Mapping[str, Any] | None = None) -> Any:
        return _page(self.shop.variants.values(), options or {}, self.variant_row)

    def _productVariant(self, id: str) -> Any:
        return self.variant_row(self.shop.variants[id]) if id in self.shop.variants else None

    def _stockLocations(self, options: Mapping[str, Any] | None = None) -> Any:
        rows = [{"id": number, "name": name} for number, name in self.shop.places.items()]
        return {"items": rows, "totalItems": len(rows)}

    def _paymentMethods(self, options: Any = None) -> Any:
        return {"totalItems": 2, "items": [{"code": "payu", "name": "PayU"},
                                           {"code": "pobranie", "name": "Za pobraniem"}]}

    def _shippingMethods(self, options: Any = None) -> Any:
        return {"totalItems": 1, "items": [{"code": "kurier", "name": "Kurier DPD"}]}

    def order_row(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """An order as the schema has it."""
        def lines(info: Any) -> Any:
            if order["id"] in self.shop.broken:
                raise ValueError("SqliteError: Ewa Wzorcowa cannot be joined")
            return [self._line_row(line) for line in order["lines"]]

        def history(info: Any, options: Mapping[str, Any]) -> Any:
            return _page(order["history"], options, written)

        return {
            **written(order), "__typename": "Order",
            "updatedAt": written(order["updatedAt"].replace(microsecond=0)),
            "totalWithTax": self.shop.total_of(order["id"]),
            "shippingWithTax": self.shop.shipping_of(order), "history": history,
            "lines": lines,
        }

    def _line_row(self, line: Mapping[str, Any]) -> dict[str, Any]:
        return {**written(line), "productVariant": self.shop.variants[line["variant"]],
                "proratedUnitPriceWithTax": int(line["price"] * (100 - line["off"]) / 100 + 0.5),
                "proratedLinePriceWithTax": self.shop.line_price(line)}

    def variant_row(self, variant: Mapping[str, Any]) -> dict[str, Any]:
        """A variant as the schema has it."""
        def price(info: Any) -> int:
            if variant["id"] in self.shop.broken:
                raise ValueError("no price found for channel")
            return self.shop.price_of(variant["id"])

        return {
            **variant, "priceWithTax": price,
            "currencyCode": self.shop.currencies[0], "taxRateApplied": {"value": self.shop.rate},
            "prices": [{"currencyCode": currency, "price": price}
                       for currency, price in variant["prices"].items()],
            "stockLevels": [{"stockLocationId": place, "stockOnHand": level[0],
                             "stockAllocated": level[1]}
                            for (number, place), level in self.shop.levels.items()
                            if number == variant["id"]],
        }

    # Writing

    def _updateProductVariants(self, input: Iterable[Mapping[str, Any]]) -> Any:
        input = list(input)
        for change in input:  # one transaction: all or nothing
            if change["id"] not in self.shop.variants:
                raise coded("ENTITY_NOT_FOUND", f'No ProductVariant with the id "{change["id"]}" '
                            "could be found")
            for price in change.get("prices", ()):
                if price["currencyCode"] not in self.shop.currencies:
                    raise coded("USER_INPUT_ERROR", "The currency is not available")
        for change in input:
            one = self.shop.variants[change["id"]]
            for level in change.get("stockLevels", ()):
                place = change["id"], level["stockLocationId"]
                self.shop.levels.setdefault(place, [0, 0])[0] = level["stockOnHand"]
            one["trackInventory"] = change.get("trackInventory", one["trackInventory"])
            one["prices"] |= {price["currencyCode"]: price["price"]
                              for price in change.get("prices", ())}
        return [self.variant_row(self.shop.variants[change["id"]]) for change in input]

    def _addFulfillmentToOrder(self, input: Mapping[str, Any]) -> Any:
        known = {line["id"] for order in self.shop.orders.values() for line in order["lines"]}
        wanted = {one["orderLineId"]: one["quantity"] for one in input["lines"]}
        if not wanted.keys() <= known:
            raise coded("ENTITY_NOT_FOUND", "No OrderLine with the id could be found")
        told = {one["name"]: one["value"] for one in input["handler"]["arguments"]}
        return {"__typename": "Fulfillment", **self.shop.fulfil(
            wanted, told["method"], told["trackingCode"], input["handler"]["code"])}

    def _transitionFulfillmentToState(self, id: str, state: str) -> Any:
        return {"__typename": "Fulfillment", **self.shop.move_parcel(id, state)}

    def _transitionOrderToState(self, id: str, state: str) -> Any:
        self._must_be(id)
        return self.order_row(self.shop.transition(id, state))

    def _cancelOrder(self, input: Mapping[str, Any]) -> Any:
        lines = input.get("lines")
        if lines is not None and not sum(one["quantity"] for one in lines):
            return {"__typename": "EmptyOrderLineSelectionError", "message": "At least one",
                    "errorCode": "EMPTY_ORDER_LINE_SELECTION_ERROR"}
        self._must_be(input["orderId"])
        wanted = None if lines is None else {
            one["orderLineId"]: one["quantity"] for one in lines}
        return self.order_row(self.shop.cancel(
            input["orderId"], wanted, shipping=bool(input.get("cancelShipping")),
            reason=input.get("reason") or ""))

    def _must_be(self, number: str) -> None:
        if number not in self.shop.orders:
            raise coded("ENTITY_NOT_FOUND", f'No Order with the id "{number}" could be found')


def coded(code: str, message: str) -> GraphQLError:
    """An error as Vendure's own have it."""
    return GraphQLError(message, extensions={"code": code})


def _told(error: GraphQLError) -> dict[str, Any]:
    found = error.formatted
    if error.original_error is None and error.path is None:
        return {**found, "extensions": {"code": "BAD_USER_INPUT"}}
    return dict(found)


def _refusal(status: int, errors: Iterable[GraphQLError], code: str) -> Response:
    return answer(status, {"errors": [{**error.formatted, "extensions": {"code": code}}
                                      for error in errors]})


def _page(rows: Iterable[Mapping[str, Any]], options: Mapping[str, Any],
          shape: Callable[[Mapping[str, Any]], Any]) -> dict[str, Any]:
    chosen = [row for row in rows if _fits(row, options.get("filter") or {})]
    for name, direction in reversed((options.get("sort") or {}).items()):
        chosen.sort(key=lambda row, name=name: _order(row[name]), reverse=direction == "DESC")
    start = options.get("skip") or 0
    if (options.get("take") or 0) > 1000:
        raise coded("USER_INPUT_ERROR", "Cannot take more than 1000 results from a list query")
    end = start + options["take"] if options.get("take") else None
    return {"items": [shape(row) for row in chosen[start:end]], "totalItems": len(chosen)}


def _order(found: Any) -> tuple[int, Any]:
    if isinstance(found, str) and found.isdigit():
        return 1, int(found)
    return (0, 0) if found is None else (1, found)


def _fits(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    for name, told in wanted.items():
        if name in ("_or", "_and"):
            if not (any if name == "_or" else all)(_fits(row, one) for one in told):
                return False
        elif not all(_holds(name, row[name], operator, operand)
                     for operator, operand in told.items()):
            return False
    return True


def _holds(name: str, found: Any, operator: str, operand: Any) -> bool:
    match operator:
        case "isNull":
            return (found is None) == operand
        case "notEq":
            return bool(found != operand)
        case "in":
            return found in operand
        case "after":
            return found is not None and _stored(name, found) > _text(operand)
    raise NotImplementedError(operator)


def _stored(name: str, when: datetime) -> str:
    """A moment as it lies in SQLite: ``updatedAt`` without milliseconds."""
    text = when.astimezone(UTC).isoformat(" ", "milliseconds")[:23]
    return text if name == "orderPlacedAt" else text[:19]


def _text(told: str) -> str:
    return datetime.fromisoformat(told).astimezone(UTC).isoformat(" ", "milliseconds")[:23]
