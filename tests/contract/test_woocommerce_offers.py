"""Products and variations, quantities and prices: batches, and items refused within a success."""

from __future__ import annotations

from decimal import Decimal

import pytest
from oms_connector import ChannelDown, OutcomeUnknown, PriceItem, RateLimited, Response, StockItem
from oms_connector.testing.faults import (
    done_silently,
    emptied,
    error_500,
    refused,
    slow_down,
    truncated,
)

from tests.contract.woocommerce_standin import There


@pytest.fixture
def there():
    there = There()
    yield there
    assert there.violations == []


def stock(*pairs):
    return [StockItem(str(ref), "", quantity, 1, f"k{number}")
            for number, (ref, quantity) in enumerate(pairs)]


def prices(*pairs, currency="PLN"):
    return [PriceItem(str(ref), "", Decimal(price), currency, 1, f"k{number}")
            for number, (ref, price) in enumerate(pairs)]


def listed(there, limit=100):
    cursor, found = None, []
    for _ in range(50):
        page = there.connector().list_offers(cursor, limit)
        found += page.items
        cursor = dict(page.cursor)
        if not page.more:
            return found
    raise AssertionError("the list does not end")


def outcomes(results):
    return [one.outcome for one in results]


class TestListing:
    @pytest.mark.parametrize("limit", [1, 2, 3, 100])
    def test_products_and_variations_are_listed_once(self, there, limit):
        simple = [there.shop.product(f"P{number}", stock=number) for number in range(4)]
        first = there.shop.variable("Koszulka", "T-S", "T-M", "T-L")
        second = there.shop.variable("Czapka", "C-S")
        there.shop.product("GRUPA", type="grouped")
        there.shop.product("OBCY", type="external")
        found = {offer.offer_ref: offer for offer in listed(there, limit)}
        assert sorted(found) == sorted([
            *map(str, simple), *(f"{first[0]}/{one}" for one in first[1:]),
            f"{second[0]}/{second[1]}"])
        assert found[f"{first[0]}/{first[2]}"].title == "Koszulka - M"
        assert found[str(simple[3])].quantity == 3

    def test_nothing_on_sale_is_an_empty_list(self, there):
        assert listed(there) == []

    def test_what_the_shop_does_not_count_is_unknown_or_none(self, there):
        there.shop.product("USŁUGA", stock=None)
        there.shop.product("BRAK", stock=None, stock_status="outofstock")
        there.shop.product("DŁUG", stock=-2)
        assert [offer.quantity for offer in listed(there)] == [None, 0, 0]

    def test_a_sale_is_what_buyers_see(self, there):
        there.shop.product("A", "49.90", sale_price="39.90")
        (offer,) = listed(there)
        assert (offer.price, offer.currency) == (Decimal("39.90"), "PLN")

    def test_a_draft_is_not_active(self, there):
        there.shop.product("A", status="draft")
        assert [offer.active for offer in listed(there)] == [False]

    def test_a_product_that_is_deleted_while_its_variations_are_read_is_left_out(self, there):
        parent, *parts = there.shop.variable("Koszulka", "T-S", "T-M")
        page = there.connector().list_offers(None, 100)
        for number in (parent, *parts):
            del there.shop.products[number]
        page = there.connector().list_offers(page.cursor, 100)
        assert (list(page.items), page.more) == ([], False)


class TestStock:
    def test_quantities_are_set_in_one_batch_for_products_and_one_for_each_parent(self, there):
        a, b = there.shop.product("A"), there.shop.product("B", stock=None)
        first, second = there.shop.variable("X", "X-S", "X-M"), there.shop.variable("Y", "Y-S")
        there.line.calls.clear()
        results = there.connector().push_stock(stock(
            (a, 7), (f"{first[0]}/{first[1]}", 1), (b, 0), (f"{second[0]}/{second[1]}", 3),
            (f"{first[0]}/{first[2]}", 2)))
        assert outcomes(results) == ["applied"] * 5
        assert there.calls() == ["POST /products/batch",
                                 f"POST /products/{first[0]}/variations/batch",
                                 f"POST /products/{second[0]}/variations/batch"]
        counted = {number: one["stock_quantity"] for number, one in there.shop.products.items()}
        assert [counted[one] for one in (a, b, first[1], first[2], second[1])] == [7, 0, 1, 2, 3]

    def test_a_refused_item_within_a_success_says_why_and_stops_no_other(self, there):
        a, b = there.shop.product("A"), there.shop.product("B")
        results = there.connector().push_stock(stock((a, 7), (999, 1), ("x/1", 1), (b, 2)))
        assert outcomes(results) == ["applied", "rejected", "rejected", "applied"]
        assert results[1].code == "woocommerce_rest_product_invalid_id"
        assert "x/1" in results[2].message

    def test_variations_of_a_product_that_is_not_there_are_refused(self, there):
        a = there.shop.product("A")
        results = there.connector().push_stock(stock((a, 7), ("999/1000", 1)))
        assert outcomes(results) == ["applied", "rejected"]

    def test_a_shop_that_keeps_another_number_is_believed(self, there):
        a = there.shop.product("A", stock=4)
        there.shop.stubborn_products.add(a)
        (result,) = there.connector().push_stock(stock((a, 7)))
        assert (result.outcome, result.field) == ("rejected", "quantity")
        assert "4" in result.message

    @pytest.mark.parametrize("quantity", [-1, 1.5, True, "7"])
    def test_what_is_no_quantity_is_not_sent(self, there, quantity):
        a = there.shop.product("A", stock=4)
        (result,) = there.connector().push_stock(stock((a, quantity)))
        assert result.outcome == "rejected"
        assert there.calls() == []

    def test_more_than_a_batch_takes_goes_in_two(self, there):
        made = [there.shop.product(f"P{number}") for number in range(101)]
        results = there.connector().push_stock(stock(*((one, 3) for one in made)))
        assert outcomes(results) == ["applied"] * 101
        assert len(there.calls("POST")) == 2

    @pytest.mark.parametrize("strike", [emptied, truncated, error_500, done_silently])
    def test_an_answer_that_says_nothing_is_no_success(self, there, strike):
        a = there.shop.product("A")
        there.fault(1, strike)
        with pytest.raises(OutcomeUnknown):
            there.connector().push_stock(stock((a, 7)))

    def test_an_answer_about_other_products_is_no_success(self, there):
        a = there.shop.product("A")
        there.fault(1, lambda request, answer: Response(
            200, {}, b'{"update": [{"id": 1, "stock_quantity": 7}]}'))
        with pytest.raises(OutcomeUnknown, match="other products"):
            there.connector().push_stock(stock((a, 7)))

    @pytest.mark.parametrize(("strike", "error"), [(refused, ChannelDown),
                                                   (slow_down, RateLimited)])
    def test_a_first_batch_that_was_not_sent_says_so(self, there, strike, error):
        a = there.shop.product("A")
        there.fault(1, strike)
        with pytest.raises(error):
            there.connector().push_stock(stock((a, 7)))

    @pytest.mark.parametrize(("strike", "second"), [
        (refused, "retry"), (slow_down, "retry"), (done_silently, "unknown")])
    def test_what_came_before_a_failed_batch_was_done_and_what_comes_behind_was_not_sent(
            self, there, strike, second):
        a = there.shop.product("A")
        first, other = there.shop.variable("X", "X-S"), there.shop.variable("Y", "Y-S")
        there.fault(2, strike)
        results = there.connector().push_stock(stock(
            (a, 7), (f"{first[0]}/{first[1]}", 1), (f"{other[0]}/{other[1]}", 2)))
        assert outcomes(results) == ["applied", second, "retry"]
        assert there.shop.products[other[1]]["stock_quantity"] == 5

    def test_nothing_to_send_asks_nothing(self, there):
        assert there.connector().push_stock([]) == []
        assert there.connector().push_prices([]) == []
        assert there.calls() == []


class TestPrices:
    def test_buyers_see_the_price_whatever_sale_was_on(self, there):
        a = there.shop.product("A", "49.90", sale_price="39.90")
        parent, small = there.shop.variable("X", "X-S")
        results = there.connector().push_prices(prices((a, "45"), (f"{parent}/{small}", "0.07")))
        assert outcomes(results) == ["applied", "applied"]
        assert (there.shop.price_of(a), there.shop.price_of(small)) == ("45.00", "0.07")

    def test_a_price_in_another_currency_is_refused(self, there):
        a = there.shop.product("A", "49.90")
        results = there.connector().push_prices(prices((a, "10"), currency="EUR"))
        assert (results[0].outcome, results[0].field) == ("rejected", "currency")
        assert there.shop.price_of(a) == "49.90"
