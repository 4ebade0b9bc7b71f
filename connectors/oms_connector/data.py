"""What crosses the border between a channel and us. Frozen, typed, without behaviour.

Amounts are ``Decimal`` in the currency's main unit; moments are aware datetimes; quantities are
whole units. References (``*_ref``, ``external_id``) are the channel's own, kept as text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address as the channel gave it. ``country`` is ISO 3166-1 alpha-2 or empty."""

    name: str = ""
    company: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One position. ``line_ref`` is unique within the order; ``offer_ref`` finds the listing.

    ``unit_price`` is what the buyer pays per unit (gross if the order says prices include tax),
    after line discounts. ``vat_rate`` is a rate code: ``23``, ``8``, ``5``, ``0``, ``zw``.
    """

    line_ref: str
    title: str
    quantity: int
    unit_price: Decimal
    offer_ref: str = ""
    sku: str = ""
    ean: str = ""
    vat_rate: str = ""
    cancelled: int = 0


@dataclass(frozen=True, slots=True)
class Payment:
    """Money the channel says it has taken. ``reference`` is unique within the account."""

    reference: str
    amount: Decimal
    at: datetime
    method: str = ""


RecordKind = Literal["sale", "return", "write_off"]


@dataclass(frozen=True, slots=True)
class Order:
    """A whole order at one revision. Revisions of one order sort as text.

    ``state`` is where the channel sees it: ``unpaid`` (waits for money), ``ready`` (to be
    fulfilled), ``shipped``, ``delivered``, ``cancelled``. ``ref`` of a ``return`` is the return's
    own; ``returns_ref`` names the order it belongs to, if the channel knows. ``replaces`` lists
    external ids that this order took over (purchases paid together). ``fulfilled_by`` is
    ``channel`` where the marketplace sends the goods from its own warehouse: such an order takes
    none of ours. ``is_test`` orders are kept out. ``raw`` is the channel's own text of it, kept
    for questions later; it does not count when two versions are compared.
    """

    external_id: str
    placed_at: datetime
    currency: str
    lines: Sequence[OrderLine]
    state: Literal["unpaid", "ready", "shipped", "delivered", "cancelled"] = "ready"
    kind: RecordKind = "sale"
    number: str = ""
    revision: str = ""
    raw_status: str = ""
    ship_by: datetime | None = None
    shipped_at: datetime | None = None
    shipping: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    total: Decimal | None = None
    prices_include_tax: bool = True
    payment_kind: Literal["prepaid", "cod", "credit"] = "prepaid"
    payment_method: str = ""
    payments: Sequence[Payment] = ()
    paid: bool | None = None
    buyer_ref: str = ""
    buyer_name: str = ""
    buyer_email: str = ""
    buyer_phone: str = ""
    buyer_company: str = ""
    tax_id: str = ""
    wants_invoice: bool = False
    buyer_note: str = ""
    ship_to: Address = Address()
    bill_to: Address | None = None
    delivery_method: str = ""
    carrier: str = ""
    pickup_point: str = ""
    tags: Sequence[str] = ()
    replaces: Sequence[str] = ()
    returns_ref: str = ""
    reason: str = ""
    updated_at: datetime | None = None
    cancelled_at: datetime | None = None
    fulfilled_by: Literal["seller", "channel"] = "seller"
    is_test: bool = False
    raw: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class ParcelInfo:
    """One parcel of a shipment."""

    carrier: str
    tracking: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """Units of an order's line that a buyer sends back, found as the order's line is."""

    line_ref: str
    title: str
    quantity: int
    offer_ref: str = ""
    sku: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Return:
    """A return as the channel knows it. Nothing of it moves stock: goods count when they are here.

    ``order_ref`` is the external id of its order. ``state``: ``announced`` (the buyer said so),
    ``sent``, ``arrived``, ``closed`` (refunded or settled otherwise), ``refused``. ``refunded`` is
    what the channel gave back of the money so far. ``refund_ref``: this return is nothing but that
    refund, where a channel shows refunds in place of returns.
    """

    external_id: str
    order_ref: str
    created_at: datetime
    currency: str
    lines: Sequence[ReturnLine]
    state: Literal["announced", "sent", "arrived", "closed", "refused"] = "announced"
    revision: str = ""
    raw_status: str = ""
    number: str = ""
    buyer_name: str = ""
    reason: str = ""
    refunded: Decimal | None = None
    refund_ref: str = ""
    parcels: Sequence[ParcelInfo] = ()
    raw: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something in a page that could not be understood. Goes to quarantine, never into the way."""

    external_id: str
    raw: str
    reason: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Rows of a file that a stated rule leaves out: counted with the reason, stored nowhere."""

    external_id: str
    reason: str
    rows: int = 1


@dataclass(frozen=True, slots=True)
class OrderRef:
    """An order known only by its id; the engine fetches the rest."""

    external_id: str
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Part of a stream. ``cursor`` continues after it (JSON, under 4 kB); at least once each."""

    items: Sequence[Item | Unreadable]
    cursor: Mapping[str, Any]
    more: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """A listing as the channel shows it now. ``quantity`` is what buyers can see, if told."""

    offer_ref: str
    title: str = ""
    sku: str = ""
    ean: str = ""
    url: str = ""
    price: Decimal | None = None
    currency: str = ""
    quantity: int | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class StockItem:
    """The absolute quantity a listing should show. ``key`` makes a repeated push harmless."""

    offer_ref: str
    sku: str
    quantity: int
    version: int
    key: str


@dataclass(frozen=True, slots=True)
class PriceItem:
    """The price a listing should show."""

    offer_ref: str
    sku: str
    price: Decimal
    currency: str
    version: int
    key: str


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one pushed item. One per item, in the order of the items.

    ``applied``; ``rejected`` (with why; pointless to repeat); ``retry`` (a passing fault);
    ``unknown`` (the answer was lost); ``accepted`` (the channel works on it: ask later, with
    ``handle``, see ``AnswersLater``). ``field`` names what is wrong with a rejected item.
    """

    outcome: Literal["applied", "accepted", "rejected", "retry", "unknown"]
    message: str = ""
    code: str = ""
    handle: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class Shipment:
    """Goods that left: which lines, in which parcels. ``key`` makes a repeated push harmless."""

    external_id: str
    key: str
    shipped_at: datetime
    parcels: Sequence[ParcelInfo]
    lines: Mapping[str, int] = field(default_factory=dict)
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Invoice:
    """An issued document to be shown to the buyer on the channel. ``pdf`` is the file itself."""

    external_id: str
    key: str
    number: str
    issued_at: datetime
    pdf: bytes


@dataclass(frozen=True, slots=True)
class Sms:
    """A text message to one phone. ``to`` is in the form of E.164 (``+48600700800``).

    ``key`` makes a repeated sending harmless, for ``Capabilities.sms_key_hours``.
    """

    key: str
    to: str
    text: str


@dataclass(frozen=True, slots=True)
class SmsReport:
    """How far an SMS is. ``undelivered`` is for good; ``message`` says why."""

    reference: str
    state: Literal["sent", "delivered", "undelivered"]
    message: str = ""


Dictionary = Literal["carriers", "statuses", "payments", "deliveries", "warehouses"]


@dataclass(frozen=True, slots=True)
class Word:
    """An entry of one of the channel's own lists: its id there, and what people call it."""

    ref: str
    name: str
