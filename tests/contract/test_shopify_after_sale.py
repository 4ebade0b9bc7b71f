"""Parcels, statuses, calling off and returns: told once, whatever is there already."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from oms_connector import (
    Conflict,
    NotFound,
    OutcomeUnknown,
    ParcelInfo,
    Refused,
    Shipment,
    Unreadable,
)
from oms_connector.testing.faults import error_500, refused
from oms_shopify import parcels

from tests.contract.shopify_shop import MAIN, Back, Work, numbers
from tests.contract.shopify_standin import There


@pytest.fixture
def there():
    there = There()
    there.shop.variant("KUBEK", "10.00", 100)
    there.shop.variant("SPODEK", "5.00", 100)
    yield there
    assert there.violations == []


def sold(there, *counts, paid=True):
    wanted = tuple(zip(there.shop.variants, counts or (2,), strict=False))
    number = there.shop.sell(*wanted) if paid else there.shop.buy(*wanted)
    there.pass_time(60)
    return there.shop.orders[number]


def shipment(there, order, *tracking, key="s1", units=None, at=None):
    lines = {str(line): count for line, count in (units or {
        one.id: one.quantity for one in order.lines}).items()}
    return Shipment(str(order.id), key, at or there.clock.now,
                    [ParcelInfo("InPost", one) for one in tracking], lines)


class TestParcels:
    def push(self, there, told, **settings):
        return there.connector(**settings).push_shipment(told)

    def test_all_parcels_of_a_shipment_in_one_fulfilment(self, there):
        order = sold(there)
        ref = self.push(there, shipment(there, order, "111", "222"))
        [parcel] = order.parcels
        assert ref == str(parcel.id)
        assert numbers(order.parcels) == ["111", "222"]
        assert parcel.tracking[0]["company"] == "Inpost"  # as Shopify writes it
        assert there.shop.sending(order) == "FULFILLED"

    @pytest.mark.parametrize(("setting", "told"), [("1", True), ("", False)])
    def test_buyers_are_mailed_as_the_seller_wants(self, there, setting, told):
        self.push(there, shipment(there, sold(there), "111"), notify=setting)
        body = there.line.calls[-1].request.json()
        assert body["variables"]["fulfillment"]["notifyCustomer"] is told

    def test_parts_of_an_order_leave_one_after_another(self, there):
        order = sold(there, 3)
        line = order.lines[0].id
        for _ in range(2):
            self.push(there, shipment(there, order, "111", units={line: 1}))
            assert there.shop.unsent(order, line) == 2
        assert there.shop.sending(order) == "PARTIALLY_FULFILLED"
        self.push(there, shipment(there, order, "222", key="s2", units={line: 2}))
        assert [one.units for one in order.parcels] == [{line: 1}, {line: 2}]
        self.push(there, shipment(there, order, "111", units={line: 1}))
        assert len(order.parcels) == 2

    def test_without_numbers_the_same_units_of_that_moment_are_the_same_shipment(self, there):
        order = sold(there, 6)
        line = order.lines[0].id
        told = shipment(there, order, units={line: 1})
        for _ in range(2):
            self.push(there, told)
        assert len(order.parcels) == 1
        self.push(there, shipment(there, order, units={line: 2}, key="s2"))
        assert [one.units for one in order.parcels] == [{line: 1}, {line: 2}]
        there.pass_time(hours=2)
        self.push(there, shipment(there, order, key="s3", units={line: 1}))
        assert len(order.parcels) == 3

    def test_each_location_sends_its_own(self, there):
        order = sold(there, 2, 1)
        first, second = (one.id for one in order.lines)
        order.works[0].left.pop(second)
        work = Work(there.shop.next(), 72, {second: 1})
        work.items = {second: there.shop.next()}
        order.works.append(work)
        ref = self.push(there, shipment(there, order, "111"))
        assert len(ref.split(",")) == 2
        assert [one.units for one in order.parcels] == [{first: 2}, {second: 1}]

    def test_cut_short_between_locations_it_goes_on_where_it_stopped(self, there):
        order = sold(there, 2, 1)
        second = order.lines[1].id
        order.works[0].left.pop(second)
        work = Work(there.shop.next(), 72, {second: 1})
        work.items = {second: there.shop.next()}
        order.works.append(work)
        there.fault(3, refused)
        with pytest.raises(OutcomeUnknown):
            self.push(there, shipment(there, order, "111"))
        self.push(there, shipment(there, order, "111"))
        assert [sum(one.units.values()) for one in order.parcels] == [2, 1]

    def test_a_number_typed_in_the_panel_is_there_already(self, there):
        order = sold(there)
        there.shop.fulfil(order.id, tracking=[{"number": "111", "company": "DPD", "url": None}])
        self.push(there, shipment(there, order, "111"))
        assert numbers(order.parcels) == ["111"]

    def test_sent_in_the_panel_without_a_number_it_gets_ours(self, there):
        order = sold(there)
        there.shop.fulfil(order.id)
        self.push(there, shipment(there, order, "111"))
        assert [len(order.parcels), *numbers(order.parcels)] == [1, "111"]

    def test_a_further_number_is_added_to_those_that_are_there(self, there):
        order = sold(there)
        self.push(there, shipment(there, order, "111"))
        self.push(there, shipment(there, order, "111", "222"))
        self.push(there, shipment(there, order, "333", key="s2"))
        assert [len(order.parcels), *numbers(order.parcels)] == [1, "111", "222", "333"]

    @pytest.mark.parametrize(("status", "word"), [
        ("ON_HOLD", "on hold"), ("SCHEDULED", "scheduled")])
    def test_what_shopify_holds_back_does_not_leave(self, there, status, word):
        order = sold(there)
        order.works[0].status = status
        with pytest.raises(Refused, match=word):
            self.push(there, shipment(there, order, "111"))
        assert order.parcels == []

    def test_a_cancelled_order_does_not_leave(self, there):
        order = sold(there)
        there.shop.cancel(order.id)
        with pytest.raises(Refused, match="cancelled"):
            self.push(there, shipment(there, order, "111"))

    def test_an_order_that_is_not_there(self, there):
        for ref in ("999", "gid"):
            with pytest.raises(NotFound):
                self.push(there, Shipment(ref, "s", there.clock.now, []))

    def test_links_are_told_where_all_parcels_have_one(self, there):
        order = sold(there)
        told = Shipment(str(order.id), "s", there.clock.now,
                        [ParcelInfo("DPD", "1", "https://dpd.example/1")])
        assert parcels.tracking(told) == {"numbers": ["1"], "company": "DPD",
                                          "urls": ["https://dpd.example/1"]}


class TestStatus:
    def push(self, there, order, status, revision=None):
        seen = there.connector().fetch_orders([str(order.id)])[0].revision
        there.connector().push_status(str(order.id), status, seen if revision is None else revision)

    def test_there_and_back(self, there):
        order = sold(there)
        for status, is_so in (("IN_PROGRESS", "IN_PROGRESS"), ("ON_HOLD", "ON_HOLD"),
                              ("UNFULFILLED", "OPEN"), ("IN_PROGRESS", "IN_PROGRESS"),
                              ("UNFULFILLED", "OPEN"), ("UNFULFILLED", "OPEN")):
            self.push(there, order, status)
            assert order.works[0].status == is_so

    def test_an_order_that_changed_meanwhile_is_left_alone(self, there):
        order = sold(there)
        with pytest.raises(Conflict) as conflict:
            self.push(there, order, "ON_HOLD", "2026-11-23T09:00:00Z")
        assert conflict.value.current == "2026-11-23T09:30:00Z"
        assert order.works[0].status == "OPEN"

    def test_no_such_status_and_no_way_there(self, there):
        order = sold(there)
        with pytest.raises(Refused, match="LOST"):
            self.push(there, order, "LOST")
        there.shop.fulfil(order.id)
        with pytest.raises(Refused, match="now"):
            self.push(there, order, "ON_HOLD")


class TestCallingOff:
    def cancel(self, there, order, lines=None, reason="brak"):
        told = {str(line): count for line, count in (lines or {}).items()}
        there.connector().cancel_order(str(order.id), told, reason)
        there.shop.work_off()

    def test_a_whole_order_without_money_and_without_stock(self, there):
        order = sold(there)
        before = there.shop.variants[order.lines[0].variant].levels[MAIN]
        self.cancel(there, order)
        assert order.cancelled
        assert there.shop.paid(order) == there.shop.total(order)
        assert there.shop.variants[order.lines[0].variant].levels[MAIN] == before

    def test_said_again_while_shopify_still_works_on_it(self, there):
        order = sold(there)
        connector = there.connector()
        connector.cancel_order(str(order.id), {}, "brak")
        connector.cancel_order(str(order.id), {}, "brak")
        there.shop.work_off()
        assert order.cancelled

    def test_units_are_counted_in_all(self, there):
        order = sold(there, 5)
        line, kept = order.lines[0].id, there.shop.variants[order.lines[0].variant].levels[MAIN]
        for count, left in ((1, 4), (1, 4), (2, 3), (3, 2), (2, 2)):
            self.cancel(there, order, {line: count})
            assert order.lines[0].quantity - order.lines[0].removed == left
        assert there.shop.variants[order.lines[0].variant].levels[MAIN] == kept
        assert there.shop.paid(order) == Decimal("62.30")
        item = there.connector().fetch_orders([str(order.id)])[0]
        assert (item.lines[0].cancelled, item.total) == (3, Decimal("32.30"))

    def test_all_units_are_the_whole_order(self, there):
        order = sold(there, 2, 1)
        self.cancel(there, order, {one.id: one.quantity for one in order.lines})
        assert order.cancelled

    def test_what_is_left_after_a_part_was_sent_is_taken_out(self, there):
        order = sold(there, 3)
        line = order.lines[0].id
        there.shop.fulfil(order.id, {line: 1})
        self.cancel(there, order)
        assert (order.cancelled, order.lines[0].removed) == (None, 2)

    def test_what_was_sent_is_not_called_off(self, there):
        order = sold(there)
        there.shop.fulfil(order.id)
        with pytest.raises(Refused, match="sent already"):
            self.cancel(there, order)

    def test_more_than_there_is_is_refused(self, there):
        order = sold(there, 2, 1)
        for lines in ({order.lines[0].id: 3}, {999: 1}):
            with pytest.raises(Refused, match="no line"):
                self.cancel(there, order, lines)

    def test_an_answer_that_was_lost_takes_no_unit_twice(self, there):
        order = sold(there, 5)
        line = order.lines[0].id
        there.fault(2, error_500)
        with pytest.raises(OutcomeUnknown):
            self.cancel(there, order, {line: 2})
        self.cancel(there, order, {line: 2})
        assert order.lines[0].removed == 2


class TestReturns:
    def pull(self, there, cursor=None):
        found, more = [], True
        while more:
            page = there.connector().pull_returns(cursor, 20)
            found += page.items
            cursor, more = page.cursor, page.more
        return {one.external_id: one for one in found}, cursor

    def sent(self, there, count=3):
        order = sold(there, count)
        there.shop.fulfil(order.id)
        there.pass_time(3600)
        return order

    def test_a_return_says_what_comes_back(self, there):
        order = self.sent(there)
        number = there.shop.request_return(order.id, {order.lines[0].id: 2})
        found, cursor = self.pull(there)
        told = found[str(number)]
        assert (told.order_ref, told.state, told.currency) == (str(order.id), "announced", "PLN")
        [line] = told.lines
        assert (line.line_ref, line.quantity, line.sku, line.offer_ref, line.reason) == (
            str(order.lines[0].id), 2, "KUBEK", str(order.lines[0].variant), "Za małe")
        there.pass_time(60)
        there.shop.close_return(number)
        [told] = self.pull(there, cursor)[0].values()
        assert (told.state, told.refunded) == ("closed", Decimal("20.00"))
        assert told.revision > found[str(number)].revision

    @pytest.mark.parametrize(("status", "processed", "state"), [
        ("REQUESTED", 0, "announced"), ("OPEN", 0, "announced"), ("OPEN", 1, "arrived"),
        ("CLOSED", 1, "closed"), ("DECLINED", 0, "refused"), ("CANCELED", 0, "refused")])
    def test_each_status_has_its_state(self, there, status, processed, state):
        order = self.sent(there)
        number = there.shop.request_return(order.id)
        there.shop.request_return(order.id)  # so that the order is still spoken of
        _, back = there.shop.return_of(number)
        back.status, back.processed = status, processed
        assert self.pull(there)[0][str(number)].state == state

    def test_a_refund_of_what_was_sent_is_a_return_that_is_settled(self, there):
        order = self.sent(there)
        number = there.shop.refund(order.id, {order.lines[0].id: 1}, restock="RETURN",
                                   note="Rozbity")
        told = self.pull(there)[0][f"refund/{number}"]
        assert (told.state, told.refunded, told.reason) == ("closed", Decimal("10.00"), "Rozbity")

    def test_a_refund_before_sending_or_of_money_alone_is_none(self, there):
        order = sold(there, 3)
        there.shop.refund(order.id, {order.lines[0].id: 1})
        there.shop.fulfil(order.id)
        there.pass_time(60)
        there.shop.refund(order.id, {}, "3.00")
        assert self.pull(there)[0] == {}

    def test_orders_without_returns_cost_nothing(self, there):
        for _ in range(3):
            sold(there)
        self.pull(there)
        assert there.asked() == ["Returns"]

    def test_what_came_twice_as_it_is_costs_no_third_time(self, there):
        there.shop.request_return(self.sent(there).id)
        cursor, seen = None, []
        for _ in range(4):
            found, cursor = self.pull(there, cursor)
            seen.append(len(found))
            there.pass_time(60)
        assert seen == [1, 1, 0, 0]
        assert there.asked().count("After") == 2

    def test_a_return_that_makes_no_sense_is_kept_beside_the_others(self, there):
        order = self.sent(there)
        good = there.shop.request_return(order.id)
        there.shop.request_return(order.id)
        order.returns[1].status = "LOST"
        there.line.looks = False  # the vendor knows no such word
        found, _ = self.pull(there)
        assert found[str(good)].state == "announced"
        assert [one.field for one in found.values() if isinstance(one, Unreadable)] == ["status"]

    def test_many_orders_with_returns_come_page_by_page(self, there):
        wanted = set()
        for _ in range(7):
            wanted.add(str(there.shop.request_return(self.sent(there).id)))
        assert set(self.pull(there)[0]) == wanted

    def test_an_exchange_without_units_is_no_return(self, there):
        order = self.sent(there)
        order.returns.append(Back(99, "#1-R1", there.clock.now + timedelta(0), {}, "OPEN"))
        there.shop.touch(order.id)
        assert self.pull(there)[0] == {}
