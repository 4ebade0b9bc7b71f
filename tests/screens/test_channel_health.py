"""The page of one channel: how it is doing, what is wrong and the button that mends it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from oms_connector import Limit
from oms_demo import DemoConnector
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.core.clock import local_day
from oms_web.domain.channels.models import ChannelAccount
from oms_web.jobs import rings
from oms_web.jobs.worker import drain
from oms_web.sync import accounts, backfill, feeds, proof, quality, quarantine
from oms_web.sync.models import Comparison, Feed
from oms_web.sync.registry import Refusal
from tests import factories as make
from tests.screens.test_channels import GOOD, Shop
from tests.sync.channel import connect
from tests.sync.test_backfill import Dated


@pytest.fixture
def shop(oms):
    """A channel whose connector lists spans, and its three orders of the last days."""
    make.shop(oms.works, {"KUB": 50})
    now = oms.works.clock()
    channel = Dated(dated=[make.order(f"A{n}", {"KUB": 1}, placed_at=now - timedelta(days=n))
                           for n in (1, 2, 9)])
    return oms, channel, connect(oms, channel).id


def page(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.get_data(as_text=True)


def ring(oms):
    rings.ring_feeds(oms)
    drain(oms)


def running(oms, account):
    with oms.works.reading(SYSTEM) as work:
        return backfill.running(work.session, account)


def test_a_healthy_channel_says_so(shop, browser_as):
    oms, _, account = shop
    ring(oms)
    said = page(browser_as("owner"), f"/channels/{account}")
    for words in ("works", "Everything that was sent or read lately went well.",
                  "nothing bought since connecting", "none declared",
                  "does not end by itself", "not checked"):
        assert words in said, words


def test_who_sells_nothing_has_no_figures_of_orders_and_stock(oms, browser_as):
    with oms.works.writing(SYSTEM) as work:
        account = make.account(work, "Stripe", connector="stripe").id
    said = page(browser_as("owner"), f"/channels/{account}")
    assert "Limit used" in said
    for words in ("Last order", "Orders arrive after", "Quantities accepted", "Waits to be sent",
                  "No order was lost", "What was sent", "Read again from a day", "Read now"):
        assert words not in said, words


def test_the_part_is_what_changes_and_keeps_what_is_being_typed(shop, browser_as):
    _, _, account = shop
    answer = browser_as("owner").get(f"/channels/{account}", headers={"HX-Request": "true"})
    part = answer.get_data(as_text=True)
    assert part.lstrip().startswith('<div class="stack loose" id="channels-health"')
    assert 'id="channels-since-kept" hx-preserve' in part


@pytest.mark.parametrize(("connector", "leads"), [("fake", "settings"), ("gated", "connect")])
def test_refused_access_is_told_with_the_way_back_in(shop, browser_as, connector, leads):
    oms, _, account = shop
    kind = type("Gated", (Shop,), {"authorize_url": lambda *_: "", "exchange": lambda *_: None,
                                   "manifest": replace(Shop.manifest, key="gated")})
    oms.registry.connectors["gated"] = kind
    with oms.works.writing(SYSTEM) as work:
        work.session.get_one(ChannelAccount, account).connector = connector
        feeds.break_account(work, account, "token revoked")
    owner = browser_as("owner")
    said = page(owner, f"/channels/{account}")
    assert "token revoked" in said
    assert said.count("Connect again") == 2  # the notice and the cause
    assert f'href="/channels/{account}/again"' in said
    assert owner.get(f"/channels/{account}/again").location == f"/channels/{account}/{leads}"
    assert "Connect again" not in page(browser_as("sales"), f"/channels/{account}")
    assert "Reconnect" in page(owner, "/")


def test_who_was_never_connected_is_not_said_to_be_refused(shop, browser_as):
    oms, _, account = shop
    with oms.works.writing(SYSTEM) as work:
        accounts.await_access(work, work.session.get_one(ChannelAccount, account))
    owner = browser_as("owner")
    for address in ("/", "/channels", f"/channels/{account}"):
        said = page(owner, address)
        assert re.search("[Nn]ot connected yet", said), address
        assert "refused" not in said.lower(), address
        assert "Connect again" not in said, address


def test_limits_and_a_pause_are_shown(shop, browser_as):
    oms, _, account = shop
    pace = oms.works.ports["pacer"].of(account, "app", [Limit(0.001, 10, "orders")])
    for _ in range(9):
        pace.take("orders")
    rings.ring_quota(oms)
    said = page(browser_as("owner"), f"/channels/{account}")
    assert "1 of 10 left" in said
    assert "4 come back each hour" in said
    assert re.search(r'class="figure-value">90%', said)
    assert '<progress class="warn" value="90"' in page(browser_as("owner"), "/channels")
    pace.pause(900, "orders")
    rings.ring_quota(oms)
    assert "asks us to wait until" in page(browser_as("owner"), f"/channels/{account}")
    assert "asked to wait" in page(browser_as("owner"), "/channels")


def test_each_cause_has_its_fix_and_only_for_those_who_may(shop, browser_as):
    oms, _, account = shop
    with oms.works.writing(SYSTEM) as work:
        quarantine.put(work, account, "order", "Q1", "x", "not JSON")
        feed = work.session.scalars(select(Feed).where(Feed.name == feeds.ORDERS)).one()
        feed.error, feed.failures, feed.failing_since = "cable pulled", 3, work.now
    owner = browser_as("owner")
    for address in (f"/channels/{account}", "/channels"):
        said = page(owner, address)
        assert "Reading failed" in said
        assert re.search(r"3×,\s+since", said)
        assert f'action="/channels/{account}/again/feed"' in said
        assert f'action="/channels/{account}/again/order"' in said
    owner.post(f"/channels/{account}/again/feed")
    with oms.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(Feed.failures).where(
            Feed.name == feeds.ORDERS)).one() == 0
    assert owner.post(f"/channels/{account}/again/access").status_code == 404
    assert owner.post("/channels/999/again/feed").status_code == 404
    assert browser_as("reader").post(f"/channels/{account}/again/feed").status_code == 403


@pytest.mark.parametrize(("sums", "words"), [
    ({"theirs": 4, "ours": 4}, "0 missing"),
    ({"theirs": 4, "ours": 3}, "1 missing"),
    ({"theirs": 4, "ours": 3, "unread": 1}, "0 missing, 1 not read"),
    ({"theirs": 4, "ours": 4, "differ": 2}, "0 missing, 2 not the same"),
])
def test_the_proof_says_what_was_found(shop, browser_as, sums, words):
    oms, _, account = shop
    owner = browser_as("owner")
    assert "not known" in page(owner, f"/channels/{account}")
    with oms.works.writing(SYSTEM) as work:
        proof.write_down(work, account, work.now, work.now, sums)
    for address in (f"/channels/{account}", "/channels"):
        assert re.search(rf"</svg> {words}</span>", page(owner, address)), address


def test_a_proof_that_is_hours_old_proves_nothing(shop, browser_as):
    oms, _, account = shop
    with oms.works.writing(SYSTEM) as work:
        work.session.add(Comparison(
            account_id=account, at=work.now - timedelta(hours=4), since=work.now, until=work.now,
            theirs=4, ours=4, unread=0, late=0, changed=0))
    assert "not known" in page(browser_as("owner"), "/channels")


def test_reading_since_a_day_runs_in_the_background_and_says_how_far_it_is(shop, browser_as):
    oms, _, account = shop
    owner = browser_as("owner")
    day = local_day(oms.works.clock() - timedelta(days=4))
    answer = owner.post(f"/channels/{account}/since", data={"since": day.isoformat()})
    assert answer.location == f"/channels/{account}"
    said = page(owner, f"/channels/{account}")
    assert f'hx-get="/channels/{account}/since"' in said
    assert "0 orders listed" in said
    assert "Read again</span>" not in said
    ring(oms)
    assert running(oms, account) is None
    part = owner.get(f"/channels/{account}/since", headers={"HX-Request": "true"})
    assert "Read: 2 at the channel, 0 missing here." in part.get_data(as_text=True)
    assert "Owner" in page(owner, f"/channels/{account}")  # who wanted it, at the comparison


def test_reading_since_a_day_can_be_stopped(shop, browser_as):
    oms, _, account = shop
    owner = browser_as("owner")
    owner.post(f"/channels/{account}/since", data={"since": "2020-01-01"})
    assert owner.post(f"/channels/{account}/since", data={"since": "2021-01-01"}).status_code == 409
    owner.post(f"/channels/{account}/since/stop")
    assert running(oms, account) is None


@pytest.mark.parametrize(("typed", "words"), [
    ("", "Fill this in."), ("yesterday", "Not a valid date value."),
    ("9999-12-31", "Choose a day that has begun."),
    ((date.today() + timedelta(days=3)).isoformat(), "Choose a day that has begun."),  # noqa: DTZ011
])
def test_a_day_that_makes_no_sense_is_refused_at_its_field(shop, browser_as, typed, words):
    oms, _, account = shop
    answer = browser_as("owner").post(f"/channels/{account}/since", data={"since": typed})
    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)
    assert running(oms, account) is None


def test_who_may_not_manage_cannot_read_again(shop, browser_as):
    _, _, account = shop
    sales = browser_as("sales")
    assert sales.post(f"/channels/{account}/since", data={"since": "2026-01-01"}).status_code == 403
    assert 'name="since"' not in page(sales, f"/channels/{account}")


def test_a_new_channel_may_begin_with_orders_since_a_day(shop, browser_as):
    oms, _, _ = shop
    owner = browser_as("owner")
    assert 'name="since"' in page(owner, "/channels/new/fake")
    day = local_day(oms.works.clock() - timedelta(days=5))
    owner.post("/channels/new/fake", data={"name": "Second", "since": day.isoformat()})
    with oms.works.reading(SYSTEM) as work:
        account = work.session.scalars(select(ChannelAccount.id).where(
            ChannelAccount.name == "Second")).one()
    assert running(oms, account) is not None
    answer = owner.post("/channels/new/fake", data={"name": "Third", "since": "2999-01-01"})
    assert answer.status_code == 422
    assert "Choose a day that has begun." in answer.get_data(as_text=True)
    with oms.works.reading(SYSTEM) as work:
        assert "Third" not in work.session.scalars(select(ChannelAccount.name)).all()


def test_a_channel_that_lists_no_spans_is_not_asked_for_a_day(oms, browser_as):
    make.shop(oms.works)
    oms.registry.connectors["shop"] = Shop
    owner = browser_as("owner")
    assert 'name="since"' not in page(owner, "/channels/new/shop")
    owner.post("/channels/new/shop", data=GOOD)
    assert "does not list its orders by date" in page(owner, "/channels/2")


def test_the_level_is_ours_found_here_or_not_known(shop, browser_as):
    oms, _, account = shop
    owner, kind = browser_as("owner"), oms.registry.get("fake")

    def shown():
        return page(owner, f"/channels/{account}"), page(owner, "/channels/new")

    for said in shown():
        assert "not checked" in said
        assert "gold" not in said
    oms.registry.connectors["demo"] = DemoConnector
    assert "gold" in page(owner, "/channels/new")
    with oms.works.writing(SYSTEM) as work:
        quality.note(work, kind, quality.Found("silver", 40, 8, [(26, "forged deliveries pass")]))
    said, choice = shown()
    assert "silver" in choice
    for words in ("silver", "40 promises kept, 1 broken, 8 do not apply", "forged deliveries"):
        assert words in said
    with oms.works.writing(SYSTEM) as work:
        quality.note(work, kind, quality.Found("", 3, 0, []))
    assert all("below bronze" in said for said in shown())


def test_the_day_an_interface_ends_warns_and_then_alarms(shop, browser_as):
    oms, _, account = shop
    owner, kind = browser_as("owner"), oms.registry.get("fake")
    today = local_day(oms.works.clock())
    for days, words in ((200, ""), (100, "switches this interface off on"),
                        (-1, "has switched this interface off")):
        kind.manifest = replace(kind.manifest, sunset=today + timedelta(days=days))
        for address in (f"/channels/{account}", "/channels", "/channels/new"):
            said = page(owner, address)
            assert ("this interface off" in said) == bool(words)
            assert words in said


def test_a_refused_plugin_is_shown_with_its_traceback_to_who_can_mend_it(shop, browser_as):
    oms, _, account = shop
    oms.registry.refused.append(Refusal(
        "broken", "no module named thing", "Traceback (most recent call last):\n  boom"))
    said = page(browser_as("owner"), "/channels")
    assert "The plugin broken was not loaded" in said
    assert "boom" in said
    assert "boom" not in page(browser_as("sales"), "/channels")
    assert page(browser_as("owner"), f"/channels/{account}")  # the others work on


def test_the_journal_is_a_list_in_pages_for_those_who_see_channels(shop, browser_as):
    _, _, account = shop
    owner = browser_as("owner")
    for query in ("", "?what=prices", "?view=sent", "?what=prices&view=sent"):
        assert "yet" in page(owner, f"/channels/{account}/journal{query}")
    assert "Nothing fits" in page(owner, f"/channels/{account}/journal?q=nothing")
    assert page(owner, f"/channels/{account}/journal?shown=nonsense&view=x&what=y")
    assert owner.get(f"/channels/{account}/journal?after=x").status_code == 422
    assert owner.get("/channels/999/journal").status_code == 404
    assert browser_as("warehouse").get(f"/channels/{account}/journal").status_code == 403
    assert browser_as("sales").get(f"/channels/{account}/settings").status_code == 403


def test_what_was_sent_is_shown_wanted_sent_and_accepted(shop, browser_as):
    oms, channel, account = shop
    channel.stock["offer-KUB"] = 1
    for _ in range(3):
        ring(oms)
    assert channel.stock["offer-KUB"] == 47  # fifty, and three are bought
    owner = browser_as("owner")
    now = page(owner, f"/channels/{account}/journal")
    assert "<b>47</b>" in now
    assert "accepted" in now
    sent = page(owner, f"/channels/{account}/journal?view=sent")
    for said in (sent, page(owner, f"/channels/{account}")):
        assert "offer-KUB" in said
        assert "accepted" in said
