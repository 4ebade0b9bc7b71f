"""The pack station: full screen, made for a scanner. Every answer is the whole station, small.

A packer sees the buyer's name and city, nothing else; there is no way from here to the orders.
What a complete parcel still needs (notes, a scale, photos) is in ``packing_close.py``.
"""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, make_response, request, url_for
from flask_babel import gettext

from oms_web.core.clock import utc_now
from oms_web.core.errors import Invalid, NotFound, OmsError
from oms_web.core.text import tidy
from oms_web.domain.automation.models import Macro
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.fulfilment import service as fulfilment
from oms_web.domain.orders.tally import tallies
from oms_web.domain.shipping import bench as benches
from oms_web.domain.shipping import service, tracking
from oms_web.extensions import db
from oms_web.flows import ship
from oms_web.flows.pack import closing, losing, opening, scanning, trouble
from oms_web.web import asked, packing_band, packing_macros
from oms_web.web.access import act
from oms_web.web.door import writing
from oms_web.web.failures import status_of, words_of
from oms_web.web.packing_band import Band
from oms_web.web.packing_bench import (
    answer,
    marked,
    refuse,
    scan_key,
    show_bench,
)
from oms_web.web.render import go
from oms_web.web.shell import landing_url, leaving_url
from oms_web.web.stations import COOKIE, station
from oms_web.web.toasts import say

screen = Blueprint("packing", __name__)

_YEAR = 365 * 24 * 3600
# How many waiting orders the idle station lists.
LISTED = 12


# The idle station -----------------------------------------------------------------------------


def _idle(band: Band | None = None, status: int = 200) -> Response:
    counts = tallies(db.session, "queue")
    waiting = benches.to_pack(db.session, limit=LISTED)
    return answer({
        "bench": None, "band": band, "ask": "", "waiting": waiting,
        "unpicked": benches.to_pack(db.session, "pick", LISTED - len(waiting))
        if len(waiting) < LISTED else [],
        "begun": benches.begun(db.session), "packed": benches.begun(db.session, "packed", 5),
        "to_pick": counts.get("pick", 0), "to_pack": counts.get("pack", 0),
        "by_walks": opening.walks_in_use(db.session, utc_now()),
    }, url_for("packing.index"), status)


@screen.get("/packing")
@act("pack.do")
def index() -> Response:
    """What waits to be packed, and a field that takes any code."""
    return _idle()


@screen.post("/packing/station")
@act("pack.do")
def name_station() -> Response:
    """Name this bench, in this browser."""
    response = go(url_for("packing.index"))
    response.set_cookie(COOKIE, quote(tidy(request.form.get("name", ""))[:40]), max_age=_YEAR,
                        httponly=True, samesite="Lax")
    return response


@screen.post("/packing/scan")
@act("pack.do")
def open_scan() -> Response:
    """Open what was scanned; behind a packed parcel, a label's number is written on it."""
    code = request.form.get("code", "").strip()
    after = asked.whole(request.form.get("after"), "after")
    if not code:
        return _idle(packing_band.refused(gettext("Scan or type a code.")), 422)
    macro = packing_macros.scanned(code)
    if macro is not None:
        return _macro(macro, after) if after else _idle(packing_macros.without_order(macro), 409)
    guarded = None if request.form.get("anyway") or request.form.get("labelled") else after
    try:
        with writing() as work:
            opened = opening.open_by_code(work, code, station(), scan_key(), guarded)
    except OmsError as error:
        if after and isinstance(error, NotFound) and tracking.looks_like_one(code) \
                and catalog.scanned(db.session, code) is None:
            return _label_scanned(after, code)
        if after:
            return refuse(after, error)
        return _idle(packing_band.refused(words_of(error)), status_of(error))
    if opened.result == opening.TOO_MANY:
        surplus = packing_band.too_many(_number_of(opened.shipment_id), code)
        return show_bench(opened.shipment_id, surplus, surplus=code)
    return show_bench(opened.shipment_id, fresh=bool(opened.result))


def _number_of(shipment_id: int) -> int:
    return service.get(db.session, shipment_id).order_id


@screen.post("/packing/orders/<int:order_id>/open")
@act("pack.do")
def open_order(order_id: int) -> Response:
    """Open an order of the list, without scanning it."""
    try:
        with writing() as work:
            shipment_id = opening.open_order(work, order_id, station()).id
    except OmsError as error:
        return _idle(packing_band.refused(words_of(error)), status_of(error))
    return show_bench(shipment_id)


@screen.post("/packing/orders/<int:order_id>/part")
@act("orders.edit")
def begin_part(order_id: int) -> Response:
    """From the order card: pack the reserved units now, the rest another time."""
    with writing() as work:
        opening.begin_partly(work, order_id)
    say(gettext("The reserved units of order %(number)s wait at the pack station.",
                number=order_id))
    target = request.form.get("next", "")
    return go(target if target.startswith("/") and not target.startswith("//")
              else landing_url())


# An open parcel -------------------------------------------------------------------------------


@screen.get("/packing/<int:shipment_id>")
@act("pack.do")
def show(shipment_id: int) -> Response:
    """A parcel at the station; ``?ask=missing`` asks what is to be done about a unit."""
    ask = asked.text("ask")
    return show_bench(shipment_id, pair=marked(),
                      ask=ask if ask in (losing.MISSING, losing.DAMAGED) else "")


@screen.get("/packing/<int:shipment_id>/pulse")
@act("pack.do")
def pulse(shipment_id: int) -> Response:
    """Nothing, as long as all is well; the station, once something happened to the order.

    ``?unread=`` is how many notes to confirm the station shows: a new one is shown at once. A
    parcel that closed meanwhile is no news: when this answer comes, the station may show the next.
    """
    shipment = service.get(db.session, shipment_id)
    if shipment.state == service.PACKED:
        return make_response("", 204)
    inside = service.owners(db.session, shipment)
    unread = fulfilment.unread_notes(db.session, inside, shipment_id)
    news = unread > (asked.number("unread") or 0)
    if shipment.state == service.PACKING and not news and \
            trouble.find(db.session, shipment) is None:
        return make_response("", 204)
    return show_bench(shipment_id)


@screen.post("/packing/<int:shipment_id>/scan")
@act("pack.do")
def scan(shipment_id: int) -> Response:
    """A unit was scanned."""
    code = request.form.get("code", "").strip()
    pair = marked()
    macro = packing_macros.scanned(code)
    if macro is not None:
        return _macro(macro, shipment_id)
    try:
        if not code:
            raise Invalid("Scan or type a code.", "code")
        with writing() as work:
            heard = scanning.scan(work, shipment_id, code, scan_key(), pair)
    except OmsError as error:
        return refuse(shipment_id, error, pair=pair)
    band = None
    if heard.result in (scanning.HERE, scanning.OTHER):
        order_id = service.get(db.session, shipment_id).order_id
        band = packing_band.special(heard.result, order_id, code)
    return show_bench(shipment_id, band, fresh=True)


def _macro(macro: Macro, shipment_id: int) -> Response:
    try:
        return show_bench(shipment_id, packing_macros.run(shipment_id, macro, scan_key()))
    except OmsError as error:
        return refuse(shipment_id, error)


@screen.post("/packing/<int:shipment_id>/hand")
@act("pack.do")
def by_hand(shipment_id: int) -> Response:
    """Units of the marked line are confirmed without a scan."""
    pair = marked()
    units = asked.whole(request.form.get("units"), "units") or 1
    try:
        with writing() as work:
            scanning.by_hand(work, shipment_id, *(pair or (0, 0)), scan_key(), units)
    except OmsError as error:
        return refuse(shipment_id, error, pair=pair)
    return show_bench(shipment_id, fresh=True, pair=pair)


@screen.post("/packing/<int:shipment_id>/lost")
@act("pack.do")
def lost(shipment_id: int) -> Response:
    """A unit of the marked line is missing or damaged."""
    pair = marked()
    try:
        with writing() as work:
            came = losing.lose_unit(
                work, shipment_id, *(pair or (0, 0)), scan_key(), request.form.get("what", ""),
                request.form.get("note", ""),
            )
    except OmsError as error:
        return refuse(shipment_id, error, pair=pair)
    return show_bench(shipment_id, _apart(shipment_id) if came.apart else None, fresh=True,
                      pair=pair)


def _apart(shipment_id: int) -> Band:
    order_id = service.get(db.session, shipment_id).order_id
    return Band("warn", "box-off", gettext("The order waits for goods"),
                gettext("Order %(number)s lacks a unit", number=order_id),
                gettext("Put the other goods back on their shelves."), sound="stop")


@screen.post("/packing/<int:shipment_id>/<any(undo, parcel, aside, reopen, close, accept,"
             " unpacked):what>")
@act("pack.do")
def change(shipment_id: int, what: str) -> Response:
    """The other acts at the bench."""
    band = None
    try:
        with writing() as work:
            if what == "undo":
                scanning.undo(work, shipment_id,
                              asked.whole(request.form.get("scan"), "scan") or 0)
            elif what == "accept":
                out = scanning.accept_changes(work, shipment_id)
                band = _take_out(out)
            else:
                _ACTS[what](work, shipment_id)
    except OmsError as error:
        return refuse(shipment_id, error)
    if what in ("aside", "unpacked"):
        target = request.form.get("next")
        return go(leaving_url()) if target == "home" else _idle()
    return show_bench(shipment_id, band)


_ACTS = {
    "parcel": scanning.second_parcel,
    "aside": opening.put_aside,
    "reopen": lambda work, shipment_id: opening.reopen(work, shipment_id, station()),
    "close": closing.close,
    "unpacked": ship.forget_shipment,
}


def _take_out(out: dict[tuple[int, int], int]) -> Band | None:
    """What must come out of the box after a change was accepted."""
    if not out:
        return None
    names = benches.variant_titles(db.session, [variant for _, variant in out])
    goods = ", ".join(f"{units} × {names[variant]}" for (_, variant), units in out.items())
    return Band("warn", "package-off", gettext("Take out of the box"), goods,
                gettext("Then go on."), sound="extra")


@screen.post("/packing/<int:shipment_id>/parcels")
@act("pack.do")
def describe(shipment_id: int) -> Response:
    """Weights, couriers and tracking numbers of the boxes."""
    try:
        with writing() as work:
            shipment = service.lock(work.session, shipment_id, service.PACKED, service.SHIPPED)
            for parcel in service.parcels_of(work.session, shipment_id):
                field = f"{parcel.position}"
                service.describe_parcel(
                    work, shipment, parcel.position,
                    carrier=request.form.get(f"carrier-{field}"),
                    number=request.form.get(f"number-{field}"),
                    weight_g=grams(request.form.get(f"weight-{field}", ""), f"weight-{field}"),
                )
            service.tell_orders(work, shipment)
    except OmsError as error:
        return refuse(shipment_id, error, typed=request.form)
    return show_bench(shipment_id, Band("ok", "check", gettext("Saved"), gettext(
        "The parcel has its number and weight.")))


def grams(typed: str, field: str) -> int | None:
    """Kilograms as people type them (``2,4``) in grams; None when nothing is typed.

    Raises:
        Invalid: not a weight.
    """
    cleaned = typed.strip().lower().removesuffix("kg").strip().replace(",", ".")
    if not cleaned:
        return None
    whole, _, part = cleaned.partition(".")
    if not (whole + part).isdigit() or len(part) > 3 or len(whole) > 4:
        raise Invalid("This is not a weight in kilograms: %(text)s", field, text=typed[:20])
    return int(whole or "0") * 1000 + int(part.ljust(3, "0") or "0")


def _label_scanned(shipment_id: int, code: str) -> Response:
    """The label of the parcel that was just packed: its number goes on the first bare box."""
    try:
        with writing() as work:
            shipment = service.lock(work.session, shipment_id, service.PACKED)
            bare = next((p for p in service.parcels_of(work.session, shipment_id)
                         if not p.tracking), None)
            if bare is None:
                raise NotFound("Every box of this parcel has its number already.")
            service.describe_parcel(work, shipment, bare.position, number=code)
            service.tell_orders(work, shipment)
    except OmsError as error:
        return refuse(shipment_id, error)
    return show_bench(shipment_id, Band("ok", "barcode", gettext("Label scanned"),
                                    tracking.tidy(code), sound="ok"), labelled=True)
