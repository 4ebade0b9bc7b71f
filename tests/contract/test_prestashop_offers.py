"""Products and combinations; quantities row by row in one request; prices with tax to the grosz."""

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

from tests.contract.prestashop_standin import There


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


def listed(there, limit=50):
    cursor, found = None, []
    for _ in range(60):
        page = there.connector().list_offers(cursor, limit)
        assert len(page.items) <= limit
        found += page.items
        cursor = dict(page.cursor)
        if not page.more:
            return found
    raise AssertionError("the list does not end")


def outcomes(results):
    return [one.outcome for one in results]


class TestListing:
    @pytest.mark.parametrize("limit", [1, 2, 3, 50])
    def test_each_row_of_stock_is_an_offer_but_the_sums_of_products_with_combinations(
            self, there, limit):
        simple = [there.shop.product(f"P{number}", stock=number) for number in range(4)]
        shirt = there.shop.combinations("Koszulka", "T-S", "T-M", "T-L")
        found = {offer.offer_ref: offer for offer in listed(there, limit)}
        assert sorted(found) == sorted([*map(str, simple),
                                        *(f"{shirt[0]}/{one}" for one in shirt[1:])])
        medium = found[f"{shirt[0]}/{shirt[2]}"]
        assert (medium.title, medium.sku, medium.price, medium.currency) == (
            "Koszulka - M", "T-M", Decimal("79.00"), "PLN")
        assert found[str(simple[3])].quantity == 3

    def test_nothing_on_sale_is_an_empty_list(self, there):
        assert listed(there) == []

    def test_what_lowers_a_price_is_what_buyers_see(self, there):
        number = there.shop.product("A", "49.90")
        there.shop.reductions[number] = Decimal("0.2")
        assert listed(there)[0].price == Decimal("39.92")

    def test_a_half_made_product_and_a_row_of_nothing_are_no_offers(self, there):
        there.shop.product("A", state=0)
        there.shop.stock_row(99999, 0, 5)
        assert listed(there) == []

    def test_what_cannot_be_ordered_is_not_active_and_less_than_none_is_none(self, there):
        there.shop.product("A", active="0", stock=-2)
        there.shop.product("B", available_for_order="0")
        assert [(offer.active, offer.quantity) for offer in listed(there)] == [
            (False, 0), (False, 5)]


class TestStock:
    def test_all_rows_of_a_call_are_written_whole_in_one_request(self, there):
        a, b = there.shop.product("A"), there.shop.product("B")
        shirt = there.shop.combinations("X", "X-S", "X-M")
        there.shop.stock_of(a)["out_of_stock"] = 1
        results = there.connector().push_stock(stock(
            (a, 7), (f"{shirt[0]}/{shirt[1]}", 1), (b, 0), (f"{shirt[0]}/{shirt[2]}", 2)))
        assert outcomes(results) == ["applied"] * 4
        assert there.calls() == ["GET stock_availables", "PUT stock_availables"]
        assert [there.shop.stock_of(*one)["quantity"] for one in (
            (a,), (b,), (shirt[0], shirt[1]), (shirt[0], shirt[2]), (shirt[0],))] == [7, 0, 1, 2, 3]
        assert there.shop.stock_of(a)["out_of_stock"] == 1  # a PUT empties what it leaves out

    def test_what_can_be_seen_to_be_wrong_is_not_sent_and_stops_no_other(self, there):
        a = there.shop.product("A")
        shirt = there.shop.combinations("X", "X-S")
        depends = there.shop.product("D")
        there.shop.stock_of(depends)["depends_on_stock"] = "1"
        results = there.connector().push_stock(stock(
            (999, 1), ("x/1", 1), (shirt[0], 4), (depends, 4), (f"{a}/5", 1), (a, 2)))
        assert outcomes(results) == ["rejected"] * 5 + ["applied"]
        assert "combinations" in results[2].message
        assert "warehouses" in results[3].message
        assert there.shop.stock_of(shirt[0], shirt[1])["quantity"] == 5

    def test_a_product_that_several_shops_count_wants_the_number_of_the_shop(self, there):
        a = there.shop.product("A")
        other = there.shop.stock_row(a, 0, 3, id_shop=2)
        [result] = there.connector().push_stock(stock((a, 9)))
        assert result.outcome == "rejected"
        assert "Several shops" in result.message
        [result] = there.connector(id_shop="1").push_stock(stock((a, 9)))
        assert result.outcome == "applied"
        assert there.shop.row("stock_availables", other)["quantity"] == 3

    def test_a_row_that_is_refused_all_the_same_stops_no_other(self, there):
        made = [there.shop.product(f"P{number}") for number in range(3)]
        gone = there.shop.stock_of(made[1])["id"]

        def forget(request, answer):
            told = answer()
            del there.shop.tables["stock_availables"][gone]
            return told

        there.fault(1, forget)  # between our look and our word
        results = there.connector().push_stock(stock(*((one, 8) for one in made)))
        assert outcomes(results) == ["applied", "rejected", "applied"]
        assert there.calls("PUT") == ["PUT stock_availables"] * 4
        assert there.shop.stock_of(made[2])["quantity"] == 8

    @pytest.mark.parametrize(("strike", "second"), [
        (refused, "retry"), (slow_down, "retry"), (done_silently, "unknown")])
    def test_one_by_one_what_comes_behind_a_failure_is_not_sent(self, there, strike, second):
        made = [there.shop.product(f"P{number}") for number in range(3)]
        there.line.faults = {2: lambda request, answer: Response(400, {}, b'{"errors":[{"code":85,'
                                                                 b'"message":"no"}]}'), 4: strike}
        results = there.connector().push_stock(stock(*((one, 8) for one in made)))
        assert outcomes(results) == ["applied", second, "retry"]
        assert there.shop.stock_of(made[2])["quantity"] == 5

    def test_a_shop_that_keeps_another_number_is_believed(self, there):
        a = there.shop.product("A", stock=4)
        there.shop.stubborn.add(there.shop.stock_of(a)["id"])
        [result] = there.connector().push_stock(stock((a, 7)))
        assert (result.outcome, result.field) == ("rejected", "quantity")
        assert "4" in result.message

    @pytest.mark.parametrize("quantity", [-1, 1.5, True, "7"])
    def test_what_is_no_quantity_is_not_sent(self, there, quantity):
        a = there.shop.product("A", stock=4)
        [result] = there.connector().push_stock(stock((a, quantity)))
        assert result.outcome == "rejected"
        assert there.calls("PUT") == []

    @pytest.mark.parametrize("strike", [emptied, truncated, error_500, done_silently])
    def test_an_answer_that_says_nothing_is_no_success(self, there, strike):
        a = there.shop.product("A")
        there.fault(2, strike)
        with pytest.raises(OutcomeUnknown):
            there.connector().push_stock(stock((a, 7)))

    def test_an_answer_about_other_rows_is_no_success(self, there):
        a = there.shop.product("A")
        there.fault(2, lambda request, answer: Response(
            200, {}, b'{"stock_availables": [{"id": "1", "quantity": "7"}]}'))
        with pytest.raises(OutcomeUnknown):
            there.connector().push_stock(stock((a, 7)))

    @pytest.mark.parametrize(("strike", "error"), [(refused, ChannelDown),
                                                   (slow_down, RateLimited)])
    def test_a_look_that_fails_has_changed_nothing(self, there, strike, error):
        a = there.shop.product("A")
        there.fault(1, strike)
        with pytest.raises(error):
            there.connector().push_stock(stock((a, 7)))

    def test_nothing_to_send_asks_nothing(self, there):
        assert there.connector().push_stock([]) == []
        assert there.connector().push_prices([]) == []
        assert there.calls() == []


class TestPrices:
    @pytest.mark.parametrize("price", ["0.01", "0.07", "9.99", "19.99", "45", "1234567.89"])
    def test_buyers_see_the_price_to_the_grosz(self, there, price):
        a = there.shop.product("A", "49.90")
        shirt = there.shop.combinations("X", "X-S", "X-M")
        small = f"{shirt[0]}/{shirt[1]}"
        assert outcomes(there.connector().push_prices(prices((a, price), (small, price)))) == [
            "applied", "applied"]
        assert there.shop.seen(a) == there.shop.seen(shirt[0], shirt[1]) == Decimal(price)
        assert there.shop.seen(shirt[0], shirt[2]) == Decimal("79.00")  # its sister stays

    def test_every_grosz_up_to_a_hundred_comes_through(self):
        wrong = [cents for cents in range(1, 10_000)
                 if round((Decimal(cents) / 123).quantize(Decimal("0.000001")) * 123) != cents]
        assert wrong == []

    def test_a_price_that_something_lowers_in_the_shop_is_left_alone(self, there):
        a = there.shop.product("A", "49.90")
        there.shop.reductions[a] = Decimal("0.2")
        [result] = there.connector().push_prices(prices((a, "45")))
        assert (result.outcome, result.field) == ("rejected", "price")
        assert there.shop.seen(a) == Decimal("39.92")
        assert there.calls("PATCH") == []

    def test_a_shop_that_shows_another_price_afterwards_is_believed(self, there):
        a = there.shop.product("A", "49.90")
        there.shop.stubborn.add(a)
        [result] = there.connector().push_prices(prices((a, "45")))
        assert result.outcome == "rejected"
        assert "49.90" in result.message

    def test_what_cannot_be_set_says_why_and_stops_no_other(self, there):
        a, free = there.shop.product("A", "49.90"), there.shop.product("F", "0")
        shirt = there.shop.combinations("X", "X-S")
        results = there.connector().push_prices(prices(
            (999, "1"), ("x", "1"), (shirt[0], "1"), (free, "1"), (f"{a}/{shirt[1]}", "1"),
            (a, "2")))
        assert outcomes(results) == ["rejected"] * 5 + ["applied"]

    def test_a_price_in_another_currency_is_refused(self, there):
        a = there.shop.product("A", "49.90")
        [result] = there.connector().push_prices(prices((a, "10"), currency="EUR"))
        assert (result.outcome, result.field) == ("rejected", "currency")

    @pytest.mark.parametrize("switch", ["old", "rights"])
    def test_a_shop_before_8_or_a_key_without_the_right_says_so(self, there, switch):
        a = there.shop.product("A", "49.90")
        setattr(there.shop, switch, True if switch == "old" else {"products": {"patch"}})
        [result] = there.connector().push_prices(prices((a, "10")))
        assert result.outcome == "rejected"
        assert "PrestaShop 8" in result.message

    def test_a_refused_price_stops_no_other(self, there):
        there.line.looks = False
        a, b = there.shop.product("A", "49.90"), there.shop.product("B", "49.90")
        results = there.connector().push_prices(prices((a, "99999999999999"), (b, "2")))
        assert outcomes(results) == ["rejected", "applied"]
        assert (results[0].code, results[0].field) == ("85", "price")

    def test_what_was_written_and_could_not_be_looked_at_is_unknown(self, there):
        a = there.shop.product("A", "49.90")
        there.fault(5, refused)
        with pytest.raises(OutcomeUnknown):
            there.connector().push_prices(prices((a, "10")))
