"""Will the parcels be ready: the pace of the last hour, carried on to the cut-off."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from oms_web.core.clock import SHOP_ZONE
from oms_web.domain.fulfilment.pace import Hour, outlook

NOON = datetime(2026, 11, 24, 12, 30, tzinfo=SHOP_ZONE)
THREE = NOON.replace(hour=15, minute=0)


def parcels(*minutes_ago: int) -> list[datetime]:
    return [NOON - timedelta(minutes=n) for n in minutes_ago]


def test_the_last_hour_goes_on_until_the_courier_comes():
    seen = outlook(parcels(*range(0, 50, 2), 100, 110), NOON, THREE, 84)
    assert (seen.pace, seen.ready, seen.behind) == (25, 62, 22)
    assert [hour.hour for hour in seen.hours] == [8, 9, 10, 11, 12, 13, 14]
    assert seen.hours[-2:] == (Hour(13, 25, True), Hour(14, 25, True))
    assert sum(hour.parcels for hour in seen.hours if not hour.expected) == 27


@pytest.mark.parametrize(("waiting", "ready"), [(0, 0), (10, 10), (26, 25)])
def test_no_more_are_ready_than_wait(waiting, ready):
    assert outlook(parcels(*range(10)), NOON, THREE, waiting).ready == ready


def test_a_quiet_hour_promises_nothing():
    seen = outlook(parcels(61, 90), NOON, THREE, 5)
    assert (seen.pace, seen.ready, seen.behind) == (0, 0, 5)


def test_after_the_cut_off_nothing_is_expected():
    seen = outlook(parcels(1, 2), THREE.replace(hour=16), THREE, 5)
    assert seen.over
    assert (seen.ready, seen.behind) == (0, 5)
    assert not any(hour.expected for hour in seen.hours)


def test_yesterday_is_not_today():
    seen = outlook([NOON - timedelta(days=1), NOON + timedelta(minutes=5)], NOON, THREE, 1)
    assert sum(hour.parcels for hour in seen.hours if not hour.expected) == 0


def test_a_half_hour_of_the_cut_off_counts():
    assert outlook([], NOON, NOON.replace(hour=15, minute=30), 1).hours[-1].hour == 15
