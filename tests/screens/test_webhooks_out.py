"""Webhooks on their screen: made, their secret shown once, their log, sent again, stopped."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from oms_web.domain.audit import service as audit
from oms_web.domain.webhooks import queries, service
from oms_web.domain.webhooks.models import Webhook
from oms_web.jobs.rings import ring_webhooks
from oms_web.jobs.worker import drain
from tests.conftest import TESTER
from tests.factories import shop as make_shop
from tests.sync.receiver import receiving

NEW = {"name": "Own shop", "url": "https://shop.example/oms", "kinds": ["order", "shipment"]}


@pytest.fixture
def owner(works, browser_as):
    make_shop(works, {"A": 5})
    return browser_as("owner")


@pytest.fixture
def receiver():
    with receiving() as one:
        yield one


def text_of(answer):
    return answer.get_data(as_text=True)


def shown_secret(answer):
    return re.search(r'class="secret key">([^<]+)<', text_of(answer))[1]


def rows(works):
    with works.reading(TESTER) as work:
        return work.session.scalars(select(Webhook)).all()


@pytest.fixture
def hook(works, owner, receiver):
    """A webhook of the receiver, and an event on its way."""
    with works.writing(TESTER) as work:
        row, _ = service.create(work, "Own shop", receiver.url, ["order"])
        audit.record(work, "orders.hold", "order", 10001)
    return row.id


def tell(oms):
    ring_webhooks(oms)
    drain(oms)


@pytest.mark.parametrize("role", ["manager", "sales", "warehouse", "accountant", "reader"])
def test_only_owners_see_and_make_webhooks(browser_as, role):
    for path in ("/settings/webhooks", "/settings/webhooks/new", "/settings/webhooks/1"):
        assert browser_as(role).get(path).status_code == 403
    assert browser_as(role).post("/settings/webhooks/new", data=NEW).status_code == 403


def test_at_first_there_is_none_and_a_way_to_make_one(owner):
    page = text_of(owner.get("/settings/webhooks"))
    assert "Nobody is told yet" in page
    assert "/settings/webhooks/new" in page


def test_the_secret_is_shown_once(owner, works):
    answer = owner.post("/settings/webhooks/new", data=NEW)
    assert answer.status_code == 200
    secret = shown_secret(answer)
    [row] = rows(works)
    with works.reading(TESTER) as work:
        assert service.valid_secrets(work, row) == [secret]
    for path in ("/settings/webhooks", f"/settings/webhooks/{row.id}",
                 f"/settings/webhooks/{row.id}/change", "/audit"):
        assert secret not in text_of(owner.get(path))
    again = owner.post(f"/settings/webhooks/{row.id}/rotate")
    assert shown_secret(again) != secret
    assert "Two secrets sign until" in text_of(owner.get(f"/settings/webhooks/{row.id}"))


@pytest.mark.parametrize(("values", "words"), [
    ({"name": ""}, "Fill this in."),
    ({"url": "http://shop.example/"}, "http:// is for this machine only"),
    ({"url": "ftp://shop.example/"}, "Begin with https://"),
    ({"kinds": []}, "Choose at least one."),
    ({"kinds": ["everything"]}, "is not a valid choice"),
])
def test_what_is_wrong_is_said_at_the_field_and_nothing_is_made(owner, works, values, words):
    answer = owner.post("/settings/webhooks/new", data=NEW | values)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert rows(works) == []


def test_it_is_changed(owner, works, hook):
    page = text_of(owner.get(f"/settings/webhooks/{hook}/change"))
    assert 'value="order" checked' in page
    assert 'value="shipment" checked' not in page
    assert owner.post(f"/settings/webhooks/{hook}/change", data=NEW).status_code == 303
    [row] = rows(works)
    assert (row.url, row.kinds) == (NEW["url"], NEW["kinds"])
    wrong = owner.post(f"/settings/webhooks/{hook}/change", data=NEW | {"kinds": []})
    assert wrong.status_code == 422


def test_the_log_says_how_it_went_and_an_event_is_sent_again(oms, owner, receiver, hook):
    receiver.answers = [(500, b"<b>boom</b>", {})]
    tell(oms)
    page = text_of(owner.get(f"/settings/webhooks/{hook}"))
    assert "It does not work at the moment" in page
    assert "&lt;b&gt;boom" in page
    assert "Order held" in page
    event = re.search(r"/events/(\d+)/replay", page)[1]
    assert owner.post(f"/settings/webhooks/{hook}/events/{event}/replay").status_code == 303
    drain(oms)
    assert [got.number for got in receiver.got] == [event, event]
    part = text_of(owner.get(f"/settings/webhooks/{hook}", headers={"HX-Request": "true"}))
    assert part.lstrip().startswith("<section")
    assert "sent again by hand" in part
    assert owner.post(f"/settings/webhooks/{hook}/events/999999/replay").status_code == 404


def test_of_people_and_settings_nothing_is_sent_by_asking_for_their_number(works, owner, hook):
    with works.writing(TESTER) as work:
        audit.record(work, "users.role", "user", 1, {"role": ["reader", "owner"]})
    number = 1
    with works.reading(TESTER) as work:
        from oms_web.domain.audit.models import AuditEntry

        number = work.session.scalar(
            select(AuditEntry.id).where(AuditEntry.act == "users.role"))
    assert owner.post(f"/settings/webhooks/{hook}/events/{number}/replay").status_code == 404


def test_a_test_is_sent(oms, owner, receiver, hook):
    assert owner.post(f"/settings/webhooks/{hook}/test").status_code == 303
    drain(oms)
    assert receiver.got[0].event["type"] == "ping"
    assert "Test" in text_of(owner.get(f"/settings/webhooks/{hook}"))


def test_paused_and_resumed_with_or_without_what_waits(oms, works, owner, receiver, hook):
    assert owner.post(f"/settings/webhooks/{hook}/pause").status_code == 303
    assert owner.post(f"/settings/webhooks/{hook}/pause").status_code == 409
    tell(oms)
    assert receiver.got == []
    assert "Skip what waits" in text_of(owner.get(f"/settings/webhooks/{hook}"))
    assert owner.post(f"/settings/webhooks/{hook}/resume", data={"skip": "1"}).status_code == 303
    assert owner.post(f"/settings/webhooks/{hook}/resume").status_code == 409
    tell(oms)
    assert receiver.got == []


def test_one_that_was_given_up_is_a_case_on_the_first_screen(works, owner, receiver, hook, oms):
    assert "stopped" not in text_of(owner.get("/"))
    receiver.always = 410
    tell(oms)
    page = text_of(owner.get("/"))
    assert "Webhook Own shop stopped" in page
    assert f"/settings/webhooks/{hook}" in page
    assert "gone for good" in text_of(owner.get(f"/settings/webhooks/{hook}"))
    owner.post(f"/settings/webhooks/{hook}/resume")
    assert "Webhook Own shop stopped" not in text_of(owner.get("/"))


def test_a_long_log_is_read_by_pages(works, owner, hook):
    with works.writing(TESTER) as work:
        for number in range(queries.SHOWN + 5):
            service.note_try(work, hook, service.Try("ping", None, "ping", 200, number))
    page = text_of(owner.get(f"/settings/webhooks/{hook}"))
    assert page.count('id="try-') == queries.SHOWN
    older = re.search(r'href="(/settings/webhooks/\d+\?after=[^"]+)"', page)[1]
    assert text_of(owner.get(older)).count('id="try-') == 5
    assert owner.get(f"/settings/webhooks/{hook}?after=broken").status_code == 422


def test_deleted(works, owner, hook):
    assert owner.post(f"/settings/webhooks/{hook}/delete").status_code == 303
    assert rows(works) == []
    assert owner.get(f"/settings/webhooks/{hook}").status_code == 404
