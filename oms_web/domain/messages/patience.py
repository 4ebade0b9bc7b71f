"""How long a message is tried, how often it is asked after, how long a buyer's page is open. Pure.
"""

from __future__ import annotations

from datetime import datetime, timedelta

PAUSES = (30, 120, 600, 1800, 3600)
LONGEST = 2 * 3600
GIVE_UP = timedelta(days=3)
SURE = timedelta(hours=1)
"""How much sooner than a gateway forgets a key it is no longer relied upon."""
_ASKED = ((timedelta(minutes=5), timedelta(minutes=1)), (timedelta(hours=1), timedelta(minutes=10)),
          (timedelta(days=1), timedelta(hours=2)), (timedelta(days=3), timedelta(hours=8)))


def pause_after(attempts: int, asked: float | None = None) -> timedelta:
    """How long to wait after so many attempts, at least the seconds that were asked for."""
    seconds = PAUSES[attempts - 1] if 0 < attempts <= len(PAUSES) else LONGEST
    return timedelta(seconds=max(seconds, min(asked or 0, LONGEST)))


def gives_up(created_at: datetime, now: datetime) -> bool:
    """Whether what it says is too old to be sent."""
    return now - created_at >= GIVE_UP


def is_remembered(tried_at: datetime, key_hours: int, now: datetime) -> bool:
    """Whether a gateway still knows the key of an SMS, so that sending again cannot double it."""
    return now - tried_at < timedelta(hours=key_hours) - SURE


def ask_again(sent_at: datetime, now: datetime) -> datetime | None:
    """When to ask a gateway again whether an SMS arrived; None: no more."""
    for age, pause in _ASKED:
        if now - sent_at < age:
            return now + pause
    return None


def is_open(closed_at: datetime | None, days: int, now: datetime) -> bool:
    """Whether a buyer may still see the page of an order that ended at a moment."""
    return closed_at is None or now < closed_at + timedelta(days=days)
