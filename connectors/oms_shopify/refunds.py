"""Money back through the shop's gateway, by ``refundCreate``. Source: Admin API, ``refundCreate``.

An idempotency key is good for a while only, so what is there is looked at first: a mark of our key
stands in the note. Money goes back by one transaction, the one it came by; a gateway that the
seller works by hand (a bank transfer, cash) moves none, so it is not asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any

from oms_connector import ChannelDown, NotFound, OutcomeUnknown, RefundAsk, RefundTold, Refused
from oms_connector.paying import in_minor
from oms_connector.reading import Puzzling, children, decimal, moment_or_none, shown, text, value

from oms_shopify import words
from oms_shopify.calls import Api
from oms_shopify.changes import GIVE_BACK
from oms_shopify.pushing import key_of
from oms_shopify.queries import GIVEN_BACK
from oms_shopify.reading import gid, money, nodes, ref

TAKEN = ("SALE", "CAPTURE")
GONE = ("SUCCESS", "PENDING", "AWAITING_RESPONSE", "UNKNOWN")
FAILED = ("FAILURE", "ERROR")


def refund(api: Api, ask: RefundAsk) -> RefundTold:
    """Give money of an order back, unless it was given back under this key before.

    Raises:
        NotFound: there is no such order.
        Refused: the gateway is the seller's own hand, or more is asked for than is left.
        OutcomeUnknown: sent, and nobody knows.
    """
    in_minor(ask.amount)
    row = _order(api, ask)
    if row is None:
        raise NotFound(words.NO_ORDER)
    try:
        known = _known(row, ask, "")
        if known is not None:
            return known
        body = _input(row, ask)
    except Puzzling as puzzle:
        raise ChannelDown(str(puzzle)) from puzzle
    made = api.do(GIVE_BACK, {"key": key_of("refund", ask.payment, ask.key), "input": body},
                  "refundCreate", "refund")
    try:
        return _told(made["refund"], ask)
    except Puzzling as puzzle:
        raise OutcomeUnknown(str(puzzle)) from puzzle


def find(api: Api, ask: RefundAsk, reference: str = "") -> RefundTold | None:
    """The refund of our mark, or of the shop's own number.

    Raises:
        ChannelDown: Shopify fails, or what it answers makes no sense.
    """
    row = _order(api, ask)
    try:
        return _known(row, ask, reference) if row is not None else None
    except Puzzling as puzzle:
        raise ChannelDown(str(puzzle)) from puzzle


def mark_of(ask: RefundAsk) -> str:
    """A mark of our key, as it stands in the note."""
    return f"({sha256(ask.key.encode()).hexdigest()[:8]})"


def _order(api: Api, ask: RefundAsk) -> Any:
    if not ask.payment.isdigit():
        return None
    told = api.ask(GIVEN_BACK, {"id": gid("Order", ask.payment)})
    if "order" not in told:
        raise ChannelDown(words.LACKS % {"names": "order"})
    return told["order"]


def _known(row: Any, ask: RefundAsk, reference: str) -> RefundTold | None:
    return next((_told(one, ask) for one in children(row, "refunds")
                 if mark_of(ask) in shown(one, "note")
                 or (reference and ref(one) == reference)), None)


def _told(one: Any, ask: RefundAsk) -> RefundTold:
    statuses = [text(each, "status") for each in nodes(one, "transactions")]
    failed = any(status in FAILED for status in statuses)
    is_done = bool(statuses) and all(status == "SUCCESS" for status in statuses)
    return RefundTold(
        ref(one), money(one, "totalRefundedSet") if not failed else ask.amount,
        "refused" if failed else "done" if is_done else "pending", ask.key,
        moment_or_none(one, "createdAt"), "" if is_done else ", ".join(statuses))


def _input(row: Any, ask: RefundAsk) -> dict[str, Any]:
    parent = _parent(row, ask.amount)
    body: dict[str, Any] = {
        "orderId": gid("Order", ask.payment), "notify": False,
        "currency": text(row, "presentmentCurrencyCode"),
        "note": f"{ask.description[:200]} {mark_of(ask)}",
        "refundLineItems": [{
            "lineItemId": gid("LineItem", line.line_ref), "quantity": line.quantity,
            "restockType": "NO_RESTOCK"} for line in ask.lines if line.quantity],
        "transactions": [{
            "orderId": gid("Order", ask.payment), "kind": "REFUND",
            "parentId": text(parent, "id"), "gateway": text(parent, "gateway"),
            "amount": f"{ask.amount:.2f}"}],
    }
    if ask.shipping > 0:
        body["shipping"] = {"amount": f"{ask.shipping:.2f}"}
    return body


def _parent(row: Any, wanted: Decimal) -> Any:
    """The transaction that money came by and of which as much is left.

    Raises:
        Refused: there is none, or only such as the seller works by hand.
    """
    rows = children(row, "transactions")
    came = [one for one in rows
            if value(one, "kind") in TAKEN and value(one, "status") == "SUCCESS"]
    by_machine = [one for one in came if value(one, "manualPaymentGateway") is not True]
    if came and not by_machine:
        raise Refused(words.BY_HAND)
    gone: dict[str, Decimal] = {}
    for one in rows:
        if value(one, "kind") == "REFUND" and value(one, "status") in GONE:
            name = str(value(one, "parentTransaction", "id") or "")
            gone[name] = gone.get(name, Decimal(0)) + _amount(one)
    for one in by_machine:
        if _amount(one) - gone.get(text(one, "id"), Decimal(0)) >= wanted:
            return one
    raise Refused(words.TOO_LARGE, field="amount")


def _amount(one: Mapping[str, Any]) -> Decimal:
    return decimal(value(one, "amountSet", "presentmentMoney", "amount"), "amountSet")
