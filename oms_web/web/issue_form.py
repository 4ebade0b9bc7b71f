"""The form an invoice, a pro forma or an advance invoice is issued by, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from oms_web.core.errors import Invalid, InvalidForm, OmsError
from oms_web.core.text import key_in
from oms_web.domain.documents import dating, kinds, queries, treatment, vat
from oms_web.domain.documents.drafting import Ask, Draft
from oms_web.domain.documents.snapshot import ADDRESS_FIELDS
from oms_web.domain.orders.models import Order
from oms_web.extensions import db
from oms_web.web import formats
from oms_web.web.document_fields import BuyerFields, ExchangeFields, exchange_named
from oms_web.web.forms import Form, choices

LANGUAGES = {"pl": "Polski", "en": "English"}
METHODS: dict[str, Any] = {
    vat.GROSS_RATE: _l("From the gross sum of each rate"),
    vat.NET_RATE: _l("From the net sum of each rate"), vat.NET_LINE: _l("Line by line"),
}
TREATMENTS: dict[str, Any] = {
    treatment.DOMESTIC: _l("a sale at home"),
    treatment.WDT: _l("goods to a company in the Union (WDT, 0 %)"),
    treatment.EXPORT: _l("goods out of the Union (export, 0 %)"),
    treatment.OSS: _l("goods to a consumer in the Union (OSS, their rate)"),
    treatment.SERVICES_EU: _l("a service to a company in the Union (np)"),
    treatment.REVERSE: _l("the buyer accounts for the tax (oo)"),
}
BUYER = (*ADDRESS_FIELDS, "tax_id")


class IssueForm(BuyerFields, ExchangeFields, Form):
    """What may be decided when an invoice is issued."""

    series = SelectField(_l("Series"), coerce=int)
    language = SelectField(_l("Language"), choices=choices(LANGUAGES))
    method = SelectField(_l("VAT is counted"), validate_choice=False)
    issue_date = DateField(_l("Issued on"), [Optional()])
    sale_date = DateField(_l("Sold on"), [Optional()])
    due_date = DateField(_l("To be paid by"), [Optional()])
    treatment = SelectField(_l("Taxed as"), validate_choice=False)
    receipt = StringField(_l("Number of the fiscal receipt"))
    receipt_named = BooleanField(_l("The buyer's tax number is on that receipt"))
    unpaid = BooleanField(_l("Issue although it is not paid"))
    split_payment = BooleanField(_l("Split payment applies"))
    exempt_basis = StringField(_l("Basis of VAT exemption"))
    remark = TextAreaField(_l("Remarks"))


def issue_form(order: Order, kind: str, **arguments: Any) -> IssueForm:
    """The form with the series and methods that this order's document can have."""
    form = IssueForm(**arguments)
    known = {one.id: one.name for one in queries.series_of(db.session, kind)} \
        or {0: kinds.FIRST_SERIES[kind][0]}
    form.series.choices = choices(known)
    form.method.choices = choices({
        name: METHODS[name] for name in vat.methods_for(order.prices_include_tax)})
    if form.series.data not in known:
        form.series.data = next(iter(known))
    if kind == kinds.ADVANCE:
        form.sale_date.label.text = gettext("Advance received on")
    return form


def propose(form: IssueForm, draft: Draft) -> None:
    """Let the form say which taxation its facts call for: what a person did not choose follows."""
    form.treatment.choices = [
        ("", gettext("as proposed: %(what)s", what=TREATMENTS[draft.proposed])),
        *choices(TREATMENTS)]


def start(order: Order, draft: Draft) -> dict[str, Any]:
    """What the form shows at first: what would be issued without it."""
    values: dict[str, Any] = {name: draft.buyer.get(name, "") for name in BUYER}
    values |= {"split_payment": False, "treatment": ""}
    if draft.snapshot:
        said = draft.snapshot
        values |= {
            "language": said["language"], "method": said["method"],
            "issue_date": date.fromisoformat(said["issue_date"]),
            "sale_date": date.fromisoformat(said["sale_date"]),
            "exempt_basis": said["exempt_basis"],
        }
        values |= exchange_named(said)
        if said["payment"]["due_date"]:
            values["due_date"] = date.fromisoformat(said["payment"]["due_date"])
    return values


def late(said: Mapping[str, Any]) -> str:
    """What is said of a document that is issued late; empty of one that is not."""
    last = dating.late_since(said)
    return gettext("It is late: it should have been issued by %(day)s (art. 106i).",
                   day=formats.calendar_day(last)) if last else ""


def query_of(form: IssueForm) -> dict[str, Any]:
    """What the preview's address needs to look like the form."""
    values: dict[str, Any] = {}
    for name, field in form._fields.items():
        if name == "csrf_token" or field.data in (None, "", False):
            continue
        values[name] = field.data.isoformat() if isinstance(field.data, date) else field.data
    values |= {name: value for name, value in request.values.items() if name.startswith("rate_")}
    return values


def blame(form: IssueForm, problems: dict[str, OmsError]) -> None:
    """Refusals at their fields; rates and the company have places of their own on the page."""
    form.refuse(InvalidForm({
        name: error for name, error in problems.items()
        if not name.startswith("rate_") and name not in ("company", "order")
    }))


def ask_of(form: IssueForm) -> Ask:
    """What the form decides.

    Raises:
        Invalid: the exchange rate is not one.
    """
    return Ask(
        series_id=form.series.data or None, language=form.language.data or "",
        method=form.method.data or "", issue_date=form.issue_date.data,
        sale_date=form.sale_date.data, due_date=form.due_date.data,
        buyer={name: form[name].data or "" for name in BUYER},
        rates={line: value for name, value in request.values.items()
               if name.startswith("rate_") and value
               and (line := key_in(name[5:])) is not None},
        exchange=form.exchange(), unpaid=form.unpaid.data,
        split_payment=form.split_payment.data, exempt_basis=form.exempt_basis.data or "",
        remark=form.remark.data or "", treatment=form.treatment.data or "",
        receipt=form.receipt.data or "", receipt_named=form.receipt_named.data,
    )


def lenient(form: IssueForm) -> Ask:
    """What the form decides as far as it can be read: for a preview."""
    try:
        return ask_of(form)
    except Invalid:
        form.exchange_rate.data = ""
        return ask_of(form)
