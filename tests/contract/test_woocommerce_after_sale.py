"""Parcels, statuses, units called off, returns: told once, whatever fails on the way."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from oms_connector import (
    ChannelDown,
    Conflict,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    ParcelInfo,
    Refused,
    Shipment,
)
from oms_connector.testing.faults import done_silently, error_502, refused

from tests.contract.woocommerce_standin import There


@pytest.fixture
def there():
    there = There()
    yield there
    assert there.violations == []


@pytest.fixture
def mug(there):
    return there.shop.product("KUBEK", "19.99", stock=50)


@pytest.fixture
def order(there, mug):
    number = there.shop.sell((mug, 3))
    there.pass_time(60)
    return number


def left(there, number, *parcels, key="wysyłka:1", complete=True):
    return Shipment(str(number), key, there.clock.now,
                    [ParcelInfo(*one) for one in parcels], {}, complete)


DPD = ("DPD", "0000123456789U", "https://tracktrace.dpd.com.pl/?q=1")


class TestParcels:
    def test_a_parcel_is_a_note_for_the_buyer_and_the_order_is_completed(self, there, order):
        ref = there.connector().push_shipment(left(there, order, DPD))
        (note,) = there.shop.notes[order]
        assert note["note"] == "DPD: 0000123456789U\nhttps://tracktrace.dpd.com.pl/?q=1"
        assert note["customer_note"] is True
        assert ref == str(note["id"])
        assert there.shop.orders[order]["status"] == "completed"
        (fetched,) = there.connector().fetch_orders([str(order)])
        assert fetched.state == "shipped"

    def test_where_the_plugin_is_it_is_told_instead(self, there, order):
        there.shop.tracks = True
        ref = there.connector().push_shipment(left(there, order, DPD))
        (entry,) = there.shop.trackings[order]
        assert (entry["tracking_provider"], entry["tracking_number"], entry["date_shipped"]) == (
            "DPD", "0000123456789U", "2026-11-23")
        assert ref == entry["tracking_id"]
        assert order not in there.shop.notes

    @pytest.mark.parametrize("tracks", [False, True])
    @pytest.mark.parametrize("strike", [done_silently, error_502, refused])
    @pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
    def test_whatever_fails_it_is_told_once_in_the_end(self, there, order, tracks, strike, number):
        there.shop.tracks = tracks
        told = left(there, order, DPD)
        there.fault(number, strike)
        for _ in range(3):
            with suppress(ChannelDown, OutcomeUnknown):
                there.connector().push_shipment(told)
            there.line.faults = {}
        assert there.standin.shipments(str(order)) == ["0000123456789U"]
        assert there.shop.orders[order]["status"] == "completed"

    def test_said_again_with_the_key_it_takes_one_look(self, there, order):
        told = left(there, order, DPD)
        first = there.connector().push_shipment(told)
        there.line.calls.clear()
        assert there.connector().push_shipment(told) == first
        assert there.calls() == [f"GET /orders/{order}"]

    def test_a_key_is_kept_beside_those_of_other_shipments(self, there, order):
        for key, number in (("a", "1111"), ("b", "2222")):
            there.connector().push_shipment(left(there, order, ("GLS", number), key=key,
                                                 complete=key == "b"))
        (kept,) = [one["value"] for one in there.shop.orders[order]["meta_data"]
                   if one["key"] == "_oms_shipment_keys"]
        assert set(kept) == {"a", "b"}
        assert there.standin.shipments(str(order)) == ["1111", "2222"]

    def test_a_part_of_the_order_does_not_complete_it(self, there, order):
        there.connector().push_shipment(left(there, order, DPD, complete=False))
        assert there.shop.orders[order]["status"] == "processing"

    def test_without_a_number_only_the_status_is_told(self, there, order):
        there.connector().push_shipment(left(there, order, ("Odbiór", "")))
        assert order not in there.shop.notes
        assert there.shop.orders[order]["status"] == "completed"

    @pytest.mark.parametrize("status", ["cancelled", "refunded", "trash"])
    def test_an_order_that_was_called_off_is_not_completed(self, there, order, status):
        there.shop.orders[order]["status"] = status
        with pytest.raises(Refused, match=status):
            there.connector().push_shipment(left(there, order, DPD))
        assert there.shop.orders[order]["status"] == status

    def test_what_broke_between_the_note_and_the_status_is_unknown(self, there, order):
        there.fault(5, refused)
        with pytest.raises(OutcomeUnknown):
            there.connector().push_shipment(left(there, order, DPD))

    @pytest.mark.parametrize("ref", ["999", "abc", "1/2"])
    def test_an_order_that_is_not_there(self, there, ref):
        with pytest.raises(NotFound):
            there.connector().push_shipment(left(there, ref, DPD))


class TestStatus:
    def test_a_status_is_set_unless_it_is_there(self, there, order):
        for _ in range(2):
            there.connector().push_status(str(order), "on-hold", "")
        assert there.shop.orders[order]["status"] == "on-hold"
        assert len(there.calls("PUT")) == 1

    def test_an_order_changed_meanwhile_is_a_conflict_with_its_revision(self, there, order):
        (seen,) = there.connector().fetch_orders([str(order)])
        there.pass_time()
        there.shop.touch(order)
        with pytest.raises(Conflict) as conflict:
            there.connector().push_status(str(order), "on-hold", seen.revision)
        (now,) = there.connector().fetch_orders([str(order)])
        assert conflict.value.current == now.revision > seen.revision

    def test_a_status_that_the_shop_does_not_have(self, there, order):
        there.line.looks = False  # the vendor's file knows no statuses of plugins either
        with pytest.raises(Refused) as no:
            there.connector().push_status(str(order), "w-drodze", "")
        assert (no.value.code, no.value.field) == ("rest_invalid_param", "status")


class TestCancelling:
    def test_a_whole_order_by_its_status(self, there, order):
        for _ in range(2):
            there.connector().cancel_order(str(order), {}, "brak towaru")
        assert there.shop.orders[order]["status"] == "cancelled"
        assert there.shop.refunds == {}

    def test_units_by_a_refund_that_moves_neither_money_nor_stock(self, there, mug, order):
        stock = there.shop.products[mug]["stock_quantity"]
        (line,) = there.shop.orders[order]["lines"]
        for _ in range(2):
            there.connector().cancel_order(str(order), {str(line["id"]): 2}, "brak")
        (refund,) = there.shop.refunds.values()
        assert (refund["amount"], refund["reason"]) == (Decimal("39.98"), "brak")
        assert (refund["refunded_payment"], refund["restocked"]) == (False, False)
        assert there.shop.products[mug]["stock_quantity"] == stock
        (fetched,) = there.connector().fetch_orders([str(order)])
        assert fetched.lines[0].cancelled == 2
        assert (fetched.state, fetched.total) == ("ready", Decimal("32.29"))

    def test_more_of_them_later_are_only_those_more(self, there, order):
        (line,) = there.shop.orders[order]["lines"]
        for count in (1, 2):
            there.connector().cancel_order(str(order), {str(line["id"]): count}, "brak")
        assert [one["line_items"][0]["quantity"] for one in there.shop.refunds.values()] == [-1, -1]

    def test_all_units_of_all_lines_are_the_whole_order(self, there, order):
        (line,) = there.shop.orders[order]["lines"]
        there.connector().cancel_order(str(order), {str(line["id"]): 1}, "brak")
        there.connector().cancel_order(str(order), {str(line["id"]): 3}, "brak")
        assert there.shop.orders[order]["status"] == "cancelled"

    def test_no_more_money_than_is_left_is_given_back(self, there, order):
        there.shop.refund(order, "60.00")
        (line,) = there.shop.orders[order]["lines"]
        there.connector().cancel_order(str(order), {str(line["id"]): 2}, "brak")
        assert there.shop.refunded(order) == there.shop.total_of(there.shop.orders[order])

    def test_a_line_that_is_not_there_is_refused(self, there, order):
        with pytest.raises(Refused, match="12345"):
            there.connector().cancel_order(str(order), {"12345": 1}, "brak")

    def test_units_that_were_sent_are_not_called_off(self, there, order):
        there.shop.set_status(order, "completed")
        (line,) = there.shop.orders[order]["lines"]
        for lines in ({str(line["id"]): 1}, {}):
            with pytest.raises(Refused, match="sent already"):
                there.connector().cancel_order(str(order), lines, "brak")
        assert (there.shop.refunds, there.shop.orders[order]["status"]) == ({}, "completed")

    def test_a_refund_that_the_shop_refuses_with_500_is_a_refusal(self, there, order):
        (line,) = there.shop.orders[order]["lines"]
        there.fault(3, lambda request, answer: there.standin.exchange(type(request)(
            request.method, request.url, request.headers,
            request.body.replace(b'"39.98"', b'"999.00"'))))
        with pytest.raises(Refused, match="kwota"):
            there.connector().cancel_order(str(order), {str(line["id"]): 2}, "brak")


def returned(there, cursor=None, limit=100):
    items = []
    for _ in range(30):
        page = there.connector().pull_returns(cursor, limit)
        items += page.items
        cursor = dict(page.cursor)
        if not page.more:
            return items, cursor
    raise AssertionError("the returns do not end")


class TestReturns:
    def test_a_refund_of_units_that_were_sent_is_a_return(self, there, order):
        there.shop.set_status(order, "completed")
        there.pass_time(days=3)
        number = there.shop.refund_units(order, 2, gateway=True, reason="za duże")
        (found,), _ = returned(there)
        (line,) = found.lines
        assert (found.external_id, found.order_ref, found.state) == (
            str(number), str(order), "closed")
        assert (found.refunded, found.reason, found.currency) == (
            Decimal("39.98"), "za duże", "PLN")
        assert (line.line_ref, line.quantity, line.sku) == (
            str(there.shop.orders[order]["lines"][0]["id"]), 2, "KUBEK")
        assert found.created_at == there.shop.refunds[number]["created"]

    def test_refunds_before_sending_and_of_money_only_are_none(self, there, mug, order):
        there.shop.refund_units(order, 1)
        other = there.shop.sell((mug, 1))
        there.shop.set_status(other, "completed")
        there.shop.refund(other, "5.00")
        line = there.shop.orders[other]["lines"][0]["id"]  # money of a line, and none of its units
        there.shop.refund(other, "1.00", [{"id": line, "quantity": 0, "refund_total": "1.00"}])
        assert returned(there)[0] == []

    @pytest.mark.parametrize("limit", [1, 2, 3, 100])
    def test_many_of_one_second_come_all(self, there, mug, limit):
        made = []
        for _ in range(7):
            number = there.shop.sell((mug, 1))
            there.shop.set_status(number, "completed")
            made.append(str(there.shop.refund_units(number)))
        items, cursor = returned(there, limit=limit)
        assert sorted(one.external_id for one in items) == sorted(made)
        there.pass_time(hours=1)
        number = there.shop.sell((mug, 2))
        there.shop.set_status(number, "completed")
        later = there.shop.refund_units(number)
        assert [one.external_id for one in returned(there, cursor)[0]][-1:] == [str(later)]

    def test_an_old_shop_says_that_it_must_be_updated(self, there):
        there.shop.old = True
        with pytest.raises(NotSupported, match=r"9\.0"):
            there.connector().pull_returns(None, 10)
