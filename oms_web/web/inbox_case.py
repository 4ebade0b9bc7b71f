"""A line of the inbox on the first screen, and what its sources may look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from oms_web.sync import health


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


@dataclass(frozen=True, slots=True)
class Asked:
    """What every source may look at."""

    session: Session
    now: datetime
    cut_off: str
    queues: dict[str, int]
    accounts: list[health.AccountHealth]
