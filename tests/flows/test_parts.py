"""What stands on an order beside its goods when it is split and joined: holds, notes, money."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from sqlalchemy import select

from oms_web.automation import facts
from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotAllowedNow
from oms_web.domain.messages import values
from oms_web.domain.orders import cancelling, queries
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Hold, Note, Order
from oms_web.domain.orders.verification import kinds
from oms_web.domain.orders.verification import service as verification
from oms_web.domain.orders.verification.examining import Found
from oms_web.domain.orders.verification.models import Finding
from oms_web.flows import order_cancel, order_edit, order_hold, order_split, ship
from oms_web.flows.order_in import take_in
from tests import factories as make
from tests.flows.test_lineage import do, floor, split, units

__all__ = ["floor"]


def told(floor, lines, **values):
    with floor.works.writing(SYSTEM) as work:
        take_in(work, floor.account, [make.order("A", lines, **values)])


def test_what_the_channel_changed_is_decided_before_a_split(floor):
    """Else each part would be offered all of the change."""
    order_id = floor.order("A", {"KUB": 4}, revision="1")
    do(floor, order_cancel.cancel_units, order_id, {floor.line(order_id).id: 1})
    told(floor, {"KUB": 6}, revision="2")
    with pytest.raises(NotAllowedNow, match="Decide first"):
        split(floor, order_id, {1: 1})
    do(floor, order_edit.accept_change, order_id)
    part = split(floor, order_id, {1: 1})
    assert (units(floor, order_id)[1][0], units(floor, part)[1][0]) == (5, 1)
    assert do(floor, order_split.join, part)


def notes(floor, order_id):
    with floor.works.reading(SYSTEM) as work:
        return list(work.session.scalars(
            select(Note.text).where(Note.order_id == order_id).order_by(Note.id)))


def holds(floor, order_id):
    with floor.works.reading(SYSTEM) as work:
        return {hold.kind: (hold.detail["reason"], hold.until)
                for hold in work.session.scalars(select(Hold).where(
                    Hold.order_id == order_id, Hold.released_at.is_(None)))}


def test_a_part_that_comes_back_brings_what_holds_it(floor):
    order_id = floor.order("A", {"KUB": 2, "PUZ": 2})
    part, other = split(floor, order_id, {1: 1}), split(floor, order_id, {2: 1})
    with floor.works.writing(SYSTEM) as work:
        verification.add(work, part, Found(kinds.DOUBT, kinds.HOLD, {"reason": "odd"}, "rule:1"))
    until = make.NOON.replace(year=2100)
    do(floor, order_hold.hold, part, "the buyer calls back", until)
    do(floor, order_hold.hold, other, "gift wrap is missing")
    do(floor, order_split.join, part)
    assert holds(floor, order_id) == {"manual": ("the buyer calls back", until),
                                      "doubt": ("odd", None)}
    assert floor.get(order_id).queue == "held"
    do(floor, order_split.join, other)
    assert holds(floor, order_id)["manual"] == ("the buyer calls back; gift wrap is missing", None)


def test_the_packer_of_each_part_sees_the_note_and_a_join_keeps_all(floor):
    order_id = floor.order("A", {"KUB": 2})
    do(floor, order_edit.add_note, order_id, "wrap it twice", for_packer=True)
    do(floor, order_edit.add_note, order_id, "a nice buyer")
    part = split(floor, order_id, {1: 1})
    assert notes(floor, part) == ["wrap it twice"]
    do(floor, order_edit.add_note, part, "put a card in", for_packer=True)
    do(floor, order_split.join, part)
    assert notes(floor, order_id) == ["wrap it twice", "a nice buyer", "put a card in"]


def test_a_part_of_which_units_have_left_cannot_come_back(floor):
    with floor.works.writing(SYSTEM) as work:
        make.put(work, floor.ids["KUB"], 5, location_id=floor.bins["G-01"])
    order_id = floor.order("A", {"KUB": 13})
    part = split(floor, order_id, {1: 12})
    do(floor, ship.leave, floor.pack(part))
    assert floor.get(part).phase == "open"
    with pytest.raises(NotAllowedNow, match="has left already"):
        do(floor, order_split.join, part)


def test_a_buyer_is_asked_for_what_is_missing_of_the_part(floor):
    order_id = floor.order("A", {"KUB": 2})
    part = split(floor, order_id, {1: 1})
    unpaid = floor.order("B", {"KUB": 2}, state="unpaid")
    other = split(floor, unpaid, {1: 1})
    with floor.works.reading(SYSTEM) as work:
        asked = [values.gather(work.session, work.session.get_one(Order, one), ["order.to_pay"],
                               "en", "")["order.to_pay"] for one in (order_id, part, other)]
    assert asked == ["", "", "PLN10.00"]


def doubts(floor, order_id):
    with floor.works.reading(SYSTEM) as work:
        return [(one.kind, one.detail["paid"]) for one in work.session.scalars(
            select(Finding).where(Finding.order_id == order_id, Finding.settled_at.is_(None)))]


def test_what_a_cancelled_part_no_longer_costs_is_seen_on_the_others(floor):
    order_id = floor.order("A", {"KUB": 2})
    part = split(floor, order_id, {1: 1})
    with floor.works.writing(SYSTEM) as work:
        order = orders.lock_order(work.session, part)
        undo = {"before": asdict(cancelling.standing(work, order))}
        cancelling.cancel_order(work, order, by="seller")
        undo["after"] = asdict(cancelling.standing(work, order))
        at = work.now
    assert doubts(floor, order_id) == [("payment", "20.00 PLN")]
    with floor.works.writing(SYSTEM) as work:
        cancelling.uncancel(work, orders.lock_order(work.session, part), undo, at)
    assert doubts(floor, order_id) == []


def test_who_bought_once_has_bought_once_in_however_many_parts(floor):
    order_id = floor.order("A", {"KUB": 3})
    parts = [split(floor, order_id, {1: 1}) for _ in range(2)]
    again = floor.order("B", {"PUZ": 1})
    numbers = [order_id, *parts, again]
    with floor.works.reading(SYSTEM) as work:
        known = facts.gather(work.session, numbers, work.now, {"earlier_orders", "phone_orders"})
        assert [queries.nth_of_buyer(work.session, work.session.get_one(Order, one))
                for one in numbers] == [1, 1, 1, 2]
    assert [known[one]["earlier_orders"] for one in numbers] == [0, 0, 0, 1]
    assert [known[one]["phone_orders"] for one in numbers] == [1, 1, 1, 2]
