"""The cause of an oversell, from the moments of the journal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from oms_web.domain.channels.oversell import CAUSES, Taking, Value, judge

NOON = datetime(2026, 11, 24, 11, tzinfo=UTC)


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def value(wanted, answered, quantity, outcome="applied"):
    return Value(at(wanted), at(answered), quantity, outcome)


# name -> (values, takings, more): bought at second 0, heard of at 60, one unit, which is missing.
STORIES = {
    "not_published": ([], [], {"publishes": False}),
    "never_sent": ([], [], {}),
    "refused": ([value(-90, -88, 3), value(-20, -15, 0, "rejected")], [], {}),
    "on_its_way": ([value(-90, -88, 1), value(-5, 7, 0)], [Taking(at(-6), 1, "order", 9)], {}),
    "sold_elsewhere": ([value(-90, -88, 1)], [Taking(at(10), 1, "order", 9)], {}),
    "lost_here": ([value(-90, -88, 1)], [Taking(at(10), 1, "lost")], {}),
    "more_than_said": ([value(-90, -88, 0)], [], {}),
    "unknown": ([value(-90, -88, 1)], [], {}),
}


def told(values, takings, **more):
    return judge(**{"publishes": True, "placed_at": at(0), "arrived_at": at(60), "units": 1,
                    "missing": 1, "values": values, "takings": takings} | more)


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_is_told_from_the_others(cause):
    values, takings, more = STORIES[cause]
    assert told(values, takings, **more).cause == cause


def test_the_gap_and_the_units_that_would_have_covered_it():
    verdict = told(*STORIES["on_its_way"][:2], missing=2)
    assert (verdict.shown, verdict.gap_ms, verdict.buffer) == (1, 12_000, 2)
    verdict = told(*STORIES["sold_elsewhere"][:2])
    assert (verdict.shown, verdict.gap_ms, verdict.buffer) == (1, 60_000, 1)


def test_a_higher_value_on_its_way_is_no_excuse():
    values = [value(-90, -88, 1), value(-5, 7, 4)]
    assert told(values, [Taking(at(10), 1, "order", 9)]).cause == "sold_elsewhere"
