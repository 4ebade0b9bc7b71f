"""Targowisko's JSON in the SDK's terms, and back. Pure: no network, no clock.

A function takes one piece of the marketplace's document and returns one piece of ours. What cannot
be understood raises ``Puzzling`` with the name of the field; the caller turns it into an
``Unreadable`` that keeps the whole text.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from oms_connector import (
    Address,
    ItemResult,
    Offer,
    Order,
    OrderLine,
    Payment,
    Shipment,
    StockItem,
    Unreadable,
)

from oms_demo import words

State = Literal["unpaid", "ready", "shipped", "delivered", "cancelled"]

# the marketplace's status -> ours
STATES: Mapping[str, State] = {
    "waiting_payment": "unpaid",
    "to_send": "ready",
    "sent": "shipped",
    "delivered": "delivered",
    "cancelled": "cancelled",
}
PAYMENT_KINDS: Mapping[str, Literal["prepaid", "cod"]] = {"online": "prepaid", "cod": "cod"}
OUTCOMES: Mapping[str, Literal["applied", "rejected"]] = {
    "applied": "applied", "unchanged": "applied", "rejected": "rejected",
}


class Puzzling(Exception):
    """A document that makes no sense; ``field`` says where."""

    def __init__(self, template: str, field: str, found: Any) -> None:
        shown = repr(found)
        super().__init__(template % {"field": field, "found": shown[:200]})
        self.field = field


def order(document: Any) -> Order | Unreadable:
    """An order; an ``Unreadable`` with the whole text when something in it makes no sense."""
    try:
        return _order(document)
    except Puzzling as puzzle:
        raw = json.dumps(document, ensure_ascii=False)
        return Unreadable(_id_of(document), raw, str(puzzle), puzzle.field)


def _order(document: Any) -> Order:
    status = text(document, "status")
    payment = child(document, "payment")
    buyer = child(document, "buyer")
    delivery = child(document, "delivery")
    totals = child(document, "totals")
    invoice = child(document, "invoice") if value(document, "invoice") else None
    payments = [payment_in(entry) for entry in children(payment, "received")]
    return Order(
        external_id=text(document, "id"),
        revision=revision(document),
        state=choice(STATES, status, "status"),
        raw_status=status,
        placed_at=moment(document, "placed_at"),
        ship_by=moment_or_none(document, "send_by"),
        shipped_at=moment_or_none(document, "sent_at"),
        currency=text(document, "currency"),
        lines=[line(entry) for entry in children(document, "items")],
        shipping=amount(totals, "delivery"),
        discount=amount(totals, "discount"),
        total=amount(totals, "total"),
        payment_kind=choice(PAYMENT_KINDS, text(payment, "kind"), "payment.kind"),
        payment_method=text_or_empty(payment, "method"),
        payments=payments,
        paid=bool(payments),
        buyer_ref=text_or_empty(buyer, "login"),
        buyer_name=text_or_empty(buyer, "name"),
        buyer_email=text_or_empty(buyer, "email"),
        buyer_phone=text_or_empty(buyer, "phone"),
        buyer_company=text_or_empty(buyer, "company"),
        tax_id=text_or_empty(invoice, "tax_id") if invoice else "",
        wants_invoice=bool(invoice),
        buyer_note=text_or_empty(document, "note"),
        ship_to=address(child(delivery, "address")),
        bill_to=address(invoice) if invoice else None,
        delivery_method=text_or_empty(delivery, "method"),
        carrier=text_or_empty(delivery, "carrier"),
        pickup_point=text_or_empty(delivery, "pickup_point"),
        reason=text_or_empty(document, "cancel_reason"),
    )


def revision(document: Any) -> str:
    """The revision as text that sorts like the number it is: 12 comes after 9."""
    return f"{whole(document, 'revision'):09d}"


def line(entry: Any) -> OrderLine:
    """One position of an order."""
    return OrderLine(
        line_ref=text(entry, "line_id"),
        offer_ref=text(entry, "offer_id"),
        sku=text_or_empty(entry, "sku"),
        ean=text_or_empty(entry, "ean"),
        title=text(entry, "title"),
        quantity=whole(entry, "quantity"),
        unit_price=amount(entry, "unit_price"),
        vat_rate=text_or_empty(entry, "vat_rate"),
    )


def payment_in(entry: Any) -> Payment:
    """Money the marketplace has taken from the buyer."""
    return Payment(
        reference=text(entry, "id"), amount=amount(entry, "amount"), at=moment(entry, "at"),
        method=text_or_empty(entry, "method"),
    )


def address(entry: Any) -> Address:
    """A delivery or invoice address. Gaps stay gaps: the shop holds the order and says why."""
    return Address(**{
        name: text_or_empty(entry, name)
        for name in ("name", "company", "street", "postcode", "city", "country", "phone")
    })


def offer(entry: Any) -> Offer | Unreadable:
    """An offer with the quantity that buyers see."""
    try:
        price = child(entry, "price")
        return Offer(
            offer_ref=text(entry, "id"), title=text(entry, "title"),
            sku=text_or_empty(entry, "sku"), ean=text_or_empty(entry, "ean"),
            url=text_or_empty(entry, "url"), price=amount(price, "amount"),
            currency=text(price, "currency"), quantity=whole(entry, "quantity"),
            active=text_or_empty(entry, "status") == "active",
        )
    except Puzzling as puzzle:
        raw = json.dumps(entry, ensure_ascii=False)
        return Unreadable(_id_of(entry), raw, str(puzzle), puzzle.field)


def stock_out(item: StockItem) -> dict[str, Any]:
    """A quantity to be set, as the marketplace wants it."""
    return {"offer_id": item.offer_ref, "quantity": item.quantity, "key": item.key}


def stock_results(items: Sequence[StockItem], results: Any) -> list[ItemResult]:
    """One result per item, in order; ``unknown`` where the marketplace says nothing of it."""
    told: defaultdict[str, deque[Any]] = defaultdict(deque)
    for entry in results if isinstance(results, list) else ():
        told[str(value(entry, "offer_id"))].append(entry)
    return [
        _stock_result(told[item.offer_ref].popleft() if told[item.offer_ref] else None)
        for item in items
    ]


def _stock_result(entry: Mapping[str, Any] | None) -> ItemResult:
    if entry is None:
        return ItemResult("unknown", words.NO_ANSWER)
    told = str(entry.get("outcome"))
    if told not in OUTCOMES:
        return ItemResult("unknown", words.ODD_ANSWER % {"outcome": told[:60]})
    return ItemResult(OUTCOMES[told], str(entry.get("message", "")), str(entry.get("code", "")))


def shipment_out(shipment: Shipment) -> dict[str, Any]:
    """A shipment as the marketplace wants to be told of it."""
    return {
        "sent_at": shipment.shipped_at.isoformat(),
        "complete": shipment.complete,
        "lines": dict(shipment.lines),
        "parcels": [
            {"carrier": parcel.carrier or "other", "tracking": parcel.tracking, "url": parcel.url}
            for parcel in shipment.parcels if parcel.tracking
        ],
    }


# Reading JSON with a complaint that names the field


def value(document: Any, name: str) -> Any:
    """What a field holds; None when it is missing, or when this is no object at all."""
    return document.get(name) if isinstance(document, dict) else None


def child(document: Any, name: str) -> Mapping[str, Any]:
    """An object within an object."""
    found = value(document, name)
    if not isinstance(found, dict):
        raise Puzzling(words.NOT_AN_OBJECT, name, found)
    return found


def children(document: Any, name: str) -> Sequence[Any]:
    """A list within an object."""
    found = value(document, name)
    if not isinstance(found, list):
        raise Puzzling(words.NOT_A_LIST, name, found)
    return found


def text(document: Any, name: str) -> str:
    """A text that must be there."""
    found = value(document, name)
    if not isinstance(found, str) or not found:
        raise Puzzling(words.NOT_A_TEXT, name, found)
    return found


def text_or_empty(document: Any, name: str) -> str:
    """A text that may be missing."""
    return "" if value(document, name) in (None, "") else text(document, name)


def whole(document: Any, name: str) -> int:
    """A whole number. JSON's ``true`` is none, nor is a number in quotes."""
    found = value(document, name)
    if isinstance(found, bool) or not isinstance(found, int):
        raise Puzzling(words.NOT_WHOLE, name, found)
    return found


def amount(document: Any, name: str) -> Decimal:
    """An amount of money, which the marketplace writes as text: never through a float."""
    written = text(document, name)
    try:
        found = Decimal(written)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise Puzzling(words.NOT_AN_AMOUNT, name, written)
    return found


def moment(document: Any, name: str) -> datetime:
    """A moment with its zone."""
    written = text(document, name)
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Puzzling(words.NOT_A_MOMENT, name, written)
    return found


def moment_or_none(document: Any, name: str) -> datetime | None:
    """A moment that may not have come yet."""
    return None if value(document, name) is None else moment(document, name)


def choice(table: Mapping[str, Any], word: str, name: str) -> Any:
    """What a word stands for; a word that is new to us is not guessed at."""
    if word not in table:
        raise Puzzling(words.UNKNOWN, name, word)
    return table[word]


def _id_of(document: Any) -> str:
    return str(value(document, "id") or "?")[:120]
