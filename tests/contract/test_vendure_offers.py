"""Offers, quantities and prices of Vendure: what buyers see is not what lies on the shelf."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from oms_connector import Offer, OutcomeUnknown, PriceItem, StockItem, Unreadable
from oms_connector.testing.faults import done_silently, error_500
from oms_vendure.pushing import nearest, with_tax_of, without_tax

from tests.contract.vendure_standin import There


@pytest.fixture
def there():
    there = There()
    yield there
    assert there.violations == []


def stock(variant, quantity, sku="KUBEK"):
    return StockItem(variant, sku, quantity, 1, f"stock:{variant}:{quantity}")


def price(variant, amount, currency="PLN"):
    return PriceItem(variant, "KUBEK", Decimal(amount), currency, 1, f"price:{variant}")


def pushed(there, *items, **settings):
    return there.connector(**settings).push_stock(items)


def listed(there, limit=100, **settings):
    items, cursor = [], None
    for _ in range(50):
        page = there.connector(**settings).list_offers(cursor, limit)
        items, cursor = [*items, *page.items], page.cursor
        if not page.more:
            return items
    raise AssertionError("the list does not end")


class TestQuantities:
    def test_units_promised_to_orders_are_put_on_the_shelf_beside_ours(self, there):
        mug = there.shop.variant("KUBEK", stock=9)
        there.shop.buy((mug, 4))
        assert pushed(there, stock(mug, 7))[0].outcome == "applied"
        assert there.shop.levels[mug, "1"] == [11, 4]
        assert there.shop.saleable(mug) == 7

    @pytest.mark.parametrize("quantity", [0, 3])
    @pytest.mark.parametrize(("own", "threshold"), [(True, 5), (False, 5), (True, -8), (False, -8)])
    def test_thresholds_are_counted_whoever_sets_them(self, there, own, threshold, quantity):
        there.shop.threshold = 1 if own else threshold
        mug = there.shop.variant("KUBEK", stock=2, outOfStockThreshold=threshold,
                                 useGlobalOutOfStockThreshold=not own)
        assert pushed(there, stock(mug, quantity))[0].outcome == "applied"
        assert there.shop.saleable(mug) == quantity
        assert listed(there)[0].quantity == quantity

    @pytest.mark.parametrize(("flag", "everywhere"), [("FALSE", True), ("INHERIT", False)])
    def test_what_nobody_counted_is_counted_from_now_on(self, there, flag, everywhere):
        there.shop.tracks = everywhere
        mug = there.shop.variant("KUBEK", stock=3, trackInventory=flag)
        assert listed(there)[0].quantity is None
        assert pushed(there, stock(mug, 3))[0].outcome == "applied"
        assert there.shop.variants[mug]["trackInventory"] == "TRUE"
        assert listed(there)[0].quantity == 3

    def test_what_inherits_being_counted_is_left_so(self, there):
        mug = there.shop.variant("KUBEK", trackInventory="INHERIT")
        pushed(there, stock(mug, 3))
        assert there.shop.variants[mug]["trackInventory"] == "INHERIT"

    def test_what_is_right_already_is_not_written(self, there):
        mug = there.shop.variant("KUBEK", stock=3)
        assert pushed(there, stock(mug, 3))[0].outcome == "applied"
        assert there.calls() == ["Counted"]

    def test_one_variant_that_is_gone_does_not_take_the_others_with_it(self, there):
        mug, bag = there.shop.variant("KUBEK"), there.shop.variant("TORBA")
        results = pushed(there, stock(mug, 8), stock("999", 8), stock(bag, 8))
        assert [one.outcome for one in results] == ["applied", "rejected", "applied"]
        assert "999" in results[1].message

    def test_not_even_one_that_goes_between_our_look_and_our_word(self, there):
        mug, bag = there.shop.variant("KUBEK"), there.shop.variant("TORBA")
        there.fault(2, lambda request, answer: there.shop.variants.pop(bag) and answer())
        results = pushed(there, stock(mug, 8), stock(bag, 8))
        assert [one.outcome for one in results] == ["applied", "rejected"]
        assert there.shop.saleable(mug) == 8

    @pytest.mark.parametrize("quantity", [-1, 1.5, True])
    def test_no_half_units_and_none_below_zero(self, there, quantity):
        mug = there.shop.variant("KUBEK", stock=3)
        [result] = pushed(there, replace(stock(mug, 0), quantity=quantity))
        assert (result.outcome, result.field) == ("rejected", "quantity")
        assert there.shop.saleable(mug) == 3

    @pytest.mark.parametrize("strike", [done_silently, error_500])
    def test_a_lost_answer_is_unknown(self, there, strike):
        mug = there.shop.variant("KUBEK", stock=3)
        there.fault(2, strike)
        with pytest.raises(OutcomeUnknown):
            pushed(there, stock(mug, 8))

    def test_a_shop_that_keeps_another_number_is_found_out(self, there):
        mug = there.shop.variant("KUBEK", stock=3)
        there.fault(2, lambda request, answer: type(answer())(200, {}, answer().body.replace(
            b'"stockOnHand": 8', b'"stockOnHand": 5')))
        [result] = pushed(there, stock(mug, 8))
        assert result.outcome == "rejected"
        assert "5" in result.message


class TestPlaces:
    @pytest.fixture
    def two(self, there):
        there.shop.places["2"] = "Magazyn 2"
        return there

    def test_of_several_the_settings_must_say_which(self, two):
        mug = two.shop.variant("KUBEK")
        [result] = pushed(two, stock(mug, 8))
        assert result.outcome == "rejected"
        assert "Default Stock Location, Magazyn 2" in result.message
        [result] = pushed(two, stock(mug, 8), stock_location="Magazyn 3")
        assert "Magazyn 3" in result.message

    @pytest.mark.parametrize("named", ["magazyn 2", "2"])
    def test_ours_is_filled_up_to_what_buyers_should_see_in_all(self, two, named):
        mug = two.shop.variant("KUBEK", stock=3)
        assert pushed(two, stock(mug, 8), stock_location=named)[0].outcome == "applied"
        assert two.shop.levels[mug, "1"] == [3, 0]
        assert two.shop.levels[mug, "2"] == [5, 0]
        assert two.shop.saleable(mug) == 8

    def test_more_at_other_places_than_we_have_is_said_and_not_hidden(self, two):
        mug = two.shop.variant("KUBEK", stock=10)
        [result] = pushed(two, stock(mug, 4), stock_location="Magazyn 2")
        assert result.outcome == "rejected"
        assert "10" in result.message
        assert two.shop.levels[mug, "2"] == [0, 0]

    def test_a_channel_without_any(self, there):
        """Those of the default channel do not count for another one until they are assigned."""
        mug = there.shop.variant("KUBEK")
        there.shop.places.clear()
        [result] = pushed(there, stock(mug, 8))
        assert "assign one to the channel" in result.message


class TestPrices:
    def test_with_tax_as_the_channel_keeps_them(self, there):
        mug = there.shop.variant("KUBEK", 4990)
        [result] = there.connector().push_prices([price(mug, "51.49")])
        assert result.outcome == "applied"
        assert there.shop.variants[mug]["prices"] == {"PLN": 5149}

    def test_without_tax_where_the_channel_keeps_them_so(self, there):
        there.shop.gross = False
        mug = there.shop.variant("KUBEK", 4990)
        [result] = there.connector().push_prices([price(mug, "51.49")])
        assert result.outcome == "applied"
        assert there.shop.variants[mug]["prices"] == {"PLN": 4186}
        assert listed(there)[0].price == Decimal("51.49")

    def test_a_price_that_no_price_without_tax_makes_is_said_with_its_neighbours(self, there):
        there.shop.gross = False
        mug = there.shop.variant("KUBEK", 4990)
        [result] = there.connector().push_prices([price(mug, "1.04")])
        assert (result.outcome, result.field) == ("rejected", "price")
        assert "1.03 and 1.05" in result.message
        assert there.shop.price_of(mug) == 4990

    def test_every_price_is_reached_or_lies_between_its_neighbours(self):
        rate, reached = Decimal(23), 0
        for gross in range(1, 3000):
            net = without_tax(gross, rate)
            if net is None:
                below, above = nearest(gross, rate)
                assert below < gross < above
            else:
                reached += 1
                assert with_tax_of(net, rate) == gross
        assert 0.80 < reached / 2999 < 0.82  # 100 of 123

    def test_in_a_currency_that_the_channel_has_and_in_no_other(self, there):
        mug = there.shop.variant("KUBEK", 4990)
        results = there.connector().push_prices([price(mug, "11.50", "EUR"),
                                                 price(mug, "11.50", "CZK")])
        assert [one.outcome for one in results] == ["applied", "rejected"]
        assert results[1].field == "currency"
        assert there.shop.variants[mug]["prices"] == {"PLN": 4990, "EUR": 1150}

    def test_a_shop_that_counts_finer_than_in_cents(self, there):
        there.shop.precision = 3
        mug = there.shop.variant("KUBEK", 4990)
        there.connector().push_prices([price(mug, "51.49")])
        assert there.shop.variants[mug]["prices"] == {"PLN": 51490}
        assert listed(there)[0].price == Decimal("51.49")


class TestList:
    @pytest.mark.parametrize("limit", [1, 2, 3, 100])
    def test_every_variant_once(self, there, limit):
        made = [there.shop.variant(f"S{number}") for number in range(7)]
        assert [one.offer_ref for one in listed(there, limit)] == made

    def test_what_is_switched_off_is_not_active(self, there):
        there.shop.variant("KUBEK", enabled=False)
        there.shop.variant("TORBA", product={"enabled": False})
        there.shop.variant("MISKA")
        assert [one.active for one in listed(there)] == [False, False, True]

    def test_one_without_a_price_in_the_channel_stands_alone(self, there):
        mug, bag = there.shop.variant("KUBEK"), there.shop.variant("TORBA")
        there.shop.broken.add(mug)
        first, second = listed(there)
        assert isinstance(first, Unreadable)
        assert isinstance(second, Offer)
        assert (first.external_id, second.offer_ref) == (mug, bag)

    def test_a_code_in_a_field_of_the_shops_own(self, there):
        there.line.looks = False
        there.wire.own = ("extend type ProductVariant { customFields: VariantFields }\n"
                          "type VariantFields { ean: String }")
        there.shop.variant("KUBEK", customFields={"ean": " 5901234123457 "})
        assert listed(there, ean_field="ean")[0].ean == "5901234123457"
