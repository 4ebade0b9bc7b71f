"""Behind the counter: receipts, sales taken back, the count at the end, and the tills."""

from __future__ import annotations

from flask import Blueprint, Response, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField

from oms_web.core.errors import Denied, OmsError
from oms_web.domain.company.models import Company
from oms_web.domain.documents import queries as documents
from oms_web.domain.orders import service as orders
from oms_web.domain.stock import queries as stock
from oms_web.domain.till import queries
from oms_web.domain.till import service as tills
from oms_web.domain.till.receipt import vat_in
from oms_web.extensions import db
from oms_web.flows import till_sale
from oms_web.web import asked, till, till_form
from oms_web.web.access import act, allowed
from oms_web.web.door import writing
from oms_web.web.forms import Form, Needed
from oms_web.web.render import go, render
from oms_web.web.till_form import METHODS
from oms_web.web.toasts import say

screen = Blueprint("till_sales", __name__)


class VoidForm(Form):
    """Why a sale is taken back."""

    reason = StringField(_l("Why it is taken back"), [Needed()])


class CountForm(Form):
    """The cash in the drawer at the end of a shift."""

    counted = StringField(_l("Cash in the drawer"), [Needed()])
    note = StringField(_l("Note"))


class TillForm(Form):
    """What a till is called, and whose goods it sells."""

    name = StringField(_l("Name"), [Needed()])
    warehouse = SelectField(_l("Sells from"), validate_choice=False)


# Sales -------------------------------------------------------------------------------------------


@screen.get("/pos/sales")
@act("pos.sell")
def index() -> Response:
    """What was sold at this till since it was opened."""
    here = till.this_till(queries.tills(db.session))
    if here is None or here.shift_id is None:
        return go(url_for("till.index"))
    page = queries.sales(db.session, here.shift_id, asked.text("after") or None)
    return render("till/sales.html", "till/_sales.html", till=here, page=page, methods=METHODS)


@screen.get("/pos/sales/<int:sale_id>/receipt")
@act("pos.sell")
def receipt(sale_id: int) -> Response:
    """The confirmation of a sale, to be printed. It is no fiscal receipt and says so."""
    sale = queries.get_sale(db.session, sale_id)
    order = orders.get_order(db.session, sale.order_id)
    lines = orders.order_lines(db.session, order.id)
    return render(
        "till/receipt.html", sale=sale, order=order, lines=lines, methods=METHODS,
        company=db.session.get(Company, 1),
        vat=vat_in([(line.vat_rate, line.total) for line in lines], order.discount_total))


@screen.get("/pos/sales/<int:sale_id>/void")
@act("pos.sell")
def ask_void(sale_id: int) -> Response:
    """Ask why a sale is taken back."""
    return _ask(sale_id, VoidForm(formdata=None))


def _ask(sale_id: int, form: VoidForm, status: int = 200) -> Response:
    sale = queries.get_sale(db.session, sale_id)
    return render("till/void.html", sale=sale, form=form, methods=METHODS, status=status,
                  lines=orders.order_lines(db.session, sale.order_id),
                  documents=documents.of_order(db.session, sale.order_id))


@screen.post("/pos/sales/<int:sale_id>/void")
@act("pos.sell")
def void(sale_id: int) -> Response:
    """Take a sale back: goods to the shelf, money to the buyer."""
    form = VoidForm()
    if not form.validate():
        return _ask(sale_id, form, 422)
    with writing() as work:
        sale, fresh = till_sale.void(work, sale_id, form.reason.data or "")
    if fresh:
        say(gettext("Taken back. Give the buyer the money: %(how)s.",
                    how=METHODS.get(sale.method, sale.method)))
    return go(url_for("till.sold", sale_id=sale_id))


# The end of the day ------------------------------------------------------------------------------


@screen.get("/pos/close")
@act("pos.sell")
def ask_close() -> Response:
    """Count the drawer. What should be in it is said afterwards."""
    return _count(CountForm(formdata=None))


def _count(form: CountForm, status: int = 200) -> Response:
    here = till.this_till(queries.tills(db.session))
    if here is None or here.shift_id is None:
        return go(url_for("till.index"))
    waiting = queries.waiting(db.session, here.id, tills.currency(db.session))
    return render("till/close.html", till=here, form=form, waiting=waiting, status=status)


@screen.post("/pos/close")
@act("pos.sell")
def close() -> Response:
    """Write down what was counted, and close the till."""
    form = CountForm()
    here = till.this_till(queries.tills(db.session))
    try:
        if here and form.validate():
            counted = till_form.amount(form.counted.data or "", tills.currency(db.session),
                                       "counted")
            with writing() as work:
                shift = tills.end_shift(work, here.id, counted, form.note.data or "")
            return go(url_for("till_sales.shift", shift_id=shift.id))
    except OmsError as error:
        form.refuse(error)
    return _count(form, 422)


@screen.get("/pos/shifts")
@act("pos.manage")
def shifts() -> Response:
    """Every shift of every till, with what was missing or too much."""
    page = queries.shifts(db.session, asked.text("after") or None)
    return render("till/shifts.html", "till/_shifts.html", page=page)


@screen.get("/pos/shifts/<int:shift_id>")
@act("pos.sell")
def shift(shift_id: int) -> Response:
    """A shift: what came in by each method, what should be in the drawer, what was.

    Raises:
        Denied: it is still open; whoever counts a drawer does so without knowing.
    """
    found = queries.get_shift(db.session, shift_id)
    if found.closed_at is None and not allowed("pos.manage"):
        raise Denied("Your role does not include this.")
    return render("till/shift.html", shift=found, taken=tills.taken(db.session, shift_id),
                  methods=METHODS)


# The tills ---------------------------------------------------------------------------------------


@screen.get("/pos/tills")
@act("pos.manage")
def all_tills() -> Response:
    """The tills, and a form for one more."""
    return _tills()


def _tills(wrong: TillForm | None = None, till_id: int | None = None, status: int = 200
           ) -> Response:
    rows = queries.tills(db.session)
    houses = [(str(house.id), house.name) for house in stock.warehouses(db.session)]
    forms = {row.id: TillForm(formdata=None, name=row.name, warehouse=str(row.warehouse_id))
             for row in rows}
    new = TillForm(formdata=None)
    if wrong is not None and till_id is None:
        new = wrong
    elif wrong is not None and till_id in forms:
        forms[till_id] = wrong
    for form in (new, *forms.values()):
        form.warehouse.choices = houses
    return render("till/tills.html", tills=rows, forms=forms, form=new, houses=houses,
                  status=status)


@screen.post("/pos/tills")
@act("pos.manage")
def add_till() -> Response:
    """Add a till."""
    return _save_till(None)


@screen.post("/pos/tills/<int:till_id>")
@act("pos.manage")
def save_till(till_id: int) -> Response:
    """Rename a till, or let it sell from another warehouse."""
    return _save_till(till_id)


def _save_till(till_id: int | None) -> Response:
    form = TillForm()
    try:
        if form.validate():
            with writing() as work:
                tills.save_till(work, till_id, form.name.data or "",
                                asked.whole(form.warehouse.data, "warehouse") or 0)
            say(gettext("Saved."))
            return go(url_for("till_sales.all_tills"))
    except OmsError as error:
        form.refuse(error)
    return _tills(form, till_id, 422)


@screen.post("/pos/tills/<int:till_id>/archive")
@act("pos.manage")
def archive_till(till_id: int) -> Response:
    """Put a till away."""
    with writing() as work:
        tills.archive_till(work, till_id)
    say(gettext("Put away."))
    return go(url_for("till_sales.all_tills"))
