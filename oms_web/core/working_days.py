"""Working days of a country: neither weekend nor public holiday. Pure."""

from __future__ import annotations

from datetime import date


def next_working_day(day: date, country: str = "PL") -> date:
    """The first working day after a day."""
    return _step(day, country, 1)


def working_day_after(day: date, count: int, country: str = "PL") -> date:
    """The last of so many working days that follow a day."""
    return _step(day, country, count)


def last_working_day(day: date, country: str = "PL") -> date:
    """The last working day before a day."""
    return _step(day, country, -1)


def _step(day: date, country: str, by: int) -> date:
    import holidays  # half a second, for what is asked a few times a day

    calendar = holidays.country_holidays(country)
    return calendar.get_nth_working_day(day, by)
