"""Profit per order and per channel, and the table of fees it is computed with."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField, StringField

from oms_web.core.clock import local_day
from oms_web.core.errors import Invalid, OmsError
from oms_web.core.money import parse_amount, parse_minor
from oms_web.domain.company import service as company
from oms_web.domain.orders.models import Order
from oms_web.domain.payments import earnings, fees
from oms_web.domain.payments.profit import Profit
from oms_web.domain.shipping import label_queries
from oms_web.extensions import db
from oms_web.web import asked, statements
from oms_web.web.access import act, allowed
from oms_web.web.door import oms, writing
from oms_web.web.forms import Form, NeededNumber, choices
from oms_web.web.render import go, render
from oms_web.web.shell import frame
from oms_web.web.toasts import say

screen = Blueprint("profits", __name__)

KINDS = {"channel": _l("the channel's commission"), "payment": _l("the payment"),
         "courier": _l("the courier"), "packing": _l("packing")}
FIRST_YEAR = 1990
USUAL, MOST = timedelta(days=29), timedelta(days=366)


class FeeForm(Form):
    """A row of the table of fees."""

    kind = SelectField(_l("For"), choices=choices(KINDS))
    account = SelectField(_l("Channel"), coerce=int)
    method = StringField(_l("Payment method or courier"))
    percent = StringField(_l("Percent of what the buyer pays"))
    fixed = StringField(_l("And for each order"))
    currency = StringField(_l("Currency"), default="PLN")
    valid_from = DateField(_l("From"), [NeededNumber()])


def _of_card(order: Order) -> Profit | None:
    if not allowed("payments.profit") or order.phase not in earnings.COUNTED:
        return None
    return earnings.of(db.session, [order], label_queries.costs)[order.id]


@screen.app_context_processor
def _shared() -> dict[str, Any]:
    return {"profit_of": _of_card, "fee_kinds": KINDS}


@screen.get("/payments/profit")
@act("payments.profit")
def index() -> Response:
    """Orders of some days with what is left of each, and sums of each channel."""
    today = local_day(oms().works.clock())
    last = _day("to", today)
    first = min(_day("from", last - USUAL), last)
    first = max(first, last - MOST)
    found = earnings.page(db.session, first, last, asked.text("after", 2000) or None)
    whole, is_all = earnings.sums(db.session, first, last, label_queries.costs)
    link = {"from": first.isoformat(), "to": last.isoformat()}
    return render(
        "profits/list.html", "profits/_rows.html", found=found, first=first, last=last,
        earned=earnings.of(db.session, found.rows, label_queries.costs),
        channels=earnings.by_channel(whole), home=company.get_company(db.session).currency,
        is_all=is_all,
        most=earnings.MOST_SUMMED, accounts=frame().accounts,
        tabs=statements.tabs("profits.index"),
        next_url=asked.link("profits.index", link, after=found.after) if found.after else None)


def _day(name: str, usual: date) -> date:
    try:
        found = date.fromisoformat(asked.text(name) or usual.isoformat())
    except ValueError:
        raise Invalid("This is not a day.", name) from None
    if found.year < FIRST_YEAR:
        raise Invalid("This is not a day.", name)
    return found


@screen.get("/payments/fees")
@act("payments.profit")
def fee_table() -> Response:
    """The table, and a form for a new row."""
    return _fee_page(_form(formdata=None, valid_from=local_day(oms().works.clock())))


def _form(**values: Any) -> FeeForm:
    form = FeeForm(**values)
    form.account.choices = choices({0: gettext("every channel")} | {
        one.id: one.name for one in frame().sellers.values()})
    return form


@screen.post("/payments/fees")
@act("payments.profit")
def add_fee() -> Response:
    """Add a row."""
    form = _form()
    if form.validate():
        try:
            currency = (form.currency.data or "PLN").strip().upper()
            if len(currency) != 3 or not currency.isalpha():
                raise Invalid("A currency has three letters.", "currency")
            percent = parse_amount(form.percent.data or "0", "percent")
            fixed = parse_minor(form.fixed.data or "0", currency, "fixed")
            with writing() as work:
                fees.add(work, form.kind.data, form.account.data or None, form.method.data or "",
                         int((percent * 100).to_integral_value()) if percent <= Decimal(100)
                         else fees.MOST_BP + 1, fixed, currency, form.valid_from.data)
            say(gettext("The fee is added."))
            return go(url_for("profits.fee_table"))
        except OmsError as error:
            form.refuse(error)
    return _fee_page(form, 422)


def _fee_page(form: FeeForm, status: int = 200) -> Response:
    return render("profits/fees.html", form=form, rows=fees.every(db.session), kinds=KINDS,
                  accounts=frame().accounts, tabs=statements.tabs("profits.fee_table"),
                  status=status)
