"""Allegro's payments as a stand-in: refunds by command, and claims of the commission."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from oms_connector import Response

from tests.contract.allegro_answers import answer, refused
from tests.contract.allegro_shop import SPACE, Shop, money, stamp

COMMISSION = Decimal("0.10")
REASONS = ("REFUND", "COMPLAINT", "PRODUCT_NOT_AVAILABLE", "PAID_VALUE_TOO_LOW", "OVERPAID",
           "CANCELLED_BY_BUYER", "NOT_COLLECTED")


class Money:
    """Refunds and claims of one shop. ``forgets_commands``: a command given twice is an error, and
    not the answer to the first one: which of the two Allegro does is not written down.
    """

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.refunds: list[dict[str, Any]] = []
        self.claims: list[dict[str, Any]] = []
        self.status = "SUCCESS"
        self.forgets_commands = False
        self.has_rights = True
        self._commands: dict[str, dict[str, Any]] = {}

    def serve(self, method: str, steps: list[str], params: Mapping[str, Any], document: Any
              ) -> Response:
        if steps[0] == "payments":
            if not self.has_rights:
                return answer(403, {"error": "access_denied",
                                    "error_description": "scope payments is missing"})
            return self._refund(document) if method == "POST" else self._list(params)
        if method == "POST":
            return self._claim(document)
        if len(steps) == 2:
            rows = [one for one in self.claims
                    if params.get("lineItem.offer.id") in (None, one["lineItem"]["offer"]["id"])]
            start = int(params.get("offset", 0))
            return answer(200, {"count": len(rows),
                                "refundClaims": rows[start:start + int(params["limit"])]})
        known = next((one for one in self.claims if one["id"] == steps[2]), None)
        if known is None:
            return refused(404, "NotFound", "Refund application not found")
        if method == "GET":
            return answer(200, known)
        if known["status"] != "IN_PROGRESS":
            return refused(422, "Processed", "It has already been processed")
        known["status"] = "CANCELLED"
        return Response(204, {}, b"")

    # Money back

    def _list(self, params: Mapping[str, Any]) -> Response:
        rows = [{k: v for k, v in one.items() if k != "commandId"} for one in self.refunds
                if params.get("order.id", one["order"]["id"]) == one["order"]["id"]]
        start = int(params.get("offset", 0))
        page = rows[start:start + int(params["limit"])]
        return answer(200, {"refunds": page, "count": len(page), "totalCount": len(rows)})

    def _refund(self, document: Any) -> Response:
        try:
            UUID(document["commandId"])
        except (KeyError, ValueError):
            return refused(422, "VALIDATION_ERROR", "commandId is no UUID", "commandId")
        if document["commandId"] in self._commands:
            return refused(422, "VALIDATION_ERROR", "This command was given") \
                if self.forgets_commands else answer(200, self._commands[document["commandId"]])
        form = self.shop.forms.get(document["order"]["id"])
        if form is None or (form["payment"] or {}).get("id") != document["payment"]["id"]:
            return refused(404, "NotFound", "Payment not found")
        wrong = self._wrong(form, document)
        if wrong:
            return refused(422, "VALIDATION_ERROR", wrong)
        total = sum((self._worth(form, line) for line in document.get("lineItems", ())),
                    Decimal(0)) + _delivery(document)
        made = {
            "id": str(UUID(int=SPACE.int + 7_000 + len(self.refunds))), "status": self.status,
            "createdAt": stamp(self.shop.now), "totalValue": money(total),
            **{name: document[name] for name in
               ("payment", "order", "reason", "sellerComment", "lineItems", "delivery")
               if name in document}}
        self.refunds.append(made)
        self._commands[document["commandId"]] = made
        return answer(200, made)

    def _wrong(self, form: Mapping[str, Any], document: Mapping[str, Any]) -> str:
        if document["reason"] not in REASONS or len(document.get("sellerComment", "")) > 250:
            return "Reason or comment is wrong"
        if not document.get("lineItems") and not document.get("delivery"):
            return "Nothing is to be refunded"
        if form["payment"]["paidAmount"] is None:
            return "Paid on delivery"
        back = [one for one in self.refunds if one["order"]["id"] == form["id"]
                and one["status"] != "CANCELED"]
        for line in document.get("lineItems", ()):
            sold = next((one for one in form["lineItems"] if one["id"] == line["id"]), None)
            if sold is None:
                return "No such line"
            gone = sum((self._worth(form, one) for each in back
                        for one in each.get("lineItems", ()) if one["id"] == line["id"]),
                       Decimal(0))
            if gone + self._worth(form, line) > Decimal(sold["price"]["amount"]) * sold["quantity"]:
                return "Offer: quantity exceeded"
        delivery = sum(map(_delivery, back), Decimal(0)) + _delivery(document)
        if delivery > Decimal(form["delivery"]["cost"]["amount"]):
            return "Delivery exceeded"
        return ""

    def _worth(self, form: Mapping[str, Any], line: Mapping[str, Any]) -> Decimal:
        if line["type"] == "AMOUNT":
            return Decimal(line["value"]["amount"])
        sold = next(one for one in form["lineItems"] if one["id"] == line["id"])
        return Decimal(sold["price"]["amount"]) * line["quantity"]

    # The commission

    def _claim(self, document: Any) -> Response:
        line_id, count = document["lineItem"]["id"], document["quantity"]
        form, line = next(((form, line) for form in self.shop.forms.values()
                           for line in form["lineItems"] if line["id"] == line_id), (None, None))
        if form is None or line is None:
            return refused(422, "NoPurchase", "There is no such purchase")
        mine = [one for one in self.claims
                if one["lineItem"]["id"] == line_id and one["status"] != "CANCELLED"]
        if sum(one["quantity"] for one in mine) + count > line["quantity"]:
            return refused(422, "QuantityException", "All of it is claimed")
        self.add_claim(line, count)
        return answer(201, {"id": self.claims[-1]["id"]})

    def add_claim(self, line: Mapping[str, Any], count: int, kind: str = "MANUAL") -> None:
        """A claim, by the seller or by Allegro itself."""
        price = Decimal(line["price"]["amount"]) * count
        self.claims.append({
            "id": str(UUID(int=SPACE.int + 9_000 + len(self.claims))), "status": "IN_PROGRESS",
            "quantity": count, "type": kind, "createdAt": stamp(self.shop.now),
            "buyer": {"id": "44300110"},
            "commission": {"amount": float(round(price * COMMISSION, 2)), "currency": "PLN"},
            "lineItem": {"id": line["id"], "quantity": line["quantity"],
                         "boughtAt": line["boughtAt"], "offer": {"id": line["offer"]["id"]}}})

    def grant(self, ref: str) -> Decimal:
        """Allegro grants a claim."""
        one = next(one for one in self.claims if one["id"] == ref)
        one["status"] = "GRANTED"
        return Decimal(str(one["commission"]["amount"]))


def _delivery(document: Mapping[str, Any]) -> Decimal:
    return Decimal(document["delivery"]["value"]["amount"]) if document.get("delivery") \
        else Decimal(0)
