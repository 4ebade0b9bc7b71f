"""Before a parcel closes: notes that must be confirmed, the scale, photos and their days."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotAllowedNow, NotFound
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.company import service as company
from oms_web.domain.orders.cancelling import cancel_order
from oms_web.domain.orders.service import get_order
from oms_web.domain.shipping.models import ParcelPhoto
from oms_web.flows import forget_photos, order_edit
from oms_web.flows.pack import closing, opening, photos, scanning
from tests.floor import KUBA, Floor

WEIGHS = {"weighs": True, "packaging_g": 100, "tolerance_g": 20, "tolerance_pct": 5}


@pytest.fixture
def floor(works):
    return Floor(works)


def do(floor, act, *args, actor=KUBA, **values):
    with floor.works.writing(actor) as work:
        return act(work, *args, **values)


def trail(floor, act):
    with floor.works.reading(SYSTEM) as work:
        return [(one.actor_name, one.change, one.note) for one in work.session.scalars(
            select(AuditEntry).where(AuditEntry.act == act).order_by(AuditEntry.id))]


def weighed(floor, shipment_id):
    return [(one.weight_g, one.expected_g, one.weighed_by, one.weight_reason)
            for one in floor.parcels(shipment_id)]


def test_a_note_blocks_the_close_until_its_packer_confirms_it(both):
    floor = Floor(both.works)
    order_id = floor.order("A", {"KUB": 1})
    note = do(floor, order_edit.add_note, order_id, "Put the leaflet in", for_packer=True)
    plain = do(floor, order_edit.add_note, order_id, "She called")
    shipment_id = floor.pack(order_id)
    assert floor.shipment(shipment_id).state == "packing"
    with pytest.raises(NotAllowedNow, match="Confirm the note first"):
        do(floor, closing.close, shipment_id)
    with pytest.raises(NotFound):
        do(floor, closing.confirm_note, shipment_id, plain)
    assert do(floor, closing.confirm_note, shipment_id, note) is True
    assert do(floor, closing.confirm_note, shipment_id, note) is False
    assert floor.shipment(shipment_id).state == "packed"
    assert trail(floor, "packing.note") == [("Kuba", {}, "Put the leaflet in")]
    do(floor, order_edit.delete_note, order_id, note)


def test_a_packed_parcel_opens_again_for_a_note_that_comes_late(floor):
    order_id = floor.order("A", {"KUB": 1})
    shipment_id = floor.pack(order_id)
    do(floor, order_edit.add_note, order_id, "She called")
    assert floor.shipment(shipment_id).state == "packed"
    note = do(floor, order_edit.add_note, order_id, "Another colour", for_packer=True)
    assert (floor.shipment(shipment_id).state, floor.get(order_id).queue) == ("packing", "pack")
    assert do(floor, closing.confirm_note, shipment_id, note) is True


def test_an_order_that_was_cancelled_meanwhile_is_neither_confirmed_nor_weighed(floor):
    do(floor, company.change, WEIGHS)
    order_id = floor.order("A", {"KUB": 1})
    note = do(floor, order_edit.add_note, order_id, "Look", for_packer=True)
    shipment_id = floor.pack(order_id)
    with floor.works.writing(SYSTEM) as work:
        cancel_order(work, get_order(work.session, order_id), by="buyer")
    for act, what in ((closing.confirm_note, note), (closing.weigh, 350)):
        with pytest.raises(NotAllowedNow, match="Something happened"):
            do(floor, act, shipment_id, what)


def test_the_right_weight_closes_and_another_one_wants_a_reason(floor):
    do(floor, company.change, WEIGHS)
    shipment_id = floor.pack(floor.order("A", {"KUB": 2}))  # 2 x 250 g and the box
    assert floor.shipment(shipment_id).state == "packing"
    off = do(floor, closing.weigh, shipment_id, 350)
    assert (off.off, off.expected_g) == (True, 600)
    assert weighed(floor, shipment_id) == [(None, None, "", "")]
    came = do(floor, closing.weigh, shipment_id, 350, "checked")
    assert came.closed is True
    assert weighed(floor, shipment_id) == [(350, 600, "Kuba", "checked")]
    assert trail(floor, "packing.weigh") == [
        ("Kuba", {"weight": [None, 350], "expected_g": [None, 600], "reason": [None, "checked"]},
         None)]
    do(floor, opening.reopen, shipment_id, "1")
    assert weighed(floor, shipment_id) == [(None, None, "", "")]
    assert do(floor, closing.weigh, shipment_id, 610, "filler").closed is True
    assert weighed(floor, shipment_id) == [(610, 600, "Kuba", "")]


def test_each_of_several_boxes_is_weighed_against_what_is_in_it(floor):
    do(floor, company.change, WEIGHS)
    order_id = floor.order("A", {"KUB": 1, "PUZ": 1})
    shipment_id = floor.open(order_id).shipment_id
    floor.scan(shipment_id, "KUB")
    with pytest.raises(NotAllowedNow, match="Not everything"):
        do(floor, closing.weigh, shipment_id, 350)
    do(floor, scanning.second_parcel, shipment_id)
    floor.scan(shipment_id, "PUZ")
    first, second = (do(floor, closing.weigh, shipment_id, grams) for grams in (350, 1000))
    assert (first.closed, second.closed) == (False, True)
    assert [row[:2] for row in weighed(floor, shipment_id)] == [(350, 350), (1000, 1000)]


def test_photos_go_when_their_days_are_over(floor, oms):
    files = oms.works.ports["files"]
    shipment_id = floor.pack(floor.order("A", {"KUB": 1}))
    names = [files.put(text, ".webp") for text in (b"whole", b"little")]
    assert do(floor, photos.add, shipment_id, *names) is True
    assert do(floor, photos.add, shipment_id, *names) is False
    now = floor.works.clock
    floor.works.clock = lambda: now() + timedelta(days=59)
    assert forget_photos.forget_old(floor.works) == 0
    assert files.path(names[0]).read_bytes() == b"whole"
    floor.works.clock = lambda: now() + timedelta(days=61)
    assert forget_photos.forget_old(floor.works) == 1
    for name in names:
        with pytest.raises(NotFound):
            files.path(name)
    with floor.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(ParcelPhoto)).all() == []
