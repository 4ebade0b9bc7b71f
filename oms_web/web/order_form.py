"""An order as it is typed: its fields, its positions, and what they mean together.

Everything typed travels in the form itself, so adding a product needs no script and loses nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, SelectField, StringField, TextAreaField

from oms_web.core.errors import Invalid, InvalidForm, OmsError
from oms_web.core.money import (
    exponent,
    from_micro,
    from_minor,
    parse_amount,
    parse_minor,
    to_micro,
    to_minor,
)
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.catalog.models import Variant
from oms_web.domain.orders import addresses, discounts
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.shipping.tracking import CARRIERS
from oms_web.domain.stock import overview
from oms_web.domain.stock.overview import StockRow
from oms_web.flows.order_create import MAX_LINES, MAX_UNITS, Position, Taken
from oms_web.web import asked
from oms_web.web import order_words as words
from oms_web.web.access import allowed
from oms_web.web.failures import words_of
from oms_web.web.formats import language, number
from oms_web.web.forms import CountryField, Form, KeyField, choices

CURRENCIES = ("PLN", "EUR", "CZK", "USD", "GBP", "HUF", "RON", "SEK")
PAID = "paid"
_TYPED = ("quantity", "price", "cut")
_LONGEST = 60  # what is longer is neither a quantity nor a price, however it is cut
BUYER = ("buyer_name", "buyer_company", "tax_id", "buyer_email", "buyer_phone")
ADDRESS = ("name", "company", "street", "postcode", "city", "country")


def carriers(present: str = "") -> list[Any]:
    """The couriers to choose from; one that only the order knows is kept."""
    names = [one.name for one in CARRIERS]
    if present and present not in names:
        names.insert(0, present)
    return choices({"": _l("not chosen yet"), **{name: name for name in names}})


class BuyerForm(Form):
    """Who buys, and whether they want an invoice."""

    buyer_name = StringField(_l("Name and surname"))
    buyer_company = StringField(_l("Company"))
    tax_id = StringField(_l("NIP or EU VAT number"))
    buyer_email = StringField(_l("E-mail"))
    buyer_phone = StringField(_l("Phone"))
    wants_invoice = BooleanField(_l("Wants an invoice"))


class AddressForm(Form):
    """Where the goods go."""

    name = StringField(_l("Name and surname"))
    company = StringField(_l("Company"))
    street = StringField(_l("Street and number"))
    postcode = StringField(_l("Postcode"))
    city = StringField(_l("Town"))
    country = CountryField(_l("Country"), default="PL")
    phone = StringField(_l("Phone"))
    email = StringField(_l("E-mail"))


class NewOrderForm(BuyerForm):
    """A whole order besides its positions. ``key`` makes the form count once."""

    key = KeyField()
    origin = StringField(_l("Where it came from"))
    name = StringField(_l("Recipient"))
    company = StringField(_l("Recipient's company"))
    street = StringField(_l("Street and number"))
    postcode = StringField(_l("Postcode"))
    city = StringField(_l("Town"))
    country = CountryField(_l("Country"), default="PL")
    delivery_method = StringField(_l("Delivery method"))
    carrier = SelectField(_l("Courier"), validate_choice=False)
    pickup_point = StringField(_l("Pick-up point"))
    shipping = StringField(_l("Delivery cost"))
    discount = StringField(_l("Discount"))
    currency = SelectField(_l("Currency"), choices=choices({c: c for c in CURRENCIES}),
                           default="PLN")
    payment_kind = SelectField(_l("Payment"), default="prepaid")
    payment_method = StringField(_l("Paid by"))
    note = TextAreaField(_l("What the buyer asks for"))

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.carrier.choices = carriers(self.carrier.data or "")
        paid = {PAID: _l("Paid already")} if allowed("payments.record") else {}
        self.payment_kind.choices = choices({**words.PAYMENT_KINDS, **paid})

    def fill(self, order: Order) -> None:
        """Take buyer and address from an earlier order of the same buyer."""
        to = order.ship_to or {}
        for name in BUYER:
            self[name].data = getattr(order, name) or ""
        self.wants_invoice.data = order.wants_invoice
        for name in ADDRESS:
            self[name].data = to.get(name, "")
        if self.name.data == self.buyer_name.data:
            self.name.data = ""

    def take_over(self, order: Order) -> None:
        """Take what is agreed with an earlier buyer: currency, delivery, payment, where it came
        from. Courier's price and discount are agreed anew.
        """
        for name in ("currency", "delivery_method", "carrier", "pickup_point", "payment_kind",
                     "payment_method"):
            self[name].data = getattr(order, name) or self[name].data
        self.carrier.choices = carriers(self.carrier.data or "")
        if order.source == "desk":
            self.origin.data = order.external_number

    def read_discount(self) -> int:
        """Nought, if what is typed as the discount can be one.

        Raises:
            Invalid: it cannot.
        """
        discounts.typed(self.discount.data or "", self.currency.data)
        return 0

    def minor(self, name: str) -> int:
        """A typed amount in minor units; nought when nothing was typed.

        Raises:
            Invalid: no amount, or below nought.
        """
        typed = (self[name].data or "").strip()
        amount = parse_minor(typed, self.currency.data, name) if typed else 0
        if amount < 0:
            raise Invalid("An amount cannot be below nought.", name)
        return amount

    def taken_off(self, items: int) -> int:
        """What the typed discount takes off: a percentage is one of the goods, in minor units.

        Raises:
            Invalid: neither an amount nor a percentage, or more than the order costs.
        """
        typed = discounts.typed(self.discount.data or "", self.currency.data)
        if typed is None:
            return 0
        if typed.kind == discounts.PERCENT:
            return typed.taken_off(items)
        if typed.value > items + self.minor("shipping"):
            raise Invalid("The discount cannot be more than the order costs.", "discount")
        return typed.value


@dataclass(frozen=True, slots=True)
class TypedLine:
    """A position as it is typed: the SKU with its numbers, and what stands in its fields."""

    sku: StockRow
    quantity: str
    price: str
    discount: str = ""
    problems: dict[str, str] = field(default_factory=dict)

    def units(self) -> int:
        """How many are asked for.

        Raises:
            Invalid: no number, none, or far too many.
        """
        quantity = asked.whole(self.quantity, "quantity") or 0
        if quantity < 1:
            raise Invalid("At least one unit.", "quantity")
        if quantity > MAX_UNITS:
            raise Invalid("At most %(most)s units.", "quantity", most=number(MAX_UNITS))
        return quantity

    def costs(self, currency: str) -> discounts.Priced:
        """What they cost, their discount taken off.

        Raises:
            Invalid: quantity, price or discount is not one.
        """
        quantity, price = self.units(), parse_amount(self.price, "price")
        if price < 0:
            raise Invalid("A price cannot be below nought.", "price")
        return discounts.priced(to_micro(price), quantity,
                                discounts.typed(self.discount, currency), currency)

    def position(self, currency: str) -> Position:
        """What it means.

        Raises:
            Invalid: quantity, price or discount is not one.
        """
        costs = self.costs(currency)
        return Position(self.sku.id, self.units(), costs.unit_price, costs.cut)

    def total(self, currency: str) -> int | None:
        """Its gross total in minor units, if it can be told."""
        try:
            return self.costs(currency).total
        except Invalid:
            return None

    @property
    def short(self) -> int:
        """Units that are asked for and not free."""
        try:
            return max(0, self.units() - max(self.sku.free, 0))
        except Invalid:
            return 0

    def looked_at(self, currency: str) -> TypedLine:
        """The position with what is wrong with it, while it is being typed."""
        try:
            self.costs(currency) if self.price else self.units()
        except Invalid as wrong:
            return replace(self, problems={wrong.field or "quantity": words_of(wrong)})
        return self


def typed_lines(session: Session, form: MultiDict[str, str]) -> list[TypedLine]:
    """The positions in a sent form, with what is free of each."""
    rows = zip_longest(*(form.getlist(name) for name in ("variant", *_TYPED)), fillvalue="")
    typed = [(int(key), [text.strip()[:_LONGEST] for text in rest])
             for key, *rest in rows if key.isdecimal()][:MAX_LINES]
    found = _rows(session, [key for key, _ in typed])
    return [TypedLine(found[key], quantity, price, discount)
            for key, (quantity, price, discount) in typed if key in found]


def again(session: Session, lines: Sequence[OrderLine], currency: str) -> list[TypedLine]:
    """The positions of an earlier order as they would be typed today.

    At today's price where the catalogue has one in this currency, else at what was paid then;
    discounts are not taken over. What has no product, or one that is not sold any more, is left
    out.
    """
    units: Counter[int] = Counter()
    paid: dict[int, int] = {}
    for line in lines:
        if line.variant_id and line.quantity > line.cancelled:
            units[line.variant_id] += line.quantity - line.cancelled
            paid[line.variant_id] = to_minor(from_micro(line.unit_price), currency)
    today = session.execute(
        select(Variant.id, Variant.price, Variant.currency)
        .where(Variant.id.in_(list(units)), Variant.archived_at.is_(None))
    ).all()
    rows = _rows(session, [id_ for id_, *_ in today])
    prices = paid | {id_: price for id_, price, its in today
                     if price is not None and its == currency}
    return [TypedLine(rows[key], str(count), typed_amount(prices[key], currency))
            for key, count in units.items() if key in rows][:MAX_LINES]


def _rows(session: Session, ids: Sequence[int]) -> dict[int, StockRow]:
    rows = [StockRow(*row) for row in session.execute(
        select(Variant.id, Variant.product_id, Variant.sku, Variant.title, Variant.is_bundle,
               Variant.minimum).where(Variant.id.in_(ids)))]
    return {row.id: row for row in overview.filled(session, rows)}


def add(session: Session, lines: list[TypedLine], variant_id: int) -> None:
    """One more of a SKU: a unit more where it stands already, else a new position at its price."""
    for at, line in enumerate(lines):
        if line.sku.id == variant_id:
            lines[at] = replace(line, quantity=_one_more(line.quantity))
            return
    variant = catalog.variant(session, variant_id)
    price = "" if variant.price is None else typed_amount(variant.price, variant.currency)
    lines.append(TypedLine(_rows(session, [variant_id])[variant_id], "1", price))


def _one_more(typed: str) -> str:
    try:
        return str((asked.whole(typed, "quantity") or 0) + 1)
    except Invalid:
        return typed  # what is wrong stays to be mended


def typed_amount(minor: int, currency: str) -> str:
    """An amount as a person here would type it."""
    text = f"{from_minor(minor, currency):.{exponent(currency)}f}"
    return text.replace(".", ",") if language() == "pl" else text


def meant(form: NewOrderForm, lines: list[TypedLine]) -> Taken | None:
    """The order that was typed; None when something is wrong, which then stands at its field."""
    problems: dict[str, OmsError] = {}
    positions = _positions(lines, form.currency.data)
    if positions is not None and not positions:
        problems["lines"] = Invalid("Add at least one product.")
    typed = form.values()
    country = str(typed["country"] or "").upper()
    buyer = _clean(lambda: addresses.clean_buyer(typed, country), problems)
    address = {name: typed[name] for name in ADDRESS}
    if not address["name"] and not address["company"]:
        address |= {"name": typed["buyer_name"], "company": typed["buyer_company"]}
    if buyer is not None:
        address |= {"phone": buyer["buyer_phone"], "email": buyer["buyer_email"]}
    ship_to = _clean(lambda: addresses.clean_address(
        address, pickup_point=typed["pickup_point"] or ""), problems)
    if "buyer_name" in problems and not typed["name"] and not typed["company"]:
        problems.pop("name", None)  # the same name is missing: it is asked for once
    items = sum(line.total(form.currency.data) or 0 for line in lines)
    shipping = _clean(lambda: form.minor("shipping"), problems)
    off = None if shipping is None else _clean(lambda: form.taken_off(items), problems)
    if problems:
        form.refuse(InvalidForm(problems))
    if problems or positions is None or buyer is None or ship_to is None:
        return None
    return Taken(
        positions=positions, ship_to=ship_to, buyer=buyer, currency=typed["currency"],
        shipping=shipping or 0, discount=off or 0,
        payment_kind="prepaid" if typed["payment_kind"] == PAID else typed["payment_kind"],
        payment_method=typed["payment_method"] or "",
        delivery={name: typed[name] or "" for name in (
            "delivery_method", "carrier", "pickup_point")},
        origin=typed["origin"] or "", note=typed["note"] or "",
        wants_invoice=bool(typed["wants_invoice"]),
    )


def _clean(read: Any, problems: dict[str, OmsError]) -> Any:
    try:
        return read()
    except InvalidForm as wrong:
        problems.update(wrong.problems)
    except Invalid as wrong:
        problems[wrong.field] = wrong
    return None


def _positions(lines: list[TypedLine], currency: str) -> list[Position] | None:
    """What the positions mean; None when one is wrong, which then says so."""
    found: list[Position] = []
    for at, line in enumerate(lines):
        try:
            found.append(line.position(currency))
        except Invalid as wrong:
            lines[at] = replace(line, problems={wrong.field or "quantity": words_of(wrong)})
    return found if len(found) == len(lines) else None
