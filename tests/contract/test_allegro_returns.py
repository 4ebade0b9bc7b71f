"""What buyers send back to an Allegro seller: new returns, changed ones, and pages of them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from oms_connector import (
    ChannelDown,
    ParcelInfo,
    Return,
    ReturnLine,
    Unreadable,
)

from tests.contract.allegro_shop import stamp
from tests.contract.allegro_wire import There


@pytest.fixture
def there():
    there = There()
    yield there
    assert there.violations == []


@pytest.fixture
def order(there):
    """A paid order with two lines."""
    return there.shop.sell((there.shop.offer("KUBEK"), 2), (there.shop.offer("TALERZ"), 1))


def returned(there, cursor, limit=100):
    items = []
    for _ in range(60):
        page = there.connector().pull_returns(cursor, limit)
        assert not (page.more and page.cursor == cursor)
        items += page.items
        cursor = json.loads(json.dumps(page.cursor))
        if not page.more:
            return items, cursor
    raise AssertionError("the stream does not end")


class TestReturns:
    def test_a_return_says_what_comes_back(self, there, order):
        ref = there.shop.send_back(order, 2)
        there.shop.returns[0]["parcels"] = [
            {"waybill": "AD00R", "carrierId": "ALLEGRO", "transportingWaybill": "628",
             "transportingCarrierId": "INPOST", "createdAt": stamp(there.shop.now)},
            {"waybill": "77", "carrierId": "DPD", "transportingWaybill": None,
             "createdAt": stamp(there.shop.now)}]
        ((entry,), _) = returned(there, None)
        offer = there.shop.forms[order]["lineItems"][0]["offer"]
        assert entry == Return(
            ref, order, there.shop.now, "PLN",
            [ReturnLine("", offer["name"], 2, offer["id"], reason="DONT_LIKE_IT: za duże")],
            raw_status="CREATED", number="1/Z26", buyer_name="ewa_kupuje",
            parcels=[ParcelInfo("INPOST", "628"), ParcelInfo("DPD", "77")],
        )
        assert "PL00" not in entry.raw

    @pytest.mark.parametrize(("status", "state"), [
        ("CREATED", "announced"), ("DISPATCHED", "sent"), ("IN_TRANSIT", "sent"),
        ("DELIVERED", "arrived"), ("WAREHOUSE_VERIFICATION", "arrived"),
        ("FINISHED", "closed"), ("FINISHED_APT", "closed"), ("COMMISSION_REFUNDED", "closed"),
        ("REJECTED", "refused"),
    ])
    def test_states(self, there, order, status, state):
        there.shop.send_back(order, status=status)
        ((entry,), _) = returned(there, None)
        assert (entry.state, entry.raw_status) == (state, status)

    @pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
    def test_pages_of_every_size(self, there, order, count):
        made = [there.shop.send_back(order) for _ in range(count)]
        items, cursor = returned(there, None)
        assert sorted(item.external_id for item in items) == sorted(made)
        more = [there.shop.send_back(order) for _ in range(3)]
        items, cursor = returned(there, cursor)
        assert sorted(item.external_id for item in items) == sorted(made + more)

    def test_the_first_return_ever_is_noticed(self, there, order):
        _, cursor = returned(there, None)
        ref = there.shop.send_back(order)
        items, _ = returned(there, cursor)
        assert [item.external_id for item in items] == [ref]

    def test_a_changed_return_of_these_days_is_noticed_at_once(self, there, order):
        ref = there.shop.send_back(order)
        _, cursor = returned(there, None)
        there.shop.returns[0]["status"] = "DELIVERED"
        (entry,), _ = returned(there, cursor)
        assert (entry.external_id, entry.state) == (ref, "arrived")

    def test_a_changed_return_of_these_weeks_is_noticed_within_half_an_hour(self, there, order):
        ref = there.shop.send_back(order)
        there.shop.pass_time(timedelta(days=20).total_seconds())
        _, cursor = returned(there, None)
        there.shop.returns[0]["status"] = "FINISHED"
        assert returned(there, cursor)[0] == []
        there.shop.pass_time(1801)
        (entry,), cursor = returned(there, cursor)
        assert (entry.external_id, entry.state) == (ref, "closed")
        assert returned(there, cursor)[0] == []

    def test_returns_announced_while_pages_are_read_hide_no_others(self, there, order):
        made = {there.shop.send_back(order) for _ in range(30)}
        items, cursor = [], None
        for _ in range(40):
            page = there.connector().pull_returns(cursor, 7)
            items += page.items
            cursor = json.loads(json.dumps(page.cursor))
            if not page.more:
                break
            made.add(there.shop.send_back(order))
        assert len(items) == len({item.external_id for item in items}) == 30
        later, _ = returned(there, cursor)
        assert {item.external_id for item in items + later} == made

    def test_a_return_without_sense_does_not_stop_the_others(self, there, order):
        for _ in range(2):
            there.shop.send_back(order)
        there.shop.returns[0]["status"] = "LOST_IN_SPACE"
        items, _ = returned(there, None)
        assert [type(item) for item in items] == [Return, Unreadable]

    def test_it_asks_for_the_interface_in_beta_at_its_own_pace(self, there):
        returned(there, None)
        assert {bucket for bucket, _ in there.wire.paced} == {"returns"}
        there.fault("GET /order/customer-returns", 500)
        with pytest.raises(ChannelDown):
            there.connector().pull_returns({}, 10)

    def test_older_returns_than_anybody_may_change_are_not_read_again(self, there, order):
        there.shop.send_back(order)
        _, cursor = returned(there, None)
        there.shop.pass_time(timedelta(days=46).total_seconds())
        assert returned(there, cursor)[0] == []
