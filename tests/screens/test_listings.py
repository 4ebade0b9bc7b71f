"""Offers to link: by code, by hand, to a new product; orders that waited go on."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from oms_web.core.events import OutboxEvent
from oms_web.domain.catalog.models import Variant
from oms_web.domain.channels.models import Listing, ListingStock
from oms_web.domain.orders.models import Order, OrderLine
from tests.screens.shelves import BLANKET, MUG, PART, open_shop, text_of


@pytest.fixture
def shop(works):
    return open_shop(works)


@pytest.fixture
def owner(shop, browser_as):
    return browser_as("owner")


def sold_by(shop, ref):
    row = shop.ask(select(Listing).where(Listing.id == shop.listings[ref]))[0]
    return row.variant_id, row.mapped_by


def queue_of(shop, sku_title):
    order_id = shop.ask(select(OrderLine.order_id).where(OrderLine.title == sku_title))[0]
    return shop.ask(select(Order.queue).where(Order.id == order_id))[0]


def test_what_waits_is_listed_with_its_match_and_its_orders(owner):
    words = text_of(owner.get("/offers"))
    assert "Koc merino 140x200 szary KOC-1 · of-new" in words
    assert "same SKU" in words
    assert "Nóż bushcraft EAN 5900012004858 · of-knife 99.00 1 order waits" in words
    assert "To link 2" in words
    assert "of-mug" not in words
    assert "of-mug" in text_of(owner.get("/offers?state=linked"))
    part = owner.get("/offers", headers=PART).get_data(as_text=True)
    assert part.lstrip().startswith("<tbody")


@pytest.mark.parametrize(("query", "count"), [
    ("q=nóż", 1), ("q=KOC-1", 1), ("q=of-knife", 1), ("q=5900012004858", 1), ("q=%25", 0),
    ("account=999", 0), ("state=ended", 0),
])
def test_offers_are_found(owner, query, count):
    page = owner.get(f"/offers?{query}").get_data(as_text=True)
    assert len(re.findall(r'id="listings-row-', page)) == count


def test_linking_by_hand_lets_waiting_orders_go_on(owner, shop):
    assert queue_of(shop, "Nóż bushcraft") == "verify"
    address = f"/offers/{shop.listings['of-knife']}/link"
    answer = owner.post(address, data={"code": MUG}, headers=PART)
    words = text_of(answer)
    assert answer.status_code == 200
    assert "by hand" in words
    assert "1 offer linked. 1 order goes on." in words
    assert sold_by(shop, "of-knife") == (shop.ids[MUG], "hand")
    assert queue_of(shop, "Nóż bushcraft") == "pick"


def test_a_code_that_is_not_known_is_refused_in_its_row_with_suggestions(owner, shop):
    address = f"/offers/{shop.listings['of-knife']}/link"
    answer = owner.post(address, data={"code": "kubek"}, headers=PART)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 404
    assert f'id="listings-row-{shop.listings["of-knife"]}"' in page
    assert f'name="variant_id" value="{shop.ids[MUG]}"' in page
    assert "No product has the code kubek." in text_of(answer)
    assert owner.post(address, data={"code": ""}, headers=PART).status_code == 422
    assert owner.post("/offers/999/link", data={"code": MUG}).status_code == 404
    assert sold_by(shop, "of-knife") == (None, None)


def test_an_offer_is_recognised_by_the_words_it_shares(owner, shop):
    page = owner.get(f"/offers/{shop.listings['of-new']}/alike", headers=PART)
    assert f'value="{shop.ids[BLANKET]}"' in page.get_data(as_text=True)
    nothing = owner.get(f"/offers/{shop.listings['of-knife']}/alike", headers=PART)
    assert "No product is like this." in text_of(nothing)


def test_all_that_have_a_known_code_are_linked_at_once(owner, shop):
    answer = owner.post("/offers/link-by-code")
    assert "1 offer linked." in text_of(owner.get(answer.headers["Location"]))
    assert sold_by(shop, "of-new") == (shop.ids[BLANKET], "sku")
    assert sold_by(shop, "of-knife") == (None, None)
    again = owner.post("/offers/link-by-code")
    assert "No offer has a SKU or EAN that is known here." in text_of(
        owner.get(again.headers["Location"]))


def test_products_are_made_of_offers_and_what_fails_says_why(owner, shop):
    answer = owner.post("/offers/make-products", data={
        "listing": [shop.listings["of-knife"], shop.listings["of-new"], 999]})
    words = text_of(answer)
    assert answer.status_code == 422
    assert "1 product added and linked. 1 order goes on." in words
    assert "There is already a SKU KOC-1." in words
    row = shop.ask(select(Variant).where(Variant.sku == "of-knife"))[0]
    assert (row.title, row.price) == ("Nóż bushcraft", 9900)
    assert sold_by(shop, "of-knife") == (row.id, "hand")


def test_unlinking_keeps_what_orders_were_given(owner, shop):
    owner.post(f"/offers/{shop.listings['of-mug']}/unlink")
    assert sold_by(shop, "of-mug") == (None, None)
    assert shop.ask(select(OrderLine.reserved).where(OrderLine.sku == MUG)) == [7]


def test_an_offer_may_hold_back_more_than_its_channel(owner, shop):
    id_ = shop.listings["of-mug"]
    owner.post(f"/offers/{id_}/limits", data={"buffer": "4", "cap": ""})
    row = shop.ask(select(Listing).where(Listing.id == id_))[0]
    assert (row.buffer, row.cap) == (4, None)
    last = shop.ask(select(OutboxEvent).order_by(OutboxEvent.id.desc()).limit(1))[0]
    assert (last.name, last.payload["variant_ids"]) == ("stock.changed", [shop.ids[MUG]])
    wrong = owner.post(f"/offers/{id_}/limits", data={"buffer": "-1"}, follow_redirects=True)
    assert "out of range" in text_of(wrong)
    assert shop.ask(select(Listing.buffer).where(Listing.id == id_)) == [4]


def test_a_quantity_is_sent_again_as_a_new_value(owner, shop):
    id_ = shop.listings["of-mug"]
    answer = owner.post(f"/offers/{id_}/send-again", data={"next": "/stock?q=kub"})
    assert answer.headers["Location"] == "/stock?q=kub"
    row = shop.ask(select(ListingStock).where(ListingStock.listing_id == id_))[0]
    assert row.version > row.sent_version
    assert row.due_at is not None
    elsewhere = owner.post(f"/offers/{id_}/send-again", data={"next": "//evil.example"})
    assert "evil" not in elsewhere.headers["Location"]
    assert owner.post(f"/offers/{shop.listings['of-new']}/send-again").status_code == 404


@pytest.mark.parametrize("role", ["warehouse", "accountant", "reader"])
def test_only_the_desk_links_offers(shop, browser_as, role):
    client = browser_as(role)
    assert client.get("/offers").status_code == 403
    assert client.post(f"/offers/{shop.listings['of-mug']}/unlink").status_code == 403
    assert sold_by(shop, "of-mug")[0] == shop.ids[MUG]


def test_sales_link_but_make_no_products(shop, browser_as):
    client = browser_as("sales")
    assert client.get("/offers").status_code == 200
    assert client.post("/offers/make-products", data={}).status_code == 403
    assert client.post(f"/offers/{shop.listings['of-mug']}/limits").status_code == 403


def test_suggestions_stand_in_the_row_that_asked_for_them(owner, shop):
    page = owner.get("/offers?state=open").get_data(as_text=True)
    row = page[page.index(f'id="listings-row-{shop.listings["of-new"]}"'):].partition("</tr>")[0]
    button = row.index("/alike")
    assert row.index('class="suggest"') < button
    assert 'hx-target="previous .suggest"' in row[button:]
