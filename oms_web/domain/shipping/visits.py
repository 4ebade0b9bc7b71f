"""When a courier may come, as it is proposed before anybody says otherwise. Pure."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from oms_web.core.working_days import last_working_day, next_working_day

FROM, UNTIL = time(14), time(17)
LEAST = timedelta(hours=1)
"""A courier needs so long a window at least."""


def window(now: datetime, country: str = "PL") -> tuple[date, time, time]:
    """Day, from, until: this afternoon as long as an hour of it is left and today is a working day,
    from the next full hour if it has begun; else the next working day's.

    Args:
        now: the seller's own time.
    """
    today = now.date()
    hour = now.replace(minute=0, second=0, microsecond=0)
    begins = max(datetime.combine(today, FROM, now.tzinfo),
                 hour if hour == now else hour + timedelta(hours=1))
    works = last_working_day(next_working_day(today, country), country) == today
    if works and begins + LEAST <= datetime.combine(today, UNTIL, now.tzinfo):
        return today, begins.time(), UNTIL
    return next_working_day(today, country), FROM, UNTIL
