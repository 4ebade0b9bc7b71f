"""Photos of parcels, as rows; the pictures themselves are in the file store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from oms_web.core.errors import NotFound
from oms_web.core.work import Work
from oms_web.domain.shipping.boxes import with_goods_of
from oms_web.domain.shipping.models import ParcelPhoto, Shipment

MOST = 8
"""Photos of one shipment."""


def of_shipments(session: Session, shipment_ids: Collection[int]) -> dict[int, list[ParcelPhoto]]:
    """The photos of shipments, first to last."""
    found: dict[int, list[ParcelPhoto]] = defaultdict(list)
    for one in session.scalars(
        select(ParcelPhoto).where(ParcelPhoto.shipment_id.in_(sorted(shipment_ids)))
        .order_by(ParcelPhoto.id)
    ):
        found[one.shipment_id].append(one)
    return dict(found)


def get(session: Session, photo_id: int, shipment_id: int) -> ParcelPhoto:
    """A photo of a shipment.

    Raises:
        NotFound: there is none, or it shows another one.
    """
    found = session.get(ParcelPhoto, photo_id)
    if found is None or found.shipment_id != shipment_id:
        raise NotFound("There is no such photo.")
    return found


def of_order(session: Session, photo_id: int, order_id: int) -> ParcelPhoto:
    """A photo of a parcel of an order.

    Raises:
        NotFound: there is none, or it shows the parcel of another one.
    """
    found = session.scalar(
        select(ParcelPhoto).join(Shipment, Shipment.id == ParcelPhoto.shipment_id)
        .where(ParcelPhoto.id == photo_id, with_goods_of(order_id)))
    if found is None:
        raise NotFound("There is no such photo.")
    return found


def taken_before(session: Session, moment: datetime, limit: int = 200) -> list[ParcelPhoto]:
    """Photos older than a moment, the oldest first."""
    return list(session.scalars(
        select(ParcelPhoto).where(ParcelPhoto.at < moment)
        .order_by(ParcelPhoto.at, ParcelPhoto.id).limit(limit)))


def forget(work: Work, photo_ids: Collection[int]) -> None:
    """The rows go."""
    work.session.execute(delete(ParcelPhoto).where(ParcelPhoto.id.in_(sorted(photo_ids)))
                         .execution_options(synchronize_session=False))
