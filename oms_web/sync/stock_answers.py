"""What became of quantities that a channel took in and works on: asked for a while later.

While a channel works on a value no newer one is sent to the same listing: its works may end in
another order than they began.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from oms_connector import AnswersLater, Connector, ItemResult
from sqlalchemy import Row, insert, select, update

from oms_web.core.actor import SYSTEM
from oms_web.domain.channels.models import Listing, ListingStock, Publication
from oms_web.sync.session import Engine

ASK_AFTER = timedelta(seconds=5)
ASK_AGAIN = timedelta(seconds=15)
GIVE_UP = timedelta(minutes=15)
ROWS = 5_000
LOST = ItemResult("unknown", "the channel never said what became of it")


def ask(
    engine: Engine, account_id: int, connector: Connector, count: Callable[[str], None]
) -> None:
    """Ask for every answer that is due; what is not there yet is asked for again."""
    for handle, rows in _due(engine, account_id).items():
        found = connector.results(handle) if isinstance(connector, AnswersLater) else {}
        _note(engine, account_id, rows, found, count)


def _due(engine: Engine, account_id: int) -> Mapping[str, list[Row]]:
    with engine.works.reading(SYSTEM) as work:
        rows = work.session.execute(
            select(ListingStock.listing_id, ListingStock.handle, ListingStock.version,
                   ListingStock.sent_version, ListingStock.sent, ListingStock.sent_at,
                   ListingStock.desired_at, Listing.offer_ref)
            .join(Listing, Listing.id == ListingStock.listing_id)
            .where(ListingStock.account_id == account_id, ListingStock.due_at <= work.now,
                   ListingStock.outcome == "accepted")
            .order_by(ListingStock.due_at).limit(ROWS)
        ).all()
    by_handle: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_handle[row.handle or ""].append(row)
    return by_handle


def _note(
    engine: Engine, account_id: int, rows: list[Row],
    found: Mapping[str, ItemResult] | None, count: Callable[[str], None],
) -> None:
    with engine.works.writing(SYSTEM) as work:
        journal = []
        for row in rows:
            result = _result(row, found, work.now)
            ours = update(ListingStock).where(
                ListingStock.listing_id == row.listing_id, ListingStock.handle == row.handle,
                ListingStock.sent_version == row.sent_version,
                ListingStock.outcome == "accepted",
            ).execution_options(synchronize_session=False)
            if result is None:
                work.session.execute(ours.values(due_at=work.now + ASK_AGAIN))
                continue
            is_last = row.version == row.sent_version
            settled = is_last and result.outcome in ("applied", "rejected")
            done = work.session.execute(ours.values(
                outcome=result.outcome, message=result.message[:500] or None, handle=None,
                due_at=None if settled else work.now,
            ))
            if done.rowcount:
                count(result.outcome)
                journal.append({
                    "at": work.now, "account_id": account_id, "listing_id": row.listing_id,
                    "version": row.sent_version, "quantity": row.sent,
                    "outcome": result.outcome, "message": result.message[:500] or None,
                    "lag_ms": int((work.now - row.desired_at).total_seconds() * 1000),
                })
        if journal:
            work.session.execute(insert(Publication), journal)


def _result(
    row: Row, found: Mapping[str, ItemResult] | None, now: datetime
) -> ItemResult | None:
    """The answer for one value; None while it is not there."""
    result = (found or {}).get(row.offer_ref)
    if result is not None and result.outcome != "accepted":
        return result
    is_over = found is not None and result is None
    return LOST if is_over or row.sent_at < now - GIVE_UP else None
