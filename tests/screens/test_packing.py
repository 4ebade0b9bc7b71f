"""The pack station at the door: page, part, roles, wrong input, and what a packer never sees."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.domain.fulfilment.models import PackScan
from oms_web.domain.orders.cancelling import cancel_order
from oms_web.domain.orders.checks import Flaw
from oms_web.domain.orders.service import get_order, refile, set_hold
from oms_web.flows import pick
from tests.floor import EANS, KUBA, Floor

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "div#packing-station"}


@pytest.fixture
def floor(works):
    return Floor(works)


@pytest.fixture
def packer(floor, browser_as):
    return browser_as("warehouse")


def post(client, url, part=True, **data):
    return client.post(url, data=data, headers=HTMX if part else {})


def text_of(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


def band(answer):
    return re.search(r'data-said="([^"]*)" data-sound="([^"]*)"', answer.get_data(as_text=True))


def test_the_idle_station_lists_what_waits_and_has_no_way_to_the_orders(packer, floor):
    order_id = floor.order("A", {"KUB": 2})
    answer = packer.get("/packing")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert f"<b class=\"id\">{order_id}</b>" in text
    assert "Offer KUB" in text
    assert 'href="/orders' not in text
    assert '<nav class="sections"' not in text


def test_the_idle_station_of_an_empty_shop_says_so(packer):
    assert "Nothing waits to be packed" in packer.get("/packing").get_data(as_text=True)


def test_an_order_on_somebodys_walk_is_not_offered_for_packing(packer, floor):
    order_id = floor.order("A", {"KUB": 1})
    with floor.works.writing(KUBA) as work:
        pick.start(work, floor.house.id, [order_id])
    assert "Offer KUB" not in packer.get("/packing").get_data(as_text=True)


def test_a_scan_opens_an_order_as_a_part_with_its_address(packer, floor):
    order_id = floor.order("A", {"KUB": 2})
    answer = post(packer, "/packing/scan", code=str(order_id), key="k1")
    assert answer.status_code == 200
    assert answer.headers["HX-Push-Url"] == "/packing/1"
    text = answer.get_data(as_text=True)
    assert text.lstrip().startswith('<div id="packing-station"')
    assert "<!doctype" not in text
    assert 'class="pack-row current"' in text


def test_without_scripts_the_same_scan_leads_to_the_page(packer, floor):
    order_id = floor.order("A", {"KUB": 2})
    answer = post(packer, "/packing/scan", part=False, code=str(order_id))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/packing/1")
    page = packer.get("/packing/1")
    assert "<!doctype html>" in page.get_data(as_text=True)
    answer = post(packer, "/packing/1/scan", part=False, code="KUB")
    assert answer.status_code == 303
    assert floor.packed(1) == {floor.ids["KUB"]: (1, 2)}


def test_every_kind_of_scan_has_its_own_sound(packer, floor):
    floor.order("A", {"KUB": 1, "PUZ": 1})
    said = [band(post(packer, "/packing/scan", code="KUB", key="0"))]
    said += [band(post(packer, "/packing/1/scan", code=code, key=str(n)))
             for n, code in enumerate((EANS["KUB"], EANS["SWI"], "nonsense", "PUZ"), 1)]
    assert [one[2] for one in said] == ["ok", "extra", "wrong", "unknown", "closed"]
    assert "unit 1 of 1" in said[0][1]


def test_the_same_scan_sent_again_is_answered_and_not_counted(packer, floor):
    floor.order("A", {"KUB": 3})
    for _ in range(3):
        post(packer, "/packing/scan", code="KUB", key="same")
    for _ in range(3):
        answer = post(packer, "/packing/1/scan", code="KUB", key="other")
        assert "2" in re.search(r'class="pack-count">\s*<b>(\d+)', answer.get_data(as_text=True))[1]
    assert floor.packed(1) == {floor.ids["KUB"]: (2, 3)}


@pytest.mark.parametrize(("code", "status"), [("", 422), ("nothing", 404), (EANS["SWI"], 404)])
def test_a_code_that_opens_nothing_is_refused_in_words_on_the_station(packer, floor, code, status):
    floor.order("A", {"KUB": 1})
    answer = post(packer, "/packing/scan", code=code)
    assert answer.status_code == status
    assert 'class="band bad"' in answer.get_data(as_text=True)
    assert answer.get_data(as_text=True).lstrip().startswith('<div id="packing-station"')


def test_an_empty_scan_at_an_open_parcel_counts_nothing(packer, floor):
    floor.order("A", {"KUB": 2})
    post(packer, "/packing/scan", code="KUB", key="1")
    assert post(packer, "/packing/1/scan", code=" ").status_code == 422
    assert floor.packed(1) == {floor.ids["KUB"]: (1, 2)}


def test_a_packer_sees_name_and_city_and_no_contacts(packer, floor):
    order_id = floor.order("A", {"KUB": 1}, buyer_note="Prezent, tel. 600 100 200")
    text = post(packer, "/packing/scan", code=str(order_id)).get_data(as_text=True)
    assert "Anna Testowa, Warszawa" in " ".join(text.split())
    assert "Prezent, tel." in text
    for secret in ("600100200", "600 100 200", "anna@example.test", "Prosta 1"):
        assert secret not in text


def test_numbers_of_orders_are_told_apart_from_goods(packer, floor):
    first, second = floor.order("A", {"KUB": 2}), floor.order("B", {"PUZ": 1})
    post(packer, "/packing/scan", code=str(first))
    assert "This order is open already" in text_of(
        post(packer, "/packing/1/scan", code=str(first)))
    answer = post(packer, "/packing/1/scan", code=str(second))
    assert f"First finish order {first}" in text_of(answer)
    assert band(answer)[2] == "unknown"


def test_undo_by_hand_and_a_second_parcel(packer, floor):
    order_id = floor.order("A", {"KUB": 3})
    post(packer, "/packing/scan", code=str(order_id))
    pair = {"line": str(floor.line(order_id).id), "variant": str(floor.ids["KUB"])}
    answer = post(packer, "/packing/1/hand", key="h1", **pair)
    assert "Confirmed without a scan" in text_of(answer)
    scan_id = re.search(r'name="scan" value="(\d+)"', answer.get_data(as_text=True))[1]
    assert "Taken back" in text_of(post(packer, "/packing/1/undo", scan=scan_id))
    post(packer, "/packing/1/scan", code="KUB", key="s1")
    assert "2 parcels" in text_of(post(packer, "/packing/1/parcel"))
    assert post(packer, "/packing/1/hand", key="h2", units="9", **pair).status_code == 200
    assert floor.shipment(1).state == "packed"
    with floor.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(PackScan.result)).all() == [
            "undone", "ok", "hand", "hand"]


@pytest.mark.parametrize("data", [{}, {"line": "x", "variant": "1"}, {"line": "9", "variant": "9"}])
def test_confirming_nothing_is_refused(packer, floor, data):
    floor.order("A", {"KUB": 2})
    post(packer, "/packing/scan", code="KUB", key="1")
    assert post(packer, "/packing/1/hand", **data).status_code in (409, 422)
    assert floor.packed(1) == {floor.ids["KUB"]: (1, 2)}


def test_asking_about_a_missing_unit_says_what_will_happen_before_it_does(packer, floor):
    order_id = floor.order("A", {"KUB": 2})
    post(packer, "/packing/scan", code=str(order_id))
    pair = f"line={floor.line(order_id).id}&variant={floor.ids['KUB']}"
    asked = text_of(packer.get(f"/packing/1?ask=missing&{pair}", headers=HTMX))
    assert "The stock of A-01 is corrected by one." in asked
    assert "B-01 (5)" in asked
    assert floor.stock("KUB", "A-01") == (5, 2)
    nowhere = floor.order("B", {"PUZ": 5})
    post(packer, "/packing/scan", code=str(nowhere))
    pair = f"line={floor.line(nowhere).id}&variant={floor.ids['PUZ']}"
    assert "the order will wait" in text_of(packer.get(f"/packing/2?ask=damaged&{pair}"))


def test_a_missing_unit_is_taken_from_elsewhere_or_takes_the_parcel_apart(packer, floor):
    order_id = floor.order("A", {"KUB": 2, "PUZ": 5})
    post(packer, "/packing/scan", code=str(order_id))
    cups = {"line": floor.line(order_id).id, "variant": floor.ids["KUB"]}
    answer = post(packer, "/packing/1/lost", what="missing", key="m1", **cups)
    assert "Fetch another one: A-01, B-01" in text_of(answer)
    puzzles = {"line": floor.line(order_id, 2).id, "variant": floor.ids["PUZ"]}
    answer = post(packer, "/packing/1/lost", what="damaged", note="broken", key="m2", **puzzles)
    assert f"Order {order_id} lacks a unit" in text_of(answer)
    assert "A-02" in text_of(answer)  # where to put the others back
    assert floor.get(order_id).queue == "short"
    assert post(packer, "/packing/1/lost", what="burnt", key="m3", **puzzles).status_code == 422


def test_a_cancelled_order_stops_the_station_by_itself_and_at_the_next_scan(packer, floor):
    order_id = floor.order("A", {"KUB": 2})
    post(packer, "/packing/scan", code="KUB", key="1")
    assert packer.get("/packing/1/pulse", headers=HTMX).status_code == 204
    with floor.works.writing(SYSTEM) as work:
        cancel_order(work, get_order(work.session, order_id), by="buyer")
    for answer in (packer.get("/packing/1/pulse", headers=HTMX),
                   post(packer, "/packing/1/scan", code="KUB", key="2")):
        assert answer.status_code == 200
        assert band(answer)[2] == "stop"
        assert f"Order {order_id} was cancelled" in text_of(answer)
        assert "every 8s" not in answer.get_data(as_text=True)
    assert floor.packed(1) == {floor.ids["KUB"]: (1, 2)}
    assert post(packer, "/packing/1/unpacked").headers["HX-Push-Url"] == "/packing"
    assert floor.shipment(1).state == "cancelled"


def test_a_held_order_is_put_aside_and_shows_no_detail_of_the_hold(packer, floor):
    order_id = floor.order("A", {"KUB": 2})
    post(packer, "/packing/scan", code="KUB", key="1")
    with floor.works.writing(SYSTEM) as work:
        set_hold(work, order_id, Flaw("changed", {"what": "ship_to", "after": {
            "ship_to": {"phone": "700800900"}}}))
        refile(work, [order_id])
    text = text_of(packer.get("/packing/1"))
    assert "The buyer changed something on the channel." in text
    assert "700800900" not in text
    post(packer, "/packing/1/aside")
    assert floor.shipment(1).station == ""


def test_a_packed_parcel_takes_weight_courier_and_number(packer, floor):
    order_id = floor.order("A", {"KUB": 1}, carrier="DPD")
    post(packer, "/packing/scan", code="KUB", key="1")
    answer = post(packer, "/packing/1/parcels", **{
        "weight-1": "2,4 kg", "carrier-1": "InPost", "number-1": "6280 1192"})
    assert "Saved" in text_of(answer)
    (parcel,) = floor.parcels(1)
    assert (parcel.weight_g, parcel.carrier, parcel.tracking) == (2400, "InPost", "62801192")
    assert floor.get(order_id).strip[3] == "v"
    for wrong in ("heavy", "1.2345", "-1", "0"):
        assert post(packer, "/packing/1/parcels", **{"weight-1": wrong}).status_code == 422
    assert floor.parcels(1)[0].weight_g == 2400


def test_a_label_scanned_behind_a_packed_parcel_is_its_number(packer, floor):
    floor.order("A", {"KUB": 1})
    second = floor.order("B", {"PUZ": 2})
    post(packer, "/packing/scan", code="KUB", key="1")
    answer = post(packer, "/packing/scan", after="1", code="628011920045118377001234", key="2")
    assert "Label scanned" in text_of(answer)
    assert floor.parcels(1)[0].tracking == "628011920045118377001234"
    answer = post(packer, "/packing/scan", after="1", code="JJD000390007987654321", key="3")
    assert answer.status_code == 404
    assert "has its number already" in text_of(answer)
    answer = post(packer, "/packing/scan", after="1", code=str(second), key="4")
    assert answer.headers["HX-Push-Url"] == "/packing/2"


def test_a_surplus_scan_behind_a_packed_parcel_opens_nothing_of_others(packer, floor):
    floor.order("A", {"KUB": 1})
    second = floor.order("B", {"KUB": 1})
    post(packer, "/packing/scan", code="KUB", key="1")
    answer = post(packer, "/packing/scan", after="1", code=EANS["KUB"], key="2")
    said = band(answer)
    assert said[1].startswith("One too many for the parcel just closed")
    assert said[2] == "extra"
    assert floor.get(second).phase == "open"
    text = answer.get_data(as_text=True)
    assert "It is for the next order" in text
    assert text.count('data-key="Enter"') == 1
    post(packer, "/packing/scan", after="1", code=EANS["KUB"], key="3", anyway="1")
    assert floor.shipment(2).state == "packed"


def test_a_scanned_label_ends_the_wait_for_surplus_scans(packer, floor):
    floor.order("A", {"KUB": 1})
    floor.order("B", {"KUB": 1})
    post(packer, "/packing/scan", code="KUB", key="1")
    answer = post(packer, "/packing/scan", after="1", code="628011920045118377001234", key="2")
    assert 'name="labelled" value="1"' in answer.get_data(as_text=True)
    post(packer, "/packing/scan", after="1", labelled="1", code="KUB", key="3")
    assert floor.shipment(2).state == "packed"


def test_the_code_of_a_product_never_becomes_a_tracking_number(packer, floor):
    floor.order("A", {"KUB": 1})
    post(packer, "/packing/scan", code="KUB", key="1")
    answer = post(packer, "/packing/scan", after="1", labelled="1", code=EANS["PUZ"], key="2")
    assert answer.status_code == 404
    assert floor.parcels(1)[0].tracking == ""


def test_where_lists_are_in_use_no_scan_and_no_enter_opens_an_unpicked_order(packer, floor):
    picked, other = floor.order("A", {"KUB": 1}), floor.order("B", {"PUZ": 1})
    with floor.works.writing(KUBA) as work:
        made = pick.start(work, floor.house.id, [picked])
        pick.scan(work, made.list_id, "KUB")
    post(packer, "/packing/scan", code="KUB", key="1")
    page = packer.get("/packing/1").get_data(as_text=True)
    assert f"Pack {other}" in page
    assert "It is not picked yet." in page
    assert 'data-key="Enter"' not in page
    assert 'data-key="Enter"' not in packer.get("/packing").get_data(as_text=True)
    answer = post(packer, "/packing/scan", code=EANS["PUZ"], key="2")
    assert answer.status_code == 409
    assert "is not picked yet" in text_of(answer)
    assert floor.get(other).phase == "open"
    post(packer, f"/packing/orders/{other}/open")
    assert floor.get(other).phase == "packing"


def test_an_idle_station_says_what_is_begun_when_nothing_else_waits(packer, floor):
    order_id = floor.order("A", {"KUB": 2})
    post(packer, "/packing/scan", code=str(order_id), key="1")
    text = text_of(packer.get("/packing"))
    assert "To pack 1" in text
    assert "What is picked is begun already." in text
    assert "Nothing is picked" not in text


def test_a_packed_parcel_shows_the_next_order_and_opens_again(packer, floor):
    floor.order("A", {"KUB": 1})
    second = floor.order("B", {"PUZ": 2})
    post(packer, "/packing/scan", code="KUB", key="1")
    text = text_of(packer.get("/packing/1"))
    assert f"Pack {second}" in text
    post(packer, "/packing/1/reopen")
    assert floor.shipment(1).state == "packing"
    assert "Close the parcel" in text_of(packer.get("/packing/1"))
    post(packer, "/packing/1/close")
    assert floor.shipment(1).state == "packed"
    post(packer, f"/packing/orders/{second}/open")
    assert floor.shipment(2).order_id == second


def test_the_station_has_a_name_of_its_own(packer, floor):
    order_id = floor.order("A", {"KUB": 1})
    assert packer.post("/packing/station", data={"name": "Stół 2"}).status_code == 303
    assert "Stół 2" in packer.get("/packing").get_data(as_text=True)
    post(packer, "/packing/scan", code=str(order_id))
    assert floor.shipment(1).station == "Stół 2"


def test_leaving_puts_the_parcel_aside(packer, floor):
    floor.order("A", {"KUB": 2})
    post(packer, "/packing/scan", code="KUB", key="1")
    answer = post(packer, "/packing/1/aside", part=False, next="home")
    assert answer.headers["Location"] == "/"
    assert floor.shipment(1).station == ""


def test_who_may_pack_and_what_a_packer_may_not_reach(floor, browser_as, packer):
    floor.order("A", {"KUB": 1})
    for role in ("sales", "accountant", "reader"):
        assert browser_as(role).get("/packing").status_code == 403
        assert post(browser_as(role), "/packing/scan", code="KUB").status_code == 403
    assert browser_as("manager").get("/packing").status_code == 200
    assert packer.post("/packing/orders/10001/part").status_code == 403
    assert packer.get("/orders").status_code in (403, 404)


def test_the_seller_sends_what_is_there_from_the_order(floor, browser_as):
    order_id = floor.order("A", {"PUZ": 7})
    seller = browser_as("sales")
    answer = seller.post(f"/packing/orders/{order_id}/part", data={"next": "/shipments"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/shipments")
    assert floor.shipment(1).state == "packing"
    answer = seller.post(f"/packing/orders/{order_id}/part", data={"next": "//evil.test"})
    assert answer.headers["Location"] == "/"


def test_a_scan_after_the_session_ended_leads_to_sign_in_as_a_whole_page(floor, app):
    answer = post(app.test_client(), "/packing/scan", code="KUB")
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, "/sign-in?lost=1")
    assert answer.get_data() == b""


@pytest.mark.parametrize("url", ["/packing/99", "/packing/99/pulse"])
def test_a_parcel_that_does_not_exist_is_not_found(packer, url):
    assert packer.get(url).status_code == 404


def test_the_station_speaks_polish(floor, browser_as):
    order_id = floor.order("A", {"KUB": 3})
    client = browser_as("warehouse", "pl")
    text = text_of(post(client, "/packing/scan", code=str(order_id)))
    assert "Zeskanuj następną sztukę" in text
    assert "Potwierdź bez skanu" in text
