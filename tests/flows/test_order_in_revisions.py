"""A channel's later versions against what a person changed here meanwhile."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from oms_connector import Payment
from sqlalchemy import func, select

from oms_web.core.actor import SYSTEM, Actor
from oms_web.core.errors import NotAllowedNow
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.checks import Flaw
from oms_web.domain.orders.models import ChannelOrder, Hold, Order
from oms_web.domain.stock.models import Balance
from oms_web.flows import order_cancel, order_edit
from oms_web.flows.order_in import take_in
from tests import factories as make

ANNA = Actor("user", "Anna", 1)
DOBRA = {"name": "Anna Testowa", "street": "Dobra 2", "postcode": "00-001", "city": "Warszawa",
         "country": "PL", "phone": "600100200", "email": "anna@example.test"}


class Desk:
    """One order of 2 TAL and 3 KUB, 10.00 each, as the channel tells it and as we change it."""

    def __init__(self, oms) -> None:
        self.works = oms.works
        self.account, self.ids = make.shop(oms.works, {"TAL": 9, "KUB": 9, "KOC": 9})
        self.told = make.order("A1", {"TAL": 2, "KUB": 3}, shipping=Decimal("5.00"))
        self.hear(self.told)

    def hear(self, order):
        with self.works.writing(SYSTEM) as work:
            result = take_in(work, work.session.merge(self.account), [order])
        assert result.refused == []
        return result

    def say(self, **changes):
        """The channel tells the order anew, with these changes."""
        self.told = replace(self.told, **changes)
        return self.hear(self.told)

    def say_units(self, **units):
        lines = [replace(line, quantity=units.get(line.sku, line.quantity))
                 for line in self.told.lines]
        return self.say(lines=tuple(line for line in lines if line.quantity))

    def do(self, act, *args, **values):
        with self.works.writing(ANNA) as work:
            return act(work, 10001, *args, **values)

    def pack(self):
        self.do(lambda work, id_: orders.set_phase(
            work, orders.lock_order(work.session, id_), "start_packing"))

    @property
    def order(self):
        with self.works.reading(SYSTEM) as work:
            return work.session.get(Order, 10001)

    def lines(self):
        """SKU -> (quantity, cancelled, reserved)."""
        with self.works.reading(SYSTEM) as work:
            return {line.sku: (line.quantity, line.cancelled, line.reserved)
                    for line in orders.order_lines(work.session, 10001)}

    def cancel(self, **units):
        with self.works.reading(SYSTEM) as work:
            by_sku = {line.sku: line.id for line in orders.order_lines(work.session, 10001)}
        self.do(order_cancel.cancel_units, {by_sku[sku]: n for sku, n in units.items()})

    def held(self):
        with self.works.reading(SYSTEM) as work:
            return {hold.kind: hold.detail for hold in work.session.scalars(
                select(Hold).where(Hold.released_at.is_(None)))}

    def reserved(self):
        with self.works.reading(SYSTEM) as work:
            return work.session.scalar(select(func.sum(Balance.reserved)))


@pytest.fixture
def desk(oms):
    return Desk(oms)


def test_a_corrected_address_survives_what_the_channel_says_next(desk):
    desk.do(order_edit.change_address, DOBRA)
    assert desk.say(raw_status="PAID", payments=(
        Payment("P1", Decimal("55.00"), make.NOON, "PayU"),)).refused == []
    assert desk.order.ship_to["street"] == "Dobra 2"
    assert (desk.order.queue, desk.held()) == ("pick", {})


def test_what_only_the_channel_changed_arrives_beside_a_correction(desk):
    desk.do(order_edit.change_address, DOBRA)
    assert desk.say(buyer_note="Dzwonić", carrier="DPD").changed == 1
    assert (desk.order.buyer_note, desk.order.carrier) == ("Dzwonić", "DPD")
    assert desk.order.ship_to["street"] == "Dobra 2"


def test_cancelled_units_do_not_come_back(desk):
    desk.cancel(TAL=2)
    desk.say(raw_status="PACKING")
    assert desk.lines() == {"TAL": (2, 2, 0), "KUB": (3, 0, 3)}
    assert (desk.order.total, desk.reserved()) == (3500, 3)


def test_a_change_beside_cancelled_units_leaves_them_cancelled(desk):
    desk.cancel(TAL=1)
    desk.say_units(KUB=4)
    assert desk.lines() == {"TAL": (2, 1, 1), "KUB": (4, 0, 4)}
    assert desk.order.total == 500 + 1000 + 4000
    assert desk.held() == {}


def test_units_that_the_channel_takes_away_and_gives_back_stay_as_ordered(desk):
    desk.say_units(KUB=1)
    assert desk.lines()["KUB"] == (3, 2, 1)
    desk.say_units(KUB=3)
    assert desk.lines()["KUB"] == (3, 0, 3)
    assert desk.order.total == 5500


def test_a_discount_is_shared_by_what_is_left(desk):
    desk.say(discount=Decimal("10.00"))
    assert desk.order.total == 4500
    desk.cancel(TAL=2)  # 30.00 of 50.00 are left, so is 6.00 of the discount
    assert desk.order.total == 3000 + 500 - 600
    desk.say(shipping=Decimal("7.00"))
    assert (desk.order.total, desk.order.payment_state) == (3000 + 700 - 600, "over")


def test_both_changed_the_address_so_ours_stays_and_the_difference_is_held(desk):
    desk.do(order_edit.change_address, DOBRA)
    desk.say(ship_to=replace(make.WARSAW, street="Nowa 7"))
    assert (desk.order.ship_to["street"], desk.order.queue) == ("Dobra 2", "verify")
    changed = desk.held()["changed"]
    assert (changed["before"]["ship_to"]["street"], changed["after"]["ship_to"]["street"]) == (
        "Dobra 2", "Nowa 7")
    desk.say(raw_status="again")
    assert desk.held()["changed"] == changed
    assert desk.do(order_edit.accept_change) is True
    assert (desk.order.ship_to["street"], desk.order.queue) == ("Nowa 7", "pick")
    desk.say(raw_status="and again")
    assert desk.held() == {}


def test_ours_once_kept_is_not_asked_about_again(desk):
    desk.do(order_edit.change_address, DOBRA)
    desk.say(ship_to=replace(make.WARSAW, street="Nowa 7"))
    desk.do(order_edit.keep_ours)
    desk.say(raw_status="again")
    assert (desk.order.ship_to["street"], desk.held()) == ("Dobra 2", {})


def test_a_held_difference_goes_when_the_channel_agrees_after_all(desk):
    desk.do(order_edit.change_address, DOBRA)
    desk.say(ship_to=replace(make.WARSAW, street="Nowa 7"))
    desk.say(ship_to=replace(make.WARSAW, street="Dobra 2"))
    assert (desk.held(), desk.order.queue) == ({}, "pick")


def test_both_changed_the_units_so_ours_stay_until_somebody_accepts(desk):
    desk.cancel(TAL=1)
    desk.say_units(TAL=4)
    assert desk.lines()["TAL"] == (2, 1, 1)
    assert desk.held()["changed"]["lines"] == {"1": ["Offer TAL", 1, 4]}
    assert desk.do(order_edit.accept_change) is True
    assert desk.lines()["TAL"] == (4, 0, 4)
    assert (desk.order.total, desk.held()) == (4000 + 3000 + 500, {})


def test_what_changes_during_packing_waits_whole_until_it_is_accepted(desk):
    desk.pack()
    desk.say(carrier="DPD")
    desk.say_units(KUB=1)
    added = make.order("A1", {"TAL": 2, "KUB": 1, "KOC": 2}).lines
    desk.say(lines=added)
    changed = desk.held()["changed"]
    assert changed["after"] == {"carrier": "DPD"}
    assert changed["lines"] == {"2": ["Offer KUB", 3, 1], "3": ["Offer KOC", 0, 2]}
    assert (desk.order.carrier, desk.lines()["KUB"]) == ("", (3, 0, 3))
    assert desk.lines()["KOC"] == (2, 2, 0)
    desk.do(order_edit.accept_change)
    assert desk.order.carrier == "DPD"
    assert desk.lines() == {"TAL": (2, 0, 2), "KUB": (3, 2, 1), "KOC": (2, 0, 2)}
    assert (desk.order.total, desk.held()) == (5000 + 500, {})


def test_a_cancellation_during_packing_waits_until_somebody_has_seen_it(desk):
    desk.pack()
    desk.say(state="cancelled")
    assert (desk.order.phase, desk.held()["changed"]["cancels"]) == ("packing", True)
    assert desk.do(order_edit.accept_change) is True
    assert (desk.order.phase, desk.reserved(), desk.held()) == (
        "cancelled", 0, {"refund": {"amount": "55.00 PLN"}})


def test_a_cancellation_that_is_not_accepted_leaves_the_order_as_it_is(desk):
    desk.pack()
    desk.say(state="cancelled")
    desk.do(order_edit.keep_ours)
    assert (desk.order.phase, desk.reserved()) == ("packing", 5)


def test_a_change_that_is_held_outlives_a_cancellation_that_is_taken_back(desk):
    desk.pack()
    desk.say(carrier="DPD")
    desk.say(state="cancelled")
    changed = desk.held()["changed"]
    assert (changed["cancels"], changed["after"]) == (True, {"carrier": "DPD"})
    desk.say(state="ready", raw_status="back")
    changed = desk.held()["changed"]
    assert (changed.get("cancels"), changed["after"]) == (None, {"carrier": "DPD"})
    desk.do(order_edit.accept_change)
    assert (desk.order.phase, desk.order.carrier, desk.held()) == ("packing", "DPD", {})


def test_a_cancellation_that_is_taken_back_holds_nothing_any_more(desk):
    desk.pack()
    desk.say(state="cancelled")
    desk.say(state="ready", raw_status="back")
    assert (desk.order.phase, desk.held()) == ("packing", {})


@pytest.mark.parametrize(("end", "phase"), [
    ({"state": "cancelled"}, "cancelled"),
    ({"state": "shipped", "shipped_at": make.NOON}, "shipped"),
    ({"state": "delivered", "shipped_at": make.NOON}, "done")])
def test_nothing_holds_an_order_that_is_closed_or_has_left(desk, end, phase):
    desk.cancel(TAL=1)
    desk.say_units(TAL=4)
    assert desk.order.queue == "verify"
    desk.say(**end)
    before = desk.lines()
    held = {"refund": {"amount": "75.00 PLN"}} if phase == "cancelled" else {}
    assert (desk.order.phase, desk.held(), desk.reserved()) == (phase, held, 0)
    assert desk.do(order_edit.accept_change) is False
    assert (desk.order.phase, desk.lines()) == (phase, before)


def test_a_change_cannot_be_accepted_once_the_order_is_closed(desk):
    desk.say(state="cancelled")
    desk.do(lambda work, id_: orders.set_hold(work, id_, Flaw("changed", {
        "what": "carrier", "after": {"carrier": "DPD"}})))
    with pytest.raises(NotAllowedNow):
        desk.do(order_edit.accept_change)
    assert desk.order.carrier == ""


def test_a_discount_on_what_costs_nothing_stays_whole(desk):
    free = tuple(replace(line, unit_price=Decimal(0)) for line in desk.told.lines)
    desk.say(lines=free, shipping=Decimal("20.00"), discount=Decimal("5.00"))
    assert (desk.order.total, desk.order.discount_total) == (1500, 500)
    desk.cancel(TAL=1)
    assert (desk.order.total, desk.order.discount_total) == (1500, 500)


def test_a_total_that_the_lines_do_not_add_up_to_is_held_until_they_do(desk):
    desk.say(total=Decimal("54.00"))
    assert desk.held()["totals"] == {"stated": "54.00 PLN", "computed": "55.00 PLN"}
    assert desk.order.total == 5400
    desk.say(total=Decimal("55.00"))
    assert (desk.held(), desk.order.total) == ({}, 5500)


def test_an_order_that_has_left_is_not_changed_any_more(desk):
    desk.say(state="shipped", shipped_at=make.NOON)
    assert desk.say(buyer_note="too late").changed == 0
    assert desk.order.buyer_note == ""


def test_little_is_remembered_of_a_version_and_nothing_of_history(desk):
    desk.hear(make.order("A2", {"TAL": 1}, state="delivered"))
    with desk.works.reading(SYSTEM) as work:
        told = dict(work.session.execute(
            select(ChannelOrder.external_id, ChannelOrder.told)).all())
    assert told["A1"]["units"] == {"1": 2, "2": 3}
    assert told["A2"] == {}
