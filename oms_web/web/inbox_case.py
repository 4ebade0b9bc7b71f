"""A line of the inbox on the first screen, and what its sources may look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oms_web.domain.orders.models import Order
from oms_web.domain.returns import queries as cases
from oms_web.sync import health

SOON = timedelta(days=3)
"""So long before its last day a term of the law is a case of its own."""


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the inbox. ``since`` is when it began; ``due`` when it must be settled."""

    tone: str
    icon: str
    title: str
    count: str
    text: str
    url: str
    button: str
    since: datetime | None = None
    due: datetime | None = None


@dataclass
class Asked:
    """What every source may look at. What several sources need is asked once, by the first one."""

    session: Session
    now: datetime
    cut_off: str
    queues: dict[str, int]
    accounts: list[health.AccountHealth]

    @cached_property
    def terms(self) -> dict[str, tuple[int, datetime]]:
        """Terms of the law that end soon: what they are for -> how many, and when the first."""
        return cases.terms_ending(self.session, self.now + SOON)

    @cached_property
    def returns(self) -> dict[str, int]:
        """Cases on the bench, without an order, and without a decision."""
        return cases.waiting(self.session, self.now + SOON)

    @cached_property
    def first_placed(self) -> dict[str, datetime]:
        """When the first order was placed of those in the queues that have a case."""
        return {queue: first for queue, first in self.session.execute(
            select(Order.queue, func.min(Order.placed_at))
            .where(Order.queue.in_(("short", "undelivered"))).group_by(Order.queue))}
