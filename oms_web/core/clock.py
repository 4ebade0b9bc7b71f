"""Time. Inside everything is UTC and aware; the shop's own zone exists only at the edges."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]

SHOP_ZONE = ZoneInfo("Europe/Warsaw")
_FIRST_DAY, _LAST_DAY = date.min + timedelta(days=2), date.max - timedelta(days=2)


def utc_now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(UTC)


def to_utc(moment: datetime, zone: ZoneInfo = SHOP_ZONE) -> datetime:
    """An aware UTC moment; a naive one is read as local time in ``zone``.

    In the repeated autumn hour the first reading is taken; in the skipped spring hour the
    clock reading is taken as if the change had not happened yet (both are what PEP 495 says
    for ``fold=0``).
    """
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC)


def local_day(moment: datetime, zone: ZoneInfo = SHOP_ZONE) -> date:
    """The calendar day a moment falls on for the seller."""
    return moment.astimezone(zone).date()


def day_bounds(day: date, zone: ZoneInfo = SHOP_ZONE) -> tuple[datetime, datetime]:
    """Start (inclusive) and end (exclusive) of a local day, in UTC.

    A slip of the keyboard at the edge of the calendar is taken as the nearest day that has both.
    """
    day = min(max(day, _FIRST_DAY), _LAST_DAY)
    start = datetime.combine(day, time.min, zone)
    end = datetime.combine(day + timedelta(days=1), time.min, zone)
    return start.astimezone(UTC), end.astimezone(UTC)
