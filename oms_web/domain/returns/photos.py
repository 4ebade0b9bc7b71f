"""Photos of what came back, as rows; the pictures themselves are in the file store."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from oms_web.core.errors import NotAllowedNow, NotFound
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog.models import ProductImage
from oms_web.domain.returns.models import Return, ReturnPhoto
from oms_web.domain.shipping.models import ParcelPhoto

MOST = 24
"""Photos of one case."""


def of_case(session: Session, case_id: int) -> list[ReturnPhoto]:
    """The photos of a case, first to last."""
    return list(session.scalars(
        select(ReturnPhoto).where(ReturnPhoto.return_id == case_id).order_by(ReturnPhoto.id)))


def get(session: Session, photo_id: int, case_id: int) -> ReturnPhoto:
    """A photo of a case.

    Raises:
        NotFound: there is none, or it is of another one.
    """
    found = session.get(ReturnPhoto, photo_id)
    if found is None or found.return_id != case_id:
        raise NotFound("There is no such photo.")
    return found


def add(work: Work, case: Return, file: str, thumb: str, unit_id: int | None = None) -> bool:
    """Keep a photo that lies in the file store; False when this very picture is known.

    Raises:
        NotAllowedNow: the case has enough photos.
    """
    known = of_case(work.session, case.id)
    if any(one.file == file for one in known):
        return False
    if len(known) >= MOST:
        raise NotAllowedNow("A case has at most %(most)s photos.", most=MOST)
    work.session.add(ReturnPhoto(return_id=case.id, unit_id=unit_id, file=file, thumb=thumb,
                                 at=work.now, actor=work.actor.name))
    work.session.flush()
    audit.record(work, "returns.photo", "return", case.id,
                 {"photos": [len(known), len(known) + 1]}, order_id=case.order_id)
    return True


def remove(work: Work, case: Return, photo_id: int) -> set[str]:
    """Take a photo off again; the files nobody needs then, to be deleted after the commit.

    Raises:
        NotFound: no such photo of this case.
    """
    one = get(work.session, photo_id, case.id)
    many = len(of_case(work.session, case.id))
    files = only_of(work.session, [one])
    forget(work, [one.id])
    audit.record(work, "returns.unphoto", "return", case.id, {"photos": [many, many - 1]},
                 order_id=case.order_id)
    return files


def taken_before(session: Session, moment: datetime, limit: int = 200) -> list[ReturnPhoto]:
    """Photos older than a moment whose case is over, the oldest first."""
    return list(session.scalars(
        select(ReturnPhoto).join(Return, Return.id == ReturnPhoto.return_id)
        .where(ReturnPhoto.at < moment, Return.closed_at.is_not(None))
        .order_by(ReturnPhoto.at, ReturnPhoto.id).limit(limit)))


def only_of(session: Session, going: Collection[ParcelPhoto | ReturnPhoto]) -> set[str]:
    """The files that no picture but these needs. The store names a file by what is in it, so a
    parcel, a case and a product may show the same one.
    """
    names = {name for one in going for name in (one.file, one.thumb)}
    for model in (ParcelPhoto, ReturnPhoto, ProductImage) if names else ():
        ids = [one.id for one in going if isinstance(one, model)]
        for pair in session.execute(
            select(model.file, model.thumb)
            .where(model.file.in_(names) | model.thumb.in_(names), model.id.not_in(ids))
        ).all():
            names -= set(pair)
    return names


def forget(work: Work, photo_ids: Collection[int]) -> None:
    """The rows go."""
    work.session.execute(delete(ReturnPhoto).where(ReturnPhoto.id.in_(sorted(photo_ids)))
                         .execution_options(synchronize_session=False))
