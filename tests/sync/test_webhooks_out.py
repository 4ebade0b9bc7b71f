"""Webhooks: other programs are told what happens, in order, at least once, and can be sure of it.
"""

from __future__ import annotations

import dataclasses
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from oms_web.core import claims
from oms_web.core.claims import Task
from oms_web.core.errors import InvalidForm
from oms_web.domain.audit import service as audit
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.webhooks import queries, service
from oms_web.domain.webhooks.models import Webhook, WebhookDelivery
from oms_web.domain.webhooks.told import SUBJECTS
from oms_web.jobs.rings import ring_cleaning, ring_webhooks
from oms_web.jobs.worker import drain, work_once
from oms_web.sync import webhooks
from oms_web.wiring import wire
from tests.conftest import TESTER, web_app
from tests.sync.receiver import receiving


@pytest.fixture
def receiver():
    with receiving() as one:
        yield one


@dataclasses.dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: object

    def __call__(self):
        return self.now

    def go(self, **span) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock(works, monkeypatch):
    one = Clock(works.clock())
    monkeypatch.setattr(works, "clock", one)
    return one


def make(works, url, kinds=("order",), name="Shop"):
    with works.writing(TESTER) as work:
        row, secret = service.create(work, name, url, kinds)
        return row.id, secret


def happen(works, *acts, subject="order"):
    """Things that happen, each in a transaction of its own; their numbers."""
    for number, act in enumerate(acts, start=1):
        with works.writing(TESTER) as work:
            audit.record(work, act, subject, number, {"city": ["Łódź", "Gdańsk"]})
    with works.reading(TESTER) as work:
        wanted = select(AuditEntry.id).where(AuditEntry.subject == subject)
        return list(work.session.scalars(wanted.order_by(AuditEntry.id)))


def ring(oms):
    """What the clock and the workers do once."""
    ring_webhooks(oms)
    drain(oms)


def row_of(works, webhook_id):
    with works.reading(TESTER) as work:
        return queries.get(work.session, webhook_id)


def log_of(works, webhook_id):
    with works.reading(TESTER) as work:
        return list(reversed(queries.deliveries(work.session, webhook_id).rows))


# Telling ---------------------------------------------------------------------------------------


def test_events_are_told_in_order_signed_and_written_down(both, receiver):
    works = both.works
    webhook_id, secret = make(works, receiver.url)
    numbers = happen(works, "orders.hold", "orders.note", "orders.release")
    happen(works, "users.role", subject="user")  # nobody's business outside
    ring(both)
    assert receiver.numbers == numbers
    for got in receiver.got:
        assert got.path == "/hook?from=oms"
        assert got.headers["content-type"] == "application/json"
        assert got.event["id"] == int(got.number)
        assert got.signed_by(secret)
        assert not got.signed_by(secret + "x")
    assert [got.event["type"] for got in receiver.got] == [
        "orders.hold", "orders.note", "orders.release"]
    assert [(one.event_id, one.status, one.delivered, one.answer, one.attempt)
            for one in log_of(works, webhook_id)] == [(n, 200, True, "ok", 1) for n in numbers]
    ring(both)
    assert len(receiver.got) == 3
    assert ring_webhooks(both) == 0


def test_what_is_sent_is_what_the_api_tells(oms, works, receiver):
    from tests.api.calling import make_caller

    caller = make_caller(web_app(oms), works)
    make(works, receiver.url, SUBJECTS)
    caller.put("/products/KUBEK", {"name": "Kubek", "price": "10.00"})
    caller.put("/products/KUBEK", {"price": "12.00"})
    ring(oms)
    told = caller.get("/events").json["items"]
    assert len(told) >= 2
    assert [got.event for got in receiver.got] == told


def test_only_what_was_asked_for_is_told_and_nothing_of_before(oms, works, receiver):
    happen(works, "orders.hold")
    make(works, receiver.url, ["shipment"])
    happen(works, "orders.note")
    shipped = happen(works, "shipping.shipped", subject="shipment")
    happen(works, "orders.note")
    ring(oms)
    assert receiver.numbers == shipped
    assert ring_webhooks(oms) == 0  # what is of no interest was passed over


def test_many_events_are_told_by_pages(oms, works, receiver, monkeypatch):
    monkeypatch.setattr(webhooks, "PAGE", 3)
    make(works, receiver.url)
    numbers = happen(works, *["orders.note"] * 10)
    ring(oms)
    assert receiver.numbers == numbers


# Patience --------------------------------------------------------------------------------------


def test_a_refused_event_comes_again_with_growing_pauses_and_holds_up_the_others(
        oms, works, receiver, clock):
    webhook_id, secret = make(works, receiver.url)
    first, second = happen(works, "orders.hold", "orders.note")
    receiver.answers = [500, 302, 404]
    ring(oms)
    assert receiver.numbers == [first]
    clock.go(seconds=4)
    ring(oms)
    assert receiver.numbers == [first]
    clock.go(seconds=1)
    ring(oms)
    assert receiver.numbers == [first, first]
    clock.go(seconds=15)
    ring(oms)
    clock.go(seconds=59)
    ring(oms)
    assert receiver.numbers == [first] * 3
    clock.go(seconds=1)
    ring(oms)
    assert receiver.numbers == [first] * 4 + [second]
    moments = [got.headers["oms-signature"].split(",")[0] for got in receiver.got]
    assert len(set(moments[:4])) == 4  # each try is signed anew
    assert all(got.signed_by(secret) for got in receiver.got)
    assert [(one.status, one.attempt, one.delivered) for one in log_of(works, webhook_id)] == [
        (500, 1, False), (302, 2, False), (404, 3, False), (200, 4, True), (200, 1, True)]
    assert row_of(works, webhook_id).failures == 0


@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_may_ask_for_a_longer_pause(oms, works, receiver, clock, status):
    webhook_id, _ = make(works, receiver.url)
    happen(works, "orders.hold")
    receiver.answers = [(status, b"", {"Retry-After": "120"})]
    ring(oms)
    assert row_of(works, webhook_id).next_at == clock() + timedelta(seconds=120)
    assert log_of(works, webhook_id)[0].status == status


def test_after_three_days_a_person_has_to_look_and_then_nothing_was_lost(
        oms, works, receiver, clock):
    webhook_id, _ = make(works, receiver.url)
    numbers = happen(works, "orders.hold", "orders.note")
    receiver.always = 500
    begun, tries = clock(), 0
    while row_of(works, webhook_id).state == "active":
        ring(oms)
        tries += 1
        clock.now = max(row_of(works, webhook_id).next_at, clock.now)
    assert timedelta(days=3) <= log_of(works, webhook_id)[-1].at - begun < timedelta(days=3.5)
    assert 15 <= tries <= 25
    assert row_of(works, webhook_id).state == "broken"
    clock.go(days=1)
    assert ring_webhooks(oms) == 0
    with works.reading(TESTER) as work:
        assert work.session.scalars(
            select(AuditEntry.act).where(AuditEntry.subject == "webhook")
        ).all() == ["webhooks.create", "webhooks.broken"]
    receiver.always = 200
    receiver.got.clear()
    with works.writing(TESTER) as work:
        service.resume(work, webhook_id)
    ring(oms)
    assert receiver.numbers == numbers


def test_what_waits_can_be_skipped(oms, works, receiver):
    webhook_id, _ = make(works, receiver.url)
    with works.writing(TESTER) as work:
        service.pause(work, webhook_id)
    happen(works, "orders.hold")
    ring(oms)
    assert receiver.got == []
    with works.writing(TESTER) as work:
        service.resume(work, webhook_id, skip=True)
    [_, later] = happen(works, "orders.note")
    ring(oms)
    assert receiver.numbers == [later]


def test_gone_stops_it_at_once(oms, works, receiver):
    webhook_id, _ = make(works, receiver.url)
    happen(works, "orders.hold", "orders.note")
    receiver.always = 410
    ring(oms)
    assert row_of(works, webhook_id).state == "gone"
    assert len(receiver.got) == 1
    assert ring_webhooks(oms) == 0


def test_a_pause_in_the_middle_counts_at_once(oms, works, receiver):
    webhook_id, _ = make(works, receiver.url)
    first, second = happen(works, "orders.hold", "orders.note")

    def pause():
        with works.writing(TESTER) as work:
            service.pause(work, webhook_id)

    receiver.busy = pause
    ring(oms)
    assert receiver.numbers == [first]
    receiver.busy = lambda: None
    with works.writing(TESTER) as work:
        service.resume(work, webhook_id)
    ring(oms)
    assert receiver.numbers == [first, second]  # what it took while it was paused counts too


# Where it may go -------------------------------------------------------------------------------


def test_redirects_are_not_followed(oms, works, receiver):
    with receiving() as other:
        make(works, receiver.url)
        happen(works, "orders.hold")
        receiver.answers = [(307, b"", {"Location": other.url})]
        ring(oms)
        assert len(receiver.got) == 1
        assert other.got == []


def test_the_own_network_is_refused(make_database, tmp_path, receiver):
    from tests.conftest import settings_for

    settings = settings_for(make_database("sqlite"), tmp_path)
    strict = wire(settings=settings.model_copy(update={"loopback_shops": False}))
    for number, url in enumerate((
        receiver.url, "https://10.0.0.1/x", "https://[::1]/x", "https://169.254.169.254/x",
        "https://192.168.0.7:8443/",
    )):
        webhook_id, _ = make(strict.works, url, name=str(number))
        happen(strict.works, "orders.hold")
        ring(strict)
        [tried] = log_of(strict.works, webhook_id)
        assert (tried.status, tried.error, tried.delivered) == (None, "ForbiddenAddress", False)
        with strict.works.writing(TESTER) as work:
            service.remove(work, webhook_id)
    assert receiver.got == []
    strict.engine.dispose()


def test_nobody_listens(oms, works, receiver):
    webhook_id, _ = make(works, "http://127.0.0.1:9/")
    happen(works, "orders.hold")
    ring(oms)
    [tried] = log_of(works, webhook_id)
    assert (tried.status, tried.error) == (None, "ChannelDown")


def test_of_a_long_answer_only_the_beginning_is_read(oms, works, receiver):
    webhook_id, _ = make(works, receiver.url)
    happen(works, "orders.hold")
    receiver.answers = [(200, b"\0" + b"x" * 5_000_000, {})]
    ring(oms)
    [tried] = log_of(works, webhook_id)
    assert tried.delivered
    assert len(tried.answer) == 2048
    assert "\0" not in tried.answer


def test_a_receiver_that_does_not_answer_is_given_up(oms, works, receiver, monkeypatch):
    from oms_web.adapters.http import Patience

    real = works.ports["webhooks"]

    def hasty(url, webhook_id, sink):
        client = real(url, webhook_id, sink)
        client._client.timeout = 0.2
        return client

    assert Patience().read > 0
    monkeypatch.setitem(works.ports, "webhooks", hasty)
    over = threading.Event()
    receiver.busy = lambda: over.wait(5)
    webhook_id, _ = make(works, receiver.url)
    happen(works, "orders.hold")
    ring(oms)
    over.set()
    [tried] = log_of(works, webhook_id)
    assert (tried.status, tried.error) == (None, "OutcomeUnknown")
    assert tried.ms >= 150


@pytest.mark.parametrize(("values", "field"), [
    ({"name": " "}, "name"), ({"name": "x" * 81}, "name"), ({"name": "Taken"}, "name"),
    ({"url": ""}, "url"), ({"url": "ftp://a.example/"}, "url"), ({"url": "https://"}, "url"),
    ({"url": "http://shop.example/"}, "url"), ({"url": "https://a:b@shop.example/"}, "url"),
    ({"url": "https://shop.example/ x"}, "url"), ({"url": "https://shop.example:x/"}, "url"),
    ({"url": "https://shop.example/" + "x" * 500}, "url"), ({"url": "https://[x/"}, "url"),
    ({"url": "https://żółw.example/"}, "url"), ({"url": "javascript:alert(1)"}, "url"),
    ({"kinds": []}, "kinds"), ({"kinds": ["user"]}, "kinds"),
])
def test_a_webhook_must_make_sense(works, values, field):
    make(works, "https://shop.example/", name="Taken")
    asked = {"name": "New", "url": "https://shop.example/hook", "kinds": ["order"]} | values
    with works.writing(TESTER) as work, pytest.raises(InvalidForm) as refused:
        service.create(work, **asked)
    assert list(refused.value.problems) == [field]


# Secrets ---------------------------------------------------------------------------------------


def test_a_secret_lies_sealed_and_opens_for_its_own_webhook_only(works, receiver):
    first, secret = make(works, receiver.url)
    second, _ = make(works, receiver.url, name="Other")
    row = row_of(works, first)
    assert secret.encode() not in row.secret
    assert len(secret) > 40
    with works.reading(TESTER) as work:
        assert service.valid_secrets(work, row) == [secret]
        other = work.session.get(Webhook, second)
        other.secret = row.secret
        with pytest.raises(Exception, match="cannot be opened"):
            service.valid_secrets(work, other)


def test_a_new_secret_signs_at_once_and_the_old_one_for_a_day_more(oms, works, receiver, clock):
    webhook_id, old = make(works, receiver.url)
    with works.writing(TESTER) as work:
        new = service.rotate(work, webhook_id)
    happen(works, "orders.hold")
    ring(oms)
    assert new != old
    assert receiver.got[0].signed_by(old)
    assert receiver.got[0].signed_by(new)
    clock.go(hours=24)
    happen(works, "orders.note")
    ring(oms)
    assert receiver.got[1].signed_by(new)
    assert not receiver.got[1].signed_by(old)


# Again, and tests ------------------------------------------------------------------------------


def test_an_event_can_be_sent_again_and_nothing_else_moves(oms, works, receiver):
    webhook_id, secret = make(works, receiver.url)
    numbers = happen(works, "orders.hold", "orders.note")
    ring(oms)
    with works.writing(TESTER) as work:
        assert webhooks.ask_once(work, webhook_id, numbers[0])
        assert not webhooks.ask_once(work, webhook_id, numbers[0])
    drain(oms)
    assert receiver.numbers == [*numbers, numbers[0]]
    assert receiver.got[2].body == receiver.got[0].body
    assert receiver.got[2].signed_by(secret)
    assert [one.kind for one in log_of(works, webhook_id)] == ["event", "event", "again"]
    ring(oms)
    assert len(receiver.got) == 3


def test_a_test_is_sent_even_while_it_is_stopped_and_fails_without_harm(oms, works, receiver):
    webhook_id, secret = make(works, receiver.url)
    with works.writing(TESTER) as work:
        service.pause(work, webhook_id)
        webhooks.ask_once(work, webhook_id)
    receiver.answers = [410]
    drain(oms)
    [got] = receiver.got
    assert got.number.startswith("ping-")
    assert (got.event["type"], got.event["id"], got.event["subject_id"]) == ("ping", 0, webhook_id)
    assert got.signed_by(secret)
    [tried] = log_of(works, webhook_id)
    assert (tried.kind, tried.type, tried.status, tried.event_id) == ("ping", "ping", 410, None)
    assert row_of(works, webhook_id).state == "paused"


# Two workers, and death ------------------------------------------------------------------------


def test_two_workers_do_not_tell_the_same_event_at_once(both, receiver):
    works = both.works
    make(works, receiver.url)
    numbers = happen(works, "orders.hold", "orders.note", "orders.release")
    at_once, most, lock = 0, 0, threading.Lock()

    def busy():
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        threading.Event().wait(0.05)
        with lock:
            at_once -= 1

    receiver.busy = busy

    def hand(name):
        for _ in range(20):
            ring_webhooks(both)
            work_once(both, name)

    hands = [threading.Thread(target=hand, args=(f"w{n}",)) for n in range(4)]
    for one in hands:
        one.start()
    for one in hands:
        one.join()
    assert receiver.numbers == numbers
    assert most == 1


def test_without_the_task_as_a_guard_two_would(both, receiver):
    """The control: the same telling, not claimed by anybody, sends twice."""
    works = both.works
    webhook_id, _ = make(works, receiver.url)
    happen(works, "orders.hold")
    meet = threading.Barrier(2, timeout=10)
    receiver.busy = meet.wait
    hands = [threading.Thread(target=webhooks.tell, args=(works, webhook_id, lambda *_: None))
             for _ in range(2)]
    for one in hands:
        one.start()
    for one in hands:
        one.join()
    assert len(receiver.got) == 2
    assert len(log_of(works, webhook_id)) == 2
    assert row_of(works, webhook_id).failures == 0


class Killed(BaseException):
    """The process is gone."""


def test_death_between_sending_and_noting_sends_the_same_again(oms, works, receiver, clock,
                                                               monkeypatch):
    webhook_id, _ = make(works, receiver.url)
    first, second = happen(works, "orders.hold", "orders.note")
    note = service.note_try

    def dies(*_args, **_values):
        raise Killed

    monkeypatch.setattr(service, "note_try", dies)
    ring_webhooks(oms)
    with pytest.raises(Killed):
        work_once(oms, "doomed")
    monkeypatch.setattr(service, "note_try", note)
    assert receiver.numbers == [first]
    assert log_of(works, webhook_id) == []
    ring(oms)
    assert receiver.numbers == [first]  # its lease still stands
    clock.go(seconds=61)
    ring(oms)
    assert receiver.numbers == [first, first, second]
    assert receiver.got[0].body == receiver.got[1].body


def test_a_worker_that_lost_its_task_sends_no_more(oms, works, receiver, clock):
    make(works, receiver.url)
    happen(works, "orders.hold", "orders.note", "orders.release")
    ring_webhooks(oms)

    def taken_over():
        """Another worker claims the task while this one waits for the receiver."""
        receiver.busy = lambda: None
        clock.go(seconds=61)
        assert work_once(oms, "other")

    receiver.busy = taken_over
    work_once(oms, "slow")
    numbers = receiver.numbers
    assert numbers[0] == numbers[1]
    assert numbers[1:] == sorted(set(numbers))
    with works.reading(TESTER) as work:
        [task] = work.session.scalars(select(Task).where(Task.kind == webhooks.TASK))
        assert (task.state, task.worker) == ("done", "other")


def test_a_worker_whose_task_was_claimed_by_another_leaves_the_rest_to_it(
        oms, works, receiver, clock):
    make(works, receiver.url)
    numbers = happen(works, "orders.hold", "orders.note", "orders.release")
    ring_webhooks(oms)

    def claimed():
        receiver.busy = lambda: None
        clock.go(seconds=61)
        with works.writing(TESTER) as work:
            assert claims.claim(work.session, "other", work.now)

    receiver.busy = claimed
    work_once(oms, "slow")
    assert receiver.numbers == numbers[:1]
    clock.go(seconds=61)  # the other one died
    ring(oms)
    assert receiver.numbers == numbers


def test_deleting_takes_the_log_along_and_a_queued_task_ends_quietly(oms, works, receiver):
    webhook_id, _ = make(works, receiver.url)
    happen(works, "orders.hold")
    ring(oms)
    happen(works, "orders.note")
    ring_webhooks(oms)
    with works.writing(TESTER) as work:
        service.remove(work, webhook_id)
    drain(oms)
    assert len(receiver.got) == 1
    with works.reading(TESTER) as work:
        assert work.session.scalars(select(WebhookDelivery)).all() == []
        assert work.session.scalars(select(Task.state)).all() == ["done", "done"]


def test_the_log_is_kept_for_thirty_days(oms, works, receiver, clock):
    webhook_id, _ = make(works, receiver.url)
    happen(works, "orders.hold")
    ring(oms)
    clock.go(days=29)
    happen(works, "orders.note")
    ring(oms)
    ring_cleaning(oms)
    assert len(log_of(works, webhook_id)) == 2
    clock.go(days=2)
    ring_cleaning(oms)
    assert [one.type for one in log_of(works, webhook_id)] == ["orders.note"]
