"""What became of values that a channel took in and works on: asked for a while later.

While a channel works on a value no newer one is sent to the same listing: its works may end in
another order than they began.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from oms_connector import AnswersLater, Connector, ItemResult
from sqlalchemy import select, update

from oms_web.core.actor import SYSTEM
from oms_web.core.db import rows_changed
from oms_web.domain.channels.models import Listing
from oms_web.sync.push_kind import Kind, Sending
from oms_web.sync.session import Engine

ASK_AFTER = timedelta(seconds=5)
ASK_AGAIN = timedelta(seconds=15)
GIVE_UP = timedelta(minutes=15)
ROWS = 5_000
LOST = ItemResult("unknown", "the channel never said what became of it")


def ask(
    kind: Kind, engine: Engine, account_id: int, connector: Connector,
    count: Callable[[str], None],
) -> None:
    """Ask for every answer that is due; what is not there yet is asked for again."""
    for handle, works in _due(kind, engine, account_id).items():
        found = connector.results(handle) if isinstance(connector, AnswersLater) else {}
        _note(kind, engine, account_id, handle, works, found, count)


def _due(kind: Kind, engine: Engine, account_id: int) -> Mapping[str, list[Sending]]:
    row = kind.row
    with engine.works.reading(SYSTEM) as work:
        rows = work.session.execute(
            select(row, Listing.offer_ref, Listing.sku)
            .join(Listing, Listing.id == row.listing_id)
            .where(row.account_id == account_id, row.due_at <= work.now,
                   row.outcome == "accepted")
            .order_by(row.due_at).limit(ROWS)
        ).all()
        by_handle: dict[str, list[Sending]] = defaultdict(list)
        for one, ref, sku in rows:
            by_handle[one.handle or ""].append(kind.sending(
                one, ref, sku, one.sent or 0, one.sent_version, one.sent_at or work.now))
    return by_handle


def _note(
    kind: Kind, engine: Engine, account_id: int, handle: str, works: list[Sending],
    found: Mapping[str, ItemResult] | None, count: Callable[[str], None],
) -> None:
    row = kind.row
    ended = []
    with engine.works.writing(SYSTEM) as work:
        for sending in works:
            result = _result(sending, found, work.now)
            ours = update(row).where(
                row.listing_id == sending.listing_id, row.handle == (handle or None),
                row.sent_version == sending.version, row.outcome == "accepted",
            ).execution_options(synchronize_session=False)
            if result is None:
                work.session.execute(ours.values(due_at=work.now + ASK_AGAIN))
                continue
            done = rows_changed(work.session, ours.values(
                outcome=result.outcome, message=result.message[:500] or None, handle=None,
                due_at=work.now,
            ))
            if not done:
                continue
            if result.outcome in ("applied", "rejected"):
                # Not if a newer value was wanted while the channel was asked: that one is due.
                work.session.execute(
                    update(row).where(row.listing_id == sending.listing_id,
                                      row.version == sending.version)
                    .values(due_at=None).execution_options(synchronize_session=False))
            count(result.outcome)
            ended.append((sending, result))
        kind.write_down(work, account_id, ended)


def _result(
    sending: Sending, found: Mapping[str, ItemResult] | None, now: datetime
) -> ItemResult | None:
    """The answer for one value; None while it is not there."""
    result = (found or {}).get(sending.item.offer_ref)
    if result is not None and result.outcome != "accepted":
        return result
    is_over = found is not None and result is None
    return LOST if is_over or sending.sent_at < now - GIVE_UP else None
