"""Orders over the wire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from oms_web.api.shapes import (
    Amount,
    Answer,
    Asked,
    CurrencyCode,
    Moment,
    Money,
    Next,
    Price,
    Told,
    Units,
    money,
    one_of,
    price,
    text,
)
from oms_web.core.errors import Invalid
from oms_web.domain.catalog.records import check_vat_rate
from oms_web.domain.orders import filing, phases
from oms_web.domain.orders.checks import KINDS
from oms_web.domain.orders.models import Hold, OrderLine
from oms_web.domain.orders.whole import Whole

PhaseName = Annotated[str, one_of(phases.PHASES)]
QueueName = Annotated[str, one_of(filing.QUEUES)]
PaymentState = Annotated[str, one_of(filing.PAYMENT_STATES)]
PaymentKind = Literal["prepaid", "cod", "credit"]
HoldKind = Annotated[str, one_of(KINDS)]
_ADDRESS = ("name", "company", "street", "postcode", "city", "region", "country", "phone", "email")


# A shop whose orders cost more than this has other worries; sums beyond it fit no column.
MOST_MONEY = Decimal(10) ** 12


def _rate(code: str) -> str:
    try:
        return check_vat_rate(code) if code else ""
    except Invalid as error:
        raise ValueError(str(error)) from None


VatRate = Annotated[
    str, text(6, about="A rate code: 23, 8, 5, 0, zw, np, oo.", example="23"),
    AfterValidator(_rate)]


class AddressAsked(Asked):
    """A postal address; country is ISO 3166-1 alpha-2."""

    name: Annotated[str, text(200)] = ""
    company: Annotated[str, text(200)] = ""
    street: Annotated[str, text(200, example="Prosta 1/2")] = ""
    postcode: Annotated[str, text(20, example="00-001")] = ""
    city: Annotated[str, text(120)] = ""
    region: Annotated[str, text(120)] = ""
    country: Annotated[str, text(2, example="PL")] = ""
    phone: Annotated[str, text(40)] = ""
    email: Annotated[str, text(200)] = ""


class BuyerAsked(Asked):
    """Who buys. A tax number asks for an invoice."""

    ref: Annotated[str, text(120, about="Your own number of this buyer.")] = ""
    name: Annotated[str, text(200)] = ""
    email: Annotated[str, text(200)] = ""
    phone: Annotated[str, text(40)] = ""
    company: Annotated[str, text(200)] = ""
    tax_id: Annotated[str, text(20, example="5260250274")] = ""
    wants_invoice: bool = False


class DeliveryAsked(Asked):
    """How it goes out."""

    method: Annotated[str, text(120, about="As the buyer chose it.")] = ""
    carrier: Annotated[str, text(40, example="InPost")] = ""
    pickup_point: Annotated[str, text(60, example="WAW01A")] = ""


class LineAsked(Asked):
    """A position. It finds its product by SKU, or else by EAN."""

    sku: Annotated[str, text(120)] = ""
    ean: Annotated[str, text(60)] = ""
    title: Annotated[str, text(420, 1)]
    quantity: Units
    unit_price: Price
    vat_rate: VatRate = ""
    line_ref: Annotated[str, text(
        120, about="Your number of this line, new in the order; else its place.")] = ""
    cancelled: int = Field(0, ge=0, le=1_000_000, description="Units of it called off.")

    @field_validator("cancelled")
    @classmethod
    def _not_more(cls, cancelled: int, info: ValidationInfo) -> int:
        if cancelled > info.data.get("quantity", cancelled):
            raise ValueError("more is cancelled than was ordered")
        return cancelled


class PaymentAsked(Asked):
    """Money you took for it."""

    reference: Annotated[str, text(80, 1, about="Your number of this payment: it is counted once.")]
    amount: Amount
    at: Moment
    method: Annotated[str, text(80)] = ""


class OrderAsked(Asked):
    """An order as your shop has it now. Sent again it is the same order in its newer state."""

    external_id: Annotated[str, text(
        120, 1, about="Your number of it: there is one order per number, for ever.",
        example="WEB-1001")]
    placed_at: Moment
    currency: CurrencyCode
    lines: list[LineAsked] = Field(min_length=1, max_length=500)
    state: Literal["unpaid", "ready", "shipped", "delivered", "cancelled"] = Field(
        "ready", description="Where your shop sees it: waits for money, to be sent, sent by you...")
    number: Annotated[str, text(
        120, about="As buyers know it, if that is not the external_id.")] = ""
    revision: Annotated[str, text(
        60, about="Sorts the states of an order as text; an older one is ignored.")] = ""
    ship_by: Moment | None = None
    shipping: Amount = "0"
    discount: Amount = "0"
    total: Amount | None = Field(None, description=(
        "What the buyer owes. Another sum than that of the lines is held for a person."))
    prices_include_tax: bool = True
    payment_kind: PaymentKind = "prepaid"
    payment_method: Annotated[str, text(80, example="BLIK")] = ""
    paid: bool | None = Field(None, description=(
        "Paid in full; if not said, a prepaid order that is not unpaid counts as paid."))
    payments: list[PaymentAsked] = Field([], max_length=50)
    buyer: BuyerAsked = BuyerAsked()
    ship_to: AddressAsked = AddressAsked()
    bill_to: AddressAsked | None = None
    delivery: DeliveryAsked = DeliveryAsked()
    note: Annotated[str, text(10_000, about="What the buyer wrote.")] = ""
    tags: list[Annotated[str, text(40, 1)]] = Field([], max_length=20)

    @field_validator("lines")
    @classmethod
    def _lines_differ(cls, lines: list[LineAsked]) -> list[LineAsked]:
        refs = [line.line_ref or str(number) for number, line in enumerate(lines, start=1)]
        _differ(refs, "two lines have the line_ref %s")
        if sum(Decimal(line.unit_price) * line.quantity for line in lines) > MOST_MONEY:
            raise ValueError("this costs more than can be")
        return lines

    @field_validator("payments")
    @classmethod
    def _payments_differ(cls, payments: list[PaymentAsked]) -> list[PaymentAsked]:
        _differ([one.reference for one in payments], "two payments have the reference %s")
        return payments

    @field_validator("discount")
    @classmethod
    def _costs_something(cls, discount: str, info: ValidationInfo) -> str:
        lines, shipping = info.data.get("lines"), info.data.get("shipping")
        if lines is not None and shipping is not None:
            costs = sum(Decimal(line.unit_price) * line.quantity for line in lines)
            if Decimal(discount) > costs + Decimal(shipping):
                raise ValueError("more is taken off than it costs")
        return discount


def _differ(names: list[str], words: str) -> None:
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise ValueError(words % twice[0])


class Address(Answer):
    """A postal address."""

    name: str
    company: str
    street: str
    postcode: str
    city: str
    region: str
    country: str
    phone: str
    email: str


class Channel(Answer):
    """The channel account an order belongs to."""

    id: int
    name: str


class Label(Answer):
    """The seller's own status."""

    id: int
    name: str


class Totals(Answer):
    """What it costs; items + shipping - discount = total."""

    items: Money
    shipping: Money
    discount: Money
    total: Money
    paid: Money = Field(description=(
        "What was paid by this order itself. The parts of a split purchase are paid as one: its "
        "money lies where it was recorded, mostly at the order they were split off."))


class PaymentStanding(Answer):
    """How it is paid, and how far; of a part of a split purchase, its share of what was paid."""

    kind: Annotated[str, one_of(get_args(PaymentKind))]
    method: str
    state: PaymentState


class Buyer(Answer):
    """Who buys."""

    name: str
    email: str
    phone: str
    company: str
    tax_id: str
    wants_invoice: bool


class Delivery(Answer):
    """How it goes out."""

    method: str
    carrier: str
    pickup_point: str


class Line(Answer):
    """A position. sku is what the channel said; product_sku is what we send, null: not known."""

    id: int
    position: int
    line_ref: str
    sku: str
    ean: str
    title: str
    product_sku: str | None
    quantity: int
    unit_price: Money
    total: Money
    vat_rate: str
    reserved: int
    cancelled: int
    shipped: int
    returned: int


class OpenHold(Answer):
    """Why it waits."""

    kind: HoldKind
    detail: str
    set_at: Told
    set_by: str
    until: Told | None


class OrderAnswer(Answer):
    """An order. Its number is its id."""

    id: int
    external_ids: list[str] = Field(description="The channel's own.")
    external_number: str
    channel: Channel | None
    source: str = Field(description=(
        "channel, desk (taken down by a person), till (sold over the counter) or import."))
    phase: PhaseName
    queue: QueueName = Field(description="What it waits for; each order is in one.")
    status: Label | None
    placed_at: Told
    paid_at: Told | None
    ship_by: Told | None
    shipped_at: Told | None
    closed_at: Told | None
    created_at: Told
    updated_at: Told
    currency: str
    totals: Totals
    prices_include_tax: bool
    payment: PaymentStanding
    buyer: Buyer
    ship_to: Address
    bill_to: Address | None
    delivery: Delivery
    note: str
    tags: list[str]
    together: list[int] = Field(description="Orders that go into the same parcel.")
    parts: list[int] = Field(description=(
        "The other orders of the same purchase: it was split, and is paid as one."))
    split_from: int | None = Field(description="The order it was split off.")
    lines: list[Line]
    holds: list[OpenHold]


class OrderPage(Answer):
    """A page of orders."""

    items: list[OrderAnswer]
    next: Next


def order_answer(whole: Whole) -> OrderAnswer:
    """An order as it is told."""
    order = whole.order
    currency = order.currency
    return OrderAnswer(
        id=order.id, external_ids=list(whole.external_ids),
        external_number=order.external_number,
        channel=Channel(id=whole.account.id, name=whole.account.name) if whole.account else None,
        source=order.source, phase=order.phase, queue=order.queue,
        status=Label(id=whole.status.id, name=whole.status.name) if whole.status else None,
        placed_at=order.placed_at, paid_at=order.paid_at, ship_by=order.ship_by,
        shipped_at=order.shipped_at, closed_at=order.closed_at, created_at=order.created_at,
        updated_at=order.updated_at, currency=currency,
        totals=Totals(
            items=money(order.items_total, currency), paid=money(order.paid_total, currency),
            shipping=money(order.shipping_total, currency), total=money(order.total, currency),
            discount=money(order.discount_total, currency),
        ),
        prices_include_tax=order.prices_include_tax,
        payment=PaymentStanding(kind=order.payment_kind, method=order.payment_method,
                                state=order.payment_state),
        buyer=Buyer(
            name=order.buyer_name, email=order.buyer_email, phone=order.buyer_phone,
            company=order.buyer_company, tax_id=order.tax_id, wants_invoice=order.wants_invoice,
        ),
        ship_to=_address(order.ship_to), bill_to=_address(order.bill_to) if order.bill_to else None,
        delivery=Delivery(method=order.delivery_method, carrier=order.carrier,
                          pickup_point=order.pickup_point),
        note=order.buyer_note, tags=list(whole.tags), together=list(whole.together),
        parts=list(whole.parts), split_from=whole.split_from,
        lines=[_line(line, currency, whole.skus) for line in whole.lines],
        holds=[_hold(hold) for hold in whole.holds],
    )


def _address(kept: Mapping[str, Any]) -> Address:
    return Address(**{name: str(kept.get(name) or "") for name in _ADDRESS})


def _line(line: OrderLine, currency: str, skus: dict[int, str]) -> Line:
    return Line(
        id=line.id, position=line.position, line_ref=line.line_ref, sku=line.sku, ean=line.ean,
        title=line.title, product_sku=skus.get(line.variant_id or 0), quantity=line.quantity,
        unit_price=price(line.unit_price, currency), total=money(line.total, currency),
        vat_rate=line.vat_rate, reserved=line.reserved, cancelled=line.cancelled,
        shipped=line.shipped, returned=line.returned,
    )


def _hold(hold: Hold) -> OpenHold:
    words = KINDS[hold.kind][0] % {name: hold.detail.get(name, "") for name in (
        "titles", "missing", "stated", "computed", "tax_id", "hours", "what", "amount",
        "reason", "street", "postcode", "city", "phone", "point", "paid", "total", "other")}
    return OpenHold(kind=hold.kind, detail=words, set_at=hold.set_at, set_by=hold.set_by,
                    until=hold.until)
