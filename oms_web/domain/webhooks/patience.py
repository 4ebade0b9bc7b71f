"""How long an address that does not take its events is tried, and how often."""

from __future__ import annotations

from datetime import datetime, timedelta

PAUSES = (5, 15, 60, 300, 900, 3600, 3 * 3600)
LONGEST = 6 * 3600
GIVE_UP = timedelta(days=3)


def pause_after(failures: int, asked: float | None = None) -> timedelta:
    """How long to wait after so many failures in a row, at least as long as was asked for."""
    seconds = PAUSES[failures - 1] if failures <= len(PAUSES) else LONGEST
    return timedelta(seconds=max(seconds, min(asked or 0, LONGEST)))


def gives_up(failing_since: datetime, now: datetime) -> bool:
    """Whether it has failed for so long that a person has to look."""
    return now - failing_since >= GIVE_UP
