"""Variants, quantities and prices: what is held, levels that are new, prices that must not go."""

from __future__ import annotations

from decimal import Decimal

import pytest
from oms_connector import AccessRefused, ChannelDown, OutcomeUnknown, PriceItem, StockItem
from oms_connector.testing.faults import done_silently, emptied, error_500, refused

from tests.contract.medusa_shop import LOCATION
from tests.contract.medusa_standin import There


@pytest.fixture
def there():
    there = There()
    yield there
    assert there.violations == []


def stock(*pairs):
    return [StockItem(ref, "", quantity, 1, f"k{number}")
            for number, (ref, quantity) in enumerate(pairs)]


def prices(*pairs, currency="PLN"):
    return [PriceItem(ref, "", Decimal(price), currency, 1, f"k{number}")
            for number, (ref, price) in enumerate(pairs)]


def listed(there, limit=100, **settings):
    cursor, found = None, []
    for _ in range(50):
        page = there.connector(**settings).list_offers(cursor, limit)
        found += page.items
        cursor = dict(page.cursor)
        if not page.more:
            return {offer.offer_ref: offer for offer in found}
    raise AssertionError("the list does not end")


def outcomes(results):
    return [one.outcome for one in results]


class TestListing:
    @pytest.mark.parametrize("limit", [1, 2, 100])
    def test_variants_with_what_can_be_ordered(self, there, limit):
        mug = there.shop.variant("KUBEK", "49.90", 7, title="Czerwony", ean="5901234123457")
        free = there.shop.variant("KARTKA", "1.00", None)
        there.shop.buy((mug, 2))
        found = listed(there, limit)
        assert list(found) == [mug, free]
        assert (found[mug].quantity, found[mug].price, found[mug].currency) == (
            5, Decimal("49.90"), "PLN")
        assert (found[mug].title, found[mug].ean) == ("Product KUBEK - Czerwony", "5901234123457")
        assert found[free].quantity is None

    def test_a_set_of_parts_and_a_pair(self, there):
        cup, plate = there.shop.variant("CUP", stock=9), there.shop.variant("PLATE", stock=5)
        of = {one: there.shop.variants[one]["parts"][0][0] for one in (cup, plate)}
        kit = there.shop.variant("SET", parts=[(of[cup], 2), (of[plate], 1)])
        assert listed(there)[kit].quantity == 4

    def test_what_is_not_published_is_not_on_sale(self, there):
        draft = there.shop.variant("SZKIC")
        there.shop.variants[draft]["product"]["status"] = "draft"
        assert listed(there)[draft].active is False

    def test_only_the_sales_channel_of_the_settings(self, there):
        there.shop.variant("KUBEK")
        own = there.shop.variant("HURT")
        there.shop.variants[own]["product"]["sales_channels"] = [{"id": "sc_2", "name": "Hurt"}]
        assert list(listed(there, sales_channel="Hurt")) == [own]

    def test_prices_without_tax_are_not_what_buyers_see(self, there):
        mug = there.shop.variant("KUBEK")
        there.shop.gross_in = set()
        assert listed(there)[mug].price is None

    def test_the_base_price_among_others(self, there):
        mug = there.shop.variant("KUBEK", "49.90")
        there.shop.variants[mug]["prices"][:0] = [
            there.shop.price("39.90", min_quantity=10), there.shop.price("12.00", "eur"),
            there.shop.price("45.00", rules={"region_id": "reg_1"})]
        assert listed(there)[mug].price == Decimal("49.90")


class TestStock:
    def test_what_is_held_is_added_so_that_buyers_see_what_was_sent(self, there):
        mug = there.shop.variant("KUBEK", stock=10)
        there.shop.buy((mug, 3))
        assert outcomes(there.connector().push_stock(stock((mug, 5)))) == ["applied"]
        assert there.shop.free(mug) == 5
        level = there.shop.levels[(there.shop.variants[mug]["parts"][0][0], LOCATION["id"])]
        assert level == {"stocked": 8, "reserved": 3}

    def test_nothing_left_leaves_what_is_held(self, there):
        mug = there.shop.variant("KUBEK", stock=10)
        there.shop.buy((mug, 3))
        there.connector().push_stock(stock((mug, 0)))
        assert there.shop.free(mug) == 0

    def test_units_packed_between_looking_and_setting_are_not_sold_again(self, there):
        mug = there.shop.variant("KUBEK", stock=10)
        there.shop.packs_between = there.shop.sell((mug, 3))
        assert outcomes(there.connector().push_stock(stock((mug, 7)))) == ["applied"]
        assert there.shop.free(mug) == 7

    def test_a_level_that_was_never_there_is_made(self, there):
        mug = there.shop.variant("KUBEK", stock=10)
        there.shop.locations = [{"id": "sloc_new", "name": "Nowy"}]
        assert outcomes(there.connector().push_stock(stock((mug, 4)))) == ["applied"]
        item = there.shop.variants[mug]["parts"][0][0]
        assert there.shop.levels[(item, "sloc_new")]["stocked"] == 4

    def test_each_item_that_cannot_be_says_why_and_harms_no_other(self, there):
        good, free = there.shop.variant("KUBEK"), there.shop.variant("KARTKA", stock=None)
        item = there.shop.variants[good]["parts"][0][0]
        kit = there.shop.variant("SET", parts=[(item, 1), ("iitem_other", 1)])
        bare = there.shop.variant("GOLY")
        there.shop.variants[bare]["parts"] = []
        results = there.connector().push_stock(stock(
            (free, 3), (kit, 3), (bare, 3), ("variant_01NOBODY", 3), (good, 4)))
        assert outcomes(results) == ["rejected"] * 4 + ["applied"]
        assert "Manage inventory" in results[0].message
        assert "several inventory items" in results[1].message
        assert "no inventory item" in results[2].message
        assert there.shop.free(good) == 4

    def test_a_pair_is_two(self, there):
        there.shop.levels[("iitem_sock", LOCATION["id"])] = {"stocked": 0, "reserved": 1}
        pair = there.shop.variant("SKARPETY", parts=[("iitem_sock", 2)])
        there.connector().push_stock(stock((pair, 6)))
        assert there.shop.free(pair) == 6

    def test_where_the_batch_is_refused_each_is_set_by_itself(self, there):
        first, gone = there.shop.variant("A"), there.shop.variant("B")
        item = there.shop.variants[gone]["parts"][0][0]

        def vanish(request, answer):
            del there.shop.levels[(item, LOCATION["id"])]
            return answer()

        there.fault(3, vanish)
        results = there.connector().push_stock(stock((first, 4), (gone, 4)))
        assert outcomes(results) == ["applied", "rejected"]
        assert there.shop.free(first) == 4

    def test_two_variants_of_one_item_cannot_both_have_their_way(self, there):
        first = there.shop.variant("A")
        second = there.shop.variant("B", parts=there.shop.variants[first]["parts"])
        results = there.connector().push_stock(stock((first, 4), (second, 9)))
        assert outcomes(results) == ["rejected", "applied"]

    def test_nobody_knows_what_a_lost_batch_did(self, there):
        mug = there.shop.variant("KUBEK")
        for strike in (done_silently, error_500, emptied):
            there.fault(3, strike)
            with pytest.raises(OutcomeUnknown):
                there.connector().push_stock(stock((mug, 2)))

    def test_without_a_location_nothing_is_sent(self, there):
        mug = there.shop.variant("KUBEK")
        there.shop.locations.append({"id": "sloc_2", "name": "Drugi"})
        with pytest.raises(AccessRefused):
            there.connector().push_stock(stock((mug, 2)))
        assert there.calls("POST") == []


class TestPrices:
    def test_all_other_prices_of_a_variant_stay_as_they_are(self, there):
        mug = there.shop.variant("KUBEK", "49.90")
        others = [there.shop.price("39.90", min_quantity=10), there.shop.price("12.00", "eur"),
                  there.shop.price("45.00", rules={"region_id": "reg_1"})]
        there.shop.variants[mug]["prices"] += others
        own = there.shop.variants[mug]["prices"][0]["id"]
        assert outcomes(there.connector().push_prices(prices((mug, "52.50")))) == ["applied"]
        kept = {one["id"]: one for one in there.shop.variants[mug]["prices"]}
        assert kept.pop(own)["amount"] == Decimal("52.50")
        assert list(kept.values()) == others

    def test_a_first_price_in_a_currency(self, there):
        mug = there.shop.variant("KUBEK", "49.90")
        there.shop.gross_in.add("eur")
        there.connector().push_prices(prices((mug, "11.99"), currency="EUR"))
        assert [(one["currency_code"], one["amount"]) for one
                in there.shop.variants[mug]["prices"]] == [
                    ("eur", Decimal("11.99")), ("pln", Decimal("49.90"))]

    def test_where_prices_are_kept_without_tax_nothing_is_set(self, there):
        mug = there.shop.variant("KUBEK", "49.90")
        there.shop.gross_in = set()
        [result] = there.connector().push_prices(prices((mug, "52.50")))
        assert (result.outcome, result.field) == ("rejected", "currency")
        assert there.calls("POST") == []

    def test_products_one_by_one_and_what_was_not_sent_is_tried_again(self, there):
        three = [there.shop.variant(sku, "49.90") for sku in "ABC"]
        there.fault(4, done_silently)
        results = there.connector().push_prices(prices(*((one, "9.99") for one in three)))
        assert outcomes(results) == ["applied", "unknown", "retry"]
        there.fault(3, refused)
        with pytest.raises(ChannelDown):
            there.connector().push_prices(prices((three[0], "9.99")))

    def test_an_unknown_variant(self, there):
        mug = there.shop.variant("KUBEK", "49.90")
        results = there.connector().push_prices(prices(("variant_01NOBODY", "1"), (mug, "2")))
        assert outcomes(results) == ["rejected", "applied"]
