"""Documents: what waits for an invoice, what was issued, one of them, and issuing it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from babel.dates import format_date
from flask import Blueprint, Response, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import BooleanField, DateField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from oms_web.core.errors import Invalid, InvalidForm, OmsError
from oms_web.core.money import parse_amount
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.documents import exports, queries, service, vat
from oms_web.domain.documents.drafting import Ask, Draft, draft_invoice, may_need_split_payment
from oms_web.domain.documents.models import Document
from oms_web.domain.documents.snapshot import ADDRESS_FIELDS, Exchange
from oms_web.domain.einvoices import queries as einvoices
from oms_web.domain.einvoices import settings as einvoice_settings
from oms_web.domain.orders import telling
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.service import get_order
from oms_web.extensions import db
from oms_web.flows.issue_document import issue_invoice
from oms_web.web import asked, einvoice_words
from oms_web.web.access import act
from oms_web.web.door import oms, reading, writing
from oms_web.web.exports import send
from oms_web.web.failures import words_of
from oms_web.web.formats import language
from oms_web.web.forms import CountryField, Form, choices
from oms_web.web.printing import pdf
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("documents", __name__)

MOST_AT_ONCE = 100
VIEWS: dict[str, Any] = {
    "waiting": _l("To issue"), "unpaid": _l("Waiting for payment"), "issued": _l("Issued"),
}
KINDS: dict[str, Any] = {service.INVOICE: _l("Invoice")}
LANGUAGES = {"pl": "Polski", "en": "English"}
METHODS: dict[str, Any] = {
    vat.GROSS_RATE: _l("From the gross sum of each rate"),
    vat.NET_RATE: _l("From the net sum of each rate"), vat.NET_LINE: _l("Line by line"),
}
BUYER = (*ADDRESS_FIELDS, "tax_id")
RATES = vat.POLISH_RATES


class IssueForm(Form):
    """What may be decided when an invoice is issued."""

    series = SelectField(_l("Series"), coerce=int)
    language = SelectField(_l("Language"), choices=choices(LANGUAGES))
    method = SelectField(_l("VAT is counted"), validate_choice=False)
    issue_date = DateField(_l("Issued on"), [Optional()])
    sale_date = DateField(_l("Sold on"), [Optional()])
    due_date = DateField(_l("To be paid by"), [Optional()])
    company = StringField(_l("Company"))
    name = StringField(_l("First and last name"))
    tax_id = StringField(_l("NIP"))
    street = StringField(_l("Street and number"))
    postcode = StringField(_l("Postcode"))
    city = StringField(_l("Town"))
    country = CountryField(_l("Country"))
    exchange_rate = StringField(_l("Exchange rate"))
    exchange_table = StringField(_l("Table number"))
    exchange_day = DateField(_l("Day of the rate"), [Optional()])
    unpaid = BooleanField(_l("Issue although it is not paid"))
    split_payment = BooleanField(_l("Split payment applies"))
    exempt_basis = StringField(_l("Basis of VAT exemption"))
    remark = TextAreaField(_l("Remarks"))


@screen.app_template_filter("calendar_day")
def calendar_day(day: date | str) -> str:
    """A day of the calendar, as documents have them: ``24.11.2026`` or ``24 Nov 2026``."""
    if isinstance(day, str):
        day = date.fromisoformat(day)
    polish = language() == "pl"
    return format_date(day, "dd.MM.y" if polish else "d MMM y", locale="pl" if polish else "en")


# -- lists --------------------------------------------------------------------------------------


def _chosen() -> tuple[dict[str, Any], queries.Asked]:
    view = asked.text("view")
    chosen = {
        "view": view if view in VIEWS else "", "kind": asked.text("kind", 12),
        "series": asked.number("series"), "since": asked.text("since", 10),
        "until": asked.text("until", 10), "q": asked.text("q", 120),
        "ksef": asked.text("ksef", 12),
    }
    wanted = queries.Asked(
        chosen["kind"] if chosen["kind"] in KINDS else "", chosen["series"],
        _day("since"), _day("until"), chosen["q"],
        einvoices.chosen(chosen["ksef"], reading().now),
    )
    filtered = any(chosen[name] for name in ("kind", "series", "since", "until", "q", "ksef"))
    chosen["view"] = chosen["view"] or ("issued" if filtered else "waiting")
    return chosen, wanted


def _day(name: str) -> date | None:
    typed = asked.text(name, 10)
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        raise Invalid("A date looks like 2026-11-24.", name) from None


@screen.get("/documents")
@act("documents.see")
def index() -> Response:
    """A page of one view: orders that wait for an invoice, or issued documents."""
    return _list()


def _list(results: list[tuple[int, str]] | None = None, status: int = 200) -> Response:
    chosen, wanted = _chosen()
    after = asked.text("after", 2000) or None
    view = chosen["view"]
    page = queries.listed(db.session, wanted, after) if view == "issued" \
        else queries.waiting(db.session, view == "waiting", after)
    kept = {name: value for name, value in chosen.items() if value not in (None, "")}
    link = partial(asked.link, "documents.index", kept)
    all_series = queries.series_of(db.session, archived=True)
    return render(
        "documents/list.html", f"documents/_{'issued' if view == 'issued' else 'waiting'}.html",
        page=page, chosen=chosen, link=link, views=VIEWS, kinds=KINDS, results=results or [],
        next_url=link(after=page.after) if page.after else None,
        counts={name: queries.count_waiting(db.session, name == "waiting")
                for name in ("waiting", "unpaid")},
        most=queries.MOST_COUNTED, series=all_series, kept=kept,
        state=queries.series_state(db.session, all_series[0], reading().now)
        if all_series and view == "issued" else None,
        accounts={one.id: one for one in db.session.scalars(select(ChannelAccount))},
        unavailable=oms().printing.available(), status=status,
        ksef_filters=einvoice_words.FILTERS if einvoice_settings.get(db.session) else {},
        ksef=einvoices.of_many(db.session, [row.id for row in page.rows])
        if view == "issued" else {}, ksef_words=einvoice_words,
    )


@screen.get("/documents/export.<kind>")
@act("documents.export")
def export(kind: str) -> Response:
    """The issued documents as they are filtered, as CSV or XLSX."""
    return send(exports.documents(_chosen()[1]), kind, {"kind": KINDS})


@screen.get("/documents/<int:document_id>")
@act("documents.see")
def show(document_id: int) -> Response:
    """An issued document: its PDF and its facts."""
    found = queries.get(db.session, document_id)
    return render("documents/show.html", document=found, said=found.snapshot, kinds=KINDS,
                  methods=METHODS, unavailable=oms().printing.available(),
                  notices=telling.of_document(db.session, found.order_id, document_id),
                  ksef=einvoices.of(db.session, document_id), ksef_words=einvoice_words)


@screen.post("/documents/notices/<int:notice_id>/again")
@act("documents.issue")
def tell_again(notice_id: int) -> Response:
    """Show a document to the buyer on the channel once more, if that did not work."""
    with writing() as work:
        order_id = telling.tell_again(work, notice_id)
    say(gettext("Sending it now."))
    return go(url_for("order_card.show", order_id=order_id))


@screen.get("/documents/<int:document_id>.pdf")
@act("documents.see")
def file(document_id: int) -> Response:
    """The PDF of an issued document: the same bytes every time."""
    found = queries.get(db.session, document_id)
    return pdf(oms().printing.document(document_id), _file_name(found))


def _file_name(document: Document) -> str:
    safe = "".join(ch if ch.isascii() and ch.isalnum() else "-" for ch in document.number)
    return f"{safe}.pdf"


# -- issuing ------------------------------------------------------------------------------------


@screen.post("/documents/issue")
@act("documents.issue")
def issue_many() -> Response:
    """Issue the invoices of the chosen orders; what cannot be issued says why.

    A single order that lacks something leads to its form.
    """
    chosen = [asked.whole(one, "order") for one in request.form.getlist("order")]
    ids = list(dict.fromkeys(one for one in chosen if one))[:MOST_AT_ONCE]
    if not ids:
        raise Invalid("Choose at least one order.", "order")
    issued: list[Document] = []
    refused: list[tuple[int, str]] = []
    for order_id in ids:
        try:
            with writing() as work:
                document, is_new = issue_invoice(work, order_id)
            if is_new or len(ids) == 1:
                issued.append(document)
        except OmsError as error:
            if len(ids) == 1 and isinstance(error, InvalidForm):
                return go(url_for("documents.issue", order_id=order_id))
            refused.append((order_id, _reasons(error)))
    if len(ids) == 1 and issued:
        say(gettext("%(number)s is issued.", number=issued[0].number))
        return go(url_for("documents.show", document_id=issued[0].id))
    if issued:
        say(ngettext("%(num)s invoice is issued.", "%(num)s invoices are issued.", len(issued)))
    if refused:
        return _list(refused, 409)
    return go(url_for("documents.index"))


def _reasons(error: OmsError) -> str:
    problems = error.problems.values() if isinstance(error, InvalidForm) else (error,)
    return " ".join(dict.fromkeys(words_of(one) for one in problems))


@screen.get("/documents/issue")
@act("documents.see")
def issue_again() -> Response:
    """Where a reload of the answer to ``issue_many`` leads: back to the list."""
    return go(url_for("documents.index"))


@screen.get("/orders/<int:order_id>/invoice")
@act("documents.issue")
def issue(order_id: int) -> Response:
    """The invoice as it would be issued, with all that may be decided about it."""
    order = get_order(db.session, order_id)
    present = queries.of_order(db.session, order_id)
    if present:
        return go(url_for("documents.show", document_id=present[0].id))
    draft = draft_invoice(reading(), order, Ask())
    form = _form(order, formdata=None, **_start(order, draft))
    return _issue_page(order, form, draft)


@screen.post("/orders/<int:order_id>/invoice")
@act("documents.issue")
def issue_post(order_id: int) -> Response:
    """Issue the invoice as decided."""
    order = get_order(db.session, order_id)
    form = _form(order)
    try:
        if form.validate():
            with writing() as work:
                document, _new = issue_invoice(work, order_id, _ask(form))
            say(gettext("%(number)s is issued.", number=document.number))
            return go(url_for("documents.show", document_id=document.id))
        draft = draft_invoice(reading(), order, Ask())
    except InvalidForm as refusal:
        draft = draft_invoice(reading(), get_order(db.session, order_id), _lenient(form))
        _blame(form, refusal.problems)
    except Invalid as refusal:
        draft = draft_invoice(reading(), get_order(db.session, order_id), _lenient(form))
        form.refuse(refusal)
    return _issue_page(order, form, draft, 422)


@screen.get("/orders/<int:order_id>/invoice/draft.pdf")
@act("documents.issue")
def draft(order_id: int) -> Response:
    """The invoice as it would look with what the form says now."""
    order = get_order(db.session, order_id)
    form = _form(order, formdata=request.args, meta={"csrf": False})
    found = draft_invoice(reading(), order, _lenient(form) if request.args else Ask())
    if found.snapshot is None:
        raise InvalidForm(found.problems)
    return pdf(oms().printing.draft(found.snapshot), f"draft-{order_id}.pdf")


def _form(order: Order, **arguments: Any) -> IssueForm:
    form = IssueForm(**arguments)
    known = {one.id: one.name for one in queries.series_of(db.session)} or {0: "FV"}
    form.series.choices = choices(known)
    form.method.choices = choices({
        name: METHODS[name] for name in vat.methods_for(order.prices_include_tax)})
    if form.series.data not in known:
        form.series.data = next(iter(known))
    return form


def _start(order: Order, draft: Draft) -> dict[str, Any]:
    """What the form shows at first: what would be issued without it."""
    start: dict[str, Any] = {name: draft.buyer.get(name, "") for name in BUYER}
    start["split_payment"] = False
    if draft.snapshot:
        said = draft.snapshot
        start |= {
            "language": said["language"], "method": said["method"],
            "issue_date": date.fromisoformat(said["issue_date"]),
            "sale_date": date.fromisoformat(said["sale_date"]),
            "exempt_basis": said["exempt_basis"],
        }
        if said["payment"]["due_date"]:
            start["due_date"] = date.fromisoformat(said["payment"]["due_date"])
    return start


def _issue_page(order: Order, form: IssueForm, draft: Draft, status: int = 200) -> Response:
    problems = draft.problems
    return render(
        "documents/issue.html", order=order, form=form, draft=draft, rates=RATES,
        line_rates={line.line_id: (request.values.get(f"rate_{line.line_id}") or "",
                                   problems.get(f"rate_{line.line_id}"))
                    for line in draft.goods
                    if not line.rate or request.values.get(f"rate_{line.line_id}")},
        company_problem=words_of(problems["company"]) if "company" in problems else "",
        order_problem=words_of(problems["order"]) if "order" in problems else "",
        ask_unpaid=order.payment_state in ("unpaid", "part"),
        ask_exchange="exchange_rate" in problems or bool(form.exchange_rate.data),
        ask_exempt="exempt_basis" in problems or any(
            line.rate == vat.EXEMPT for line in draft.goods),
        ask_split=bool(draft.snapshot) and may_need_split_payment(draft.snapshot),
        query=_query(form), unavailable=oms().printing.available(), status=status,
    )


def _query(form: IssueForm) -> dict[str, Any]:
    """What the preview's address needs to look like the form."""
    values: dict[str, Any] = {}
    for name, field in form._fields.items():
        if name == "csrf_token" or field.data in (None, "", False):
            continue
        values[name] = field.data.isoformat() if isinstance(field.data, date) else field.data
    values |= {name: value for name, value in request.values.items() if name.startswith("rate_")}
    return values


def _blame(form: IssueForm, problems: dict[str, OmsError]) -> None:
    """Refusals at their fields; rates and the company have places of their own on the page."""
    form.refuse(InvalidForm({
        name: error for name, error in problems.items()
        if not name.startswith("rate_") and name not in ("company", "order")
    }))


def _ask(form: IssueForm) -> Ask:
    """What the form decides.

    Raises:
        Invalid: the exchange rate is not one.
    """
    return Ask(
        series_id=form.series.data or None, language=form.language.data or "",
        method=form.method.data or "", issue_date=form.issue_date.data,
        sale_date=form.sale_date.data, due_date=form.due_date.data,
        buyer={name: form[name].data or "" for name in BUYER},
        rates={int(name[5:]): value for name, value in request.values.items()
               if name.startswith("rate_") and name[5:].isdigit() and value},
        exchange=_exchange(form), unpaid=form.unpaid.data,
        split_payment=form.split_payment.data, exempt_basis=form.exempt_basis.data or "",
        remark=form.remark.data or "",
    )


def _lenient(form: IssueForm) -> Ask:
    """What the form decides as far as it can be read: for a preview."""
    try:
        return _ask(form)
    except Invalid:
        form.exchange_rate.data = ""
        return _ask(form)


def _exchange(form: IssueForm) -> Exchange | None:
    typed = (form.exchange_rate.data or "").strip()
    if not typed:
        return None
    rate = parse_amount(typed, "exchange_rate")
    if not Decimal("0.0001") <= rate < 100_000 or rate != round(rate, 6):
        raise Invalid("An exchange rate looks like 4.2537.", "exchange_rate")
    if not form.exchange_table.data or not form.exchange_day.data:
        raise Invalid("Name the table of the rate and its day.", "exchange_table")
    return Exchange(rate, form.exchange_table.data.strip()[:40], form.exchange_day.data)
