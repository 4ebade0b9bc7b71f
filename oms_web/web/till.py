"""The point of sale: full screen, for a finger or a scanner. Every answer is the whole till, small.

Whoever sells sees goods and prices; buyers only as far as an invoice needs them, and earlier ones
only with the right to see orders.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext

from oms_web.core.errors import Denied, Invalid, InvalidForm, NotFound, OmsError
from oms_web.core.work import Work
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.catalog.queries import Found
from oms_web.domain.orders import buyers, discounts
from oms_web.domain.till import queries
from oms_web.domain.till import service as tills
from oms_web.domain.till.models import Sale
from oms_web.domain.till.queries import TillRow
from oms_web.extensions import db
from oms_web.flows import till_sale
from oms_web.flows.issue_document import issue_invoice
from oms_web.web import asked, scanning, till_form
from oms_web.web.access import act, allowed
from oms_web.web.door import writing
from oms_web.web.failures import status_of, words_of
from oms_web.web.render import go, render, wants_part
from oms_web.web.till_form import PayForm, typed_discount

screen = Blueprint("till", __name__)

_COOKIE = "oms_till"
_YEAR = 365 * 24 * 3600
_MANY = re.compile(r"(\d{1,3})\s*[*x×]\s*(\S.*)")


@dataclass(frozen=True, slots=True)
class Heard:
    """What the till answers: ``tone`` ``ok`` or ``bad``, and a sound ``pack.js`` knows."""

    tone: str
    said: str
    sound: str = ""
    suggested: tuple[Found, ...] = ()
    typed: str = ""


def _refused(error: OmsError) -> Heard:
    return Heard("bad", words_of(error), "unknown")


def this_till(rows: list[TillRow]) -> TillRow | None:
    """The till of this browser: the one chosen in it, else the only one there is."""
    chosen = request.cookies.get(_COOKIE, "")
    found = next((row for row in rows if str(row.id) == chosen), None)
    return found or (rows[0] if len(rows) == 1 else None)


def _here() -> TillRow:
    """The open till of this browser.

    Raises:
        NotFound: none is chosen.
    """
    till = this_till(queries.tills(db.session))
    if till is None:
        raise NotFound("Choose a till first.")
    return till


def _key() -> str:
    return (request.form.get("key") or secrets.token_hex(16))[:40]


# The till ----------------------------------------------------------------------------------------


def _show(basket_id: int | None = None, heard: Heard | None = None, *, form: PayForm | None = None,
          sale: Sale | None = None, status: int = 200, asking: bool = False) -> Response:
    """The till as it stands: to be chosen, to be opened, with a basket, or with what was sold.

    ``asking``: it is shown although a form without a script sent it, since it asks for more.
    """
    rows = queries.tills(db.session)
    till = this_till(rows)
    values: dict[str, Any] = {"tills": rows, "till": till, "basket": None, "sale": sale,
                              "heard": heard, "form": None, "waiting": [], "usual": []}
    if till is not None and till.shift_id is not None:
        values |= _selling(till, basket_id, form, sale)
    url = url_for("till.show", basket_id=basket_id) if basket_id and not sale \
        else url_for("till.sold", sale_id=sale.id) if sale else url_for("till.index")
    if request.method == "POST" and not wants_part() and status == 200 and not asking:
        return go(url)
    response = render("till/page.html", "till/_till.html", status=status, methods=till_form.METHODS,
                      next_key=secrets.token_hex(16), typed_discount=typed_discount, **values)
    if wants_part():
        response.headers["HX-Push-Url"] = url
    return response


def _selling(till: TillRow, basket_id: int | None, form: PayForm | None, sale: Sale | None
             ) -> dict[str, Any]:
    currency = tills.currency(db.session)
    basket = None
    if basket_id is not None:
        kept = tills.get_basket(db.session, basket_id)
        if kept.till_id != till.id:
            raise NotFound("There is no such basket.")
        basket = queries.filled(db.session, kept, till.warehouse_id, currency)
    form = form or PayForm(formdata=None, key=secrets.token_hex(16))
    form.shown.data = str(basket.bill.total) if basket else "0"
    return {
        "basket": basket, "currency": currency, "form": form,
        "waiting": queries.waiting(db.session, till.id, currency, besides=basket_id),
        "usual": [] if sale else queries.usual(db.session, till.id, till.warehouse_id),
        "notes": till_form.notes(basket.bill.total, currency) if basket else [],
    }


@screen.get("/pos")
@act("pos.sell")
def index() -> Response:
    """The till of this browser: its choice, its opening, or an empty basket."""
    return _show()


@screen.post("/pos/till")
@act("pos.sell")
def choose() -> Response:
    """Say which till this browser is."""
    till_id = asked.whole(request.form.get("till"), "till")
    response = go(url_for("till.index"))
    if till_id:
        tills.get_till(db.session, till_id)
        response.set_cookie(_COOKIE, str(till_id), max_age=_YEAR, httponly=True, samesite="Lax")
    else:
        response.delete_cookie(_COOKIE)
    return response


@screen.post("/pos/open")
@act("pos.sell")
def open_till() -> Response:
    """Open the till with the cash that lies in its drawer."""
    till = _here()
    try:
        cash = till_form.amount(request.form.get("change_money") or "0",
                                tills.currency(db.session), "change_money")
        with writing() as work:
            tills.begin_shift(work, till.id, cash)
    except OmsError as error:
        return _show(heard=_refused(error), status=status_of(error))
    return _show()


@screen.get("/pos/<int:basket_id>")
@act("pos.sell")
def show(basket_id: int) -> Response:
    """A basket; one that was sold leads to its sale."""
    sale = queries.sale_of(db.session, basket_id)
    if sale is not None:
        return go(url_for("till.sold", sale_id=sale.id))
    if tills.get_basket(db.session, basket_id).closed_at is not None:
        return go(url_for("till.index"))
    return _show(basket_id)


# Filling a basket --------------------------------------------------------------------------------


@screen.post("/pos/scan")
@act("pos.sell")
def first_scan() -> Response:
    """The first product of a basket."""
    return _scan(None)


@screen.post("/pos/<int:basket_id>/scan")
@act("pos.sell")
def scan(basket_id: int) -> Response:
    """A code was scanned or typed, or a product tapped; ``3*code`` is three of it."""
    return _scan(basket_id)


def _scan(basket_id: int | None) -> Response:
    till, key = _here(), _key()
    typed = request.form.get("code", "").strip()
    many = _MANY.fullmatch(typed)
    units, code = (int(many[1]), many[2]) if many else (1, typed)
    try:
        found = catalog.scanned_or_refuse(db.session, code) if many \
            else scanning.variant(db.session)
    except NotFound as error:
        alike = catalog.suggest(db.session, code) if len(code) > 1 else []
        if len(alike) != 1:  # a name is no wrong code: of several products one is chosen
            heard = Heard("", gettext("Choose one of these:"), "extra", tuple(alike), code) \
                if alike else _refused(error)
            return _show(basket_id, heard, status=200 if alike else 404, asking=True)
        found = alike[0]
    except OmsError as error:
        return _show(basket_id, _refused(error), status=status_of(error))
    try:
        with writing() as work:
            into = basket_id or _fresh(work, till)
            tills.put_in(work, into, found.id, key, units)
    except OmsError as error:
        return _show(basket_id, _refused(error), status=status_of(error))
    return _show(into, Heard("ok", f"{units} × {found.title}" if units > 1 else found.title, "ok"))


def _fresh(work: Work, till: TillRow) -> int:
    """A basket nothing is in yet."""
    if tills.open_shift(work.session, till.id) is None:
        raise Invalid("This till is closed. Open it first.")
    return queries.empty_basket(work.session, till.id) or tills.begin_basket(work, till.id).id


def _change(basket_id: int, change: Callable[[Work], Any]) -> Response:
    try:
        with writing() as work:
            change(work)
    except OmsError as error:
        return _show(basket_id, _refused(error), status=status_of(error))
    return _show(basket_id)


@screen.post("/pos/<int:basket_id>/line")
@act("pos.sell")
def line(basket_id: int) -> Response:
    """Change a line: units (``step`` adds or takes one), price where none is known, discount."""
    def change(work: Work) -> None:
        currency = tills.currency(work.session)
        variant = asked.whole(request.form.get("variant"), "variant") or 0
        values: dict[str, Any] = {
            "discount": discounts.typed(request.form.get("discount", ""), currency)}
        if request.form.get("price", "").strip():
            values["price"] = till_form.amount(request.form["price"], currency, "price")
        step = asked.whole(request.form.get("step"), "step") or 0
        units = asked.whole(request.form.get("quantity"), "quantity")
        if "remove" in request.form:
            values = {"quantity": 0}
        elif units is not None:
            values["quantity"] = units + step
        tills.change_line(work, basket_id, variant, **values)

    return _change(basket_id, change)


@screen.post("/pos/<int:basket_id>/discount")
@act("pos.sell")
def discount(basket_id: int) -> Response:
    """A discount on everything: an amount, or per cent."""
    return _change(basket_id, lambda work: tills.discount_all(
        work, basket_id, discounts.typed(request.form.get("discount", ""),
                                         tills.currency(work.session))))


@screen.post("/pos/<int:basket_id>/park")
@act("pos.sell")
def park(basket_id: int) -> Response:
    """Put a basket aside; the next buyer begins with an empty one."""
    try:
        with writing() as work:
            tills.name_basket(work, basket_id, request.form.get("name", ""))
    except OmsError as error:
        return _show(basket_id, _refused(error), status=status_of(error))
    return _show()


@screen.post("/pos/<int:basket_id>/throw-away")
@act("pos.sell")
def throw_away(basket_id: int) -> Response:
    """Nobody pays for this basket."""
    try:
        with writing() as work:
            tills.throw_away(work, basket_id)
    except OmsError as error:
        return _show(basket_id, _refused(error), status=status_of(error))
    return _show()


# Paying ------------------------------------------------------------------------------------------


@screen.post("/pos/<int:basket_id>/buyer")
@act("pos.sell")
def buyer(basket_id: int) -> Response:
    """Fill in the data of an invoice from an earlier order with this NIP."""
    form = PayForm()
    form.invoice.data = True
    typed = (form.tax_id.data or "").strip()
    known = buyers.recognise(db.session, typed, 1) if typed and allowed("orders.see") else []
    if known:
        form.fill(known[0])
        return _show(basket_id, form=form, asking=True)
    words = gettext("No earlier order has this number. Type the name and address.")
    return _show(basket_id, Heard("bad", words), form=form, asking=True)


@screen.post("/pos/<int:basket_id>/pay")
@act("pos.sell")
def pay(basket_id: int) -> Response:
    """Sell the basket, and issue its invoice if one is wanted: both, or neither."""
    form = PayForm()
    if form.invoice.data and not allowed("documents.issue"):
        raise Denied("Your role does not include this.")
    try:
        paying = form.meant(tills.currency(db.session))
        with writing() as work:
            sale, fresh = till_sale.sell(work, basket_id, paying)
            if fresh and paying.wants_invoice:
                issue_invoice(work, sale.order_id)
    except (Invalid, InvalidForm) as error:
        form.refuse(error)
        words = form.problem or gettext("Check the marked fields.")
        return _show(basket_id, Heard("bad", words, "unknown"), form=form, status=422)
    except OmsError as error:
        return _show(basket_id, _refused(error), form=form, status=status_of(error))
    return _show(sale=queries.get_sale(db.session, sale.id),
                 heard=Heard("ok", gettext("Sold."), "closed"))


@screen.get("/pos/sales/<int:sale_id>")
@act("pos.sell")
def sold(sale_id: int) -> Response:
    """What was just sold: the change, the receipt, and the way to take it back."""
    return _show(sale=queries.get_sale(db.session, sale_id))
