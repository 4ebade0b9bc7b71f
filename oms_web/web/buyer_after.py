"""After the sale, for buyers without an account: the entry, returns, exchanges and complaints, and
how a case of theirs stands."""

from __future__ import annotations

import secrets

from flask import Blueprint, Response, g, request, send_file, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField, StringField, TextAreaField

from oms_web.adapters.barcode import code128
from oms_web.core.errors import NotAllowedNow, OmsError
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.returns import (
    exchange_facts,
    kinds,
    money,
    queries,
    service,
    settings,
    tracks,
)
from oms_web.domain.returns.models import Return
from oms_web.domain.returns.service import Opening
from oms_web.domain.shipping import bookings
from oms_web.domain.shipping.label_models import LabelBooking
from oms_web.domain.shipping.planning import Wanted
from oms_web.extensions import db
from oms_web.flows import label as labels
from oms_web.flows import return_portal, return_refund
from oms_web.flows.return_refund import bank_account, needed_account
from oms_web.sync import labels as carriers
from oms_web.web import buyer_case, buyer_exchange, buyer_words, case_words
from oms_web.web.access import PUBLIC, act
from oms_web.web.buyer_door import GOES_BACK, answer, entered, may_say, nothing, shop, shy, speak
from oms_web.web.buyer_withdrawal import how, may_account, standings
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


class RequestForm(Form):
    """A return, an exchange or a complaint."""

    kind = SelectField(_l("What would you like?"), choices=choices({
        "return": _l("Send something back"), "exchange": _l("Exchange it for something else"),
        "complaint": _l("Complain about something")}))
    reason_code = SelectField(_l("Why?"), choices=choices(
        {"": _l("I do not want to say"), **buyer_words.REASONS}))
    wish = SelectField(_l("What do you ask for?"),
                       choices=choices({"": _l("I leave it to you"), **case_words.WISHES}))
    instead = StringField(_l("What would you like instead?"))
    story = TextAreaField(_l("Tell us what happened"))
    account = StringField(_l("Account number for the money"))
    key = HiddenField()


class AccountForm(Form):
    """Where the money of a case goes to."""

    account = StringField(_l("Account number for the money"))


# The entry ---------------------------------------------------------------------------------------


@screen.get("/after-sale")
@act(PUBLIC)
def start() -> Response:
    """Withdraw here; or have the link to an order's page sent to its own address."""
    speak(None)
    if not return_portal.is_open(db.session):
        return nothing()
    return answer("buyer/after.html", shop=shop(), form=StartForm(formdata=None), sent=False)


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
        return answer("buyer/after.html", shop=shop(), form=form, sent=False, status=422)
    with writing() as work:
        return_portal.send_link(work, form.number.data or "", form.email.data or "")
    return answer("buyer/after.html", shop=shop(), form=form, sent=True)


# Returns and complaints --------------------------------------------------------------------------


@screen.get("/o/<token>/return")
@act(PUBLIC)
def ask(token: str) -> Response:
    """What of the order it is about, and why."""
    inside, order = entered(token)
    if not inside or order is None:
        return nothing()
    return _ask(token, order, RequestForm(formdata=None, key=secrets.token_hex(12)))


def _ask(token: str, order: Order, form: RequestForm, status: int = 200) -> Response:
    lines = [line for line in orders.order_lines(db.session, order.id) if line.shipped]
    return answer("buyer/return.html", shop=shop(), form=form, token=token, order=order,
                  lines=lines, left=service.returnable(db.session, lines), typed=request.form,
                  held={one.line.id: one.shares for one in standings(order)},
                  choices=buyer_exchange.choices_of(lines),
                  may_account=may_account(order), status=status)


@screen.post("/o/<token>/return")
@act(PUBLIC)
def request_(token: str) -> Response:
    """Take it down, and say what happens next."""
    inside, order = entered(token)
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
                    bank_account=_account(form, order), goods="expected",
                    form_key=f"buyer:{form.key.data}" if form.key.data else ""), g.language)
            return go(url_for("buyer_after.case", token=token, case_id=case.id))
    except OmsError as error:
        if isinstance(error, NotAllowedNow):
            form.problem = words_of(error)
        else:
            form.refuse(error)
    return _ask(token, order, form, 422)


def _account(form: RequestForm, order: Order) -> str:
    return bank_account(form.account.data or "") if may_account(order) else ""


@screen.get("/o/<token>/cases/<int:case_id>")
@act(PUBLIC)
def case(token: str, case_id: int) -> Response:
    """How a case stands; with the form to be printed and put into the parcel."""
    inside, order = entered(token)
    if not inside or order is None:
        return nothing()
    mine = _mine(order, case_id)
    if mine is None:
        return nothing()
    return _case_page(token, mine)


@screen.get("/o/<token>/cases/<int:case_id>/pay")
@act(PUBLIC)
def pay(token: str, case_id: int) -> Response:
    """Where letters lead who pays for an exchange: on to the provider as long as it is to be paid,
    else to the page of the case, which says why not.
    """
    inside, order = entered(token)
    mine = _mine(order, case_id) if inside and order is not None else None
    if mine is None:
        return nothing()
    swap = buyer_exchange.of_case(mine)
    why_not = buyer_exchange.why_not_pay(mine, swap)
    if swap is None or why_not or not swap.pay_at:
        return _case_page(token, mine, why_not=why_not)
    return shy(go(swap.pay_at))


def _case_page(token: str, mine: Return, problem: str = "", status: int = 200,
               form: AccountForm | None = None, why_not: str = "") -> Response:
    swap = buyer_exchange.of_case(mine)
    told = buyer_case.story(db.session, mine, swap)
    lacks = mine.order_id is not None and money.lacks_account(
        db.session, mine, orders.get_order(db.session, mine.order_id))
    made = answer("buyer/case.html", shop=shop(), case=mine, token=token, story=told, swap=swap,
                  why_not=why_not, in_vain=exchange_facts.paid_in_vain(db.session, mine),
                  account=(form or AccountForm(formdata=None)) if lacks else None,
                  kind=case_words.KINDS[mine.kind], phases=buyer_words.PHASES,
                  tones=case_words.PHASE_TONES, reasons=buyer_words.REASONS,
                  wishes=case_words.WISHES, goods=buyer_words.GOODS, wear=buyer_words.WEAR,
                  label=_label(mine.id), problem=problem, status=status,
                  may_label=_may_label(mine, told), lines=told.to_come,
                  bars=code128(queries.barcode(mine.id)), how=how(),
                  address=settings.address(db.session))
    if status != 200:  # an answer to a form, and Back from the next page leads to it
        made.headers["Cache-Control"] = GOES_BACK
    return made


def _mine(order: Order, case_id: int) -> Return | None:
    return next((one for one in queries.of_order(db.session, order.id) if one.id == case_id), None)


@screen.post("/o/<token>/cases/<int:case_id>/account")
@act(PUBLIC)
def give_account(token: str, case_id: int) -> Response:
    """Say where the money goes to, as long as that is asked for."""
    inside, order = entered(token)
    mine = _mine(order, case_id) if inside and order is not None else None
    if order is None or mine is None or not may_say():
        return nothing()
    form = AccountForm()
    try:
        number = needed_account(form.account.data or "")
        with writing() as work:
            owner = orders.lock_order(work.session, order.id)
            if money.lacks_account(work.session, service.lock(work.session, case_id), owner):
                return_refund.details(work, case_id, {"bank_account": number})
    except OmsError as error:
        form.refuse(error)
        return _case_page(token, mine, status=422, form=form)
    return go(url_for("buyer_after.case", token=token, case_id=case_id))


# The label ---------------------------------------------------------------------------------------


def _may_label(case: Return, told: buyer_case.Story) -> bool:
    """Whether the seller pays for a label: goods are to be sent, and the settings name a service.
    """
    return bool(settings.current(db.session).label_account_id) \
        and case.goods == tracks.EXPECTED and told.to_send


def _label(case_id: int) -> LabelBooking | None:
    """The label that a case has or will have."""
    return next((one for one in bookings.of_case(db.session, case_id)
                 if one.state in bookings.LIVE and one.void_asked_at is None), None)


@screen.post("/o/<token>/cases/<int:case_id>/label")
@act(PUBLIC)
def label(token: str, case_id: int) -> Response:
    """Have the label bought by which the goods come back; once, however often it is asked for."""
    inside, order = entered(token)
    mine = _mine(order, case_id) if inside and order is not None else None
    said = settings.current(db.session)
    if order is None or mine is None or not said.label_account_id or not may_say():
        return nothing()
    wanted = Wanted(account_id=said.label_account_id, service=said.label_service,
                    size=said.label_size)
    try:
        if not _may_label(mine, buyer_case.story(db.session, mine, buyer_exchange.of_case(mine))):
            raise NotAllowedNow("The goods of this case are here already, or the case is over.")
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
    inside, order = entered(token)
    mine = _mine(order, case_id) if inside and order is not None else None
    booking = _label(case_id) if mine is not None else None
    name = booking.files.get("pdf_a6") if booking is not None else None
    if name is None:
        return nothing()
    return shy(send_file(oms().works.ports["files"].path(name), mimetype="application/pdf",
                         download_name=f"label-{case_id}.pdf"))
