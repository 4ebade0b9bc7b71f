"""Orders from PrestaShop: the shop's own time, lists read by place, papers in a dozen places."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from oms_connector import ChannelDown, Order, Unreadable
from oms_prestashop.clock import Clock

from tests.contract.prestashop_shop import CANCELLED, MONDAY, SHIPPED
from tests.contract.prestashop_standin import There

AUTUMN = datetime(2026, 10, 25, tzinfo=UTC)
"""At one o'clock of that day in UTC, clocks in Warsaw go from three to two."""


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


def pulled(there, cursor=None, limit=50, between=lambda: None):
    """All numbers from a cursor on, and the cursor after them."""
    refs = []
    for _ in range(80):
        page = there.connector().pull_orders(cursor, limit)
        assert not (page.more and page.cursor == cursor)
        refs += [item.external_id for item in page.items]
        cursor = stored(page.cursor)
        if not page.more:
            return refs, cursor
        between()
    raise AssertionError("the stream does not end")


def swept(there, since, until, limit=50):
    cursor, refs = None, []
    for _ in range(80):
        page = there.connector().sweep_orders(since, until, cursor, limit)
        refs += [item.external_id for item in page.items]
        cursor = stored(page.cursor)
        if not page.more:
            return refs
    raise AssertionError("the sweep does not end")


def fetched(there, number, **settings) -> Order:
    [order] = there.connector(**settings).fetch_orders([str(number)])
    assert isinstance(order, Order), order
    return order


class TestWatermark:
    @pytest.mark.parametrize("limit", [1, 2, 3, 50])
    def test_a_second_with_many_orders_is_read_whole_and_by_place(self, there, mug, limit):
        made = [str(there.shop.sell((mug, 1))) for _ in range(11)]
        there.pass_time(60)
        made.append(str(there.shop.sell((mug, 1))))
        assert pulled(there, limit=limit)[0] == made

    def test_an_order_that_changes_while_pages_are_read_moves_and_hides_no_other(self, there, mug):
        made = []
        for _ in range(9):
            made.append(there.shop.sell((mug, 1)))
            there.pass_time()
        first = there.connector().pull_orders(None, 3)
        there.pass_time()
        there.shop.set_state(made[0], SHIPPED)
        refs, _ = pulled(there, stored(first.cursor), limit=3)
        assert refs == [*map(str, made[3:]), str(made[0])]

    def test_what_was_handed_over_does_not_come_again_once_its_second_is_over(self, there, mug):
        there.shop.sell((mug, 1))
        counts, cursor = [], None
        for _ in range(4):
            refs, cursor = pulled(there, cursor)
            counts.append(len(refs))
            there.pass_time(30)
        assert counts == [1, 1, 0, 0]

    def test_whether_a_second_is_over_says_the_shops_clock_and_not_ours(self, there, mug):
        there.standin.skew = timedelta(minutes=-10)
        there.shop.now = there.standin.now
        number = there.shop.sell((mug, 1))
        _, cursor = pulled(there)
        there.shop.now = there.standin.now
        there.shop.set_state(number, SHIPPED)  # within the same second
        there.clock.forward(30)
        assert pulled(there, cursor)[0] == [str(number)]

    def test_an_order_that_is_stored_late_with_an_older_stamp_is_not_passed_over(self, there, mug):
        late = there.shop.sell((mug, 1))
        there.shop.hide(late, 40)
        there.pass_time(20)
        there.shop.sell((mug, 1))
        _, cursor = pulled(there)
        there.pass_time(30)
        assert str(late) in pulled(there, cursor)[0]

    def test_a_new_account_is_read_sixty_days_back(self, there, mug):
        there.shop.sell((mug, 1))
        there.pass_time(days=61)
        new = there.shop.sell((mug, 1))
        assert pulled(there)[0] == [str(new)]

    @pytest.mark.parametrize("row", [{"id": None, "date_upd": "2026-11-23 10:30:00"},
                                     {"id": 7, "date_upd": "0000-00-00"}, {"id": 7}, 7])
    def test_a_row_behind_which_nothing_can_be_read_is_a_failure_and_no_end(self, there, row):
        there.fault(2, lambda request, answer: type(answer())(
            200, {}, json.dumps({"orders": [row]}).encode()))
        with pytest.raises(ChannelDown):
            there.connector().pull_orders(None, 50)


class TestTheNightWithTwoHours:
    """From 2:00 to 2:59 the shop's clock shows everything twice."""

    def test_orders_of_the_second_hour_come_though_their_stamps_are_older(self, there, mug):
        there.clock.now = AUTUMN + timedelta(minutes=55)  # 2:55, the first time
        first = there.shop.now = there.clock.now
        early, cursor = str(there.connector() and there.shop.sell((mug, 1))), None
        refs, cursor = pulled(there, cursor)
        assert refs == [early]
        there.pass_time(minutes=20)  # 2:15, the second time
        late = str(there.shop.sell((mug, 1)))
        refs, cursor = pulled(there, cursor)
        assert late in refs
        there.pass_time(minutes=50)  # 3:05
        later = str(there.shop.sell((mug, 1)))
        there.pass_time(10)
        refs, cursor = pulled(there, cursor)
        assert later in refs
        assert pulled(there, cursor)[0] == []
        assert sorted(swept(there, first, there.clock.now)) == sorted([early, late, later])

    def test_a_change_in_the_second_hour_is_not_older_than_one_in_the_first(self, there, mug):
        there.clock.now = AUTUMN - timedelta(hours=1)
        there.connector()
        number = there.shop.buy((mug, 1))
        revisions = [fetched(there, number).revision]
        for minutes, state in ((110, 2), (20, 3), (60, SHIPPED)):  # 2:50, 2:10 again, 3:10
            there.pass_time(minutes=minutes)
            there.shop.set_state(number, state)
            revisions.append(fetched(there, number).revision)
        assert revisions == sorted(revisions)
        assert revisions[1] == revisions[2]  # equally new: what comes last is kept

    @pytest.mark.parametrize(("moment", "since", "until"), [
        (AUTUMN + timedelta(minutes=-5), "01:55:00", "01:55:00"),
        (AUTUMN + timedelta(minutes=20), "02:00:00", "02:20:00"),
        (AUTUMN + timedelta(minutes=80), "02:20:00", "02:59:59"),
        (AUTUMN + timedelta(minutes=125), "03:05:00", "03:05:00")])
    def test_spans_are_widened_to_the_whole_of_that_hour(self, moment, since, until):
        clock = Clock("Europe/Warsaw")
        assert (clock.since(moment)[11:], clock.until(moment)[11:]) == (since, until)

    def test_in_spring_no_hour_is_twice(self):
        clock = Clock("Europe/Warsaw")
        shown = datetime(2026, 3, 29, 2, 30)  # noqa: DTZ001 - left out by clocks
        assert not clock.is_twice(shown)
        assert clock.since(datetime(2026, 3, 29, 1, 0, tzinfo=UTC)) == "2026-03-29 03:00:00"

    def test_a_zone_that_is_not_known_here_is_a_failure(self, there):
        there.shop.rows("configurations", name="PS_TIMEZONE")[0]["value"] = "Europe/Atlantis"
        with pytest.raises(ChannelDown, match="Atlantis"):
            there.connector().pull_orders(None, 10)

    def test_a_shop_elsewhere_writes_its_own_time(self, there, mug):
        there.shop.rows("configurations", name="PS_TIMEZONE")[0]["value"] = "America/New_York"
        number = there.shop.sell((mug, 1))
        there.shop.row("orders", number)["date_add"] = "2026-11-23 04:30:00"
        assert fetched(there, number).placed_at == MONDAY


class TestSweep:
    def test_both_ends_of_the_span_belong_to_it(self, there, mug):
        moments = []
        for _ in range(5):
            moments.append((there.clock.now, str(there.shop.sell((mug, 1)))))
            there.pass_time(10)
        assert swept(there, moments[1][0], moments[3][0], limit=2) == [
            ref for _, ref in moments[1:4]]


class TestFetching:
    def test_what_is_no_number_or_not_there_is_none(self, there, mug):
        number = str(there.shop.sell((mug, 1)))
        found = there.connector().fetch_orders(["x", "999", number, "", "٣", number])
        assert [one and one.external_id for one in found] == [
            None, None, number, None, None, number]

    def test_each_place_is_asked_once_for_all_orders(self, there, mug):
        made = [str(there.shop.sell((mug, 1))) for _ in range(20)]
        there.line.calls.clear()
        assert [one.external_id for one in there.connector().fetch_orders(made)] == made
        assert len(there.calls()) == len(set(there.calls())) == 13

    def test_more_than_fifty_are_fetched(self, there, mug):
        made = [str(there.shop.sell((mug, 1))) for _ in range(53)]
        assert [one.external_id for one in there.connector().fetch_orders(made)] == made

    def test_no_password_no_session_and_no_address_of_a_machine_is_asked_for(self, there, mug):
        number = there.shop.sell((mug, 1))
        fetched(there, number)
        for word in ("passwd", "secure_key", "ip_", "full"):
            assert not any(word in call.request.url for call in there.line.calls
                           if "orders" in call.request.path or "customers" in call.request.path)

    def test_lines_that_change_between_two_requests_are_put_aside_until_next_time(self, there, mug):
        number = there.shop.sell((mug, 1))
        there.shop.row("orders", number)["associations"]["order_rows"].append({"id": 9999})
        [found] = there.connector().fetch_orders([str(number)])
        assert isinstance(found, Unreadable)
        assert found.field == "order_rows"

    def test_a_message_a_tracking_number_and_a_credit_slip_move_no_stamp(self, there, mug):
        number = there.shop.sell((mug, 2))
        pulled(there)
        there.pass_time(60)
        _, cursor = pulled(there)
        there.shop.message(number, "Proszę o czerwony")
        there.shop.slip(number, {there.shop.details_of(number)[0]["id"]: 1})
        assert pulled(there, cursor)[0] == []
        assert there.connector().manifest.capabilities.updated_misses == {
            "refund", "shipment", "note"}
        order = fetched(there, number)
        assert (order.buyer_note, order.lines[0].cancelled) == ("Proszę o czerwony", 1)

    def test_an_address_that_the_buyer_changes_is_a_new_one(self, there, mug):
        number = there.shop.sell((mug, 1))
        there.shop.move(number, city="Gdańsk")
        order = fetched(there, number)
        assert (order.ship_to.city, order.bill_to.city) == ("Gdańsk", "Kraków")

    def test_a_reference_that_would_be_read_as_a_filter_is_not_asked_by(self, there, mug):
        number = there.shop.sell((mug, 1))
        there.shop.row("orders", number)["reference"] = "A|B]"
        order = fetched(there, number)
        assert (order.number, [one.amount for one in order.payments]) == (
            "A|B]", [Decimal("32.29")])
        assert not there.calls("GET order_payments")

    def test_coupons_are_asked_for_only_where_something_was_taken_off(self, there, mug):
        number = there.shop.sell((mug, 1))
        fetched(there, number)
        assert not there.calls("GET order_cart_rules")
        there.shop.add("order_cart_rules", {"id_order": number, "name": "Lato"})
        there.shop.row("orders", number)["total_discounts_tax_incl"] = "1.000000"
        assert fetched(there, number).tags == ("Lato",)
        there.shop.old = True  # PrestaShop 1.7 does not tell their names
        order = fetched(there, number)
        assert (order.tags, order.discount > 0) == ((), True)


class TestOwnStatuses:
    @pytest.mark.parametrize("setting", ["ready_statuses", "shipped_statuses", "waiting_statuses",
                                         "cancelled_statuses"])
    def test_one_that_is_ticked_as_nothing_is_put_aside_until_the_seller_says_what_it_means(
            self, there, mug, setting):
        number = there.shop.sell((mug, 1))
        made = there.shop.state("Do Grawerowania")
        there.shop.set_state(number, made)
        [found] = there.connector().fetch_orders([str(number)])
        assert isinstance(found, Unreadable)
        assert "Do Grawerowania" in found.reason
        meaning = {"ready_statuses": "ready", "shipped_statuses": "shipped",
                   "waiting_statuses": "unpaid", "cancelled_statuses": "cancelled"}[setting]
        for told in (f"Inny, do  grawerowania ,{made + 1}", str(made)):
            assert fetched(there, number, **{setting: told}).state == meaning

    def test_one_that_is_ticked_as_paid_or_sent_speaks_for_itself(self, there, mug):
        number = there.shop.sell((mug, 1))
        there.shop.set_state(number, there.shop.state("Pakowane", paid=1))
        assert fetched(there, number).state == "ready"
        there.shop.set_state(number, there.shop.state("Nadane", paid=1, shipped=1))
        assert fetched(there, number).state == "shipped"

    def test_one_of_a_payment_module_waits_for_money(self, there, mug):
        number = there.shop.buy((mug, 1))
        there.shop.set_state(number, there.shop.state("P24: w toku", module="przelewy24"))
        assert fetched(there, number).state == "unpaid"

    def test_cash_on_delivery_need_not_wait_for_money_unless_its_payment_failed(self, there, mug):
        number = there.shop.buy((mug, 1), method="cod")
        assert (fetched(there, number).state, fetched(there, number).payment_kind) == (
            "ready", "cod")
        there.shop.set_state(number, 8)
        assert fetched(there, number).state == "unpaid"

    def test_on_delivery_what_prestashop_writes_down_as_paid_counts_for_nothing(self, there, mug):
        number = there.shop.buy((mug, 1), method="cod")
        there.shop.set_state(number, 3)
        assert there.shop.rows("order_payments")
        order = fetched(there, number)
        assert (list(order.payments), order.paid, order.state) == ([], False, "ready")


class TestCreditSlips:
    def test_before_sending_they_call_units_off_and_lower_the_total(self, there, mug):
        number = there.shop.sell((mug, 3))
        there.shop.slip(number, {there.shop.details_of(number)[0]["id"]: 1}, shipping="2.30")
        order = fetched(there, number)
        [line] = order.lines
        assert (line.quantity, line.cancelled) == (3, 1)
        assert order.total == Decimal("49.98") == 2 * Decimal("19.99") + order.shipping \
            - order.discount

    def test_after_sending_the_order_stays_as_it_was(self, there, mug):
        number = there.shop.sell((mug, 3))
        there.pass_time(60)
        there.shop.set_state(number, SHIPPED)
        sent = there.clock.now
        there.pass_time(days=2)
        there.shop.slip(number, {there.shop.details_of(number)[0]["id"]: 1})
        order = fetched(there, number)
        assert (order.state, order.lines[0].cancelled, order.total, order.shipped_at) == (
            "shipped", 0, Decimal("72.27"), sent)

    def test_an_order_called_off_goes_on_saying_what_was_asked_for(self, there, mug):
        number = there.shop.sell((mug, 3))
        there.shop.slip(number, {there.shop.details_of(number)[0]["id"]: 1})
        there.shop.set_state(number, CANCELLED)
        order = fetched(there, number)
        assert (order.state, order.lines[0].cancelled, order.total) == (
            "cancelled", 0, Decimal("72.27"))

    def test_money_alone_lowers_the_total_and_takes_no_units(self, there, mug):
        number = there.shop.sell((mug, 1))
        there.shop.slip(number, {}, shipping="12.30")
        order = fetched(there, number)
        assert (order.total, order.lines[0].cancelled) == (Decimal("19.99"), 0)
