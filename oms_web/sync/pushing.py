"""Send values: desired against sent, absolute, in batches, each item with its own outcome.

Said, done, noted: the values about to be sent are written down with a date for the next try, then
sent, then the outcome is noted. A death in between leaves a row that is simply sent again.

What became of a value may be unknown: then the same value is sent again with the same key, or the
newer one that is wanted meanwhile. A value that may have reached the channel after a newer one is
followed by the newer one once more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from oms_connector import (
    AccessRefused,
    ChannelError,
    Connector,
    ItemResult,
    OutcomeUnknown,
    RateLimited,
)
from sqlalchemy import bindparam, select, update

from oms_web.core.actor import SYSTEM
from oms_web.core.work import Work
from oms_web.domain.channels.models import ChannelAccount, Listing
from oms_web.sync import feeds, late_answers
from oms_web.sync.push_kind import Kind, Pushed, Sending
from oms_web.sync.session import Engine, connected

IN_FLIGHT = timedelta(seconds=90)
SLOW_DOWN = timedelta(seconds=60)
_BACKOFF = (5, 30, 120, 600, 1800)


def push(
    kind: Kind, engine: Engine, account_id: int,
    beat: Callable[[int, int], None] = lambda _a, _b: None,
) -> Pushed:
    """Send everything of a kind that is due for an account.

    Raises:
        ChannelError: access was refused or the channel asks to slow down; what was not sent stays
            due.
    """
    pushed = Pushed()
    with connected(engine, account_id) as (_account, connector):
        if not isinstance(connector, kind.protocol):
            return pushed
        late_answers.ask(kind, engine, account_id, connector, pushed.count)
        while batch := _take(kind, engine, account_id, connector):
            for group in _groups(kind, connector, batch):
                results = _send(kind, engine, account_id, connector, group)
                _note(kind, engine, account_id, group, results, pushed)
            beat(int(pushed), 0)
    return pushed


def waiting(kind: Kind, engine: Engine, now: datetime) -> list[int]:
    """Accounts that have values to be sent, or answers to be asked for, now."""
    with engine.works.reading(SYSTEM) as work:
        return list(work.session.scalars(
            select(kind.row.account_id)
            .join(Listing, Listing.id == kind.row.listing_id)
            .join(ChannelAccount, ChannelAccount.id == kind.row.account_id)
            .where(kind.is_due(now)).distinct()
        ))


def _take(kind: Kind, engine: Engine, account_id: int, connector: Connector) -> list[Sending]:
    """Write down what is about to be sent. What the channel still works on is not among it."""
    capabilities, row = connector.manifest.capabilities, kind.row
    alike = {"value": row.desired, "sku": Listing.sku}.get(kind.alike(capabilities) or "",
                                                           row.due_at)
    with engine.works.writing(SYSTEM) as work:
        rows = work.session.execute(
            select(row, Listing.offer_ref, Listing.sku)
            .join(Listing, Listing.id == row.listing_id)
            .join(ChannelAccount, ChannelAccount.id == row.account_id)
            .where(row.account_id == account_id, kind.is_due(work.now),
                   row.outcome.is_distinct_from("accepted"))
            .order_by(alike, row.due_at, row.listing_id).limit(kind.batch(capabilities))
            .with_for_update(of=row, skip_locked=True)
        ).all()
        taken = [
            kind.sending(
                one, ref, sku, one.desired, one.version, work.now,
                after_unknown=one.outcome == "unknown" and one.sent_version != one.version)
            for one, ref, sku in rows
        ]
        if not taken:
            return []
        work.session.execute(
            update(row).where(row.listing_id.in_([one.listing_id for one in taken]))
            .values(sent=row.desired, sent_version=row.version, sent_at=work.now, outcome="sent",
                    due_at=work.now + IN_FLIGHT, attempts=row.attempts + 1)
            .execution_options(synchronize_session=False)
        )
    return taken


def _groups(kind: Kind, connector: Connector, batch: Sequence[Sending]) -> list[list[Sending]]:
    """The batch as the channel takes it: one call for each group."""
    alike = kind.alike(connector.manifest.capabilities)
    groups: dict[object, list[Sending]] = defaultdict(list)
    for sending in batch:
        groups[{"value": sending.value, "sku": sending.item.sku}.get(alike or "")].append(sending)
    return list(groups.values())


def _send(
    kind: Kind, engine: Engine, account_id: int, connector: Connector, batch: Sequence[Sending]
) -> Sequence[ItemResult]:
    try:
        results = kind.call(connector, [sending.item for sending in batch])
    except OutcomeUnknown as error:
        return [ItemResult("unknown", str(error))] * len(batch)
    except (AccessRefused, RateLimited) as error:
        again = [ItemResult("retry", str(error))] * len(batch)
        _note(kind, engine, account_id, batch, again, Pushed())
        _hold_back(kind, engine, account_id, error)
        raise
    except Exception as error:
        return [ItemResult("retry", feeds.describe(error))] * len(batch)
    if len(results) != len(batch):
        # A batch that is not answered item by item counts as not answered at all.
        return [ItemResult("unknown", "the channel did not answer for every item")] * len(batch)
    return results


def _hold_back(kind: Kind, engine: Engine, account_id: int, error: ChannelError) -> None:
    """Send nothing to the account for as long as the channel asks, or until access works again."""
    with engine.works.writing(SYSTEM) as work:
        if isinstance(error, AccessRefused):
            feeds.break_account(work, account_id, str(error))
        if isinstance(error, RateLimited):
            until = work.now + (SLOW_DOWN if error.retry_after is None
                                else timedelta(seconds=error.retry_after))
            work.session.execute(
                update(kind.row)
                .where(kind.row.account_id == account_id, kind.row.due_at < until)
                .values(due_at=until).execution_options(synchronize_session=False)
            )


def _note(
    kind: Kind, engine: Engine, account_id: int, batch: Sequence[Sending],
    results: Sequence[ItemResult], pushed: Pushed,
) -> None:
    """Note the outcomes. A listing that got a newer value meanwhile stays due for that one."""
    outcomes: list[dict[str, Any]] = []
    follow_later: list[int] = []
    follow_now: list[int] = []
    with engine.works.writing(SYSTEM) as work:
        present = _present(kind, work, [sending.listing_id for sending in batch])
        for sending, result in zip(batch, results, strict=True):
            now = present.get(sending.listing_id)
            if now is not None and now.sent_version == sending.version:
                is_latest = now.version == sending.version
                outcomes.append({
                    "row": sending.listing_id, "outcome": result.outcome,
                    "message": result.message[:500] or None, "handle": result.handle[:200] or None,
                    "due_at": _again(work.now, sending, result) if is_latest else now.due_at,
                })
                if is_latest and sending.after_unknown and result.outcome == "applied":
                    follow_later.append(sending.listing_id)
            elif result.outcome != "rejected":
                # Somebody sent a newer value meanwhile, and this older one may have come last.
                follow_now.append(sending.listing_id)
            pushed.count(result.outcome)
        _write(kind, work, outcomes)
        _follow(kind, work, follow_later, work.now + IN_FLIGHT)
        _follow(kind, work, follow_now, work.now)
        kind.write_down(work, account_id, list(zip(batch, results, strict=True)))


def _present(kind: Kind, work: Work, listing_ids: Sequence[int]) -> Mapping[int, Any]:
    """What is wanted and sent of the listings now; it stays so until the transaction ends."""
    row = kind.row
    return {found.listing_id: found for found in work.session.execute(
        select(row.listing_id, row.version, row.sent_version, row.due_at)
        .where(row.listing_id.in_(listing_ids)).order_by(row.listing_id).with_for_update())}


def _write(kind: Kind, work: Work, outcomes: Sequence[Mapping[str, Any]]) -> None:
    if not outcomes:
        return
    table = kind.row.__table__
    work.session.connection().execute(
        update(table).where(table.c.listing_id == bindparam("row")).values(
            {name: bindparam(name) for name in outcomes[0] if name != "row"}), outcomes)


def _follow(kind: Kind, work: Work, listing_ids: Sequence[int], due_at: datetime) -> None:
    """An older value may arrive after the newest that was sent: that one once more."""
    if not listing_ids:
        return
    work.session.execute(
        update(kind.row)
        .where(kind.row.listing_id.in_(listing_ids), kind.row.version == kind.row.sent_version)
        .values(version=kind.row.version + 1, due_at=due_at, attempts=0)
        .execution_options(synchronize_session=False)
    )


def _again(now: datetime, sending: Sending, result: ItemResult) -> datetime | None:
    """When to come back to a value."""
    if result.outcome == "accepted":
        return now + late_answers.ASK_AFTER
    if result.outcome in ("retry", "unknown"):
        return now + timedelta(seconds=_BACKOFF[min(sending.attempts, len(_BACKOFF) - 1)])
    return None
