"""Labels: bought for an order, printed, taken back; the queue of what is to buy and what failed."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, Response, request, send_file, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from oms_connector import CancelsBookings, ChannelError, FindsPoints
from wtforms import IntegerField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from oms_web.core.errors import Invalid, InvalidForm, NotAllowedNow, NotFound, OmsError
from oms_web.core.money import parse_minor
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import service as orders
from oms_web.domain.shipping import bookings, choosing, label_queries, planning, sending
from oms_web.domain.shipping import service as shipping
from oms_web.domain.shipping.label_models import LabelBooking
from oms_web.domain.shipping.planning import Plan, Wanted
from oms_web.extensions import db
from oms_web.flows import label, label_back, label_settling
from oms_web.sync import labels
from oms_web.sync.session import Engine
from oms_web.web import asked, label_words
from oms_web.web.access import act
from oms_web.web.auth import is_local_path
from oms_web.web.door import oms, reading, writing
from oms_web.web.failures import words_of
from oms_web.web.forms import Form
from oms_web.web.order_form import typed_amount
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("parcel_labels", __name__)

VIEWS: dict[str, Any] = {
    label_queries.TODO: _l("To buy"), label_queries.REFUSED: _l("Refused"),
    label_queries.UNKNOWN: _l("Nobody knows"), label_queries.UNPRINTED: _l("Without their file"),
    label_queries.WAITING: _l("On their way"),
    label_queries.TODAY: _l("Bought today"),
}
MOST_AT_ONCE = 500
MIMES = {"pdf": "application/pdf", "zpl": "text/plain"}


def engine() -> Engine:
    """The sync engine of this installation."""
    return Engine(oms().works, oms().registry)


class BuyForm(Form):
    """What is booked; what is left empty is as the rules say."""

    service = SelectField(_l("Service"), validate_choice=False)
    size = SelectField(_l("Size"), validate_choice=False)
    packaging = SelectField(_l("Packaging"), validate_choice=False)
    weight = IntegerField(_l("Weight, g"), [Optional()])
    point = StringField(_l("Pick-up point"))
    cod = StringField(_l("Cash on delivery"))
    insured = StringField(_l("Insured for"))


@screen.get("/labels")
@act("ship.do")
def index() -> Response:
    """The queue of labels."""
    return _list(_view())


def _view() -> str:
    view = asked.text("view")
    return view if view in VIEWS else label_queries.TODO


def _list(view: str, results: list[tuple[int, OmsError]] | None = None, status: int = 200
          ) -> Response:
    now, session = oms().works.clock(), db.session
    page = label_queries.listed(session, view, now, asked.text("after", 2000) or None)
    link = partial(asked.link, "parcel_labels.index", {"view": view})
    carriers = labels.carriers(reading(), oms().registry)
    return render(
        "parcel_labels/list.html", "parcel_labels/_rows.html", page=page, view=view, views=VIEWS,
        words=label_words, results=results, status=status, carriers=carriers,
        ahead=label_queries.ahead(session) if view == label_queries.TODO and not page.rows else 0,
        next_url=link(after=page.after) if page.after else None,
        counts=label_queries.counts(session, now, *VIEWS))


@screen.post("/labels/buy")
@act("ship.do")
def buy_many() -> Response:
    """Have the labels of the ticked orders bought; each stands alone."""
    ids = [number for number in (asked.whole(value, "order")
                                 for value in request.form.getlist("order")) if number]
    refused: list[tuple[int, OmsError]] = []
    for order_id in list(dict.fromkeys(ids))[:MOST_AT_ONCE]:
        try:
            with writing() as work:
                label.book_order(work, order_id)
        except OmsError as error:
            refused.append((order_id, error))
    count = len(set(ids)) - len(refused)
    if count:
        say(ngettext("%(num)s label is being bought.", "%(num)s labels are being bought.", count))
    if not ids:
        say(gettext("Nothing was chosen."), "warn")
    if refused:
        return _list(label_queries.TODO, refused, 409)
    return go(url_for("parcel_labels.index"))


# One order's ------------------------------------------------------------------------------------


@screen.get("/orders/<int:order_id>/label")
@act("ship.do")
def form(order_id: int) -> Response:
    """What would be booked, and why; all of it may be chosen otherwise."""
    return _form(order_id)


@screen.post("/orders/<int:order_id>/label")
@act("ship.do")
def buy(order_id: int) -> Response:
    """Have the label bought. What the carrier would refuse is said at its field."""
    typed = BuyForm()
    write = partial(label.book_return, case_id=_case()) if request.form.get("return") \
        else label.book_order
    if typed.validate():
        try:
            chosen = wanted(order_id, typed)
            if not request.form.get("return"):
                if planning.in_hand(db.session, order_id):
                    return _form(order_id, typed, 409)
                strays = _strays(order_id, chosen)
                if strays and request.form.get("sure") != _goes(typed):
                    return _form(order_id, typed, 422, strays)
            with writing() as work:
                write(work, order_id, chosen, labels.checker(engine()))
            say(gettext("The label is being bought."))
            return go(_after(order_id))
        except (Invalid, InvalidForm) as error:
            typed.refuse(_at_fields(error))
    return _form(order_id, typed, 422)


def _strays(order_id: int, chosen: Wanted) -> str:
    """Whether the label would go elsewhere than the buyer chose (``choosing.strays``)."""
    known = sending.service(db.session, chosen.account_id or 0, chosen.service)
    order = orders.get_order(db.session, order_id)
    return "" if known is None else choosing.strays(
        order.pickup_point or "", known.needs_point, chosen.point or "")


def _goes(typed: BuyForm) -> str:
    """The service and point that a warning is about: to buy all the same is said of these alone."""
    return f"{typed.service.data or ''} {' '.join((typed.point.data or '').split()).casefold()}"


def _after(order_id: int) -> str:
    back = request.form.get("back", "")
    return back if is_local_path(back) else \
        url_for("order_card.show", order_id=order_id, _anchor="labels")


def _at_fields(error: OmsError) -> OmsError:
    """A refusal with the paths of a booking as fields of the form."""
    problems = error.problems if isinstance(error, InvalidForm) else \
        {getattr(error, "field", ""): error}
    named: dict[str, OmsError] = {}
    for path, one in problems.items():
        field = path.rpartition(".")[2] if path.startswith("packages.") else path
        field = "weight" if field == "weight_g" else field
        named[field] = one if not path or hasattr(BuyForm, field) else \
            Invalid(f"{label_words.field(path)}: {words_of(one)}")
    return InvalidForm(named)


def again(order_id: int, typed: BuyForm) -> Response:
    """The form once more, with what is wrong at its fields."""
    return _form(order_id, typed, 422)


def wanted(order_id: int, typed: BuyForm) -> Wanted:
    """What was typed.

    Raises:
        Invalid: an amount, a weight or a number that cannot be right.
    """
    account, _, service = (typed.service.data or "").partition(":")
    currency = orders.get_order(db.session, order_id).currency

    def amount(name: str) -> int | None:
        text = (typed[name].data or "").strip()
        found = parse_minor(text, currency, name) if text else None
        if found is not None and found < 0:
            raise Invalid("An amount cannot be below zero.", name)
        return found

    if typed.weight.data is not None and not 0 < typed.weight.data <= shipping.HEAVIEST_G:
        raise Invalid("A parcel weighs between 1 g and 1000 kg.", "weight")
    return Wanted(
        account_id=asked.whole(account, "service"), service=service, size=typed.size.data or "",
        point=typed.point.data or "", weight_g=typed.weight.data,
        packaging_id=asked.whole(typed.packaging.data, "packaging"),
        cod=amount("cod") or 0, insured=amount("insured") or 0)


def _form(order_id: int, typed: BuyForm | None = None, status: int = 200, strays: str = ""
          ) -> Response:
    work = reading()
    order = orders.get_order(work.session, order_id)
    made = label.plan_order(work, order_id)
    carriers = labels.carriers(work, oms().registry)
    shown = typed or _filled(made)
    _offer(shown, carriers)
    near = asked.text("near", 60)
    found, problem = _points(shown, near, order.country or "PL") if near else ([], "")
    there = [] if request.values.get("return") else planning.in_hand(work.session, order_id)
    return render(
        "parcel_labels/buy.html", order=order, form=shown, plan=made, carriers=carriers,
        bare=sum(bookings.left_out(work.session, one.shipment_id)
                 for one in there if one.shipment_id),
        words=label_words, strays=strays, sure=_goes(shown), due=planning.due(work.session, made),
        there=there,
        near=near, points=found, points_problem=problem, status=status,
        is_return=bool(request.values.get("return")), case_id=_case(),
        back=request.values.get("back", ""),
        finds=[one.id for one in carriers
               if labels.can(oms().registry, one.connector, FindsPoints)])


def _case() -> int | None:
    """The case that a label for a return is bought for."""
    return asked.whole(request.values.get("case"), "case")


def _filled(made: Plan) -> BuyForm:
    rule = made.choice.rule
    service = asked.text("service", 120)
    if not service and rule is not None and rule.account_id:
        service = f"{rule.account_id}:{rule.service}"
    order = made.order
    return BuyForm(
        formdata=None, service=service, size=rule.size if rule else "",
        packaging=str(made.packaging.id) if made.packaging else "",
        weight=made.weights_g[0] if len(made.weights_g) == 1 else None,
        point=asked.text("point", 60) or order.pickup_point,
        cod=typed_amount(made.cod, order.currency) if made.cod else "",
        insured=typed_amount(made.insured, order.currency) if made.insured else "")


def _offer(shown: BuyForm, carriers: list[ChannelAccount]) -> None:
    """What may be chosen: the services of all carriers, their sizes, the packaging."""
    sizes: dict[str, str] = {}
    options = [SelectChoice("", gettext("choose"))]
    for account in carriers:
        for one in sending.services(db.session, account.id):
            options.append(SelectChoice(f"{account.id}:{one.ref}", gettext(one.name),
                                        optgroup=account.name))
            sizes |= {size.ref: size.ref for size in sending.sizes_of(one)}
    shown.service.choices = options
    shown.size.choices = [SelectChoice("", gettext("by its measures")),
                          *(SelectChoice(ref, ref) for ref in sizes)]
    shown.packaging.choices = [
        SelectChoice("", gettext("unknown")),
        *(SelectChoice(str(one.id), one.name) for one in sending.packagings(db.session))]


def _points(shown: BuyForm, near: str, country: str) -> tuple[list[Any], str]:
    account_id = asked.whole((shown.service.data or "").partition(":")[0], "service")
    if not account_id:
        return [], gettext("Choose a service first.")
    try:
        found = labels.points(engine(), account_id, near, country)
    except ChannelError as error:
        return [], label_words.why(str(error))
    except NotAllowedNow as error:
        return [], words_of(error)
    return found, "" if found else gettext("There is no point near %(place)s.", place=near)


# One label's ------------------------------------------------------------------------------------


@screen.post("/labels/<int:booking_id>/<any(void, discard, again, settle):what>")
@act("ship.do")
def change(booking_id: int, what: str) -> Response:
    """Take it back; throw it away; ask the carrier now; say that it was not bought."""
    booking = bookings.get(db.session, booking_id)
    if what == "void" and booking.state == bookings.CONFIRMED and not takes_back(booking):
        said = labels.SAYS["no_way_back"]
        raise NotAllowedNow(said)
    if what == "discard" and not may_be_discarded(booking):
        raise NotAllowedNow("This carrier takes labels back: take it back instead.")
    with writing() as work:
        _ACTS[what](work, booking_id)
    say({"void": gettext("The label is being taken back."),
         "discard": gettext("Another label can be bought."),
         "again": gettext("The carrier is being asked."),
         "settle": gettext("Another label can be bought.")}[what])
    return go(_after(booking.order_id))


_ACTS = {"void": label_back.void, "discard": label_back.discard, "again": bookings.ask_now,
         "settle": label_settling.was_not_bought}


@screen.app_template_global()
def takes_back(booking: LabelBooking) -> bool:
    """Whether the carrier of a label takes labels back by its interface."""
    account = db.session.get_one(ChannelAccount, booking.account_id)
    return labels.can(oms().registry, account.connector, CancelsBookings)


@screen.app_template_global()
def may_be_discarded(booking: LabelBooking) -> bool:
    """Whether a label can only be left unused: its carrier takes none back, or not this one."""
    return not takes_back(booking) or bookings.is_kept(booking)


@screen.get("/labels/<int:booking_id>.<any(pdf, zpl):kind>")
@act("ship.do")
def file(booking_id: int, kind: str) -> Response:
    """The label, as often as it is wanted; it costs nothing more."""
    return _file(bookings.get(db.session, booking_id), kind)


def _file(booking: LabelBooking, kind: str) -> Response:
    if bookings.is_taken_back(booking):
        raise NotFound("This label was taken back: a courier does not take a parcel by it.")
    name = booking.files.get("pdf_a6" if kind == "pdf" else "zpl")
    if name is None:
        raise NotFound("This label is not there in this form.")
    answer = send_file(oms().works.ports["files"].path(name), mimetype=MIMES[kind],
                       download_name=f"label-{booking.order_id}.{kind}",
                       as_attachment=kind == "zpl")
    answer.headers["Content-Security-Policy"] = "frame-ancestors 'self'"
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


# At the pack station ----------------------------------------------------------------------------


@screen.get("/packing/<int:shipment_id>/label")
@act("pack.do")
def bench_label(shipment_id: int) -> Response:
    """How far the label of a parcel at the station is; it asks again until it is there."""
    return render("packing/_label.html", shipment_id=_here(shipment_id), words=label_words,
                  order_id=shipping.get(db.session, shipment_id).order_id,
                  label=bookings.live_of_shipment(db.session, shipment_id), again=True,
                  bare=bookings.left_out(db.session, shipment_id))


@screen.get("/packing/<int:shipment_id>/label.<any(pdf, zpl):kind>")
@act("pack.do")
def bench_file(shipment_id: int, kind: str) -> Response:
    """The label of a parcel that has not left."""
    booking = bookings.live_of_shipment(db.session, _here(shipment_id))
    if booking is None:
        raise NotFound("There is no such label.")
    return _file(booking, kind)


@screen.post("/packing/<int:shipment_id>/label")
@act("pack.do")
def bench_buy(shipment_id: int) -> Response:
    """Have it bought by the seller's rules."""
    _here(shipment_id)
    with writing() as work:
        label.book_shipment(work, shipment_id)
    say(gettext("The label is being bought."))
    return go(url_for("packing.show", shipment_id=shipment_id))


@screen.post("/packing/<int:shipment_id>/label/all")
@act("pack.do")
def bench_all(shipment_id: int) -> Response:
    """Have one bought for all boxes: some were added after the label was."""
    booking = bookings.live_of_shipment(db.session, _here(shipment_id))
    with writing() as work:
        is_new = label_back.give_way(work, shipment_id, is_kept=booking is not None
                                     and may_be_discarded(booking))
        if is_new:
            label.book_shipment(work, shipment_id)
    say(gettext("The label is being bought.") if is_new else
        gettext("The label is being taken back."))
    return go(url_for("packing.show", shipment_id=shipment_id))


def _here(shipment_id: int) -> int:
    """A parcel that has not left: of others the station shows nothing.

    Raises:
        NotAllowedNow: it has left, or was given up.
    """
    if shipping.get(db.session, shipment_id).state not in shipping.LIVE:
        raise NotAllowedNow("This parcel is not here any more.")
    return shipment_id
