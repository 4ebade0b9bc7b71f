"""The withdrawal function: an entry that says what it is, a form for the statement, a button of its
own that confirms it, and an acknowledgement with date and time at once (directive 2011/83/EU,
art. 11a).

It works without a key, with the number of the order; with the key of an order's page nothing is
asked again that is known.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField

from oms_web.adapters.barcode import code128
from oms_web.core.errors import InvalidForm, NotAllowedNow, OmsError
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.payments import refund_routes
from oms_web.domain.returns import (
    clocks,
    delivered,
    queries,
    service,
    settings,
    statements,
    tracks,
    turning,
    withdrawing,
)
from oms_web.domain.returns.withdrawing import Standing
from oms_web.extensions import db
from oms_web.flows import return_portal
from oms_web.flows.return_portal import Declared
from oms_web.flows.return_refund import bank_account
from oms_web.web import buyer_words, withdrawal_words
from oms_web.web.access import PUBLIC, act
from oms_web.web.buyer_door import GOES_BACK, answer, entered, may_say, nothing, shop
from oms_web.web.door import oms, writing
from oms_web.web.failures import words_of
from oms_web.web.forms import Form, KeyField
from oms_web.web.render import go
from oms_web.web.returns import typed_units

screen = Blueprint("buyer_withdrawal", __name__)


class WithdrawForm(Form):
    """The statement of withdrawal. Units stand in fields ``unit-<line>``; none: all of it."""

    name = StringField(_l("Your name"))
    number = StringField(_l("Number of the order"))
    email = StringField(_l("E-mail for the confirmation"))
    what = TextAreaField(_l("Which goods, if not all"))
    account = StringField(_l("Account number for the money"))
    key = KeyField()


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


def _statement(token: str, *, review: bool = False) -> Response:
    inside, order = entered(token)
    if not inside:
        return nothing()
    if not review:
        values = {"name": order.buyer_name, "email": order.buyer_email,
                  "number": return_portal.number_of(order)} if order else {}
        return _form(token, order, WithdrawForm(formdata=None, key=secrets.token_hex(12),
                                                data=values))
    form = WithdrawForm()
    try:
        declared = _declared(form, order)
        return_portal.check(declared)
    except OmsError as error:
        form.refuse(error)
        return _form(token, order, form, 422)
    lines = {line.id: line for line in orders.order_lines(db.session, order.id)} if order else {}
    made = answer("buyer/withdraw_confirm.html", shop=shop(), form=form, token=token,
                  declared=declared, order=order,
                  goods=[(units, lines[one]) for one, units in declared.lines.items()])
    made.headers["Cache-Control"] = GOES_BACK
    return made


def _form(token: str, order: Order | None, form: WithdrawForm, status: int = 200) -> Response:
    lines = standings(order)
    came = delivered.at_last(db.session, order) if order else None
    in_time, until = clocks.may_withdraw(
        order.country if order else "PL", came, oms().works.clock(),
        settings.current(db.session).extra_days)
    turned = [one for one in withdrawing.holding(
        {one.line.id: one for one in lines}, [one.line.id for one in lines])
        if turning.turns(one, in_time=in_time)]
    return answer("buyer/withdraw.html", shop=shop(), form=form, token=token, order=order,
                  turned=turned, adds=order is not None and any(
                      turning.adds(db.session, one, order) for one in turned),
                  standings=lines, some=any(one.may for one in lines),
                  anyway=order is None or bool(request.args.get("anyway")) or status != 200,
                  typed=request.form, in_time=in_time, until=until, status=status,
                  reasons=withdrawal_words.TO_BUYERS, phases=buyer_words.PHASES,
                  may_account=may_account(order))


def standings(order: Order | None) -> list[Standing]:
    """How the lines of an order stand; those that were cancelled whole are no matter."""
    lines = orders.order_lines(db.session, order.id) if order else []
    found = withdrawing.of_order(db.session, order, lines) if order else {}
    return [one for one in found.values() if one.line.quantity > one.line.cancelled]


def may_account(order: Order | None) -> bool:
    """Whether the money needs an account to go back to: it did not come by a way that leads back
    (ustawa o prawach konsumenta, art. 32 ust. 2).
    """
    return order is not None and not refund_routes.comes_back_alone(db.session, order)


def _declared(form: WithdrawForm, order: Order | None) -> Declared:
    values: Mapping[str, Any] = form.values()
    return Declared(
        values["name"] or (order.buyer_name if order else ""),
        values["email"] or (order.buyer_email if order else ""),
        return_portal.number_of(order) if order else values["number"] or "",
        values["key"] or "", order.id if order else None, _units(order), values["what"] or "",
        g.language, bank_account(values["account"] or "") if may_account(order) else "")


def _units(order: Order | None) -> dict[int, int]:
    """What is declared of a known order: what was chosen, else all that it can take effect on (also
    what is only in a case by the seller's leave), else all of it.
    """
    if order is None:
        return {}
    lines = standings(order)
    return {one: units for one, units in typed_units("unit").items() if units > 0} or \
        {one.line.id: one.may for one in lines if one.may} or \
        {one.line.id: one.line.quantity - one.line.cancelled for one in lines}


def _declare(token: str) -> Response:
    inside, order = entered(token)
    if not inside or not may_say():
        return nothing()
    form = WithdrawForm()
    try:
        declared = _declared(form, order)
        if not declared.key:
            raise NotAllowedNow("This page has been open for too long. Reload it and try again.")
        with writing() as work:
            _, record, _ = return_portal.withdraw(work, declared)
    except (InvalidForm, NotAllowedNow) as error:
        form.problem = words_of(error)
        return _form(token, order, form, 422)
    except OmsError as error:
        form.refuse(error)
        return _form(token, order, form, 422)
    if token:
        return go(url_for("buyer_withdrawal.withdrawn_known", token=token, digest=record.digest))
    return go(url_for("buyer_withdrawal.withdrawn", digest=record.digest))


@screen.get("/withdraw/<digest>")
@act(PUBLIC)
def withdrawn(digest: str) -> Response:
    """What was declared without a key: its hash is told to nobody but who declared it."""
    return _withdrawn("", digest)


@screen.get("/o/<token>/withdraw/<digest>")
@act(PUBLIC)
def withdrawn_known(token: str, digest: str) -> Response:
    """What was declared of an order that is known by its key."""
    return _withdrawn(token, digest)


def _withdrawn(token: str, digest: str) -> Response:
    inside, order = entered(token)
    record = statements.withdrawn(db.session, digest) if inside else None
    if record is None or (order is not None and record.content["order"] != order.id):
        return nothing()
    case, effect = service.get(db.session, record.return_id), record.content["effect"]
    return answer("buyer/withdrawn.html", shop=shop(), case=case, record=record, token=token,
                  email=record.content["email"], bars=code128(queries.barcode(case.id)),
                  address=settings.address(db.session), how=how(), effect=effect,
                  goods=record.content["goods"], turned=record.content.get("turned", ()),
                  to_send=effect in ("new", "turned") and (
                      order is None or case.goods == tracks.EXPECTED),
                  lines=service.lines_of(db.session, case.id) if order is not None else [])


def how() -> str:
    """How goods are sent back, in the seller's words and the buyer's language."""
    said = settings.current(db.session)
    return said.how_en if g.language == "en" else said.how_pl
