"""Proof that no order was lost: what the channel lists in a span, counted against what is here.

The sweep does the work: it lists a span once more and stores what it finds. Here its pages are
counted, and when it has ended, the sums are written down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from oms_connector import Order, Unreadable
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.core.work import Work
from oms_web.domain.orders.models import ChannelOrder
from oms_web.sync.intake import Stored
from oms_web.sync.models import Comparison

COUNTED = ("theirs", "ours", "unread", "late", "changed")
# A comparison older than this says nothing about today.
STALE = timedelta(hours=3)


def count(
    work: Work, account_id: int, items: Sequence[Order | Unreadable], stored: Stored,
    before: Mapping[str, int],
) -> dict[str, int]:
    """Add a stored page to the sums of the pages before it."""
    refs = {item.external_id for item in items if not (isinstance(item, Order) and item.is_test)}
    kept = work.session.scalar(
        select(func.count()).where(ChannelOrder.account_id == account_id,
                                   ChannelOrder.external_id.in_(refs))
    ) or 0
    page = {"theirs": len(refs), "ours": kept, "unread": stored.quarantined,
            "late": stored.added, "changed": stored.changed}
    return {name: before.get(name, 0) + page[name] for name in COUNTED}


def write_down(
    work: Work, account_id: int, since: datetime, until: datetime, sums: Mapping[str, int]
) -> None:
    """A sweep has ended. In the first nothing is late: nobody had read the journal before."""
    if not latest(work.session, [account_id]):
        sums = {**sums, "late": 0}
    work.session.add(Comparison(account_id=account_id, at=work.now, since=since, until=until,
                                **{name: sums.get(name, 0) for name in COUNTED}))


def latest(session: Session, account_ids: Iterable[int]) -> dict[int, Comparison]:
    """The newest comparison of each account."""
    newest = (
        select(func.max(Comparison.id)).where(Comparison.account_id.in_(list(account_ids)))
        .group_by(Comparison.account_id)
    )
    return {row.account_id: row for row in session.scalars(
        select(Comparison).where(Comparison.id.in_(newest)))}


def history(session: Session, account_id: int, limit: int = 20) -> Sequence[Comparison]:
    """An account's comparisons, the newest first."""
    return session.scalars(
        select(Comparison).where(Comparison.account_id == account_id)
        .order_by(Comparison.id.desc()).limit(limit)
    ).all()
