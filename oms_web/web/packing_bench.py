"""How the pack station answers: always the whole station, small; its name, its keys."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Response, request, url_for

from oms_web.core.clock import utc_now
from oms_web.core.errors import OmsError
from oms_web.domain.fulfilment.scan import highlighted
from oms_web.domain.shipping import bench as benches
from oms_web.domain.shipping import bookings, service, tracking
from oms_web.extensions import db
from oms_web.flows.pack import closing, opening, trouble
from oms_web.web import asked, label_words, packing_band
from oms_web.web.failures import status_of, words_of
from oms_web.web.packing_band import Band
from oms_web.web.render import go, render, wants_part
from oms_web.web.stations import station


def scan_key() -> str:
    """The key of the scan or act that a form carries; one that came without gets its own."""
    return (request.form.get("key") or secrets.token_hex(16))[:40]


def marked() -> tuple[int, int] | None:
    """The line that a form or an address marks: (order line, variant)."""
    line = asked.whole(request.values.get("line"), "line")
    variant = asked.whole(request.values.get("variant"), "variant")
    return (line, variant) if line and variant else None


def answer(template_values: dict[str, object], url: str, status: int = 200) -> Response:
    """The station as a part; without htmx, the page it stands at."""
    if request.method == "POST" and not wants_part() and status == 200:
        return go(url)
    response = render("packing/page.html", "packing/_station.html", status=status,
                      station=station(), next_key=secrets.token_hex(16), **template_values)
    if wants_part():
        response.headers["HX-Push-Url"] = url
    return response


def show_bench(
    shipment_id: int, band: Band | None = None, *, fresh: bool = False, ask: str = "",
    pair: tuple[int, int] | None = None, status: int = 200, surplus: str = "",
    labelled: bool = False, typed: Mapping[str, str] | None = None,
    off: closing.Weighed | None = None,
) -> Response:
    """A parcel at the station, open or closed.

    Args:
        band: what is said; by default what the last scan came to, heard if it is ``fresh``.
        ask: which question about a unit of the line ``pair`` is open.
        surplus: a code that is one too many for the parcel just closed.
        off: what a scale said that needs a reason.
    """
    shown = benches.bench(db.session, shipment_id)
    state = shown.shipment.state
    bare = bookings.left_out(db.session, shipment_id) if state == service.PACKED else 0
    found = trouble.find(db.session, shown.shipment) if state == service.PACKING else None
    if found is not None:
        band = packing_band.stopped(found.kind, found.hold, shown)
    elif band is None and state == service.PACKED:
        band = packing_band.packed(shown, bare)
    elif band is None and state != service.PACKING:
        band = packing_band.gone(shown)
    needs = [row.need for row in shown.rows]
    last_key = shown.last.key if shown.last else None
    return answer({
        "bench": shown, "band": band or packing_band.last(shown, fresh=fresh), "trouble": found,
        "ask": ask if found is None and state == service.PACKING else "",
        "current": highlighted(needs, pair or last_key), "pair": pair,
        "elsewhere": benches.free_elsewhere(db.session, shipment_id, pair) if ask and pair else [],
        "step": closing.next_step(db.session, shown.shipment)
        if found is None and state == service.PACKING else "", "off": off,
        "box": next(iter(closing.unweighed(db.session, shipment_id)), None),
        "next": _next() if state != service.PACKING else None,
        "by_walks": opening.walks_in_use(db.session, utc_now()), "surplus": surplus,
        "labelled": labelled, "typed": typed or {},
        "weight_reasons": packing_band.WEIGHT_REASONS, "label_words": label_words,
        "label": bookings.live_of_shipment(db.session, shipment_id)
        if state == service.PACKED else None, "bare": bare,
        "carriers": [carrier.name for carrier in tracking.CARRIERS],
    }, url_for("packing.show", shipment_id=shipment_id), status)


def refuse(shipment_id: int, error: OmsError, **more: Any) -> Response:
    """The station says why something cannot be; ``more`` goes to ``show_bench``."""
    return show_bench(shipment_id, packing_band.refused(words_of(error)),
                      status=status_of(error), **more)


def _next() -> benches.Waiting | None:
    """What to pack next: of what is picked, else of what can be picked."""
    found = benches.to_pack(db.session, limit=1) or benches.to_pack(db.session, "pick", 1)
    return found[0] if found else None
