"""How far a channel's limits are used: written down now and then, for people to look at.

What holds the pace is in the memory of the worker that asks. Of several workers the last one that
asked is shown: each keeps the whole limit for itself.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.actor import SYSTEM
from oms_web.core.db import upsert
from oms_web.core.work import Works
from oms_web.domain.channels.models import ChannelAccount
from oms_web.sync.models import ChannelPace


class Pacer(Protocol):
    """What keeps the pace (the ``pacer`` port)."""

    def news(self) -> Mapping[Hashable, list[dict[str, Any]]]:
        """Account -> its limits, of those that asked since this was called last."""


@dataclass(frozen=True, slots=True)
class Used:
    """A limit of an account: ``burst`` requests at once, ``per_second`` of them come back.

    ``left`` is None where the channel declares no limit but asked us to wait all the same.
    """

    bucket: str
    shared: bool
    burst: float
    per_second: float
    left: float | None
    blocked_until: datetime | None

    @property
    def percent(self) -> int:
        """How much of it is used."""
        if self.left is None or not self.burst:
            return 0
        return round(100 * min(1.0, max(0.0, 1 - self.left / self.burst)))


def keep(works: Works) -> int:
    """Write down what the pacer of this process knows; how many accounts asked lately."""
    pacer: Pacer = works.ports["pacer"]
    news = {account: limits for account, limits in pacer.news().items()
            if isinstance(account, int) and limits}
    if not news:
        return 0
    with works.writing(SYSTEM) as work:
        there = work.session.scalars(
            select(ChannelAccount.id).where(ChannelAccount.id.in_(sorted(news)))).all()
        for account in there:
            insert = upsert(work.session, ChannelPace).values(
                account_id=account, at=work.now, limits=news[account])
            work.session.execute(insert.on_conflict_do_update(
                index_elements=["account_id"],
                set_={"at": insert.excluded.at, "limits": insert.excluded.limits}))
    return len(there)


def of_accounts(session: Session, now: datetime) -> dict[int, list[Used]]:
    """Account -> its limits as they are by now: what was used has come back meanwhile."""
    return {row.account_id: [_by_now(limit, row.at, now) for limit in row.limits]
            for row in session.scalars(select(ChannelPace))}


def _by_now(limit: Mapping[str, Any], at: datetime, now: datetime) -> Used:
    until = at + timedelta(seconds=limit["paused_s"])
    burst, rate = limit.get("burst", 0.0), limit.get("per_second", 0.0)
    left = None if "left" not in limit else \
        min(burst, limit["left"] + max(0.0, (now - at).total_seconds()) * rate)
    return Used(limit["bucket"], bool(limit.get("shared")), burst, rate, left,
                until if until > now else None)
