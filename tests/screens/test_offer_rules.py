"""The rules of one offer on screen: fields, refusals, why so many, the measured buffer."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.channels import buffers
from oms_web.domain.channels.models import ChannelAccount, Listing, Publication
from oms_web.flows.order_in import take_in
from tests import factories as make
from tests.screens.shelves import MUG, open_shop, text_of
from tests.sync.channel import Clock


@pytest.fixture
def shop(works):
    works.clock = Clock(make.NOON)
    return open_shop(works)


@pytest.fixture
def owner(shop, browser_as):
    return browser_as("owner")


@pytest.fixture
def page(shop):
    return f"/offers/{shop.listings['of-mug']}/rules"


def row_of(shop):
    return shop.ask(select(Listing).where(Listing.id == shop.listings["of-mug"]))[0]


def value(page, name):
    return re.search(rf'<input[^>]* name="{name}"[^>]* value="([^"]*)"', page)[1]


EMPTY = {"buffer": "", "cap": "", "last_units": "", "set_aside": "0", "was_set_aside": "0",
         "shares": ""}


def test_it_says_why_so_many_are_shown(shop, owner, page):
    words = text_of(owner.get(page))
    assert "Why 3? 5 available to sell Why? − 2 buffer = 3 shown to buyers" in words
    owner.post(page, data=EMPTY | {"set_aside": "1", "cap": "2", "buffer": "1"})
    words = text_of(owner.get(page))
    assert "− 1 buffer − 2 more than is shown at most = 2 shown to buyers" in words
    assert "1 unit of them is its own." in words


def test_rules_are_kept_written_down_and_published(shop, owner, page):
    answer = owner.post(page, data={
        "buffer": "0", "cap": "9", "last_units": "4", "set_aside": "3", "was_set_aside": "0",
        "shares": "no"})
    assert answer.status_code == 303
    row = row_of(shop)
    assert (row.buffer, row.cap, row.last_units, row.set_aside, row.shares) == (0, 9, 4, 3, False)
    entry = shop.ask(select(AuditEntry).where(AuditEntry.act == "listings.limits"))[0]
    assert entry.actor_name == "Owner"
    assert entry.change["set_aside"] == [0, 3]
    again = owner.get(page).get_data(as_text=True)
    assert [value(again, name) for name in ("buffer", "cap", "last_units", "set_aside")] == [
        "0", "9", "4", "3"]
    assert '<option selected value="no">' in again
    owner.post(page, data=EMPTY)
    row = row_of(shop)
    assert (row.buffer, row.cap, row.last_units, row.set_aside, row.shares) == (
        None, None, None, 3, None)  # nobody touched what is set aside


def test_what_was_sold_since_the_page_was_drawn_is_not_set_aside_again(shop, owner, page):
    owner.post(page, data=EMPTY | {"set_aside": "3"})
    shop.works.clock.forward(seconds=1)
    with shop.works.writing(SYSTEM) as work:
        take_in(work, work.session.get_one(ChannelAccount, shop.account_id), [
            make.order("B1", [make.OrderLine(
                line_ref="1", title="Kubek", quantity=1, offer_ref="of-mug", sku=MUG,
                unit_price=make.Decimal(49))])])
    assert value(owner.get(page).get_data(as_text=True), "set_aside") == "2"
    owner.post(page, data=EMPTY | {"set_aside": "3", "was_set_aside": "3"})
    assert value(owner.get(page).get_data(as_text=True), "set_aside") == "2"
    shop.works.clock.forward(seconds=1)
    owner.post(page, data=EMPTY | {"set_aside": "3", "was_set_aside": "2"})
    assert value(owner.get(page).get_data(as_text=True), "set_aside") == "3"


@pytest.mark.parametrize("typed", ["0", ""])
def test_what_was_set_aside_is_given_back(shop, owner, page, typed):
    owner.post(page, data=EMPTY | {"set_aside": "3"})
    answer = owner.post(page, data=EMPTY | {"set_aside": typed, "was_set_aside": "3"})
    assert answer.status_code == 303
    assert row_of(shop).set_aside == 0


@pytest.mark.parametrize(("field", "typed", "words"), [
    ("buffer", "-1", "Number must be between"), ("cap", "many", "Not a valid integer value"),
    ("set_aside", "100001", "Number must be between"), ("last_units", "1.5", "Not a valid integer"),
    ("shares", "perhaps", "Not a valid choice"),
])
def test_what_is_wrong_is_said_at_its_field(shop, owner, page, field, typed, words):
    answer = owner.post(page, data=EMPTY | {field: typed})
    body = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert re.search(rf'id="{field}-error">.*?{words}', body, re.DOTALL)
    assert row_of(shop).buffer is None


def test_an_offer_without_a_product_says_that_nothing_is_sent(shop, owner):
    words = text_of(owner.get(f"/offers/{shop.listings['of-new']}/rules"))
    assert "No quantity is sent for this offer" in words
    assert owner.get("/offers/999/rules").status_code == 404


def test_a_measured_buffer_is_suggested_with_its_reason_and_taken_by_a_button(
    shop, owner, page, monkeypatch
):
    assert "Nothing to suggest yet: it takes 20 quantities" in text_of(owner.get(page))
    monkeypatch.setattr(buffers, "ENOUGH", 2)
    with shop.works.writing(SYSTEM) as work:
        other = make.account(work, "Bazar")
        make.put(work, shop.ids[MUG], 100)
        work.session.add_all([Publication(
            at=work.now, account_id=shop.account_id, listing_id=shop.listings["of-mug"],
            version=n, quantity=3, outcome="applied", lag_ms=12_000) for n in range(2)])
    with shop.works.writing(SYSTEM) as work:
        take_in(work, work.session.get_one(ChannelAccount, other.id), [
            make.order(f"C{n}", {MUG: 2}, placed_at=work.now) for n in range(70)])
    words = text_of(owner.get(page))
    # 71 orders in a day: 12 s of gap hold 0.0099 of them, so nothing has to be held back.
    assert "Elsewhere 147 pcs were sold in 1 d" in words
    assert "this channel knows the new quantity within 12 s more" in words
    assert "held back now: 2" in words
    body = owner.get(page).get_data(as_text=True)
    units = value(body, "units")
    owner.post(f"/offers/{shop.listings['of-mug']}/buffer", data={"units": units})
    assert row_of(shop).buffer == int(units)
    words = text_of(owner.get(page))
    assert "held back now" in words
    assert "Hold back" not in words
    assert owner.post(f"/offers/{shop.listings['of-mug']}/buffer", data={}).status_code == 422


def test_the_list_says_where_more_should_be_held_back(shop, owner, page, monkeypatch):
    monkeypatch.setattr(buffers, "ENOUGH", 2)
    with shop.works.writing(SYSTEM) as work:
        other = make.account(work, "Bazar")
        make.put(work, shop.ids[MUG], 500)
        work.session.add_all([Publication(
            at=work.now, account_id=shop.account_id, listing_id=shop.listings["of-mug"],
            version=n, quantity=3, outcome="applied", lag_ms=60_000) for n in range(2)])
    with shop.works.writing(SYSTEM) as work:
        take_in(work, work.session.get_one(ChannelAccount, other.id), [
            make.order(f"C{n}", {MUG: 4}, placed_at=work.now) for n in range(90)])
    # A minute holds 0.063 of 91 orders a day: one of 367 / 91 units, so five and not two.
    assert "hold back 5" in text_of(owner.get("/offers?state=linked"))
    owner.post(f"/offers/{shop.listings['of-mug']}/buffer", data={"units": "5"})
    assert not re.search(r'href="/offers/1/rules">hold back',
                         owner.get("/offers?state=linked").get_data(as_text=True))


def test_the_page_is_reached_from_the_product_and_the_list(shop, owner, page):
    assert page in owner.get(f"/products/variant/{shop.ids[MUG]}",
                             follow_redirects=True).get_data(as_text=True)
    assert page in owner.get("/offers?state=linked").get_data(as_text=True)


@pytest.mark.parametrize("role", ["sales", "warehouse", "reader"])
def test_only_those_who_manage_channels_change_rules(shop, browser_as, page, role):
    client = browser_as(role)
    assert client.get(page).status_code == 403
    assert client.post(page, data=EMPTY | {"buffer": "9"}).status_code == 403
    assert client.post(f"/offers/{shop.listings['of-mug']}/buffer",
                       data={"units": "9"}).status_code == 403
    assert row_of(shop).buffer is None
