"""Orders from WooCommerce: seconds, drifting pages, late changes, the bin, drafts and refunds."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from oms_connector import ChannelDown, Order, Unreadable
from oms_woocommerce import pulling

from tests.contract.woocommerce_shop import MONDAY, VAT_ID
from tests.contract.woocommerce_standin import There


@pytest.fixture
def there():
    there = There()
    yield there
    assert there.violations == []


@pytest.fixture
def mug(there):
    return there.shop.product("KUBEK", "19.99", stock=100_000)


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


def at_end(there):
    _, cursor = pulled(there)
    there.pass_time(minutes=10)
    return pulled(there, pulled(there, cursor)[1])[1]


class TestWatermark:
    @pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7])
    def test_pages_of_every_size_lose_nothing(self, there, mug, count):
        made = []
        for _ in range(count):
            made.append(str(there.shop.sell((mug, 1))))
            there.pass_time()
        assert refs(pulled(there, limit=3)[0]) == made

    @pytest.mark.parametrize("limit", [1, 2, 3, 100])
    def test_a_second_with_many_orders_is_read_whole(self, there, mug, limit):
        made = [str(there.shop.sell((mug, 1))) for _ in range(11)]
        there.pass_time(60)
        last = str(there.shop.sell((mug, 1)))
        items, _ = pulled(there, limit=limit)
        assert sorted(refs(items)) == sorted([*made, last])

    def test_a_second_with_more_orders_than_can_be_named_is_read_by_number(
            self, there, mug, monkeypatch):
        monkeypatch.setattr(pulling, "MOST_NAMED", 4)
        made = [str(there.shop.sell((mug, 1))) for _ in range(17)]
        there.pass_time(60)
        later = [str(there.shop.sell((mug, 1))) for _ in range(3)]
        items, _ = pulled(there, limit=3)
        assert set(refs(items)) == {*made, *later}
        assert any("orderby=id" in call.request.url for call in there.line.calls)

    def test_orders_that_leave_such_a_second_while_it_is_read_hide_no_other(
            self, there, mug, monkeypatch):
        monkeypatch.setattr(pulling, "MOST_NAMED", 4)
        made = [there.shop.sell((mug, 1)) for _ in range(17)]
        there.pass_time(60)
        leaving = iter(made)

        def leave():
            if number := next(leaving, None):
                there.shop.set_status(number, "completed")

        items, _ = pulled(there, limit=3, between=leave)
        assert set(refs(items)) == set(map(str, made))

    def test_an_order_that_changes_while_pages_are_read_moves_and_hides_no_other(self, there, mug):
        made = []
        for _ in range(9):
            made.append(there.shop.sell((mug, 1)))
            there.pass_time()
        first = there.connector().pull_orders(None, 3)
        there.pass_time()
        there.shop.set_status(made[0], "completed")
        items, _ = pulled(there, stored(first.cursor), limit=3)
        assert refs(items) == [*map(str, made[3:]), str(made[0])]
        assert items[-1].state == "shipped"

    def test_an_order_that_changes_again_within_the_second_of_its_reading_comes_again(
            self, there, mug):
        number = there.shop.sell((mug, 1))
        _, cursor = pulled(there)
        there.shop.set_status(number, "completed")  # the same second still
        there.pass_time(30)
        (order,), _ = pulled(there, cursor)
        assert order.state == "shipped"

    def test_two_looks_within_a_second_are_one(self, there, mug):
        number = there.shop.sell((mug, 1))
        _, cursor = pulled(there)
        _, cursor = pulled(there, cursor)
        there.shop.set_status(number, "completed")  # the same second still
        there.pass_time(30)
        (order,), _ = pulled(there, cursor)
        assert order.state == "shipped"

    @pytest.mark.parametrize("limit", [2, 3])
    def test_what_the_shop_cannot_load_makes_a_page_short_and_hides_no_other(
            self, there, mug, limit):
        made = []
        for _ in range(9):
            made.append(there.shop.sell((mug, 1)))
            there.pass_time()
        there.shop.unloadable = {made[1], made[5]}
        wanted = [str(one) for one in made if one not in there.shop.unloadable]
        assert refs(pulled(there, limit=limit)[0]) == wanted
        assert refs(swept(there, MONDAY, there.clock.now, limit=limit)) == wanted

    def test_without_the_header_a_full_page_has_more_behind_it(self, there, mug):
        made = [str(there.shop.sell((mug, 1))) for _ in range(7)]
        there.line.every = lambda request, answer: type(got := answer())(got.status, {}, got.body)
        assert sorted(refs(pulled(there, limit=3)[0])) == sorted(made)

    def test_what_was_handed_over_twice_does_not_come_a_third_time(self, there, mug):
        there.shop.sell((mug, 1))
        counts, cursor = [], None
        for _ in range(4):
            items, cursor = pulled(there, cursor)
            counts.append(len(items))
            there.pass_time(30)
        assert counts == [1, 1, 0, 0]

    def test_an_order_that_is_stored_late_with_an_older_stamp_is_not_passed_over(self, there, mug):
        cursor = at_end(there)
        late = there.shop.sell((mug, 1))
        there.shop.hidden[late] = there.clock.now + timedelta(seconds=40)
        there.pass_time(20)
        early = there.shop.sell((mug, 1))
        items, cursor = pulled(there, cursor)
        assert refs(items) == [str(early)]
        there.pass_time(30)
        assert str(late) in refs(pulled(there, cursor)[0])

    def test_a_new_account_is_read_sixty_days_back(self, there, mug):
        there.shop.sell((mug, 1))
        there.pass_time(days=61)
        new = there.shop.sell((mug, 1))
        assert refs(pulled(there)[0]) == [str(new)]

    def test_what_a_plugin_writes_does_not_move_the_stamp_and_is_found_by_asking_again(
            self, there, mug):
        number = there.shop.sell((mug, 1))
        cursor = at_end(there)
        there.shop.keep(number, "_parcel_machine_id", "KRA01A")
        assert pulled(there, cursor)[0] == []
        assert there.connector().manifest.capabilities.updated_misses == {"note"}
        (order,) = there.connector().fetch_orders([str(number)])
        assert order.pickup_point == "KRA01A"

    def test_a_checkout_that_is_being_filled_in_is_no_order(self, there, mug):
        number = there.shop.buy((mug, 1))
        there.shop.orders[number]["status"] = "checkout-draft"
        items, cursor = pulled(there)
        assert items == []
        there.pass_time(30)
        there.shop.pay(number)
        assert refs(pulled(there, cursor)[0]) == [str(number)]

    def test_a_row_whose_moment_cannot_be_read_stops_nothing(self, there, mug):
        made = [there.shop.sell((mug, 1)) for _ in range(5)]
        plain, spoiled = there.standin.wire.order_row, made[1]

        def row(order, dp):
            return plain(order, dp) | (
                {"date_modified_gmt": None} if order["id"] == spoiled else {})

        there.standin.wire.order_row = row
        items, _ = pulled(there, limit=2)
        assert set(refs(items)) == set(map(str, made))

    def test_half_an_answer_is_none(self, there, mug):
        there.shop.sell((mug, 1))
        there.fault(1, lambda request, answer: type(answer())(200, {}, b'[{"id": 1'))
        with pytest.raises(ChannelDown, match="page for people"):
            there.connector().pull_orders(None, 10)


class TestSweep:
    def test_both_ends_of_the_span_belong_to_it(self, there, mug):
        moments = []
        for _ in range(5):
            moments.append((there.clock.now, str(there.shop.sell((mug, 1)))))
            there.pass_time(10)
        items = swept(there, moments[1][0], moments[3][0], limit=2)
        assert refs(items) == [ref for _, ref in moments[1:4]]

    def test_what_lies_in_the_bin_is_cancelled(self, there, mug):
        kept, gone = there.shop.sell((mug, 1)), there.shop.sell((mug, 1))
        cursor = at_end(there)
        there.shop.trash(gone)
        assert pulled(there, cursor)[0] == []  # a list of any status does not show it
        items = swept(there, MONDAY, there.clock.now)
        assert {item.external_id: item.state for item in items} == {
            str(kept): "ready", str(gone): "cancelled"}

    def test_orders_are_fetched_from_the_bin_too(self, there, mug):
        number = there.shop.sell((mug, 1))
        there.shop.trash(number)
        found = there.connector().fetch_orders([str(number), "999", "x-1", str(number)])
        assert [getattr(item, "state", None) for item in found] == [
            "cancelled", None, None, "cancelled"]

    def test_more_than_a_hundred_are_fetched(self, there, mug):
        made = [str(there.shop.sell((mug, 1))) for _ in range(103)]
        assert refs(there.connector().fetch_orders(made)) == made


class TestRefunds:
    def test_units_refunded_before_sending_are_not_wanted_any_more(self, there, mug):
        number = there.shop.sell((mug, 3))
        there.pass_time(60)
        there.shop.refund_units(number, 1, gateway=True)
        (order,), _ = pulled(there)
        (line,) = order.lines
        assert (line.quantity, line.cancelled) == (3, 1)
        assert order.total == Decimal("52.28") == 2 * Decimal("19.99") + order.shipping
        assert [one.amount for one in order.payments] == [Decimal("72.27"), Decimal("-19.99")]

    def test_money_that_nobody_paid_back_yet_is_no_payment(self, there, mug):
        number = there.shop.sell((mug, 3))
        there.shop.refund_units(number, 1)
        (order,), _ = pulled(there)
        assert [one.amount for one in order.payments] == [Decimal("72.27")]

    def test_a_rebate_before_sending_lowers_the_total_and_takes_no_units(self, there, mug):
        number = there.shop.sell((mug, 3))
        there.shop.refund(number, "5.00", gateway=True)
        (order,), _ = pulled(there)
        assert (order.total, order.discount, order.lines[0].cancelled) == (
            Decimal("67.27"), Decimal("5.00"), 0)

    def test_an_order_called_off_goes_on_saying_what_was_asked_for(self, there, mug):
        number = there.shop.sell((mug, 3))
        there.shop.refund_units(number, 1, gateway=True)
        there.shop.set_status(number, "cancelled")
        (order,), _ = pulled(there)
        assert (order.state, order.lines[0].cancelled, order.total) == (
            "cancelled", 0, Decimal("72.27"))
        assert [one.amount for one in order.payments] == [Decimal("72.27"), Decimal("-19.99")]

    def test_the_shipping_can_be_refunded_with_the_units(self, there, mug):
        number = there.shop.sell((mug, 2))
        line = there.shop.orders[number]["lines"][0]
        there.shop.refund(number, "32.29", [{
            "id": line["id"], "quantity": 1, "refund_total": "16.25",
            "refund_tax": [{"id": VAT_ID, "refund_total": "3.74"}]}])
        (order,), _ = pulled(there)
        left = sum(one.unit_price * (one.quantity - one.cancelled) for one in order.lines)
        assert order.total == Decimal("19.99") == left + order.shipping - order.discount

    def test_refunds_after_sending_leave_the_order_as_it_was(self, there, mug):
        number = there.shop.sell((mug, 3))
        there.shop.set_status(number, "completed")
        there.pass_time(days=2)
        there.shop.refund_units(number, 1, gateway=True)
        (order,), _ = pulled(there)
        assert (order.state, order.lines[0].cancelled, order.total) == (
            "shipped", 0, Decimal("72.27"))
        assert len(order.payments) == 1

    def test_refunds_are_asked_for_only_where_there_are_any(self, there, mug):
        there.shop.sell((mug, 1))
        refunded = there.shop.sell((mug, 2))
        there.shop.refund_units(refunded)
        pulled(there)
        assert [one for one in there.calls() if "refunds" in one] == [
            f"GET /orders/{refunded}/refunds"]


class TestOwnStatuses:
    def test_a_status_of_a_plugin_is_put_aside_until_the_seller_says_what_it_means(
            self, there, mug):
        there.shop.statuses += ["do-grawerowania", "nadane"]
        first, second = there.shop.sell((mug, 1)), there.shop.sell((mug, 1))
        there.shop.set_status(first, "do-grawerowania")
        there.shop.set_status(second, "nadane")
        items, _ = pulled(there)
        assert all(isinstance(item, Unreadable) and item.field == "status" for item in items)
        page = there.connector(ready_statuses="wc-do-grawerowania, inny",
                               shipped_statuses="nadane").pull_orders(None, 10)
        assert {item.external_id: item.state for item in page.items} == {
            str(first): "ready", str(second): "shipped"}


def test_no_hour_of_the_night_with_two_offsets_is_lost(there, mug):
    """The night in which Warsaw's clock goes back: nothing here is by the shop's own time."""
    there.clock.now = there.shop.now = MONDAY.replace(month=10, day=25, hour=0, minute=30)
    made, items, cursor = [], [], None
    for _ in range(5):
        made.append(str(there.shop.sell((mug, 1))))
        there.pass_time(minutes=30)
        found, cursor = pulled(there, cursor)
        items += [item for item in found if isinstance(item, Order)]
        assert found[-1].placed_at == there.clock.now - timedelta(minutes=30)
    assert list(dict.fromkeys(refs(items))) == made
