"""Correcting an issued invoice: what came back, what costs less, who the buyer really is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from oms_web.core.errors import Invalid, InvalidForm, OmsError
from oms_web.core.money import parse_amount, parse_minor, to_micro
from oms_web.domain.documents import correcting, exchange, kinds, queries, vat
from oms_web.domain.documents.correcting import Ask
from oms_web.domain.documents.correction_draft import Standing, draft_correction, standing
from oms_web.domain.documents.snapshot import ADDRESS_FIELDS
from oms_web.extensions import db
from oms_web.flows.correct_document import correct_invoice
from oms_web.web import asked, formats
from oms_web.web.access import act
from oms_web.web.document_fields import BuyerFields, ExchangeFields, exchange_named
from oms_web.web.door import oms, reading, writing
from oms_web.web.failures import words_of
from oms_web.web.forms import Form, choices
from oms_web.web.printing import pdf
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("corrections", __name__)

FORMS: dict[str, Any] = {
    correcting.BEFORE_AFTER: _l("before and after"),
    correcting.DIFFERENCE: _l("only the difference"),
}
EFFECTS: dict[int, Any] = {
    0: _l("as the law has it"), correcting.ON_THE_INVOICE: _l("on the day of the invoice"),
    correcting.ON_THE_CORRECTION: _l("on the day of the correction"),
    correcting.OTHERWISE: _l("on another day"),
}
# Words of a document, in its language: proposals for the reason.
REASONS = {
    "pl": ("Zwrot towaru", "Rabat po sprzedaży", "Pomyłka w cenie", "Pomyłka w stawce VAT",
           "Pomyłka w kursie waluty", "Pomyłka w danych nabywcy", "Reklamacja"),
    "en": ("Goods returned", "Discount after the sale", "Wrong price", "Wrong VAT rate",
           "Wrong exchange rate", "Wrong data of the buyer", "Complaint"),
}
_BUYER = (*ADDRESS_FIELDS, "tax_id")
_OF_LINES = ("quantity_", "price_", "rate_")


class CorrectionForm(BuyerFields, ExchangeFields, Form):
    """What a correction says beside its lines."""

    reason = StringField(_l("Reason"))
    delivery = StringField(_l("Delivery given back"))
    lowered = StringField(_l("Reduction of all goods"))
    shows = RadioField(_l("The document shows"), choices=choices(FORMS))
    effect = SelectField(_l("Takes effect"), choices=choices(EFFECTS), coerce=int)
    series = SelectField(_l("Series"), coerce=int)
    issue_date = DateField(_l("Issued on"), [Optional()])
    exempt_basis = StringField(_l("Basis of VAT exemption"))
    remark = TextAreaField(_l("Remarks"))


@screen.get("/documents/<int:document_id>/correct")
@act("documents.issue")
def correct(document_id: int) -> Response:
    """The invoice as it stands, to say how it should be; the address may say so already."""
    stand = standing(db.session, document_id)
    buyer = {name: stand.state["buyer"].get(name, "") for name in _BUYER}
    form = _form(formdata=request.args, shows=correcting.BEFORE_AFTER, effect=0, **buyer,
                 exempt_basis=stand.latest.snapshot["exempt_basis"],
                 **exchange_named(stand.latest.snapshot))
    return _page(stand, form, {})


@screen.post("/documents/<int:document_id>/correct")
@act("documents.issue")
def correct_post(document_id: int) -> Response:
    """Issue the correction."""
    form = _form()
    stand = standing(db.session, document_id)
    problems: Mapping[str, OmsError] = {}
    try:
        if form.validate():
            ask = _ask(form, stand)
            with writing() as work:
                document, _ = correct_invoice(work, document_id, ask)
            say(gettext("%(number)s is issued.", number=document.number))
            return go(url_for("documents.show", document_id=document.id))
    except InvalidForm as refusal:
        problems = refusal.problems
    except Invalid as refusal:
        problems = {refusal.field: refusal}
    form.refuse(InvalidForm({name: error for name, error in problems.items()
                             if not name.startswith(_OF_LINES)}))
    return _page(stand, form, problems, 422)


@screen.get("/documents/<int:document_id>/correction.pdf")
@act("documents.issue")
def draft(document_id: int) -> Response:
    """The correction as it would look with what the form says now."""
    stand = standing(db.session, document_id)
    form = _form(formdata=request.args, meta={"csrf": False})
    found = draft_correction(reading(), stand, _ask(form, stand, reason="…"))
    return pdf(oms().printing.draft(found), f"correction-{document_id}.pdf")


def _form(**arguments: Any) -> CorrectionForm:
    form = CorrectionForm(**arguments)
    known = {one.id: one.name for one in queries.series_of(db.session, kinds.CORRECTION)} \
        or {0: kinds.FIRST_SERIES[kinds.CORRECTION][0]}
    form.series.choices = choices(known)
    if form.series.data not in known:
        form.series.data = next(iter(known))
    return form


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the invoice with what is typed beside it, and what is wrong with that."""

    line: Mapping[str, Any]
    quantity: str
    price: str
    rate: str
    problems: Sequence[str]


def _rows(state: Mapping[str, Any], problems: Mapping[str, OmsError]) -> list[Row]:
    typed, everything = request.values, _everything()

    def row(line: Mapping[str, Any]) -> Row:
        at = line["position"]
        return Row(
            line,
            typed.get(f"quantity_{at}", "0" if everything else str(line["quantity"])),
            typed.get(f"price_{at}", formats.price(line["unit_price"], state["currency"])),
            typed.get(f"rate_{at}") or line["rate"],
            [words_of(problems[name]) for name in (f"quantity_{at}", f"price_{at}", f"rate_{at}")
             if name in problems],
        )

    return [row(line) for line in state["lines"]]


def _everything() -> bool:
    """Whether the page was opened to take all units back."""
    return request.method == "GET" and bool(asked.text("all"))


def _page(stand: Standing, form: CorrectionForm, problems: Mapping[str, OmsError],
          status: int = 200) -> Response:
    state = {**stand.state, "currency": stand.first.currency}
    try:
        shown = bool(draft_correction(reading(), stand, _ask(form, stand, reason="…")))
    except OmsError:
        shown = False  # nothing is changed yet: there is nothing to look at
    query = {name: value for name, value in request.values.items() if name != "csrf_token"}
    rows = _rows(state, problems)
    return render(
        "documents/correct.html", document=stand.first, latest=stand.latest, state=state,
        rows=rows, form=form, ask_exempt=bool(form.exempt_basis.errors) or any(
            row.rate == vat.EXEMPT for row in rows), rates=vat.POLISH_RATES,
        reasons=REASONS[stand.first.language], query=query, shown=shown,
        ask_exchange=bool(form.exchange_rate.errors or form.exchange_rate.data),
        named=stand.latest.snapshot["exchange"],
        right=exchange.find(db.session, stand.first.currency, stand.first.sale_date,
                            stand.first.issue_date) if stand.first.currency != exchange.HOME
        else None,
        delivered=sum(line["amount"] for line in state["lines"] if line["kind"] == "delivery"),
        unavailable=oms().printing.available(), status=status,
    )


def _ask(form: CorrectionForm, stand: Standing, reason: str = "") -> Ask:
    """What the form decides. ``reason`` stands in where none is typed: for a preview.

    Raises:
        InvalidForm: what was typed is no number, no amount or no rate.
    """
    problems: dict[str, OmsError] = {}
    positions = {line["position"]: line for line in stand.state["lines"]}
    currency = stand.first.currency

    def of_lines(name: str, read: Callable[[str, str], Any]) -> dict[int, Any]:
        found = {}
        for at in positions:
            typed = (request.values.get(f"{name}{at}") or "").strip()
            if typed:
                try:
                    found[at] = read(typed, f"{name}{at}")
                except Invalid as refusal:
                    problems[f"{name}{at}"] = refusal
        return found

    def amount(name: str) -> int:
        try:
            return parse_minor(form[name].data, currency, name) if form[name].data else 0
        except Invalid as refusal:
            problems[name] = refusal
            return 0

    used = None
    try:
        used = form.exchange()
    except Invalid as refusal:
        problems[refusal.field] = refusal
    quantities = of_lines("quantity_", lambda typed, where: asked.whole(typed, where))
    ask = Ask(
        quantities=dict.fromkeys(positions, 0) if _everything() else quantities,
        prices=of_lines("price_", lambda typed, where: to_micro(parse_amount(typed, where))),
        rates=of_lines("rate_", lambda typed, where: vat.tidy_rate(typed)),
        delivery_back=amount("delivery"), lowered=amount("lowered"), buyer=_buyer(form),
        reason=form.reason.data or reason, form=form.shows.data or correcting.BEFORE_AFTER,
        effect=form.effect.data or 0, issue_date=form.issue_date.data,
        series_id=form.series.data or None, remark=form.remark.data or "", exchange=used,
        exempt_basis=form.exempt_basis.data or "",
    )
    if problems:
        raise InvalidForm(problems)
    return ask


def _buyer(form: CorrectionForm) -> dict[str, str] | None:
    """The buyer as typed; None where the form was not sent with one."""
    if "name" not in request.values:
        return None
    return {name: form[name].data or "" for name in _BUYER}
