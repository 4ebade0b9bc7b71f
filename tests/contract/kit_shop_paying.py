"""Kram takes payments too: the connector's part, and the shop's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from oms_connector import (
    FeeClaim,
    FeeClaimTold,
    NotFound,
    PaymentAsk,
    PaymentLink,
    PaymentTold,
    RefundAsk,
    RefundTold,
    Response,
)
from oms_connector.paying import in_minor
from oms_connector.testing import Request, answer


class Paying:
    """The connector's part; ``_get`` and ``_send`` are the connector's."""

    def ask_payment(self: Any, ask: PaymentAsk) -> PaymentLink:
        said = self._send("POST", "payments", "url", {
            "key": ask.key, "amount": in_minor(ask.amount), "currency": ask.currency})
        return PaymentLink(said["id"], said["url"])

    def payment(self: Any, reference: str) -> PaymentTold | None:
        try:
            one = self._get(f"payments/{quote(reference)}", "state")
        except NotFound:
            return None
        amount = Decimal(one["amount"]) / 100
        return PaymentTold(
            one["id"], one["state"], amount, one["currency"], one["key"],
            amount if one["state"] == "paid" else Decimal(0),
            refunds=[_refund(each) for each in one["refunds"]])

    def refund(self: Any, ask: RefundAsk) -> RefundTold:
        said = {"key": ask.key, "amount": in_minor(ask.amount)}
        if _is_order(ask.payment):
            said["shipping"] = in_minor(ask.shipping) if ask.shipping else 0
            said["lines"] = {one.line_ref: [one.quantity, in_minor(one.amount)]
                             for one in ask.lines}
        return _refund(self._send("POST", f"{_path(ask.payment)}/refunds", "id", said))

    def find_refund(self: Any, ask: RefundAsk, reference: str = "") -> RefundTold | None:
        found = [_refund(one) for one in
                 self._get(f"{_path(ask.payment)}/refunds", "refunds")["refunds"]]
        return next((one for one in found
                     if reference in ("", one.reference) and one.key == ask.key), None)

    def claim_fee(self: Any, claim: FeeClaim) -> FeeClaimTold:
        return _claim(self._send("POST", f"orders/{quote(claim.order_ref)}/claims", "id", {
            "key": claim.key, "line": claim.line_ref, "count": claim.quantity}))

    def find_fee_claim(self: Any, claim: FeeClaim, reference: str = "") -> FeeClaimTold | None:
        said = self._get(f"orders/{quote(claim.order_ref)}/claims", "claims")
        return next((_claim(one) for one in said["claims"] if one["key"] == claim.key), None)

    def withdraw_fee_claim(self: Any, reference: str) -> None:
        self._send("DELETE", f"claims/{quote(reference)}", "ended")


def _is_order(ref: str) -> bool:
    """Orders are K00001, payments P1."""
    return not ref.startswith("P")


def _path(ref: str) -> str:
    return f"{'orders' if _is_order(ref) else 'payments'}/{quote(ref)}"


def _refund(one: Mapping[str, Any]) -> RefundTold:
    return RefundTold(one["id"], Decimal(one["amount"]) / 100, "done", one["key"])


def _claim(one: Mapping[str, Any]) -> FeeClaimTold:
    granted = one["state"] == "granted"
    return FeeClaimTold(one["id"], one["state"], one["count"],
                        Decimal(one["amount"]) / 100 if granted else None, "PLN")


class PayingDesk:
    """The shop's part: payments by their numbers, and refunds and claims of ``orders``."""

    def __init__(self, orders: Mapping[str, Mapping[str, Any]]) -> None:
        self.kept: dict[str, dict[str, Any]] = {}
        self.back: dict[str, list[dict[str, Any]]] = {}
        self.claims: dict[str, list[dict[str, Any]]] = {}
        self.is_able = True
        self._orders = orders

    def of_payment(self, request: Request, ref: str) -> Response:
        return answer(200, {"refunds": self.kept[ref]["refunds"]}) if ref in self.kept else _no(404)

    def of_order(self, request: Request, ref: str) -> Response:
        return answer(200, {"refunds": self.back.get(ref, [])}) if ref in self._orders else _no(404)

    def give_order_back(self, request: Request, ref: str) -> Response:
        """A part of an order's money, once for each key."""
        said, back = request.json(), self.back.setdefault(ref, [])
        for each in back:
            if each["key"] == said["key"]:
                return answer(200, each)
        if ref not in self._orders or not self.is_able:
            return _no(404 if ref not in self._orders else 422)
        paid = sum(Decimal(one["amount"]) for one in self._orders[ref]["payments"]) * 100
        parts = said["shipping"] + sum(money for _, money in said["lines"].values())
        if parts > said["amount"] or sum(one["amount"] for one in back) + said["amount"] > paid:
            return _no(422)
        back.append({**said, "id": f"{ref}-B{len(back)}"})
        return answer(201, back[-1])

    def claim(self, request: Request, ref: str) -> Response:
        """The commission of units that went back, once for each key."""
        said, claims = request.json(), self.claims.setdefault(ref, [])
        for each in claims:
            if each["key"] == said["key"]:
                return answer(200, each)
        back = sum(one["lines"].get(said["line"], [0])[0] for one in self.back.get(ref, []))
        taken = sum(one["count"] for one in claims
                    if one["line"] == said["line"] and one["state"] != "withdrawn")
        if taken + said["count"] > back:
            return _no(422)
        claims.append({**said, "id": f"C-{ref}-{len(claims)}", "state": "open", "amount": 123})
        return answer(201, claims[-1])

    def claims_of(self, request: Request, ref: str) -> Response:
        known = ref in self._orders
        return answer(200, {"claims": self.claims.get(ref, [])}) if known else _no(404)

    def unclaim(self, request: Request, ref: str) -> Response:
        one = self.claim_of(ref)
        one["state"] = "withdrawn"
        return answer(200, {"ended": ref})

    def claim_of(self, ref: str) -> dict[str, Any]:
        """A claim by its number."""
        return next(one for found in self.claims.values() for one in found if one["id"] == ref)

    def open(self, request: Request) -> Response:
        said = request.json()
        for one in self.kept.values():
            if one["key"] == said["key"]:
                return answer(200, one)
        ref = f"P{len(self.kept) + 1}"
        self.kept[ref] = {**said, "id": ref, "state": "waiting", "refunds": [],
                          "url": f"https://kram.example/pay/{ref}"}
        return answer(201, self.kept[ref])

    def tell(self, request: Request, ref: str) -> Response:
        return answer(200, self.kept[ref]) if ref in self.kept else _no(404)

    def give_back(self, request: Request, ref: str) -> Response:
        said, one = request.json(), self.kept[ref]
        for each in one["refunds"]:
            if each["key"] == said["key"]:
                return answer(200, each)
        if sum(each["amount"] for each in one["refunds"]) + said["amount"] > one["amount"]:
            return _no(422)
        one["refunds"].append({**said, "id": f"{ref}-{len(one['refunds'])}"})
        return answer(201, one["refunds"][-1])

    def amounts(self, key: str) -> Sequence[Decimal]:
        """What was asked for under a key."""
        return [Decimal(one["amount"]) / 100 for one in self.kept.values() if one["key"] == key]

    def refunds(self, ref: str) -> Sequence[Decimal]:
        """What went back of a payment or an order."""
        found = self.back.get(ref, []) if _is_order(ref) else self.kept[ref]["refunds"]
        return [Decimal(each["amount"]) / 100 for each in found]


def _no(status: int) -> Response:
    return answer(status, {"error": {"code": "no", "message": "no"}})
