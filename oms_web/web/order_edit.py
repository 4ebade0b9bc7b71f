"""Taking an order down by hand, and changing buyer, address and delivery while it is here."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, make_response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import DateTimeLocalField, SelectField, StringField
from wtforms.validators import Optional

from oms_web.core.clock import SHOP_ZONE, to_utc, utc_now
from oms_web.core.errors import Denied, Invalid, NotAllowedNow, NotFound, OmsError
from oms_web.core.work import Work
from oms_web.domain.orders import begun, buyers, phases
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.buyers import KnownBuyer
from oms_web.extensions import db
from oms_web.flows import order_create, order_edit
from oms_web.web import asked, order_form, scanning
from oms_web.web.access import act, allowed
from oms_web.web.door import current_user, writing
from oms_web.web.failures import words_of
from oms_web.web.forms import Form
from oms_web.web.order_form import AddressForm, BuyerForm, NewOrderForm, TypedLine
from oms_web.web.render import go, render
from oms_web.web.scanning import Said
from oms_web.web.toasts import say

screen = Blueprint("order_edit", __name__)

ORIGINS = (_l("phone"), _l("e-mail"), "Facebook", "Instagram", "WhatsApp", _l("in the shop"))
# A form in which none of these is filled in is not worth keeping.
_WORTH_KEEPING = ("variant", "buyer_name", "buyer_company", "buyer_phone", "buyer_email", "tax_id",
                  "street", "note")


# Taking one down ---------------------------------------------------------------------------------


@screen.get("/orders/new")
@act("orders.create")
def new() -> Response:
    """A form: as it was left, or empty. ``like`` takes over the buyer of an earlier order,
    ``again`` what was ordered, too; with ``fresh`` nothing is taken over.
    """
    like, same = asked.number("like"), asked.number("again")
    earlier = like if same is None else same
    if earlier is None and "fresh" not in request.args:
        left = _left()
        if left is not None:
            return left
    form = NewOrderForm(formdata=None, key=secrets.token_hex(12))
    lines: list[TypedLine] = []
    if earlier is not None:
        order = orders.get_order(db.session, earlier)
        form.fill(order)
    if same is not None:
        form.take_over(order)
        lines = order_form.again(db.session, orders.order_lines(db.session, same), order.currency)
    return _form(form, lines, again=same)


def _left() -> Response | None:
    """The form as this person left it; None when they left none."""
    user = current_user()
    found = begun.kept(db.session, user.id, utc_now()) if user else None
    if found is None:
        return None
    fields, at = found
    typed = MultiDict((name, one) for name, values in fields.items() for one in values)
    return _form(NewOrderForm(formdata=typed), order_form.typed_lines(db.session, typed), left=at)


def _form(form: NewOrderForm, lines: list[TypedLine], said: Said | None = None,
          known: Sequence[KnownBuyer] = (), status: int = 200, *, left: datetime | None = None,
          again: int | None = None) -> Response:
    """The form as it stands; its part is everything in it, so sums and remarks are fresh."""
    currency = form.currency.data or "PLN"
    lines = [line if line.problems else line.looked_at(currency) for line in lines]
    totals = [line.total(currency) for line in lines]
    items = sum(total or 0 for total in totals)
    amounts, wrong = _amounts(form, items if lines and None not in totals else None)
    known_total = None if wrong or None in totals else \
        items + amounts["shipping"] - amounts["discount"]
    return render(
        "order_edit/new.html", "order_edit/_new.html", form=form, lines=lines, totals=totals,
        total=known_total, amounts=amounts, wrong=wrong, currency=currency, said=said, known=known,
        origins=ORIGINS, status=status, left=left, again=again, beside=", ".join(
            f"#said-{what}" for what in ("shipping", "discount", *(one.sku.id for one in lines))),
    )


def _amounts(form: NewOrderForm, items: int | None) -> tuple[dict[str, int], dict[str, str]]:
    """Delivery and discount in minor units, and what is wrong with either.

    ``items`` None: what the goods cost cannot be told yet, so the discount is only read.
    """
    amounts: dict[str, int] = {}
    wrong: dict[str, str] = {}
    for name, read in (
        ("shipping", lambda: form.minor("shipping")),
        ("discount", lambda: form.taken_off(items) if items is not None else form.read_discount()),
    ):
        try:
            amounts[name] = read()
        except Invalid as error:
            wrong[error.field or name] = words_of(error)
    return amounts, wrong


@screen.post("/orders/new")
@act("orders.create")
def create() -> Response:
    """Add or remove a position, fill in a known buyer, or store the order."""
    form = NewOrderForm()
    lines = order_form.typed_lines(db.session, request.form)
    if "save" in request.form:
        return _save(form, lines)
    said = _step(form, lines)
    return _form(form, lines, said, _known(form))


@screen.post("/orders/new/kept")
@act("orders.create")
def keep() -> Response:
    """Keep what stands in the form, in case it is left before it is stored."""
    user = current_user()
    if user and any(request.form.get(name, "").strip() for name in _WORTH_KEEPING):
        fields = {name: request.form.getlist(name) for name in request.form
                  if name not in ("csrf_token", "code", "like")}
        with writing() as work:
            # Leaving a field to press Save sends both: what is an order already is not kept.
            if order_create.made_with(work, asked.form_key()) is None:
                begun.keep(work, user.id, fields)
    return make_response("", 204)


@screen.post("/orders/new/forget")
@act("orders.create")
def forget() -> Response:
    """Throw away what was left in the form."""
    _forget()
    return go(url_for("order_edit.new", fresh=1))


def _forget() -> None:
    user = current_user()
    if user:
        with writing() as work:
            begun.forget(work, user.id)


@screen.get("/orders/buyers")
@act("orders.create")
def known_buyers() -> Response:
    """Earlier buyers that what is typed into one of the buyer's fields may mean."""
    field = asked.text("field")
    typed = asked.text(field) if field in order_form.BUYER else ""
    return render("order_edit/_known.html", known=_recognise(typed))


def _recognise(typed: str) -> list[KnownBuyer]:
    """Buyers are shown only to those who may see orders, whose data they are."""
    return buyers.recognise(db.session, typed) if typed and allowed("orders.see") else []


def _step(form: NewOrderForm, lines: list[TypedLine]) -> Said | None:
    """What a button inside the form asks for; a refusal is answered beside the search field."""
    removed = asked.whole(request.form.get("remove"), "remove")
    if removed is not None:
        lines[:] = [line for line in lines if line.sku.id != removed]
        return None
    like = asked.whole(request.form.get("like"), "like")
    if like is not None:
        form.fill(orders.get_order(db.session, like))
        return None
    if not (request.form.get("code", "").strip() or request.form.get("variant_id")):
        return None
    try:
        order_form.add(db.session, lines, scanning.variant(db.session).id)
    except NotFound as error:
        return _meant(lines, scanning.refused(db.session, error))
    except OmsError as error:
        return scanning.refused(db.session, error)
    return None


def _meant(lines: list[TypedLine], said: Said) -> Said | None:
    """A name is no wrong code: the one product it fits is taken, of several one is chosen."""
    if len(said.suggested) == 1:
        order_form.add(db.session, lines, said.suggested[0].id)
        return None
    if said.suggested:
        return replace(said, tone="", text=gettext("Choose one of these:"))
    return said


def _known(form: NewOrderForm) -> list[KnownBuyer]:
    """Earlier orders of this buyer, as long as no address is typed."""
    if form.street.data or form.city.data:
        return []
    for name in ("buyer_email", "buyer_phone", "tax_id", "buyer_name"):
        found = _recognise(form[name].data or "")
        if found:
            return found
    return []


def _save(form: NewOrderForm, lines: list[TypedLine]) -> Response:
    taken = order_form.meant(form, lines)
    if taken is None:
        return _form(form, lines, status=422)
    paid = form.payment_kind.data == order_form.PAID
    if paid and not allowed("payments.record"):
        raise Denied("Your role does not include this.")
    try:
        with writing() as work:
            number, fresh = order_create.create(
                work, taken, confirm=request.form["save"] == "order",
                form_key=form.key.data or "", paid=paid)
            begun.forget(work, work.actor.id or 0)
    except OmsError as error:
        form.refuse(error)
        return _form(form, lines, status=422)
    say(gettext("Order %(number)s is taken down.", number=number) if fresh
        else gettext("This order was taken down before."))
    return go(url_for("order_card.show", order_id=number))


# Changing one ------------------------------------------------------------------------------------


class DeliveryForm(Form):
    """How it goes, and until when it should leave."""

    delivery_method = StringField(_l("Delivery method"))
    carrier = SelectField(_l("Courier"), validate_choice=False)
    pickup_point = StringField(_l("Pick-up point"))
    ship_by = DateTimeLocalField(_l("Should leave by"), [Optional()], format="%Y-%m-%dT%H:%M")

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.carrier.choices = order_form.carriers(self.carrier.data or "")


@screen.get("/orders/<int:order_id>/edit")
@act("orders.edit")
def edit(order_id: int) -> Response:
    """Buyer, address and delivery, each with its own button."""
    return _edit(order_id)


def _edit(order_id: int, status: int = 200, **changed: Form) -> Response:
    order = orders.get_order(db.session, order_id)
    if order.phase not in order_edit.EDITABLE:
        raise NotAllowedNow("This order has left or is closed.", phases.allowed(order.phase))
    forms: dict[str, Form] = {
        "buyer": BuyerForm(formdata=None, obj=order),
        "address": AddressForm(formdata=None, data=dict(order.ship_to or {})),
        "delivery": DeliveryForm(formdata=None, data={
            "delivery_method": order.delivery_method, "carrier": order.carrier,
            "pickup_point": order.pickup_point,
            "ship_by": order.ship_by.astimezone(SHOP_ZONE) if order.ship_by else None,
        }),
    }
    return render("order_edit/edit.html", order=order, status=status, **{**forms, **changed})


@screen.post("/orders/<int:order_id>/edit/buyer")
@act("orders.edit")
def buyer(order_id: int) -> Response:
    """Change who buys."""
    form = BuyerForm()
    return _change(order_id, "buyer", form,
                   lambda work: order_edit.change_buyer(work, order_id, form.values()))


@screen.post("/orders/<int:order_id>/edit/address")
@act("orders.edit")
def address(order_id: int) -> Response:
    """Change where the goods go."""
    form = AddressForm()
    return _change(order_id, "address", form,
                   lambda work: order_edit.change_address(work, order_id, form.values()))


@screen.post("/orders/<int:order_id>/edit/delivery")
@act("orders.edit")
def delivery(order_id: int) -> Response:
    """Change how it goes and until when."""
    form = DeliveryForm()
    return _change(order_id, "delivery", form, lambda work: order_edit.change_delivery(
        work, order_id, form.values(), _moment(form.ship_by.data)))


def _moment(local: datetime | None) -> datetime | None:
    return to_utc(local, SHOP_ZONE) if local else None


def _change(order_id: int, name: str, form: Form, change: Callable[[Work], bool]) -> Response:
    if form.validate():
        try:
            with writing() as work:
                changed = change(work)
            say(gettext("Saved.") if changed else gettext("Nothing was different."))
            return go(url_for("order_card.show", order_id=order_id))
        except OmsError as error:
            form.refuse(error)
    return _edit(order_id, 422, **{name: form})
