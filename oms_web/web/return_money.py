"""Money back for a case: the plan, and the correction that follows it."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField

from oms_web.core.errors import Invalid, InvalidForm, NotAllowedNow
from oms_web.core.money import parse_minor
from oms_web.domain.orders import service as orders
from oms_web.domain.payments import refunds
from oms_web.domain.returns import correcting, money, service, standings, tracks
from oms_web.domain.returns.models import Return
from oms_web.domain.returns.refund_plan import Wish
from oms_web.extensions import db
from oms_web.flows import correct_document, order_refund, return_refund
from oms_web.sync import refunds as sent
from oms_web.web import case_words, formats
from oms_web.web.access import act
from oms_web.web.door import oms, reading, writing
from oms_web.web.failures import words_of
from oms_web.web.forms import Form, KeyField, choices
from oms_web.web.order_form import typed_amount
from oms_web.web.render import go, render
from oms_web.web.returns import typed_units
from oms_web.web.toasts import say

screen = Blueprint("return_money", __name__)

class RefundForm(Form):
    """What goes back. Units and wear stand in fields ``unit-<line>`` and ``wear-<line>``."""

    delivery = SelectField(_l("Delivery"), choices=choices({
        "": _l("as the law has it"), "yes": _l("goes back"), "no": _l("does not go back")}))
    other = StringField(_l("Another amount on top"))
    amount = StringField(_l("Pay back exactly"))
    reason = StringField(_l("Why another amount"))
    told = StringField(_l("Why less goes back, for the buyer"))
    method = SelectField(_l("How the money goes back"))
    account = StringField(_l("Buyer's account number"))
    key = KeyField()


@screen.get("/returns/<int:case_id>/refund")
@act("returns.handle")
def ask(case_id: int) -> Response:
    """The plan as the case has it, to be changed."""
    case = service.get(db.session, case_id)
    if not tracks.may_pay(standings.of(db.session, case)) or case.order_id is None:
        return _over(case_id)
    wish = return_refund.usual(reading(), case)
    form = _form(case, formdata=None, key=secrets.token_hex(12), account=case.bank_account,
                 other=typed_amount(wish.other, case.currency) if wish.other else "")
    return _ask(case, form, wish)


def _over(case_id: int) -> Response:
    """Back to a case that pays nothing (any more)."""
    say(gettext("Nothing is paid back of this case: it is over, was refused, or has no order."),
        "bad")
    return go(url_for("return_card.show", case_id=case_id))


def _form(case: Return, **values: Any) -> RefundForm:
    """The form with the ways that are open: the one the money came by stands first."""
    form = RefundForm(**values)
    ways = order_refund.ways(reading(), case.order_id, sent.able(oms().registry)) \
        if case.order_id else order_refund.BY_HAND
    form.method.choices = choices({name: case_words.METHODS[name] for name in ways})
    return form


def _ask(case: Return, form: RefundForm, wish: Wish, status: int = 200) -> Response:
    """The form with the plan of a wish, or with why there is none."""
    made, refused = None, None
    try:
        made = return_refund.plan(reading(), case, wish)
    except Invalid as error:
        refused = error
        if not form.errors and not form.problem:
            form.refuse(error)
    order = orders.get_order(db.session, case.order_id or 0)
    sold, paid = money.facts(db.session, order)
    return render(
        "returns/refund.html", case=case, order=order, form=form, wish=wish, plan=made, sold=sold,
        paid=paid, words=case_words, typed=request.form,
        status=status if status != 200 or refused is None or request.method == "GET" else 422)


@screen.post("/returns/<int:case_id>/refund")
@act("returns.handle")
def plan(case_id: int) -> Response:
    """Reckon once more (``reckon``), or plan the refund; the same form plans one."""
    case = service.get(db.session, case_id)
    form = _form(case)
    if not tracks.may_pay(standings.of(db.session, case)) or case.order_id is None:
        return _over(case_id)
    try:
        wish = _wish(case, form)
    except Invalid as error:
        form.refuse(error)
        return _ask(case, form, Wish(), 422)
    if request.form.get("reckon"):
        return _ask(case, form, wish)
    try:
        with writing() as work:
            found = return_refund.ask(
                work, case_id, wish, form.method.data, form.key.data or "",
                amount=typed_minor(form.amount.data, case.currency, "amount"),
                reason=form.reason.data or "", account=form.account.data or "",
                told=form.told.data or "")
        total = sum(one.amount for one in found)
        say(gettext("%(amount)s is planned to go back. Somebody has to approve it.",
                    amount=formats.amount(total, case.currency, always=True)))
        return go(url_for("return_card.show", case_id=case_id) + "#money")
    except Invalid as error:
        form.refuse(error)
    return _ask(service.get(db.session, case_id), form, wish, 422)


def _wish(case: Return, form: RefundForm) -> Wish:
    wear = {}
    for field, value in request.form.items():
        name, _, line = field.rpartition("-")
        if name == "wear" and line.isascii() and line.isdigit() and len(line) < 16:
            off = typed_minor(value, case.currency, "wear")
            if off:
                wear[int(line)] = off
    return Wish(
        typed_units("unit"), wear, {"yes": True, "no": False}.get(form.delivery.data or ""),
        typed_minor(form.other.data, case.currency, "other") or 0)


def typed_minor(typed: str | None, currency: str, field: str) -> int | None:
    """A typed amount in minor units; None when nothing is typed.

    Raises:
        Invalid: no amount, or finer than the smallest coin.
    """
    if not (typed or "").strip():
        return None
    return parse_minor(typed or "", currency, field)


@screen.post("/refunds/<int:refund_id>/correction")
@act("documents.issue")
def correct(refund_id: int) -> Response:
    """Correct the invoice by exactly what a refund gives back; said again it is the same one."""
    refund = refunds.get(db.session, refund_id)
    back = url_for("return_card.show", case_id=refund.case_id) + "#money" if refund.case_id \
        else url_for("order_card.show", order_id=refund.order_id)
    try:
        with writing() as work:
            document, fresh = correct_document.correct_invoice(
                work, *correcting.wanted(work.session, refund))
        say(gettext("%(number)s is issued.", number=document.number) if fresh
            else gettext("The correction was issued before."))
    except (Invalid, NotAllowedNow) as error:
        say(words_of(error), "bad")
    except InvalidForm as error:
        say(words_of(next(iter(error.problems.values()))), "bad")
    return go(back)
