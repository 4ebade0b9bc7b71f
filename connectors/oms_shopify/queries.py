"""What is asked of Shopify, document by document, with what it usually costs.

Shopify reserves the most that a query may cost from a bucket of points and gives back what was not
used. The formula is only sketched in its documentation; what it was seen to answer fits: an object
is a point, a connection twice the natural logarithm of its size for each row, a mutation ten. The
costs here are those of an order with a few lines; ``calls`` leaves so much in the bucket that the
dearest query may always be asked. None may cost more than a thousand.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log

MOST = 1000.0


@dataclass(frozen=True, slots=True)
class Query:
    """A document. ``base``: what it usually costs; ``each``: for each row, ``scaled`` where they
    are a connection's.
    """

    text: str
    base: float
    each: float = 0.0
    scaled: bool = True

    def cost(self, rows: int = 0) -> float:
        """What it costs with so many rows."""
        size = 2 * log(max(rows, 2)) if self.scaled else rows
        return min(MOST, ceil(self.base + self.each * (size if rows else 0)))


_ADDRESS = """
fragment Address on MailingAddress {
  firstName lastName company address1 address2 zip city provinceCode countryCodeV2 phone
}
"""
_LINE = """
fragment Line on LineItem {
  id name sku quantity currentQuantity
  variant { legacyResourceId barcode }
  originalUnitPriceSet { presentmentMoney { amount } }
  discountAllocations { allocatedAmountSet { presentmentMoney { amount } } }
  taxLines(first: 3) { ratePercentage priceSet { presentmentMoney { amount } } }
}
"""
LINES_AT_ONCE = 20
_ORDER = """
fragment Parts on Order {
  legacyResourceId name createdAt updatedAt cancelledAt test
  presentmentCurrencyCode taxesIncluded
  displayFinancialStatus displayFulfillmentStatus returnStatus
  email phone note tags discountCodes paymentGatewayNames
  customAttributes { key value }
  localizedFields(first: 3, purposes: [TAX]) { nodes { key value } }
  metafields(first: 10) { nodes { namespace key value } }
  totalPriceSet { presentmentMoney { amount } }
  currentTotalPriceSet { presentmentMoney { amount } }
  currentTotalDutiesSet { presentmentMoney { amount } }
  currentTotalAdditionalFeesSet { presentmentMoney { amount } }
  shippingAddress { ...Address }
  billingAddress { ...Address }
  shippingLines(first: 3) { nodes {
    title code
    discountedPriceSet { presentmentMoney { amount } }
    taxLines { priceSet { presentmentMoney { amount } } }
  } }
  lineItems(first: 20) { pageInfo { hasNextPage endCursor } nodes { ...Line } }
  transactions(first: 15) {
    id kind status createdAt processedAt formattedGateway
    amountSet { presentmentMoney { amount } }
  }
  fulfillments(first: 10) { status displayStatus createdAt }
  fulfillmentOrders(first: 5) { nodes {
    status fulfillBy assignedLocation { location { legacyResourceId isFulfillmentService } }
  } }
  refunds(first: 1) { id }
}
""" + _ADDRESS + _LINE

ORDERS = Query("""
query Orders($first: Int!, $after: String, $query: String!) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    pageInfo { hasNextPage endCursor }
    nodes { ...Parts }
  }
}
""" + _ORDER, 3, 45)

ORDERS_BY_ID = Query("""
query OrdersById($ids: [ID!]!) {
  nodes(ids: $ids) { ... on Order { ...Parts } }
}
""" + _ORDER, 3, 45, scaled=False)

MORE_LINES = Query("""
query MoreLines($id: ID!, $after: String!) {
  order(id: $id) {
    lineItems(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { ...Line } }
  }
}
""" + _LINE, 100)

AFTER = Query("""
query After($id: ID!) {
  order(id: $id) {
    legacyResourceId name updatedAt presentmentCurrencyCode
    billingAddress { firstName lastName }
    fulfillments(first: 10) { status createdAt }
    refunds(first: 11) {
      id createdAt note
      return { id }
      totalRefundedSet { presentmentMoney { amount } }
      refundLineItems(first: 30) { nodes {
        quantity restockType
        lineItem { id name sku variant { legacyResourceId } }
      } }
      refundShippingLines(first: 3) { nodes {
        subtotalAmountSet { presentmentMoney { amount } }
        taxAmountSet { presentmentMoney { amount } }
      } }
      transactions(first: 5) { nodes { id kind status } }
    }
    returns(first: 10) { nodes {
      id name status createdAt
      returnLineItems(first: 20) { nodes {
        quantity processedQuantity returnReasonNote customerNote
        ... on ReturnLineItem {
          fulfillmentLineItem { lineItem { id name sku variant { legacyResourceId } } }
        }
      } }
      refunds(first: 5) { nodes { totalRefundedSet { presentmentMoney { amount } } } }
    } }
  }
}
""", 60)
REFUNDS_AT_ONCE = 10

RETURNS = Query("""
query Returns($first: Int!, $after: String, $query: String!) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    pageInfo { hasNextPage endCursor }
    nodes { legacyResourceId updatedAt }
  }
}
""", 3, 1)

SHOP = Query("""
query Shop {
  shop { name currencyCode ianaTimezone }
  currentAppInstallation { accessScopes { handle } }
}
""", 4)

PROBE = Query("""
query Probe {
  orders(first: 1, sortKey: UPDATED_AT, reverse: true) { nodes {
    email phone shippingAddress { firstName lastName address1 city phone }
  } }
}
""", 6)

SCOPES = Query("""
query Scopes { currentAppInstallation { accessScopes { handle } } }
""", 3)

LOCATIONS = Query("""
query Locations {
  locations(first: 100) { nodes { legacyResourceId name fulfillsOnlineOrders } }
}
""", 14)

VARIANTS = Query("""
query Variants($first: Int!, $after: String, $query: String, $location: ID!) {
  shop { currencyCode }
  productVariants(first: $first, after: $after, query: $query, sortKey: ID) {
    pageInfo { hasNextPage endCursor }
    nodes {
      legacyResourceId title displayName sku barcode price
      product { title status onlineStoreUrl }
      inventoryItem { tracked inventoryLevel(locationId: $location) {
        quantities(names: ["available"]) { name quantity }
      } }
    }
  }
}
""", 4, 6)

STOCK_OF = Query("""
query StockOf($ids: [ID!]!, $location: ID!) {
  nodes(ids: $ids) { ... on ProductVariant {
    legacyResourceId
    inventoryItem { id tracked inventoryLevel(locationId: $location) { id } }
  } }
}
""", 1, 3, scaled=False)

PRICE_OF = Query("""
query PriceOf($ids: [ID!]!) {
  shop { currencyCode }
  nodes(ids: $ids) { ... on ProductVariant { legacyResourceId product { id } } }
}
""", 2, 2, scaled=False)

WORK = Query("""
query Work($id: ID!) {
  order(id: $id) {
    legacyResourceId updatedAt cancelledAt displayFulfillmentStatus presentmentCurrencyCode
    fulfillments(first: 10) {
      id status createdAt
      trackingInfo(first: 10) { number company url }
      fulfillmentLineItems(first: 50) { nodes { quantity lineItem { id } } }
    }
    fulfillmentOrders(first: 10) { nodes {
      id status
      supportedActions { action }
      assignedLocation { location { id } }
      lineItems(first: 100) { nodes { id remainingQuantity lineItem { id } } }
    } }
  }
}
""", 40)

CALL_OFF = Query("""
query CallOff($id: ID!) {
  order(id: $id) {
    legacyResourceId cancelledAt displayFulfillmentStatus presentmentCurrencyCode
    lineItems(first: 100) {
      pageInfo { hasNextPage }
      nodes { id quantity currentQuantity unfulfilledQuantity }
    }
    fulfillments(first: 10) { status }
  }
}
""", 25)

GIVEN_BACK = Query("""
query GivenBack($id: ID!) {
  order(id: $id) {
    legacyResourceId presentmentCurrencyCode
    transactions(first: 30) {
      id kind status gateway manualPaymentGateway parentTransaction { id }
      amountSet { presentmentMoney { amount } }
    }
    refunds(first: 30) {
      id note createdAt
      totalRefundedSet { presentmentMoney { amount } }
      transactions(first: 5) { nodes { id kind status } }
    }
  }
}
""", 40)

HOOKS = Query("""
query Hooks($uri: String!, $after: String) {
  webhookSubscriptions(first: 100, after: $after, uri: $uri) {
    pageInfo { hasNextPage endCursor }
    nodes { id topic uri }
  }
}
""", 14)
