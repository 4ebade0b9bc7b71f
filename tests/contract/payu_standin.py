"""PayU as a stand-in: answers 302 to an order, takes each ``extOrderId`` once, pages nothing."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from oms_connector import Limit, Response
from oms_connector.testing import Clock, Delivery, Request, answer
from oms_payu import PayuConnector

from tests.contract.paying_standin import Kept, Provider

CLIENT_SECRET, SECOND_KEY = "payu-client-secret-of-the-kit", "payu-second-key-of-the-kit"
ORDER = {"notifyUrl", "continueUrl", "customerIp", "merchantPosId", "extOrderId", "description",
         "currencyCode", "totalAmount", "validityTime", "products", "buyer"}
NEEDED = {"customerIp", "merchantPosId", "description", "currencyCode", "totalAmount", "products"}


class Payu(Provider):
    """One point of sale."""

    connector = PayuConnector
    limits = (Limit(per_second=5, burst=10),)
    signatures = ("openpayu-signature",)
    open_word, paid_word = "NEW", "COMPLETED"
    algorithm = "SHA-256"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.tokens: set[str] = set()
        self.issued = 0

    def ref_of(self, number: int, key: str) -> str:
        return f"WZHF5F{number:06d}GUEST000P01"

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"url": "https://secure.snd.payu.com", "pos_id": "300746", "client_id": ""}

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"client_secret": CLIENT_SECRET, "second_key": SECOND_KEY}

    def expire_tokens(self) -> None:
        self.tokens.clear()

    def exchange(self, request: Request) -> Response:
        if request.path == "/pl/standard/user/oauth/authorize":
            return self._token(request)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens or not self.is_open:
            return answer(401, {"status": {"statusCode": "UNAUTHORIZED"}})
        if request.path == "/api/v2_1/paymethods":
            return answer(200, {"payByLinks": [], "status": {"statusCode": "SUCCESS"}})
        if (request.method, request.path) == ("POST", "/api/v2_1/orders"):
            return self._open(request.json())
        found = re.fullmatch(r"/api/v2_1/orders/(\w+)(/refunds)?", request.path)
        kept = self.kept.get(found[1]) if found else None
        if found is None or kept is None:
            return no(404, "DATA_NOT_FOUND")
        if not found[2]:
            return answer(200, {"orders": [self._row(kept)], "status": {"statusCode": "SUCCESS"},
                                "properties": []})
        if request.method == "GET":
            return answer(200, [_refund(one) for one in kept.refunds])
        return self._refund(kept, request.json()["refund"])

    def _token(self, request: Request) -> Response:
        form = dict(parse_qsl(request.body.decode()))
        if form != {"grant_type": "client_credentials", "client_id": "300746",
                    "client_secret": CLIENT_SECRET} or not self.is_open:
            return answer(401, {"error": "invalid_client", "error_description": "Bad client"})
        self.issued += 1
        token = f"payu-token-{self.issued}"
        self.tokens.add(token)
        return answer(200, {"access_token": token, "token_type": "bearer", "expires_in": 43199,
                            "grant_type": "client_credentials"})

    def _open(self, said: Mapping[str, Any]) -> Response:
        if any(one.key == said["extOrderId"] for one in self.kept.values()):
            return no(400, "ERROR_ORDER_NOT_UNIQUE")
        kept = self.add(said["extOrderId"], int(said["totalAmount"]), said["currencyCode"])
        url = f"https://merch-prod.snd.payu.com/pay/?orderId={kept.ref}"
        return answer(302, {"status": {"statusCode": "SUCCESS"}, "redirectUri": url,
                            "orderId": kept.ref, "extOrderId": kept.key}, location=url)

    def _row(self, kept: Kept) -> dict[str, Any]:
        return {"orderId": kept.ref, "extOrderId": kept.key, "merchantPosId": "300746",
                "orderCreateDate": "2026-11-23T10:30:00.000+01:00", "customerIp": "127.0.0.1",
                "description": "x", "currencyCode": kept.currency, "totalAmount": str(kept.amount),
                "status": kept.state, "products": []}

    def _refund(self, kept: Kept, said: Mapping[str, str]) -> Response:
        if kept.state != "COMPLETED":
            return no(400, "ERROR_VALUE_INVALID")
        amount = int(said["amount"])
        if amount > kept.left:
            return no(400, "ERROR_VALUE_INVALID", "REFUND_AMOUNT_BIGGER_THAN_AVAILABLE")
        kept.refunds.append({"id": f"500000{len(self.kept):02d}{len(kept.refunds)}",
                             "key": said["extRefundId"], "amount": amount, "status": "PENDING"})
        return answer(200, {"orderId": kept.ref, "refund": _refund(kept.refunds[-1]), "status": {
            "statusCode": "SUCCESS", "statusDesc": "Refund queued for processing"}})

    def ring(self, ref: str) -> Delivery:
        self.rings += 1
        return self.signed({"order": self._row(self.kept[ref]), "properties": [],
                            "localReceiptDateTime": f"2026-11-23T10:30:{self.rings:02d}+01:00"})

    def signed(self, said: Any) -> Delivery:
        """A notice with its signature."""
        body = json.dumps(said, ensure_ascii=False).encode()
        made = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[self.algorithm]
        mark = made(body + SECOND_KEY.encode()).hexdigest()
        return Delivery(body, {
            "Content-Type": "application/json; charset=UTF-8", "OpenPayu-Signature":
            f"sender=checkout;signature={mark};algorithm={self.algorithm};content=DOCUMENT"})

    def violations(self, request: Request, response: Response) -> Sequence[str]:
        wrong = []
        if request.path == "/api/v2_1/orders":
            said = request.json()
            wrong += [f"{name} is not known" for name in sorted(set(said) - ORDER)]
            wrong += [f"{name} is missing" for name in sorted(NEEDED - set(said))]
            wrong += [f"{name} is no text" for name in ("totalAmount", "validityTime")
                      if not re.fullmatch(r"[1-9]\d*", str(said.get(name))) or not isinstance(
                          said.get(name), str)]
        if request.path.endswith("/refunds") and request.method == "POST":
            wrong += [f"{name} is not known" for name in sorted(set(request.json()["refund"]) - {
                "description", "amount", "extRefundId", "currencyCode"})]
        if request.method == "POST" and "oauth" not in request.path and \
                request.headers.get("content-type") != "application/json":
            wrong.append("the body is not called JSON")
        return wrong


def _refund(one: Mapping[str, Any]) -> dict[str, Any]:
    return {"refundId": one["id"], "extRefundId": one["key"], "amount": str(one["amount"]),
            "currencyCode": "PLN", "description": "Zwrot", "status": one["status"],
            "creationDateTime": "2026-11-23T10:31:00.000+01:00",
            "statusDateTime": "2026-11-23T10:31:00.000+01:00"}


def no(status: int, code: str, literal: str = "") -> Response:
    """A refusal in PayU's form."""
    return answer(status, {"status": {"statusCode": code, "severity": "ERROR"} | (
        {"codeLiteral": literal} if literal else {})})
