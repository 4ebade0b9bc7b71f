"""Events through the API: what happened since, nothing missed, nothing twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from oms_web.domain.audit import feed
from oms_web.domain.audit import service as audit
from tests.api.calling import fields, make_caller, order_body
from tests.conftest import TESTER


def followed(caller, after="", **query):
    """All events from a point on, and where they end."""
    found = []
    while True:
        answer = caller.get("/events", **query, **({"after": after} if after else {})).json
        found += answer["items"]
        after = answer["next"]
        if not answer["more"]:
            return found, after


def test_what_happens_is_told_in_order_by_whom_and_with_what_changed(on_both):
    made = on_both.post("/orders", order_body()).json
    on_both.post(f"/orders/{made['id']}/hold", {"reason": "Wait"})
    on_both.post(f"/orders/{made['id']}/release")
    events, end = followed(on_both, limit=1, subject="order")
    assert [one["type"] for one in events] == ["orders.receive", "orders.hold", "orders.release"]
    assert {(one["subject"], one["subject_id"], one["order_id"], one["by"]) for one in events} == {
        ("order", made["id"], made["id"], "Own shop")}
    assert events[0]["changes"]["queue"] == [None, "pick"]
    assert events[0]["at"].endswith("Z")
    assert followed(on_both, end) == ([], end)
    on_both.post(f"/orders/{made['id']}/notes", {"note": "x"})
    news, _ = followed(on_both, end)
    assert [one["type"] for one in news] == ["orders.note"]


def test_only_what_was_asked_for_and_nothing_of_people_or_settings(works, caller):
    caller.post("/orders", order_body())
    with works.writing(TESTER) as work:
        audit.record(work, "users.role", "user", 1, {"role": ["reader", "owner"]})
    everything, _ = followed(caller)
    assert {one["subject"] for one in everything} == {"order"}
    assert followed(caller, subject=["shipment", "document"])[0] == []


def test_rare_events_are_found_though_a_page_may_be_empty(works, caller, monkeypatch):
    monkeypatch.setattr(feed, "REACH", 3)
    for _ in range(5):
        with works.writing(TESTER) as work:
            audit.record(work, "users.rename", "user", 1)
    caller.post("/orders", order_body())
    first = caller.get("/events").json
    assert (first["items"], first["more"]) == ([], True)
    assert [one["type"] for one in followed(caller)[0]] == ["orders.receive"]


def test_from_a_moment_on(works, caller, monkeypatch):
    caller.post("/orders", order_body("1"))
    later = works.clock() + timedelta(hours=1)
    monkeypatch.setattr(works, "clock", lambda: later)
    made = caller.post("/orders", order_body("2")).json
    events, _ = followed(caller, since=(later - timedelta(minutes=1)).isoformat())
    assert [one["subject_id"] for one in events] == [made["id"]]


@pytest.mark.parametrize(("query", "field"), [
    ({"after": "x"}, "after"), ({"since": "yesterday"}, "since"), ({"limit": 0}, "limit"),
    ({"since": "2026-11-24T11:00:00"}, "since"), ({"subject": "user"}, "subject.0"),
    ({"after": "WzFd", "since": "2026-11-24T11:00:00Z"}, "since"), ({"type": "x"}, "type"),
])
def test_wrong_parameters_are_named(caller, query, field):
    assert fields(caller.get("/events", **query)) == [field]


def test_scopes_of_events(app, works, shop):
    assert make_caller(app, works, ["orders:read"], name="Other").get("/events").status_code == 403
    assert make_caller(app, works, ["events:read"], name="Ear").get("/events").status_code == 200
