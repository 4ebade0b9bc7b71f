"""Proof that no order was lost: what the channel lists in a span, counted against what is here.

The sweep does the work: it lists a span once more and stores what it finds. Here its pages are
counted, and when it has ended, the sums are written down. An order counts as the same when all that
the channel tells of it is what it told us last: sums, states, lines, addresses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from oms_connector import Order, Unreadable
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.core.work import Work
from oms_web.domain.orders.models import ChannelOrder
from oms_web.flows.order_in.normalise import digest_of
from oms_web.sync.intake import Stored
from oms_web.sync.models import Comparison

COUNTED = ("theirs", "ours", "unread", "late", "changed", "differ")
# A comparison older than this says nothing about today.
STALE = timedelta(hours=3)


def count(
    work: Work, account_id: int, items: Sequence[Order | Unreadable], stored: Stored,
    before: Mapping[str, int],
) -> dict[str, int]:
    """Add a stored page to the sums of the pages before it."""
    refs = {item.external_id for item in items if not (isinstance(item, Order) and item.is_test)}
    # Of what could not be read this time an older version may be here; it counts as not read.
    kept = work.session.execute(
        select(ChannelOrder.external_id, ChannelOrder.revision, ChannelOrder.digest,
               ChannelOrder.superseded_by)
        .where(ChannelOrder.account_id == account_id,
               ChannelOrder.external_id.in_(refs - stored.unread))
    ).all()
    listed = _newest(items)
    differ = sum(
        row.external_id in listed and row.superseded_by is None
        and row.digest != digest_of(listed[row.external_id])
        and row.revision <= listed[row.external_id].revision[:60]
        for row in kept)
    page = {"theirs": len(refs), "ours": len(kept), "unread": stored.quarantined,
            "late": stored.added, "changed": stored.changed, "differ": differ}
    return {name: before.get(name, 0) + page[name] for name in COUNTED}


def _newest(items: Sequence[Order | Unreadable]) -> dict[str, Order]:
    """The orders of a page; of two versions of one the newer."""
    found: dict[str, Order] = {}
    for item in items:
        if isinstance(item, Order) and not item.is_test:
            before = found.get(item.external_id)
            if before is None or before.revision <= item.revision:
                found[item.external_id] = item
    return found


def write_down(
    work: Work, account_id: int, since: datetime, until: datetime, sums: Mapping[str, int],
    *, asked_by: str = "",
) -> None:
    """A span was listed. In the first sweep nothing is late: nobody had read the journal before."""
    if not asked_by and not latest(work.session, [account_id]):
        sums = {**sums, "late": 0}
    work.session.add(Comparison(account_id=account_id, at=work.now, since=since, until=until,
                                asked_by=asked_by,
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
