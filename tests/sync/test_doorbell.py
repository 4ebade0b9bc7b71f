"""Channels ring: only they are heard, each event once, and what happened is asked for (bar 21)."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import timedelta
from types import MethodType

import pytest
from oms_connector import ChannelDown
from oms_connector.webhooks import SOURCE
from oms_demo import bell
from sqlalchemy import func, select

from oms_web.core.actor import SYSTEM, Actor
from oms_web.domain.orders.models import Order
from oms_web.jobs import rings as clock_rings
from oms_web.jobs.worker import drain
from oms_web.sync import accounts, doorbell, feeds
from oms_web.sync.models import ChannelRing, Feed
from oms_web.sync.session import open_secrets
from tests import factories as make
from tests.sync.channel import Channel, connect, engine

OWNER = Actor("user", "Owner", 1)


class Ringing(Channel):
    """A channel that signs its rings the way Targowisko does."""

    def connector(self):
        channel, quiet = self, super().connector()

        class Loud(quiet):
            def hear(self, body, headers):
                return bell.hear(body, headers, self.context.secrets.get("webhook_secret", ""),
                                 self.context.now)

            def subscribe(self, url, secret):
                channel.call("subscribe")
                channel.subscribed = (url, secret)
                return ["1"]

            def unsubscribe(self, refs):
                channel.subscribed = None

        return Loud


@pytest.fixture
def shop(app, oms):
    make.shop(oms.works, {"KUB": 50})
    channel = Ringing()
    account = connect(oms, channel).id
    doorbell.subscribe(engine(oms), account, "https://shop.example.test/ring/1", OWNER)
    channel.client = app.test_client()
    channel.secret = channel.subscribed[1]
    channel.path = f"/ring/{account}"
    channel.ring = MethodType(ring, channel)
    return oms, channel, account


def ring(channel, ref="A1", event="E1", *, kind="order", body=None, secret=None, at=None,
         **headers):
    """Deliver a ring; ``body`` is what arrives although something else was signed."""
    signed = json.dumps({"kind": kind, "ref": ref, "event": event}).encode()
    stamp = str(int(time.time() if at is None else at))
    value = hmac.new((secret or channel.secret).encode(), stamp.encode() + b"." + signed,
                     hashlib.sha256).hexdigest()
    sent = {bell.STAMP: stamp, bell.SIGNATURE: f"sha256={value}"} | headers
    return channel.client.post(channel.path, data=body or signed, headers={
        name: text for name, text in sent.items() if text is not None})


def rows(oms, model):
    with oms.works.reading(SYSTEM) as work:
        return work.session.scalar(select(func.count()).select_from(model))


def test_an_order_that_rang_is_here_without_any_poll(shop):
    oms, channel, _ = shop
    channel.journal.append(make.order("A1", {"KUB": 1}))
    called = []
    channel.fault = lambda name, _number: called.append(name)
    assert channel.ring().status_code == 200
    assert called == []  # nothing is asked while the channel waits for its answer
    drain(oms)
    assert rows(oms, Order) == 1
    assert called == ["fetch", "stock"]


def test_the_same_event_rings_once_and_a_hundred_times_is_no_more(shop):
    oms, channel, _ = shop
    channel.journal.append(make.order("A1", {"KUB": 1}))
    assert {channel.ring().status_code for _ in range(100)} == {200}
    drain(oms)
    calls = channel.calls
    assert channel.ring().status_code == 200
    drain(oms)
    assert (rows(oms, ChannelRing), channel.calls) == (1, calls)


@pytest.mark.parametrize("how", [
    {"secret": "another"}, {"body": b'{"kind":"order","ref":"A2","event":"E1"}'},
    {"body": b'{"kind": "order",  "ref": "A1", "event": "E1"}'}, {bell.SIGNATURE: None},
    {bell.SIGNATURE: ""}, {bell.SIGNATURE: "sha256="}, {bell.STAMP: None},
    {"at": 0}, {"at": 10**10},
])
def test_what_is_not_from_the_channel_leaves_no_trace(shop, how):
    oms, channel, _ = shop
    channel.journal.append(make.order("A1", {"KUB": 1}))
    assert channel.ring(**how).status_code == 401
    drain(oms)
    assert (rows(oms, ChannelRing), rows(oms, Order)) == (0, 0)


def test_without_a_secret_nothing_is_believed(shop):
    oms, channel, account = shop
    with oms.works.writing(SYSTEM) as work:
        row = work.session.get(accounts.ChannelAccount, account)
        row.secrets = None
    for secret in ("", channel.secret):
        assert channel.ring(secret=secret or " ").status_code == 401
    assert rows(oms, ChannelRing) == 0


def test_a_ping_and_an_unknown_kind_are_answered_and_forgotten(shop):
    oms, channel, _ = shop
    for kind in ("ping", "meteor"):
        assert channel.ring(kind=kind, event=kind).status_code == 200
    assert rows(oms, ChannelRing) == 0


def test_nobody_lives_at_other_doors(shop, app):
    _, channel, _ = shop
    channel.path = "/ring/98765"
    assert channel.ring().status_code == 404
    assert app.test_client().get("/ring/1").status_code == 200  # some channels look first


def test_where_a_ring_came_from_is_not_taken_from_the_ring(app, monkeypatch):
    heard = {}
    monkeypatch.setattr(doorbell, "hear", lambda *args: heard.update(args[-1]))
    app.test_client().post("/ring/1", headers={SOURCE: "91.216.25.7"})
    assert heard[SOURCE] == "127.0.0.1"


def test_a_channel_that_fails_is_asked_again_until_it_answers(shop):
    oms, channel, _ = shop
    channel.journal.append(make.order("A1", {"KUB": 1}))

    def fail(name, _number):
        raise ChannelDown("cable pulled")

    channel.fault = fail
    assert channel.ring().status_code == 200
    drain(oms)
    assert rows(oms, Order) == 0
    channel.fault = None
    later = oms.works.clock() + timedelta(minutes=1)
    oms.works.clock = lambda: later
    drain(oms)
    assert rows(oms, Order) == 1


def test_a_ring_about_offers_makes_their_feed_due(shop):
    oms, channel, _ = shop
    clock_rings.ring_feeds(oms)
    drain(oms)
    with oms.works.reading(SYSTEM) as work:
        before = work.session.scalars(select(Feed.due_at).where(Feed.name == feeds.OFFERS)).one()
    channel.ring(kind="offer", ref="offer-KUB")
    drain(oms)
    with oms.works.reading(SYSTEM) as work:
        after = work.session.scalars(select(Feed.due_at).where(Feed.name == feeds.OFFERS)).one()
    assert after < before


def test_a_paused_channel_is_heard_and_answered_later(shop):
    oms, channel, account = shop
    channel.journal.append(make.order("A1", {"KUB": 1}))
    with oms.works.writing(SYSTEM) as work:
        accounts.set_state(work, account, "paused")
    assert channel.ring().status_code == 200
    drain(oms)
    assert (rows(oms, ChannelRing), rows(oms, Order)) == (1, 0)


def test_the_secret_is_sealed_and_new_each_time(shop):
    oms, channel, account = shop
    doorbell.subscribe(engine(oms), account, "https://shop.example.test/ring/1", OWNER)
    assert channel.ring().status_code == 401  # signed with the secret of before
    with oms.works.reading(SYSTEM) as work:
        row = work.session.get(accounts.ChannelAccount, account)
        assert channel.subscribed[1].encode() not in row.secrets
        assert open_secrets(work, row)["webhook_secret"] == channel.subscribed[1]


def test_the_screen_turns_it_on_and_shows_the_secret_once(shop, browser_as):
    _, channel, account = shop
    owner = browser_as("owner")
    page = owner.post(f"/channels/{account}/webhooks").get_data(as_text=True)
    assert channel.subscribed[1] in page
    assert channel.subscribed[0] == f"http://localhost/ring/{account}"
    assert channel.subscribed[1] not in owner.get(f"/channels/{account}").get_data(as_text=True)
    assert browser_as("sales").post(f"/channels/{account}/webhooks").status_code == 403
