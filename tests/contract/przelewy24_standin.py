"""Przelewy24 as a stand-in: checks every signature, pays out nothing that was not confirmed."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from oms_connector import Limit, Response
from oms_connector.testing import Delivery, Request, answer
from oms_przelewy24 import Przelewy24Connector

from tests.contract.paying_standin import Kept, Provider

MERCHANT, API_KEY, CRC = 61000, "p24-api-key-of-the-kit", "p24-crc-of-the-kit"
USER = "Basic " + base64.b64encode(f"{MERCHANT}:{API_KEY}".encode()).decode()
REGISTER = {"merchantId": int, "posId": int, "sessionId": str, "amount": int, "currency": str,
            "description": str, "email": str, "client": str, "country": str, "language": str,
            "urlReturn": str, "urlStatus": str, "sign": str, "encoding": str}
LENGTHS = {"sessionId": 100, "description": 1024, "email": 50, "client": 40, "urlReturn": 250,
           "urlStatus": 250}


def seal(crc: str = CRC, **fields: Any) -> str:
    """SHA-384 over the fields in the order they are given in, written out by hand."""
    parts = [f'"{name}":{found}' if isinstance(found, int) else
             f'"{name}":{json.dumps(found, ensure_ascii=False)}'
             for name, found in (fields | {"crc": crc}).items()]
    return hashlib.sha384(("{" + ",".join(parts) + "}").encode()).hexdigest()


class Przelewy24(Provider):
    """One merchant. A payment that came is an advance until it is confirmed."""

    connector = Przelewy24Connector
    limits = (Limit(per_second=5, burst=10),)
    signs_fields = True
    open_word, paid_word = 0, 1  # type: ignore[assignment]

    def ref_of(self, number: int, key: str) -> str:
        return key

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"url": "https://sandbox.przelewy24.pl", "merchant_id": MERCHANT, "pos_id": ""}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"api_key": API_KEY, "crc": CRC}

    def exchange(self, request: Request) -> Response:
        if request.headers.get("authorization") != USER or not self.is_open:
            return answer(401, {"error": "Incorrect authentication", "code": 401})
        path = request.path
        if path == "/api/v1/testAccess":
            return answer(200, {"data": True, "error": ""})
        if (request.method, path) == ("POST", "/api/v1/transaction/register"):
            return self._register(request.json())
        if (request.method, path) == ("PUT", "/api/v1/transaction/verify"):
            return self._verify(request.json())
        if (request.method, path) == ("POST", "/api/v1/transaction/refund"):
            return self._refund(request.json())
        if found := re.fullmatch(r"/api/v1/transaction/by/sessionId/([^/]+)", path):
            kept = self.kept.get(unquote(found[1]))
            return answer(200, {"data": self._row(kept), "responseCode": 0}) if kept else \
                answer(404, {"error": "Transaction not found", "code": 404})
        if found := re.fullmatch(r"/api/v1/refund/by/orderId/(\d+)", path):
            kept = next((one for one in self.kept.values()
                         if self.order_id(one) == int(found[1])), None)
            if kept is None or not kept.refunds:
                return answer(404, {"error": "Refund not found", "code": 404})
            rows = [{"batchId": 1, "requestId": one["id"], "date": "2026-11-23 10:31",
                     "login": "api", "description": one["text"], "status": 3,
                     "amount": one["amount"]} for one in kept.refunds]
            return answer(200, {"data": {
                "orderId": int(found[1]), "sessionId": kept.ref, "amount": kept.amount,
                "currency": kept.currency, "refunds": rows}, "responseCode": 0})
        return answer(404, {"error": "Not found", "code": 404})

    def order_id(self, kept: Kept) -> int:
        """The gateway's own number, which begins with the payment."""
        return 0 if kept.state == 0 else 3_000_000_000 + list(self.kept).index(kept.ref)

    def _register(self, said: Mapping[str, Any]) -> Response:
        wanted = seal(sessionId=said["sessionId"], merchantId=said["merchantId"],
                      amount=said["amount"], currency=said["currency"])
        if said["sign"] != wanted:
            return answer(400, {"error": "Incorrect sign", "code": 400})
        kept = self.kept.get(said["sessionId"])
        if kept is not None and kept.state != 0:
            return answer(400, {"error": "Incorrect sessionId", "code": 400})
        kept = kept or self.add(said["sessionId"], said["amount"], said["currency"])
        token = hashlib.sha256(kept.ref.encode()).hexdigest()[:30].upper()
        return answer(200, {"data": {"token": token}, "responseCode": 0})

    def _verify(self, said: Mapping[str, Any]) -> Response:
        kept = self.kept[said["sessionId"]]
        wanted = seal(sessionId=kept.ref, orderId=self.order_id(kept), amount=kept.amount,
                      currency=kept.currency)
        if said["sign"] != wanted:
            return answer(400, {"error": "Incorrect sign", "code": 400})
        kept.state = 2 if kept.state == 1 else kept.state  # type: ignore[assignment]
        return answer(200, {"data": {"status": "success"}, "responseCode": 0})

    def _refund(self, said: Mapping[str, Any]) -> Response:
        [one] = said["refunds"]
        kept = self.kept[one["sessionId"]]
        if any(each["id"] == said["requestId"] for each in kept.refunds):
            return answer(400, {"error": "Request already exists", "code": 400})
        why = "Transaction in wrong status - cannot refund" if kept.state != 2 else \
            "The amount of refund exceeds available amount for the transaction" \
            if one["amount"] > kept.left else ""
        if why:
            return answer(409, {"error": [one | {"status": False, "message": why}], "code": 409})
        kept.refunds.append({"id": said["requestId"], "amount": one["amount"],
                             "text": one["description"]})
        return answer(201, {"data": [one | {"status": True, "message": "success"}],
                            "responseCode": 0})

    def _row(self, kept: Kept) -> dict[str, Any]:
        return {"statement": "p24-X", "orderId": self.order_id(kept), "sessionId": kept.ref,
                "status": kept.state, "amount": kept.amount, "currency": kept.currency,
                "date": "202611231030", "dateOfTransaction": "", "clientEmail": "",
                "accountMD5": "", "paymentMethod": 154, "description": "x", "clientName": "",
                "clientAddress": "", "clientCity": "", "clientPostcode": "", "batchId": 0,
                "fee": "0"}

    def ring(self, ref: str) -> Delivery:
        self.rings += 1
        kept = self.kept[ref]
        said = {"merchantId": MERCHANT, "posId": MERCHANT, "sessionId": ref,
                "amount": kept.amount, "originAmount": kept.amount, "currency": kept.currency,
                "orderId": 3_100_000_000 + self.rings, "methodId": 154,
                "statement": "p24-Ż/1"}
        return posted(said | {"sign": seal(**said)})

    def violations(self, request: Request, response: Response) -> Sequence[str]:
        if request.method == "GET":
            return []
        said = request.json()
        if request.path.endswith("/register"):
            wrong = [f"{name} is not known" for name in sorted(set(said) - set(REGISTER))]
            wrong += [f"{name} is of another kind" for name, found in said.items()
                      if type(found) is not REGISTER.get(name)]
            wrong += [f"{name} is too long" for name, most in LENGTHS.items()
                      if len(said.get(name, "")) > most]
            return wrong
        if request.path.endswith("/refund"):
            return [name for name, most in (("requestId", 45), ("refundsUuid", 35))
                    if not 0 < len(said[name]) <= most] + \
                ["description" for one in said["refunds"] if len(one["description"]) > 35]
        return [] if set(said) == {"merchantId", "posId", "sessionId", "amount", "currency",
                                   "orderId", "sign"} else ["verify has other fields"]


def posted(said: Mapping[str, Any]) -> Delivery:
    """A notice as it is posted: JSON, its signature in it."""
    return Delivery(json.dumps(said, ensure_ascii=False).encode(),
                    {"Content-Type": "application/json"})
