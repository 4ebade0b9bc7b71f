"""Parcels, states, units called off, returns: told once, whatever fails on the way."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from oms_connector import (
    ChannelDown,
    Conflict,
    NotFound,
    OutcomeUnknown,
    ParcelInfo,
    Refused,
    Shipment,
)
from oms_connector.testing.faults import done_silently, error_502, refused
from oms_vendure import returns

from tests.contract.vendure_standin import There, Vendure

DPD = ("DPD", "0000123456789U", "https://tracktrace.dpd.com.pl/?q=1")


@pytest.fixture
def there():
    there = There()
    yield there
    assert there.violations == []


@pytest.fixture
def mug(there):
    return there.shop.variant("KUBEK", 1999, stock=50)


@pytest.fixture
def order(there, mug):
    number = there.shop.buy((mug, 3))
    there.pass_time(60)
    return number


def left(there, number, *parcels, key="shipment:1", lines=None):
    return Shipment(number, key, there.clock.now, [ParcelInfo(*one) for one in parcels],
                    lines or {}, complete=not lines)


def line_of(there, number):
    return there.shop.orders[number]["lines"][0]["id"]


def parcels_of(there, number):
    return [(one["state"], one["method"], one["trackingCode"],
             sum(line["quantity"] for line in one["lines"]))
            for one in there.shop.orders[number]["fulfillments"]]


class TestParcels:
    def test_a_parcel_with_its_number_is_made_and_sent(self, there, order):
        ref = there.connector().push_shipment(left(there, order, DPD))
        assert parcels_of(there, order) == [("Shipped", "DPD", "0000123456789U", 3)]
        assert ref == there.shop.orders[order]["fulfillments"][0]["id"]
        assert there.shop.orders[order]["state"] == "Shipped"
        (fetched,) = there.connector().fetch_orders([order])
        assert (fetched.state, fetched.shipped_at) == ("shipped", there.clock.now)

    @pytest.mark.parametrize("strike", [done_silently, error_502, refused])
    @pytest.mark.parametrize("number", [1, 2, 3])
    @pytest.mark.parametrize("parcel", [DPD, ("Odbiór", "")])
    def test_whatever_fails_it_is_told_once_in_the_end(self, there, order, strike, number, parcel):
        told = left(there, order, parcel)
        there.fault(number, strike)
        with suppress(ChannelDown, OutcomeUnknown):
            there.connector().push_shipment(told)
        for _ in range(2):
            there.connector().push_shipment(told)
        [(state, _, tracking, units)] = parcels_of(there, order)
        assert (state, tracking, units) == ("Shipped", parcel[1], 3)

    def test_what_broke_between_the_parcel_and_its_state_is_unknown(self, there, order):
        there.fault(3, refused)
        with pytest.raises(OutcomeUnknown):
            there.connector().push_shipment(left(there, order, DPD))

    def test_a_part_leaves_and_the_rest_follows(self, there, order):
        line = line_of(there, order)
        there.connector().push_shipment(left(there, order, DPD, lines={line: 1}))
        assert there.shop.orders[order]["state"] == "PartiallyShipped"
        assert there.connector().fetch_orders([order])[0].state == "ready"
        there.connector().push_shipment(left(there, order, ("DPD", "2"), key="k2"))
        assert [one[2:] for one in parcels_of(there, order)] == [("0000123456789U", 1), ("2", 2)]
        assert there.shop.orders[order]["state"] == "Shipped"

    def test_two_parcels_share_the_one_text_there_is(self, there, order):
        there.connector().push_shipment(left(there, order, DPD, ("InPost", "77")))
        assert parcels_of(there, order) == [("Shipped", "DPD, InPost", "0000123456789U, 77", 3)]

    def test_a_parcel_made_in_the_dashboard_is_only_sent(self, there, order):
        there.shop.fulfil({line_of(there, order): 3}, "DPD", "0000123456789U")
        there.connector().push_shipment(left(there, order, DPD))
        assert [one[0] for one in parcels_of(there, order)] == ["Shipped"]
        assert there.calls("Fulfil") == []

    def test_one_that_was_called_off_there_does_not_count(self, there, order):
        parcel = there.shop.send(order, "0000123456789U")
        there.shop.move_parcel(parcel["id"], "Cancelled")
        there.connector().push_shipment(left(there, order, DPD))
        assert [one[0] for one in parcels_of(there, order)] == ["Cancelled", "Shipped"]

    def test_where_all_is_in_other_parcels_no_number_can_be_added(self, there, order):
        there.shop.send(order, "another")
        with pytest.raises(Refused, match="already in parcels"):
            there.connector().push_shipment(left(there, order, DPD))
        assert len(parcels_of(there, order)) == 1

    def test_before_the_money_is_taken_the_state_stays_and_the_order_is_sent(self, there, mug):
        number = there.shop.buy((mug, 2), method="pobranie", takes=False)
        there.connector().push_shipment(left(there, number, DPD))
        assert there.shop.orders[number]["state"] == "PaymentAuthorized"
        assert there.connector().fetch_orders([number])[0].state == "shipped"

    def test_a_shop_that_counts_fewer_than_are_sent_says_so_in_words(self, there, mug, order):
        there.shop.levels[mug, "1"] = [1, 3]
        with pytest.raises(Refused, match="counts fewer units") as no:
            there.connector().push_shipment(left(there, order, DPD))
        assert no.value.code == "INSUFFICIENT_STOCK_ON_HAND_ERROR"

    def test_an_order_that_was_called_off_is_not_sent(self, there, order):
        there.shop.cancel(order)
        with pytest.raises(Refused, match="cancelled"):
            there.connector().push_shipment(left(there, order, DPD))

    @pytest.mark.parametrize("ref", ["999", "abc"])
    def test_an_order_that_is_not_there(self, there, ref):
        with pytest.raises(NotFound):
            there.connector().push_shipment(left(there, ref, DPD))

    def test_a_cart_is_no_order(self, there, mug):
        with pytest.raises(NotFound):
            there.connector().push_shipment(left(there, there.shop.cart((mug, 1)), DPD))


class TestStatus:
    def test_a_state_is_set_unless_it_is_there(self, there, order):
        for _ in range(2):
            there.connector().push_status(order, "ReadyToPick", "")
        assert there.shop.orders[order]["state"] == "ReadyToPick"
        assert len(there.calls("MoveOrder")) == 1

    @pytest.mark.parametrize("act", ["modify", "refund", "send"])
    def test_an_order_changed_meanwhile_is_a_conflict_though_its_stamp_stood_still(
            self, there, order, act):
        (seen,) = there.connector().fetch_orders([order])
        there.pass_time(5)
        {"modify": lambda: there.shop.modify(order, street="Polna 2"),
         "refund": lambda: there.shop.refund(order, 100),
         "send": lambda: there.shop.send(order)}[act]()
        with pytest.raises(Conflict) as conflict:
            there.connector().push_status(order, "ReadyToPick", seen.revision)
        (now,) = there.connector().fetch_orders([order])
        assert conflict.value.current == now.revision > seen.revision

    def test_a_state_to_which_there_is_no_way(self, there, order):
        with pytest.raises(Refused, match='from "PaymentSettled" to "AddingItems"') as no:
            there.connector().push_status(order, "AddingItems", "")
        assert no.value.code == "ORDER_STATE_TRANSITION_ERROR"


class TestCancelling:
    def test_a_whole_order_with_its_delivery(self, there, mug, order):
        for _ in range(2):
            there.connector().cancel_order(order, {}, "brak towaru")
        assert there.shop.orders[order]["state"] == "Cancelled"
        assert there.shop.total_of(order) == 0
        assert there.shop.levels[mug, "1"] == [50, 0]
        assert len(there.calls("CallOff")) == 1

    def test_units_so_many_in_all_and_no_more_however_often_it_is_told(self, there, order):
        line = line_of(there, order)
        for count in (1, 2, 2, 1):  # the last is late
            there.connector().cancel_order(order, {line: count}, "brak")
        assert there.shop.orders[order]["lines"][0]["quantity"] == 1
        (fetched,) = there.connector().fetch_orders([order])
        assert (fetched.state, fetched.lines[0].quantity, fetched.lines[0].cancelled) == (
            "ready", 3, 2)

    def test_all_units_of_all_lines_are_the_whole_order(self, there, order):
        there.connector().cancel_order(order, {line_of(there, order): 3}, "brak")
        assert there.shop.orders[order]["state"] == "Cancelled"
        assert there.shop.shipping_of(there.shop.orders[order]) == 0

    def test_units_that_the_seller_added_later_count_too(self, there, order):
        there.shop.modify(order, quantity=5)
        there.connector().cancel_order(order, {line_of(there, order): 2}, "brak")
        assert there.shop.orders[order]["lines"][0]["quantity"] == 3

    @pytest.mark.parametrize("count", [0, 2])
    def test_what_was_sent_is_not_called_off(self, there, order, count):
        """Vendure would do it, and put the units back into stock."""
        line = line_of(there, order)
        parcel = there.shop.fulfil({line: 2}, "DPD", "1")
        there.shop.move_parcel(parcel["id"], "Shipped")
        with pytest.raises(Refused, match="sent already"):
            there.connector().cancel_order(order, {line: count} if count else {}, "brak")
        assert there.shop.orders[order]["lines"][0]["quantity"] == 3
        there.connector().cancel_order(order, {line: 1}, "brak")
        assert there.shop.orders[order]["lines"][0]["quantity"] == 2

    def test_a_line_that_is_not_there_is_refused(self, there, order):
        with pytest.raises(Refused, match="12345"):
            there.connector().cancel_order(order, {"12345": 1}, "brak")
        assert there.calls("CallOff") == []


def returned(there, cursor=None, limit=100):
    items = []
    for _ in range(30):
        page = there.connector().pull_returns(cursor, limit)
        items, cursor = [*items, *page.items], dict(page.cursor)
        if not page.more:
            return items, cursor
    raise AssertionError("the returns do not end")


class TestReturns:
    def test_units_called_off_after_they_were_sent_are_a_return(self, there, order):
        there.shop.send(order)
        there.pass_time(days=3)
        there.shop.cancel(order, {line_of(there, order): 2}, reason="za duże")
        (found,), _ = returned(there)
        assert (found.order_ref, found.state, found.reason, found.currency) == (
            order, "closed", "za duże", "PLN")
        assert (found.created_at, found.refunded) == (there.clock.now, None)
        [line] = found.lines
        assert (line.line_ref, line.quantity, line.sku) == (line_of(there, order), 2, "KUBEK")
        (fetched,) = there.connector().fetch_orders([order])
        assert (fetched.state, fetched.lines[0].cancelled) == ("shipped", 0)

    def test_before_sending_they_are_none(self, there, order):
        there.shop.cancel(order, {line_of(there, order): 1})
        there.pass_time()
        there.shop.send(order)
        assert returned(there)[0] == []

    def test_of_units_sent_and_not_sent_those_that_were_not_go_first(self, there, order):
        line = line_of(there, order)
        there.shop.move_parcel(there.shop.fulfil({line: 1}, "DPD", "1")["id"], "Shipped")
        there.pass_time()
        there.shop.cancel(order, {line: 1})
        assert returned(there)[0] == []
        there.shop.cancel(order, {line: 2})
        assert [one.lines[0].quantity for one in returned(there)[0]] == [1]

    def test_one_after_another_each_says_its_own_units(self, there, order):
        line = line_of(there, order)
        there.shop.send(order)
        for _ in range(3):
            there.pass_time(hours=1)
            there.shop.cancel(order, {line: 1})
        items, _ = returned(there)
        assert [one.lines[0].quantity for one in items] == [1, 1, 1]
        assert len({one.external_id for one in items}) == 3
        (fetched,) = there.connector().fetch_orders([order])
        assert fetched.state == "shipped"  # though Vendure calls it "Cancelled" now
        assert there.shop.orders[order]["state"] == "Cancelled"

    def test_a_refund_alone_is_money_and_no_return(self, there, order):
        there.shop.send(order)
        there.shop.refund(order, 500)
        assert returned(there)[0] == []

    @pytest.mark.parametrize("limit", [1, 2, 100])
    def test_later_ones_come_from_the_cursor_on(self, there, mug, limit):
        def sent_and_back():
            number = there.shop.buy((mug, 1))
            there.shop.send(number)
            there.shop.cancel(number)
            return number

        made = [sent_and_back() for _ in range(5)]
        items, cursor = returned(there, limit=limit)
        assert {one.order_ref for one in items} == set(made)
        there.pass_time(days=1)
        later = sent_and_back()
        assert later in [one.order_ref for one in returned(there, cursor)[0]]

    def test_of_the_real_shop(self):
        sample = Path(Vendure.samples) / "one-unit-came-back-and-was-refunded.json"
        [found] = returns.read(json.loads(sample.read_text("utf-8"))["order"])
        assert [(line.sku[:5], line.quantity) for line in found.lines] == [("KUBEK", 1)]
        assert found.reason == "za duże"
