"""Will the day's parcels be ready when the courier comes? Plain arithmetic on what was packed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

LATELY = timedelta(hours=1)
# A day is drawn at least this wide, so that a quiet morning does not look like a busy one.
FIRST_HOUR = 8


@dataclass(frozen=True, slots=True)
class Hour:
    """Parcels of one hour; ``expected`` when it has not begun yet."""

    hour: int
    parcels: int
    expected: bool = False


@dataclass(frozen=True, slots=True)
class Outlook:
    """``pace`` parcels an hour lately; ``ready`` of ``waiting`` will be packed by the cut-off."""

    hours: tuple[Hour, ...]
    pace: int
    waiting: int
    ready: int
    over: bool

    @property
    def behind(self) -> int:
        """Parcels that will not be ready."""
        return self.waiting - self.ready


def outlook(packed: Iterable[datetime], now: datetime, cut_off: datetime, waiting: int) -> Outlook:
    """The day so far and until the cut-off, if packing goes on as in the last hour.

    All moments are in the shop's zone; ``packed`` of another day than ``now`` is left out.
    ``waiting`` is how many orders wait to be packed.
    """
    today = [at for at in packed if at.date() == now.date() and at <= now]
    by_hour = Counter(at.hour for at in today)
    pace = sum(at > now - LATELY for at in today)
    left = max(timedelta(0), cut_off - now)
    ready = min(waiting, int(pace * (left / timedelta(hours=1))))
    first = min([FIRST_HOUR, now.hour, *by_hour])
    hours = [Hour(hour, by_hour[hour]) for hour in range(first, now.hour + 1)]
    # The cut-off at 15:00 closes the hour of 14; at 15:30 the one of 15 still counts.
    last = (cut_off - timedelta(minutes=1)).hour
    hours += [Hour(hour, pace, expected=True) for hour in range(now.hour + 1, last + 1)]
    return Outlook(tuple(hours), pace, waiting, ready, left == timedelta(0))
