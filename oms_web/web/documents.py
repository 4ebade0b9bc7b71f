"""Documents: what waits for an invoice, what was issued, one of them, and issuing it."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from oms_web.core.errors import Invalid, InvalidForm, OmsError
from oms_web.domain.accounting import entry_queries
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.documents import annulling, correcting, exports, kinds, queries, treatment, vat
from oms_web.domain.documents.drafting import Ask, Draft, draft_invoice, may_need_split_payment
from oms_web.domain.documents.models import Document
from oms_web.domain.einvoices import en16931, notices
from oms_web.domain.einvoices import queries as einvoices
from oms_web.domain.einvoices import service as einvoice_service
from oms_web.domain.einvoices import settings as einvoice_settings
from oms_web.domain.orders import telling
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.service import get_order
from oms_web.extensions import db
from oms_web.flows.issue_document import issue_advance, issue_invoice, issue_proforma
from oms_web.web import asked, books, einvoice_words
from oms_web.web.access import act
from oms_web.web.door import oms, reading, writing
from oms_web.web.exports import send
from oms_web.web.failures import words_of
from oms_web.web.issue_form import (
    METHODS,
    IssueForm,
    ask_of,
    blame,
    issue_form,
    late,
    lenient,
    propose,
    query_of,
    start,
)
from oms_web.web.printing import file_name, pdf
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("documents", __name__)

MOST_AT_ONCE = 100
VIEWS: dict[str, Any] = {
    "waiting": _l("To issue"), "unpaid": _l("Waiting for payment"), "issued": _l("Issued"),
}
KINDS: dict[str, Any] = {
    kinds.INVOICE: _l("Invoice"), kinds.CORRECTION: _l("Correction invoice"),
    kinds.ADVANCE: _l("Advance invoice"), kinds.FINAL: _l("Final invoice"),
    kinds.PROFORMA: _l("Pro forma"), kinds.WZ: _l("Goods issued (WZ)"),
    kinds.PZ: _l("Goods received (PZ)"), kinds.MM: _l("Goods moved (MM)"),
    kinds.RW: _l("Goods taken out (RW)"), kinds.PW: _l("Goods taken in (PW)"),
}
CORRECTED: dict[str, Any] = {
    correcting.QUANTITY: _l("quantity"), correcting.PRICE: _l("price"),
    correcting.RATE: _l("VAT rate"), correcting.DATA: _l("the buyer's data"),
    correcting.EXCHANGE: _l("the rate of exchange"), correcting.MIXED: _l("several things"),
}
ISSUES: dict[str, Any] = {
    kinds.INVOICE: issue_invoice, kinds.PROFORMA: issue_proforma, kinds.ADVANCE: issue_advance,
}
_KIND = f"<any({kinds.INVOICE}, {kinds.PROFORMA}, {kinds.ADVANCE}):kind>"
RATES = vat.POLISH_RATES


# -- lists --------------------------------------------------------------------------------------


def _chosen() -> tuple[dict[str, Any], queries.Asked]:
    view, kind, ksef = asked.text("view"), asked.text("of", 12), asked.text("ksef", 12)
    wanted = queries.Asked(
        kind if kind in KINDS else "", asked.number("series"), _day("since"), _day("until"),
        asked.text("q", 120), einvoices.chosen(ksef, reading().now),
    )
    chosen = {
        "view": view if view in VIEWS else "", "of": kind, "series": wanted.series_id,
        "since": asked.text("since", 10), "until": asked.text("until", 10), "q": wanted.text,
        "ksef": ksef,
    }
    filtered = any(chosen[name] for name in ("of", "series", "since", "until", "q", "ksef"))
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
    all_series = queries.series_of(db.session, "", archived=True)
    of_kind = kinds.series_kind(chosen["of"] if chosen["of"] in KINDS else kinds.INVOICE)
    shown = next((one for one in all_series if one.id == chosen["series"]
                  or (not chosen["series"] and one.kind == of_kind)), None)
    return render(
        "documents/list.html", f"documents/_{'issued' if view == 'issued' else 'waiting'}.html",
        page=page, chosen=chosen, link=link, views=VIEWS, kinds=KINDS, results=results or [],
        worthless=kinds.WAREHOUSE,
        next_url=link(after=page.after) if page.after else None,
        counts={name: queries.count_waiting(db.session, name == "waiting")
                for name in ("waiting", "unpaid")},
        most=queries.MOST_COUNTED, series=all_series, kept=kept,
        state=queries.series_state(db.session, shown, reading().now)
        if shown and view == "issued" else None,
        accounts={one.id: one for one in db.session.scalars(select(ChannelAccount))},
        unavailable=oms().printing.available(), status=status,
        ksef_filters=einvoice_words.FILTERS if einvoice_settings.get(db.session) else {},
        ksef=einvoices.of_many(db.session, [row.id for row in page.rows])
        if view == "issued" else {}, ksef_words=einvoice_words,
        **_announced(),
    )


def _announced() -> dict[str, Any]:
    """What pages say of what the Ministry announces of KSeF."""
    now = reading().now
    return {"announced": notices.to_tell(db.session, now), "now": now}


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
    family = queries.family(db.session, found.corrects_id or found.id)
    ksef = einvoices.of(db.session, document_id)
    return render("documents/show.html", document=found, said=found.snapshot, kinds=KINDS,
                  methods=METHODS, unavailable=oms().printing.available(), corrected=CORRECTED,
                  family=family if len(family) > 1 else (),
                  correctable=found.kind in (*kinds.CORRECTABLE, kinds.CORRECTION)
                  and not any(one.is_annulled for one in family
                              if one.id == (found.corrects_id or found.id)),
                  notices=telling.of_document(db.session, found.order_id, document_id)
                  if found.order_id else (),
                  ksef=ksef, ksef_words=einvoice_words,
                  ksef_waits=einvoices.waits_for(db.session, ksef) if ksef else (),
                  annulment=annulling.of(db.session, document_id),
                  ksef_can={"annul": einvoice_service.may_annul(ksef) and not found.cause,
                            "move": einvoice_service.may_move(
                                ksef, einvoice_settings.get(db.session))} if ksef else {},
                  ksef_term=notices.term_of(db.session, ksef) if ksef else None,
                  books=entry_queries.of_document(db.session, document_id), book_words=books,
                  not_european=_not_european(found))


def _not_european(document: Document) -> str:
    """Why a document cannot be a European invoice; empty when it can."""
    try:
        en16931.invoice(document.snapshot)
    except Invalid as error:
        return words_of(error)
    return ""


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
    return pdf(oms().printing.document(document_id), file_name(found.number))


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
@screen.get(f"/orders/<int:order_id>/{_KIND}")
@act("documents.issue")
def issue(order_id: int, kind: str = kinds.INVOICE) -> Response:
    """The document as it would be issued, with all that may be decided about it."""
    order = get_order(db.session, order_id)
    if kind == kinds.INVOICE:
        present = [one for one in queries.of_order(db.session, order_id)
                   if one.kind in kinds.SALES and not one.is_annulled]
        if present:
            return go(url_for("documents.show", document_id=present[0].id))
    draft = draft_invoice(reading(), order, Ask(), kind)
    form = issue_form(order, kind, formdata=None, **start(order, draft))
    return _issue_page(order, form, draft, kind)


@screen.post("/orders/<int:order_id>/invoice")
@screen.post(f"/orders/<int:order_id>/{_KIND}")
@act("documents.issue")
def issue_post(order_id: int, kind: str = kinds.INVOICE) -> Response:
    """Issue the document as decided."""
    order = get_order(db.session, order_id)
    form = issue_form(order, kind)
    try:
        if form.validate():
            with writing() as work:
                document, _new = ISSUES[kind](work, order_id, ask_of(form))
            say(gettext("%(number)s is issued.", number=document.number))
            if warning := late(document.snapshot):
                say(warning, "warn")
            return go(url_for("documents.show", document_id=document.id))
        draft = draft_invoice(reading(), order, Ask(), kind)
    except InvalidForm as refusal:
        draft = draft_invoice(reading(), get_order(db.session, order_id), lenient(form), kind)
        blame(form, refusal.problems)
    except Invalid as refusal:
        draft = draft_invoice(reading(), get_order(db.session, order_id), lenient(form), kind)
        form.refuse(refusal)
    return _issue_page(order, form, draft, kind, 422)


@screen.get("/orders/<int:order_id>/invoice/draft.pdf")
@screen.get(f"/orders/<int:order_id>/{_KIND}/draft.pdf")
@act("documents.issue")
def draft(order_id: int, kind: str = kinds.INVOICE) -> Response:
    """The document as it would look with what the form says now."""
    order = get_order(db.session, order_id)
    form = issue_form(order, kind, formdata=request.args, meta={"csrf": False})
    found = draft_invoice(reading(), order, lenient(form) if request.args else Ask(), kind)
    if found.snapshot is None:
        raise InvalidForm(found.problems)
    return pdf(oms().printing.draft(found.snapshot), f"draft-{order_id}.pdf")


@screen.post("/orders/<int:order_id>/invoice/treatment")
@act("documents.issue")
def proposal(order_id: int) -> Response:
    """The field of the taxation, as the buyer was typed."""
    form = IssueForm()
    propose(form, draft_invoice(reading(), get_order(db.session, order_id), lenient(form)))
    return render("documents/_treatment.html", form=form, order=get_order(db.session, order_id))


def _issue_page(order: Order, form: IssueForm, draft: Draft, kind: str, status: int = 200
                ) -> Response:
    problems = draft.problems
    propose(form, draft)
    return render(
        "documents/issue.html", order=order, form=form, draft=draft, rates=RATES, kind=kind,
        kinds=KINDS, abroad=form.treatment.data not in ("", None, treatment.DOMESTIC)
        or draft.proposed != treatment.DOMESTIC
        or "treatment" in problems or order.country not in ("", "PL"),
        advances=queries.advances_of(db.session, order.id),
        line_rates={line.line_id: (request.values.get(name) or "",
                                   words_of(problems[name]) if name in problems else "")
                    for line in draft.goods if (name := f"rate_{line.line_id}")
                    and (not line.rate or request.values.get(name))},
        late=late(draft.snapshot) if draft.snapshot else "",
        company_problem=words_of(problems["company"]) if "company" in problems else "",
        order_problem=words_of(problems["order"]) if "order" in problems else "",
        ask_unpaid=kind == kinds.INVOICE and order.payment_state in ("unpaid", "part"),
        exchange_problem=words_of(problems["exchange_rate"])
        if "exchange_rate" in problems else "",
        ask_exchange="exchange_rate" in problems or bool(form.exchange_rate.data),
        ask_exempt="exempt_basis" in problems or any(
            line.rate == vat.EXEMPT for line in draft.goods),
        ask_split=draft.snapshot is not None and may_need_split_payment(draft.snapshot),
        query=query_of(form), unavailable=oms().printing.available(), status=status,
    )


