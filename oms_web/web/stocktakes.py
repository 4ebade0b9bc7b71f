"""Counting what lies on the shelves: bin by bin, by scan or by number, then the differences."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import SelectField, StringField

from oms_web.core.errors import Invalid, NotAllowedNow, NotFound, OmsError
from oms_web.domain.catalog.models import Variant
from oms_web.domain.catalog.queries import Found
from oms_web.domain.stock import documents, queries, recounts
from oms_web.domain.stock.models import Warehouse
from oms_web.extensions import db
from oms_web.flows import stocktake
from oms_web.web import asked, scanning
from oms_web.web.access import act
from oms_web.web.door import writing
from oms_web.web.failures import status_of, words_of
from oms_web.web.formats import signed
from oms_web.web.forms import Form, choices
from oms_web.web.render import go, render
from oms_web.web.scanning import Said
from oms_web.web.stock_documents import STATES, say_lost
from oms_web.web.toasts import say

screen = Blueprint("stocktakes", __name__)

REST_SHOWN = 50


class StocktakeForm(Form):
    """Which warehouse is counted."""

    warehouse = SelectField(_l("Warehouse"), coerce=int, validate_choice=False)
    note = StringField(_l("Note"))

    def __init__(self) -> None:
        super().__init__()
        self.warehouse.choices = choices(
            {w.id: w.name for w in queries.warehouses(db.session)})


@screen.get("/stock/stocktakes/new")
@act("stock.count")
def new() -> Response:
    """The form for a new stocktake."""
    return render("stock_documents/new.html", kind="stocktake", form=StocktakeForm(),
                  action=url_for("stocktakes.create"))


@screen.post("/stock/stocktakes/new")
@act("stock.count")
def create() -> Response:
    """Begin a stocktake."""
    form = StocktakeForm()
    with writing() as work:
        document_id = stocktake.start(work, form.warehouse.data or 0, form.note.data or "")
    return go(url_for("stocktakes.show", document_id=document_id))


@screen.get("/stock/stocktakes/<int:document_id>")
@act("stock.see")
def show(document_id: int) -> Response:
    """A stocktake: one bin to count in, or with ``review`` all that was counted."""
    return _card(document_id)


def _card(document_id: int, said: Said | None = None, status: int = 200,
          shown: int | None = None) -> Response:
    """The stocktake; ``shown`` is a bin to show that nobody chose for the next scans."""
    document = queries.document(db.session, document_id)
    if document.kind != documents.STOCKTAKE:
        return go(url_for("stock_documents.show", document_id=document_id))
    bins = queries.bin_choices(db.session, document.warehouse_id)
    review = document.state != "draft" or bool(asked.text("review"))
    chosen = said.place if said and said.place else _place(bins)
    place = chosen or shown
    lines = queries.document_lines(db.session, document_id, newest_first=not review)
    rest = stocktake.uncounted(db.session, document_id, place) \
        if place and document.state == "draft" else []
    return render(
        "stock_documents/stocktake.html", "stock_documents/_stocktake_lines.html",
        document=document, said=said, bins=bins, place=place, chosen=chosen,
        review=review, states=STATES,
        lines=lines if review else [line for line in lines if line.location_id == place],
        counted_bins={line.location_id for line in lines}, all_lines=len(lines),
        rest=list(db.session.scalars(
            select(Variant).where(Variant.id.in_(rest[:REST_SHOWN])).order_by(Variant.title))),
        rest_count=len(rest), to_count=recounts.waiting(db.session, document.warehouse_id, 12)
        if document.state == "draft" and not review else [],
        moved=stocktake.moved_meanwhile(db.session, document_id, None if review else place)
        if document.state == "draft" else {},
        warehouse=db.session.get_one(Warehouse, document.warehouse_id), status=status,
    )


def _place(bins: list[tuple[int, str]]) -> int | None:
    """The bin that is being counted: as asked for, or the only one there is; never a guess."""
    wanted = asked.whole(request.form.get("place"), "place") or asked.number("place")
    if wanted in {id_ for id_, _ in bins}:
        return wanted
    return bins[0][0] if len(bins) == 1 else None


@screen.post("/stock/stocktakes/<int:document_id>/scan")
@act("stock.count")
def scan(document_id: int) -> Response:
    """Count what was scanned; a bin's code goes on to that bin."""
    document = queries.document(db.session, document_id)
    bin_id = queries.scanned_bin(db.session, document.warehouse_id, request.form.get("code", ""))
    if bin_id is not None and not request.form.get("variant_id"):
        return _card(document_id, Said("ok", gettext("Counting this bin now."), place=bin_id))
    try:
        chosen = scanning.place()
        found = scanning.variant(db.session)
        place, bin_code = (chosen, "") if chosen else _where_it_lies(document.warehouse_id, found)
        with writing() as work:
            counted = stocktake.count(work, document_id, place, found.id, scanning.units())
    except OmsError as error:
        return _card(document_id, scanning.refused(db.session, error), status_of(error))
    note = found.sku
    if counted.expected == 0:
        note = gettext("%(sku)s: the ledger has none of it here", sku=found.sku)
    elif counted.moved:
        note = gettext("%(sku)s: %(n)s moved while you counted; count it again from none",
                       sku=found.sku, n=signed(counted.moved))
    if bin_code:
        note += " · " + gettext("counted in bin %(code)s, where it lies", code=bin_code)
    tone = "ok" if counted.expected and not counted.moved else "warn"
    return _card(document_id, Said(tone, found.title, counted.done, note, chosen,
                                   counted.line_id), shown=place)


def _where_it_lies(warehouse_id: int | None, found: Found) -> tuple[int, str]:
    """The bin of a SKU when no bin was scanned: the only one where it lies.

    Raises:
        Invalid: it lies in several bins, or in none.
    """
    bins = stocktake.bins_holding(db.session, warehouse_id or 0, found.id)
    if len(bins) == 1:
        return bins[0]
    if bins:
        raise Invalid("Scan the bin first: %(sku)s lies in %(bins)s.", "place", sku=found.sku,
                      bins=", ".join(code for _, code in bins[:REST_SHOWN]))
    raise Invalid("Scan the bin first: by the ledger %(sku)s lies in none.", "place",
                  sku=found.sku)


@screen.post("/stock/stocktakes/<int:document_id>/lines/<int:line_id>")
@act("stock.count")
def set_line(document_id: int, line_id: int) -> Response:
    """Type a count instead of scanning it, or forget the line (nothing typed)."""
    try:
        with writing() as work:
            line = next((x for x in documents.lines(work.session, document_id)
                         if x.id == line_id), None)
            if line is None:
                raise NotFound("There is no such line.")
            typed = asked.whole(request.form.get("units"), "units")
            if typed is None or request.form.get("drop"):
                stocktake.drop(work, document_id, line_id)
            else:
                stocktake.count(work, document_id, line.location_id, line.variant_id, typed,
                                afresh=True)
    except (Invalid, NotAllowedNow) as error:
        return _card(document_id, Said("bad", words_of(error), line_id=line_id), status_of(error))
    return _card(document_id, Said("ok", gettext("Saved."), line_id=line_id,
                                   place=line.location_id))


@screen.post("/stock/stocktakes/<int:document_id>/rest")
@act("stock.count")
def rest(document_id: int) -> Response:
    """Whatever else should lie in this bin is counted as none."""
    place = scanning.place()
    with writing() as work:
        count = stocktake.count_rest_as_none(work, document_id, place or 0)
    text = ngettext("%(num)s SKU counted as none.", "%(num)s SKUs counted as none.", count)
    return _card(document_id, Said("ok", text, place=place))


@screen.post("/stock/stocktakes/<int:document_id>/<any(post, cancel):what>")
@act("stock.count")
def finish(document_id: int, what: str) -> Response:
    """Write the differences into the ledger, or throw the counts away."""
    try:
        with writing() as work:
            if what == "post":
                differing, lost = stocktake.post(work, document_id)
            else:
                stocktake.cancel(work, document_id)
    except NotAllowedNow as error:
        return _card(document_id, Said("bad", words_of(error)), 409)
    if what == "post":
        say_lost(lost, ngettext("%(num)s difference is written into the ledger.",
                                "%(num)s differences are written into the ledger.", differing)
                 if differing else gettext("Everything was as the ledger says."))
    else:
        say(gettext("The counts are thrown away."))
    return go(url_for("stocktakes.show", document_id=document_id))
