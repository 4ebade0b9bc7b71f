"""When an order must leave, if the channel does not say."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from oms_web.core.clock import SHOP_ZONE

SATURDAY = 5


def ship_by(
    ordered: datetime, working_days: int, cut_off: time, zone: ZoneInfo = SHOP_ZONE
) -> datetime:
    """The cut-off of the working day by which an order has to leave, in UTC.

    ``working_days`` 0: the same day if ordered before the cut-off, else the next working day.
    Saturdays and Sundays do not count.
    """
    local = ordered.astimezone(zone)
    day = local.date()
    left = working_days
    if local.time() > cut_off or day.weekday() >= SATURDAY:
        left += 1
    if working_days == 0 and left == 0:
        return datetime.combine(day, cut_off, zone).astimezone(ordered.tzinfo)
    while left > 0:
        day += timedelta(days=1)
        if day.weekday() < SATURDAY:
            left -= 1
    return datetime.combine(day, cut_off, zone).astimezone(ordered.tzinfo)


def next_cut_off(now: datetime, cut_off: time, zone: ZoneInfo = SHOP_ZONE) -> datetime:
    """When the courier collects next, in the zone of ``now``: today, else the next working day."""
    return ship_by(now, 0, cut_off, zone)
