"""Parcel lockers and points: how they are searched, and what is told of each. Pure.

Source: "Points" of the ShipX documentation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from oms_connector import PickupPoint
from oms_connector.guessing import is_point_code
from oms_connector.reading import Puzzling, child, children, shown, text, value

from oms_inpost.form import POSTCODE

FARTHEST_M = 15_000
COLLECTS = frozenset(("parcel", "parcel_collect"))


def search(near: str, limit: int) -> Mapping[str, Any]:
    """The query for points near what was typed: a point's code, a postcode, or a town."""
    near = near.strip()
    query: dict[str, Any] = {"per_page": limit, "functions": "parcel_collect",
                             "status": "Operating"}
    if POSTCODE.fullmatch(near):
        return query | {"relative_post_code": near, "max_distance": FARTHEST_M, "limit": limit,
                        "sort_by": "distance_to_relative_point", "sort_order": "asc"}
    if is_point_code(near.upper()):
        return query | {"name": near.upper()}
    return query | {"city": near}


def points(document: Mapping[str, Any]) -> Iterator[PickupPoint]:
    """Those that are open and give parcels out; what makes no sense is passed over."""
    for item in children(document, "items"):
        if not isinstance(item, dict) or value(item, "status") != "Operating":
            continue
        functions = value(item, "functions")
        if isinstance(functions, list) and functions and not COLLECTS & set(map(str, functions)):
            continue
        try:
            yield _point(item)
        except Puzzling:
            continue


def _point(item: Mapping[str, Any]) -> PickupPoint:
    details, location = child(item, "address_details"), child(item, "location")
    kinds = [str(kind) for kind in children(item, "type")]
    street = " ".join(str(part) for part in (value(details, "street"),
                                             value(details, "building_number")) if part)
    return PickupPoint(
        ref=text(item, "name"),
        name=shown(item, "location_description") or text(item, "name"),
        street=street or shown(child(item, "address"), "line1"),
        postcode=str(value(details, "post_code") or ""),
        city=str(value(details, "city") or ""),
        latitude=_degrees(value(location, "latitude")),
        longitude=_degrees(value(location, "longitude")),
        hours=shown(item, "opening_hours"),
        cod=value(item, "payment_available") is True,
        kind="locker" if any(kind.startswith("parcel_locker") for kind in kinds) else "counter",
    )


def _degrees(told: Any) -> float | None:
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) else None
