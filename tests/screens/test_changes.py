"""Bulk changes on screen: asked for in the list, followed in the band, looked up, taken back."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from oms_web.automation import batches
from oms_web.core.actor import SYSTEM
from oms_web.core.claims import Task
from oms_web.domain.automation.models import Batch, BatchRow
from oms_web.domain.documents.models import Document
from oms_web.domain.orders.models import Hold, Note, Order, OrderTag, Status
from oms_web.domain.users.models import User
from oms_web.flows.pack import opening
from oms_web.jobs.worker import drain
from tests.benchmarks.counting import counted
from tests.floor import KUBA, Floor, key
from tests.screens.test_orders import HTMX, body, text_of


@pytest.fixture
def floor(works):
    return Floor(works, cups=(500, 500))


@pytest.fixture
def clerk(floor, browser_as):
    return browser_as("sales")


def all_of(works, query):
    with works.reading(SYSTEM) as work:
        return work.session.scalars(query).all()


def tagged(works):
    return set(all_of(works, select(OrderTag.order_id)))


def held(works, order_id) -> set[str]:
    return set(all_of(works, select(Hold.kind).where(
        Hold.order_id == order_id, Hold.released_at.is_(None))))


def newest(works) -> Batch:
    return all_of(works, select(Batch).order_by(Batch.id.desc()))[0]


def test_many_get_a_status_and_those_refused_are_named(clerk, floor, works, oms):
    one, two, three = (floor.order(name, {"KUB": 1}) for name in "ABC")
    with works.writing(SYSTEM) as work:
        status = Status(name="Grawer", phase="open", position=9)
        work.session.add(status)
        work.session.flush()
        wanted = status.id
        work.session.get_one(Order, three).status_id = wanted
    with works.writing(KUBA) as work:
        opening.open_by_code(work, str(two), "1", key())
    answer = clerk.post("/orders/bulk/status", data={
        "order": [one, two, three], "status.status": wanted, "back": "/orders?sort=newest"})
    assert (answer.status_code, answer.location) == (303, "/orders?sort=newest")
    page = clerk.get("/orders?sort=newest")
    assert "Status: Grawer" in text_of(page)
    assert "0 of 3" in text_of(page)
    poll = re.search(r'id="change-band" hx-get="([^"]+)" hx-trigger="every 1s"', body(page))[1]
    drain(oms)
    part = clerk.get(poll.replace("&amp;", "&"), headers=HTMX)
    assert "<html" not in body(part)
    assert "1 changed, 1 was so already, 1 refused" in text_of(part)
    assert f'href="/orders/{two}"' in body(part)
    assert "The status Grawer is not for orders in this phase." in text_of(part)
    assert 'hx-get="/orders?sort=newest" hx-trigger="load"' in body(part)  # the rows come anew
    assert floor.get(one).status_id == wanted
    page = body(clerk.get("/orders?sort=newest"))
    assert "1 changed, 1 was so already, 1 refused" in page
    assert 'hx-trigger="load"' not in page  # but not again and again


def test_many_are_tagged_held_and_released(clerk, floor, works, oms):
    ids = [floor.order("A", {"KUB": 1}), floor.order("B", {"KUB": 1})]

    def do(key_, **values):
        data = {"order": ids} | {f"{key_}.{name}": value for name, value in values.items()}
        assert clerk.post(f"/orders/bulk/{key_}", data=data).status_code == 303
        drain(oms)

    do("tag", tag=["", "pilne"])  # the field beside the buttons is empty
    assert tagged(works) == set(ids)
    do("hold", reason="czeka na grawer")
    assert [held(works, one) for one in ids] == [{"manual"}, {"manual"}]
    do("release")
    assert [held(works, one) for one in ids] == [set(), set()]
    do("untag", tag="pilne")
    assert tagged(works) == set()
    do("note", text="Ostrożnie")
    assert all_of(works, select(Note.text)) == ["Ostrożnie"] * 2
    do("delivery", carrier="DPD", delivery_method="")
    assert {floor.get(one).carrier for one in ids} == {"DPD"}
    do("invoice")
    assert newest(works).changed + newest(works).refused == 2
    assert len(all_of(works, select(Document.id))) == newest(works).changed
    do("cancel", reason="koniec")
    assert {floor.get(one).phase for one in ids} == {"cancelled"}


@pytest.mark.parametrize(("url", "data", "status"), [
    ("status", {"order": [1]}, 422), ("hold", {"order": [1]}, 422), ("tag", {"order": [1]}, 422),
    ("tag", {"tag.tag": "x"}, 422), ("tag", {"tag.tag": "x", "order": ["seven"]}, 422),
    ("tag", {"tag.tag": "x", "order": [1]}, 404), ("delivery", {"order": [1]}, 422),
    ("status", {"order": [1], "status.status": "999"}, 404), ("dance", {"order": [1]}, 404),
    ("unnote", {"order": [1], "unnote.note": "1"}, 404),
    ("tag", {"tag.tag": "x", "all": "1", "back": "/orders?courier=DPD"}, 422),
    ("tag", {"tag.tag": "x", "all": "1", "back": "/orders?queue=nonsense"}, 422),
])
def test_an_act_on_many_wants_what_it_needs(clerk, works, url, data, status):
    assert clerk.post(f"/orders/bulk/{url}", data=data).status_code == status
    assert all_of(works, select(Batch.id)) == []


@pytest.mark.parametrize(("role", "act", "status"), [
    ("reader", "tag", 403), ("accountant", "tag", 403), ("accountant", "invoice", 303),
    ("warehouse", "release", 403), ("sales", "cancel", 303),
])
def test_each_act_asks_for_its_own_right(floor, browser_as, role, act, status):
    number = floor.order("A", {"KUB": 1})
    answer = browser_as(role).post(f"/orders/bulk/{act}", data={"order": number, "tag.tag": "x"})
    assert answer.status_code == status


def test_a_change_leads_back_to_the_list_it_came_from_and_nowhere_else(clerk, floor):
    number = floor.order("A", {"KUB": 1})
    for back, led in (("/orders?queue=pick", "/orders?queue=pick"), ("/orders", "/orders"),
                      ("https://evil.example/orders", "/orders"), ("/orders.evil", "/orders"),
                      ("//evil.example", "/orders")):
        answer = clerk.post("/orders/bulk/tag", data={
            "order": number, "tag.tag": "x", "back": back})
        assert answer.location == led


def test_all_of_a_filter_are_meant_not_the_rows_on_the_page(clerk, floor, works, oms):
    """Sixty orders of one courier, fifty on the page; those of another stay as they are."""
    mine = {floor.order(f"D{n}", {"KUB": 1}, carrier="dpd") for n in range(60)}
    other = floor.order("X", {"KUB": 1}, carrier="inpost")
    page = body(clerk.get("/orders?courier=DPD"))
    assert re.search(r'name="all" value="1" form="orders-form" data-select-whole data-count="60"',
                     page)
    assert "All 60 matching" in page
    clerk.post("/orders/bulk/tag", data={
        "order": [other], "tag.tag": "x", "all": "1", "back": "/orders?courier=DPD"})
    drain(oms)
    assert tagged(works) == mine
    assert "data-select-whole" not in body(clerk.get("/orders?courier=InPost"))  # all are there


def test_what_is_too_much_for_one_change_is_cut_and_said(clerk, floor, works, monkeypatch):
    numbers = [floor.order(f"D{n}", {"KUB": 1}) for n in range(4)]
    monkeypatch.setattr(batches, "MOST", 3)
    clerk.post("/orders/bulk/tag", data={"tag.tag": "x", "all": "1", "back": "/orders?sort=oldest"})
    assert all_of(works, select(BatchRow.order_id).order_by(BatchRow.place)) == numbers[:3]
    assert "The first 3 orders of the list are taken." in text_of(clerk.get("/orders"))
    clerk.post("/orders/bulk/tag", data={
        "order": numbers[:3], "tag.tag": "x", "back": "/orders"})
    assert "are taken" not in text_of(clerk.get("/orders"))


def test_asking_costs_the_same_for_one_and_for_many(clerk, floor, oms):
    """Three hundred orders become a change without a question for each."""
    for n in range(40):
        floor.order(f"D{n}", {"KUB": 1})

    def cost(**data) -> int:
        clerk.get("/orders")
        with counted(oms.engine) as found:
            assert clerk.post("/orders/bulk/tag", data={"tag.tag": "x", **data}
                              ).status_code == 303
        return len(found)

    first = floor.order("Z", {"KUB": 1})
    alone = cost(order=first)
    assert cost(order=list(range(first - 40, first + 1))) == alone
    assert cost(all="1", back="/orders") <= alone + 10
    assert alone < 25


def test_undo_takes_all_back_once_and_can_be_taken_back_itself(clerk, floor, works, oms):
    ids = {floor.order("A", {"KUB": 1}), floor.order("B", {"KUB": 1})}
    clerk.post("/orders/bulk/tag", data={"order": list(ids), "tag.tag": "x"})
    first = newest(works).id
    assert clerk.post(f"/changes/{first}/undo").status_code == 409  # it runs still
    drain(oms)
    band = body(clerk.get("/orders"))
    assert re.search(rf'action="/changes/{first}/undo".*?data-key="u"', band, re.DOTALL)
    answer = clerk.post(f"/changes/{first}/undo", data={"back": "/orders?queue=pick"})
    assert answer.location == "/orders?queue=pick"
    drain(oms)
    assert tagged(works) == set()
    second = newest(works).id
    assert "Taken back: Tag" in text_of(clerk.get("/orders"))
    assert clerk.post(f"/changes/{first}/undo").status_code == 409
    assert f'action="/changes/{first}/undo"' not in body(clerk.get(f"/changes/{first}"))
    assert f'href="/changes/{second}"' in body(clerk.get(f"/changes/{first}"))
    answer = clerk.post(f"/changes/{second}/undo", data={"back": f"/changes/{second}"})
    assert answer.location == f"/changes/{newest(works).id}"
    drain(oms)
    assert tagged(works) == ids


def test_what_nothing_takes_back_offers_no_undo(clerk, floor, works, oms):
    number = floor.order("A", {"KUB": 1})
    clerk.post("/orders/bulk/release", data={"order": number})
    drain(oms)
    assert "0 changed, 1 was so already" in text_of(clerk.get("/orders"))
    assert "/undo" not in body(clerk.get("/orders"))


def test_the_band_is_put_away_and_goes_by_itself(clerk, floor, works, oms):
    number = floor.order("A", {"KUB": 1})

    def shown():
        return "change-band" in body(clerk.get("/orders"))

    assert not shown()
    clerk.post("/orders/bulk/tag", data={"order": number, "tag.tag": "x"})
    drain(oms)
    assert shown()
    assert clerk.post(f"/changes/{newest(works).id}/away").location == "/orders"
    assert not shown()
    clerk.post("/orders/bulk/tag", data={"order": number, "tag.tag": "y"})
    drain(oms)
    assert shown()
    with works.writing(SYSTEM) as work:
        batch = work.session.get_one(Batch, newest(works).id)
        batch.asked_at -= timedelta(minutes=11)
    assert not shown()


def test_a_change_whose_work_was_given_up_says_so(clerk, floor, works):
    number = floor.order("A", {"KUB": 1})
    clerk.post("/orders/bulk/tag", data={"order": number, "tag.tag": "x"})
    with works.writing(SYSTEM) as work:
        task = work.session.scalars(select(Task).where(Task.kind == "batch")).one()
        task.state, task.error = "dead", "disk full"
        task_id = task.id
    page = clerk.get("/orders")
    assert "It stopped after 0 of 1 orders." in text_of(page)
    assert f'href="/tasks/{task_id}"' in body(page)
    assert 'hx-trigger="every 1s"' not in body(page).partition("orders-news")[0]


def test_own_changes_and_those_of_others(clerk, floor, works, oms, browser_as):
    number = floor.order("A", {"KUB": 1})
    clerk.post("/orders/bulk/tag", data={"order": number, "tag.tag": "pilne"})
    drain(oms)
    mine = newest(works).id
    assert "Tag: pilne" in text_of(clerk.get("/changes"))
    other = browser_as("accountant")
    assert "Tag: pilne" not in text_of(other.get("/changes"))
    assert other.get(f"/changes/{mine}").status_code == 404
    assert other.post(f"/changes/{mine}/undo").status_code == 404
    manager = browser_as("manager")
    assert "Tag: pilne" in text_of(manager.get("/changes"))
    assert "Tag: pilne" not in text_of(manager.get("/changes?who=me"))
    assert manager.get(f"/changes/{mine}").status_code == 200
    assert "change-band" not in body(manager.get("/orders"))
    assert browser_as("warehouse").get("/changes").status_code == 403


def test_who_lost_the_right_cannot_undo(floor, works, oms, browser_as):
    accountant = browser_as("accountant")
    number = floor.order("A", {"KUB": 1})
    browser_as("sales").post("/orders/bulk/tag", data={"order": number, "tag.tag": "x"})
    drain(oms)
    with works.writing(SYSTEM) as work:  # it was theirs, when they still sold
        batch = work.session.get_one(Batch, newest(works).id)
        batch.asked_id = _id_of(work, "accountant")
    assert accountant.get(f"/changes/{newest(works).id}").status_code == 200
    assert accountant.post(f"/changes/{newest(works).id}/undo").status_code == 403
    assert tagged(works) == {number}


def _id_of(work, role):
    return work.session.scalar(select(User.id).where(User.role == role))


def test_older_changes_are_read_page_by_page(clerk, floor, works):
    number = floor.order("A", {"KUB": 1})
    for n in range(52):
        clerk.post("/orders/bulk/tag", data={"order": number, "tag.tag": f"t{n:02}"})
    page = body(clerk.get("/changes"))
    assert page.count('<tr data-row id="change-') == 50
    more = re.search(r'hx-get="(/changes\?[^"]+)"', page)[1].replace("&amp;", "&")
    part = body(clerk.get(more, headers=HTMX))
    assert "Tag: t00" in part
    assert "Tag: t01" in part
    assert part.count("<tr data-row") == 2
    assert all_of(works, select(func.count()).select_from(Batch)) == [52]
