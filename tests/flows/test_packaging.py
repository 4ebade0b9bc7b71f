"""In what an order is packed, as a person or a rule says: its label has those measures."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from oms_web.automation import acts, batches
from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotAllowedNow
from oms_web.domain.company import service as company
from oms_web.domain.orders.models import Order
from oms_web.domain.shipping import planning, sending
from oms_web.domain.shipping.label_models import Packaging
from oms_web.flows import order_cancel, order_packaging
from oms_web.flows.pack import closing
from tests.floor import KUBA, Floor


@pytest.fixture
def floor(both):
    """A usual box and a tube."""
    made = Floor(both.works)
    with both.works.writing(SYSTEM) as work:
        made.boxes = [sending.add_packaging(work, {
            "name": name, "length_mm": length, "width_mm": 100, "height_mm": 100, "weight_g": 80,
        }).id for name, length in (("Box", 300), ("Tube", 900))]
    return made


def do(floor, act, *args):
    with floor.works.writing(KUBA) as work:
        return act(work, *args)


def measured(floor, order_id):
    with floor.works.reading(SYSTEM) as work:
        plan = planning.plan(work.session, work.session.get_one(Order, order_id), None)
        asked = planning.request(work.session, plan, planning.Wanted(), "key")
        return asked["packages"][0]["length_mm"]


def test_the_label_has_the_measures_of_what_was_chosen(floor):
    order_id = floor.order("A", {"KUB": 1})
    assert measured(floor, order_id) == 300
    batch = do(floor, batches.start, "packaging", {"packaging": str(floor.boxes[1])}, [order_id]).id
    batches.run(floor.works, batch, lambda *_: None)
    assert measured(floor, order_id) == 900
    assert do(floor, order_packaging.choose, order_id, floor.boxes[1]) is False
    back = do(floor, batches.undo, batch).id
    batches.run(floor.works, back, lambda *_: None)
    assert measured(floor, order_id) == 300


def test_the_bench_expects_the_weight_of_what_was_chosen(floor):
    do(floor, company.change, {"weighs": True, "packaging_g": 100, "tolerance_g": 20,
                               "tolerance_pct": 5})
    with floor.works.writing(SYSTEM) as work:
        work.session.get_one(Packaging, floor.boxes[1]).weight_g = 250
    usual, chosen = (floor.order(name, {"KUB": 2}) for name in "AB")
    do(floor, order_packaging.choose, chosen, floor.boxes[1])
    expected = [do(floor, closing.weigh, floor.pack(order_id), 1).expected_g
                for order_id in (usual, chosen)]
    assert expected == [580, 750]


def test_what_cannot_be_chosen_says_why(floor):
    order_id, gone, labelled = (floor.order(name, {"KUB": 1}) for name in "ABC")
    do(floor, order_cancel.cancel, gone)
    with floor.works.writing(SYSTEM) as work:
        work.session.execute(update(Order).where(Order.id == labelled).values(is_labelled=True))
    for number, why in ((gone, "has left or is closed"), (labelled, "has its label already")):
        with pytest.raises(NotAllowedNow, match=why):
            do(floor, order_packaging.choose, number, floor.boxes[1])
    do(floor, sending.archive_packaging, floor.boxes[1])
    with pytest.raises(NotAllowedNow, match="not used any more"):
        do(floor, acts.get("packaging").do, order_id, {"packaging": floor.boxes[1]})
