"""What columns and the palette ask of the orders of a page, on both databases."""

from __future__ import annotations

import pytest

from oms_web.automation import acts
from oms_web.core.actor import SYSTEM, Actor
from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.orders import glance, row_facts
from oms_web.domain.shipping import queries as shipping
from oms_web.domain.shipping import service
from oms_web.flows import order_edit, order_weight
from tests.benchmarks.counting import counted
from tests.floor import Floor, broken

ANNA = Actor("user", "Anna", 7)


@pytest.fixture
def floor(both):
    made = Floor(both.works, cups=(50, 50))
    made.engine = both.engine
    return made


def test_each_kind_of_fact_is_one_statement_for_all_orders(floor):
    ids = [floor.order("A-1", {"KUB": 2}), floor.order("B-2", {"PUZ": 1, "SET": 1}),
           floor.order("C-3", {"KUB": 1})]
    with floor.works.writing(ANNA) as work:
        for text in ("Ostrożnie", "Zapakuj\nna prezent"):
            order_edit.add_note(work, ids[0], text)
        order_weight.weigh(work, ids[2], 1500)
    sent = floor.pack(ids[2])
    with floor.works.writing(ANNA) as work:
        shipment = service.get(work.session, sent)
        parcel = service.describe_parcel(work, shipment, 1, number="AB 123-456 78")
        assert parcel.weight_g == 1500
    with floor.works.reading(SYSTEM) as work, counted(floor.engine) as asked:
        facts = [look(work.session, ids) for look in (
            row_facts.plain, row_facts.warehouses, row_facts.notes, row_facts.goods_weights,
            row_facts.channel_statuses, shipping.sent)]
        assert len([one for one in asked.statements if one != "BEGIN"]) == 6
        plain, houses, notes, goods, statuses, boxes = facts
        assert (plain[ids[0]].units, plain[ids[2]].weight_g) == (2, 1500)
        assert set(houses) == set(ids)
        assert (notes[ids[0]].text, notes[ids[0]].count) == ("Zapakuj\nna prezent", 2)
        assert goods == {ids[0]: 500, ids[2]: 250}  # a set weighs what nobody wrote down
        assert set(statuses) <= set(ids)
        assert boxes[ids[2]].tracking == ("AB123-45678",)
        assert boxes[ids[2]].weight_g == 1500


def test_somebody_still_typing_is_understood(floor):
    number = floor.order("8F3C-b2", {"KUB": 1}, number="8F3C-b2", buyer_name="Żaneta Łoś",
                         buyer_email="zaneta@example.test", buyer_phone="+48 601 224 118")
    floor.order("X", {"PUZ": 1}, buyer_name="Ewa Nowak")
    sent = floor.pack(number)
    with floor.works.writing(ANNA) as work:
        service.describe_parcel(work, service.get(work.session, sent), 1, number="6200 1234-99")
    with floor.works.reading(SYSTEM) as work:
        def meant(text):
            return [one.id for one in glance.meant(work.session, text,
                                                   shipping.tracked(work.session, text))]
        for text in ("zaneta", "ZANETA los", "zaneta@ex", "8f3cb", "8F3C-B2", "601224118",
                     str(number), "62001234", "6200-12 34 99"):
            assert meant(text) == [number], text
        assert meant("z") == meant("6200") == meant("nobody") == []
        assert glance.meant(work.session, str(number))[0].sure
        assert not glance.meant(work.session, "zaneta")[0].sure

        def goods(text):
            return [one.sku for one in catalog.begun(work.session, text)]
        assert goods("590123") == goods("5901234123457") == goods("k-u-b") == ["KUB"]
        assert goods("590") == []


def test_a_weight_is_said_followed_by_the_parcel_and_taken_back(floor):
    number = floor.order("A", {"KUB": 1})
    sent = floor.open(number).shipment_id

    def do(step):
        with floor.works.writing(ANNA) as work:
            return acts.get(step[0]).do(work, number, step[1])

    done = do(("weight", {"grams": 700}))
    assert floor.get(number).weight_g == floor.parcels(sent)[0].weight_g == 700
    assert not do(("weight", {"grams": 700})).changed
    again = do(done.undo[0])
    assert floor.get(number).weight_g is None
    do(again.undo[0])
    assert floor.get(number).weight_g == 700
    for wrong in (0, 2_000_000):
        with pytest.raises(Invalid):
            do(("weight", {"grams": wrong}))


def test_an_order_is_marked_as_sent_and_comes_back(floor):
    number = floor.order("A", {"KUB": 2})
    with floor.works.writing(ANNA) as work:
        order_weight.weigh(work, number, 900)
        done = acts.get("ship").do(work, number, {})
    assert floor.get(number).phase == "shipped"
    [sent] = done.undo[0][1]["shipments"]
    assert floor.parcels(sent)[0].weight_g == 900
    with floor.works.writing(ANNA) as work:
        assert not acts.get("ship").do(work, number, {}).changed
        with pytest.raises(NotAllowedNow):
            order_weight.weigh(work, number, 100)
        back = acts.get(done.undo[0][0]).do(work, number, done.undo[0][1])
    assert (floor.get(number).phase, back.undo) == ("open", (("ship", {}),))
    assert floor.shipment(sent).state == service.CANCELLED
    with floor.works.reading(SYSTEM) as work:
        assert broken(work.session) == []
