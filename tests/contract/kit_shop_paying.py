"""Kram takes payments too: the connector's part, and the shop's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from oms_connector import (
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
        return _refund(self._send("POST", f"payments/{quote(ask.payment)}/refunds", "id", {
            "key": ask.key, "amount": in_minor(ask.amount)}))

    def find_refund(self, ask: RefundAsk, reference: str = "") -> RefundTold | None:
        told = self.payment(ask.payment)
        return next((one for one in (told.refunds if told else ())
                     if reference in ("", one.reference) and one.key == ask.key), None)


def _refund(one: Mapping[str, Any]) -> RefundTold:
    return RefundTold(one["id"], Decimal(one["amount"]) / 100, "done", one["key"])


class PayingDesk:
    """The shop's part: payments by their numbers."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}

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
        """What went back of a payment."""
        return [Decimal(each["amount"]) / 100 for each in self.kept[ref]["refunds"]]


def _no(status: int) -> Response:
    return answer(status, {"error": {"code": "no", "message": "no"}})
