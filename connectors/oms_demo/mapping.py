"""Targowisko's JSON in the SDK's terms, and back. Pure: no network, no clock.

A function takes one piece of the marketplace's document and returns one piece of ours. What cannot
be understood raises ``Puzzling`` with the name of the field; the caller turns it into an
``Unreadable`` that keeps the whole text.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from oms_connector import (
    Address,
    FeeClaimTold,
    ItemResult,
    Offer,
    Order,
    OrderLine,
    ParcelInfo,
    Payment,
    PriceItem,
    RefundAsk,
    RefundTold,
    Return,
    ReturnLine,
    Shipment,
    StockItem,
    Unreadable,
)
from oms_connector.reading import Puzzling, choice, moment, moment_or_none, text, value

from oms_demo import words
from oms_demo.reading import (
    amount,
    child,
    children,
    children_or_none,
    readable,
    text_or_empty,
    units,
    whole,
)

State = Literal["unpaid", "ready", "shipped", "delivered", "cancelled"]

# the marketplace's status -> ours
STATES: Mapping[str, State] = {
    "waiting_payment": "unpaid",
    "to_send": "ready",
    "sent": "shipped",
    "delivered": "delivered",
    "cancelled": "cancelled",
}
RETURN_STATES: Mapping[str, Literal["announced", "sent", "arrived", "closed", "refused"]] = {
    "announced": "announced", "on_the_way": "sent", "arrived": "arrived", "refunded": "closed",
    "refused": "refused",
}
REFUND_STATES: Mapping[str, Literal["pending", "done", "refused"]] = {"done": "done"}
CLAIM_STATES: Mapping[str, Literal["open", "granted", "rejected", "withdrawn"]] = {
    "open": "open", "granted": "granted", "withdrawn": "withdrawn",
}
OFFER_STATUSES: Mapping[str, bool] = {"active": True, "ended": False}
CURRENCIES = ("PLN", "EUR")
"""What the marketplace sells in. Another one would be news: its minor unit is not guessed at."""
PAYMENT_KINDS: Mapping[str, Literal["prepaid", "cod"]] = {"online": "prepaid", "cod": "cod"}
OUTCOMES: Mapping[str, Literal["applied", "rejected"]] = {
    "applied": "applied", "unchanged": "applied", "rejected": "rejected",
}


def order(document: Any) -> Order | Unreadable:
    """An order; an ``Unreadable`` with the whole text when something in it makes no sense."""
    return readable(document, _order)


def _order(document: Any) -> Order:
    status = text(document, "status")
    payment = child(document, "payment")
    buyer = child(document, "buyer")
    delivery = child(document, "delivery")
    totals = child(document, "totals")
    invoice = child(document, "invoice") if value(document, "invoice") else None
    payments = [payment_in(entry) for entry in children(payment, "received")]
    payments += [given_back(entry) for entry in children_or_none(payment, "refunds")]
    return Order(
        external_id=text(document, "id"),
        revision=revision(document),
        state=choice(STATES, status, "status"),
        raw_status=status,
        placed_at=moment(document, "placed_at"),
        ship_by=moment_or_none(document, "send_by"),
        shipped_at=moment_or_none(document, "sent_at"),
        currency=currency(document),
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
        replaces=[str(ref) for ref in children_or_none(document, "replaces")],
        updated_at=moment_or_none(document, "updated_at"),
        cancelled_at=moment_or_none(document, "cancelled_at"),
    )


def currency(document: Any) -> str:
    """The money a document is in; one that is new to us is not guessed at."""
    found = text(document, "currency")
    if found not in CURRENCIES:
        raise Puzzling(words.UNKNOWN, "currency", found)
    return found


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
        quantity=units(entry, "quantity"),
        unit_price=amount(entry, "unit_price"),
        vat_rate=text_or_empty(entry, "vat_rate"),
        cancelled=units(entry, "cancelled", least=0) if value(entry, "cancelled") else 0,
    )


def payment_in(entry: Any) -> Payment:
    """Money the marketplace has taken from the buyer."""
    return Payment(
        reference=text(entry, "id"), amount=amount(entry, "amount"), at=moment(entry, "at"),
        method=text_or_empty(entry, "method"),
    )


def given_back(entry: Any) -> Payment:
    """Money the marketplace has given back to the buyer."""
    return Payment(text(entry, "id"), -amount(entry, "amount"), moment(entry, "at"))


def refund_out(ask: RefundAsk) -> dict[str, Any]:
    """A refund as the marketplace wants to be told of it."""
    return {
        "amount": f"{ask.amount:.2f}", "delivery": f"{ask.shipping:.2f}", "reason": ask.reason,
        "lines": [{"line_id": line.line_ref, "quantity": line.quantity,
                   "amount": f"{line.amount:.2f}"} for line in ask.lines],
    }


def refund_in(document: Any) -> RefundTold:
    """A refund as the marketplace knows it.

    Raises:
        Puzzling: something in it makes no sense.
    """
    return RefundTold(
        text(document, "id"), amount(document, "amount"),
        choice(REFUND_STATES, text(document, "status"), "status"),
        text(document, "key"), moment(document, "at"))


def claim_in(document: Any) -> FeeClaimTold:
    """A claim of the commission as the marketplace knows it.

    Raises:
        Puzzling: something in it makes no sense.
    """
    state = choice(CLAIM_STATES, text(document, "status"), "status")
    return FeeClaimTold(
        text(document, "id"), state, units(document, "quantity"),
        amount(document, "amount") if state == "granted" else None, currency(document))


def address(entry: Any) -> Address:
    """A delivery or invoice address. Gaps stay gaps: the shop holds the order and says why."""
    return Address(**{
        name: text_or_empty(entry, name)
        for name in ("name", "company", "street", "postcode", "city", "country", "phone")
    })


def offer(entry: Any) -> Offer | Unreadable:
    """An offer with the quantity that buyers see."""
    return readable(entry, _offer)


def _offer(entry: Any) -> Offer:
    price = child(entry, "price")
    return Offer(
        offer_ref=text(entry, "id"), title=text(entry, "title"),
        sku=text_or_empty(entry, "sku"), ean=text_or_empty(entry, "ean"),
        url=text_or_empty(entry, "url"), price=amount(price, "amount"),
        currency=currency(price), quantity=units(entry, "quantity", least=0),
        active=choice(OFFER_STATUSES, text(entry, "status"), "status"),
    )


def return_in(document: Any) -> Return | Unreadable:
    """What a buyer sends back."""
    return readable(document, _return)


def _return(document: Any) -> Return:
    status = text(document, "status")
    refunded = child(document, "refunded")
    return Return(
        external_id=text(document, "id"), order_ref=text(document, "order_id"),
        created_at=moment(document, "created_at"), currency=currency(refunded),
        lines=[
            ReturnLine(
                line_ref=text(entry, "line_id"), title=text(entry, "title"),
                quantity=units(entry, "quantity"), offer_ref=text_or_empty(entry, "offer_id"),
                sku=text_or_empty(entry, "sku"), reason=text_or_empty(document, "reason"),
            )
            for entry in children(document, "items")
        ],
        state=choice(RETURN_STATES, status, "status"), raw_status=status,
        revision=f"{whole(document, 'change'):09d}", number=text(document, "id"),
        buyer_name=text_or_empty(document, "buyer_name"),
        reason=text_or_empty(document, "reason"), refunded=amount(refunded, "amount"),
        parcels=[
            ParcelInfo(text_or_empty(entry, "carrier"), text(entry, "tracking"),
                       text_or_empty(entry, "url"))
            for entry in children(document, "parcels")
        ],
    )


def stock_out(item: StockItem) -> dict[str, Any]:
    """A quantity to be set, as the marketplace wants it."""
    return {"offer_id": item.offer_ref, "quantity": item.quantity, "key": item.key}


def price_out(item: PriceItem) -> dict[str, Any]:
    """A price to be set, as the marketplace wants it: a text with two decimals."""
    return {"offer_id": item.offer_ref, "amount": f"{item.price:.2f}", "currency": item.currency,
            "key": item.key}


def results(items: Sequence[StockItem | PriceItem], answer: Any) -> list[ItemResult]:
    """One result per item, in order; ``unknown`` where the marketplace says nothing of it."""
    told: defaultdict[str, deque[Any]] = defaultdict(deque)
    for entry in answer if isinstance(answer, list) else ():
        told[str(value(entry, "offer_id"))].append(entry)
    return [
        _result(told[item.offer_ref].popleft() if told[item.offer_ref] else None)
        for item in items
    ]


def _result(entry: Mapping[str, Any] | None) -> ItemResult:
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
