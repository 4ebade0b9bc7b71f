"""What is typed at the till: how a basket is paid, who wants an invoice, discounts and amounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, StringField

from oms_web.core.errors import Invalid, InvalidForm, OmsError
from oms_web.core.money import exponent, parse_minor
from oms_web.domain.orders import addresses
from oms_web.domain.orders.buyers import KnownBuyer
from oms_web.domain.orders.discounts import AMOUNT, WHOLE, Discount
from oms_web.domain.till.reckoning import CARD, CASH, TRANSFER
from oms_web.flows.till_sale import NOBODY, NOWHERE, Paying
from oms_web.web import asked
from oms_web.web.formats import language
from oms_web.web.forms import Form, KeyField
from oms_web.web.order_form import typed_amount

METHODS: Mapping[str, Any] = {
    CASH: _l("cash"), CARD: _l("card"), TRANSFER: _l("bank transfer"),
}
INVOICE = ("tax_id", "buyer_company", "street", "postcode", "city")


class PayForm(Form):
    """How a basket is paid. ``key`` makes it count once, ``shown`` is the total on the screen."""

    key = KeyField()
    shown = HiddenField()
    given = StringField(_l("Cash received"))
    invoice = BooleanField(_l("Wants an invoice"))
    tax_id = StringField(_l("NIP or EU VAT number"))
    buyer_company = StringField(_l("Company or name"))
    street = StringField(_l("Street and number"))
    postcode = StringField(_l("Postcode"))
    city = StringField(_l("Town"))

    def fill(self, known: KnownBuyer) -> None:
        """Take the data of an invoice from an earlier order."""
        self.tax_id.data, self.buyer_company.data = known.tax_id, known.called
        self.street.data, self.postcode.data, self.city.data = (
            known.street, known.postcode, known.city)

    def meant(self, currency: str) -> Paying:
        """What was typed.

        Raises:
            Invalid: no amount.
            InvalidForm: the data for an invoice, field by field.
        """
        method = request.form.get("method", CASH)
        note = asked.whole(request.form.get("note"), "note")  # a banknote that was tapped
        typed = (self.given.data or "").strip()
        given = note if note is not None else amount(typed, currency, "given") if typed else None
        buyer, address = self._invoiced() if self.invoice.data else (NOBODY, NOWHERE)
        return Paying(
            key=self.key.data or "", shown=asked.whole(self.shown.data, "shown") or 0,
            method=method, words=str(METHODS.get(method, "")), given=given, buyer=buyer,
            address=address, wants_invoice=bool(self.invoice.data),
            pickup=gettext("personal pickup"))

    def _invoiced(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        typed = self.values(*INVOICE)
        problems: dict[str, OmsError] = {}
        buyer, address = NOBODY, NOWHERE
        try:
            buyer = addresses.clean_buyer(typed, "PL")
        except InvalidForm as wrong:
            problems |= {"buyer_company" if name == "buyer_name" else name: one
                         for name, one in wrong.problems.items()}
        try:
            address = addresses.clean_address(
                {**typed, "company": typed["buyer_company"] or "-", "country": "PL"})
        except InvalidForm as wrong:
            problems |= wrong.problems
        if problems:
            raise InvalidForm(problems)
        return buyer, address


def amount(text: str, currency: str, field: str) -> int:
    """A typed amount in minor units.

    Raises:
        Invalid: no amount, below nought, or finer than the smallest coin.
    """
    minor = parse_minor(text, currency, field)
    if minor < 0:
        raise Invalid("An amount cannot be below nought.", field)
    return minor


def typed_discount(discount: Discount | None, currency: str) -> str:
    """A discount as a person here would type it."""
    if discount is None:
        return ""
    if discount.kind == AMOUNT:
        return typed_amount(discount.value, currency)
    whole, part = divmod(discount.value * 100, WHOLE)
    text = f"{whole}.{part:02d}".rstrip("0").rstrip(".") if part else str(whole)
    return f"{text.replace('.', ',') if language() == 'pl' else text}%"


def notes(total: int, currency: str) -> list[int]:
    """Banknotes a buyer may put down for a total: the next ones that are enough, minor units."""
    unit = 10 ** exponent(currency)
    return [value * unit for value in (10, 20, 50, 100, 200, 500) if value * unit > total][:4]
