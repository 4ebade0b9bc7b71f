"""Picking at the door: what may be picked, the walk, shortages, roles, wrong input."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from oms_connector import Address
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.core.clock import utc_now
from oms_web.domain.fulfilment import queries, service
from oms_web.domain.fulfilment.models import PickList
from oms_web.domain.orders.cancelling import cancel_order
from oms_web.domain.orders.checks import Flaw
from oms_web.domain.orders.service import get_order, refile, set_hold
from oms_web.flows import backorder
from tests import factories as make
from tests.floor import EANS, Floor

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "div#picking-walk"}


@pytest.fixture
def floor(works):
    return Floor(works)


@pytest.fixture
def picker(floor, browser_as):
    return browser_as("warehouse")


def text_of(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


def post(client, url, part=True, **data):
    return client.post(url, data=data, headers=HTMX if part else {})


def start(client, *ids, **data):
    return client.post("/picking/lists", data={"order": list(ids), **data})


def tasks(floor, list_id, bin_):
    with floor.works.reading(SYSTEM) as work:
        return [one.task_id for stop in queries.stops(work.session, list_id) if stop.bin == bin_
                for one in stop.picks]


def state(floor, list_id):
    with floor.works.reading(SYSTEM) as work:
        return service.get_list(work.session, list_id).state


def test_the_page_lists_what_may_be_picked_by_deadline_and_courier(picker, floor):
    soon = utc_now() + timedelta(minutes=1)
    late = floor.order("A", {"KUB": 1}, ship_by=soon + timedelta(days=3), carrier="DPD")
    urgent = floor.order("B", {"PUZ": 2, "KUB": 1}, ship_by=soon, carrier="InPost")
    text = picker.get("/picking").get_data(as_text=True)
    assert re.findall(r'id="order-(\d+)"', text) == [str(urgent), str(late)]
    only = picker.get("/picking?carrier=DPD").get_data(as_text=True)
    assert re.findall(r'id="order-(\d+)"', only) == [str(late)]
    today = picker.get("/picking?due=today").get_data(as_text=True)
    assert str(late) not in re.findall(r'id="order-(\d+)"', today)
    assert "Anna Testowa" not in text
    assert "Nothing fits these filters" in picker.get("/picking?carrier=UPS").get_data(as_text=True)
    assert "Nothing waits to be picked here" in text_of(
        picker.get(f"/picking?warehouse={floor.other.id}"))


def test_the_next_page_comes_as_rows(picker, floor):
    for n in range(52):
        floor.order(f"O{n}", {"KUB": 1} if n < 10 else {"PUZ": 1} if n < 15 else {"SWI": 1})
    with floor.works.writing(SYSTEM) as work:
        make.put(work, floor.ids["SWI"], 60, location_id=floor.bins["A-10"])
        backorder.fill(work, [floor.ids["SWI"]])
    page = picker.get("/picking").get_data(as_text=True)
    assert len(re.findall(r'id="order-', page)) == 50
    more = re.search(r'hx-get="(/picking\?[^"]+)"', page)[1].replace("&amp;", "&")
    rows = picker.get(more, headers=HTMX).get_data(as_text=True)
    assert len(re.findall(r'id="order-', rows)) == 2
    assert "<!doctype" not in rows
    assert picker.get("/picking?after=rubbish").status_code == 422


def test_chosen_orders_go_on_a_list_and_refused_ones_are_named(picker, floor):
    good = floor.order("A", {"KUB": 1})
    unpaid = floor.order("B", {"KUB": 1}, state="unpaid")
    answer = start(picker, good, unpaid)
    assert answer.headers["Location"] == "/picking/lists/1"
    text = text_of(picker.get("/picking/lists/1"))
    assert f"{unpaid}: This order waits for its payment." in text
    assert "1 order is on a pick list." in text


def test_the_most_urgent_ones_go_on_a_list(picker, floor):
    for n in range(4):
        floor.order(f"O{n}", {"KUB": 1})
    start(picker, many="3")
    with floor.works.reading(SYSTEM) as work:
        assert len({p.order_id for p in queries.picks(work.session, 1)}) == 3
    for many in ("0", "1000", "-1"):
        assert start(picker, many=many).status_code == 422
    assert start(picker, many="x").status_code == 422


def test_orders_of_two_warehouses_become_two_lists(picker, floor):
    with floor.works.writing(SYSTEM) as work:
        make.put(work, floor.ids["PUZ"], 2, location_id=floor.bins["G-01"])
    order_id = floor.order("A", {"PUZ": 7})
    assert start(picker, order_id).headers["Location"] == "/picking"
    with floor.works.reading(SYSTEM) as work:
        houses = work.session.scalars(select(PickList.warehouse_id).order_by(PickList.id)).all()
    assert houses == [floor.house.id, floor.other.id]


def test_nothing_to_pick_is_refused_in_words(picker, floor):
    answer = start(picker)
    assert answer.status_code == 422
    assert "Choose at least one order." in text_of(answer)


def test_the_walk_is_sorted_and_a_tap_takes_a_stop(picker, floor):
    floor.order("A", {"PUZ": 1, "SET": 1})
    start(picker, many="5")
    text = picker.get("/picking/lists/1").get_data(as_text=True)
    assert re.findall(r'class="stop-bin">([^<]+)<', text) == ["A-01", "A-02", "A-10"]
    assert EANS["KUB"] in text
    answer = post(picker, "/picking/lists/1/take", task=tasks(floor, 1, "A-01"))
    assert answer.get_data(as_text=True).lstrip().startswith('<div id="picking-walk"')
    assert "2 of 4 pcs" in text_of(answer)
    answer = post(picker, "/picking/lists/1/back", task=tasks(floor, 1, "A-01"))
    assert "0 of 4 pcs" in text_of(answer)


def test_scans_say_what_they_mean_and_sound_different(picker, floor):
    floor.order("A", {"KUB": 2, "PUZ": 1})
    start(picker, many="1")
    said = []
    for code in ("KUB", EANS["KUB"], "KUB", EANS["SWI"], "a-02", "PUZ", "PUZ"):
        text = post(picker, "/picking/lists/1/scan", code=code).get_data(as_text=True)
        said.append(re.search(r'data-said="([^"]*)" data-sound="([^"]*)"', text).groups())
    assert [sound for _, sound in said] == ["ok", "ok", "extra", "wrong", "", "closed", "extra"]
    assert said[0][0].startswith("Taken: Product KUB. 1 of 2 pcs · basket 1 · A-01")
    assert said[2][0].startswith("That line is complete: Product KUB")
    assert said[4][0].startswith("Here: Product PUZ")
    assert said[6][0].startswith("This list is collected already")
    assert state(floor, 1) == "done"
    assert post(picker, "/picking/lists/1/scan", code=" ").status_code == 422


def test_without_scripts_every_act_leads_back_to_the_walk(picker, floor):
    floor.order("A", {"KUB": 2, "PUZ": 1})
    start(picker, many="1")
    for url, data in (("scan", {"code": "KUB"}), ("take", {"task": tasks(floor, 1, "A-02")}),
                      ("back", {"task": tasks(floor, 1, "A-02")})):
        answer = post(picker, f"/picking/lists/1/{url}", part=False, **data)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/picking/lists/1")


def test_what_another_warehouse_serves_instead_is_said_to_all_who_have_the_order(
    picker, floor, browser_as,
):
    """The picker hears it at once and goes on seeing it, then the packer, and the desk."""
    with floor.works.writing(SYSTEM) as work:
        make.put(work, floor.ids["PUZ"], 4, location_id=floor.bins["G-01"])
    order_id = floor.order("A", {"PUZ": 4, "KUB": 1})
    start(picker, order_id)
    chosen = tasks(floor, 1, "A-02")
    said = text_of(post(picker, "/picking/lists/1/short", task=chosen, missing="3",
                        decision="correct"))
    assert f"order {order_id}: 3 from GDA G-01" in said
    words = f"3 pcs of order {order_id} come from GDA"
    post(picker, "/picking/lists/1/take", task=tasks(floor, 1, "A-01"))
    opened = floor.open(order_id).shipment_id
    for page in (said, text_of(picker.get("/picking/lists/1")),
                 text_of(picker.get(f"/packing/{opened}"))):
        assert words in page.replace("\N{NO-BREAK SPACE}", " ")
    card = text_of(browser_as("owner").get(f"/orders/{order_id}"))
    assert "GDA: 3 pcs, LDZ: 2 pcs." in card.replace("\N{NO-BREAK SPACE}", " ")


def test_a_short_shelf_asks_and_then_does_as_told(picker, floor):
    order_id = floor.order("A", {"KUB": 3})
    start(picker, many="1")
    place = f"{floor.bins['A-01']}-{floor.ids['KUB']}"
    assert "How many are missing?" in text_of(picker.get(f"/picking/lists/1?short={place}"))
    assert "How many are missing?" not in text_of(picker.get("/picking/lists/1?short=9-9"))
    chosen = tasks(floor, 1, "A-01")
    for data in ({"missing": "9", "decision": "correct"}, {"missing": "1", "decision": "burn"},
                 {"missing": "x", "decision": "correct"}, {"decision": "correct"}):
        assert post(picker, "/picking/lists/1/short", task=chosen, **data).status_code == 422
    answer = post(picker, "/picking/lists/1/short", task=chosen, missing="2", decision="correct")
    assert f"order {order_id}: 2 from B-01" in text_of(answer)
    assert floor.stock("KUB", "A-01") == (3, 1)


def test_a_cancelled_order_is_shown_until_its_goods_are_back(picker, floor):
    gone, stays = floor.order("A", {"PUZ": 2}), floor.order("B", {"PUZ": 1, "KUB": 1})
    start(picker, gone, stays)
    for _ in range(2):
        post(picker, "/picking/lists/1/scan", code="PUZ")
    with floor.works.writing(SYSTEM) as work:
        cancel_order(work, get_order(work.session, gone), by="buyer")
    text = text_of(picker.get("/picking/lists/1"))
    assert f"{gone} was cancelled" in text
    assert "put back 2 from basket 1" in text
    assert "Not needed any more" not in text_of(post(picker, "/picking/lists/1/away"))


def test_taking_an_order_off_and_giving_up(picker, floor):
    first, second = floor.order("A", {"PUZ": 1}), floor.order("B", {"KUB": 1})
    start(picker, first, second)
    post(picker, "/picking/lists/1/leave", order=first)
    assert tasks(floor, 1, "A-02") == []
    answer = post(picker, "/picking/lists/1/give_up", part=False)
    assert answer.headers["Location"] == "/picking"
    assert state(floor, 1) == "cancelled"
    assert post(picker, "/picking/lists/1/take", task=["1"]).status_code == 409


def test_who_may_pick(floor, browser_as):
    for role in ("sales", "accountant", "reader"):
        assert browser_as(role).get("/picking").status_code == 403
        assert start(browser_as(role), 1).status_code == 403
    assert browser_as("manager").get("/picking").status_code == 200
    assert browser_as("manager").get("/picking/lists/9").status_code == 404


def test_one_order_that_cannot_go_on_a_list_shows_why_where_it_is(floor, browser_as):
    manager = browser_as("manager")
    held = floor.order("A", {"KUB": 1})
    listed = floor.order("B", {"KUB": 1})
    with floor.works.writing(SYSTEM) as work:
        set_hold(work, held, Flaw("manual", {"reason": "wait"}))
        refile(work, [held])
    assert start(manager, held).headers["Location"] == f"/orders/{held}"
    assert "This order is on hold." in text_of(manager.get(f"/orders/{held}"))
    start(manager, listed)
    assert start(manager, listed).headers["Location"] == "/picking/lists/1"
    assert start(browser_as("warehouse"), held).headers["Location"] == "/picking"


def test_a_shop_without_a_warehouse_is_told_to_add_one(works, browser_as):
    answer = browser_as("owner").get("/picking")
    assert answer.status_code == 404
    assert "Add one first" in text_of(answer)


def test_a_finished_walk_still_catches_scans_and_enter_leads_nowhere(picker, floor):
    floor.order("A", {"PUZ": 2})
    start(picker, many="1")
    assert "Took the last one" in text_of(post(picker, "/picking/lists/1/scan", code="PUZ"))
    answer = post(picker, "/picking/lists/1/take", task=tasks(floor, 1, "A-02"))
    page = answer.get_data(as_text=True)
    assert "The pick list is done" in page
    assert re.search(r"<form[^>]+/picking/lists/1/scan[^>]+data-scanner", page)
    assert 'data-key="Enter"' not in page


def test_a_typed_number_counts_at_the_stop_the_form_names(picker, floor):
    floor.order("A", {"PUZ": 3, "KUB": 2})
    start(picker, many="1")
    at = f"{floor.bins['A-02']}-{floor.ids['PUZ']}"
    text = text_of(post(picker, "/picking/lists/1/scan", code="2", at=at))
    assert "2 of 3 pcs" in text
    assert post(picker, "/picking/lists/1/scan", code="9", at=at).status_code == 422
    assert "Not on this list" in text_of(
        post(picker, "/picking/lists/1/scan", code="2", at="rubbish"))


def test_an_order_without_a_town_shows_its_pickup_point(picker, floor):
    where = Address(name="Ewa", street="", postcode="", city="", country="PL")
    order_id = floor.order("A", {"KUB": 1}, ship_to=where, pickup_point="WAW01A", carrier="InPost")
    with floor.works.writing(SYSTEM) as work:
        order = get_order(work.session, order_id)
        assert order.queue == "pick", order.queue
    assert "WAW01A" in text_of(picker.get("/picking"))
    assert "WAW01A" in text_of(picker.get("/packing"))
    floor.pack(order_id)
    assert "WAW01A" in text_of(picker.get("/shipments"))
