"""Goods come in: scanned or typed into a draft, then put on the shelves."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField

from oms_web.core.errors import Invalid, NotAllowedNow, OmsError
from oms_web.core.money import parse_amount, to_micro
from oms_web.domain.stock import documents, queries
from oms_web.domain.stock.models import Warehouse
from oms_web.extensions import db
from oms_web.flows import stock_receipt
from oms_web.web import asked, scanning
from oms_web.web.access import act
from oms_web.web.door import writing
from oms_web.web.failures import status_of, words_of
from oms_web.web.forms import Form, choices
from oms_web.web.render import go, render
from oms_web.web.scanning import Said
from oms_web.web.stock_documents import STATES
from oms_web.web.toasts import say

screen = Blueprint("receipts", __name__)


class ReceiptForm(Form):
    """Where goods come in, and by which papers."""

    warehouse = SelectField(_l("Warehouse"), coerce=int, validate_choice=False)
    partner = StringField(_l("Supplier"))
    reference = StringField(_l("Their document"))

    def __init__(self) -> None:
        super().__init__()
        self.warehouse.choices = choices(
            {w.id: w.name for w in queries.warehouses(db.session)})


@screen.get("/stock/receipts/new")
@act("stock.receive")
def new() -> Response:
    """The form for a new receipt."""
    return render("stock_documents/new.html", kind="receipt", form=ReceiptForm(),
                  action=url_for("receipts.create"))


@screen.post("/stock/receipts/new")
@act("stock.receive")
def create() -> Response:
    """Begin a receipt."""
    form = ReceiptForm()
    with writing() as work:
        document_id = stock_receipt.start(
            work, form.warehouse.data or 0, partner=form.partner.data or "",
            reference=form.reference.data or "",
        )
    return go(url_for("receipts.show", document_id=document_id))


@screen.get("/stock/receipts/<int:document_id>")
@act("stock.see")
def show(document_id: int) -> Response:
    """A receipt: a draft to scan into, or what came in."""
    return _card(document_id)


def _card(document_id: int, said: Said | None = None, status: int = 200) -> Response:
    document = queries.document(db.session, document_id)
    if document.kind != documents.RECEIPT:
        return go(url_for("stock_documents.show", document_id=document_id))
    warehouse = db.session.get_one(Warehouse, document.warehouse_id)
    return render(
        "stock_documents/receipt.html", "stock_documents/_receipt_lines.html", document=document,
        lines=queries.document_lines(db.session, document_id, newest_first=True), said=said,
        warehouse=warehouse, bins=queries.bin_choices(db.session, document.warehouse_id),
        states=STATES, status=status, place=asked.number("place"),
    )


@screen.post("/stock/receipts/<int:document_id>/scan")
@act("stock.receive")
def scan(document_id: int) -> Response:
    """Count what was scanned; a bin's code chooses the bin for what follows."""
    document = queries.document(db.session, document_id)
    bin_id = queries.scanned_bin(db.session, document.warehouse_id, request.form.get("code", ""))
    if bin_id is not None and not request.form.get("variant_id"):
        return _card(document_id, Said("ok", gettext("Into this bin now."), place=bin_id))
    try:
        found = scanning.variant(db.session)
        with writing() as work:
            count = stock_receipt.add(work, document_id, found.id, scanning.units(),
                                      scanning.place(), _cost())
    except OmsError as error:
        return _card(document_id, scanning.refused(db.session, error), status_of(error))
    return _card(document_id, Said("ok", found.title, count, found.sku, scanning.place()))


def _cost() -> int | None:
    typed = request.form.get("cost", "").strip()
    return to_micro(parse_amount(typed, "cost")) if typed else None


@screen.post("/stock/receipts/<int:document_id>/lines/<int:line_id>")
@act("stock.receive")
def set_line(document_id: int, line_id: int) -> Response:
    """Correct a line; no units take it out."""
    try:
        with writing() as work:
            stock_receipt.set_line(work, document_id, line_id, scanning.units(usual=0),
                                   scanning.place() or 0, _cost())
    except (Invalid, NotAllowedNow) as error:
        said = Said("bad", words_of(error), line_id=line_id)
        return _card(document_id, said, status_of(error))
    return _card(document_id, Said("ok", gettext("Saved."), line_id=line_id))


@screen.post("/stock/receipts/<int:document_id>/<any(post, cancel):what>")
@act("stock.receive")
def finish(document_id: int, what: str) -> Response:
    """Put the units on the shelves, or give the draft up."""
    try:
        with writing() as work:
            if what == "post":
                units = stock_receipt.post(work, document_id)
            else:
                stock_receipt.cancel(work, document_id)
    except NotAllowedNow as error:
        return _card(document_id, Said("bad", words_of(error)), 409)
    if what == "post":
        say(ngettext("%(num)s unit received.", "%(num)s units received.", units))
    else:
        say(gettext("The draft is given up."))
    return go(url_for("receipts.show", document_id=document_id))
