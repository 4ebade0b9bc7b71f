"""Asking the buyer of an order for money by a link, and planning to give an amount back."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField

from oms_web.core.errors import NotAllowedNow, OmsError
from oms_web.core.money import parse_minor
from oms_web.domain.messages import placeholders, templates
from oms_web.domain.orders import lineage
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.payments import refund_states, refunds, requests
from oms_web.domain.payments.models import Refund
from oms_web.domain.payments.requests import PaymentRequest
from oms_web.extensions import db
from oms_web.flows import order_ask_payment, order_refund, return_refund
from oms_web.sync import payments
from oms_web.sync import refunds as refunding
from oms_web.web import case_words
from oms_web.web import payment_words as words
from oms_web.web.access import act, allowed
from oms_web.web.door import oms, reading, writing
from oms_web.web.failures import words_of
from oms_web.web.forms import Form, KeyField, Needed, choices
from oms_web.web.order_facts import PaymentView
from oms_web.web.order_form import typed_amount
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("order_payments", __name__)
FIELD = "payment.link"


class AskForm(Form):
    """What the buyer is asked for, where they pay, and which message tells them."""

    amount = StringField(_l("Amount"), [Needed()])
    account = SelectField(_l("Paid by"), coerce=int)
    template = SelectField(_l("Tell the buyer"), coerce=int)
    key = KeyField()


class RefundForm(Form):
    """What goes back, how, and why."""

    amount = StringField(_l("Amount"), [Needed()])
    method = SelectField(_l("How"))
    account = StringField(_l("The buyer's account number"))
    reason = StringField(_l("Why the money goes back"), [Needed()])
    key = KeyField()


@dataclass(frozen=True, slots=True)
class Paying:
    """What the card shows of links and refunds. ``untold``: the refunds that no payment of the
    card says already; ``due``: what is missing, minor units; ``may_ask``: a link can be asked for
    now.
    """

    requests: list[PaymentRequest]
    refunds: list[Refund]
    untold: list[Refund]
    due: int
    may_ask: bool
    may_refund: bool


def _of_card(order: Order, payments_of: Sequence[PaymentView], was_asked: bool) -> Paying:
    """Refunds are looked for where money is set aside or went back: most orders have none."""
    has_refunds = order.refund_pending > 0 or order.purchase_id is not None or any(
        view.payment.amount < 0 for view in payments_of)
    found = list(requests.of_order(db.session, order.id)) if was_asked else []
    is_open = any(one.state in requests.OPEN for one in found)
    due = lineage.due(db.session, order)
    back = refunds.of_orders(db.session, [order.id]) if has_refunds else []
    return Paying(
        found, back, [one for one in back if not _is_payment(one, order)], due,
        allowed("payments.ask") and order.phase not in ("draft", "cancelled") and due > 0
        and not is_open and bool(payments.providers(reading(), oms().registry)),
        allowed("payments.record") and order.phase != "draft"
        and refunds.free(db.session, order) > 0)


def _is_payment(refund: Refund, order: Order) -> bool:
    """Whether a payment below zero on the card says all of a refund: a credit moves no money, and
    of a split purchase the payments are another order's.
    """
    return (refund.state == refund_states.DONE and refund.method != refund_states.CREDIT
            and refund.purse_id == order.id and not refund.why)


@screen.app_context_processor
def _shared() -> dict[str, Any]:
    return {"paying_of": _of_card, "payment_words": words}


def _back(order_id: int) -> Response:
    return go(f"{url_for('order_card.show', order_id=order_id)}#payment")


# A link ------------------------------------------------------------------------------------------


@screen.get("/orders/<int:order_id>/payment-link")
@act("payments.ask")
def ask(order_id: int) -> Response:
    """The form."""
    order = orders.get_order(db.session, order_id)
    due = lineage.due(db.session, order)
    return _ask_page(order, _ask_form(
        formdata=None, key=secrets.token_hex(12),
        amount=typed_amount(due, order.currency) if due > 0 else ""))


def _ask_form(**values: Any) -> AskForm:
    form = AskForm(**values)
    form.account.choices = choices({
        one.id: one.name for one in payments.providers(reading(), oms().registry)})
    naming = {one.id: one.name for one in templates.every(db.session)
              if FIELD in placeholders.named(one.text_pl, one.text_en, one.subject_pl,
                                             one.subject_en)}
    form.template.choices = choices({0: gettext("nobody: I will pass the link on myself")} | naming)
    if not form.is_submitted() and naming:
        form.template.data = next(iter(naming))
    return form


@screen.post("/orders/<int:order_id>/payment-link")
@act("payments.ask")
def send(order_id: int) -> Response:
    """Ask for a link; the same form sent again asks once."""
    form = _ask_form()
    order = orders.get_order(db.session, order_id)
    if form.validate():
        try:
            amount = parse_minor(form.amount.data or "", order.currency, "amount")
            with writing() as work:
                fresh = order_ask_payment.ask(
                    work, order_id, form.account.data, amount, form.key.data or "",
                    form.template.data or None)
            say(gettext("The link is being asked for.") if fresh
                else gettext("That was done before."))
            return _back(order_id)
        except NotAllowedNow as error:
            say(words_of(error), "bad")
            return _back(order_id)
        except OmsError as error:
            form.refuse(error)
    return _ask_page(order, form, 422)


def _ask_page(order: Order, form: AskForm, status: int = 200) -> Response:
    return render("order_payments/ask.html", order=order, form=form,
                  due=lineage.due(db.session, order), status=status)


@screen.post("/orders/<int:order_id>/payment-link/<int:request_id>/withdraw")
@act("payments.ask")
def withdraw(order_id: int, request_id: int) -> Response:
    """Show a link no longer."""
    with writing() as work:
        done = order_ask_payment.withdraw(work, order_id, request_id)
    say(gettext("The link is withdrawn.") if done else gettext("That was done before."))
    return _back(order_id)


# Money back --------------------------------------------------------------------------------------


@screen.get("/orders/<int:order_id>/refund")
@act("payments.record")
def refund(order_id: int) -> Response:
    """The form: an amount, no goods."""
    order = orders.get_order(db.session, order_id)
    return _refund_page(order, _refund_form(order_id, formdata=None, key=secrets.token_hex(12)))


def _refund_form(order_id: int, **values: Any) -> RefundForm:
    form = RefundForm(**values)
    form.method.choices = choices({
        way: case_words.METHODS[way] for way in order_refund.ways(
            reading(), order_id, refunding.able(oms().registry))})
    return form


@screen.post("/orders/<int:order_id>/refund")
@act("payments.record")
def give_back(order_id: int) -> Response:
    """Set the amount aside and lead to its approval; the same form sent again does so once."""
    form = _refund_form(order_id)
    order = orders.get_order(db.session, order_id)
    if form.validate():
        try:
            amount = parse_minor(form.amount.data or "", order.currency, "amount")
            account = return_refund.bank_account(form.account.data or "") \
                if form.method.data == "transfer" else ""
            with writing() as work:
                row, fresh = order_refund.ask(
                    work, order_id, amount, form.method.data, f"amount:{form.key.data}",
                    form.reason.data or "", account, refunding.able(oms().registry))
                planned = row.id
            if not fresh:
                say(gettext("That was done before."))
            return go(url_for("refunds.show", refund_id=planned))
        except NotAllowedNow as error:
            say(words_of(error), "bad")
            return _back(order_id)
        except OmsError as error:
            form.refuse(error)
    return _refund_page(order, form, 422)


def _refund_page(order: Order, form: RefundForm, status: int = 200) -> Response:
    return render("order_payments/refund.html", order=order, form=form,
                  free=refunds.free(db.session, order), status=status)


@screen.post("/orders/<int:order_id>/refund/<int:refund_id>/done")
@act("payments.record")
def confirm(order_id: int, refund_id: int) -> Response:
    """A transfer was made by hand."""
    with writing() as work:
        if refunds.get(work.session, refund_id).order_id != order_id:
            raise NotAllowedNow("This refund is of another order.")
        done = return_refund.act(work, refund_id, "done")
    say(gettext("Recorded: the money went back.") if done else gettext("That was done before."))
    return _back(order_id)
