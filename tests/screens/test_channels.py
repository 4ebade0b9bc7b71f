"""The channels screens: connect, look, pause, read again, send again."""

from __future__ import annotations

import re

import pytest
from oms_connector import AccessRefused, Capabilities, Connector, Field, Manifest
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.channels.models import ChannelAccount, ListingStock
from oms_web.jobs import rings
from oms_web.jobs.worker import drain
from oms_web.sync.models import Feed
from oms_web.sync.session import open_secrets
from tests import factories as make
from tests.sync.channel import Channel, connect


class Shop(Connector):
    """A connector with one of each kind of setting."""

    manifest = Manifest(
        "shop", "Web shop", "Ws", "1.0", capabilities=Capabilities(min_poll_s=5),
        settings=(Field("url", "Address", "url"), Field("token", "Key", secret=True),
                  Field("days", "Days", "number", required=False)),
    )

    def verify(self):
        if self.context.secrets["token"] != "right":
            raise AccessRefused("wrong key", "token")
        return "My web shop"

    def pull_orders(self, cursor, limit):
        raise AssertionError("not in these tests")


@pytest.fixture
def owner(oms, browser_as):
    """A signed-in owner of a shop where the web shop connector is installed."""
    make.shop(oms.works, {"KUB": 5})
    oms.registry.connectors["shop"] = Shop
    return browser_as("owner")


def row(oms, model, **where):
    with oms.works.reading(SYSTEM) as work:
        return work.session.scalars(select(model).filter_by(**where)).one()


GOOD = {"name": "My shop", "s_url": "https://shop.example", "s_token": "wrong", "s_days": "",
        "publish_stock": "y", "buffer": "2", "cap": "", "ship_days": "1"}


def test_connecting_stores_the_key_encrypted_and_begins_the_feeds(oms, owner):
    assert "Web shop" in owner.get("/channels/new").get_data(as_text=True)
    answer = owner.post("/channels/new/shop", data=GOOD)
    assert answer.status_code == 303
    account = row(oms, ChannelAccount, name="My shop")
    assert b"wrong" not in account.secrets
    assert "wrong" not in str(account.settings)
    assert row(oms, Feed, account_id=account.id).name == "orders"
    page = owner.get(f"/channels/{account.id}/settings").get_data(as_text=True)
    assert "wrong" not in page
    assert "https://shop.example" in page


@pytest.mark.parametrize(("field", "value", "words"), [
    ("s_url", "shop.example", "Begin with http:// or https://"),
    ("s_token", "", "This is needed."),
    ("s_days", "many", "This is not a number."),
    ("name", "", "Fill this in."),
    ("name", "Targ", "Another channel has this name."),
    ("buffer", "-1", "Number must be between"), ("last_units", "-1", "Number must be between"),
    ("rank", "0", "Number must be between"),
])
def test_wrong_input_is_marked_at_its_field(oms, owner, field, value, words):
    answer = owner.post("/channels/new/shop", data=GOOD | {field: value})
    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)
    with oms.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(ChannelAccount.name)).all() == ["Targ"]


def test_the_test_says_what_is_wrong_and_a_new_key_mends_it(oms, owner):
    owner.post("/channels/new/shop", data=GOOD)
    account = row(oms, ChannelAccount, name="My shop")
    owner.post(f"/channels/{account.id}/test")
    assert "Access refused: wrong key" in owner.get("/channels").get_data(as_text=True)
    owner.post(f"/channels/{account.id}/settings", data=GOOD | {"s_token": "right"})
    owner.post(f"/channels/{account.id}/test")
    assert "My web shop" in owner.get("/channels").get_data(as_text=True)
    owner.post(f"/channels/{account.id}/settings", data=GOOD | {"s_token": "", "buffer": "3"})
    with oms.works.reading(SYSTEM) as work:
        kept = work.session.get(ChannelAccount, account.id)
        assert open_secrets(work, kept) == {"token": "right"}
        assert kept.buffer == 3


def test_the_rules_of_a_channel_are_kept_shown_and_written_down(oms, owner):
    owner.post("/channels/new/shop", data=GOOD)
    account = row(oms, ChannelAccount, name="My shop")
    assert (account.last_units, account.rank, account.shares) == (0, 1, True)
    owner.post(f"/channels/{account.id}/settings", data=GOOD | {
        "last_units": "3", "rank": "2", "only_own": "y"})
    account = row(oms, ChannelAccount, name="My shop")
    assert (account.last_units, account.rank, account.shares) == (3, 2, False)
    page = owner.get(f"/channels/{account.id}/settings").get_data(as_text=True)
    assert re.search(r'name="last_units"[^>]* value="3"', page)
    assert re.search(r'<input[^>]* checked[^>]* name="only_own"', page)
    entry = row(oms, AuditEntry, act="channels.change")
    assert entry.actor_name == "Owner"
    assert entry.change["last_units"] == [0, 3]
    assert "stands back at" in owner.get("/audit").get_data(as_text=True)


def test_pause_resume_read_again(oms, owner):
    owner.post("/channels/new/shop", data=GOOD)
    account = row(oms, ChannelAccount, name="My shop")
    owner.post(f"/channels/{account.id}/state/paused")
    assert row(oms, ChannelAccount, id=account.id).state == "paused"
    assert "Resume" in owner.get(f"/channels/{account.id}").get_data(as_text=True)
    owner.post(f"/channels/{account.id}/state/active")
    assert row(oms, ChannelAccount, id=account.id).state == "active"
    assert owner.post(f"/channels/{account.id}/state/gone").status_code == 404
    with oms.works.writing(SYSTEM) as work:
        work.session.scalars(select(Feed)).one().cursor = {"at": 5}
    owner.post(f"/channels/{account.id}/replay/orders")
    assert row(oms, Feed, account_id=account.id).cursor is None


def test_drift_is_shown_and_sent_again(oms, owner):
    channel = Channel(journal=[make.order("A1", {"KUB": 1})])
    connect(oms, channel)
    for _ in range(2):
        rings.ring_feeds(oms)
        drain(oms)
    channel.stock["offer-KUB"] = 3  # an order may be on its way: not corrected by itself yet
    with oms.works.writing(SYSTEM) as work:
        from oms_web.sync import accounts

        accounts.sync_now(work, row(oms, ChannelAccount, name="Fake").id)
    rings.ring_feeds(oms)
    drain(oms)
    page = owner.get("/channels").get_data(as_text=True)
    assert "Send 4" in page
    listing = row(oms, ListingStock).listing_id
    owner.post(f"/channels/listing/{listing}/send")
    rings.ring_feeds(oms)
    drain(oms)
    assert channel.stock == {"offer-KUB": 4}


def test_the_overview_is_a_part_for_htmx_and_denied_to_the_floor(owner, browser_as):
    part = owner.get("/channels", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert part.lstrip().startswith('<div class="stack loose" id="channels-overview"')
    assert browser_as("warehouse").get("/channels").status_code == 403
    assert browser_as("sales").get("/channels/new").status_code == 403
