"""How far a channel's limits are used: written down by who asks, looked at by people."""

from __future__ import annotations

from datetime import timedelta

import pytest
from oms_connector import Limit, RateLimited

from oms_web.core.actor import SYSTEM
from oms_web.jobs import rings
from oms_web.sync import quota
from tests import factories as make


@pytest.fixture
def account(both):
    """An account, and how fast it may be asked: four at once, one comes back in a minute."""
    shop, _ = make.shop(both.works)
    return both, shop.id, both.works.ports["pacer"].of(shop.id, "app", [Limit(1 / 60, 4)])


def used(oms, later=timedelta(0)):
    with oms.works.reading(SYSTEM) as work:
        return quota.of_accounts(work.session, work.now + later)


def test_what_is_used_is_kept_and_comes_back_with_time(account):
    oms, account_id, pace = account
    for _ in range(3):
        pace.take()
    assert rings.ring_quota(oms) == 1
    [one] = used(oms)[account_id]
    assert (one.percent, one.burst, one.blocked_until) == (75, 4, None)
    assert one.left == pytest.approx(1, abs=0.05)
    assert used(oms, timedelta(minutes=2))[account_id][0].percent == 25
    assert used(oms, timedelta(days=1))[account_id][0].left == 4


def test_a_pause_that_the_channel_asked_for_is_shown_until_it_ends(account):
    oms, account_id, pace = account
    pace.pause(600)
    with pytest.raises(RateLimited):
        pace.take()
    rings.ring_quota(oms)
    [one] = used(oms)[account_id]
    with oms.works.reading(SYSTEM) as work:
        assert one.blocked_until - work.now == pytest.approx(
            timedelta(minutes=10), abs=timedelta(seconds=5))
    assert used(oms, timedelta(minutes=11))[account_id][0].blocked_until is None


def test_nothing_is_written_while_nobody_asks(account):
    oms, account_id, pace = account
    pace.take()
    assert [rings.ring_quota(oms), rings.ring_quota(oms)] == [1, 0]
    pace.take()
    rings.ring_quota(oms)
    assert used(oms)[account_id][0].left == pytest.approx(2, abs=0.05)


def test_who_is_no_account_of_ours_is_left_out(account):
    oms, _, _ = account
    oms.works.ports["pacer"].of("webhook 1", "webhook 1", [Limit(1, 1)]).take()
    oms.works.ports["pacer"].of(999, "app", [Limit(1, 1)]).take()
    assert rings.ring_quota(oms) == 0
    assert used(oms) == {}
