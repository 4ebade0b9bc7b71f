"""Orders: read them, and send them in as a channel does."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from oms_connector import Address, Order, OrderLine, Payment
from pydantic import Field

from oms_web.api.operations import Call, get, post
from oms_web.api.order_shapes import (
    AddressAsked,
    OrderAnswer,
    OrderAsked,
    OrderPage,
    PaymentState,
    order_answer,
)
from oms_web.api.shapes import Day, Number, PageQuery, text
from oms_web.core.errors import NotAllowedNow
from oms_web.domain.channels.service import get_account, require_active
from oms_web.domain.orders import filters, walking, whole
from oms_web.flows.order_in import take_in


class OrderQuery(PageQuery):
    """Filters as in the list of orders; several values of one mean any of them."""

    queue: list[Annotated[str, text(12)]] = Field([], max_length=12, description=(
        "A queue, or open, or all: " + ", ".join(filters.SCOPES) + "."))
    payment: list[PaymentState] = Field([], max_length=6)
    channel: list[Number] = Field([], max_length=40, description="Numbers of channel accounts.")
    country: list[Annotated[str, text(6, 1)]] = Field(
        [], max_length=40, description="Where it goes; or abroad.")
    courier: list[Annotated[str, text(40, 1)]] = Field([], max_length=40)
    tag: list[Number] = Field([], max_length=40, description="Numbers of tags.")
    sku: list[Annotated[str, text(120, 1)]] = Field([], max_length=40)
    hold: list[Annotated[str, text(20, 1)]] = Field(
        [], max_length=10, description="Why it is held, or any.")
    warehouse: list[Number] = Field([], max_length=40, description="Where its goods are promised.")
    placed_from: Day | None = Field(None, description="Placed on this day (of Warsaw) or later.")
    placed_to: Day | None = Field(None, description="Placed on this day or before.")
    sort: str = Field("newest", pattern="^(newest|oldest)$")
    external_id: Annotated[str, text(120)] = Field("", description=(
        "Your own number: finds what your key's channel sent in; other filters do not count."))


_NAMES = {"channel": "account", "placed_from": "from", "placed_to": "to"}
_FILTERS = ("queue", "payment", "channel", "country", "courier", "tag", "sku", "hold",
            "warehouse", "placed_from", "placed_to")


@get("/orders", "orders:read", act="orders.see", query=OrderQuery, gives=OrderPage)
def list_orders(call: Call) -> OrderPage:
    """A page of orders.

    A page may hold fewer than limit while next is not null: then the filters are rare, and the
    search goes on from there.
    """
    asked: OrderQuery = call.query
    session = call.work.session
    if asked.external_id:
        ids = whole.by_external_id(session, call.key.account_id, asked.external_id) \
            if call.key.account_id is not None else []
        after = None
    else:
        picked = filters.chosen({
            _NAMES.get(name, name): [str(one) for one in _listed(getattr(asked, name))]
            for name in _FILTERS
        })
        conditions = filters.compile_all(picked, session, call.work.now)
        found = walking.find(session, conditions, walking.sort_for(conditions, asked.sort),
                             asked.after or None, asked.limit)
        ids, after = found.ids, found.after
    return OrderPage(items=[order_answer(one) for one in whole.wholes(session, ids)], next=after)


def _listed(value: object) -> list[object]:
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


@get("/orders/{order_id}", "orders:read", act="orders.see", gives=OrderAnswer)
def get_order(call: Call, order_id: int) -> OrderAnswer:
    """One order."""
    return order_answer(whole.whole(call.work.session, order_id))


@post("/orders", "orders:write", act="orders.create", body=OrderAsked, gives=OrderAnswer,
      statuses=(201, 200))
def send_order(call: Call) -> OrderAnswer:
    """Send an order in, as a channel does.

    It is checked, its goods are reserved and it is put into its queue at once. The same
    external_id again is the same order: what changed since (address, payment, cancelled units) is
    taken over as from any channel, and nothing is doubled. 201 says that it is new. While the
    key's channel is paused, orders are refused with 409: keep them and send them later.
    """
    asked: OrderAsked = call.body
    if call.key.account_id is None:
        raise NotAllowedNow("This key has no channel for orders.")
    account = get_account(call.work.session, call.key.account_id)
    require_active(account)
    taken = take_in(call.work, account, [_order(asked)])
    if taken.refused:
        raise taken.refused[0][1]
    call.work.session.flush()
    call.status = 201 if taken.order_ids else 200
    found = taken.order_ids or whole.by_external_id(
        call.work.session, account.id, asked.external_id)
    if not found:  # known for ever, but no order stands for it any more
        raise NotAllowedNow("This purchase was replaced by another one; nothing was taken over.")
    order_id = found[0]
    return order_answer(whole.whole(call.work.session, order_id))


def _order(asked: OrderAsked) -> Order:
    buyer, delivery = asked.buyer, asked.delivery
    return Order(
        external_id=asked.external_id, placed_at=asked.placed_at, currency=asked.currency,
        lines=tuple(
            OrderLine(
                line_ref=line.line_ref or str(number), title=line.title, quantity=line.quantity,
                unit_price=Decimal(line.unit_price), sku=line.sku, ean=line.ean,
                vat_rate=line.vat_rate, cancelled=line.cancelled,
            )
            for number, line in enumerate(asked.lines, start=1)
        ),
        state=asked.state, number=asked.number, revision=asked.revision, ship_by=asked.ship_by,
        shipping=Decimal(asked.shipping), discount=Decimal(asked.discount),
        total=None if asked.total is None else Decimal(asked.total),
        prices_include_tax=asked.prices_include_tax, payment_kind=asked.payment_kind,
        payment_method=asked.payment_method, paid=asked.paid,
        payments=tuple(Payment(one.reference, Decimal(one.amount), one.at, one.method)
                       for one in asked.payments),
        buyer_ref=buyer.ref, buyer_name=buyer.name, buyer_email=buyer.email,
        buyer_phone=buyer.phone, buyer_company=buyer.company, tax_id=buyer.tax_id,
        wants_invoice=buyer.wants_invoice, buyer_note=asked.note, ship_to=_address(asked.ship_to),
        bill_to=_address(asked.bill_to) if asked.bill_to else None,
        delivery_method=delivery.method, carrier=delivery.carrier,
        pickup_point=delivery.pickup_point, tags=tuple(asked.tags),
    )


def _address(asked: AddressAsked) -> Address:
    return Address(**asked.model_dump())
