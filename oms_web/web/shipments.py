"""Shipments: what waits for its courier, what is on the road, what could not be delivered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from oms_web.automation import recalling
from oms_web.core.errors import OmsError
from oms_web.core.work import Work
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.documents import handovers
from oms_web.domain.shipping import (
    collecting,
    exports,
    journeys,
    queries,
    service,
    tracking,
)
from oms_web.domain.shipping.queries import Asked
from oms_web.extensions import db
from oms_web.flows import ship
from oms_web.web import asked, formats, going
from oms_web.web.access import act
from oms_web.web.auth import is_local_path
from oms_web.web.door import actor, oms, writing
from oms_web.web.exports import send
from oms_web.web.failures import status_of, words_of
from oms_web.web.printing import pdf
from oms_web.web.render import go, render, wants_part
from oms_web.web.toasts import say

screen = Blueprint("shipments", __name__)

# How many shipments leave in one transaction, and in one hand-over.
TOGETHER = 25
MOST_AT_ONCE = 500

VIEWS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "waiting": (_l("Waiting for the courier"), (service.PACKED,)),
    "cash": (_l("Would collect twice"), service.LIVE),
    "road": (_l("On the road"), (service.SHIPPED,)),
    "quiet": (_l("Not scanned for 48 hours"), (service.SHIPPED,)),
    "undelivered": (_l("Undelivered"), (service.UNDELIVERED,)),
    "delivered": (_l("Delivered"), (service.DELIVERED,)),
}
STATES: dict[str, Any] = {
    service.PACKING: _l("being packed"), service.PACKED: _l("packed"),
    service.SHIPPED: _l("on the road"), service.DELIVERED: _l("delivered"),
    service.UNDELIVERED: _l("undelivered"), service.CANCELLED: _l("cancelled"),
}
BLOCKED: dict[str, Any] = {
    "cancelled": _l("The order was cancelled: take the goods out."),
    "left": _l("The order was marked as sent elsewhere."),
    "verify": _l("The order must be checked first."),
    "unpaid": _l("The order is not paid."),
    "held": _l("The order is on hold."),
    "draft": _l("The order is a draft."),
    "collects": _l("The label collects money that was paid since. Take it back and buy another."),
}


@screen.app_template_filter("words")
def words(error: OmsError) -> str:
    """A refusal in the reader's language."""
    return words_of(error)


def _chosen() -> dict[str, Any]:
    view = asked.text("view")
    return {"view": view if view in VIEWS else "waiting",
            "carrier": request.args.get("carrier"), "q": asked.text("q", 80)}


@screen.get("/shipments")
@act("ship.do")
def index() -> Response:
    """A page of shipments: a view of them, or what a number finds."""
    return _list(_chosen())


@screen.get("/shipments/shipments.<kind>")
@act("ship.do")
def export(kind: str) -> Response:
    """The view, with its filters, as a file."""
    return send(exports.shipments(_asked(_chosen())), kind, {"state": STATES})


@screen.get("/shipments/protocol.pdf")
@act("ship.do")
def protocol() -> Response:
    """What a courier signs: the ticked parcels, else those of the view."""
    ids = [number for number in (asked.whole(value, "shipment")
                                 for value in request.args.getlist("shipment")) if number]
    if not ids:
        page = queries.listed(db.session, _asked(_chosen()), limit=handovers.MOST)
        ids = [row.id for row in page.rows]
    made = oms().printing.handover(ids, actor(), formats.language())
    return pdf(made, "protocol.pdf")


def _asked(chosen: dict[str, Any]) -> Asked:
    quiet = oms().works.clock() if chosen["view"] == "quiet" else None
    return Asked(VIEWS[chosen["view"]][1], chosen["carrier"], chosen["q"], quiet,
                 chosen["view"] == "cash")


def _list(chosen: dict[str, Any], results: list[tuple[int, OmsError]] | None = None,
          left: int = 0, status: int = 200) -> Response:
    page = queries.listed(db.session, _asked(chosen), asked.text("after", 2000) or None)
    kept = {k: v for k, v in chosen.items() if v not in (None, "")}
    link = partial(asked.link, "shipments.index", kept)
    return render(
        "shipments/list.html", "shipments/_rows.html", page=page, chosen=chosen, link=link,
        kept=kept, next_url=link(after=page.after) if page.after else None,
        views=VIEWS, states=STATES,
        counts={key: queries.count_in(db.session, of) for key, (_, of) in VIEWS.items()
                if key not in ("delivered", "quiet", "cash")}
        | {"quiet": journeys.count_quiet(db.session, oms().works.clock(), 999),
           "cash": collecting.count(db.session, 999)},
        elsewhere=queries.left_elsewhere(db.session),
        carriers=queries.waiting_carriers(db.session) if chosen["view"] == "waiting" else [],
        accounts={one.id: one for one in db.session.scalars(select(ChannelAccount))},
        blocked=BLOCKED, follow=tracking.follow, results=results, left=left,
        known_carriers=[carrier.name for carrier in tracking.CARRIERS], status=status,
    )


def _row(shipment_id: int, problem: str = "", status: int = 200) -> Response:
    """One row again, with a refusal in it if there was one; without htmx the list."""
    if not wants_part():
        if problem:
            say(problem, "bad")
        return go(_after())
    return render(
        "shipments/list.html", "shipments/_one.html", row=queries.one(db.session, shipment_id),
        accounts={one.id: one for one in db.session.scalars(select(ChannelAccount))},
        states=STATES, blocked=BLOCKED, follow=tracking.follow, problem=problem, status=status,
        typed=request.form if problem and "number" in request.form else None,
    )


def _after() -> str:
    back = request.form.get("back", "")
    return back if is_local_path(back) else url_for("shipments.index")


@screen.post("/shipments/leave")
@act("ship.do")
def leave() -> Response:
    """Hand over the ticked shipments, or all of a courier's that may leave."""
    ids = [number for number in (asked.whole(value, "shipment")
                                 for value in request.form.getlist("shipment")) if number]
    carrier = request.form.get("carrier")
    if not ids and carrier is not None:
        ids = queries.waiting_ids(db.session, carrier, MOST_AT_ONCE)
    refused: list[tuple[int, OmsError]] = []
    orders = {}
    for at in range(0, len(ids[:MOST_AT_ONCE]), TOGETHER):
        with writing() as work:
            for shipment_id, why in ship.leave_many(work, ids[at:at + TOGETHER]):
                if why is not None:
                    refused.append((shipment_id, why))
    left = len(ids) - len(refused)
    if left:
        say(ngettext("%(num)s shipment left.", "%(num)s shipments left.", left))
    if not ids:
        say(gettext("Nothing was chosen."), "warn")
    if not refused:
        return go(url_for("shipments.index", carrier=carrier) if carrier is not None
                  else url_for("shipments.index"))
    for shipment_id, _why in refused:
        orders[shipment_id] = service.get(db.session, shipment_id).order_id
    return _list({"view": "waiting", "carrier": carrier, "q": ""},
                 [(orders[shipment_id], why) for shipment_id, why in refused], left, 409)


@screen.post("/shipments/<int:shipment_id>/number")
@act("ship.do")
def number(shipment_id: int) -> Response:
    """Type or scan the tracking number of a parcel."""
    try:
        with writing() as work:
            shipment = service.lock(work.session, shipment_id, service.PACKED, service.SHIPPED,
                                    service.UNDELIVERED)
            service.describe_parcel(
                work, shipment, asked.whole(request.form.get("parcel"), "parcel") or 1,
                number=request.form.get("number", ""), carrier=request.form.get("carrier"),
            )
            service.tell_orders(work, shipment)
    except OmsError as error:
        return _row(shipment_id, words_of(error), status_of(error))
    say(gettext("The tracking number is saved.") if request.form.get("number", "").strip()
        else gettext("The parcel has no tracking number now."))
    return _row(shipment_id)


@screen.post("/shipments/<int:shipment_id>/<any(leave, anyway, recall, arrived, failed, again,"
             " unpacked):what>")
@act("ship.do")
def change(shipment_id: int, what: str) -> Response:
    """One shipment leaves, comes back from the door, arrives, does not arrive, is sent again."""
    try:
        with writing() as work:
            if what == "failed":
                ship.came_to_nothing(work, shipment_id, request.form.get("reason", ""))
            else:
                _ACTS[what](work, shipment_id)
    except OmsError as error:
        return _row(shipment_id, words_of(error), status_of(error))
    if what in ("leave", "anyway"):
        say(gettext("Order %(number)s left.",
                    number=service.get(db.session, shipment_id).order_id),
            undo=_undo(shipment_id))
    return _row(shipment_id)


def _undo(shipment_id: int) -> str | None:
    """Where a departure is taken back; None while the band offers to recall it."""
    if going.band() is not None:
        return None
    return url_for("shipments.change", shipment_id=shipment_id, what="recall")


_ACTS: Mapping[str, Callable[[Work, int], object]] = {
    "leave": ship.leave, "anyway": partial(ship.leave, although_it_collects=True),
    "recall": recalling.unship, "arrived": ship.arrived,
    "again": ship.sent_again, "unpacked": ship.forget_shipment,
}


@screen.post("/shipments/orders/<int:order_id>")
@act("ship.do")
def ship_order(order_id: int) -> Response:
    """From the order card: the order leaves without the pack station, whole or in part."""
    with writing() as work:
        made = ship.ship_order(
            work, order_id, carrier=request.form.get("carrier", "").strip(),
            number=request.form.get("number", "").strip(), partly=bool(request.form.get("partly")),
        )
    say(gettext("Order %(number)s left.", number=order_id) if made
        else gettext("Order %(number)s had left already.", number=order_id),
        undo=_undo(made[0]) if len(made) == 1 else None)
    return go(_after())
