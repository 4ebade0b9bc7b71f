"""Who may call: keys that work, have ended or were revoked; too many calls; odd requests."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from oms_web.api.access import Node
from oms_web.api.pace import Pace, Strangers
from oms_web.core.errors import InvalidForm
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.users import api_keys
from oms_web.domain.users.api_calls import Calls
from oms_web.domain.users.models import ApiKey
from tests.api.calling import make_caller, order_body
from tests.conftest import TESTER
from tests.factories import NOON

PROBLEM = "application/problem+json"


def kept(works, key_id):
    with works.reading(TESTER) as work:
        return api_keys.get(work.session, key_id)


def test_a_key_is_kept_as_its_hash_and_its_beginning(works, caller):
    row = kept(works, caller.key_id)
    assert caller.key.startswith(row.prefix)
    assert len(row.prefix) == 10
    assert len(caller.key) > 40
    assert row.key_hash == api_keys.hash_of(caller.key)
    assert caller.key not in repr(vars(row))


def test_using_a_key_is_noted_at_most_every_five_minutes(works, caller, monkeypatch):
    assert kept(works, caller.key_id).used_at is None
    monkeypatch.setattr(works, "clock", lambda: NOON)
    caller.get("/orders")
    monkeypatch.setattr(works, "clock", lambda: NOON + timedelta(minutes=4))
    caller.get("/orders")
    assert kept(works, caller.key_id).used_at == NOON
    monkeypatch.setattr(works, "clock", lambda: NOON + timedelta(minutes=5))
    caller.get("/orders")
    assert kept(works, caller.key_id).used_at == NOON + timedelta(minutes=5)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer oms_wrong",
                                    "Bearer żółw", "Bearer " + "x" * 5000])
def test_what_is_no_key_opens_nothing(app, shop, header):
    answer = app.test_client().get("/api/v1/orders", headers={"Authorization": header})
    assert (answer.status_code, answer.mimetype) == (401, PROBLEM)
    assert answer.json["type"] == "/api/v1/docs#no-key"


def test_a_key_ends_by_itself_or_by_a_person_at_once(app, works, shop, monkeypatch):
    ending = make_caller(app, works, name="Till", expires_at=works.clock() + timedelta(hours=1))
    lasting = make_caller(app, works, name="App")
    assert ending.get("/orders").status_code == lasting.get("/orders").status_code == 200
    with works.writing(TESTER) as work:
        assert api_keys.revoke(work, lasting.key_id)
        assert not api_keys.revoke(work, lasting.key_id)
    refused = lasting.get("/orders")
    assert (refused.status_code, refused.json["detail"]) == (401, "This key was revoked.")
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="oms", error="invalid_token"'
    later = works.clock() + timedelta(hours=2)
    monkeypatch.setattr(works, "clock", lambda: later)
    assert ending.get("/orders").json["detail"] == "This key has expired."


def test_a_scope_that_is_missing_is_named(app, works, shop):
    caller = make_caller(app, works, ["stock:read"])
    assert caller.get("/stock").status_code == 200
    answer = caller.post("/orders", order_body())
    assert answer.status_code == 403
    assert answer.json["detail"] == "This needs the scope orders:write."


@pytest.mark.parametrize(("values", "field"), [
    ({"name": " "}, "name"), ({"name": "x" * 81}, "name"), ({"name": "Taken"}, "name"),
    ({"scopes": []}, "scopes"), ({"scopes": ["orders:all"]}, "scopes"),
    ({"expires_at": NOON - timedelta(days=400)}, "expires_on"),
    ({"scopes": ["orders:write"]}, "account_id"),
])
def test_a_key_must_make_sense(works, values, field):
    with works.writing(TESTER) as work:
        api_keys.create(work, "Taken", ["stock:read"])
    asked = {"name": "New", "scopes": ["stock:read"]} | values
    with works.writing(TESTER) as work, pytest.raises(InvalidForm) as refused:
        api_keys.create(work, **asked)
    assert list(refused.value.problems) == [field]


def test_the_name_of_a_revoked_key_may_be_used_again(works):
    for _ in range(2):
        with works.writing(TESTER) as work:
            row, _ = api_keys.create(work, "Shop", ["stock:read"])
        with works.writing(TESTER) as work:
            api_keys.revoke(work, row.id)
    with works.reading(TESTER) as work:
        assert len(work.session.scalars(select(ApiKey)).all()) == 2


def test_the_trail_names_the_key(works, caller):
    caller.post("/orders", order_body())
    with works.reading(TESTER) as work:
        entry = work.session.scalars(
            select(AuditEntry).where(AuditEntry.act == "orders.receive")).one()
    assert (entry.actor_kind, entry.actor_id, entry.actor_name) == (
        "api", caller.key_id, "Own shop")


def test_too_many_calls_wait_for_the_next_minute(app, works, caller, monkeypatch):
    other = make_caller(app, works, name="Other")
    app.extensions["oms_api"] = Node(Pace(3), Calls())
    monkeypatch.setattr(works, "clock", lambda: NOON + timedelta(seconds=20))
    left = [caller.get("/stock").headers["RateLimit"] for _ in range(3)]
    assert left == ['"minute";r=2;t=40', '"minute";r=1;t=40', '"minute";r=0;t=40']
    refused = caller.get("/stock")
    assert (refused.status_code, refused.mimetype) == (429, PROBLEM)
    assert refused.headers["Retry-After"] == "40"
    assert refused.headers["RateLimit-Policy"] == '"minute";q=3;w=60'
    assert other.get("/stock").status_code == 200
    monkeypatch.setattr(works, "clock", lambda: NOON + timedelta(seconds=60))
    assert caller.get("/stock").headers["RateLimit"] == '"minute";r=2;t=60'


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/api", 404), ("GET", "/api/", 404), ("GET", "/api/v1/nothing", 404),
    ("GET", "/api/v2/orders", 404), ("GET", "/api/v1//orders", 404),
    ("GET", "/api/v1/orders/", 404), ("GET", "/api/v1/orders/0", 404),
    ("GET", "/api/v1/orders/99999999999999999999", 404), ("GET", "/api/v1/products/%00", 404),
    ("GET", "/api/v1/orders/x", 404), ("DELETE", "/api/v1/orders", 405),
    ("OPTIONS", "/api/v1/orders", 405), ("PUT", "/api/v1/orders/10001", 405),
])
def test_an_address_that_is_none_is_a_problem_and_never_a_page(caller, method, path, status):
    answer = caller.client.open(path, method=method, headers=caller.headers())
    assert (answer.status_code, answer.mimetype) == (status, PROBLEM)
    assert answer.json["status"] == status
    if status == 405:
        assert "GET" in answer.headers["Allow"]


def test_bodies_are_json_of_one_megabyte_at_most(caller):
    named = caller.headers() | {"Idempotency-Key": "x"}
    send = caller.client.post
    asked = {"path": "/api/v1/orders", "headers": named}
    assert send(**asked, data="a=b", content_type="text/plain").status_code == 415
    assert send(**asked, data={"a": "b"}).status_code == 415
    broken = send(**asked, data="{", content_type="application/json")
    assert (broken.status_code, broken.json["title"]) == (400, "The request cannot be read")
    large = send(**asked, data=b" " * (1024 * 1024 + 1), content_type="application/json")
    assert (large.status_code, large.mimetype) == (413, PROBLEM)
    deep = send(**asked, data="[" * 100_000, content_type="application/json")
    assert deep.status_code == 400


def test_all_wrong_fields_are_named_at_once(caller):
    body = order_body(currency="zł", lines=[{"title": "x", "quantity": "2", "unit_price": 3}],
                      colour="red", placed_at="2026-11-23T10:00:00")
    answer = caller.post("/orders", body)
    assert answer.status_code == 422
    assert {one["field"] for one in answer.json["errors"]} == {
        "currency", "lines.0.quantity", "lines.0.unit_price", "colour", "placed_at"}


def test_parameters_that_are_unknown_or_wrong_are_named(caller):
    answer = caller.get("/orders", limit=500, colour="red")
    assert {one["field"] for one in answer.json["errors"]} == {"limit", "colour"}
    assert caller.get("/orders", queue="nowhere").json["errors"][0]["field"] == "queue"
    assert caller.get("/orders", after="broken").status_code == 422
    assert caller.get("/orders/10001", limit=1).status_code == 400


def test_a_fault_of_ours_is_a_problem_with_a_reference(app, caller, monkeypatch, caplog):
    from oms_web.domain.catalog import skus

    def broken(*_args, **_values):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(skus, "page", broken)
    answer = caller.get("/products")
    assert (answer.status_code, answer.mimetype) == (500, PROBLEM)
    assert "secret detail" not in answer.get_data(as_text=True)
    assert answer.json["reference"] in caplog.text


def stranger(app, key="oms_wrong", address="203.0.113.7"):
    return app.test_client().get("/api/v1/stock", headers={"Authorization": f"Bearer {key}"},
                                 environ_base={"REMOTE_ADDR": address})


def test_who_tries_keys_that_are_none_is_slowed_down(app, works, caller, monkeypatch):
    app.extensions["oms_api"] = Node(Pace(600), Calls(), Strangers(3))
    monkeypatch.setattr(works, "clock", lambda: NOON + timedelta(seconds=20))
    assert stranger(app, caller.key).status_code == 200  # seen to work
    assert [stranger(app, f"oms_{n}").status_code for n in range(3)] == [401] * 3
    looked = []
    monkeypatch.setattr(api_keys, "find", lambda *_args: looked.append(1))
    refused = stranger(app, "oms_4")
    assert (refused.status_code, refused.mimetype) == (429, PROBLEM)
    assert (refused.headers["Retry-After"], looked) == ("40", [])
    monkeypatch.undo()
    monkeypatch.setattr(works, "clock", lambda: NOON + timedelta(seconds=21))
    assert stranger(app, caller.key).status_code == 200  # who shares the address goes on
    assert stranger(app, address="203.0.113.8").status_code == 401
    other = make_caller(app, works, name="Other")
    assert stranger(app, other.key).status_code == 429  # a new one waits for the next minute
    monkeypatch.setattr(works, "clock", lambda: NOON + timedelta(seconds=60))
    assert stranger(app, other.key).status_code == 200
    assert stranger(app).status_code == 401


def test_a_key_that_was_revoked_is_no_longer_known(app, works, caller, monkeypatch):
    app.extensions["oms_api"] = Node(Pace(600), Calls(), Strangers(1))
    monkeypatch.setattr(works, "clock", lambda: NOON)
    assert stranger(app, caller.key).status_code == 200
    with works.writing(TESTER) as work:
        api_keys.revoke(work, caller.key_id)
    assert stranger(app, caller.key).status_code == 401
    assert stranger(app, caller.key).status_code == 429


def test_strangers_remember_no_more_keys_than_they_should():
    strangers = Strangers(1, most_known=2)
    for key in "abc":
        strangers.welcome(key)
    strangers.wrong("x", "nothing", NOON)
    assert strangers.refused("x", "c", NOON) is None
    assert strangers.refused("x", "a", NOON) is not None
