"""Workers: each task done once, failures dated, the dead one's work taken over."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from oms_web.core import claims
from oms_web.core.actor import SYSTEM
from oms_web.core.claims import Task
from oms_web.jobs import handlers, worker
from tests import factories as make
from tests.sync.channel import Clock


@pytest.fixture
def clocked(both):
    """An installation whose clock the test turns."""
    both.works.clock = Clock(make.NOON)
    return both


def add(oms, key="1", **args):
    with oms.works.writing(SYSTEM) as work:
        return claims.enqueue(work.session, "test", key, args, now=work.now)


def the_task(oms):
    with oms.works.reading(SYSTEM) as work:
        return work.session.scalars(select(Task).order_by(Task.id.desc())).first()


def handle(monkeypatch, handler):
    monkeypatch.setitem(handlers.HANDLERS, "test", handler)


def test_one_unfinished_task_per_key(clocked, monkeypatch):
    handle(monkeypatch, lambda job: None)
    assert add(clocked) is not None
    assert add(clocked) is None
    assert add(clocked, "2") is not None
    assert worker.drain(clocked) == 2
    assert add(clocked) is not None


def test_a_failure_is_tried_again_later_and_later_and_then_declared_dead(clocked, monkeypatch):
    def fail(job):
        raise ValueError("no luck")

    handle(monkeypatch, fail)
    add(clocked)
    waits = []
    for _ in range(claims.MAX_ATTEMPTS - 1):
        worker.work_once(clocked, "w")
        task = the_task(clocked)
        assert (task.state, task.error) == ("waiting", "ValueError: no luck")
        waits.append(task.not_before - clocked.works.clock.now)
        assert not worker.work_once(clocked, "w")
        clocked.works.clock.now = task.not_before
    assert waits == sorted(waits)
    assert waits[0] == timedelta(seconds=5)
    worker.work_once(clocked, "w")
    assert the_task(clocked).state == "dead"


def test_a_dead_workers_task_is_taken_over_and_its_late_word_ignored(clocked, monkeypatch):
    handle(monkeypatch, lambda job: {"by": "second"})
    add(clocked)
    with clocked.works.writing(SYSTEM) as work:
        first = claims.claim(work.session, "first", work.now)
    assert not worker.work_once(clocked, "second")
    clocked.works.clock.forward(seconds=61)
    assert worker.work_once(clocked, "second")
    with clocked.works.writing(SYSTEM) as work:
        assert not claims.finish(work.session, first, work.now, {"by": "first"})
        assert not claims.beat(work.session, first, work.now, 1, 2)
    assert the_task(clocked).result == {"by": "second"}


def test_a_worker_that_lost_its_claim_stops(clocked, monkeypatch):
    steps = []

    def slow(job):
        clocked.works.clock.forward(seconds=61)
        with clocked.works.writing(SYSTEM) as work:
            claims.claim(work.session, "thief", work.now)
        job.beat(1, 2)
        steps.append("went on")

    handle(monkeypatch, slow)
    add(clocked)
    assert worker.work_once(clocked, "slow")
    assert steps == []
    assert the_task(clocked).worker == "thief"


def test_many_hands_do_each_task_once(both, monkeypatch):
    done, lock = [], threading.Lock()

    def note(job):
        with lock:
            done.append(job.claim.key)

    handle(monkeypatch, note)
    for number in range(40):
        add(both, str(number))
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(both, stop, 4))
    thread.start()
    until = time.monotonic() + 20
    while len(done) < 40 and time.monotonic() < until:
        time.sleep(0.02)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert sorted(done, key=int) == [str(number) for number in range(40)]
