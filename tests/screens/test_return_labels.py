"""Return labels on a case and on the buyer's page; the correction of a refund by one click."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from oms_web.domain.documents.models import Document
from oms_web.domain.messages import pages
from oms_web.domain.messages import settings as mail
from oms_web.domain.messages.models import Message
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.orders.service import order_lines
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns import settings
from oms_web.domain.returns.models import Return
from oms_web.domain.returns.service import Opening
from oms_web.domain.returns.settings import Edit
from oms_web.domain.shipping import bookings
from oms_web.flows import return_bench, return_case, ship
from oms_web.flows.issue_document import issue_invoice
from oms_web.web import buyer_door
from tests import paper
from tests.after_sale import MAIL, AfterSale
from tests.conftest import TESTER
from tests.sync.carrier import Depot


def text_of(answer):
    return answer.get_data(as_text=True)


@pytest.fixture
def depot(oms, monkeypatch):
    """A sent order with a case that waits for its goods, and a carrier."""
    monkeypatch.setattr(buyer_door, "_desk", buyer_door.Gate(1000))
    made = Depot(oms)
    made.do(mail.change, MAIL)
    made.order_id = made.order("A", {"KUB": 1})
    made.do(ship.leave, made.bought(made.order_id))
    with made.works.writing(TESTER) as work:
        work.session.get_one(Order, made.order_id).buyer_email = "anna@example.com"
        line = order_lines(work.session, made.order_id)[0].id
    made.case_id = made.do(return_case.open_for, made.order_id,
                           Opening("return", lines={line: 1}))[0].id
    return made


def labels_of(depot):
    with depot.works.reading(TESTER) as work:
        return bookings.of_case(work.session, depot.case_id)


def test_a_label_is_bought_from_the_case_sent_once_and_taken_back(depot, browser_as):
    owner = browser_as("owner")
    here = f"/returns/{depot.case_id}"
    page = text_of(owner.get(here))
    assert "Buy a return label" in page
    form = owner.get(f"/orders/{depot.order_id}/label?return=1&case={depot.case_id}&back={here}")
    assert f'name="case" value="{depot.case_id}"' in text_of(form)
    data = {"return": "1", "case": depot.case_id, "back": here, "size": "", "packaging": "",
            "service": f"{depot.carrier.id}:door", "weight": "500"}
    assert owner.post(f"/orders/{depot.order_id}/label", data=data).location.endswith(here)
    depot.work()
    [label] = labels_of(depot)
    assert (label.state, label.is_return) == ("confirmed", True)
    page = text_of(owner.get(here))
    assert label.tracking[0] in page
    for _ in range(2):
        assert owner.post(f"{here}/labels/{label.id}/send").status_code == 303
    with depot.works.reading(TESTER) as work:
        [letter] = work.session.scalars(
            select(Message).where(Message.key == f"case:{depot.case_id}:label:{label.id}"))
    assert f"/cases/{depot.case_id}" in letter.text
    assert label.tracking[0] in letter.text
    assert owner.post(f"/returns/999/labels/{label.id}/send").status_code == 404
    owner.post(f"/labels/{label.id}/void", data={"back": here})
    depot.work()
    assert labels_of(depot)[0].state == "cancelled"
    assert owner.post(f"{here}/labels/{label.id}/send").status_code == 409


def test_a_buyer_makes_their_label_where_the_seller_lets_them(depot, app):
    browser = app.test_client()
    browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    with depot.works.writing(TESTER) as work:
        key = pages.link(work, depot.order_id).rpartition("/")[2]
    here = f"/o/{key}/cases/{depot.case_id}"
    assert "Make my label" not in text_of(browser.get(here))
    assert browser.post(f"{here}/label").status_code == 404
    assert labels_of(depot) == []
    depot.do(settings.change, Edit(label_account_id=depot.carrier.id, label_service="door"))
    assert "Make my label" in text_of(browser.get(here))
    for _ in range(2):
        assert browser.post(f"{here}/label").status_code == 303
    assert "is being made" in text_of(browser.get(here))
    assert browser.get(f"{here}/label.pdf").status_code == 404
    depot.work()
    [label] = labels_of(depot)
    assert label.tracking[0] in text_of(browser.get(here))
    assert browser.get(f"{here}/label.pdf").data.startswith(b"%PDF-")
    assert browser.get(f"/o/wrong/cases/{depot.case_id}/label.pdf").status_code == 404


def test_no_label_is_bought_for_a_case_that_asks_for_no_goods(depot, app):
    depot.do(settings.change, Edit(label_account_id=depot.carrier.id, label_service="door"))
    with depot.works.writing(TESTER) as work:
        link = pages.link(work, depot.order_id).removeprefix("https://sklep.example")
        case, _ = return_case.open_for(work, depot.order_id, Opening(
            "complaint", source="buyer", story="does not work"))
    assert app.test_client().post(f"{link}/cases/{case.id}/label").status_code == 422
    with depot.works.reading(TESTER) as work:
        assert bookings.of_case(work.session, case.id) == []


def test_the_settings_name_a_service_that_there_is(depot, browser_as):
    owner = browser_as("owner")
    assert "Kurier · locker" in text_of(owner.get("/returns/settings"))
    data = {"portal": "y", "extra_days": "0", "correct_by_itself": "y"}
    assert owner.post("/returns/settings", data={**data, "label": "9:nix:"}).status_code == 422
    done = owner.post("/returns/settings", data={**data, "label": f"{depot.carrier.id}:door:"})
    assert done.status_code == 303
    with depot.works.reading(TESTER) as work:
        now = settings.current(work.session)
    assert (now.label_service, now.correct_by_itself) == ("door", True)
    assert f'selected value="{depot.carrier.id}:door:"' in text_of(owner.get("/returns/settings"))


def test_the_invoice_is_corrected_by_one_click(oms, browser_as):
    shop, owner = AfterSale(oms), browser_as("owner")
    with shop.works.writing(TESTER) as work:
        paper.company(work)
        for line in work.session.scalars(select(OrderLine)):
            line.vat_rate = line.vat_rate or "23"
        issue_invoice(work, shop.order_id)
    case, _ = shop.do(return_case.open_for, shop.order_id,
                      Opening("return", lines={shop.lines()["CUP"]: 1}))
    owner.post(f"/returns/{case.id}/refund", data={
        f"unit-{shop.lines()['CUP']}": "1", "method": "cash", "key": "k", "delivery": ""})
    with shop.works.reading(TESTER) as work:
        refund = work.session.scalars(select(Refund)).one()
    there = f"/refunds/{refund.id}/correction"
    assert there not in text_of(owner.get(f"/returns/{case.id}"))
    assert owner.post(there).location == f"/returns/{case.id}#money"  # a page that was too old
    assert "This refund is not approved" in text_of(owner.get(f"/returns/{case.id}"))
    owner.post(f"/refunds/{refund.id}/approve")
    page = text_of(owner.get(f"/returns/{case.id}"))
    assert there in page
    assert "/correct?" not in page  # offered once
    for _ in range(2):
        assert owner.post(there).status_code == 303
    page = text_of(owner.get(f"/returns/{case.id}"))
    assert "KOR 1/" in page
    assert there not in page
    assert "/drop" not in page
    with shop.works.reading(TESTER) as work:
        assert [one.gross for one in work.session.scalars(
            select(Document).where(Document.kind == "correction"))] == [-refund.amount]
        assert work.session.get_one(Return, case.id).phase == "accepted"


def test_the_inbox_says_nothing_twice(oms, browser_as):
    shop, owner = AfterSale(oms), browser_as("owner")
    now = oms.works.clock()
    shop.do(return_case.open_for, shop.order_id, Opening(
        "complaint", story="Pęka", claimed_at=now - timedelta(days=13)))
    shop.do(return_bench.orphan, "PX1", "k")
    page = text_of(owner.get("/"))
    assert "Complaints to be answered" in page
    assert "Parcels that match no order" in page
    assert "Returns to decide" not in page
    shop.do(return_case.open_for, shop.order_id, Opening("return"))
    assert "Returns to decide" in text_of(owner.get("/"))
