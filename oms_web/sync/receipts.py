"""Acknowledge orders to channels that keep them in an inbox: after they are stored, at least once.

What is to be acknowledged is written in the transaction that stores the page, so that a death
between the two is made good by the clock. What lies in quarantine stays in the channel's inbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from oms_connector import AccessRefused, AcknowledgesOrders, Connector, RateLimited
from sqlalchemy import delete, select, update

from oms_web.core.actor import SYSTEM
from oms_web.core.db import upsert
from oms_web.core.work import Work
from oms_web.domain.channels.models import ChannelAccount
from oms_web.sync import feeds
from oms_web.sync.models import Receipt
from oms_web.sync.session import Engine, connected

TASK = "acknowledge"
BATCH = 100
IN_FLIGHT = timedelta(seconds=90)
_BACKOFF = (10, 60, 300, 900, 1800)


def owe(work: Work, account_id: int, connector: Connector, refs: Sequence[str]) -> None:
    """Note in the running transaction that these orders are to be acknowledged."""
    if not refs or not isinstance(connector, AcknowledgesOrders):
        return
    insert = upsert(work.session, Receipt).values([
        {"account_id": account_id, "ref": ref[:120], "due_at": work.now, "attempts": 0}
        for ref in sorted(set(refs))
    ])
    # One that is on its way is owed once more: it may be about an older delivery.
    work.session.execute(insert.on_conflict_do_update(
        index_elements=["account_id", "ref"], set_={"due_at": insert.excluded.due_at}))


def acknowledge(engine: Engine, account_id: int) -> int:
    """Acknowledge what is due to an account; how many orders.

    Raises:
        ChannelError: the channel failed; what was not acknowledged stays due.
    """
    with connected(engine, account_id) as (_account, connector):
        return tell(engine, account_id, connector)


def tell(engine: Engine, account_id: int, connector: Connector) -> int:
    """The same, with a connector that is at work already."""
    count = 0
    if not isinstance(connector, AcknowledgesOrders):
        return count
    while refs := _take(engine, account_id):
        try:
            connector.acknowledge(list(refs))
        except Exception as error:
            _note_failure(engine, account_id, refs, error)
            raise
        with engine.works.writing(SYSTEM) as work:
            for ref, due_at in refs.items():
                work.session.execute(delete(Receipt).where(
                    Receipt.account_id == account_id, Receipt.ref == ref,
                    Receipt.due_at == due_at))
        count += len(refs)
    return count


def _take(engine: Engine, account_id: int) -> dict[str, datetime]:
    """References that are due, each with the date that was set ahead for the next try."""
    with engine.works.writing(SYSTEM) as work:
        again = work.now + IN_FLIGHT
        refs = work.session.scalars(
            select(Receipt.ref)
            .where(Receipt.account_id == account_id, Receipt.due_at <= work.now)
            .order_by(Receipt.due_at, Receipt.ref).limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        work.session.execute(
            update(Receipt).where(Receipt.account_id == account_id, Receipt.ref.in_(refs))
            .values(due_at=again, attempts=Receipt.attempts + 1)
            .execution_options(synchronize_session=False))
    return dict.fromkeys(refs, again)


def _note_failure(
    engine: Engine, account_id: int, refs: dict[str, datetime], error: Exception
) -> None:
    with engine.works.writing(SYSTEM) as work:
        if isinstance(error, AccessRefused):
            feeds.break_account(work, account_id, str(error))
        tried = work.session.scalar(
            select(Receipt.attempts).where(
                Receipt.account_id == account_id, Receipt.ref.in_(refs))
            .order_by(Receipt.attempts.desc()).limit(1)) or 1
        wait = float(_BACKOFF[min(tried, len(_BACKOFF)) - 1])
        if isinstance(error, RateLimited) and error.retry_after is not None:
            wait = error.retry_after
        until = work.now + timedelta(seconds=wait)
        # The whole account waits: the channel's fault is hardly one order's.
        work.session.execute(
            update(Receipt).where(Receipt.account_id == account_id,
                                  (Receipt.due_at < until) | Receipt.ref.in_(refs))
            .values(due_at=until).execution_options(synchronize_session=False))


def waiting(engine: Engine, now: datetime) -> list[int]:
    """Accounts that are to be told of orders now."""
    with engine.works.reading(SYSTEM) as work:
        return list(work.session.scalars(
            select(Receipt.account_id)
            .join(ChannelAccount, ChannelAccount.id == Receipt.account_id)
            .where(Receipt.due_at <= now, ChannelAccount.state == "active",
                   ChannelAccount.archived_at.is_(None)).distinct()
        ))
