"""Parcels, statuses, orders called off, credit slips: told once, whatever fails on the way."""

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

from tests.contract.prestashop_shop import CANCELLED, DELIVERED, REFUNDED, SHIPPED
from tests.contract.prestashop_standin import There


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


def left(there, number, *parcels, complete=True):
    return Shipment(str(number), "wysyłka:1", there.clock.now,
                    [ParcelInfo(*one) for one in parcels], {}, complete)


DPD = ("DPD", "0000123456789U")


class TestParcels:
    def test_the_number_is_written_before_the_status_so_that_the_mail_can_name_it(
            self, there, order):
        ref = there.connector().push_shipment(left(there, order, DPD))
        assert there.shop.trackings_of(order) == ["0000123456789U"]
        assert ref == str(there.shop.rows("order_carriers", id_order=order)[0]["id"])
        assert there.calls("P") == ["PUT order_carriers", "POST order_histories"]
        assert there.shop.mails == [(order, SHIPPED)]
        assert there.connector().fetch_orders([str(order)])[0].state == "shipped"

    def test_a_seller_who_wants_it_quiet_has_no_mails(self, there, order):
        there.connector(quiet="1").push_shipment(left(there, order, DPD))
        assert there.shop.mails == []
        assert there.shop.history_of(order)[-1] == SHIPPED

    def test_a_mail_that_cannot_be_sent_is_told_as_a_failure_and_is_none(self, there, order):
        there.shop.mail_fails = True
        there.connector().push_shipment(left(there, order, DPD))
        assert there.shop.history_of(order).count(SHIPPED) == 1

    def test_a_second_parcel_has_an_entry_of_its_own_beside_the_first(self, there, order):
        there.connector().push_shipment(left(there, order, DPD, ("DPD", "222")))
        assert there.shop.trackings_of(order) == ["0000123456789U", "222"]
        second = there.shop.rows("order_carriers", id_order=order)[1]
        assert Decimal(second["shipping_cost_tax_incl"]) == 0

    def test_an_order_that_a_program_made_has_no_carrier_and_gets_one(self, there, order):
        there.shop.tables["order_carriers"].clear()
        there.connector().push_shipment(left(there, order, DPD))
        assert there.shop.trackings_of(order) == ["0000123456789U"]

    @pytest.mark.parametrize("strike", [done_silently, error_502, refused])
    @pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 7, 8])
    def test_whatever_fails_it_is_told_once_in_the_end(self, there, order, strike, number):
        told = left(there, order, DPD, ("DPD", "222"))
        there.fault(number, strike)
        for _ in range(3):
            with suppress(ChannelDown, OutcomeUnknown):
                there.connector().push_shipment(told)
            there.line.faults = {}
        assert there.shop.trackings_of(order) == ["0000123456789U", "222"]
        assert there.shop.history_of(order).count(SHIPPED) == 1

    def test_what_broke_between_the_number_and_the_status_is_unknown(self, there, order):
        there.fault(6, refused)
        with pytest.raises(OutcomeUnknown):
            there.connector().push_shipment(left(there, order, DPD))

    def test_a_part_of_the_order_does_not_send_it(self, there, order):
        there.connector().push_shipment(left(there, order, DPD, complete=False))
        assert there.shop.history_of(order)[-1] == 2

    def test_the_sellers_own_status_is_set_where_one_is_named(self, there, order):
        made = there.shop.state("Nadane", paid=1, shipped=1)
        there.connector(sent_status="nadane").push_shipment(left(there, order, DPD))
        assert there.shop.history_of(order)[-1] == made
        with pytest.raises(Refused, match="W drodze"):
            there.connector(sent_status="W drodze").push_shipment(left(there, order, DPD))

    def test_a_delivered_order_does_not_go_back_to_sent(self, there, order):
        there.shop.set_state(order, DELIVERED)
        there.connector().push_shipment(left(there, order, DPD))
        assert there.shop.history_of(order)[-1] == DELIVERED

    @pytest.mark.parametrize("state", [CANCELLED, REFUNDED])
    def test_an_order_that_was_called_off_is_not_sent(self, there, order, state):
        there.shop.set_state(order, state)
        with pytest.raises(Refused):
            there.connector().push_shipment(left(there, order, DPD))
        assert there.shop.trackings_of(order) == []

    def test_a_number_that_prestashop_does_not_take_is_a_refusal_with_its_field(
            self, there, order):
        there.line.looks = False
        with pytest.raises(Refused) as no:
            there.connector().push_shipment(left(there, order, ("DPD", "<ąę>")))
        assert no.value.field == "tracking_number"

    @pytest.mark.parametrize("ref", ["999", "abc", "1/2", "٣"])
    def test_an_order_that_is_not_there(self, there, ref):
        with pytest.raises(NotFound):
            there.connector().push_shipment(left(there, ref, DPD))


class TestStatus:
    def test_a_status_is_set_unless_it_is_there(self, there, order):
        for _ in range(2):
            there.connector().push_status(str(order), "3", "")
        assert there.shop.history_of(order)[-2:] == [2, 3]

    def test_an_order_changed_meanwhile_is_a_conflict_with_its_revision(self, there, order):
        [seen] = there.connector().fetch_orders([str(order)])
        there.pass_time()
        there.shop.move(order, city="Gdańsk")
        with pytest.raises(Conflict) as conflict:
            there.connector().push_status(str(order), "3", seen.revision)
        [now] = there.connector().fetch_orders([str(order)])
        assert conflict.value.current == now.revision > seen.revision

    @pytest.mark.parametrize("status", ["99", "Nadane", "", "deleted"])
    def test_a_status_that_the_shop_does_not_have_is_not_sent_as_it_would_fall_over_it(
            self, there, order, status):
        gone = there.shop.state("Stary", paid=1)
        there.shop.row("order_states", gone)["deleted"] = "1"
        with pytest.raises(Refused):
            there.connector().push_status(str(order), str(gone) if status == "deleted" else status,
                                          "")
        assert there.calls("POST") == []


class TestCancelling:
    def test_a_whole_order_by_its_status(self, there, order):
        for _ in range(2):
            there.connector().cancel_order(str(order), {}, "brak towaru")
        assert there.shop.history_of(order).count(CANCELLED) == 1

    def test_some_units_are_not_called_off_and_all_of_them_are_the_order(self, there, order):
        [line] = there.shop.details_of(order)
        with pytest.raises(NotSupported):
            there.connector().cancel_order(str(order), {str(line["id"]): 2}, "brak")
        assert there.calls("POST") == []
        there.connector().cancel_order(str(order), {str(line["id"]): 3}, "brak")
        assert there.shop.history_of(order)[-1] == CANCELLED

    def test_what_was_sent_is_not_called_off(self, there, order):
        there.shop.set_state(order, SHIPPED)
        with pytest.raises(Refused, match="sent already"):
            there.connector().cancel_order(str(order), {}, "brak")


def returned(there, cursor=None, limit=50, **settings):
    items = []
    for _ in range(30):
        page = there.connector(**settings).pull_returns(cursor, limit)
        items += page.items
        cursor = dict(page.cursor)
        if not page.more:
            return items, cursor
    raise AssertionError("the returns do not end")


class TestReturns:
    def test_a_credit_slip_for_units_that_were_sent_is_a_return(self, there, order):
        there.shop.set_state(order, SHIPPED)
        there.pass_time(days=3)
        [line] = there.shop.details_of(order)
        number = there.shop.slip(order, {line["id"]: 2}, shipping="5.00")
        [found], _ = returned(there)
        [back] = found.lines
        assert (found.external_id, found.order_ref, found.state) == (
            str(number), str(order), "closed")
        assert (found.refunded, found.currency, found.buyer_name) == (
            Decimal("44.98"), "PLN", "Ewa Wzorcowa")
        assert (back.line_ref, back.quantity, back.sku) == (str(line["id"]), 2, "KUBEK")
        assert found.created_at == there.clock.now

    def test_slips_before_sending_and_for_money_only_are_none(self, there, mug, order):
        there.shop.slip(order, {there.shop.details_of(order)[0]["id"]: 1})
        other = there.shop.sell((mug, 1))
        there.shop.set_state(other, SHIPPED)
        there.shop.slip(other, {}, shipping="5.00")
        assert returned(there)[0] == []

    def test_a_slip_of_an_order_that_was_deleted_is_none(self, there, order):
        there.shop.set_state(order, SHIPPED)
        there.shop.slip(order, {there.shop.details_of(order)[0]["id"]: 1})
        del there.shop.tables["orders"][order]
        assert returned(there)[0] == []

    def test_what_the_seller_calls_sent_is_sent(self, there, order):
        there.shop.set_state(order, there.shop.state("Nadane"))
        there.shop.slip(order, {there.shop.details_of(order)[0]["id"]: 1})
        assert returned(there)[0] == []
        assert len(returned(there, shipped_statuses="Nadane")[0]) == 1

    @pytest.mark.parametrize("limit", [1, 2, 3, 50])
    def test_many_of_one_second_come_all(self, there, mug, limit):
        made = []
        for _ in range(7):
            number = there.shop.sell((mug, 1))
            there.shop.set_state(number, SHIPPED)
            made.append(str(there.shop.slip(number, {there.shop.details_of(number)[0]["id"]: 1})))
        items, cursor = returned(there, limit=limit)
        assert [one.external_id for one in items] == made
        there.pass_time(hours=1)
        assert returned(there, cursor)[0][-1:] == items[-1:]
