"""The card of one order: where it stands, what is wrong, the next step, and everything about it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, time
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from oms_web.core.clock import SHOP_ZONE, local_day, to_utc
from oms_web.core.errors import Invalid, OmsError
from oms_web.core.money import parse_minor
from oms_web.core.work import Work
from oms_web.domain.audit import queries as audit
from oms_web.domain.orders import phases, refunding
from oms_web.domain.orders import service as orders
from oms_web.domain.shipping import service as shipping
from oms_web.extensions import db
from oms_web.flows import order_cancel, order_create, order_edit, order_hold, order_pay, ship
from oms_web.web import (
    asked,
    case_words,
    formats,
    going,
    label_words,
    order_rules,
    order_steps,
    order_timeline,
)
from oms_web.web import order_words as words
from oms_web.web.access import act, allowed
from oms_web.web.door import oms, writing
from oms_web.web.forms import Form, KeyField, Needed, choices
from oms_web.web.order_facts import Card
from oms_web.web.order_form import typed_amount
from oms_web.web.order_timeline import VIEWS
from oms_web.web.packing_band import WEIGHT_REASONS
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("order_card", __name__)

METHODS = {
    "transfer": _l("bank transfer"), "cash": _l("cash"), "card": _l("card"), "blik": _l("BLIK"),
    "courier": _l("courier's settlement"), "other": _l("other"),
}
MOST_ENTRIES = 200


class PayForm(Form):
    """A payment that somebody saw. ``key`` makes it one of a kind."""

    amount = StringField(_l("Amount"), [Needed()])
    method = SelectField(_l("How"), choices=choices(METHODS))
    day = DateField(_l("On"), [Optional()])
    surplus = BooleanField(_l("Yes, more was paid than is due"))
    key = KeyField()


class BackForm(Form):
    """Money that went back to the buyer. ``key`` makes it one of a kind."""

    amount = StringField(_l("Amount"), [Needed()])
    method = SelectField(_l("How"), choices=choices(METHODS))
    day = DateField(_l("On"), [Optional()])
    key = KeyField()


class UndoForm(Form):
    """Why a payment is taken back."""

    reason = StringField(_l("Why it is taken back"), [Needed()])


class HoldForm(Form):
    """Why an order waits, and perhaps until when."""

    reason = StringField(_l("Why it waits"), [Needed()])
    until = DateField(_l("Until"), [Optional()])


class NoteForm(Form):
    """Something for colleagues to read."""

    text = TextAreaField(_l("Note"), [Needed()])
    for_packer = BooleanField(_l("The packer must confirm it"))


class CancelForm(Form):
    """How much of which line is cancelled (fields ``line-<id>``), and why."""

    reason = StringField(_l("Reason"))


@screen.get("/orders/<int:order_id>")
@act("orders.see")
def show(order_id: int) -> Response:
    """The card; its part is the timeline in another view."""
    return _card(order_id)


def _card(order_id: int, *, pay: PayForm | None = None, back: BackForm | None = None,
          undo: tuple[int, UndoForm] | None = None, hold: HoldForm | None = None,
          cancel: CancelForm | None = None, note: NoteForm | None = None, status: int = 200
          ) -> Response:
    session = db.session
    order = orders.get_order(session, order_id)
    card = Card(session, order)
    view = asked.text("timeline")
    view = view if view in VIEWS else ""
    entries = audit.of_order(session, order_id, limit=MOST_ENTRIES)
    return render(
        "order_card/page.html", "order_card/_timeline.html", card=card, order=order, words=words,
        steps=order_steps.steps(card), next=order_steps.next_step(card), desk=words.desk_tile(),
        timeline=order_timeline.lines(entries, order.currency, view), timeline_view=view,
        rules_asked=order_rules.of_order(session, order_id)
        if allowed("rules.see") and card.hangs & {"runs", "checks"} else [],
        going=going.of_order(order_id) if "going" in card.hangs else [],
        allowed_acts=phases.allowed(order.phase), pay=pay or _pay_form(card),
        back=back or _back_form(card), open_back=back is not None,
        undo_forms=_undo_forms(card, undo), open_undo=undo[0] if undo else None,
        hold_form=hold or HoldForm(formdata=None), cancel=cancel or CancelForm(formdata=None),
        note_form=note or NoteForm(formdata=None), open_pay=pay is not None,
        open_hold=hold is not None, open_cancel=cancel is not None,
        weight_reasons=WEIGHT_REASONS, label_words=label_words, case_words=case_words,
        status=status,
    )


def _pay_form(card: Card) -> PayForm:
    return PayForm(formdata=None, **_money_values(card, card.to_pay))


def _back_form(card: Card) -> BackForm:
    """What was paid too much, else, once it is cancelled, all that was paid."""
    whole = card.order.paid_total if card.order.phase == phases.CANCELLED else 0
    return BackForm(formdata=None, prefix="back-", **_money_values(card, max(-card.to_pay, whole)))


def _money_values(card: Card, minor: int) -> dict[str, Any]:
    return {"amount": typed_amount(minor, card.order.currency) if minor > 0 else "",
            "day": local_day(oms().works.clock()), "key": secrets.token_hex(12)}


def _undo_forms(card: Card, refused: tuple[int, UndoForm] | None) -> dict[int, UndoForm]:
    """The form of each payment that can be taken back; each has ids of its own."""
    forms = {view.payment.id: UndoForm(formdata=None, prefix=f"undo-{view.payment.id}-")
             for view in card.payments if view.may_undo}
    return {**forms, refused[0]: refused[1]} if refused else forms


def _back(order_id: int) -> Response:
    return go(url_for("order_card.show", order_id=order_id))


# Money -------------------------------------------------------------------------------------------


@screen.post("/orders/<int:order_id>/payments")
@act("payments.record")
def pay(order_id: int) -> Response:
    """Record a payment; the same form sent again counts once."""
    form = PayForm()
    if form.validate():
        try:
            with writing() as work:
                order = orders.get_order(work.session, order_id)
                amount = parse_minor(form.amount.data or "", order.currency, "amount")
                fresh = order_pay.record(
                    work, order_id, amount, str(METHODS.get(form.method.data, "")),
                    _moment(form, work.now), f"form:{form.key.data}"[:160],
                    more_is_meant=bool(form.surplus.data))
            say(gettext("Payment recorded.") if fresh else gettext("This payment was recorded "
                                                                  "before."))
            return _back(order_id)
        except OmsError as error:
            form.refuse(error)
    return _card(order_id, pay=form, status=422)


@screen.post("/orders/<int:order_id>/payments/back")
@act("payments.record")
def give_back(order_id: int) -> Response:
    """Record money that went back to the buyer; the same form sent again counts once."""
    form = BackForm(prefix="back-")
    if form.validate():
        try:
            with writing() as work:
                order = orders.get_order(work.session, order_id)
                amount = parse_minor(form.amount.data or "", order.currency, "amount")
                fresh = order_pay.give_back(
                    work, order_id, amount, str(METHODS.get(form.method.data, "")),
                    _moment(form, work.now), f"back:{form.key.data}"[:160])
            say(gettext("Recorded: the money went back.") if fresh
                else gettext("This was recorded before."))
            return _back(order_id)
        except OmsError as error:
            form.refuse(error)
    return _card(order_id, back=form, status=422)


@screen.post("/orders/<int:order_id>/payments/<int:payment_id>/undo")
@act("payments.record")
def undo_payment(order_id: int, payment_id: int) -> Response:
    """Take back a payment that was recorded by mistake."""
    form = UndoForm(prefix=f"undo-{payment_id}-")
    if form.validate():
        try:
            with writing() as work:
                done = order_pay.take_back(work, order_id, payment_id, form.reason.data or "")
            say(gettext("The payment is taken back.") if done
                else gettext("That was done before."))
            return _back(order_id)
        except Invalid as error:
            form.refuse(error)
    return _card(order_id, undo=(payment_id, form), status=422)


def _moment(form: PayForm | BackForm, now: datetime) -> datetime:
    """Now for today, noon for another day."""
    if form.day.data is None or form.day.data == local_day(now):
        return now
    return to_utc(datetime.combine(form.day.data, time(12)), SHOP_ZONE)


# Waiting -----------------------------------------------------------------------------------------


@screen.post("/orders/<int:order_id>/hold")
@act("orders.hold")
def hold(order_id: int) -> Response:
    """Hold the order with a reason."""
    form = HoldForm()
    if form.validate():
        until = to_utc(datetime.combine(form.until.data, time(6)), SHOP_ZONE) \
            if form.until.data else None
        try:
            with writing() as work:
                order_hold.hold(work, order_id, form.reason.data or "", until)
            say(gettext("The order is held."))
            return _back(order_id)
        except OmsError as error:
            form.refuse(error)
    return _card(order_id, hold=form, status=422)


@screen.post("/orders/<int:order_id>/release")
@act("orders.hold")
def release(order_id: int) -> Response:
    """Let it go on."""
    with writing() as work:
        freed = order_hold.release(work, order_id)
    say(gettext("The order goes on.") if freed else gettext("Nobody held this order."))
    return _back(order_id)


def _deliver(work: Work, order_id: int) -> bool:
    """Every parcel on the road arrives; an order without parcels is simply delivered."""
    arrived = [
        ship.arrived(work, one.id)
        for one in shipping.of_order(work.session, order_id, shipping.SHIPPED,
                                     shipping.UNDELIVERED)
    ]
    return any(arrived) or order_edit.deliver(work, order_id)


DECISIONS: dict[str, tuple[Callable[[Work, int], bool], Any]] = {
    "confirm": (order_create.confirm, _l("The order is confirmed.")),
    "accept-total": (order_edit.accept_total, _l("The channel's total counts.")),
    "accept-change": (order_edit.accept_change, _l("The change was taken over.")),
    "keep-ours": (order_edit.keep_ours, _l("The order stays as it is.")),
    "deliver": (_deliver, _l("Delivered.")),
}


@screen.post("/orders/<int:order_id>/<any(confirm, 'accept-total', 'accept-change', 'keep-ours',"
             " deliver):what>")
@act("orders.edit")
def decide(order_id: int, what: str) -> Response:
    """Confirm a draft, settle a difference, note that it arrived."""
    change, told = DECISIONS[what]
    with writing() as work:
        changed = change(work, order_id)
    say(str(told) if changed else gettext("That was done before."))
    return _back(order_id)


# Cancelling --------------------------------------------------------------------------------------


@screen.post("/orders/<int:order_id>/cancel")
@act("orders.cancel")
def cancel(order_id: int) -> Response:
    """Cancel the whole order, or so many units of each line."""
    form = CancelForm()
    reason = form.reason.data or ""
    try:
        with writing() as work:
            if request.form.get("whole"):
                done = order_cancel.cancel(work, order_id, reason)
                told = _cancelled_words(work, order_id) if done else gettext(
                    "That was done before.")
            else:
                units = _units(order_id, work)
                order_cancel.cancel_units(work, order_id, units, reason)
                count = sum(units.values())
                told = ngettext("%(num)s unit cancelled.", "%(num)s units cancelled.", count)
        say(told)
        return _back(order_id)
    except Invalid as error:
        form.refuse(error)
    return _card(order_id, cancel=form, status=422)


def _cancelled_words(work: Work, order_id: int) -> str:
    """That it is cancelled, and what has to be given back by the one who cancelled it."""
    order = orders.get_order(work.session, order_id)
    if not refunding.is_due(work.session, order_id):
        return gettext("The order is cancelled.")
    return gettext("The order is cancelled. Give %(amount)s back to the buyer.",
                   amount=formats.amount(order.paid_total, order.currency, always=True))


def _units(order_id: int, work: Work) -> dict[int, int]:
    return {
        line.id: asked.whole(request.form.get(f"line-{line.id}"), "units") or 0
        for line in orders.order_lines(work.session, order_id)
    }


# Words on the order ------------------------------------------------------------------------------


@screen.post("/orders/<int:order_id>/status")
@act("orders.edit")
def set_status(order_id: int) -> Response:
    """Give it one of the seller's statuses."""
    status_id = asked.whole(request.form.get("status"), "status")
    if status_id is None:
        raise Invalid("Choose a status.", "status")
    with writing() as work:
        order_edit.set_status(work, order_id, status_id)
    return _back(order_id)


@screen.post("/orders/<int:order_id>/tags")
@act("orders.edit")
def add_tag(order_id: int) -> Response:
    """Hang a tag on it."""
    with writing() as work:
        order_edit.add_tag(work, order_id, request.form.get("name", ""))
    return _back(order_id)


@screen.post("/orders/<int:order_id>/tags/<int:tag_id>/remove")
@act("orders.edit")
def remove_tag(order_id: int, tag_id: int) -> Response:
    """Take a tag off it."""
    with writing() as work:
        order_edit.remove_tag(work, order_id, tag_id)
    return _back(order_id)


@screen.post("/orders/<int:order_id>/notes")
@act("orders.edit")
def add_note(order_id: int) -> Response:
    """Write a note on it."""
    form = NoteForm()
    if form.validate():
        try:
            with writing() as work:
                order_edit.add_note(work, order_id, form.text.data or "",
                                    for_packer=bool(form.for_packer.data))
            return _back(order_id)
        except OmsError as error:
            form.refuse(error)
    return _card(order_id, note=form, status=422)


@screen.post("/orders/<int:order_id>/notes/<int:note_id>/remove")
@act("orders.edit")
def remove_note(order_id: int, note_id: int) -> Response:
    """Take one's own note off."""
    with writing() as work:
        order_edit.delete_note(work, order_id, note_id)
    return _back(order_id)
