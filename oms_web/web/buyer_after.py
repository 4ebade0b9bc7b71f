"""After the sale, for buyers without an account: the withdrawal function, returns, complaints.

The withdrawal function (directive 2011/83/EU, art. 11a): an entry that says what it is, a form for
the statement, a button of its own that confirms it, and an acknowledgement with date and time at
once. It works without a key, with the number of the order; with the key of an order's page nothing
is asked again that is known.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, g, request, send_file, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField, StringField, TextAreaField

from oms_web.adapters.barcode import code128
from oms_web.core.errors import InvalidForm, NotAllowedNow, OmsError
from oms_web.domain.company.models import Company
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.returns import clocks, delivered, kinds, queries, service, settings
from oms_web.domain.returns.models import Return
from oms_web.domain.returns.service import Opening
from oms_web.domain.shipping import bookings
from oms_web.domain.shipping.label_models import LabelBooking
from oms_web.domain.shipping.planning import Wanted
from oms_web.extensions import db
from oms_web.flows import label as labels
from oms_web.flows import return_portal
from oms_web.flows.return_portal import Declared
from oms_web.flows.return_refund import bank_account
from oms_web.sync import labels as carriers
from oms_web.web import buyer_exchange, case_words
from oms_web.web.access import PUBLIC, act
from oms_web.web.buyer_door import answer, may_say, nothing, open_order, shy, speak
from oms_web.web.door import oms, writing
from oms_web.web.failures import words_of
from oms_web.web.forms import Form, choices
from oms_web.web.parcel_labels import engine
from oms_web.web.render import go
from oms_web.web.returns import typed_units

screen = Blueprint("buyer_after", __name__)


class StartForm(Form):
    """Which order it is about; the link goes to the order's own address."""

    number = StringField(_l("Number of the order"))
    email = StringField(_l("The e-mail you ordered with"))


class WithdrawForm(Form):
    """The statement of withdrawal. Units stand in fields ``unit-<line>``; none: all of it."""

    name = StringField(_l("Your name"))
    number = StringField(_l("Number of the order"))
    email = StringField(_l("E-mail for the confirmation"))
    what = TextAreaField(_l("Which goods, if not all"))
    key = HiddenField()


class RequestForm(Form):
    """A return, an exchange or a complaint."""

    kind = SelectField(_l("What would you like?"), choices=choices({
        "return": _l("Send something back"), "exchange": _l("Exchange it for something else"),
        "complaint": _l("Complain about something")}))
    reason_code = SelectField(_l("Why?"), choices=choices(
        {name: case_words.REASONS[name] for name in case_words.BUYERS_REASONS}))
    wish = SelectField(_l("What do you ask for? (complaints)"),
                       choices=choices({"": _l("not said"), **case_words.WISHES}))
    instead = StringField(_l("What would you like instead? (exchanges)"))
    story = TextAreaField(_l("Tell us what happened"))
    account = StringField(_l("Account number for the money, if it was paid by transfer or cash"))
    key = HiddenField()


def _shop() -> Company | None:
    return db.session.get(Company, 1)


# The entry ---------------------------------------------------------------------------------------


@screen.get("/after-sale")
@act(PUBLIC)
def start() -> Response:
    """Withdraw here; or have the link to an order's page sent to its own address."""
    speak(None)
    if not return_portal.is_open(db.session):
        return nothing()
    return answer("buyer/after.html", shop=_shop(), form=StartForm(formdata=None), sent=False)


@screen.post("/after-sale")
@act(PUBLIC)
def send_link() -> Response:
    """Send the link. What is answered never says whether there is such an order."""
    speak(None)
    if not return_portal.is_open(db.session) or not may_say():
        return nothing()
    form = StartForm()
    if not (form.number.data or "").strip() or not (form.email.data or "").strip():
        form.problem = gettext("Type the number of the order and the e-mail you ordered with.")
        return answer("buyer/after.html", shop=_shop(), form=form, sent=False, status=422)
    with writing() as work:
        return_portal.send_link(work, form.number.data or "", form.email.data or "")
    return answer("buyer/after.html", shop=_shop(), form=form, sent=True)


# Withdrawal --------------------------------------------------------------------------------------


@screen.get("/withdraw")
@act(PUBLIC)
def withdraw() -> Response:
    """The statement, for whoever has no key at hand."""
    return _statement("")


@screen.post("/withdraw")
@act(PUBLIC)
def review() -> Response:
    """What would be declared, with the button that declares it."""
    return _statement("", review=True)


@screen.post("/withdraw/confirm")
@act(PUBLIC)
def confirm() -> Response:
    """It is declared: kept, acknowledged at once."""
    return _declare("")


@screen.get("/o/<token>/withdraw")
@act(PUBLIC)
def withdraw_known(token: str) -> Response:
    """The statement of an order that is known by its key."""
    return _statement(token)


@screen.post("/o/<token>/withdraw")
@act(PUBLIC)
def review_known(token: str) -> Response:
    """What would be declared of it."""
    return _statement(token, review=True)


@screen.post("/o/<token>/withdraw/confirm")
@act(PUBLIC)
def confirm_known(token: str) -> Response:
    """It is declared."""
    return _declare(token)


def _entered(token: str) -> tuple[bool, Order | None]:
    """Whether somebody may come in, and the order of their key, if they have one."""
    if not return_portal.is_open(db.session):
        speak(None)
        return False, None
    if not token:
        speak(None)
        return True, None
    order = open_order(token)
    return order is not None, order


def _statement(token: str, *, review: bool = False) -> Response:
    inside, order = _entered(token)
    if not inside:
        return nothing()
    if not review:
        values = {"name": order.buyer_name, "email": order.buyer_email,
                  "number": order.external_number or str(order.id)} if order else {}
        return _form(token, order, WithdrawForm(formdata=None, key=secrets.token_hex(12),
                                                data=values))
    form = WithdrawForm()
    try:
        declared = _declared(form, order)
        return_portal.check(declared)
    except OmsError as error:
        form.refuse(error)
        return _form(token, order, form, 422)
    lines = orders.order_lines(db.session, order.id) if order else []
    return answer("buyer/withdraw_confirm.html", shop=_shop(), form=form, token=token,
                  declared=declared, order=order,
                  goods=[(declared.lines.get(line.id) or line.quantity - line.cancelled, line)
                         for line in lines if not declared.lines or declared.lines.get(line.id)])


def _form(token: str, order: Order | None, form: WithdrawForm, status: int = 200) -> Response:
    lines = orders.order_lines(db.session, order.id) if order else []
    came = delivered.at_last(db.session, order) if order else None
    in_time, until = clocks.may_withdraw(
        order.country if order else "PL", came, oms().works.clock(),
        settings.current(db.session).extra_days)
    return answer("buyer/withdraw.html", shop=_shop(), form=form, token=token, order=order,
                  lines=[line for line in lines if line.quantity > line.cancelled],
                  typed=request.form, in_time=in_time, until=until, status=status)


def _declared(form: WithdrawForm, order: Order | None) -> Declared:
    values: Mapping[str, Any] = form.values()
    return Declared(
        values["name"] or (order.buyer_name if order else ""),
        values["email"] or (order.buyer_email if order else ""),
        (order.external_number or str(order.id)) if order else values["number"] or "",
        values["key"] or "", order.id if order else None,
        typed_units("unit") if order else {}, values["what"] or "", g.language)


def _declare(token: str) -> Response:
    inside, order = _entered(token)
    if not inside or not may_say():
        return nothing()
    form = WithdrawForm()
    try:
        declared = _declared(form, order)
        if not declared.key:
            raise NotAllowedNow("This page has been open for too long. Reload it and try again.")
        with writing() as work:
            case, record, _ = return_portal.withdraw(work, declared)
    except (InvalidForm, NotAllowedNow) as error:
        form.problem = words_of(error)
        return _form(token, order, form, 422)
    except OmsError as error:
        form.refuse(error)
        return _form(token, order, form, 422)
    return answer("buyer/withdrawn.html", shop=_shop(), case=case, record=record, token=token,
                  email=declared.email, bars=code128(queries.barcode(case.id)),
                  address=settings.address(db.session), how=_how(), known=order is not None)


def _how() -> str:
    said = settings.current(db.session)
    return said.how_en if g.language == "en" else said.how_pl


# Returns and complaints --------------------------------------------------------------------------


@screen.get("/o/<token>/return")
@act(PUBLIC)
def ask(token: str) -> Response:
    """What of the order it is about, and why."""
    inside, order = _entered(token)
    if not inside or order is None:
        return nothing()
    return _ask(token, order, RequestForm(formdata=None, key=secrets.token_hex(12)))


def _ask(token: str, order: Order, form: RequestForm, status: int = 200) -> Response:
    lines = [line for line in orders.order_lines(db.session, order.id) if line.shipped]
    return answer("buyer/return.html", shop=_shop(), form=form, token=token, order=order,
                  lines=lines, left=service.returnable(db.session, lines), typed=request.form,
                  choices=buyer_exchange.choices_of(lines),
                  status=status)


@screen.post("/o/<token>/return")
@act(PUBLIC)
def request_(token: str) -> Response:
    """Take it down, and say what happens next."""
    inside, order = _entered(token)
    if not inside or order is None or not may_say():
        return nothing()
    form = RequestForm()
    try:
        if form.validate():
            kind = form.kind.data
            with writing() as work:
                case, _ = return_portal.request(work, order.id, Opening(
                    kind, source="buyer", lines=typed_units("unit"),
                    reason_code=form.reason_code.data or "", story=form.story.data or "",
                    wish=(form.wish.data or "") if kind == kinds.COMPLAINT else "",
                    instead=(form.instead.data or "") if kind == kinds.EXCHANGE else "",
                    bank_account=_account(form), goods="expected",
                    form_key=f"buyer:{form.key.data}" if form.key.data else ""), g.language)
            return go(url_for("buyer_after.case", token=token, case_id=case.id))
    except OmsError as error:
        if isinstance(error, NotAllowedNow):
            form.problem = words_of(error)
        else:
            form.refuse(error)
    return _ask(token, order, form, 422)


def _account(form: RequestForm) -> str:
    return bank_account(form.account.data or "")


@screen.get("/o/<token>/cases/<int:case_id>")
@act(PUBLIC)
def case(token: str, case_id: int) -> Response:
    """How a case stands; with the form to be printed and put into the parcel."""
    inside, order = _entered(token)
    if not inside or order is None:
        return nothing()
    mine = _mine(order, case_id)
    if mine is None:
        return nothing()
    return _case_page(token, mine)


def _case_page(token: str, mine: Return, problem: str = "", status: int = 200) -> Response:
    said = settings.current(db.session)
    return answer("buyer/case.html", shop=_shop(), case=mine, token=token, words=case_words,
                  swap=buyer_exchange.of_case(mine),
                  label=_label(mine.id), problem=problem, status=status,
                  may_label=bool(said.label_account_id) and mine.goods == "expected"
                  and mine.phase not in ("closed", "off", "refused"),
                  lines=service.lines_of(db.session, mine.id),
                  bars=code128(queries.barcode(mine.id)), how=_how(),
                  address=settings.address(db.session),
                  terms=[one for one in service.clocks_of(db.session, mine.id)
                         if one.stopped_at is None])


def _mine(order: Order, case_id: int) -> Return | None:
    return next((one for one in queries.of_order(db.session, order.id) if one.id == case_id), None)


# The label ---------------------------------------------------------------------------------------


def _label(case_id: int) -> LabelBooking | None:
    """The label that a case has or will have."""
    return next((one for one in bookings.of_case(db.session, case_id)
                 if one.state in bookings.LIVE and one.void_asked_at is None), None)


@screen.post("/o/<token>/cases/<int:case_id>/label")
@act(PUBLIC)
def label(token: str, case_id: int) -> Response:
    """Have the label bought by which the goods come back; once, however often it is asked for."""
    inside, order = _entered(token)
    mine = _mine(order, case_id) if inside and order is not None else None
    said = settings.current(db.session)
    if order is None or mine is None or not said.label_account_id or not may_say():
        return nothing()
    wanted = Wanted(account_id=said.label_account_id, service=said.label_service,
                    size=said.label_size)
    try:
        with writing() as work:
            labels.book_return(work, order.id, wanted, carriers.checker(engine()), case_id,
                               once=True)
    except OmsError:
        return _case_page(token, mine, gettext("The label cannot be made now. Write to us."), 422)
    return go(url_for("buyer_after.case", token=token, case_id=case_id))


@screen.get("/o/<token>/cases/<int:case_id>/label.pdf")
@act(PUBLIC)
def label_file(token: str, case_id: int) -> Response:
    """The label."""
    inside, order = _entered(token)
    mine = _mine(order, case_id) if inside and order is not None else None
    booking = _label(case_id) if mine is not None else None
    name = booking.files.get("pdf_a6") if booking is not None else None
    if name is None:
        return nothing()
    return shy(send_file(oms().works.ports["files"].path(name), mimetype="application/pdf",
                         download_name=f"label-{case_id}.pdf"))
