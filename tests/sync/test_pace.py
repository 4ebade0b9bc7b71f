"""Pace: no declared rate is exceeded, whoever shares it; nobody waits without end."""

from __future__ import annotations

import random
import threading

import pytest
from oms_connector import Limit, RateLimited

from oms_web.adapters.pace import LONGEST_PAUSE, Pacer


class Time:
    """A clock that sleeping turns."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


@pytest.fixture
def time():
    return Time()


def pacer(time, patience=10.0):
    return Pacer(time, time.sleep, patience)


def test_a_burst_is_free_and_then_the_rate_holds(time):
    pace = pacer(time).of(1, "c", [Limit(2, 3)])
    moments = []
    for _ in range(7):
        pace.take()
        moments.append(time.now - 100)
    assert moments == [0, 0, 0, 0.5, 1.0, 1.5, 2.0]


def test_cost_draws_more_and_what_is_larger_than_the_bucket_takes_all_of_it(time):
    pace = pacer(time).of(1, "c", [Limit(1, 4)])
    pace.take(cost=3)
    pace.take(cost=2)
    assert time.now == 101
    pace.take(cost=6)
    assert time.now == 105
    pace.take(cost=1)
    assert time.now == 108


def test_a_wait_beyond_patience_is_refused_with_the_time_it_would_take(time):
    pace = pacer(time).of(1, "c", [Limit(0.0056, 20)])
    for _ in range(20):
        pace.take()
    with pytest.raises(RateLimited) as told:
        pace.take()
    assert told.value.retry_after == pytest.approx(178.57, abs=0.01)
    assert time.now == 100
    time.now += 179
    pace.take()  # a refusal drew nothing


def test_a_named_bucket_is_drawn_from_beside_the_one_for_all(time):
    pace = pacer(time).of(1, "c", [Limit(1, 2), Limit(1, 1, "stock")])
    pace.take("stock")
    pace.take("orders")  # no limit has this name: only the one for all
    assert time.now == 100
    pace.take()
    assert time.now == 101
    pace.take("stock")
    assert time.now == 102


def test_who_draws_from_an_empty_bucket_takes_nothing_from_the_others(time):
    pace = pacer(time).of(1, "c", [Limit(1, 2), Limit(0.01, 1, "slow")])
    pace.take("slow")
    for _ in range(5):
        with pytest.raises(RateLimited):
            pace.take("slow")
    pace.take()
    assert time.now == 100


def test_accounts_have_their_own_buckets_and_share_those_of_their_client(time):
    shared = pacer(time)
    limits = [Limit(1, 1, "own"), Limit(1, 2, "all", "client")]
    one, two, stranger = (shared.of(1, "c", limits), shared.of(2, "c", limits),
                          shared.of(3, "other", limits))
    one.take("own")
    two.take("own")
    one.take("all")
    two.take("all")
    stranger.take("all")
    assert time.now == 100
    two.take("all")
    assert time.now == 101


def test_a_pause_holds_for_its_bucket_alone(time):
    shared = pacer(time)
    limits = [Limit(100, 100), Limit(100, 100, "stock"), Limit(9, 9, "all", "client")]
    one, two = shared.of(1, "c", limits), shared.of(2, "c", limits)
    one.pause(5, "stock")
    one.take()
    two.take("stock")
    assert time.now == 100
    one.take("stock")
    assert time.now == 105
    one.pause(30)
    with pytest.raises(RateLimited) as told:
        one.take("orders")  # the bucket for all
    assert told.value.retry_after == 30
    one.pause(40, "all")
    with pytest.raises(RateLimited):
        two.take("all")
    one.pause(1, "all")  # a shorter one does not undo the longer
    with pytest.raises(RateLimited):
        two.take("all")


def test_an_absurd_pause_ends_after_an_hour(time):
    pace = pacer(time).of(1, "c", [])
    pace.pause(10 ** 12)
    time.now += LONGEST_PAUSE
    pace.take()


def test_a_pause_that_begins_while_somebody_waits_holds_for_them(time):
    shared = Pacer(time, time.sleep, 10.0)
    pace = shared.of(1, "c", [Limit(1, 1)])
    pace.take()
    shared.sleep = lambda seconds: (time.sleep(seconds), pace.pause(60))
    with pytest.raises(RateLimited) as told:
        pace.take()
    assert told.value.retry_after == 60


@pytest.mark.parametrize("seed", range(20))
def test_no_window_ever_holds_more_than_its_rate(time, seed):
    """Conformance: never above the declared rate, by a clock of our own."""
    chance = random.Random(seed)
    limits = [Limit(chance.choice([0.5, 2, 7]), chance.choice([1, 4, 9])),
              Limit(chance.choice([0.3, 1, 3]), chance.choice([1, 2, 6]), "stock"),
              Limit(chance.choice([1, 5]), chance.choice([3, 8]), "stock", "client")]
    shared = pacer(time)
    accounts = [shared.of(number, "c", limits) for number in range(3)]
    sent = []
    for _ in range(300):
        who, bucket = chance.randrange(3), chance.choice(["", "stock", "other"])
        try:
            accounts[who].take(bucket)
        except RateLimited as error:
            time.now += error.retry_after * chance.random()
            continue
        sent.append((time.now, who, bucket))
        if chance.random() < 0.2:
            time.now += chance.uniform(0, 5)
    assert len(sent) > 100
    for limit in limits:
        for who in range(3):
            moments = [at for at, account, bucket in sent
                       if limit.bucket in ("", bucket) and (limit.scope == "client"
                                                            or account == who)]
            assert_within(limit, moments)


def assert_within(limit, moments):
    for first in range(len(moments)):
        for last in range(first, len(moments)):
            span = moments[last] - moments[first]
            assert last - first + 1 <= limit.burst + limit.per_second * span + 1e-6


def test_the_check_of_windows_finds_a_rate_that_was_exceeded():
    with pytest.raises(AssertionError):
        assert_within(Limit(1, 2), [0, 0.1, 0.2])
    assert_within(Limit(1, 2), [0, 0.1, 1.1])


def test_threads_share_a_bucket():
    """Real threads, a real clock: forty requests of four threads in a bucket of ten."""
    slept = []
    shared = Pacer(sleep=slept.append, clock=lambda: 0.0, patience=0.0)
    taken, refused = [], []

    def ask():
        pace = shared.of(1, "c", [Limit(0.001, 10)])
        for _ in range(10):
            try:
                pace.take()
                taken.append(1)
            except RateLimited:
                refused.append(1)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(taken), len(refused), slept) == (10, 30, [])


def test_who_asked_lately_is_told_of_once_with_what_is_left(time):
    shared = pacer(time)
    limits = [Limit(1, 4), Limit(10, 20, "stock", "client")]
    one, other = (shared.of(number, "c", limits) for number in (1, 2))
    one.take("stock")
    one.take()
    other.pause(30, "stock")  # the bucket belongs to both
    time.now += 1
    said = shared.news()
    assert said[1] == [
        {"bucket": "", "shared": False, "burst": 4, "per_second": 1, "left": 3.0, "paused_s": 0.0},
        {"bucket": "stock", "shared": True, "burst": 20, "per_second": 10, "left": 20,
         "paused_s": 29.0},
    ]
    assert said[2][1]["paused_s"] == 29.0
    assert shared.news() == {}


def test_a_pause_without_a_declared_limit_is_told_of_as_well(time):
    shared = pacer(time)
    shared.of(1, "c", []).pause(5)
    assert shared.news() == {1: [{"bucket": "", "paused_s": 5.0}]}
