"""What Shopify is told, document by document. A mutation costs ten points and a little."""

from __future__ import annotations

from oms_shopify.queries import Query

SET_STOCK = Query("""
mutation SetStock($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id }
    userErrors { code field message }
  }
}
""", 14)

ACTIVATE = Query("""
mutation Activate($item: ID!, $location: ID!, $available: Int!, $key: String!) {
  inventoryActivate(inventoryItemId: $item, locationId: $location, available: $available)
      @idempotent(key: $key) {
    inventoryLevel { id }
    userErrors { field message }
  }
}
""", 14)

TRACK = Query("""
mutation Track($item: ID!) {
  inventoryItemUpdate(id: $item, input: {tracked: true}) {
    inventoryItem { id tracked }
    userErrors { field message }
  }
}
""", 14)

SET_PRICES = Query("""
mutation SetPrices($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $product, variants: $variants, allowPartialUpdates: true) {
    productVariants { legacyResourceId price }
    userErrors { code field message }
  }
}
""", 14)

FULFIL = Query("""
mutation Fulfil($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) {
    fulfillment { id status }
    userErrors { field message }
  }
}
""", 14)

RETRACK = Query("""
mutation Retrack($id: ID!, $tracking: FulfillmentTrackingInput!, $notify: Boolean!) {
  fulfillmentTrackingInfoUpdate(
    fulfillmentId: $id, trackingInfoInput: $tracking, notifyCustomer: $notify
  ) {
    fulfillment { id }
    userErrors { field message }
  }
}
""", 14)

PROGRESS = Query("""
mutation Progress($id: ID!) {
  fulfillmentOrderReportProgress(id: $id) {
    fulfillmentOrder { id status }
    userErrors { field message }
  }
}
""", 14)

HOLD = Query("""
mutation Hold($id: ID!, $hold: FulfillmentOrderHoldInput!) {
  fulfillmentOrderHold(id: $id, fulfillmentHold: $hold) {
    fulfillmentOrder { id status }
    userErrors { field message }
  }
}
""", 14)

RELEASE = Query("""
mutation Release($id: ID!) {
  fulfillmentOrderReleaseHold(id: $id) {
    fulfillmentOrder { id status }
    userErrors { field message }
  }
}
""", 14)

OPEN = Query("""
mutation Open($id: ID!) {
  fulfillmentOrderOpen(id: $id) {
    fulfillmentOrder { id status }
    userErrors { field message }
  }
}
""", 14)

CANCEL = Query("""
mutation Cancel($id: ID!, $note: String) {
  orderCancel(
    orderId: $id, reason: OTHER, restock: false, notifyCustomer: false, staffNote: $note,
    refundMethod: {originalPaymentMethodsRefund: false}
  ) {
    job { id done }
    orderCancelUserErrors { code field message }
  }
}
""", 14)

TAKE_OUT = Query("""
mutation TakeOut($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) {
    refund { id }
    userErrors { field message }
  }
}
""", 14)

GIVE_BACK = Query("""
mutation GiveBack($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) {
    refund {
      id note createdAt
      totalRefundedSet { presentmentMoney { amount } }
      transactions(first: 5) { nodes { id kind status } }
    }
    userErrors { field message }
  }
}
""", 30)

HOOK = Query("""
mutation Hook($topic: WebhookSubscriptionTopic!, $hook: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $hook) {
    webhookSubscription { id }
    userErrors { field message }
  }
}
""", 14)

UNHOOK = Query("""
mutation Unhook($id: ID!) {
  webhookSubscriptionDelete(id: $id) {
    deletedWebhookSubscriptionId
    userErrors { field message }
  }
}
""", 14)
