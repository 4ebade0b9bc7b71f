"""Stock documents: the list, and putting one SKU right or in another bin."""

from __future__ import annotations

import secrets
from functools import partial
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.stock import exports, queries, recounts
from oms_web.extensions import db
from oms_web.flows import stock_correction, stock_transfer
from oms_web.web import asked
from oms_web.web.access import act
from oms_web.web.auth import is_local_path
from oms_web.web.door import writing
from oms_web.web.exports import send
from oms_web.web.failures import status_of, words_of
from oms_web.web.formats import signed
from oms_web.web.forms import Form, KeyField, choices
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("stock_documents", __name__)

KINDS: dict[str, Any] = {
    "receipt": _l("Receipt"), "transfer": _l("Transfer"), "correction": _l("Correction"),
    "stocktake": _l("Stocktake"),
}
STATES: dict[str, Any] = {
    "draft": _l("draft"), "sent": _l("on the road"), "posted": _l("posted"),
    "cancelled": _l("cancelled"),
}
REASONS: dict[str, Any] = {
    "damaged": _l("damaged"), "expired": _l("out of date"), "used": _l("used by ourselves"),
    "lost": _l("lost"), "found": _l("found"), "opening": _l("opening stock"),
    "mistake": _l("booked wrongly"),
}
_SCREENS = {"receipt": "receipts.show", "transfer": "transfers.show",
            "stocktake": "stocktakes.show"}


def _wanted() -> dict[str, Any]:
    kind, state = asked.text("kind"), asked.text("state")
    return {"kind": kind if kind in KINDS else "", "state": state if state in STATES else "",
            "warehouse": asked.number("warehouse")}


@screen.get("/stock/documents")
@act("stock.see")
def index() -> Response:
    """A page of stock documents, newest first."""
    chosen = _wanted()
    page = queries.documents_page(db.session, chosen["kind"], chosen["state"],
                                  chosen["warehouse"], asked.text("after", 2000) or None)
    link = partial(asked.link, "stock_documents.index", chosen)
    file = partial(asked.link, "stock_documents.export", chosen)
    return render(
        "stock_documents/list.html", "stock_documents/_rows.html", page=page, chosen=chosen,
        link=link, next_url=link(after=page.after) if page.after else None, kinds=KINDS,
        states=STATES, reasons=REASONS, to_count=recounts.waiting(db.session, chosen["warehouse"]),
        warehouses=queries.warehouses(db.session, everything=True),
        sheet={"act": "stock.export",
               "files": [(gettext("Stock documents"), file(kind_of="csv"), file(kind_of="xlsx"))]},
    )


@screen.get("/stock/documents.<kind_of>")
@act("stock.export")
def export(kind_of: str) -> Response:
    """The list as a file."""
    chosen = _wanted()
    return send(exports.documents(chosen["kind"], chosen["state"], chosen["warehouse"]), kind_of,
                {"kind": KINDS, "state": STATES, "reason": REASONS})


@screen.get("/stock/documents/<int:document_id>")
@act("stock.see")
def show(document_id: int) -> Response:
    """A document: each kind has its own screen; a correction is shown here."""
    found = queries.document(db.session, document_id)
    if found.kind in _SCREENS:
        return go(url_for(_SCREENS[found.kind], document_id=document_id))
    return render("stock_documents/correction.html", document=found, reasons=REASONS,
                  lines=queries.document_lines(db.session, document_id), states=STATES)


# One SKU


class CorrectForm(Form):
    """How many units really lie in a bin, and why the ledger did not know.

    A choice of ``place`` carries the units that were shown beside it (``12:40``), so the difference
    is the one that the person saw, whatever is sold in the meantime.
    """

    place = SelectField(_l("Bin"), validate_choice=False)
    units = StringField(_l("Units there now"))
    reason = SelectField(_l("Reason"), validate_choice=False)
    note = StringField(_l("Note"))
    key = KeyField()


class MoveForm(Form):
    """Units to carry to another bin of the same warehouse."""

    place = SelectField(_l("From"), coerce=int, validate_choice=False)
    to = SelectField(_l("To"), coerce=int, validate_choice=False)
    units = StringField(_l("Units"))
    key = KeyField()


@screen.get("/stock/<int:variant_id>/correct")
@act("stock.correct")
def correct(variant_id: int) -> Response:
    """The form that puts the ledger right for one SKU in one bin."""
    places = _bins_of(variant_id, everywhere=True)
    chosen = asked.number("place")
    first = next((p for p in places if p.location_id == chosen), places[0] if places else None)
    form = CorrectForm(formdata=None, data={
        "place": _seen(first) if first else "", "key": secrets.token_urlsafe(12),
    })
    return _correct_page(variant_id, form, places)


def _seen(place: queries.Held) -> str:
    return f"{place.location_id}:{place.on_hand}"


def _correct_page(
    variant_id: int, form: CorrectForm, places: list[queries.Held], status: int = 200
) -> Response:
    shown = {_seen(p): f"{p.warehouse} {p.code} ({p.on_hand})" for p in places}
    if form.place.data and form.place.data not in shown:  # it changed since: keep what was seen
        place, _, seen = form.place.data.partition(":")
        name = next((f"{p.warehouse} {p.code} ({seen})" for p in places
                     if str(p.location_id) == place), "")
        shown = {form.place.data: name, **shown} if name else shown
    form.place.choices = choices(shown)
    form.reason.choices = choices({"": gettext("Choose a reason"), **REASONS})
    return render(
        "stock_documents/correct.html", "stock_documents/_correct.html", form=form,
        variant=catalog.variant(db.session, variant_id), places=places, status=status,
        back=_back(variant_id),
    )


@screen.post("/stock/<int:variant_id>/correct")
@act("stock.correct")
def correct_post(variant_id: int) -> Response:
    """Write the difference between what was seen on screen and what lies there."""
    form = CorrectForm()
    try:
        place, change = _difference(form)
        with writing() as work:
            lost = stock_correction.correct(
                work, variant_id, place, change, form.reason.data or "", form.note.data or "",
                key=form.key.data or secrets.token_urlsafe(12),
            )
    except Invalid as error:
        form.refuse(error)
        return _correct_page(variant_id, form, _bins_of(variant_id, everywhere=True), 422)
    say_lost(lost, gettext("The stock is corrected by %(n)s.", n=signed(change)))
    return go(_back(variant_id))


def _difference(form: CorrectForm) -> tuple[int, int]:
    """The bin and the change: ``+3`` and ``-2`` are changes, a bare number is what lies there."""
    place, _, seen = (form.place.data or "").partition(":")
    typed = (form.units.data or "").strip()
    number = asked.whole(typed, "units")
    if number is None:
        raise Invalid("Fill this in.", "units")
    is_change = typed[0] in "+-\N{MINUS SIGN}"
    change = number if is_change else number - (asked.whole(seen, "place") or 0)
    return asked.whole(place, "place") or 0, change


@screen.get("/stock/<int:variant_id>/move")
@act("stock.transfer")
def move(variant_id: int) -> Response:
    """The form that carries units of a SKU to another bin."""
    form = MoveForm(formdata=None, data={
        "place": asked.number("place"), "units": "", "key": secrets.token_urlsafe(12)})
    return _move_page(variant_id, form)


def _move_page(
    variant_id: int, form: MoveForm, problem: str = "", status: int = 200
) -> Response:
    places = _bins_of(variant_id)
    form.place.choices = choices(
        {p.location_id: f"{p.warehouse} {p.code} ({p.on_hand})" for p in places})
    chosen = next((p for p in places if p.location_id == form.place.data),
                  places[0] if places else None)
    form.to.choices = choices({} if chosen is None else {
        id_: code for id_, code in queries.bin_choices(db.session, chosen.warehouse_id or 0)
        if id_ != chosen.location_id
    })
    return render("stock_documents/move.html", form=form, places=places, problem=problem,
                  variant=catalog.variant(db.session, variant_id), status=status,
                  back=_back(variant_id))


@screen.post("/stock/<int:variant_id>/move")
@act("stock.transfer")
def move_post(variant_id: int) -> Response:
    """Carry the units."""
    form = MoveForm()
    try:
        units = asked.whole(form.units.data, "units")
        if units is None:
            raise Invalid("Fill this in.", "units")
        with writing() as work:
            stock_transfer.move_between_bins(
                work, variant_id, form.place.data or 0, form.to.data or 0, units,
                key=form.key.data or secrets.token_urlsafe(12),
            )
    except (Invalid, NotAllowedNow) as error:
        if isinstance(error, Invalid):
            form.refuse(error)
            return _move_page(variant_id, form, status=422)
        return _move_page(variant_id, form, words_of(error), status_of(error))
    say(ngettext("%(num)s unit moved.", "%(num)s units moved.", units))
    return go(_back(variant_id))


def _bins_of(variant_id: int, *, everywhere: bool = False) -> list[queries.Held]:
    """The bins a SKU lies in; with ``everywhere`` after them all other bins, empty."""
    held = [p for p in queries.held(db.session, [variant_id]) if p.kind == "bin"]
    if not everywhere:
        return held
    known = {p.location_id for p in held}
    return held + [
        queries.Held(variant_id, bin_.id, bin_.warehouse_id, house.name, bin_.code, "bin",
                     bin_.sellable, 0, 0)
        for house in queries.warehouses(db.session)
        for bin_ in queries.bins(db.session, house.id) if bin_.id not in known
    ]


def _back(variant_id: int) -> str:
    """Where the person came from, if it is here; else the card of the SKU."""
    asked_for = request.form.get("back", "") or request.args.get("back", "")
    if is_local_path(asked_for):
        return asked_for
    return url_for("products.variant", variant_id=variant_id)


def say_lost(lost: set[int], done: str) -> None:
    """Say that it is done, and which orders lost units by it."""
    if not lost:
        say(done)
        return
    words = ngettext("%(done)s %(num)s order lost reserved units.",
                     "%(done)s %(num)s orders lost reserved units.", len(lost), done=done)
    say(words, "warn", href=url_for("stock.index", state="short"), link=gettext("Show"))
