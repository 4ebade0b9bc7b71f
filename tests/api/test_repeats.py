"""A changing call is carried out once, however often it is sent; both engines."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from oms_web.domain.orders.models import Note
from oms_web.domain.users import api_calls
from oms_web.domain.users.models import ApiCall
from oms_web.flows import order_edit
from oms_web.jobs.rings import ring_cleaning
from tests.api.calling import make_caller, order_body
from tests.conftest import TESTER, web_app
from tests.factories import shop as make_shop


@pytest.fixture
def order_id(caller):
    return caller.post("/orders", order_body()).json["id"]


def count(works, model):
    with works.reading(TESTER) as work:
        return work.session.scalar(select(func.count()).select_from(model))


def test_the_same_call_again_is_told_the_same_and_does_nothing(works, caller, order_id):
    first = caller.post(f"/orders/{order_id}/notes", {"note": "Ring twice"}, "n1")
    again = caller.post(f"/orders/{order_id}/notes", {"note": "Ring twice"}, "n1")
    assert (again.status_code, again.get_data()) == (first.status_code, first.get_data())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert count(works, Note) == 1


def test_the_same_name_for_another_call_is_refused(works, caller, order_id):
    caller.post(f"/orders/{order_id}/notes", {"note": "One"}, "n1")
    for path, body in ((f"/orders/{order_id}/notes", {"note": "Two"}),
                       (f"/orders/{order_id}/hold", {"reason": "One"})):
        answer = caller.post(path, body, "n1")
        assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert count(works, Note) == 1


def test_the_names_of_two_programs_do_not_meet(app, works, caller, order_id):
    other = make_caller(app, works, name="Other")
    for one in (caller, other):
        assert one.post(f"/orders/{order_id}/notes", {"note": "Hi"}, "n1").status_code == 200
    assert count(works, Note) == 2


def test_what_was_refused_changed_nothing_and_may_be_tried_again(works, caller, order_id):
    path = f"/orders/{order_id}/shipments"
    caller.post(f"/orders/{order_id}/hold", {"reason": "Wait"})
    before = count(works, ApiCall)
    assert caller.post(path, {"carrier": "DPD"}, "s1").status_code == 409
    assert count(works, ApiCall) == before
    caller.post(f"/orders/{order_id}/release")
    assert caller.post(path, {"carrier": "DPD"}, "s1").status_code == 201


def test_the_answer_and_the_effect_are_one(works, caller, order_id, monkeypatch):
    def dies(*_args):
        raise ZeroDivisionError

    monkeypatch.setattr(api_calls, "keep", dies)
    assert caller.post(f"/orders/{order_id}/notes", {"note": "Hi"}, "n1").status_code == 500
    assert count(works, Note) == 0


@pytest.mark.parametrize("name", ["", "two words", "x" * 81, "ż"])
def test_a_post_must_name_itself(caller, order_id, name):
    headers = caller.headers() | ({"Idempotency-Key": name} if name else {})
    answer = caller.client.post(f"/api/v1/orders/{order_id}/notes", json={"note": "Hi"},
                                headers=headers)
    assert answer.status_code == 400


def test_a_put_may_name_itself(caller):
    assert caller.put("/stock/A", {"on_hand": 4}).json["on_hand"] == 4
    named = {"Idempotency-Key": "p1"}
    assert caller.put("/stock/A", {"on_hand": 6}, **named).status_code == 200
    caller.put("/stock/A", {"on_hand": 9})
    assert caller.put("/stock/A", {"on_hand": 6}, **named).json["on_hand"] == 6
    assert caller.get("/stock/A").json["on_hand"] == 9


def test_after_a_day_a_name_is_free_again(oms, works, caller, order_id, monkeypatch):
    path, body = f"/orders/{order_id}/notes", {"note": "Hi"}
    caller.post(path, body, "n1")
    later = works.clock() + timedelta(hours=25)
    monkeypatch.setattr(works, "clock", lambda: later)
    assert caller.post(path, {"note": "Other"}, "n1").status_code == 200
    assert count(works, Note) == 2
    last = later + timedelta(hours=25)
    monkeypatch.setattr(works, "clock", lambda: last)
    ring_cleaning(oms)
    assert count(works, ApiCall) == 0


def _at_once(works, caller, monkeypatch):
    """Send one call while the same is being carried out; both statuses, and the second's body."""
    order_id = caller.post("/orders", order_body()).json["id"]
    inside, go_on = threading.Event(), threading.Event()
    write = order_edit.add_note

    def slow(*args):
        write(*args)
        inside.set()
        assert go_on.wait(10)

    monkeypatch.setattr(order_edit, "add_note", slow)
    path, body = f"/orders/{order_id}/notes", {"note": "Hi"}
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(caller.post, path, body, "n1")
        assert inside.wait(10)
        second = caller.post(path, body, "n1")
        go_on.set()
        return first.result().status_code, second


def test_while_it_is_carried_out_the_same_call_is_told_to_wait(works, caller, monkeypatch):
    first, second = _at_once(works, caller, monkeypatch)
    assert (first, second.status_code) == (200, 409)
    assert "still being carried out" in second.json["detail"]
    assert count(works, Note) == 1


def test_calls_on_two_nodes_at_once_have_one_effect(both, monkeypatch):
    """Nodes know nothing of each other: only the database keeps the second from doing it again."""
    app, works = web_app(both), both.works
    make_shop(works, {"A": 10})
    caller = make_caller(app, works)
    monkeypatch.setattr(api_calls.Calls, "once", lambda *_args: _open())
    if both.engine.dialect.name == "postgresql":
        first, second = _at_once(works, caller, monkeypatch)
        assert (first, second.status_code) == (200, 409)
    else:  # one writes at a time: the second waits, and is told what the first was
        order_id = caller.post("/orders", order_body()).json["id"]
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: caller.post(
                f"/orders/{order_id}/notes", {"note": "Hi"}, "n1"), range(4)))
        assert {answer.status_code for answer in answers} == {200}
        assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 3
    assert count(works, Note) == 1


def _open():
    import contextlib

    return contextlib.nullcontext()
