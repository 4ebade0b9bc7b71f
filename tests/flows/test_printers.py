"""Printers: who takes a job, what becomes of it, what comes out by itself."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.domain.printers import service
from oms_web.domain.printers.models import PrintJob
from oms_web.domain.users import api_keys
from tests.conftest import TESTER


@pytest.fixture
def table(both):
    """A station with a label printer and one for paper; routes for labels and slips."""
    with both.works.writing(TESTER) as work:
        agent, _ = api_keys.create(work, "Agent", ["printing:write"])
        a4, zebra = service.announce(work, agent.id, "Packing 1", [
            service.Named("a4", "pdf"), service.Named("zebra", "zpl")])
        service.set_route(work, "Packing 1", service.SLIP, a4.id, copies=2, automatic=True)
        service.set_route(work, "Packing 1", service.LABEL, zebra.id)
        return both.works, agent.id, {"a4": a4.id, "zebra": zebra.id}


def wish(works, key="one", station="Packing 1", kind=service.SLIP):
    with works.writing(TESTER) as work:
        return service.ask(work, station, kind, "PS 1", "0" * 64 + ".pdf", key)


def take(works, agent):
    with works.writing(TESTER) as work:
        return service.take(work, agent)


def state(works, job_id):
    with works.reading(TESTER) as work:
        return work.session.get(PrintJob, job_id).state


def test_a_wish_becomes_one_job_and_is_printed_once(table):
    works, agent, printers = table
    job = wish(works)
    assert wish(works).id == job.id
    taken = take(works, agent)
    assert (taken.id, taken.printer_id, taken.copies) == (job.id, printers["a4"], 2)
    assert take(works, agent) is None
    for _ in range(2):
        with works.writing(TESTER) as work:
            assert service.finish(work, agent, job.id, True).state == "printed"
    assert take(works, agent) is None


def test_without_a_printer_the_browser_prints(table):
    works, _, _ = table
    assert wish(works, station="Elsewhere") is None
    assert wish(works, kind=service.INVOICE) is None


def test_who_took_a_job_and_fell_silent_leaves_it_unknown_until_a_person_decides(table):
    works, agent, _ = table
    job = wish(works)
    take(works, agent)
    real = works.clock
    works.clock = lambda: real() + service.PATIENCE + timedelta(seconds=1)
    assert take(works, agent) is None
    assert state(works, job.id) == "unknown"
    with works.writing(TESTER) as work:
        assert service.again(work, job.id)
        assert not service.again(work, job.id)
    assert take(works, agent).id == job.id
    with works.writing(TESTER) as work, pytest.raises(NotAllowedNow):
        service.again(work, job.id)
    with works.writing(TESTER) as work:
        service.finish(work, agent, job.id, False, "no paper")
    with works.writing(TESTER) as work:
        assert service.drop(work, job.id)
        assert not service.drop(work, job.id)


def test_news_that_come_late_are_still_news(table):
    works, agent, _ = table
    job = wish(works)
    take(works, agent)
    real = works.clock
    works.clock = lambda: real() + service.PATIENCE * 2
    take(works, agent)
    with works.writing(TESTER) as work:
        assert service.finish(work, agent, job.id, True).state == "printed"


def test_a_stranger_gets_nothing(table):
    works, _, _ = table
    job = wish(works)
    with works.writing(TESTER) as work:
        other, _ = api_keys.create(work, "Other", ["printing:write"])
        assert service.take(work, other.id) is None
        with pytest.raises(NotFound):
            service.finish(work, other.id, job.id, True)


def test_a_printer_that_is_no_longer_named_gets_no_more(table):
    works, agent, printers = table
    with works.writing(TESTER) as work:
        service.announce(work, agent, "Packing 1", [service.Named("zebra", "zpl")])
    assert wish(works) is None
    with works.writing(TESTER) as work:
        back = service.announce(work, agent, "Packing 1", [
            service.Named("a4", "pdf"), service.Named("zebra", "zpl")])
    assert {one.name: one.id for one in back} == printers
    assert wish(works) is not None


@pytest.mark.parametrize(("station", "named", "field"), [
    ("", [("a", "pdf")], "station"), ("S", [("a", "pdf"), ("a", "zpl")], "printers"),
    ("S", [("", "pdf")], "printers"), ("S", [("a", "epl")], "printers"),
])
def test_an_agent_must_make_sense(table, station, named, field):
    works, agent, _ = table
    with works.writing(TESTER) as work, pytest.raises(Invalid) as refused:
        service.announce(work, agent, station, [service.Named(*one) for one in named])
    assert refused.value.field == field


def race(works, taking):
    """Sixteen takers of eight jobs at once: the jobs, and what they got."""
    jobs = [wish(works, f"race-{n}").id for n in range(8)]
    got, start = [], Barrier(16)

    def run():
        start.wait()
        job = taking()
        if job is not None:
            got.append(job.id)

    threads = [Thread(target=run) for _ in range(16)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return jobs, got


def test_two_agents_with_one_key_never_print_a_job_twice(table):
    works, agent, _ = table
    jobs, got = race(works, lambda: take(works, agent))
    assert len(got) == len(set(got))
    while (more := take(works, agent)) is not None:
        got.append(more.id)
    assert sorted(got) == jobs


def test_the_race_finds_a_taker_that_looks_before_it_takes(table):
    works, _agent, _ = table
    looked = Barrier(16)

    def careless():
        with works.reading(TESTER) as work:
            job = work.session.scalar(
                select(PrintJob).where(PrintJob.state == "waiting").order_by(PrintJob.id).limit(1))
        looked.wait()
        return job

    _, got = race(works, careless)
    assert len(got) > len(set(got))
