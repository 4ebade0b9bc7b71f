"""One runner for each task, whoever dies, sleeps or rings twice (reliability bar 14).

All of it: ``OMS_LEASE_RUNS=10000 python -m pytest tests/sync/test_leases.py``.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from oms_web.core import claims
from oms_web.core.actor import SYSTEM
from oms_web.core.claims import Task
from tests.sync import leases

RUNS = int(os.environ.get("OMS_LEASE_RUNS", "100"))
THREADS = 4


@pytest.mark.parametrize("seed", range(2))
def test_a_task_has_one_runner_and_only_his_word_counts(oms, seed):
    race = leases.Race(oms.works, seed)
    race.run(RUNS // 2)
    assert race.wrong == []
    assert min(race.seen[what] for what in ("taken over", "too late", "die", "doze", "beat")) > 3


@pytest.mark.parametrize("hole", ["_mine", "claim"])
def test_the_control_without_a_fence_or_a_lease_is_found_out(oms, monkeypatch, hole):
    def fenceless(session, held, **values):
        done = session.execute(update(Task).where(Task.id == held.id, Task.state == "running")
                               .values(**values).execution_options(synchronize_session=False))
        return done.rowcount == 1

    def impatient(session, worker, now, _claim=claims.claim):
        return _claim(session, worker, now + 2 * claims.LEASE)

    monkeypatch.setattr(claims, hole, {"_mine": fenceless, "claim": impatient}[hole])
    race = leases.Race(oms.works, 0)
    race.run(RUNS)
    assert race.wrong


def test_of_many_who_reach_for_the_same_at_once_one_gets_each(both):
    """Threads, so that the transactions really run side by side where the database lets them."""
    gate = threading.Barrier(THREADS)

    def reach(name):
        gate.wait(30)
        with both.works.writing(SYSTEM) as work:
            return claims.claim(work.session, str(name), work.now)

    with ThreadPoolExecutor(THREADS) as pool:
        for _ in range(max(4, RUNS // 40)):
            left = leases.expire(both.works, THREADS - 1)
            got = [held for held in pool.map(reach, range(THREADS)) if held is not None]
            assert sorted(held.id for held in got) == left
            assert {held.fence for held in got} == {2}
