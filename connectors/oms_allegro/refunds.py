"""Money back to buyers by Allegro's own payments. Pure but for the requests.

A refund is a command under a UUID of ours, made of our key; the list of refunds does not show it,
so a mark of it stands in the comment as well. Source: developer.allegro.pl, "How to refund a
payment", and ``/payments/refunds`` in Allegro's OpenAPI file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID, uuid5

from oms_connector import (
    ChannelDown,
    NotFound,
    OutcomeUnknown,
    RefundAsk,
    RefundReason,
    RefundTold,
    Refused,
)
from oms_connector.paying import in_minor
from oms_connector.reading import (
    Puzzling,
    child,
    children,
    choice,
    moment_or_none,
    text,
    value,
    whole,
)

from oms_allegro import mapping, words
from oms_allegro.calls import Api, RightsMissing
from oms_allegro.journal import get_form
from oms_allegro.reading import amount, amount_or_none, text_or_empty

PATH = "/payments/refunds"
OURS = UUID("5b2a5a5e-4a39-4a86-9d7c-0d6a3a3a7a11")
"""The namespace of our commands' UUIDs."""
PAGE = 100
MOST_PAGES = 20
REASONS: Mapping[RefundReason, str] = {
    "return": "REFUND", "complaint": "COMPLAINT", "cancelled": "CANCELLED_BY_BUYER",
    "not_collected": "NOT_COLLECTED", "other": "REFUND",
}
State = Literal["pending", "done", "refused"]
STATES: Mapping[str, State] = {
    "NEW": "pending", "VALIDATED": "pending", "WAITING": "pending", "IN_PROGRESS": "pending",
    "PARTIAL": "pending", "SUCCESS": "done", "CANCELED": "refused", "VALIDATE_FAILED": "refused",
}


def refund(api: Api, ask: RefundAsk) -> RefundTold:
    """Order it; the same key twice is one command.

    Raises:
        Refused: more than is left of a line, of delivery or of the payment; or no right to do so.
        OutcomeUnknown: sent, and nobody knows.
    """
    in_minor(ask.amount)
    try:
        body = command(_form(api, ask), _of_order(api, ask.payment) if ask.rest else (), ask)
    except Puzzling as puzzle:
        raise ChannelDown(str(puzzle)) from puzzle
    except RightsMissing as missing:
        raise Refused(words.NO_REFUND_RIGHTS % {"why": missing}) from missing
    try:
        answer = api.send("POST", PATH, body, "id", "status")
    except RightsMissing as missing:
        raise Refused(words.NO_REFUND_RIGHTS % {"why": missing}) from missing
    except Refused:
        # What was ordered under this UUID before may be refused the second time.
        known = find(api, ask)
        if known is None:
            raise
        return known
    try:
        return _told(answer, ask)
    except Puzzling as puzzle:
        raise OutcomeUnknown(str(puzzle)) from puzzle


def find(api: Api, ask: RefundAsk, reference: str = "") -> RefundTold | None:
    """The refund of our mark, or of Allegro's own id.

    Raises:
        Refused: no right to look.
        ChannelDown: Allegro fails, or what it answers makes no sense.
    """
    mark = mark_of(ask)
    try:
        for row in _of_order(api, ask.payment):
            if mark in text_or_empty(row, "sellerComment") or (
                    reference and value(row, "id") == reference):
                return _told(row, ask)
    except Puzzling as puzzle:
        raise ChannelDown(str(puzzle)) from puzzle
    except RightsMissing as missing:
        raise Refused(words.NO_REFUND_RIGHTS % {"why": missing}) from missing
    return None


def command(form: Any, earlier: Sequence[Any], ask: RefundAsk) -> dict[str, Any]:
    """The body of a refund: whole units where they cost what goes back, else amounts.

    What no goods stand behind is taken from the lines that have something left.

    Args:
        form: the order.
        earlier: the refunds of it that Allegro knows already; needed for such a rest only.
    """
    payment = text_or_empty(child(form, "payment"), "id")
    if not payment:
        raise Refused(words.NOT_PAID_HERE)
    prices = {text(line, "id"): (amount(line, "price"), whole(line, "quantity"))
              for line in children(form, "lineItems")}
    money = {line.line_ref: line.amount for line in ask.lines}
    unknown = next((ref for ref in money if ref not in prices), None)
    if unknown is not None:
        raise Refused(words.NO_SUCH_LINE, field="lines")
    units = {line.line_ref: line.quantity for line in ask.lines}
    rest = ask.rest
    for ref, left in _left(prices, earlier) if rest > 0 else ():
        more = min(rest, left - money.get(ref, Decimal(0)))
        if more > 0:
            money[ref] = money.get(ref, Decimal(0)) + more
            units.pop(ref, None)
            rest -= more
    if rest > 0:
        raise Refused(words.MORE_THAN_GOODS, field="amount")
    body: dict[str, Any] = {
        "payment": {"id": payment}, "order": {"id": ask.payment},
        "commandId": str(uuid5(OURS, ask.key)), "reason": REASONS[ask.reason],
        "sellerComment": f"{ask.description[:200]} ({mark_of(ask)})",
        "lineItems": [_line(ref, some, units.get(ref), prices[ref][0], ask.currency)
                      for ref, some in money.items() if some > 0],
    }
    if ask.shipping > 0:
        body["delivery"] = {"value": _price(ask.shipping, ask.currency)}
    return body


def mark_of(ask: RefundAsk) -> str:
    """A mark of our key, short enough for a buyer's eyes."""
    return str(uuid5(OURS, ask.key))[:8]


def _line(ref: str, money: Decimal, units: int | None, price: Decimal, currency: str
          ) -> dict[str, Any]:
    if units and units * price == money:
        return {"id": ref, "type": "QUANTITY", "quantity": units}
    return {"id": ref, "type": "AMOUNT", "value": _price(money, currency)}


def _left(prices: Mapping[str, tuple[Decimal, int]], earlier: Sequence[Any]
          ) -> Iterator[tuple[str, Decimal]]:
    """What is left of each line, after the refunds that were not given up."""
    gone: dict[str, Decimal] = {}
    for row in earlier:
        if choice(STATES, text(row, "status"), "status") == "refused":
            continue
        for line in children(row, "lineItems"):
            ref = text(line, "id")
            some = amount_or_none(line, "value") if value(line, "type") == "AMOUNT" \
                else prices.get(ref, (Decimal(0), 0))[0] * whole(line, "quantity")
            gone[ref] = gone.get(ref, Decimal(0)) + (some or Decimal(0))
    for ref, (price, count) in prices.items():
        yield ref, price * count - gone.get(ref, Decimal(0))


def _form(api: Api, ask: RefundAsk) -> Any:
    form = get_form(api, ask.payment)
    if form is None:
        raise NotFound(words.STATUS % {"status": 404})
    if mapping.is_sent_by_allegro(form):
        raise Refused(words.ALLEGRO_REFUNDS)
    return form


def _of_order(api: Api, order: str) -> list[Any]:
    """All refunds of an order."""
    found: list[Any] = []
    for page in range(MOST_PAGES):
        rows = children(api.get(PATH, "refunds", params={
            "order.id": order, "limit": PAGE, "offset": page * PAGE}), "refunds")
        found += rows
        if len(rows) < PAGE:
            break
    return found


def _told(row: Any, ask: RefundAsk) -> RefundTold:
    status = text(row, "status")
    return RefundTold(
        text(row, "id"), amount(row, "totalValue"), choice(STATES, status, "status"), ask.key,
        moment_or_none(row, "createdAt"), "" if status == "SUCCESS" else status)


def _price(money: Decimal, currency: str) -> dict[str, str]:
    return {"amount": f"{money:.2f}", "currency": currency}
