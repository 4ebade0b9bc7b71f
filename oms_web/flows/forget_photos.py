"""Photos of parcels, and of what came back, are deleted when the shop keeps them no longer."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.core.work import Works
from oms_web.domain.company.models import Company
from oms_web.domain.returns import photos as of_cases
from oms_web.domain.shipping import photos as of_parcels


def forget_old(works: Works) -> int:
    """Delete photos older than the shop keeps them, of cases only when they are closed; how many.

    Files go before their rows: what is left by a death in between is found again the next time.
    """
    with works.reading(SYSTEM) as work:
        days = work.session.scalar(select(Company.photo_days).where(Company.id == 1))
    gone = 0
    for photos in (of_parcels, of_cases) if days else ():
        with works.reading(SYSTEM) as work:
            old = photos.taken_before(work.session, work.now - timedelta(days=days or 0))
            ids = [one.id for one in old]
            files = of_cases.only_of(work.session, old)
        if not ids:
            continue
        for name in sorted(files):
            works.ports["files"].remove(name)
        with works.writing(SYSTEM) as work:
            photos.forget(work, ids)
        gone += len(ids)
    return gone
