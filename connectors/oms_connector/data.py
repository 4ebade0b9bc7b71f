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
    external ids that this order took over (purchases paid together).
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
    ``unknown`` (the answer was lost).
    """

    outcome: Literal["applied", "rejected", "retry", "unknown"]
    message: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class ParcelInfo:
    """One parcel of a shipment."""

    carrier: str
    tracking: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Shipment:
    """Goods that left: which lines, in which parcels. ``key`` makes a repeated push harmless."""

    external_id: str
    key: str
    shipped_at: datetime
    parcels: Sequence[ParcelInfo]
    lines: Mapping[str, int] = field(default_factory=dict)
    complete: bool = True


FileKind = Literal["orders", "products", "stock"]


@dataclass(frozen=True, slots=True)
class FileColumn:
    """A column (or path) found in a file, with a few of its values."""

    name: str
    examples: Sequence[str]


@dataclass(frozen=True, slots=True)
class FileSample:
    """The beginning of a file as a profile would read it: for the screen that edits profiles."""

    format: str
    columns: Sequence[FileColumn]
    rows: Sequence[Sequence[str]]
    records: Sequence[Any] = ()
    problems: Sequence[FileProblem] = ()


@dataclass(frozen=True, slots=True)
class FileProblem:
    """What is wrong with a profile or a record; ``field`` names the profile field to mend."""

    message: str
    field: str = ""
    row: int | None = None


@dataclass(frozen=True, slots=True)
class ProductRecord:
    """A product variant from a file. ``parts`` (sku -> quantity) makes it a bundle."""

    sku: str
    name: str
    option: str = ""
    eans: Sequence[str] = ()
    brand: str = ""
    category: str = ""
    description: str = ""
    vat_rate: str = ""
    price: Decimal | None = None
    cost: Decimal | None = None
    currency: str = ""
    weight_g: int | None = None
    size_mm: tuple[int, int, int] | None = None
    parts: Mapping[str, int] = field(default_factory=dict)
    opening_stock: int | None = None


@dataclass(frozen=True, slots=True)
class StockRecord:
    """Units found at a place, from a file. ``location`` empty means the warehouse's default bin."""

    sku: str
    quantity: int
    warehouse: str = ""
    location: str = ""
