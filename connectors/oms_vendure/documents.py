"""The GraphQL documents, as text.

A field that a shop has added itself (``customFields``) has a type of its own there, so it can only
be asked for by name; names come from the account's settings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oms_connector import AccessRefused

from oms_vendure import words

PLACES = ("order", "customer", "address")
NAME = re.compile(r"[A-Za-z]\w{0,59}", re.ASCII)
WITH_PLACE = ("tax_field", "point_field", "note_field")
OFFER = "variant"


@dataclass(frozen=True, slots=True)
class OwnFields:
    """Fields the shop has added. ``places``: setting -> (where it is, its name)."""

    places: Mapping[str, tuple[str, str]]

    def names(self, place: str) -> str:
        """A selection of the fields of one place; empty where there are none."""
        names = dict.fromkeys(name for where, name in self.places.values() if where == place)
        return f" customFields {{ {' '.join(names)} }}" if names else ""


def own_fields(settings: Mapping[str, Any]) -> OwnFields:
    """What the account's settings name: ``order.nip``; of offers without a place.

    Raises:
        AccessRefused: one of them is no name; ``field`` says which.
    """
    found: dict[str, tuple[str, str]] = {}
    for setting in (*WITH_PLACE, "ean_field"):
        told = str(settings.get(setting) or "").strip()
        if not told:
            continue
        place, _, name = told.rpartition(".") if setting in WITH_PLACE else (OFFER, ".", told)
        if place not in (*PLACES, OFFER) or not NAME.fullmatch(name):
            raise AccessRefused(words.NO_FIELD % {"found": told[:60]}, setting)
        found[setting] = (place, name)
    return OwnFields(found)


PRECISION = "settings: globalSettings { serverConfig { moneyStrategyPrecision } }"
KNOWN = "query Known { globalSettings { id } }"

LOGIN = """
mutation LogIn($username: String!, $password: String!) {
  login(username: $username, password: $password) {
    __typename
    ... on ErrorResult { errorCode message }
  }
}
"""

CHANNEL = """
query Channel {
  channel: activeChannel {
    code pricesIncludeTax defaultCurrencyCode availableCurrencyCodes seller { name }
  }
}
"""

_ADDRESS = """{
  fullName company streetLine1 streetLine2 city province postalCode countryCode phoneNumber%s
}"""

_LINES = "lines { id quantity orderPlacedQuantity }"
_FULFILLMENTS = """fulfillments {
  id state method trackingCode lines { orderLineId quantity }
}"""
_NEWEST_EVENT = """newest: history(options: { take: 1, sort: { createdAt: DESC } }) {
  items { createdAt }
}"""
_HISTORY = """history(options: {
  take: 100, sort: { createdAt: DESC },
  filter: { type: { in: ["ORDER_CANCELLATION", "ORDER_FULFILLMENT_TRANSITION"] } }
}) { items { id type createdAt data } }"""


def order(own: OwnFields) -> str:
    """The selection of a whole order."""
    address = _ADDRESS % own.names("address")
    return f"""{{
  id code state orderPlacedAt updatedAt currencyCode couponCodes totalWithTax shippingWithTax
  customer {{ id emailAddress firstName lastName phoneNumber{own.names("customer")} }}
  shippingAddress {address}
  billingAddress {address}
  lines {{
    id quantity orderPlacedQuantity proratedUnitPriceWithTax proratedLinePriceWithTax taxRate
    taxLines {{ description }} productVariant {{ id sku name }}
  }}
  surcharges {{ description priceWithTax }}
  shippingLines {{ priceWithTax shippingMethod {{ code name }} }}
  payments {{
    id method amount state updatedAt
    refunds {{ id total state updatedAt }}
  }}
  {_FULFILLMENTS}
  {_NEWEST_EVENT}
  {_HISTORY}{own.names("order")}
}}"""


BRIEF = f"{{ id state orderPlacedAt updatedAt {_LINES} {_FULFILLMENTS} {_NEWEST_EVENT} }}"
"""The selection of an order that is about to be changed."""

STOCK = """trackInventory outOfStockThreshold useGlobalOutOfStockThreshold
  stockLevels { stockLocationId stockOnHand stockAllocated }"""


def offer(own: OwnFields) -> str:
    """The selection of an offer."""
    return f"""{{
  id sku name enabled priceWithTax currencyCode product {{ enabled }}
  {STOCK}{own.names(OFFER)}
}}"""


COUNTING = "counting: globalSettings { trackInventory outOfStockThreshold }"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing that can be listed. ``beside``: what else is asked for with a list."""

    many: str
    one: str
    options: str
    fields: str
    beside: str = ""

    @property
    def listed(self) -> str:
        """A page."""
        return self._page(self.fields, self.beside)

    @property
    def ids(self) -> str:
        """A page of ids alone."""
        return self._page("{ id }", "")

    @property
    def single(self) -> str:
        """One of them."""
        return f"query One($id: ID!) {{ one: {self.one}(id: $id) {self.fields} }}"

    def _page(self, fields: str, beside: str) -> str:
        return (f"query Page($options: {self.options}) {{ page: {self.many}(options: $options) "
                f"{{ totalItems items {fields} }} {beside} }}")


_NEWEST = """{name}: orders(options: {{
  take: 1, sort: {{ {field}: DESC }},
  filter: {{ orderPlacedAt: {{ isNull: false }}, type: {{ notEq: "Aggregate" }} }}
}}) {{ items {{ {field} }} }}"""


def orders(own: OwnFields) -> Kind:
    """Orders, with the moments of the newest ones."""
    newest = " ".join(_NEWEST.format(name=name, field=field) for name, field in (
        ("newestPlaced", "orderPlacedAt"), ("newestChanged", "updatedAt")))
    return Kind("orders", "order", "OrderListOptions", order(own), f"{newest} {PRECISION}")


def offers(own: OwnFields) -> Kind:
    """Variants of products, which are what is sold."""
    return Kind("productVariants", "productVariant", "ProductVariantListOptions", offer(own),
                f"{COUNTING} {PRECISION}")


ORDER = f"query Order($id: ID!) {{ order(id: $id) {BRIEF} }}"

COUNTED = f"""
query Counted($options: ProductVariantListOptions) {{
  page: productVariants(options: $options) {{ totalItems items {{ id {STOCK} }} }}
  places: stockLocations(options: {{ take: 100, sort: {{ id: ASC }} }}) {{
    totalItems items {{ id name }}
  }}
  {COUNTING}
}}
"""

PRICED = f"""
query Priced($options: ProductVariantListOptions) {{
  page: productVariants(options: $options) {{
    totalItems items {{ id taxRateApplied {{ value }} }}
  }}
  channel: activeChannel {{ pricesIncludeTax defaultCurrencyCode availableCurrencyCodes }}
  {PRECISION}
}}
"""

COUNT = """
mutation Count($input: [UpdateProductVariantInput!]!) {
  updateProductVariants(input: $input) { id stockLevels { stockLocationId stockOnHand } }
}
"""

PRICE = """
mutation Price($input: [UpdateProductVariantInput!]!) {
  updateProductVariants(input: $input) { id prices { currencyCode price } }
}
"""

FULFIL = """
mutation Fulfil($input: FulfillOrderInput!) {
  addFulfillmentToOrder(input: $input) {
    __typename
    ... on Fulfillment { id state }
    ... on FulfillmentStateTransitionError { transitionError }
    ... on CreateFulfillmentError { fulfillmentHandlerError }
    ... on ErrorResult { errorCode message }
  }
}
"""

MOVE_PARCEL = """
mutation MoveParcel($id: ID!, $state: String!) {
  transitionFulfillmentToState(id: $id, state: $state) {
    __typename
    ... on Fulfillment { id state }
    ... on FulfillmentStateTransitionError { transitionError }
    ... on ErrorResult { errorCode message }
  }
}
"""

MOVE_ORDER = """
mutation MoveOrder($id: ID!, $state: String!) {
  transitionOrderToState(id: $id, state: $state) {
    __typename
    ... on Order { id state }
    ... on OrderStateTransitionError { transitionError }
    ... on ErrorResult { errorCode message }
  }
}
"""

CALL_OFF = """
mutation CallOff($input: CancelOrderInput!) {
  cancelOrder(input: $input) {
    __typename
    ... on Order { id state }
    ... on OrderStateTransitionError { transitionError }
    ... on ErrorResult { errorCode message }
  }
}
"""

MAY_SELL = "mutation MaySell { updateProductVariants(input: []) { id } }"
MAY_SEND = """
mutation MaySend { cancelOrder(input: { orderId: "0", lines: [] }) { __typename } }
"""
"""Both are refused without the right, and with it change nothing: there is nothing in them."""

STATUSES = "query Statuses { settings: globalSettings { serverConfig { orderProcess { name } } } }"
_WORDS = """
query Words {{ page: {many}(options: {{ take: 100 }}) {{ totalItems items {{ {ref} name }} }} }}
"""
PAYMENTS = _WORDS.format(many="paymentMethods", ref="code")
DELIVERIES = _WORDS.format(many="shippingMethods", ref="code")
WAREHOUSES = _WORDS.format(many="stockLocations", ref="id")
