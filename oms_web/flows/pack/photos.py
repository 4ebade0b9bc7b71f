"""What a parcel looked like before it was closed: for the day somebody says that a thing lacked."""

from __future__ import annotations

from sqlalchemy import func, select

from oms_web.core.errors import NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.returns import photos as cases
from oms_web.domain.shipping import photos
from oms_web.domain.shipping import service as shipping
from oms_web.domain.shipping.models import ParcelPhoto


def add(work: Work, shipment_id: int, file: str, thumb: str) -> bool:
    """Keep a photo that lies in the file store; False when this very picture is known.

    Raises:
        NotAllowedNow: the parcel has left, or it has enough photos.
    """
    shipment = shipping.lock(work.session, shipment_id, *shipping.LIVE)
    known = photos.of_shipments(work.session, [shipment_id]).get(shipment_id, [])
    if any(one.file == file for one in known):
        return False
    if len(known) >= photos.MOST:
        raise NotAllowedNow("A parcel has at most %(most)s photos.", most=photos.MOST)
    work.session.add(ParcelPhoto(shipment_id=shipment_id, file=file, thumb=thumb, at=work.now,
                                 actor=work.actor.name))
    work.session.flush()
    audit.record(work, "packing.photo", "shipment", shipment_id,
                 {"photos": [len(known), len(known) + 1]}, order_id=shipment.order_id)
    return True


def remove(work: Work, shipment_id: int, photo_id: int) -> set[str]:
    """Take a photo off again; the files nobody needs then, to be deleted after the commit.

    Raises:
        NotFound: no such photo of this parcel.
        NotAllowedNow: the parcel has left.
    """
    shipment = shipping.lock(work.session, shipment_id, *shipping.LIVE)
    one = photos.get(work.session, photo_id, shipment_id)
    before = work.session.scalar(
        select(func.count()).where(ParcelPhoto.shipment_id == shipment_id)) or 0
    files = cases.only_of(work.session, [one])
    photos.forget(work, [one.id])
    audit.record(work, "packing.unphoto", "shipment", shipment_id,
                 {"photos": [before, before - 1]}, order_id=shipment.order_id)
    return files
