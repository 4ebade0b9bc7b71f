"""Variants as offers, quantities at one location, prices product by product."""

from __future__ import annotations

from decimal import Decimal

import pytest
from oms_connector import AccessRefused, PriceItem, StockItem
from oms_connector.testing import answer
from oms_connector.testing.faults import error_500, error_503, slow_down
from oms_shopify import offers

from tests.contract.shopify_shop import MAIN
from tests.contract.shopify_standin import There


@pytest.fixture
def there():
    there = There()
    yield there
    assert there.violations == []


def stock(ref, quantity, key=None):
    return StockItem(str(ref), "", quantity, 1, key or f"{ref}:{quantity}")


def price(ref, amount, currency="PLN"):
    return PriceItem(str(ref), "", Decimal(amount), currency, 1, f"{ref}:{amount}")


def everything(there, limit=100, **settings):
    found, cursor, more = [], None, True
    while more:
        page = there.connector(**settings).list_offers(cursor, limit)
        found += page.items
        cursor, more = page.cursor, page.more
    return found


class TestListing:
    def test_a_variant_is_named_with_its_product(self, there):
        plain = there.shop.variant("KUBEK", "19.99", 4, barcode="5901234123457")
        sized = there.shop.variant("T-M", "79.00", 0, title="M")
        first, second = everything(there)
        assert (first.offer_ref, first.title, first.sku, first.ean, first.url) == (
            str(plain), "Product KUBEK", "KUBEK", "5901234123457", "")
        assert (first.price, first.currency, first.quantity) == (Decimal("19.99"), "PLN", 4)
        assert (second.offer_ref, second.title, second.quantity) == (
            str(sized), "Product T-M - M", 0)
        assert second.url.startswith("https://")

    @pytest.mark.parametrize(("status", "active"), [
        ("ACTIVE", True), ("UNLISTED", True), ("DRAFT", False), ("ARCHIVED", False)])
    def test_only_what_is_on_sale_is_active(self, there, status, active):
        there.shop.variant("KUBEK", status=status)
        assert everything(there)[0].active is active

    def test_what_is_not_counted_has_no_quantity(self, there):
        there.shop.variant("E-BOOK", stock=None)
        assert everything(there)[0].quantity is None

    def test_the_quantity_is_that_of_our_location(self, there):
        number = there.shop.variant("KUBEK", stock=4)
        there.shop.locations[72] = "Sklep"
        there.shop.variants[number].levels[72] = 50
        assert everything(there, location="Magazyn")[0].quantity == 4
        assert everything(there, location="72")[0].quantity == 50
        del there.shop.variants[number].levels[MAIN]
        assert everything(there, location="Magazyn")[0].quantity == 0

    def test_oversold_shows_none(self, there):
        number = there.shop.variant("KUBEK", stock=1)
        there.shop.variants[number].levels[MAIN] = -3
        assert everything(there)[0].quantity == 0

    def test_a_list_of_very_many_begins_anew_behind_the_number_reached(self, there, monkeypatch):
        monkeypatch.setattr(offers, "LONGEST", 4)
        refs = [str(there.shop.variant(f"V-{number}")) for number in range(11)]
        assert [one.offer_ref for one in everything(there, 2)] == refs
        begun = [call.request.json()["variables"].get("query") for call in there.line.calls]
        assert f"id:>{refs[3]}" in begun


class TestStock:
    def test_absolute_at_our_location_and_nowhere_else(self, there):
        number = there.shop.variant("KUBEK", stock=4)
        there.shop.variants[number].levels[72] = 50
        there.shop.locations[72] = "Sklep"
        [result] = there.connector(location="magazyn").push_stock([stock(number, 7)])
        assert result.outcome == "applied"
        assert there.shop.variants[number].levels == {MAIN: 7, 72: 50}

    def test_items_that_shopify_does_not_take_stop_no_other(self, there):
        refs = [there.shop.variant(f"V-{number}") for number in range(5)]
        there.shop.immutable |= {refs[1], refs[3]}
        results = there.connector().push_stock([stock(ref, 40) for ref in refs])
        assert [one.outcome for one in results] == [
            "applied", "rejected", "applied", "rejected", "applied"]
        assert results[1].code == "NON_MUTABLE_INVENTORY_ITEM"
        assert [there.shop.variants[ref].levels[MAIN] for ref in refs] == [40, 5, 40, 5, 40]

    def test_bad_items_that_are_named_one_after_another_are_told_apart(self, there):
        refs = [there.shop.variant(f"V-{number}") for number in range(5)]
        there.shop.immutable |= {refs[1], refs[3]}
        there.shop.terse = True
        results = there.connector().push_stock([stock(ref, 40) for ref in refs])
        assert [one.outcome for one in results] == [
            "applied", "rejected", "applied", "rejected", "applied"]
        assert [there.shop.variants[ref].levels[MAIN] for ref in refs] == [40, 5, 40, 5, 40]

    def test_what_the_shop_does_not_count_is_counted_from_now_on(self, there):
        number = there.shop.variant("KUBEK", stock=None)
        there.connector().push_stock([stock(number, 3)])
        assert there.shop.variants[number].tracked
        assert there.shop.variants[number].levels[MAIN] == 3

    def test_what_is_not_kept_at_our_location_is_kept_there_from_now_on(self, there):
        number = there.shop.variant("KUBEK")
        there.shop.variants[number].levels.clear()
        [result] = there.connector().push_stock([stock(number, 3)])
        assert result.outcome == "applied"
        assert there.shop.variants[number].levels == {MAIN: 3}

    def test_the_same_key_is_the_same_push_and_another_is_not(self, there):
        number = there.shop.variant("KUBEK")
        for quantity, key, shown in ((3, "a", 3), (9, "b", 9), (3, "a", 9), (3, "c", 3)):
            there.connector().push_stock([stock(number, quantity, key)])
            assert there.shop.variants[number].levels[MAIN] == shown

    def test_a_key_that_failed_before_is_given_up_for_another(self, there):
        number = there.shop.variant("KUBEK")
        there.shop.immutable.add(number)
        assert there.connector().push_stock([stock(number, 3, "a")])[0].outcome == "rejected"
        there.shop.immutable.clear()
        assert there.connector().push_stock([stock(number, 3, "a")])[0].outcome == "applied"

    def test_a_push_that_shopify_still_works_on_is_said_again_later(self, there):
        number = there.shop.variant("KUBEK")
        there.fault(3, lambda request, done: answer(200, {"data": {"inventorySetQuantities": {
            "inventoryAdjustmentGroup": None, "userErrors": [{
                "code": "IDEMPOTENCY_CONCURRENT_REQUEST", "field": None, "message": "?"}]}}}))
        assert there.connector().push_stock([stock(number, 3)])[0].outcome == "retry"

    def test_an_error_that_names_no_item_is_of_all(self, there):
        refs = [there.shop.variant(f"V-{number}") for number in range(2)]
        there.fault(3, lambda request, done: answer(200, {"data": {"inventorySetQuantities": {
            "inventoryAdjustmentGroup": None, "userErrors": [{
                "code": "INVALID_REASON", "field": ["input", "reason"], "message": "?"}]}}}))
        results = there.connector().push_stock([stock(ref, 3) for ref in refs])
        assert {(one.outcome, one.code) for one in results} == {("rejected", "INVALID_REASON")}

    @pytest.mark.parametrize("quantity", [-1, 1.5, True, None])
    def test_what_is_no_quantity_is_rejected(self, there, quantity):
        number = there.shop.variant("KUBEK")
        [result] = there.connector().push_stock([stock(number, quantity)])
        assert (result.outcome, result.field) == ("rejected", "quantity")
        assert there.shop.variants[number].levels[MAIN] == 5

    def test_offers_that_are_not_there_are_rejected_by_name(self, there):
        results = there.connector().push_stock([stock("999", 1), stock("a/b", 1)])
        assert [(one.outcome, one.field) for one in results] == [("rejected", "offer_ref")] * 2

    def test_without_knowing_the_location_nothing_is_pushed(self, there):
        number = there.shop.variant("KUBEK")
        there.shop.locations[72] = "Sklep"
        with pytest.raises(AccessRefused) as refused:
            there.connector().push_stock([stock(number, 7)])
        assert refused.value.field == "location"
        assert there.shop.variants[number].levels[MAIN] == 5

    def test_nothing_to_push_asks_nothing(self, there):
        assert there.connector().push_stock([]) == []
        assert there.connector().push_prices([]) == []
        assert there.line.calls == []


class TestPrices:
    def test_variants_of_a_product_go_together(self, there):
        product = there.shop.next()
        refs = [there.shop.variant(f"T-{size}", product=product, title=size) for size in "SML"]
        other = there.shop.variant("KUBEK")
        results = there.connector().push_prices([price(one, "59.90") for one in (*refs, other)])
        assert [one.outcome for one in results] == ["applied"] * 4
        assert there.asked() == ["PriceOf", "SetPrices", "SetPrices"]
        assert {one.price for one in there.shop.variants.values()} == {Decimal("59.90")}

    def test_a_price_that_is_not_taken_stops_no_other_of_its_product(self, there):
        product = there.shop.next()
        refs = [there.shop.variant(f"T-{size}", product=product) for size in "SML"]
        there.shop.immutable.add(refs[1])
        results = there.connector().push_prices([price(one, "59.90") for one in refs])
        assert [one.outcome for one in results] == ["applied", "rejected", "applied"]
        assert (results[1].code, results[1].field) == ("INVALID_INPUT", "price")

    def test_only_the_shops_own_currency_is_set(self, there):
        number = there.shop.variant("KUBEK", "19.99")
        [result] = there.connector().push_prices([price(number, "5.00", "EUR")])
        assert (result.outcome, result.field) == ("rejected", "currency")
        assert there.shop.variants[number].price == Decimal("19.99")

    def test_a_price_that_comes_back_as_another_was_perhaps_not_set(self, there):
        number = there.shop.variant("KUBEK", "19.99")
        there.fault(2, lambda request, done: type(done())(
            200, {}, done().body.replace(b'"59.9"', b'"60.0"')))
        assert there.connector().push_prices([price(number, "59.90")])[0].outcome == "unknown"

    @pytest.mark.parametrize(("strike", "said"), [
        (error_500, ["applied", "unknown", "retry"]), (error_503, ["applied", "unknown", "retry"]),
        (slow_down, ["applied", "retry", "retry"])])
    def test_a_batch_that_is_cut_short_says_what_is_known_of_each(self, there, strike, said):
        refs = [there.shop.variant(f"V-{number}") for number in range(3)]
        there.fault(3, strike)
        results = there.connector().push_prices([price(one, "59.90") for one in refs])
        assert [one.outcome for one in results] == said
