"""For accountants: the month's register as JPK, and the invoices of a period as files."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import DateField, StringField
from wtforms.validators import Optional

from oms_web.core.clock import local_day
from oms_web.core.errors import Invalid, InvalidForm, OmsError
from oms_web.core.money import parse_minor
from oms_web.domain.accounting import entries, exports, jpk, queries, register, service
from oms_web.domain.accounting.models import TaxPayer
from oms_web.domain.audit import service as audit
from oms_web.extensions import db
from oms_web.web import asked, formats
from oms_web.web.access import act
from oms_web.web.books import BooksForm, books_form, section
from oms_web.web.documents import KINDS
from oms_web.web.door import actor, oms, reading, writing
from oms_web.web.exports import send
from oms_web.web.failures import words_of
from oms_web.web.forms import Form, Needed
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("accounting", __name__)

MOST_SHOWN = 50

FIELDS: dict[str, Any] = {
    "K_10": _l("Exempt from VAT"), "K_11": _l("Outside of Poland"),
    "K_12": _l("of these: services to companies in the Union"), "K_13": _l("At home, 0 %"),
    "K_15": _l("At home, 5 %: net"), "K_16": _l("At home, 5 %: VAT"),
    "K_17": _l("At home, 8 %: net"), "K_18": _l("At home, 8 %: VAT"),
    "K_19": _l("At home, 23 %: net"), "K_20": _l("At home, 23 %: VAT"),
    "K_21": _l("Goods to companies in the Union"), "K_22": _l("Export"),
}
DOUBTS: dict[str, Any] = {
    register.NO_RATE: _l("There is no exchange rate of the day that counts"),
    register.NO_PLACE: _l("The register has no field for a VAT rate"),
    register.REFUSED: _l("KSeF refused the document"),
    register.NOT_IN_KSEF: _l("The document has no number from KSeF yet"),
    register.ONE_STOP: _l("Sold under the one-stop shop: ask your accountant whether it stays"),
    register.ANOTHER_MONTH: _l("A correction whose month is for your accountant to say"),
}


class PayerForm(Form):
    """Who files. Names and the birthday of a person only."""

    office = StringField(_l("Code of the tax office"), [Needed()])
    given_name = StringField(_l("Given name"))
    surname = StringField(_l("Surname"))
    born = DateField(_l("Born on"), [Optional()])


class ReportForm(Form):
    """A cash register's report of a month."""

    number = StringField(_l("Number of the report"), [Needed()])
    day = DateField(_l("Day"), [Optional()])
    net_23 = StringField(_l("Net"))
    vat_23 = StringField(_l("VAT"))
    net_8 = StringField(_l("Net"))
    vat_8 = StringField(_l("VAT"))
    net_5 = StringField(_l("Net"))
    vat_5 = StringField(_l("VAT"))
    net_0 = StringField(_l("Net"))
    net_zw = StringField(_l("Net"))


# The register -----------------------------------------------------------------------------------


@screen.get("/documents/jpk")
@act("documents.export")
def index() -> Response:
    """A month's register: what it comes to, and what should be looked at before it is taken."""
    return _page(_month(asked.text("month", 7)))


@screen.get("/documents/jpk/<month>.xml")
@act("documents.export")
def jpk_file(month: str) -> Response:
    """The file of a month."""
    first = _month(month)
    payer = queries.payer(db.session)
    found = queries.month(db.session, first)
    blocking = [DOUBTS[name] for name in register.BLOCKING if found.doubts.get(name)]
    if blocking:
        raise Invalid("The file cannot be made yet: %(why)s", why=". ".join(map(str, blocking)))
    content = jpk.write(payer, first, found.rows, reading().now,
                        again=bool(asked.text("again", 1)))
    db.session.rollback()  # the note is written in a transaction of its own
    _note(f"jpk {first:%Y-%m}")
    return _download([content], f"jpk-v7m-{first:%Y-%m}.xml", "application/xml")


@screen.post("/documents/jpk/<month>/payer")
@act("documents.issue")
def change_payer(month: str) -> Response:
    """Keep who files."""
    form = PayerForm()
    return _try(month, form, lambda: _change_payer(form), payer=form)


def _change_payer(form: PayerForm) -> str:
    with writing() as work:
        changed = service.change_payer(work, form.values())
    return gettext("Saved.") if changed else gettext("Nothing was changed.")


@screen.post("/documents/jpk/<month>/reports")
@act("documents.issue")
def add_report(month: str) -> Response:
    """Keep the report of a cash register."""
    form = ReportForm()
    return _try(month, form, lambda: _add_report(form, _month(month)), report=form)


def _add_report(form: ReportForm, month: date) -> str:
    problems: dict[str, OmsError] = {}
    typed: dict[str, int] = {}
    for name, field in form._fields.items():
        if not name.startswith(("net_", "vat_")):
            continue
        try:
            typed[name] = parse_minor(field.data or "0", register.HOME, name)
        except Invalid as error:
            problems[name] = error
    if problems:
        raise InvalidForm(problems)
    with writing() as work:
        service.add_report(work, month, form.number.data or "", form.day.data, {
            rate: (typed[f"net_{rate}"], typed.get(f"vat_{rate}", 0)) for rate in service.RATES})
    return gettext("The report is in the register.")


@screen.post("/documents/jpk/reports/<int:report_id>/remove")
@act("documents.issue")
def remove_report(report_id: int) -> Response:
    """Take a report away that was typed wrong."""
    with writing() as work:
        month = service.remove_report(work, report_id).month
    say(gettext("The report is taken away."))
    return go(url_for("accounting.index", month=f"{month:%Y-%m}"))


@screen.post("/documents/jpk/<month>/books")
@act("documents.design")
def choose_books(month: str) -> Response:
    """Let an accounting program take documents from a day on."""
    form = books_form()
    return _try(month, form, lambda: _choose_books(form), books=form)


def _choose_books(form: BooksForm) -> str:
    with writing() as work:
        entries.choose(work, form.account.data, form.since.data, proformas=form.proformas.data)
    return gettext("Documents issued since %(day)s go into the books.",
                   day=formats.calendar_day(form.since.data))


def _try(month: str, form: Form, act_: Any, **forms: Any) -> Response:
    first = _month(month)
    if form.validate():
        try:
            say(act_())
            return go(url_for("accounting.index", month=f"{first:%Y-%m}"))
        except OmsError as error:
            form.refuse(error)
    return _page(first, status=422, **forms)


def _page(first: date, payer: PayerForm | None = None, report: ReportForm | None = None,
          books: BooksForm | None = None, status: int = 200) -> Response:
    found = queries.month(db.session, first)
    missing: list[str] = []
    try:
        queries.payer(db.session)
    except InvalidForm as error:
        missing = [words_of(one) for one in error.problems.values()]
    today = local_day(reading().now)
    row = db.session.get(TaxPayer, 1)
    last = queries.next_month(first) - timedelta(days=1)
    return render(
        "accounting/jpk.html", month=found, missing=missing, fields=FIELDS, doubts=DOUBTS,
        blocking=register.BLOCKING, payer=payer or PayerForm(formdata=None, obj=row),
        report=report or ReportForm(formdata=None, day=min(last, today)), rates=service.RATES,
        previous=(first - timedelta(days=1)).replace(day=1), following=queries.next_month(first),
        is_over=last < today, last=last, doubtful=[
            row for row in found.rows if row.doubts][:MOST_SHOWN], **section(books),
        status=status,
    )


def _month(typed: str) -> date:
    """The first day of a month; empty is the last whole one."""
    if not typed:
        today = local_day(reading().now)
        return max((today.replace(day=1) - timedelta(days=1)).replace(day=1), jpk.FIRST_MONTH)
    try:
        first = date.fromisoformat(f"{typed}-01")
    except ValueError:
        raise Invalid("A month looks like 2026-11.", "month") from None
    if not jpk.FIRST_MONTH <= first < date(2050, 12, 1):
        raise Invalid("JPK_V7M(3) is for months from February 2026 on.", "month")
    return first


# Files of a period ------------------------------------------------------------------------------


@screen.get("/documents/accounting.<kind>")
@act("documents.export")
def export(kind: str) -> Response:
    """The invoices of a period, a row per document and rate (CSV, XLSX), or as EPP."""
    period = exports.Period(_day("since"), _day("until"))
    if kind != "epp":
        return send(exports.ledger(period), kind, {"kind": KINDS})
    _note("epp")
    return _download(exports.write_epp(oms().works, actor(), period),
                     f"faktury-{period.since}-{period.until}.epp", "text/plain")


def _day(name: str) -> date:
    try:
        return date.fromisoformat(asked.text(name, 10))
    except ValueError:
        raise Invalid("A date looks like 2026-11-24.", name) from None


def _note(what: str) -> None:
    with writing() as work:
        query = request.query_string.decode(errors="replace")[:500]
        audit.record(work, "list.export", "accounting", None, {"format": [None, what]},
                     note=query or None)


def _download(content: Iterable[bytes], name: str, kind: str) -> Response:
    answer = Response(content, mimetype=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
