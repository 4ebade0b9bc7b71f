"""The station before a parcel closes (the note, the scale, the photo), and the card after it."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image

from oms_web.core.actor import SYSTEM
from oms_web.domain.company import service as company
from oms_web.flows import order_edit, pick, ship
from tests.floor import EANS, KUBA, Floor
from tests.screens.test_packing import HTMX, band, post, text_of


@pytest.fixture
def floor(works):
    return Floor(works)


@pytest.fixture
def packer(floor, browser_as):
    return browser_as("packer")


def weighs(floor):
    with floor.works.writing(SYSTEM) as work:
        company.change(work, {"weighs": True, "packaging_g": 100, "tolerance_g": 20,
                              "tolerance_pct": 5})


def note(floor, order_id, text="Put the leaflet in"):
    with floor.works.writing(SYSTEM) as work:
        return order_edit.add_note(work, order_id, text, for_packer=True)


def picture(side=2000):
    out = io.BytesIO()
    Image.new("RGB", (side, 100), "#123456").save(out, "JPEG")
    return out.getvalue()


def test_a_new_note_shows_at_once_and_blocks_the_close_until_it_is_confirmed(
    packer, floor, browser_as
):
    order_id = floor.order("A", {"KUB": 1})
    post(packer, "/packing/scan", code=str(order_id))
    assert packer.get("/packing/1/pulse?unread=0", headers=HTMX).status_code == 204
    note_id = note(floor, order_id)
    answer = packer.get("/packing/1/pulse?unread=0", headers=HTMX)
    assert "Put the leaflet in" in text_of(answer)
    assert packer.get("/packing/1/pulse?unread=1", headers=HTMX).status_code == 204
    answer = post(packer, "/packing/1/scan", code="KUB", key="1")
    assert "Before the parcel closes" in text_of(answer)
    assert post(packer, "/packing/1/close").status_code == 409
    answer = post(packer, f"/packing/1/notes/{note_id}")
    assert (band(answer)[2], floor.shipment(1).state) == ("closed", "packed")
    assert "confirmed by Packer" in text_of(browser_as("sales").get(f"/orders/{order_id}"))


def test_a_scale_that_types_closes_the_parcel_and_scans_are_still_heard(packer, floor):
    weighs(floor)
    floor.order("A", {"KUB": 2})
    for key in "12":
        answer = post(packer, "/packing/scan" if key == "1" else "/packing/1/scan", code="KUB",
                      key=key)
    assert "Put the parcel on the scale" in text_of(answer)
    assert band(post(packer, "/packing/1/weigh", code=EANS["KUB"], key="3"))[2] == "extra"
    assert band(post(packer, "/packing/1/weigh", code=EANS["PUZ"], key="4"))[2] == "wrong"
    answer = post(packer, "/packing/1/weigh", code="ST,GS,+ 0.350kg")
    assert "Too light. 0.35 kg instead of 0.6 kg" in band(answer)[1].replace("\xa0", " ")
    assert "Why is the weight different?" in text_of(answer)
    answer = post(packer, "/packing/1/weigh", code="350 g", words="one lid is missing on purpose")
    assert (band(answer)[2], floor.shipment(1).state) == ("closed", "packed")
    assert floor.parcels(1)[0].weight_reason == "one lid is missing on purpose"


def test_a_photo_is_made_small_shown_on_the_card_and_gone_when_taken_off(
    packer, floor, browser_as, oms
):
    order_id = floor.order("A", {"KUB": 1})
    post(packer, "/packing/scan", code=str(order_id))
    sent = {"image": (io.BytesIO(picture()), "parcel.jpg")}
    answer = packer.post("/packing/1/photos", data=sent, headers=HTMX,
                         content_type="multipart/form-data")
    assert "Photo kept" in text_of(answer)
    with Image.open(io.BytesIO(packer.get("/packing/1/photos/1/whole").get_data())) as kept:
        assert (kept.format, kept.width) == ("WEBP", 1600)
    card = browser_as("sales")
    assert f"/orders/{order_id}/photos/1/little" in card.get(
        f"/orders/{order_id}").get_data(as_text=True)
    assert card.get(f"/orders/{order_id}/photos/1/little").mimetype == "image/webp"
    assert card.get(f"/orders/{order_id + 1}/photos/1/little").status_code == 404
    for wrong in (b"", b"<svg/>"):
        answer = packer.post("/packing/1/photos", data={"image": (io.BytesIO(wrong), "x.jpg")},
                             headers=HTMX, content_type="multipart/form-data")
        assert (answer.status_code, band(answer)[2]) == (422, "unknown")
    assert post(packer, "/packing/1/photos/1/remove").status_code == 200
    assert list(oms.settings.files.glob("??/*")) == []


def test_a_parcel_that_left_shows_the_station_no_name_no_photo_and_no_slip(packer, floor):
    shipment_id = floor.pack(floor.order("A", {"KUB": 1}))
    assert "Anna Testowa" in text_of(packer.get(f"/packing/{shipment_id}"))
    with floor.works.writing(KUBA) as work:
        ship.leave(work, shipment_id)
    assert "Anna Testowa" not in text_of(packer.get(f"/packing/{shipment_id}"))
    for what in ("slip.pdf", "photos/1/whole"):
        assert packer.get(f"/packing/{shipment_id}/{what}").status_code in (404, 409)


def test_somebody_elses_list_is_shown_and_taken_over(packer, floor, browser_as):
    floor.order("A", {"KUB": 2})
    other = browser_as("warehouse")
    other.post("/picking", data={})
    other.post("/picking/lists", data={"many": "1", "method": "batch", "single": ""})
    other.post("/picking/lists/1/scan", data={"code": "KUB"})
    page = text_of(packer.get("/picking/lists/1"))
    assert "Warehouse picks this list" in page
    answer = packer.post("/picking/lists/1/scan", data={"code": "KUB"}, headers={
        **HTMX, "HX-Target": "div#picking-walk"})
    assert (answer.status_code, "Take it over first" in text_of(answer)) == (409, True)
    assert packer.post("/picking/lists/1/own").status_code == 303
    packer.post("/picking/lists/1/scan", data={"code": "KUB"})
    with floor.works.reading(SYSTEM) as work:
        assert work.session.get_one(pick.starting.service.PickList, 1).state == "done"


def test_a_picker_who_may_not_cancel_is_neither_offered_nor_allowed_it(packer, floor, browser_as):
    floor.order("A", {"PUZ": 2})
    packer.post("/picking/lists", data={"many": "1"})
    page = packer.get("/picking/lists/1").get_data(as_text=True)
    short = re.search(r"short=\d+-\d+", page)[0]
    asked = {who: client.get(f"/picking/lists/1?{short}").get_data(as_text=True)
             for who, client in (("packer", packer), ("manager", browser_as("manager")))}
    assert 'value="cancel"' in asked["manager"]
    assert 'value="cancel"' not in asked["packer"]
    task = re.search(r'name="task" value="(\d+)"', page)[1]
    answer = packer.post("/picking/lists/1/short", data={
        "task": task, "missing": "1", "decision": "cancel"})
    assert answer.status_code == 403


def test_a_short_shelf_is_told_at_home_and_where_one_counts(packer, floor, browser_as):
    floor.order("A", {"KUB": 2})
    packer.post("/picking/lists", data={"many": "1"})
    task = re.search(r'name="task" value="(\d+)"',
                     packer.get("/picking/lists/1").get_data(as_text=True))[1]
    packer.post("/picking/lists/1/short", data={"task": task, "missing": "1",
                                                "decision": "correct"})
    counter = browser_as("warehouse")
    assert "1 shelf" in text_of(counter.get("/"))
    assert "A-01 Product KUB KUB 1 missing" in text_of(counter.get("/stock/documents"))
    answer = counter.post("/stock/stocktakes/new", data={"warehouse": floor.house.id})
    assert "To be counted first: A-01 · KUB" in text_of(counter.get(answer.location))


def test_a_late_pulse_of_a_closed_parcel_does_not_push_the_station_back(packer, floor):
    shipment_id = floor.pack(floor.order("A", {"KUB": 1}))
    assert packer.get(f"/packing/{shipment_id}/pulse", headers=HTMX).status_code == 204
