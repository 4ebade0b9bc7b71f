"""A decision is recalled about orders that travel, or travelled, in one parcel with others."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from oms_web.automation import recalling
from oms_web.core.actor import SYSTEM
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders.outgoing import Outgoing
from oms_web.flows import order_cancel, order_together
from oms_web.flows.order_in import take_in
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


def recall_last(floor):
    with floor.works.writing(KUBA) as work:
        return recalling.recall(work, work.session.scalars(
            select(Outgoing.id).order_by(Outgoing.id.desc())).first())


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
