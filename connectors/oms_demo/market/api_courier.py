"""The carrier's API, beside the marketplace's: labels, scans, lockers, visits."""

from __future__ import annotations

import base64
from typing import Any

from flask import Response, jsonify, request

from oms_demo.market import asked, courier, courier_papers
from oms_demo.market.api import api, market
from oms_demo.market.refusal import Refusal

ADDRESS = ("name", "company", "street", "postcode", "city", "country", "phone", "email")


@api.post("/courier/parcels")
def book_parcel() -> Response:
    """Sell a label; the same key gives the same one."""
    body = asked.body()
    wanted: dict[str, Any] = {
        name: asked.text(body, name, required=False)
        for name in ("point", "cod", "currency", "note")}
    wanted["service"] = asked.text(body, "service")
    if wanted["service"] not in ("kurier", "automat"):
        raise Refusal("bad_service", "There is no such service.", 422, field="service")
    for name in ("sender", "receiver"):
        given = body.get(name)
        wanted[name] = {part: asked.text(given, part, required=False) for part in ADDRESS}
    wanted["packages"] = [_package(one) for one in asked.rows(body, "packages")]
    if not wanted["packages"]:
        raise Refusal("no_package", "A parcel has at least one package.", 422, field="packages")
    with market().store.transaction() as db:
        return jsonify(courier.book(db, market().clock(), asked.text(body, "key"), wanted))


def _package(given: Any) -> dict[str, Any]:
    grams = given.get("weight_g") if isinstance(given, dict) else None
    if not isinstance(grams, int):
        raise Refusal("weight", "A package weighs something.", 422, field="packages.0.weight_g")
    return {"weight_g": grams, "size": asked.text(given, "size", required=False)}


@api.get("/courier/parcels")
def find_parcels() -> Response:
    """What was booked under a key."""
    with market().store.transaction() as db:
        return jsonify(parcels=courier.by_key(db, request.args.get("key", "")))


@api.post("/courier/parcels/<ref>/cancel")
def cancel_parcel(ref: str) -> Response:
    """Take a label back."""
    with market().store.transaction() as db:
        courier.cancel(db, market().clock(), ref)
    return jsonify(id=ref)


@api.get("/courier/parcels/<ref>/label")
def parcel_label(ref: str) -> Response:
    """The label, as often as it is asked for."""
    with market().store.transaction() as db:
        booking = courier.by_ref(db, ref)
    draw = courier_papers.label_zpl if request.args.get("format") == "zpl" \
        else courier_papers.label_pdf
    return jsonify(content=base64.b64encode(draw(booking)).decode())


@api.get("/courier/protocol")
def protocol() -> Response:
    """What the courier signs."""
    with market().store.transaction() as db:
        bookings = [courier.by_ref(db, ref)
                    for ref in request.args.get("parcels", "").split(",") if ref]
    return jsonify(content=base64.b64encode(courier_papers.protocol_pdf(bookings)).decode())


@api.get("/courier/scans")
def list_scans() -> Response:
    """The scans of parcels, by number; strange numbers are left out."""
    numbers = [one for one in request.args.get("numbers", "").split(",") if one]
    with market().store.transaction() as db:
        courier.walk(db, market().clock(), numbers)
        found = {one: [{"at": row["at"], "code": row["code"]} for row in courier.scans(db, one)]
                 for one in numbers}
    return jsonify(scans={one: rows for one, rows in found.items() if rows})


@api.get("/courier/points")
def list_points() -> Response:
    """Lockers near a place."""
    return jsonify(points=courier.points(request.args.get("near", ""), asked.limit()))


@api.get("/courier/rates")
def list_rates() -> Response:
    """What a parcel would cost."""
    return jsonify(rates=courier.rates(asked.number("weight", 1)))


@api.post("/courier/visits")
def order_visit() -> Response:
    """A courier comes; the same key is the same visit."""
    body = asked.body()
    with market().store.transaction() as db:
        return jsonify(id=courier.visit(db, asked.text(body, "key"), body))
