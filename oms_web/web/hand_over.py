"""Parcels given to a courier: chosen, signed for, and a courier called for them."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from oms_connector import OrdersPickups, PrintsProtocols
from wtforms import BooleanField, DateField, TimeField
from wtforms.validators import Optional

from oms_web.core.clock import SHOP_ZONE, to_utc
from oms_web.core.errors import Invalid, OmsError
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.shipping import label_queries, visits
from oms_web.domain.shipping.label_models import HandOver
from oms_web.extensions import db
from oms_web.flows import hand_over, ship
from oms_web.flows.hand_over import Visit
from oms_web.sync import labels
from oms_web.web import asked, formats, label_words
from oms_web.web.access import act
from oms_web.web.door import oms, reading, writing
from oms_web.web.forms import Form
from oms_web.web.printing import pdf
from oms_web.web.render import go, render
from oms_web.web.toasts import say

screen = Blueprint("hand_over", __name__)

STATES = {
    "": _l("no courier was called"), hand_over.INTENDED: _l("the courier is being called"),
    hand_over.SENT: _l("nobody knows yet"), hand_over.DONE: _l("the courier comes"),
    hand_over.REFUSED: _l("the courier does not come"),
}


class VisitForm(Form):
    """When a courier may come."""

    day = DateField(_l("Day"), [Optional()])
    ready_from = TimeField(_l("From"), [Optional()])
    until = TimeField(_l("Until"), [Optional()])


class GiveForm(VisitForm):
    """Which parcels, and when a courier may come."""

    calls = BooleanField(_l("Call the courier"))
    leave = BooleanField(_l("They leave now"))


@screen.get("/labels/hand-over")
@act("ship.do")
def index() -> Response:
    """What waits for each carrier's courier, and what was given lately."""
    return _page()


def _page(form: GiveForm | None = None, status: int = 200, ticked: list[int] | None = None
          ) -> Response:
    carriers = labels.carriers(reading(), oms().registry)
    chosen = asked.whole(request.values.get("carrier"), "carrier") or (
        carriers[0].id if carriers else None)
    return render(
        "parcel_labels/hand_over.html", carriers=carriers, chosen=chosen, status=status,
        ready=label_queries.ready(db.session, chosen) if chosen else [],
        given=label_queries.hand_overs(db.session), states=STATES, words=label_words,
        names={one.id: one.name for one in db.session.query(ChannelAccount)},
        form=form or GiveForm(formdata=None, leave=True, **_window()), ticked=ticked,
        uncalled=hand_over.NO_VISIT,
        prints=[one.id for one in carriers
                if labels.can(oms().registry, one.connector, PrintsProtocols)],
        calls=[one.id for one in carriers
               if labels.can(oms().registry, one.connector, OrdersPickups)])


def _window() -> dict[str, Any]:
    """When a courier is proposed to come."""
    now = oms().works.clock().astimezone(SHOP_ZONE)
    return dict(zip(("day", "ready_from", "until"), visits.window(now), strict=True))


@screen.post("/labels/hand-over")
@act("ship.do")
def give() -> Response:
    """Give the ticked parcels; call a courier, if one is wanted."""
    form = GiveForm()
    ids = [number for number in (asked.whole(value, "parcel")
                                 for value in request.form.getlist("parcel")) if number]
    account_id = asked.whole(request.form.get("carrier"), "carrier")
    if form.validate():
        try:
            if account_id is None:
                raise Invalid("Choose a carrier.", "carrier")
            with writing() as work:
                row = hand_over.give(work, account_id, ids,
                                     _visit(form) if form.calls.data else None)
            if form.leave.data:
                _leave(row)
            say(gettext("Protocol %(number)s is there.", number=row.id))
            return go(url_for("hand_over.index", carrier=account_id))
        except Invalid as error:
            form.refuse(error)
    return _page(form, 422, ids)


@screen.get("/labels/hand-over/<int:hand_over_id>/visit")
@act("ship.do")
def visit(hand_over_id: int) -> Response:
    """The form by which a courier is called for parcels that were given to none."""
    return _visit_page(hand_over_id, VisitForm(formdata=None, **_window()))


@screen.post("/labels/hand-over/<int:hand_over_id>/visit")
@act("ship.do")
def call(hand_over_id: int) -> Response:
    """Call a courier who was not called, or did not want to come."""
    form = VisitForm()
    if form.validate():
        try:
            with writing() as work:
                hand_over.call(work, hand_over_id, _visit(form))
            say(gettext("The courier is being called."))
            return go(url_for("hand_over.index"))
        except Invalid as error:
            form.refuse(error)
    return _visit_page(hand_over_id, form, 422)


@screen.post("/labels/hand-over/<int:hand_over_id>/without")
@act("ship.do")
def go_without(hand_over_id: int) -> Response:
    """The courier who does not come is not needed."""
    with writing() as work:
        hand_over.go_without(work, hand_over_id)
    say(gettext("No courier is called for them."))
    return go(url_for("hand_over.index"))


def _visit_page(hand_over_id: int, form: VisitForm, status: int = 200) -> Response:
    row = hand_over.get(reading(), hand_over_id)
    return render("parcel_labels/visit.html", row=row, form=form, words=label_words, status=status)


def _visit(form: VisitForm) -> Visit:
    if form.day.data is None or form.ready_from.data is None or form.until.data is None:
        raise Invalid("Say when the courier may come.", "day")

    def moment(at: time) -> datetime:
        return to_utc(datetime.combine(form.day.data, at), SHOP_ZONE)

    return Visit(moment(form.ready_from.data), moment(form.until.data))


def _leave(row: HandOver) -> None:
    """Their shipments leave; one that may not stays, and says so in the list of shipments."""
    refused = 0
    for booking in label_queries.inside(db.session, row.id):
        try:
            with writing() as work:
                ship.leave(work, booking.shipment_id or 0)
        except OmsError:
            refused += 1
    if refused:
        say(gettext("%(n)s of them may not leave: look among the shipments.", n=refused), "warn")


@screen.post("/labels/hand-over/<int:hand_over_id>/paper")
@act("ship.do")
def fetch(hand_over_id: int) -> Response:
    """Ask the carrier for its protocol once more."""
    with writing() as work:
        hand_over.ask_paper(work, hand_over.get(work, hand_over_id).id)
    say(gettext("The carrier is being asked."))
    return go(url_for("hand_over.index"))


@screen.get("/labels/hand-over/<int:hand_over_id>.pdf")
@act("ship.do")
def protocol(hand_over_id: int) -> Response:
    """What the courier signs: the carrier's own paper where it was fetched, else ours."""
    row = hand_over.get(reading(), hand_over_id)
    made = oms().works.ports["files"].path(row.file).read_bytes() if row.file else \
        oms().printing.protocol(hand_over_id, formats.language())
    return pdf(made, f"protocol-{hand_over_id}.pdf")
