"""Refunds, of cases and of orders alike: what one will do, whoever approves it, and the outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import StringField

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import lineage
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.payments import refund_routes, refund_states, refunds
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns import correcting
from oms_web.domain.returns import service as cases
from oms_web.domain.returns.models import Return
from oms_web.extensions import db
from oms_web.flows import return_refund
from oms_web.sync import refunds as sent
from oms_web.web import case_words
from oms_web.web.access import act
from oms_web.web.door import oms, writing
from oms_web.web.failures import words_of
from oms_web.web.forms import Form
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("refunds", __name__)

MOST_SHOWN = 500


class ApproveForm(Form):
    """Where a transfer goes."""

    account = StringField(_l("Buyer's account number"))


@screen.get("/refunds")
@act("refunds.pay")
def index() -> Response:
    """All refunds that wait for somebody."""
    rows = db.session.execute(
        select(Refund, Order.buyer_name).join(Order, Order.id == Refund.order_id)
        .where(Refund.state.in_(refund_states.PENDING)).order_by(Refund.id).limit(MOST_SHOWN)
    ).all()
    return render("refunds/list.html", rows=rows, words=case_words, cases=_numbers(rows))


def _numbers(rows: Sequence[Any]) -> dict[int, str]:
    ids = [refund.case_id for refund, _ in rows if refund.case_id]
    return dict(db.session.execute(
        select(Return.id, Return.number).where(Return.id.in_(ids))).all()) if ids else {}


@screen.get("/refunds/<int:refund_id>")
@act("orders.see")
def show(refund_id: int) -> Response:
    """What a refund will do; whoever may approves it here."""
    return _page(refunds.get(db.session, refund_id))


def _page(refund: Refund, form: ApproveForm | None = None, status: int = 200) -> Response:
    session = db.session
    order = orders.get_order(session, refund.order_id)
    case = cases.get(session, refund.case_id) if refund.case_id else None
    family = lineage.purchase(session, order)
    known = refund.bank_account or (case.bank_account if case is not None else "")
    planned = refund.state == refund_states.PLANNED
    by_machine = refund.method in refund_states.ASKED_FOR
    way = _account(refund, order) if by_machine and planned else None
    return render(
        "refunds/show.html", refund=refund, order=order, case=case, words=case_words, way=way,
        lost_way=by_machine and planned and way is None,
        paid=sum(one.paid_total for one in family), others=sum(
            one.refund_pending for one in family) - refund.amount,
        form=form or ApproveForm(formdata=None, account=known), planned=planned,
        may_drop=not correcting.corrections_of(session, [refund]), back=_where(refund),
        status=status)


def _account(refund: Refund, order: Order) -> ChannelAccount | None:
    """Who will be asked to give the money back: a provider, or a channel."""
    session = db.session
    found = refund_routes.by_provider(session, order, refund.amount) \
        if refund.method == refund_states.PROVIDER else refund_routes.by_channel(
            session, order, sent.able(oms().registry), refund.amount, refund.plan)
    return session.get_one(ChannelAccount, found.account_id) if found is not None else None


def _where(refund: Refund) -> str:
    """Where a refund belongs: on its case, else on its order."""
    if refund.case_id:
        return url_for("return_card.show", case_id=refund.case_id) + "#money"
    return url_for("order_card.show", order_id=refund.order_id) + "#payment"


@screen.post("/refunds/<int:refund_id>/<any(approve, send, done, lose, refuse, drop):what>")
@act("refunds.pay")
def move(refund_id: int, what: str) -> Response:
    """Approve a refund, say that it was ordered, that it has gone, that it did not go."""
    form = ApproveForm()
    try:
        with writing() as work:
            return_refund.act(work, refund_id, what, why=request.form.get("why", ""),
                              reference=request.form.get("reference", ""),
                              account=request.form.get("account"))
        say(gettext("Done."))
    except Invalid as error:
        if what == "approve":
            form.refuse(error)
            return _page(refunds.get(db.session, refund_id), form, 422)
        say(words_of(error), "bad")
    except NotAllowedNow as error:  # the page was older than the refund
        say(words_of(error), "bad")
    return go(_where(refunds.get(db.session, refund_id)))
