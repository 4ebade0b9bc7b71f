"""Shipments at the door: lists, hand-over of one and of many, numbers, roles, wrong input."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import update

from oms_web.core.actor import SYSTEM
from oms_web.domain.orders.cancelling import cancel_order
from oms_web.domain.orders.checks import Flaw
from oms_web.domain.orders.service import get_order, refile, set_hold
from oms_web.domain.shipping.models import Shipment
from oms_web.flows import order_pay
from tests.floor import Floor
from tests.sync.carrier import Depot

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def floor(works):
    return Floor(works)


@pytest.fixture
def clerk(floor, browser_as):
    return browser_as("warehouse")


def text_of(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


def post(client, url, part=True, **data):
    return client.post(url, data=data, headers=HTMX if part else {})


def hold(floor, order_id):
    with floor.works.writing(SYSTEM) as work:
        set_hold(work, order_id, Flaw("manual", {"reason": "wait"}))
        refile(work, [order_id])


def test_what_waits_is_listed_by_courier_without_contacts(clerk, floor):
    first = floor.pack(floor.order("A", {"KUB": 1}, carrier="InPost"))
    second = floor.pack(floor.order("B", {"PUZ": 1}, carrier="DPD"))
    page = clerk.get("/shipments").get_data(as_text=True)
    assert re.findall(r'<tr data-row id="shipment-(\d+)"', page) == [str(first), str(second)]
    assert "anna@example.test" not in page
    assert "600100200" not in page
    assert 'href="/orders' not in page
    only = clerk.get("/shipments?carrier=DPD").get_data(as_text=True)
    assert re.findall(r'<tr data-row id="shipment-(\d+)"', only) == [str(second)]
    assert "Hand over all: DPD" in only


def test_a_row_is_handed_over_and_comes_back_as_a_row_with_an_undo(clerk, floor):
    order_id = floor.order("A", {"KUB": 1})
    shipment_id = floor.pack(order_id)
    answer = post(clerk, f"/shipments/{shipment_id}/leave")
    text = answer.get_data(as_text=True)
    assert text.lstrip().startswith(f'<tr data-row id="shipment-{shipment_id}"')
    assert "on the road" in text
    assert f'action="/shipments/{shipment_id}/recall"' in text
    assert floor.get(order_id).phase == "shipped"
    post(clerk, f"/shipments/{shipment_id}/recall")
    assert floor.get(order_id).queue == "courier"


def test_one_that_must_not_leave_says_why_in_its_row(clerk, floor):
    order_id = floor.order("A", {"KUB": 1})
    shipment_id = floor.pack(order_id)
    hold(floor, order_id)
    assert "The order is on hold." in text_of(clerk.get("/shipments"))
    answer = post(clerk, f"/shipments/{shipment_id}/leave")
    assert answer.status_code == 409
    assert "This order is held." in text_of(answer)
    answer = post(clerk, f"/shipments/{shipment_id}/leave", part=False)
    assert answer.status_code == 303
    assert "This order is held." in text_of(clerk.get("/shipments"))


def test_many_are_handed_over_and_each_failure_is_a_line(clerk, floor):
    good = [floor.pack(floor.order(f"O{n}", {"KUB": 1})) for n in range(3)]
    held = floor.order("H", {"PUZ": 1})
    bad = floor.pack(held)
    hold(floor, held)
    answer = post(clerk, "/shipments/leave", part=False, shipment=[*good, bad])
    assert answer.status_code == 409
    text = text_of(answer)
    assert "1 did not leave 3 left" in text
    assert f"{held} This order is held." in text
    assert [floor.shipment(one).state for one in good] == ["shipped"] * 3


def test_all_of_a_courier_leave_but_not_those_that_must_not(clerk, floor):
    good = floor.pack(floor.order("A", {"KUB": 1}, carrier="DPD"))
    other = floor.pack(floor.order("B", {"KUB": 1}, carrier="InPost"))
    held = floor.order("C", {"KUB": 1}, carrier="DPD")
    bad = floor.pack(held)
    hold(floor, held)
    answer = post(clerk, "/shipments/leave", part=False, carrier="DPD")
    assert answer.status_code == 303
    assert [floor.shipment(one).state for one in (good, other, bad)] == [
        "shipped", "packed", "packed"]
    assert "1 shipment left." in text_of(clerk.get("/shipments"))


def test_nothing_chosen_hands_over_nothing(clerk, floor):
    shipment_id = floor.pack(floor.order("A", {"KUB": 1}))
    assert post(clerk, "/shipments/leave", part=False).status_code == 303
    assert floor.shipment(shipment_id).state == "packed"
    assert post(clerk, "/shipments/leave", part=False, shipment="x").status_code == 422


def test_a_number_is_typed_in_the_row_and_found_again(clerk, floor):
    order_id = floor.order("A", {"KUB": 1})
    shipment_id = floor.pack(order_id)
    answer = post(clerk, f"/shipments/{shipment_id}/number", parcel="1", carrier="",
                  number="6280 1192 0045 1183 7700 1234")
    assert "inpost.pl" in answer.get_data(as_text=True)
    assert floor.parcels(shipment_id)[0].carrier == "InPost"
    for text in ("628011920045118377001234", str(order_id)):
        found = clerk.get(f"/shipments?q={text}").get_data(as_text=True)
        assert f'id="shipment-{shipment_id}"' in found
    assert "No shipment has this number" in clerk.get("/shipments?q=555").get_data(as_text=True)
    assert post(clerk, f"/shipments/{shipment_id}/number", parcel="1",
                number="x" * 90).status_code == 422
    assert post(clerk, f"/shipments/{shipment_id}/number", parcel="7",
                number="1").status_code == 404


def test_a_wrong_number_is_refused_at_its_field_and_a_right_one_says_saved(clerk, floor):
    shipment_id = floor.pack(floor.order("A", {"KUB": 1}))
    url = f"/shipments/{shipment_id}/number"
    answer = post(clerk, url, parcel="1", carrier="DPD", number="<b>6200 1234</b>")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="&lt;b&gt;6200 1234&lt;/b&gt;" aria-invalid="true"' in page
    assert "only letters, digits and hyphens" in page
    assert floor.parcels(shipment_id)[0].tracking == ""
    answer = post(clerk, url, parcel="1", carrier="DPD", number="6200 1234")
    assert "The tracking number is saved." in answer.get_data(as_text=True)
    assert floor.parcels(shipment_id)[0].tracking == "62001234"
    answer = post(clerk, f"/packing/{shipment_id}/parcels",
                  **{"number-1": "<b>", "carrier-1": "GLS", "weight-1": "1"})
    assert answer.status_code == 422
    assert 'value="&lt;b&gt;"' in answer.get_data(as_text=True)


def test_delivered_undelivered_and_sent_again(clerk, floor):
    order_id = floor.order("A", {"KUB": 1})
    shipment_id = floor.pack(order_id)
    post(clerk, f"/shipments/{shipment_id}/leave")
    assert post(clerk, f"/shipments/{shipment_id}/failed", reason="").status_code == 422
    post(clerk, f"/shipments/{shipment_id}/failed", reason="nobody at home")
    assert floor.get(order_id).queue == "undelivered"
    assert f'id="shipment-{shipment_id}"' in clerk.get(
        "/shipments?view=undelivered").get_data(as_text=True)
    post(clerk, f"/shipments/{shipment_id}/again")
    post(clerk, f"/shipments/{shipment_id}/arrived")
    assert floor.get(order_id).phase == "done"
    assert f'id="shipment-{shipment_id}"' in clerk.get(
        "/shipments?view=delivered").get_data(as_text=True)
    assert post(clerk, f"/shipments/{shipment_id}/recall").status_code == 409


def test_the_goods_of_a_cancelled_order_are_unpacked(clerk, floor):
    order_id = floor.order("A", {"KUB": 1})
    shipment_id = floor.pack(order_id)
    with floor.works.writing(SYSTEM) as work:
        cancel_order(work, get_order(work.session, order_id), by="buyer")
    text = text_of(clerk.get("/shipments"))
    assert "The order was cancelled: take the goods out." in text
    post(clerk, f"/shipments/{shipment_id}/unpacked")
    assert floor.shipment(shipment_id).state == "cancelled"
    assert post(clerk, f"/shipments/{shipment_id}/leave").status_code == 409


def test_an_order_leaves_from_its_card(floor, browser_as):
    seller = browser_as("sales")
    order_id = floor.order("A", {"KUB": 1})
    answer = seller.post(f"/shipments/orders/{order_id}",
                         data={"carrier": "DPD", "number": "123456789", "back": "/shipments"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/shipments")
    assert floor.get(order_id).phase == "shipped"
    again = seller.post(f"/shipments/orders/{order_id}", data={"back": "https://evil.test/"})
    assert again.headers["Location"] == "/shipments"
    short = floor.order("B", {"PUZ": 7})
    assert seller.post(f"/shipments/orders/{short}").status_code == 409
    seller.post(f"/shipments/orders/{short}", data={"partly": "1"})
    assert floor.line(short).shipped == 5


def test_the_next_page_comes_as_rows(clerk, floor):
    for n in range(3):
        floor.pack(floor.order(f"O{n}", {"KUB": 1}))
    with floor.works.writing(SYSTEM) as work:
        work.session.execute(update(Shipment).values(state="shipped"))
        for _ in range(50):
            work.session.add(Shipment(order_id=10001, warehouse_id=floor.house.id,
                                      state="shipped", created_at=work.now))
    page = clerk.get("/shipments?view=road").get_data(as_text=True)
    assert len(re.findall(r'id="shipment-\d', page)) == 50
    more = re.search(r'hx-get="(/shipments\?[^"]+after=[^"]+)"', page)[1].replace("&amp;", "&")
    rows = clerk.get(more, headers=HTMX).get_data(as_text=True)
    assert len(re.findall(r'<tr data-row id="shipment-\d', rows)) == 3
    assert "<!doctype" not in rows


def test_who_may_ship(floor, browser_as):
    shipment_id = floor.pack(floor.order("A", {"KUB": 1}))
    for role in ("accountant", "reader"):
        assert browser_as(role).get("/shipments").status_code == 403
        assert post(browser_as(role), f"/shipments/{shipment_id}/leave").status_code == 403
    for role in ("sales", "manager", "owner"):
        assert browser_as(role).get("/shipments").status_code == 200
    assert post(browser_as("sales"), "/shipments/99/leave").status_code == 404


@pytest.mark.parametrize(("view", "words"), [
    ("waiting", "Packed parcels wait here"), ("road", "What was handed over"),
    ("undelivered", "Every parcel has arrived"), ("delivered", "Nothing was delivered yet"),
    ("nonsense", "Packed parcels wait here"),
])
def test_empty_views_say_what_will_be_here(clerk, view, words):
    assert words in text_of(clerk.get(f"/shipments?view={view}"))


def test_orders_that_were_sent_outside_are_counted_apart(clerk, floor, works):
    shipped = floor.order("A", {"KUB": 1}, state="shipped")
    assert floor.get(shipped).queue == "transit"
    text = text_of(clerk.get("/shipments?view=road"))
    assert "Sent outside this program 1" in text
    sent = floor.pack(floor.order("B", {"KUB": 1}))
    post(clerk, f"/shipments/{sent}/leave")
    text = text_of(clerk.get("/shipments?view=road"))
    assert "On the road 1" in text
    assert "Sent outside this program 1" in text


def test_a_label_that_would_collect_twice_is_a_case_a_view_and_a_way_out(oms, browser_as):
    depot = Depot(oms)
    order_id = depot.order("A", {"KUB": 2}, payment_kind="cod", paid=False)
    shipment_id = depot.bought(order_id)
    owner = browser_as("owner")
    assert "would collect twice" not in text_of(owner.get("/"))
    depot.do(order_pay.record, order_id, 2000, "transfer", depot.moment, "p")
    assert "Labels that would collect twice" in text_of(owner.get("/"))
    for view in ("cash", "waiting"):
        page = owner.get(f"/shipments?view={view}")
        assert "money that was paid since" in text_of(page)
        assert f'action="/shipments/{shipment_id}/leave"' not in page.text
    assert 'name="parcel"' not in owner.get("/labels/hand-over").text
    answer = post(owner, f"/shipments/{shipment_id}/leave")
    assert answer.status_code == 409
    assert "the buyer would pay twice" in text_of(answer)
    post(owner, f"/shipments/{shipment_id}/anyway")
    assert depot.shipment(shipment_id).state == "shipped"
    assert "Nothing here" in text_of(owner.get("/shipments?view=cash"))
