"""The inbox of buyers' messages: seen by age, answered, given away, closed; both ways on the order.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.messages import templates, threads
from oms_web.domain.messages.models import Message, Thread, ThreadMessage
from oms_web.domain.messages.threads import Heard
from oms_web.flows.order_in import take_in
from tests import factories as make
from tests.conftest import TESTER

HOSTILE = "<script>document.title='caught'</script>"


def text_of(answer):
    return answer.get_data(as_text=True)


@pytest.fixture
def shop(works):
    """An order whose buyer asked something, and a question of somebody else."""
    account, _ = make.shop(works, {"A": 50}, writing="can")
    with works.writing(TESTER) as work:
        known = work.session.get_one(ChannelAccount, account.id)
        order = take_in(work, known, [make.order("B1", {"A": 1})]).order_ids[0]
        for number, heard in enumerate((
            Heard("M1", "W1", work.now - timedelta(hours=30), f"Kiedy? {HOSTILE}", author="ania",
                  order_ref="B1", files=[("foto.jpg", "https://files.example/foto.jpg")]),
            Heard("M2", "W2", work.now - timedelta(minutes=5), "Macie 40 sztuk?", author="obcy"),
        )):
            assert threads.take(work, account.id, heard) == "added", number
    return order


@pytest.fixture
def owner(shop, browser_as):
    return browser_as("owner")


def rows(works, model):
    with works.reading(TESTER) as work:
        return list(work.session.scalars(select(model).order_by(model.id)))


def test_the_longest_waiting_stand_first_and_nothing_of_them_is_trusted(owner, works, shop):
    page = text_of(owner.get("/messages/inbox"))
    assert page.index("ania") < page.index("obcy")
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    orphans = text_of(owner.get("/messages/inbox?view=orphans"))
    assert ("obcy" in orphans, "ania" in orphans) == (True, False)
    assert "Nobody waits" in text_of(owner.get("/messages/inbox?view=mine"))
    assert "Buyers wait for an answer" in text_of(owner.get("/"))
    card = text_of(owner.get(f"/orders/{shop}"))
    assert "&lt;script&gt;" in card
    assert "https://files.example/foto.jpg" in card


def test_a_thread_is_answered_once_and_stands_at_the_order(owner, works, shop):
    first = rows(works, Thread)[0].id
    page = text_of(owner.get(f"/messages/threads/{first}"))
    assert HOSTILE not in page
    assert owner.post(f"/messages/threads/{first}", data={"text": " "}).status_code == 422
    assert owner.post(f"/messages/threads/{first}", data={"text": "a" * 9999}).status_code == 422
    for _ in range(2):
        assert owner.post(f"/messages/threads/{first}", data={"text": "Jutro.", "key": "k"}
                          ).status_code == 303
    [message] = rows(works, Message)
    assert (message.kind, message.text, message.order_id, message.state) == (
        "channel", "Jutro.", shop, "waiting")
    assert rows(works, Thread)[0].waiting_since is None
    assert "Jutro." in text_of(owner.get(f"/orders/{shop}"))


def test_words_of_a_template_are_at_hand(owner, works, shop):
    with works.writing(TESTER) as work:
        made = templates.create(work, {
            "kind": "email", "name": "Wysyłka", "subject_pl": "S",
            "text_pl": "Zamówienie {{order.number}} wyślemy jutro."}).id
    first, second = (one.id for one in rows(works, Thread))
    assert f"Zamówienie {shop} wyślemy jutro." in text_of(
        owner.get(f"/messages/threads/{first}?template={made}"))
    page = text_of(owner.get(f"/messages/threads/{second}?template={made}"))
    assert "{{order.number}}" not in page


def test_it_is_given_to_somebody_closed_and_put_to_its_order(owner, works, shop):
    first, second = (one.id for one in rows(works, Thread))
    owner.post(f"/messages/threads/{first}/assign", data={"person": "1"})
    assert rows(works, Thread)[0].assigned_to == 1
    assert "ania" in text_of(owner.get("/messages/inbox?view=mine"))
    owner.post(f"/messages/threads/{second}/order", data={"order": "999"})
    assert rows(works, Thread)[1].order_id is None
    owner.post(f"/messages/threads/{second}/order", data={"order": str(shop)})
    assert "Macie 40 sztuk?" in text_of(owner.get(f"/orders/{shop}"))
    seen = rows(works, ThreadMessage)[0].id
    owner.post(f"/messages/threads/{first}/close", data={"seen": str(seen)})
    assert rows(works, Thread)[0].waiting_since is None


def test_a_channel_that_wants_it_is_written_to_and_not_the_mail(owner, works, shop):
    with works.writing(TESTER) as work:
        work.session.scalars(select(ChannelAccount)).one().writing = "first"
        made = templates.create(work, {
            "kind": "email", "name": "Wysyłka", "subject_pl": "S", "text_pl": "Jutro."}).id
    page = text_of(owner.get(f"/orders/{shop}/message"))
    assert "through the channel" in page
    assert owner.post(f"/orders/{shop}/message", data={"template": made, "key": "k"}
                      ).status_code == 303
    [message] = rows(works, Message)
    assert (message.kind, message.order_ref, message.thread_id) == (
        "channel", "B1", rows(works, Thread)[0].id)
    assert rows(works, Thread)[0].waiting_since is None


def test_readers_see_and_do_nothing(shop, works, browser_as):
    reader = browser_as("reader")
    first = rows(works, Thread)[0].id
    page = text_of(reader.get(f"/messages/threads/{first}"))
    assert "<textarea" not in page
    assert reader.post(f"/messages/threads/{first}", data={"text": "x"}).status_code == 403
    assert reader.post(f"/messages/threads/{first}/close", data={"seen": "1"}).status_code == 403
