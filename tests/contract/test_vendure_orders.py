"""Orders from Vendure: stamps that stand still, windows, seconds of SQLite, carts, broken rows."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from oms_connector import ChannelDown, Order, Unreadable

from tests.contract.vendure_shop import MONDAY
from tests.contract.vendure_standin import There


@pytest.fixture
def there():
    there = There()
    yield there
    assert there.violations == []


@pytest.fixture
def mug(there):
    return there.shop.variant("KUBEK", 1999, stock=100_000)


def stored(cursor):
    text = json.dumps(cursor)
    assert len(text) < 4096
    return json.loads(text)


def pulled(there, cursor=None, limit=100, between=lambda: None):
    """All items from a cursor on, and the cursor after them."""
    items = []
    for _ in range(80):
        page = there.connector().pull_orders(cursor, limit)
        assert not (page.more and page.cursor == cursor)
        items += page.items
        cursor = stored(page.cursor)
        if not page.more:
            return items, cursor
        between()
    raise AssertionError("the stream does not end")


def swept(there, since, until, limit=100):
    cursor, items = None, []
    for _ in range(80):
        page = there.connector().sweep_orders(since, until, cursor, limit)
        items += page.items
        cursor = stored(page.cursor)
        if not page.more:
            return items
    raise AssertionError("the sweep does not end")


def refs(items):
    return [item.external_id for item in items]


class TestStream:
    def test_a_cart_that_lay_for_days_comes_when_it_is_placed(self, there, mug):
        """Its ``updatedAt`` is of the cart, long before the cursor."""
        number = there.shop.buy((mug, 1))
        order = there.shop.orders[number]
        order["orderPlacedAt"] = None
        there.pass_time(days=1)
        other = there.shop.buy((mug, 1))
        assert refs(pulled(there)[0]) == [other]
        cursor = pulled(there)[1]
        there.pass_time(days=3)
        order["orderPlacedAt"] = there.clock.now
        assert number in refs(pulled(there, cursor)[0])

    def test_units_called_off_days_later_come_by_the_other_stamp(self, there, mug):
        early = there.shop.buy((mug, 2))
        there.pass_time(days=1)
        there.shop.buy((mug, 1))
        _, cursor = pulled(there)
        there.pass_time(days=1)
        there.shop.cancel(early, {there.shop.orders[early]["lines"][0]["id"]: 1})
        found = {item.external_id: item for item in pulled(there, cursor)[0]}
        assert found[early].lines[0].cancelled == 1

    @pytest.mark.parametrize("act", ["settle", "send", "refund", "modify"])
    def test_what_moves_no_stamp_is_seen_by_fetching(self, there, mug, act):
        number = there.shop.buy((mug, 2), method="przelew", takes=act != "settle")
        stamp = there.shop.orders[number]["updatedAt"]
        there.pass_time(days=1)
        there.shop.buy((mug, 1))
        _, cursor = pulled(there)
        there.pass_time(minutes=10)
        (before,) = there.connector().fetch_orders([number])
        {"settle": lambda: there.shop.settle(number), "send": lambda: there.shop.send(number),
         "refund": lambda: there.shop.refund(number, 100),
         "modify": lambda: there.shop.modify(number, street="Polna 2")}[act]()
        assert there.shop.orders[number]["updatedAt"] == stamp  # the trap itself
        assert number not in refs(pulled(there, cursor)[0])
        (after,) = there.connector().fetch_orders([number])
        assert after != before
        assert after.revision > before.revision

    def test_carts_and_drafts_are_no_orders(self, there, mug):
        cart = there.shop.cart((mug, 1))
        number = there.shop.buy((mug, 1))
        assert refs(pulled(there)[0]) == [number]
        assert there.connector().fetch_orders([cart, number])[0] is None

    def test_of_a_marketplace_the_sellers_orders_come_and_not_their_sum(self, there, mug):
        there.shop.buy((mug, 3), type="Aggregate")
        sellers = [there.shop.buy((mug, 2), type="Seller"), there.shop.buy((mug, 1), type="Seller")]
        assert refs(pulled(there)[0]) == sellers

    @pytest.mark.parametrize("limit", [1, 2, 3, 100])
    def test_a_moment_with_many_orders_is_read_whole(self, there, mug, limit):
        many = [there.shop.buy((mug, 1)) for _ in range(7)]
        assert set(refs(pulled(there, limit=limit)[0])) == set(many)

    def test_what_changes_while_a_window_is_read_comes_in_the_next(self, there, mug):
        numbers = [there.shop.buy((mug, 2)) for _ in range(6)]
        acts = iter((lambda: there.shop.cancel(numbers[0]), lambda: numbers.append(
            there.shop.buy((mug, 1)))))

        def between():
            there.pass_time()
            next(acts, lambda: None)()

        found = {item.external_id: item for item in pulled(there, limit=2, between=between)[0]}
        assert set(found) == set(numbers)
        assert found[numbers[0]].state == "cancelled"

    def test_seconds_of_sqlite_are_text_without_milliseconds(self, there, mug):
        """"09:30:00" is not after "09:30:00.000", so who asks from there loses a second."""
        number = there.shop.buy((mug, 2))
        there.pass_time(minutes=5)
        there.shop.cancel(number)
        there.clock.now = there.shop.orders[number]["updatedAt"]
        since = there.clock.now
        there.shop.orders[number]["orderPlacedAt"] -= timedelta(days=9)
        assert refs(swept(there, since, since)) == [number]

    def test_what_is_stamped_before_it_is_stored_is_not_passed_over(self, there, mug):
        late = there.shop.buy((mug, 1))
        there.shop.hidden[late] = there.clock.now + timedelta(seconds=90)
        there.pass_time(60)
        there.shop.buy((mug, 1))
        _, cursor = pulled(there)
        there.pass_time(60)
        assert late in refs(pulled(there, cursor)[0])

    def test_an_empty_shop_and_a_first_reading_of_sixty_days(self, there, mug):
        assert pulled(there)[0] == []
        old = there.shop.buy((mug, 1))
        there.pass_time(days=70)
        new = there.shop.buy((mug, 1))
        assert refs(pulled(there)[0]) == [new]
        assert refs(there.connector().fetch_orders([old])) == [old]

    def test_at_rest_a_look_is_one_request(self, there, mug):
        there.shop.buy((mug, 1))
        _, cursor = pulled(there)
        before = len(there.line.calls)
        pulled(there, cursor)
        assert len(there.line.calls) == before + 1


class TestSweep:
    def test_both_ends_belong_to_the_span_and_nothing_else(self, there, mug):
        numbers = []
        for _ in range(5):
            numbers.append(there.shop.buy((mug, 1)))
            there.pass_time(minutes=1)
        since, until = MONDAY + timedelta(minutes=1), MONDAY + timedelta(minutes=3)
        assert refs(swept(there, since, until, limit=2)) == numbers[1:4]

    def test_an_order_that_moves_on_while_it_is_swept_hides_no_other(self, there, mug):
        numbers = [there.shop.buy((mug, 2)) for _ in range(4)]
        until = there.clock.now
        there.pass_time(minutes=5)
        page = there.connector().sweep_orders(MONDAY, until, None, 2)
        there.shop.cancel(numbers[0])
        there.shop.orders[numbers[0]]["orderPlacedAt"] -= timedelta(days=1)
        rest = there.connector().sweep_orders(MONDAY, until, page.cursor, 2)
        assert refs(page.items) + refs(rest.items) == numbers


class TestBrokenRows:
    """Vendure answers with no list at all where it fails at one of its rows."""

    def test_one_order_that_the_shop_fails_at_stands_alone(self, there, mug):
        numbers = [there.shop.buy((mug, 1)) for _ in range(3)]
        there.shop.broken.add(numbers[1])
        items, _ = pulled(there)
        assert [type(item) for item in items] == [Order, Unreadable, Order]
        assert items[1].external_id == numbers[1]
        assert "Ewa" not in items[1].raw + items[1].reason
        assert [type(one) for one in there.connector().fetch_orders(numbers)] == [
            Order, Unreadable, Order]

    def test_it_is_read_again_when_the_shop_is_mended(self, there, mug):
        number = there.shop.buy((mug, 1))
        there.shop.broken.add(number)
        _, cursor = pulled(there)
        there.shop.broken.clear()
        assert isinstance(pulled(there, cursor)[0][0], Order)

    def test_a_shop_that_is_away_meanwhile_breaks_nothing(self, there, mug):
        there.shop.broken.add(there.shop.buy((mug, 1)))
        for number in (2, 3, 4):
            there.fault(number, lambda request, answer: type(answer())(503, {}, b""))
            with pytest.raises(ChannelDown):
                there.connector().pull_orders(None, 10)

    def test_an_order_that_is_counted_and_not_there_is_not_unknown(self, there, mug):
        numbers = [there.shop.buy((mug, 1)) for _ in range(2)]
        there.fault(1, lambda request, answer: type(answer())(200, {}, answer().body.replace(
            b'"page": {"totalItems": 2', b'"page": {"totalItems": 3')))
        with pytest.raises(ChannelDown, match="fewer rows"):
            there.connector().fetch_orders(numbers)

    def test_rows_that_are_counted_and_not_there_are_no_empty_list(self, there, mug):
        there.shop.buy((mug, 1))
        there.fault(1, lambda request, answer: type(answer())(
            200, {}, answer().body.replace(b'"totalItems": 1, "items": [', b'"items": [], "x": [')
            .replace(b'"items": []', b'"totalItems": 1, "items": []', 1)))
        with pytest.raises(ChannelDown, match="fewer rows"):
            there.connector().pull_orders(None, 10)


def test_the_beginning_of_the_first_reading_is_a_day_and_not_this_moment(there, mug):
    for _ in range(3):
        there.shop.buy((mug, 1))
    first = there.connector().pull_orders(None, 1).cursor
    there.pass_time(5)
    assert there.connector().pull_orders(None, 1).cursor == first
