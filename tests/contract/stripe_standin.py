"""Stripe as a stand-in: forms in, JSON out, answers of a key repeated, newest refunds first."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

from oms_connector import Limit, Response
from oms_connector.testing import Clock, Delivery, Request, answer
from oms_stripe import StripeConnector

from tests.contract.paying_standin import Kept, Provider

KEY, SIGNING = "sk_test_of_the_kit", "whsec_of_the_kit"
LINE = r"line_items\[0\]\[(quantity|price_data\]\[(currency|unit_amount|product_data\]\[name))\]"
KNOWN = re.compile(
    r"mode|client_reference_id|success_url|cancel_url|locale|customer_email|" + LINE +
    r"|(payment_intent_data\[metadata\]|metadata)\[oms_key\]|payment_intent|amount|reason")


class Stripe(Provider):
    """One account in the test world."""

    connector = StripeConnector
    limits = (Limit(per_second=25, burst=25),)
    signatures = ("stripe-signature",)
    signs_moment = True

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.answers: dict[str, tuple[bytes, Response]] = {}

    def ref_of(self, number: int, key: str) -> str:
        return f"cs_test_{number:06d}"

    @property
    def settings(self) -> Mapping[str, Any]:
        return {}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"api_key": KEY, "signing_secret": SIGNING}

    def exchange(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {KEY}" or not self.is_open:
            return answer(401, {"error": {"type": "invalid_request_error"}})
        if request.method == "POST":
            return self._once(request)
        if request.path == "/v1/checkout/sessions":
            return answer(200, {"object": "list", "data": []})
        if request.path == "/v1/refunds":
            kept = self._by_intent(request.query["payment_intent"])
            return answer(200, {"object": "list", "has_more": False, "data": [
                self._refund_row(kept, one) for one in kept.refunds[::-1]]})
        found = re.fullmatch(r"/v1/checkout/sessions/([^/]+)", request.path)
        kept = self.kept.get(unquote(found[1])) if found else None
        return answer(200, self._row(kept)) if kept else no(404, "resource_missing")

    def _once(self, request: Request) -> Response:
        key = request.headers["idempotency-key"]
        if key in self.answers:
            body, told = self.answers[key]
            return told if body == request.body else no(400, "idempotency_error")
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        made = self._open(form) if request.path == "/v1/checkout/sessions" else self._refund(form)
        self.answers[key] = (request.body, made)
        return made

    def _open(self, form: Mapping[str, str]) -> Response:
        amount = int(form["line_items[0][price_data][unit_amount]"])
        if amount < 200:
            return no(400, "amount_too_small", "line_items")
        kept = self.add(form["metadata[oms_key]"], amount,
                        form["line_items[0][price_data][currency]"].upper())
        return answer(200, self._row(kept) | {
            "url": f"https://checkout.stripe.com/c/pay/{kept.ref}#fid"})

    def _refund(self, form: Mapping[str, str]) -> Response:
        kept, amount = self._by_intent(form["payment_intent"]), int(form["amount"])
        if amount > kept.left:
            return no(400, "charge_already_refunded" if not kept.left else "amount_too_large",
                      "amount")
        kept.refunds.append({"id": f"re_{kept.ref}_{len(kept.refunds)}", "amount": amount,
                             "key": form["metadata[oms_key]"]})
        return answer(200, self._refund_row(kept, kept.refunds[-1]))

    def _by_intent(self, ref: str) -> Kept:
        return self.kept[ref.replace("pi_", "cs_", 1)]

    def _row(self, kept: Kept) -> dict[str, Any]:
        is_paid = kept.state == "paid"
        charge = {"object": "charge", "created": 1763887800,
                  "disputed": kept.more.get("disputed", False),
                  "payment_method_details": {"type": "blik"}}
        return {"id": kept.ref, "object": "checkout.session", "amount_total": kept.amount,
                "currency": kept.currency.lower(), "metadata": {"oms_key": kept.key},
                "status": "complete" if is_paid else kept.state,
                "payment_status": "paid" if is_paid else "unpaid", "payment_intent": {
                    "id": kept.ref.replace("cs_", "pi_", 1), "latest_charge": charge,
                } if is_paid else None}

    def _refund_row(self, kept: Kept, one: Mapping[str, Any]) -> dict[str, Any]:
        return {"id": one["id"], "object": "refund", "amount": one["amount"],
                "currency": kept.currency.lower(), "status": "pending", "created": 1763887900,
                "metadata": {"oms_key": one["key"]}, "reason": "requested_by_customer"}

    def ring(self, ref: str) -> Delivery:
        self.rings += 1
        return self.signed({"id": f"evt_{self.rings}", "object": "event",
                            "type": "checkout.session.completed",
                            "data": {"object": self._row(self.kept[ref])}})

    def ping(self) -> Delivery:
        return self.signed({"id": "evt_0", "object": "event", "type": "price.created",
                            "data": {"object": {"id": "price_1", "object": "price"}}})

    def signed(self, said: Any) -> Delivery:
        """An event with its signature."""
        body, stamp = json.dumps(said).encode(), str(int(self.now.timestamp()))
        mark = hmac.new(SIGNING.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        return Delivery(body, {"Content-Type": "application/json",
                               "Stripe-Signature": f"t={stamp},v1={'0' * 64},v1={mark}"})

    def violations(self, request: Request, response: Response) -> Sequence[str]:
        if request.method == "GET":
            return sorted(set(request.query) - {"limit", "expand[]", "payment_intent"})
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        wrong = [f"{name} is not a parameter" for name in form if not KNOWN.fullmatch(name)]
        if not 0 < len(request.headers.get("idempotency-key", "")) <= 255:
            wrong.append("a key is missing or too long")
        return wrong


def no(status: int, code: str, param: str = "") -> Response:
    """A refusal in Stripe's form."""
    return answer(status, {"error": {"type": "invalid_request_error", "code": code,
                                     "param": param, "message": "No."}})
