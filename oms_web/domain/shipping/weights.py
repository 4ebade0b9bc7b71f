"""What parcels weigh: what a scale said, or what their goods come to. Whole grams."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.work import Work
from oms_web.domain.catalog.models import Variant
from oms_web.domain.orders.models import Order
from oms_web.domain.shipping import service as shipping
from oms_web.domain.shipping.models import Shipment


def estimate(
    work: Work, shipment: Shipment, contents: Mapping[int, Mapping[int, int]]
) -> None:
    """Give parcels the weight of what is in them (parcel -> variant -> units), where it is known.

    What somebody said that the order weighs goes before the sum of its goods, where there is one
    parcel. What a person or a scale said of a parcel stays.
    """
    session = work.session
    parcels = shipping.parcels_of(session, shipment.id)
    if len(parcels) == 1 and parcels[0].weight_g is None:
        parcels[0].weight_g = session.scalar(
            select(Order.weight_g).where(Order.id == shipment.order_id))
    grams = dict(session.execute(
        select(Variant.id, Variant.weight_g)
        .where(Variant.id.in_({v for inside in contents.values() for v in inside}))
    ).all())
    for parcel in parcels:
        units = contents.get(parcel.position, {})
        if parcel.weight_g is None and units and all(grams.get(v) for v in units):
            parcel.weight_g = sum((grams[v] or 0) * count for v, count in units.items())
    session.flush()


def forget(work: Work, shipment: Shipment) -> None:
    """What is in the boxes changes: what a scale said of them does not count any more."""
    for parcel in shipping.parcels_of(work.session, shipment.id):
        if parcel.weighed_by:
            parcel.weight_g = parcel.expected_g = None
            parcel.weighed_by = parcel.weight_reason = ""
    work.session.flush()


def expected(session: Session, contents: Mapping[int, int], packaging_g: int) -> int | None:
    """What a box with these units (variant -> units) should weigh; None when that is not known."""
    grams = dict(session.execute(
        select(Variant.id, Variant.weight_g).where(Variant.id.in_(sorted(contents)))
    ).all())
    if not contents or not all(grams.get(variant) for variant in contents):
        return None
    return packaging_g + sum((grams[variant] or 0) * units for variant, units in contents.items())
