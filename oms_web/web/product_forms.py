"""The forms of products and SKUs: what is typed, and the edit it means."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, StringField, TextAreaField

from oms_web.core.errors import Invalid, InvalidForm, OmsError
from oms_web.core.money import exponent, from_micro, from_minor, parse_amount, parse_minor, to_micro
from oms_web.domain.catalog import no_withdrawal
from oms_web.domain.catalog.editing import ProductEdit, VariantEdit
from oms_web.domain.catalog.models import Product, Variant
from oms_web.domain.catalog.records import GTU_CODES, USUAL_VAT_RATES
from oms_web.web import asked
from oms_web.web import withdrawal_words as words
from oms_web.web.formats import language
from oms_web.web.forms import Form, choices

CURRENCIES = ("PLN", "EUR", "CZK", "USD", "GBP", "HUF", "RON", "SEK")
_VAT_WORDS = {"zw": _l("zw (exempt)"), "np": _l("np (not subject)"),
              "oo": _l("oo (reverse charge)")}


class ProductForm(Form):
    """What all SKUs of a product share."""

    name = StringField(_l("Name"))
    brand = StringField(_l("Brand"))
    category = StringField(_l("Category"))
    vat_rate = SelectField(_l("VAT rate"), validate_choice=False, default="23")
    gtu = SelectField(_l("GTU code"), validate_choice=False)
    no_withdrawal = SelectField(_l("Withdrawal by the buyer"), validate_choice=False)
    description = TextAreaField(_l("Description"))

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        rates = list(USUAL_VAT_RATES)
        if self.vat_rate.data and self.vat_rate.data not in rates:
            rates.insert(0, self.vat_rate.data)
        self.gtu.choices = choices({"": _l("none"), **{code: code for code in GTU_CODES}})
        self.no_withdrawal.choices = choices({"": _l("possible within 14 days"), **{
            name: words.as_option(name) for name in no_withdrawal.REASONS}})
        self.vat_rate.choices = choices({r: _VAT_WORDS.get(r, f"{r}%") for r in rates})

    @classmethod
    def of(cls, product: Product | None) -> ProductForm:
        """The form filled from a product, whatever the request holds."""
        return cls(formdata=None, obj=product)

    def edit(self) -> ProductEdit:
        """What the form means; the domain checks it."""
        return ProductEdit(**{k: v or "" for k, v in self.values(
            "name", "brand", "category", "vat_rate", "gtu", "no_withdrawal",
            "description").items()})


class VariantForm(Form):
    """What one SKU has of its own."""

    sku = StringField(_l("SKU"))
    option = StringField(_l("Option"))
    price = StringField(_l("Price, gross"))
    currency = SelectField(_l("Currency"), validate_choice=False, default="PLN")
    cost = StringField(_l("Cost, net"))
    minimum = StringField(_l("Minimum"))
    weight_g = StringField(_l("Weight, g"))
    length_mm = StringField(_l("Length, mm"))
    width_mm = StringField(_l("Width, mm"))
    height_mm = StringField(_l("Height, mm"))
    sell_without_stock = BooleanField(_l("Sell without stock"))

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        present = self.currency.data
        more = [present] if present and present not in CURRENCIES else []
        self.currency.choices = choices({c: c for c in [*more, *CURRENCIES]})

    @classmethod
    def of(cls, row: Variant) -> VariantForm:
        """The form filled from a SKU, whatever the request holds."""
        places = exponent(row.currency)
        return cls(formdata=None, data={
            "sku": row.sku, "option": row.option, "currency": row.currency,
            "price": "" if row.price is None
            else _typed(f"{from_minor(row.price, row.currency):.{places}f}"),
            "cost": "" if row.cost is None else _typed(_short(f"{from_micro(row.cost):f}")),
            "minimum": str(row.minimum or ""), "sell_without_stock": row.sell_without_stock,
            **{name: "" if getattr(row, name) is None else str(getattr(row, name))
               for name in ("weight_g", "length_mm", "width_mm", "height_mm")},
        })

    def edit(self) -> VariantEdit:
        """What the form means.

        Raises:
            InvalidForm: amounts or numbers cannot be read.
        """
        edit, problems = self.read()
        if problems:
            raise InvalidForm(problems)
        return edit

    def read(self) -> tuple[VariantEdit, dict[str, OmsError]]:
        """What can be read of the form, and what cannot, by field."""
        problems: dict[str, OmsError] = {}
        typed = self.values()
        currency = (typed["currency"] or "PLN").upper()[:3]
        numbers: dict[str, int | None] = {}
        for name in ("weight_g", "length_mm", "width_mm", "height_mm", "minimum"):
            try:
                numbers[name] = None
                numbers[name] = asked.whole(typed[name], name)
            except Invalid as error:
                problems[name] = error
        amounts: dict[str, int | None] = {}
        for name in ("price", "cost"):
            try:
                amounts[name] = None
                amounts[name] = _amount(typed[name], name, currency)
            except Invalid as error:
                problems[name] = error
        return VariantEdit(
            sku=typed["sku"] or "", option=typed["option"] or "", currency=currency,
            sell_without_stock=bool(typed["sell_without_stock"]), price=amounts["price"],
            cost=amounts["cost"], minimum=numbers.pop("minimum") or 0, **numbers,
        ), problems


class NewVariantForm(VariantForm):
    """A new SKU, with the code that stands on it."""

    code = StringField(_l("EAN"))


def _amount(typed: str | None, name: str, currency: str) -> int | None:
    if not typed:
        return None
    return parse_minor(typed, currency, name) if name == "price" \
        else to_micro(parse_amount(typed, name))


def _typed(number: str) -> str:
    """A number the way this reader types it."""
    return number.replace(".", ",") if language() == "pl" else number


def _short(number: str) -> str:
    """Without needless zeros, but two decimals."""
    whole, _, part = number.partition(".")
    return f"{whole}.{part.rstrip('0').ljust(2, '0')}"
