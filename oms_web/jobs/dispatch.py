"""From the outbox to tasks: each event is handed to its reactions once."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from sqlalchemy import Select, select, update

from oms_web.core.actor import SYSTEM
from oms_web.core.claims import enqueue
from oms_web.core.events import OutboxEvent
from oms_web.core.work import Works
from oms_web.reactions import REACTIONS

BATCH = 500


def dispatch(works: Works) -> int:
    """Queue the reactions to waiting events; how many events there were."""
    with works.reading(SYSTEM) as work:
        if work.session.scalar(_waiting(1)) is None:
            return 0
    with works.writing(SYSTEM) as work:
        events = work.session.scalars(
            select(OutboxEvent)
            .where(OutboxEvent.id.in_(_waiting(BATCH).with_for_update(skip_locked=True)))
            .order_by(OutboxEvent.id)
        ).all()
        by_name: dict[str, list[OutboxEvent]] = defaultdict(list)
        for event in events:
            by_name[event.name].append(event)
        for name, group in by_name.items():
            for reaction in REACTIONS.get(name, ()):
                for queued in reaction(group):
                    wait = (queued.not_before or work.now) - work.now
                    enqueue(work.session, queued.kind, queued.key, queued.args, now=work.now,
                            delay=max(wait, timedelta(0)))
        work.session.execute(
            update(OutboxEvent).where(OutboxEvent.id.in_([event.id for event in events]))
            .values(dispatched_at=work.now)
        )
        return len(events)


def _waiting(limit: int) -> Select[int]:
    return (
        select(OutboxEvent.id).where(OutboxEvent.dispatched_at.is_(None))
        .order_by(OutboxEvent.id).limit(limit)
    )
