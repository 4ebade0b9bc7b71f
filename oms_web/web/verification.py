"""Verification as a queue: orders with what is doubtful about them, and the button that settles it.

A button leads back to where it was pressed: the queue, or the order's card.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from wtforms import StringField

from oms_web.core.errors import Invalid, NotAllowedNow, OmsError
from oms_web.core.work import Work
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import lineage, tally
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.verification import kinds, queries
from oms_web.domain.orders.verification.kinds import CHECKS
from oms_web.extensions import db
from oms_web.flows import order_cancel, order_edit, order_pay, order_verify
from oms_web.web import asked
from oms_web.web import order_words as words
from oms_web.web.access import act
from oms_web.web.door import writing
from oms_web.web.forms import Form
from oms_web.web.order_form import AddressForm
from oms_web.web.phase_names import PHASES
from oms_web.web.render import go, render
from oms_web.web.shell import frame
from oms_web.web.toasts import say
from oms_web.web.verify_words import Said, said

screen = Blueprint("verification", __name__)

PAGE = 20


class TaxForm(Form):
    """A tax number that is corrected."""

    tax_id = StringField(_l("NIP or EU VAT number"))


@dataclass(slots=True)
class Doubtful:
    """An order of the queue with its findings, and the forms that correct them."""

    order: Order
    account: ChannelAccount | None
    said: Sequence[Said]
    other: Order | None = None
    forms: dict[str, Form] = field(default_factory=dict)
    to_pay: int = 0
    """What is still owed, in minor units; below zero, too much was paid."""


# The queue ---------------------------------------------------------------------------------------


@screen.get("/verification")
@act("orders.see")
def index() -> Response:
    """A page of orders with something doubtful; its part is the next ones."""
    return _page(asked.text("kind"), asked.text("after") or None)


def _page(kind: str, after: str | None) -> Response:
    kind = kind if kind in CHECKS else ""
    session = db.session
    found = queries.page(session, kind, after, PAGE)
    counts = tally.tallies(session, "finding")
    return render(
        "verification/list.html", "verification/_orders.html",
        rows=_rows(session, found.rows), kind=kind, words=words, counts=counts, checks=CHECKS,
        everything=sum(counts.get(name, 0) for name in CHECKS),
        others=queries.queued_without(session), came_from="", opened="", phase_names=PHASES,
        next_url=asked.link("verification.index", {"kind": kind}, after=found.after)
        if found.after else None,
    )


def _rows(session: Session, found: Sequence[Order]) -> list[Doubtful]:
    findings = queries.of_orders(session, [one.id for one in found])
    known = frame().accounts
    other = {one.order_id: one.detail.get("other") for ones in findings.values() for one in ones
             if one.kind == kinds.DUPLICATE}
    others = queries.orders_of(session, {number for number in other.values() if number})
    rows = [Doubtful(one, known.get(one.account_id or 0), said(findings.get(one.id, ())),
                     others.get(other.get(one.id) or 0)) for one in found]
    for row in rows:
        places = {one.place for one in row.said}
        if "payment" in places:
            row.to_pay = row.order.total - lineage.paid_of(session, row.order)
        if "address" in places:
            row.forms["address"] = _address_form(row.order)
        if "buyer" in places:
            row.forms["buyer"] = TaxForm(formdata=None, prefix=f"t{row.order.id}-",
                                         tax_id=row.order.tax_id)
    return rows


def _address_form(order: Order) -> AddressForm:
    address = dict(order.ship_to or {})
    address["phone"] = address.get("phone") or order.buyer_phone
    return AddressForm(formdata=None, prefix=f"a{order.id}-", data=address)


# Settling ----------------------------------------------------------------------------------------


def _back(order_id: int) -> Response:
    """To the queue with its filter, or to the card, wherever the button was."""
    if request.form.get("from") == "card":
        return go(url_for("order_card.show", order_id=order_id))
    kind = request.form.get("kind", "")
    return go(asked.link("verification.index", {"kind": kind if kind in CHECKS else ""}))


@screen.post("/verification/<int:order_id>/accept")
@act("orders.edit")
def accept(order_id: int) -> Response:
    """It is right as it is: one finding, or all of them."""
    which = asked.whole(request.form.get("finding"), "finding")
    with writing() as work:
        settled = order_verify.accept(work, order_id, None if which is None else [which])
    say(gettext("Accepted as it is.") if settled else gettext("That was done before."))
    return _back(order_id)


@screen.post("/verification/accept")
@act("orders.edit")
def accept_many() -> Response:
    """The ticked orders are right as they are; of a kind, if the queue showed only one.

    Each order is settled by itself, so that one that cannot be does not keep the others.
    """
    ticked = [int(text) for text in request.form.getlist("order")[:PAGE * 5]
              if text.isascii() and text.isdigit() and len(text) <= 12]
    if not ticked:
        raise Invalid("Tick at least one order.", "order")
    kind = request.form.get("kind", "")
    chosen = [kind] if kind in CHECKS else list(CHECKS)
    done = 0
    for order_id in dict.fromkeys(ticked):
        with writing() as work:
            done += bool(order_verify.accept(work, order_id, of_kinds=chosen))
    say(ngettext("%(num)s order accepted as it is.", "%(num)s orders accepted as they are.", done))
    return _back(0)


@screen.post("/verification/<int:order_id>/keep-both")
@act("orders.edit")
def keep_both(order_id: int) -> Response:
    """It is no double: the buyer wants both."""
    with writing() as work:
        settled = order_verify.keep_both(work, order_id)
    say(gettext("Both orders stay.") if settled else gettext("That was done before."))
    return _back(order_id)


@screen.post("/verification/<int:order_id>/cancel")
@act("orders.cancel")
def cancel(order_id: int) -> Response:
    """It is a double: cancel it, with the order that stays as the reason."""
    with writing() as work:
        other = order_verify.is_double(work, order_id)
        order_cancel.cancel(work, order_id, gettext("double of %(number)s", number=other))
    say(gettext("Order %(number)s is cancelled as a double.", number=order_id))
    return _back(order_id)


@screen.post("/verification/<int:order_id>/paid")
@act("payments.record")
def paid(order_id: int) -> Response:
    """What is missing was paid, as a person saw: record it."""
    with writing() as work:
        order = orders.lock_order(work.session, order_id)
        present = lineage.paid_of(work.session, order)
        rest = order.total - present
        if rest <= 0:
            raise NotAllowedNow("Nothing is missing any more.")
        order_pay.record(work, order_id, rest, "", work.now,
                         f"verified:{order_id}:{present}"[:160])
    say(gettext("Payment recorded."))
    return _back(order_id)


@screen.post("/verification/<int:order_id>/address")
@act("orders.edit")
def address(order_id: int) -> Response:
    """Correct the address where it stands; it is verified again at once."""
    form = AddressForm(prefix=f"a{order_id}-")
    return _correct(order_id, "address", form,
                    lambda work: order_edit.change_address(work, order_id, form.values()))


@screen.post("/verification/<int:order_id>/tax-id")
@act("orders.edit")
def tax_id(order_id: int) -> Response:
    """Correct the tax number, or take it away."""
    form = TaxForm(prefix=f"t{order_id}-")

    def change(work: Work) -> bool:
        order = orders.get_order(work.session, order_id)
        present = {name: getattr(order, name) for name in (
            "buyer_name", "buyer_company", "buyer_email", "buyer_phone", "wants_invoice")}
        return order_edit.change_buyer(work, order_id, {**present, **form.values()})

    return _correct(order_id, "buyer", form, change)


def _correct(order_id: int, what: str, form: Form, change: Callable[[Work], Any]) -> Response:
    if form.validate():
        try:
            with writing() as work:
                change(work)
                left = len(queries.of_orders(work.session, [order_id]).get(order_id, ()))
            say(ngettext("Saved. %(num)s thing about it is doubtful still.",
                         "Saved. %(num)s things about it are doubtful still.", left) if left
                else gettext("Saved, and nothing about it is doubtful any more."))
            return _back(order_id)
        except OmsError as error:
            form.refuse(error)
    return _refused(order_id, what, form)


def _refused(order_id: int, what: str, form: Form) -> Response:
    """The one order with its form open, so that the refusal is seen."""
    [row] = _rows(db.session, [orders.get_order(db.session, order_id)])
    row.forms[what] = form
    return render("verification/one.html", rows=[row], kind=request.form.get("kind", ""),
                  came_from=request.form.get("from", ""), opened=what, next_url=None,
                  phase_names=PHASES, words=words, status=422)
