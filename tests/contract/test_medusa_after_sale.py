"""What is told of orders and what comes back: fulfilments, labels, edits, statuses, returns."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from oms_connector import (
    ChannelDown,
    Conflict,
    NotFound,
    OutcomeUnknown,
    ParcelInfo,
    Refused,
    Shipment,
    Unreadable,
)
from oms_connector.testing.faults import done_silently, error_503, refused

from tests.contract.medusa_shop import LOCATION, MONDAY
from tests.contract.medusa_standin import There


@pytest.fixture
def there():
    there = There()
    yield there
    assert there.violations == []


@pytest.fixture
def goods(there):
    return [there.shop.variant(sku, stock=50) for sku in ("KUBEK", "TORBA")]


@pytest.fixture
def sold(there, goods):
    """A paid order for two mugs and a bag."""
    mug, bag = goods
    return there.shop.sell((mug, 2), (bag, 1))


def parcel(ref, *numbers, key="k1", lines=None, url=""):
    return Shipment(ref, key, MONDAY, [ParcelInfo("InPost", one, url) for one in numbers],
                    lines or {})


def lines(there, ref):
    return [line["id"] for line in there.shop.orders[ref]["items"]]


def numbers(there, ref):
    return [label["tracking_number"] for one in there.shop.orders[ref]["fulfillments"]
            for label in one["labels"]]


def made(there, ref):
    return there.shop.orders[ref]["fulfillments"]


class TestShipments:
    def test_what_left_is_packed_and_sent_with_its_labels(self, there, sold):
        told = there.connector().push_shipment(parcel(
            sold, "5200001", "5200002", url="https://inpost.example/1"))
        [one] = made(there, sold)
        assert told == one["id"]
        assert [(label["tracking_number"], label["tracking_url"]) for label in one["labels"]] == [
            ("5200001", "https://inpost.example/1"), ("5200002", "https://inpost.example/1")]
        assert there.order(sold).state == "shipped"

    def test_an_address_that_is_none_is_written_as_the_panel_does(self, there, sold):
        there.connector().push_shipment(parcel(sold, "1", url="javascript:alert(1)"))
        assert made(there, sold)[0]["labels"][0]["tracking_url"] == "#"

    def test_a_part_and_later_the_rest(self, there, sold):
        mug, bag = lines(there, sold)
        there.connector().push_shipment(parcel(sold, "A", lines={mug: 1}))
        assert there.order(sold).state == "ready"
        there.connector().push_shipment(parcel(sold, "B", key="k2", lines={mug: 1, bag: 1}))
        assert there.order(sold).state == "shipped"
        assert numbers(there, sold) == ["A", "B"]

    def test_what_was_packed_in_the_panel_is_sent_as_it_was_packed(self, there, sold):
        mug, _ = lines(there, sold)
        packed = there.shop.pack(sold, {mug: 2})
        there.connector().push_shipment(parcel(sold, "A"))
        first, second = made(there, sold)
        assert (first["id"], first["labels"][0]["tracking_number"]) == (packed["id"], "A")
        assert second["shipped_at"]
        assert second["labels"] == []

    def test_what_was_packed_there_for_another_parcel_waits(self, there, sold):
        mug, bag = lines(there, sold)
        packed = there.shop.pack(sold, {mug: 2})
        there.connector().push_shipment(parcel(sold, "A", lines={bag: 1}))
        assert packed["shipped_at"] is None
        assert made(there, sold)[1]["labels"][0]["tracking_number"] == "A"

    def test_what_needs_no_delivery_is_packed_apart(self, there, sold):
        there.shop.orders[sold]["items"][1]["requires_shipping"] = False
        there.connector().push_shipment(parcel(sold, "A"))
        assert [len(one["units"]) for one in made(there, sold)] == [1, 1]
        assert numbers(there, sold) == ["A"]

    def test_a_pair_is_one_unit(self, there):
        there.shop.levels[("iitem_sock", LOCATION["id"])] = {"stocked": 20, "reserved": 0}
        pair = there.shop.variant("SKARPETY", parts=[("iitem_sock", 2)])
        ref = there.shop.sell((pair, 3))
        [line] = lines(there, ref)
        there.shop.pack(ref, {line: 1})
        there.connector().push_shipment(parcel(ref, "A", lines={line: 3}))
        assert there.shop.orders[ref]["items"][0]["shipped"] == 3

    def test_sent_in_the_panel_with_the_same_number(self, there, sold):
        there.shop.ship(sold, "A")
        assert there.connector().push_shipment(parcel(sold, "A")) == made(there, sold)[0]["id"]
        assert numbers(there, sold) == ["A"]

    def test_sent_in_the_panel_without_it(self, there, sold):
        there.shop.ship(sold)
        with pytest.raises(Refused, match="marked as sent"):
            there.connector().push_shipment(parcel(sold, "A"))

    @pytest.mark.parametrize("request_number", [1, 2, 3])
    @pytest.mark.parametrize("strike", [refused, done_silently, error_503])
    def test_said_again_it_goes_on_where_it_stopped(self, there, sold, request_number, strike):
        there.fault(request_number, strike)
        with pytest.raises((ChannelDown, OutcomeUnknown)):
            there.connector().push_shipment(parcel(sold, "A"))
        there.pass_time(60)
        there.connector().push_shipment(parcel(sold, "A"))
        assert len(made(there, sold)) == 1
        assert numbers(there, sold) == ["A"]

    def test_of_two_fulfilments_the_second_is_not_forgotten(self, there, sold):
        there.shop.orders[sold]["items"][1]["requires_shipping"] = False
        there.fault(3, refused)
        with pytest.raises(OutcomeUnknown):
            there.connector().push_shipment(parcel(sold, "A"))
        there.connector().push_shipment(parcel(sold, "A"))
        assert [bool(one["shipped_at"]) for one in made(there, sold)] == [True, True]
        assert numbers(there, sold) == ["A"]

    def test_without_a_number_twice_is_once_too(self, there, sold):
        for _ in range(2):
            there.connector().push_shipment(parcel(sold))
        assert len(made(there, sold)) == 1

    def test_what_cannot_be_told(self, there, sold):
        for ref, kind in (("order_01NOBODY", NotFound), (sold, Refused)):
            with pytest.raises(kind):
                there.connector().push_shipment(parcel(ref, "A", lines={"ordli_x": 1}))
        there.shop.cancel(sold)
        with pytest.raises(Refused, match="called off"):
            there.connector().push_shipment(parcel(sold, "A"))


class TestCancelling:
    def test_a_whole_order_pays_back_and_lets_go_what_was_held(self, there, goods, sold):
        assert there.shop.free(goods[0]) == 48
        there.connector().cancel_order(sold, {}, "broken")
        there.connector().cancel_order(sold, {}, "broken")
        assert there.shop.free(goods[0]) == 50
        assert there.shop.refunded(there.shop.orders[sold]) == Decimal("162.00")

    def test_what_was_only_packed_is_unpacked_first(self, there, goods, sold):
        there.shop.pack(sold, {lines(there, sold)[0]: 2})
        there.connector().cancel_order(sold, {}, "broken")
        assert there.shop.free(goods[0]) == 50
        assert there.order(sold).state == "cancelled"

    def test_what_was_sent_is_not_called_off(self, there, sold):
        there.shop.ship(sold)
        with pytest.raises(Refused, match="sent already"):
            there.connector().cancel_order(sold, {}, "broken")

    def test_units_so_far_in_all_and_each_once(self, there, sold):
        mug, bag = lines(there, sold)
        for _ in range(2):
            there.connector().cancel_order(sold, {mug: 1}, "one broken")
        assert [(line.line_ref, line.quantity) for line in there.order(sold).lines] == [
            (mug, 1), (bag, 1)]
        there.connector().cancel_order(sold, {mug: 2}, "both broken")
        assert [line.line_ref for line in there.order(sold).lines] == [bag]
        for _ in range(2):
            there.connector().cancel_order(sold, {mug: 2, bag: 1}, "all broken")
        assert there.order(sold).state == "cancelled"

    def test_units_that_somebody_took_out_in_the_panel_are_not_ours(self, there, sold):
        mug, bag = lines(there, sold)
        there.shop.edit(sold, {bag: 0})
        there.connector().cancel_order(sold, {mug: 1}, "broken")
        assert [(line.line_ref, line.quantity) for line in there.order(sold).lines] == [(mug, 1)]

    def test_an_edit_of_ours_that_was_left_open_is_begun_anew(self, there, sold):
        mug, _ = lines(there, sold)
        for number in (4, 5, 6):
            there.fault(number, done_silently)
            with pytest.raises((ChannelDown, OutcomeUnknown)):
                there.connector().cancel_order(sold, {mug: 1}, "broken")
        there.connector().cancel_order(sold, {mug: 1}, "broken")
        assert there.order(sold).lines[0].quantity == 1

    def test_somebody_elses_edit_is_waited_for(self, there, sold):
        there.shop.changes[sold] = [{"change_type": "edit", "status": "pending", "actions": [],
                                     "internal_note": None}]
        with pytest.raises(ChannelDown, match="editing"):
            there.connector().cancel_order(sold, {lines(there, sold)[0]: 1}, "broken")

    def test_what_is_not_there(self, there, sold):
        with pytest.raises(Refused, match="no line"):
            there.connector().cancel_order(sold, {"ordli_x": 1}, "broken")
        with pytest.raises(NotFound):
            there.connector().cancel_order("order_01NOBODY", {}, "broken")
        there.shop.orders[sold]["status"] = "completed"
        with pytest.raises(Refused, match="completed"):
            there.connector().cancel_order(sold, {}, "broken")


class TestStatuses:
    @pytest.mark.parametrize("status", ["completed", "archived"])
    def test_words_that_are_statuses(self, there, sold, status):
        seen = there.order(sold).revision
        for _ in range(2):
            there.connector().push_status(sold, status, seen)
        assert there.shop.orders[sold]["status"] == status

    def test_delivered_is_told_of_what_was_sent(self, there, sold):
        with pytest.raises(Refused, match="not sent"):
            there.connector().push_status(sold, "delivered", "")
        there.shop.ship(sold)
        for _ in range(2):
            there.connector().push_status(sold, "delivered", there.order(sold).revision)
        assert there.order(sold).state == "delivered"

    def test_somebody_was_faster(self, there, sold):
        seen = there.order(sold).revision
        there.pass_time()
        there.shop.touch(sold)
        with pytest.raises(Conflict) as conflict:
            there.connector().push_status(sold, "completed", seen)
        assert conflict.value.current == there.order(sold).revision

    def test_another_word(self, there, sold):
        with pytest.raises(Refused):
            there.connector().push_status(sold, "on_the_moon", "")


class TestReturns:
    def returned(self, there, cursor=None):
        page = there.connector().pull_returns(cursor, 50)
        assert not page.more
        return list(page.items), dict(page.cursor)

    def test_a_return_from_asking_to_arriving(self, there, sold):
        there.shop.ship(sold)
        ref = there.shop.ask_back(sold, 1, reason={"label": "Za mały"}, note="Proszę o zwrot")
        [found], cursor = self.returned(there)
        assert (found.external_id, found.order_ref, found.state, found.raw_status) == (
            ref, sold, "announced", "requested")
        [line] = found.lines
        assert (line.line_ref, line.quantity, line.sku) == (lines(there, sold)[0], 1, "KUBEK")
        assert (found.reason, found.buyer_name, found.currency) == (
            "Za mały: Proszę o zwrot", "Ewa Wzorcowa", "PLN")
        there.pass_time(minutes=5)
        there.shop.take_back(ref)
        [found], _ = self.returned(there, cursor)
        assert found.state == "closed"

    @pytest.mark.parametrize(("status", "state"), [
        ("partially_received", "arrived"), ("canceled", "refused")])
    def test_other_ends(self, there, sold, status, state):
        there.shop.returns[there.shop.ask_back(sold)]["status"] = status
        assert self.returned(there)[0][0].state == state

    def test_a_draft_is_none_yet(self, there, sold):
        there.shop.ask_back(sold, status="open")
        assert self.returned(there)[0] == []

    def test_a_new_word_and_a_lost_order_are_kept(self, there, sold):
        there.shop.returns[there.shop.ask_back(sold)]["status"] = "on_the_moon"
        there.shop.returns[there.shop.ask_back(sold)]["order_id"] = "order_01NOBODY"
        found, _ = self.returned(there)
        assert [isinstance(one, Unreadable) for one in found] == [True, True]

    def test_of_another_sales_channel(self, there, sold):
        there.shop.ask_back(sold)
        page = there.connector(sales_channel="Hurt").pull_returns(None, 50)
        assert page.items == []


def test_a_second_key_for_the_same_parcel_is_the_same_parcel(there, sold):
    told = parcel(sold, "A")
    first = there.connector().push_shipment(told)
    assert there.connector().push_shipment(replace(told, key="k2")) == first
