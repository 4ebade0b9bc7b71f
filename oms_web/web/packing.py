"""The pack station: full screen, made for a scanner. Every answer is the whole station, small.

A packer sees the buyer's name and city, nothing else; there is no way from here to the orders.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from urllib.parse import quote, unquote

from flask import Blueprint, Response, make_response, request, url_for
from flask_babel import gettext

from oms_web.core.clock import utc_now
from oms_web.core.errors import Invalid, NotFound, OmsError
from oms_web.core.text import tidy
from oms_web.domain.automation.models import Macro
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.fulfilment.scan import highlighted
from oms_web.domain.orders.service import tallies
from oms_web.domain.shipping import bench as benches
from oms_web.domain.shipping import service, tracking
from oms_web.extensions import db
from oms_web.flows import ship
from oms_web.flows.pack import losing, opening, scanning, trouble
from oms_web.web import asked, packing_band, packing_macros
from oms_web.web.access import act
from oms_web.web.door import current_user, writing
from oms_web.web.failures import status_of, words_of
from oms_web.web.packing_band import Band
from oms_web.web.render import go, render, wants_part
from oms_web.web.toasts import say

screen = Blueprint("packing", __name__)

_COOKIE = "oms_station"
_YEAR = 365 * 24 * 3600
# How many waiting orders the idle station lists.
LISTED = 12


def station() -> str:
    """What this bench is called: as somebody named it in this browser, else after the packer."""
    named = unquote(request.cookies.get(_COOKIE, ""))
    user = current_user()
    return tidy(named)[:40] or (user.name[:40] if user else "")


def _key() -> str:
    """The key of the scan or act that a form carries; one that came without gets its own."""
    return (request.form.get("key") or secrets.token_hex(16))[:40]


def _pair() -> tuple[int, int] | None:
    line = asked.whole(request.values.get("line"), "line")
    variant = asked.whole(request.values.get("variant"), "variant")
    return (line, variant) if line and variant else None


def _answer(template_values: dict[str, object], url: str, status: int = 200) -> Response:
    """The station as a part; without htmx, the page it stands at."""
    if request.method == "POST" and not wants_part() and status == 200:
        return go(url)
    response = render("packing/page.html", "packing/_station.html", status=status,
                      station=station(), next_key=secrets.token_hex(16), **template_values)
    if wants_part():
        response.headers["HX-Push-Url"] = url
    return response


# The idle station -----------------------------------------------------------------------------


def _idle(band: Band | None = None, status: int = 200) -> Response:
    counts = tallies(db.session, "queue")
    waiting = benches.to_pack(db.session, limit=LISTED)
    return _answer({
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
    response.set_cookie(_COOKIE, quote(tidy(request.form.get("name", ""))[:40]), max_age=_YEAR,
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
            opened = opening.open_by_code(work, code, station(), _key(), guarded)
    except OmsError as error:
        if after and isinstance(error, NotFound) and tracking.looks_like_one(code) \
                and catalog.scanned(db.session, code) is None:
            return _label_scanned(after, code)
        if after:
            return _bench(after, packing_band.refused(words_of(error)), status=status_of(error))
        return _idle(packing_band.refused(words_of(error)), status_of(error))
    if opened.result == opening.TOO_MANY:
        return _bench(opened.shipment_id, packing_band.too_many(_number_of(opened.shipment_id),
                                                                code), surplus=code)
    return _bench(opened.shipment_id, fresh=bool(opened.result))


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
    return _bench(shipment_id)


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
              else url_for("home.index"))


# An open parcel -------------------------------------------------------------------------------


def _bench(
    shipment_id: int, band: Band | None = None, *, fresh: bool = False, ask: str = "",
    pair: tuple[int, int] | None = None, status: int = 200, surplus: str = "",
    labelled: bool = False, typed: Mapping[str, str] | None = None,
) -> Response:
    bench = benches.bench(db.session, shipment_id)
    state = bench.shipment.state
    found = trouble.find(db.session, bench.shipment) if state == service.PACKING else None
    if found is not None:
        band = packing_band.stopped(found.kind, found.hold, bench)
    elif band is None and state == service.PACKED:
        band = packing_band.packed(bench)
    elif band is None and state != service.PACKING:
        band = packing_band.gone(bench)
    needs = [row.need for row in bench.rows]
    last_key = bench.last.key if bench.last else None
    return _answer({
        "bench": bench, "band": band or packing_band.last(bench, fresh=fresh), "trouble": found,
        "ask": ask if found is None and state == service.PACKING else "",
        "current": highlighted(needs, pair or last_key), "pair": pair,
        "elsewhere": benches.free_elsewhere(db.session, shipment_id, pair) if ask and pair else [],
        "next": _next() if state != service.PACKING else None,
        "by_walks": opening.walks_in_use(db.session, utc_now()), "surplus": surplus,
        "labelled": labelled, "typed": typed or {},
        "carriers": [carrier.name for carrier in tracking.CARRIERS],
    }, url_for("packing.show", shipment_id=shipment_id), status)


def _next() -> benches.Waiting | None:
    """What to pack next: of what is picked, else of what can be picked."""
    found = benches.to_pack(db.session, limit=1) or benches.to_pack(db.session, "pick", 1)
    return found[0] if found else None


@screen.get("/packing/<int:shipment_id>")
@act("pack.do")
def show(shipment_id: int) -> Response:
    """A parcel at the station; ``?ask=missing`` asks what is to be done about a unit."""
    ask = asked.text("ask")
    return _bench(shipment_id, ask=ask if ask in (losing.MISSING, losing.DAMAGED) else "",
                  pair=_pair())


@screen.get("/packing/<int:shipment_id>/pulse")
@act("pack.do")
def pulse(shipment_id: int) -> Response:
    """Nothing, as long as all is well; the station, once something happened to the order."""
    shipment = service.get(db.session, shipment_id)
    if shipment.state == service.PACKING and trouble.find(db.session, shipment) is None:
        return make_response("", 204)
    return _bench(shipment_id)


@screen.post("/packing/<int:shipment_id>/scan")
@act("pack.do")
def scan(shipment_id: int) -> Response:
    """A unit was scanned."""
    code = request.form.get("code", "").strip()
    pair = _pair()
    macro = packing_macros.scanned(code)
    if macro is not None:
        return _macro(macro, shipment_id)
    try:
        if not code:
            raise Invalid("Scan or type a code.", "code")
        with writing() as work:
            heard = scanning.scan(work, shipment_id, code, _key(), pair)
    except OmsError as error:
        return _bench(shipment_id, packing_band.refused(words_of(error)), pair=pair,
                      status=status_of(error))
    band = None
    if heard.result in (scanning.HERE, scanning.OTHER):
        order_id = service.get(db.session, shipment_id).order_id
        band = packing_band.special(heard.result, order_id, code)
    return _bench(shipment_id, band, fresh=True)


def _macro(macro: Macro, shipment_id: int) -> Response:
    try:
        return _bench(shipment_id, packing_macros.run(shipment_id, macro, _key()))
    except OmsError as error:
        return _bench(shipment_id, packing_band.refused(words_of(error)), status=status_of(error))


@screen.post("/packing/<int:shipment_id>/hand")
@act("pack.do")
def by_hand(shipment_id: int) -> Response:
    """Units of the marked line are confirmed without a scan."""
    pair = _pair()
    units = asked.whole(request.form.get("units"), "units") or 1
    try:
        with writing() as work:
            scanning.by_hand(work, shipment_id, *(pair or (0, 0)), _key(), units)
    except OmsError as error:
        return _bench(shipment_id, packing_band.refused(words_of(error)), pair=pair,
                      status=status_of(error))
    return _bench(shipment_id, fresh=True, pair=pair)


@screen.post("/packing/<int:shipment_id>/lost")
@act("pack.do")
def lost(shipment_id: int) -> Response:
    """A unit of the marked line is missing or damaged."""
    pair = _pair()
    try:
        with writing() as work:
            came = losing.lose_unit(
                work, shipment_id, *(pair or (0, 0)), _key(), request.form.get("what", ""),
                request.form.get("note", ""),
            )
    except OmsError as error:
        return _bench(shipment_id, packing_band.refused(words_of(error)), pair=pair,
                      status=status_of(error))
    return _bench(shipment_id, _apart(shipment_id) if came.apart else None, fresh=True, pair=pair)


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
        return _bench(shipment_id, packing_band.refused(words_of(error)), status=status_of(error))
    if what in ("aside", "unpacked"):
        target = request.form.get("next")
        return go(url_for("home.index")) if target == "home" else _idle()
    return _bench(shipment_id, band)


_ACTS = {
    "parcel": scanning.second_parcel,
    "aside": opening.put_aside,
    "reopen": lambda work, shipment_id: opening.reopen(work, shipment_id, station()),
    "close": scanning.close,
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
        return _bench(shipment_id, packing_band.refused(words_of(error)), status=status_of(error),
                      typed=request.form)
    return _bench(shipment_id, Band("ok", "check", gettext("Saved"), gettext(
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
        return _bench(shipment_id, packing_band.refused(words_of(error)), status=status_of(error))
    return _bench(shipment_id, Band("ok", "barcode", gettext("Label scanned"),
                                    tracking.tidy(code), sound="ok"), labelled=True)
