"""The till on screen: opened, filled, paid, put aside, taken back, counted."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select, update

from oms_web.core.actor import SYSTEM
from oms_web.domain.catalog.models import Product, Variant
from oms_web.domain.documents.models import Document
from oms_web.domain.orders.models import Order
from tests import paper
from tests.benchmarks.counting import counted
from tests.floor import EANS, Floor
from tests.screens.shelves import text_of

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
FIRM = {"invoice": "y", "tax_id": "526-10-40-828", "buyer_company": "Las sp. z o.o.",
        "street": "Prosta 1", "postcode": "00001", "city": "Warszawa"}


class Desk:
    """A cashier at an open till with 100.00 of change."""

    def __init__(self, works, browser_as) -> None:
        self.floor = Floor(works)
        with works.writing(SYSTEM) as work:
            paper.company(work)
            work.session.execute(update(Product).values(vat_rate="23"))
            work.session.execute(update(Variant).where(Variant.sku != "SWI").values(price=1000))
        self.works, self.client = works, browser_as("sales")
        chief = browser_as("manager")
        chief.post("/pos/tills", data={"name": "Front", "warehouse": self.floor.house.id})
        assert "Open the till" in text_of(self.client.get("/pos"))
        self.post("/pos/open", change_money="100")

    def post(self, path, status=200, **data):
        answer = self.client.post(path, data=data, headers=HTMX)
        assert answer.status_code == status, (path, text_of(answer)[:600])
        self.page = answer.get_data(as_text=True)
        return text_of(answer)

    def scan(self, code, into="", status=200, **data):
        said = self.post(f"{into or '/pos'}/scan", status, code=code, **data)
        return said, re.search(r'action="(/pos/\d+)/scan"', self.page)

    def fill(self, *skus):
        into = ""
        for sku in skus:
            into = self.scan(EANS.get(sku, sku), into)[1][1]
        return into

    def hidden(self, name):
        return re.search(rf'name="{name}"[^>]* value="([^"]*)"', self.page)[1]

    def pay(self, into, status=200, **data):
        return self.post(f"{into}/pay", status, **{
            "key": self.hidden("key"), "shown": self.hidden("shown"), **data})

    def orders(self):
        with self.works.reading(SYSTEM) as work:
            return list(work.session.scalars(select(Order)))


@pytest.fixture
def desk(works, browser_as):
    return Desk(works, browser_as)


def test_a_day_at_the_till(desk, browser_as):
    into = desk.fill("KUB", "KUB", "PUZ")
    assert "PLN 30.00" in text_of(desk.client.get(into))
    desk.post(f"{into}/line", variant=desk.floor.ids["KUB"], quantity="2", discount="10%")
    assert "PLN 26.00" in desk.post(f"{into}/discount", discount="2")
    assert "Kasia" in desk.post(f"{into}/park", name="Kasia")
    other = desk.fill("PUZ")
    assert other != into
    assert "Change: PLN 10.00" in desk.pay(other, method="cash", given="20")
    desk.page = desk.client.get(into).get_data(as_text=True)
    sold = desk.pay(into, method="card")
    assert "Sold, card" in sold
    sale = re.search(r"/pos/sales/(\d+)/receipt", desk.page)[1]
    paper_ = text_of(desk.client.get(f"/pos/sales/{sale}/receipt"))
    assert "This is not a fiscal receipt." in paper_
    assert "2 × 10.00 − 2.00 18.00" in paper_
    assert desk.client.get(into).location == f"/pos/sales/{sale}"
    assert desk.post(f"/pos/sales/{sale}/void", 422, reason="") != ""
    assert desk.client.post(f"/pos/sales/{sale}/void", data={"reason": "wrong size"}
                            ).location == f"/pos/sales/{sale}"
    assert "wrong size" in text_of(desk.client.get("/pos/sales"))
    counted_ = desk.client.post("/pos/close", data={"counted": "109", "note": "a coin fell"})
    shift = text_of(desk.client.get(counted_.location))
    assert "PLN 1.00 missing" in shift
    assert "Counted" in shift
    assert "PLN 1.00 missing" in text_of(browser_as("manager").get("/pos/shifts"))
    assert "Open the till" in text_of(desk.client.get("/pos"))
    assert [(order.phase, order.total) for order in desk.orders()] == [
        ("done", 1000), ("cancelled", 2600)]
    voided = text_of(browser_as("manager").get(f"/orders/{desk.orders()[1].id}"))
    assert "nothing to pay" in voided
    assert "not paid" not in voided


def test_what_is_wrong_is_said_and_nothing_is_sold(desk):
    assert "No product has the code rubbish." in desk.scan("rubbish", status=404)[0]
    into = desk.fill("KUB")
    assert "This is less than what is to be paid." in desk.pay(into, 422, given="9,99")
    assert "Not an amount: ten" in desk.pay(into, 422, given="ten")
    assert "The basket has changed since." in desk.pay(into, 422, shown="1")
    for wrong, says in (({"quantity": "-3"}, "1 to 999 units"), ({"discount": "11"}, "more than"),
                        ({"price": "-1", "quantity": "1"}, "below nought"),
                        ({"price": "0,001"}, "smallest coin")):
        assert says in desk.post(f"{into}/line", 422, variant=desk.floor.ids["KUB"], **wrong)
    desk.scan(EANS["SWI"], into)  # nobody said what a candle costs
    assert "A product has no price yet." in desk.pay(into, 409)
    desk.post(f"{into}/line", variant=desk.floor.ids["SWI"], price="2,50", quantity="9")
    assert "only 5 free here" in desk.pay(into, 409)
    assert desk.orders() == []
    assert desk.floor.stock("KUB", "A-01") == (5, 0)


def test_a_tap_a_name_three_at_once_and_a_scan_sent_again(desk):
    _, found = desk.scan("3*" + EANS["KUB"], key="one")
    desk.scan("3*" + EANS["KUB"], found[1], key="one")
    with desk.works.writing(SYSTEM) as work:
        work.session.execute(update(Variant).where(Variant.sku == "PUZ").values(search=" puzzle "))
    desk.scan("puzz", found[1])
    desk.post(f"{found[1]}/scan", variant_id=desk.floor.ids["PUZ"])
    assert "PLN 50.00" in text_of(desk.client.get(found[1]))
    desk.post(f"{found[1]}/line", variant=desk.floor.ids["KUB"], quantity="3", step="-1")
    desk.post(f"{found[1]}/line", variant=desk.floor.ids["PUZ"], remove="1")
    assert "PLN 20.00" in text_of(desk.client.get(found[1]))
    desk.post(f"{found[1]}/throw-away")
    assert desk.client.get(found[1]).location == "/pos"


def test_an_invoice_is_issued_with_the_sale_or_neither_is(desk):
    into = desk.fill("KUB")
    wrong = desk.pay(into, 422, method="card", **{**FIRM, "tax_id": "123", "city": ""})
    assert "A NIP has 10 digits" in wrong
    assert "Fill this in." in wrong
    assert desk.orders() == []
    desk.pay(into, method="card", **FIRM)
    (order,) = desk.orders()
    assert (order.tax_id, order.buyer_company, order.is_documented) == (
        "5261040828", "Las sp. z o.o.", True)
    with desk.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(Document.gross)).all() == [1000]
    again = desk.fill("KUB")
    filled = desk.post(f"{again}/buyer", tax_id="5261040828", shown="1000", key="k")
    assert "Fill in from an earlier order" in filled
    assert 'value="Las sp. z o.o."' in desk.page


def test_a_basket_costs_the_same_questions_however_full_it_is(desk, oms):
    def cost(into) -> int:
        with counted(oms.engine) as found:
            desk.client.get(into)
        return len(found)

    few, many = desk.fill("KUB"), desk.fill("KUB")
    desk.post(f"{few}/park", name="few")
    many = desk.fill("KUB", "PUZ", "SWI")
    assert cost(few) == cost(many)


def test_roles(desk, browser_as):
    into = desk.fill("KUB")
    for role in ("warehouse", "accountant", "reader"):
        assert browser_as(role).get("/pos").status_code == 403
        assert browser_as(role).post(f"{into}/pay").status_code == 403
    assert desk.client.get("/pos/tills").status_code == 403
    assert desk.client.get("/pos/shifts/1").status_code == 403  # a drawer is counted blind
