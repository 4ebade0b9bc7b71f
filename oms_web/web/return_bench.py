"""The bench for what comes back: scan the parcel, judge each unit; made for a scanner and a tablet.

No prices, no addresses: whoever works here sees the buyer's name and the goods.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import HiddenField, IntegerField, RadioField, SelectField, StringField

from oms_web.core.errors import Invalid, NotFound, OmsError
from oms_web.domain.orders.models import Order
from oms_web.domain.returns import intake, kinds, photos, queries, service
from oms_web.domain.returns.intake import Judgement
from oms_web.domain.returns.models import Return
from oms_web.domain.returns.queries import Asked
from oms_web.domain.stock.models import Location, Warehouse
from oms_web.extensions import db
from oms_web.flows import return_bench
from oms_web.web import asked, case_words
from oms_web.web.access import act
from oms_web.web.door import writing
from oms_web.web.failures import status_of, words_of
from oms_web.web.forms import Form, KeyField, Needed, choices
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("return_bench", __name__)

LISTED = 20


class JudgeForm(Form):
    """What becomes of units of a line."""

    line = HiddenField()
    quantity = IntegerField(_l("Units"), default=1)
    grade = RadioField(_l("Grade"), [Needed()], choices=choices(case_words.GRADES))
    """Chosen by whoever looks at the unit: a default would put damaged goods on sale."""
    disposition = SelectField(_l("What becomes of it"), choices=choices(
        {"": _l("as usual for the grade"), **case_words.DISPOSITIONS}))
    location = SelectField(_l("Place"), validate_choice=False)
    note = StringField(_l("Note"))
    key = KeyField()


@screen.get("/returns/bench")
@act("returns.bench")
def index() -> Response:
    """A field that takes any code, and the parcels that were not judged yet."""
    return _idle()


def _idle(problem: str = "", code: str = "", choice: Sequence[Return] = (),
          orders: Sequence[Order] = (), status: int = 200) -> Response:
    waiting = queries.listed(db.session, Asked("here"), limit=LISTED)
    coming = queries.listed(db.session, Asked("coming"), limit=LISTED)
    return render("returns/bench.html", waiting=waiting.rows, coming=coming.rows, words=case_words,
                  problem=problem, code=code, choice=choice, orders=orders,
                  beside=request.form.get("beside", ""), key=secrets.token_hex(12),
                  status=status)


@screen.post("/returns/bench/scan")
@act("returns.bench")
def scan() -> Response:
    """Find or open the case of a parcel; what is scanned has arrived.

    ``beside``: the case in whose parcel it lay, too; ``order``: whose it is, where several fit.
    """
    code = request.form.get("code", "").strip()
    try:
        with writing() as work:
            found = return_bench.scan(work, code, asked.form_key(),
                                      asked.whole(request.form.get("order"), "order"))
            if found.case_id is not None:
                return_bench.arrive(work, found.case_id, code)
                beside = asked.whole(request.form.get("beside"), "beside")
                if beside:
                    return_bench.same_box(work, beside, found.case_id)
    except OmsError as error:
        return _idle(words_of(error), code if isinstance(error, NotFound) else "",
                     status=status_of(error))
    if found.orders:
        fitting = db.session.scalars(
            select(Order).where(Order.id.in_(found.orders)).order_by(Order.id.desc())).all()
        return _idle(gettext("Several orders fit. Choose one."), code, orders=fitting)
    if found.case_id is None:
        rows = [service.get(db.session, one) for one in found.choice]
        return _idle(gettext("Several cases fit. Choose one."), choice=rows)
    return go(url_for("return_bench.show", case_id=found.case_id))


@screen.post("/returns/bench/orphan")
@act("returns.bench")
def orphan() -> Response:
    """Take in a parcel that matches nothing."""
    with writing() as work:
        case, _ = return_bench.orphan(work, request.form.get("code", ""), asked.form_key())
    say(gettext("Taken in as %(number)s. Somebody at the desk looks for its order.",
                number=case.number))
    return go(url_for("return_bench.show", case_id=case.id))


@screen.get("/returns/bench/<int:case_id>")
@act("returns.bench")
def show(case_id: int) -> Response:
    """A parcel on the bench; ``?line=`` is the one whose unit is in hand."""
    return _show(case_id)


def _show(case_id: int, form: JudgeForm | None = None, problem: str = "", status: int = 200
          ) -> Response:
    case = service.get(db.session, case_id)
    lines = service.lines_of(db.session, case_id)
    done = intake.judged(db.session, case_id)
    open_lines = [line for line in lines if line.quantity > done.get(line.id, 0)
                  and line.variant_id and line.location_id is None]
    wanted = asked.whole(form.line.data, "line") if form else asked.number("line")
    line = next((one for one in open_lines if one.id == wanted), next(
        (one for one in open_lines if one.quantity - one.missing > done.get(one.id, 0)), None))
    made = form or JudgeForm(formdata=None, line=str(line.id if line else ""),
                             key=secrets.token_hex(12))
    where, units = _place(made), queries.units(db.session, case_id)
    return render("returns/bench_case.html", case=case, lines=lines, done=done, line=line,
                  form=made, units=units, words=case_words,
                  places=dict(_bins()), place=where, photos=photos.of_case(db.session, case_id),
                  boxed=queries.in_box(db.session, case), usual=kinds.USUAL, problem=problem,
                  rest=intake.rest_of(case, lines, units), status=status)


def _place(form: JudgeForm) -> str:
    """Offer the bins that goods may lie in by what becomes of them; which those are: ``sold``,
    ``kept``, ``none`` of the shop's, ``out`` of the stock, or empty while nothing is chosen.
    """
    form.location.choices = [("", gettext("the usual one"))]
    disposition = form.disposition.data or kinds.USUAL.get(form.grade.data or "", "")
    if not disposition:
        return ""
    sells = intake.sells(disposition)
    if sells is None:
        form.location.choices = [("", "–")]
        return "out"
    bins = _bins(sells)
    form.location.choices += bins
    return ("sold" if sells else "kept") if bins else "none"


def _bins(sells: bool | None = None) -> list[tuple[str, str]]:
    """The bins in use that are sold from, that are not, or all of them: (id, words)."""
    query = (
        select(Location.id, Warehouse.code, Location.code)
        .join(Warehouse, Warehouse.id == Location.warehouse_id)
        .where(Location.kind == "bin", Location.active, Warehouse.active)
        .order_by(Location.sellable, Warehouse.rank, Location.path_order).limit(2000))
    if sells is not None:
        query = query.where(Location.sellable.is_(sells))
    return [(str(id_), f"{house} {code}") for id_, house, code in db.session.execute(query)]


@screen.post("/returns/bench/place")
@act("returns.bench")
def place() -> Response:
    """The field of the bin, as a grade and what becomes of the unit were chosen."""
    form = JudgeForm()
    return render("returns/_place.html", form=form, place=_place(form))


@screen.post("/returns/bench/<int:case_id>/unit")
@act("returns.bench")
def pick_out(case_id: int) -> Response:
    """A unit was scanned: its line is in hand now."""
    code = request.form.get("code", "")
    try:
        with writing() as work:
            line_id = return_bench.pick_out(work, case_id, code)
    except OmsError as error:
        return _show(case_id, problem=words_of(error), status=status_of(error))
    return go(url_for("return_bench.show", case_id=case_id, line=line_id))


@screen.post("/returns/bench/<int:case_id>/rest")
@act("returns.bench")
def rest(case_id: int) -> Response:
    """What was judged is all that came."""
    try:
        with writing() as work:
            return_bench.rest_missing(work, case_id, request.form.get("rest", ""))
    except OmsError as error:
        return _show(case_id, problem=words_of(error), status=status_of(error))
    say(gettext("The case goes on with what came."))
    return go(url_for("return_bench.show", case_id=case_id))


@screen.post("/returns/bench/<int:case_id>/judge")
@act("returns.bench")
def judge(case_id: int) -> Response:
    """Judge units: graded, moved, counted; the same form moves them once."""
    form = JudgeForm()
    try:
        if form.validate():
            with writing() as work:
                unit, fresh = return_bench.judge(work, case_id, _said(form))
            if fresh:
                say(gettext("%(grade)s: %(what)s.", grade=form.grade.data,
                            what=case_words.DISPOSITIONS[unit.disposition]))
            return go(url_for("return_bench.show", case_id=case_id))
    except Invalid as error:
        form.refuse(error)
    return _show(case_id, form, status=422)


def _said(form: JudgeForm) -> Judgement:
    values: dict[str, Any] = form.values()
    return Judgement(
        asked.whole(values["line"], "line") or 0, values["grade"] or "",
        values["disposition"] or kinds.USUAL.get(values["grade"], ""), values["key"] or "",
        values["quantity"] or 0,
        asked.whole(values["location"], "location"), values["note"] or "")
