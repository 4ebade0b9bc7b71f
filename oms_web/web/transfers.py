"""Goods go from one warehouse to another: put on a draft, sent, received."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField

from oms_web.core.errors import Invalid, NotAllowedNow, OmsError, ShortStock
from oms_web.core.work import Work
from oms_web.domain.stock import documents, queries
from oms_web.extensions import db
from oms_web.flows import stock_transfer
from oms_web.web import asked, scanning
from oms_web.web.access import act
from oms_web.web.door import writing
from oms_web.web.failures import status_of, words_of
from oms_web.web.forms import Form, choices
from oms_web.web.render import go, render
from oms_web.web.scanning import Said
from oms_web.web.stock_documents import STATES
from oms_web.web.toasts import say

screen = Blueprint("transfers", __name__)


class TransferForm(Form):
    """From where to where."""

    warehouse = SelectField(_l("From"), coerce=int, validate_choice=False)
    to_warehouse_id = SelectField(_l("To"), coerce=int, validate_choice=False)
    reference = StringField(_l("Reference"))

    def __init__(self) -> None:
        super().__init__()
        houses = {w.id: w.name for w in queries.warehouses(db.session)}
        self.warehouse.choices = choices(houses)
        self.to_warehouse_id.choices = choices(houses)
        if not self.is_submitted() and len(houses) > 1:
            self.to_warehouse_id.data = list(houses)[1]


@screen.get("/stock/transfers/new")
@act("stock.transfer")
def new() -> Response:
    """The form for a new transfer."""
    return render("stock_documents/new.html", kind="transfer", form=TransferForm(),
                  action=url_for("transfers.create"))


@screen.post("/stock/transfers/new")
@act("stock.transfer")
def create() -> Response:
    """Begin a transfer."""
    form = TransferForm()
    try:
        with writing() as work:
            document_id = stock_transfer.start(
                work, form.warehouse.data or 0, form.to_warehouse_id.data or 0,
                reference=form.reference.data or "",
            )
    except Invalid as error:
        form.refuse(error)
        return render("stock_documents/new.html", kind="transfer", form=form, status=422,
                      action=url_for("transfers.create"))
    return go(url_for("transfers.show", document_id=document_id))


@screen.get("/stock/transfers/<int:document_id>")
@act("stock.see")
def show(document_id: int) -> Response:
    """A transfer: a draft, on the road, or received."""
    return _card(document_id)


def _card(document_id: int, said: Said | None = None, status: int = 200) -> Response:
    document = queries.document(db.session, document_id)
    if document.kind != documents.TRANSFER:
        return go(url_for("stock_documents.show", document_id=document_id))
    lines = queries.document_lines(db.session, document_id, newest_first=document.state == "draft")
    houses = {w.id: w for w in queries.warehouses(db.session, everything=True)}
    here = document.to_warehouse_id if document.state == "sent" else document.warehouse_id
    return render(
        "stock_documents/transfer.html", "stock_documents/_transfer_lines.html",
        document=document, lines=lines, said=said, houses=houses, states=STATES, status=status,
        bins=queries.bin_choices(db.session, here or 0), place=asked.number("place"),
        held={(h.variant_id, h.location_id): h for h in queries.held(
            db.session, [line.variant_id for line in lines])} if document.state == "draft" else {},
    )


@screen.post("/stock/transfers/<int:document_id>/scan")
@act("stock.transfer")
def scan(document_id: int) -> Response:
    """Put a scanned unit on the draft; of a transfer on the road, note that it arrived."""
    document = queries.document(db.session, document_id)
    here = document.to_warehouse_id if document.state == "sent" else document.warehouse_id
    bin_id = queries.scanned_bin(db.session, here or 0, request.form.get("code", ""))
    if bin_id is not None and not request.form.get("variant_id"):
        return _card(document_id, Said("ok", gettext("This bin now."), place=bin_id))
    try:
        found = scanning.variant(db.session)
        units = scanning.units()
        with writing() as work:
            if document.state == "sent":
                count = _arrive(work, document_id, found.id, units)
            else:
                count = stock_transfer.add(work, document_id, found.id, units, scanning.place())
    except OmsError as error:
        return _card(document_id, scanning.refused(db.session, error), status_of(error))
    return _card(document_id, Said("ok", found.title, count, found.sku, scanning.place()))


def _arrive(work: Work, document_id: int, variant_id: int, units: int) -> int:
    """Spread arrived units over the lines of the SKU that still miss some."""
    counts: dict[int, int] = {}
    lines = [x for x in documents.lines(work.session, document_id) if x.variant_id == variant_id]
    left = units
    for line in lines:
        some = min(left, line.quantity - line.done)
        counts[line.id] = line.done + some
        left -= some
    if left or not lines:
        raise Invalid("No more of this was sent.", "code")
    stock_transfer.receive(work, document_id, counts, scanning.place())
    return sum(counts.values())


@screen.post("/stock/transfers/<int:document_id>/lines/<int:line_id>")
@act("stock.transfer")
def set_line(document_id: int, line_id: int) -> Response:
    """Correct a line of the draft; no units take it out."""
    try:
        with writing() as work:
            stock_transfer.set_line(work, document_id, line_id, scanning.units(usual=0))
    except (Invalid, NotAllowedNow) as error:
        return _card(document_id, Said("bad", words_of(error), line_id=line_id), status_of(error))
    return _card(document_id, Said("ok", gettext("Saved."), line_id=line_id))


@screen.post("/stock/transfers/<int:document_id>/receive")
@act("stock.transfer")
def receive(document_id: int) -> Response:
    """Note how many of each line have arrived altogether, or that all have."""
    try:
        with writing() as work:
            lines = documents.lines(work.session, document_id)
            if request.form.get("all"):
                counts = {line.id: line.quantity for line in lines}
            else:
                counts = {line.id: scanning.units(f"line-{line.id}", line.done) for line in lines}
            complete = stock_transfer.receive(work, document_id, counts, scanning.place())
    except (Invalid, NotAllowedNow) as error:
        line_id = error.field.removeprefix("line-") if isinstance(error, Invalid) else ""
        said = Said("bad", words_of(error), line_id=int(line_id) if line_id.isdigit() else None)
        return _card(document_id, said, status_of(error))
    say(gettext("Everything has arrived.") if complete else gettext("Saved."))
    return go(url_for("transfers.show", document_id=document_id))


@screen.post("/stock/transfers/<int:document_id>/<any(send, cancel, close, back):what>")
@act("stock.transfer")
def finish(document_id: int, what: str) -> Response:
    """Send it, give the draft up, give up what is missing, or bring it back."""
    try:
        with writing() as work:
            if what == "send":
                units = stock_transfer.send(work, document_id)
                done = ngettext("%(num)s unit is on the road.", "%(num)s units are on the road.",
                                units)
            elif what == "close":
                units = stock_transfer.close(work, document_id, request.form.get("note", ""))
                done = ngettext("%(num)s unit written off.", "%(num)s units written off.", units)
            elif what == "back":
                units = stock_transfer.bring_back(work, document_id)
                done = ngettext("%(num)s unit came back.", "%(num)s units came back.", units)
            else:
                stock_transfer.cancel(work, document_id)
                done = gettext("The draft is given up.")
    except (Invalid, NotAllowedNow, ShortStock) as error:
        return _card(document_id, Said("bad", words_of(error)), status_of(error))
    say(done)
    return go(url_for("transfers.show", document_id=document_id))
