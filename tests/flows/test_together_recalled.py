"""A decision is recalled about orders that travel, or travelled, in one parcel with others."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from oms_web.automation import recalling
from oms_web.core.actor import SYSTEM
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders.models import Status
from oms_web.domain.orders.outgoing import Outgoing
from oms_web.domain.orders.reserving import release_lines
from oms_web.domain.orders.service import order_lines
from oms_web.domain.orders.verification.models import Finding
from oms_web.domain.shipping import service as shipping
from oms_web.flows import order_cancel, order_edit, order_together, ship
from oms_web.flows.order_in import take_in
from oms_web.flows.pack import scanning
from tests import factories as make
from tests.floor import KUBA, Floor, broken


@pytest.fixture
def floor(works):
    """Two channels' orders in one parcel; the books must agree after each test."""
    made = Floor(works)
    with works.writing(SYSTEM) as work:
        work.session.execute(update(ChannelAccount).values(tell_cancelled=True))
    yield made
    with works.reading(SYSTEM) as work:
        assert broken(work.session) == []


def do(floor, act, *args, **values):
    with floor.works.writing(KUBA) as work:
        return act(work, *args, **values)


def recall_last(floor, kind="cancel"):
    with floor.works.writing(KUBA) as work:
        return recalling.recall(work, work.session.scalars(
            select(Outgoing.id).where(Outgoing.kind == kind).order_by(Outgoing.id.desc())).first())


def two_together(floor):
    one = floor.order("A", {"KUB": 1}, revision="1")
    two = floor.order("B", {"PUZ": 1}, revision="1")
    do(floor, order_together.join, [one, two])
    return one, two


def test_who_comes_back_to_another_address_travels_alone(floor):
    one, two = two_together(floor)
    do(floor, order_cancel.cancel, two)
    with floor.works.writing(SYSTEM) as work:
        take_in(work, floor.account, [make.order("A", {"KUB": 1}, revision="2", ship_to=replace(
            make.WARSAW, street="Krzywa 2"))])
    recall_last(floor)
    assert floor.get(two).phase == "open"
    assert floor.get(one).together_id is None or \
        floor.get(one).together_id != floor.get(two).together_id


def test_who_comes_back_into_a_parcel_in_hand_is_being_packed(floor):
    one, two = two_together(floor)
    third = floor.order("C", {"SWI": 1})
    do(floor, order_together.join, [one, third])
    shipment = floor.open(one).shipment_id
    floor.scan(shipment, "KUB")
    do(floor, order_cancel.cancel, two)
    do(floor, scanning.accept_changes, shipment)
    recall_last(floor)
    assert floor.get(two).phase == "open"
    do(floor, scanning.accept_changes, shipment)
    assert floor.ids["PUZ"] in floor.packed(shipment)
    assert floor.get(two).phase == "packing"


def test_who_has_nothing_left_in_a_parcel_in_hand_is_packed_no_more(floor):
    one, two = two_together(floor)
    shipment = floor.open(one).shipment_id
    with floor.works.writing(KUBA) as work:
        lines = order_lines(work.session, two)
        release_lines(work, lines, {lines[0].id: 1})
        shipping.relist(work, shipping.get(work.session, shipment))
    assert (floor.get(one).phase, floor.get(two).phase) == ("packing", "open")


def test_each_order_of_a_recalled_parcel_has_the_status_and_phase_it_had(floor):
    one, two = two_together(floor)
    shipment = floor.pack(one)
    with floor.works.writing(KUBA) as work:
        for order_id, name in ((one, "Do kuriera"), (two, "Pilne")):
            status = Status(name=name, phase="packing", position=9)
            work.session.add(status)
            work.session.flush()
            order_edit.set_status(work, order_id, status.id)
    before = [(floor.get(order).phase, floor.get(order).status_id) for order in (one, two)]
    assert before[0][0] == "packing"
    do(floor, ship.leave, shipment)
    recall_last(floor, "ship")
    assert [(floor.get(order).phase, floor.get(order).status_id)
            for order in (one, two)] == before
    assert [floor.get(order).queue for order in (one, two)] == ["courier", "courier"]


def test_the_findings_of_an_order_are_open_again_when_its_parcel_is_recalled(floor):
    one = floor.order("A", {"KUB": 1}, ship_to=replace(make.WARSAW, postcode="80-001"))

    def found():
        with floor.works.reading(SYSTEM) as work:
            return {row.kind for row in work.session.scalars(select(Finding).where(
                Finding.order_id == one, Finding.settled_at.is_(None)))}
    before = found()
    assert before
    shipment = floor.pack(one)
    do(floor, ship.leave, shipment)
    assert found() == set()
    do(floor, ship.recall, shipment)
    assert found() == before
