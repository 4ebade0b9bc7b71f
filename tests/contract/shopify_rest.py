"""Orders in the older form that webhooks and published samples have, as the GraphQL API shows them.

Only for samples: the connector itself reads no such documents, it is only rung by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SENDING = {None: "UNFULFILLED", "fulfilled": "FULFILLED", "partial": "PARTIALLY_FULFILLED",
           "pending": "PENDING_FULFILLMENT", "unfulfilled": "UNFULFILLED"}


def as_row(order: Mapping[str, Any]) -> dict[str, Any]:
    """An order as GraphQL shows it."""
    return {
        "legacyResourceId": str(order["id"]), "name": order.get("name"),
        "createdAt": order["created_at"], "updatedAt": order["updated_at"],
        "cancelledAt": order.get("cancelled_at"), "test": order.get("test", False),
        "presentmentCurrencyCode": order.get("presentment_currency") or order["currency"],
        "taxesIncluded": order.get("taxes_included", False),
        "displayFinancialStatus": order["financial_status"].upper(),
        "displayFulfillmentStatus": SENDING[order.get("fulfillment_status")],
        "returnStatus": "NO_RETURN", "email": order.get("email"), "phone": order.get("phone"),
        "note": order.get("note"), "tags": list(filter(None, order.get("tags", "").split(", "))),
        "discountCodes": [one["code"] for one in order.get("discount_codes", ())],
        "paymentGatewayNames": order.get("payment_gateway_names", []),
        "customAttributes": [{"key": one["name"], "value": one["value"]}
                             for one in order.get("note_attributes", ())],
        "localizedFields": {"nodes": []}, "metafields": {"nodes": []},
        "totalPriceSet": bag(order, "total_price"),
        "currentTotalPriceSet": bag(order, "current_total_price")
        if "current_total_price" in order else bag(order, "total_price"),
        "shippingAddress": _address(order.get("shipping_address")),
        "billingAddress": _address(order.get("billing_address")),
        "shippingLines": {"nodes": [{
            "title": one["title"], "code": one.get("code"),
            "discountedPriceSet": bag(one, "discounted_price" if one.get("discounted_price")
                                      else "price"),
            "taxLines": [{"priceSet": bag(tax, "price")} for tax in one.get("tax_lines", ())],
        } for one in order.get("shipping_lines", ())]},
        "lineItems": {"nodes": [_line(one) for one in order["line_items"]]},
        "transactions": [], "refunds": [{"id": one["id"]} for one in order.get("refunds", ())][:1],
        "fulfillments": [_parcel(one) for one in order.get("fulfillments", ())],
        "fulfillmentOrders": {"nodes": []},
    }


def as_after(order: Mapping[str, Any]) -> dict[str, Any]:
    """Its refunds, whole."""
    return {"fulfillments": [_parcel(one) for one in order.get("fulfillments", ())],
            "returns": {"nodes": []}, "refunds": [{
                "id": f"gid://shopify/Refund/{one['id']}", "createdAt": one["created_at"],
                "return": None, "note": one.get("note"),
                "totalRefundedSet": {"presentmentMoney": {"amount": str(sum(
                    float(paid["amount"]) for paid in one.get("transactions", ())))}},
                "refundLineItems": {"nodes": [{
                    "quantity": row["quantity"], "restockType": row["restock_type"].upper(),
                    "lineItem": {"id": f"gid://shopify/LineItem/{row['line_item_id']}"},
                } for row in one["refund_line_items"]]},
                "refundShippingLines": {"nodes": []}, "transactions": {"nodes": []},
            } for one in order.get("refunds", ())]}


def bag(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An amount as the buyer saw it."""
    told = (row.get(f"{name}_set") or {}).get("presentment_money") or {}
    return {"presentmentMoney": {"amount": told.get("amount") or row[name]}}


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/LineItem/{line['id']}", "name": line["name"], "sku": line.get("sku"),
        "quantity": line["quantity"],
        "currentQuantity": line.get("current_quantity", line["quantity"]),
        "variant": {"legacyResourceId": str(line["variant_id"])} if line.get("variant_id")
        else None,
        "originalUnitPriceSet": bag(line, "price"),
        "discountAllocations": [{"allocatedAmountSet": bag(one, "amount")}
                                for one in line.get("discount_allocations", ())],
        "taxLines": [{"ratePercentage": tax["rate"] * 100, "priceSet": bag(tax, "price")}
                     for tax in line.get("tax_lines", ())],
    }


def _parcel(parcel: Mapping[str, Any]) -> dict[str, Any]:
    return {"status": parcel["status"].upper(), "createdAt": parcel["created_at"],
            "displayStatus": None}


def _address(told: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if told is None:
        return None
    names = {"firstName": "first_name", "lastName": "last_name", "company": "company",
             "address1": "address1", "address2": "address2", "zip": "zip", "city": "city",
             "provinceCode": "province_code", "countryCodeV2": "country_code", "phone": "phone"}
    return {ours: told.get(theirs) for ours, theirs in names.items()}
