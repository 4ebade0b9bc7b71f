"""Bank statements and files of transfers on screen."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.domain.company.models import Company
from oms_web.domain.orders.models import Order
from oms_web.domain.payments.bank.models import BankEntry
from oms_web.domain.payments.models import Refund
from oms_web.flows import order_refund, return_refund
from tests.floor import Floor
from tests.screens.shelves import text_of

BANK_SAMPLES = Path(__file__).parents[1] / "decisions/bank_samples"
MBANK = (BANK_SAMPLES / "mbank.csv").read_text("utf-8")
IBAN = "PL61109010140000071219812874"


class Desk:
    """An accountant, and an unpaid order of 20.00."""

    def __init__(self, works, browser_as):
        self.works, self.client = works, browser_as("accountant")
        self.floor = Floor(works, cups=(50, 50))
        self.order = self.floor.order("A1", {"KUB": 2}, state="unpaid")

    def upload(self, text, status=302):
        answer = self.client.post("/payments/statements", data={
            "file": (io.BytesIO(text.encode("cp1250")), "wyciag.csv")},
            content_type="multipart/form-data")
        assert answer.status_code in (status, 303), text_of(answer)[:500]
        return text_of(answer)

    def see(self, view=""):
        answer = self.client.get(f"/payments/statements?view={view}")
        assert answer.status_code == 200
        return text_of(answer)

    def post(self, entry, what, **data):
        return self.client.post(f"/payments/statements/{entry}/{what}", data=data)

    def row(self, model):
        with self.works.reading(SYSTEM) as work:
            return work.session.scalars(select(model)).one()

    def paid(self):
        with self.works.reading(SYSTEM) as work:
            return work.session.get(Order, self.order).paid_total


@pytest.fixture
def desk(works, browser_as):
    return Desk(works, browser_as)


def statement(title, amount):
    return MBANK.replace("zamówienie 1007", title).replace("1 120,50", amount)


def test_a_file_is_taken_in_and_a_doubtful_line_booked_and_taken_back(desk):
    assert "Nothing here" in desk.see()
    assert "no heading of a bank" in desk.upload("a;b\n1;2", 422).lower()
    desk.upload(statement("prezent", "20,00"))
    said = desk.see()
    assert "the amount due" in said
    assert f"Book to {desk.order}" in said
    entry = desk.row(BankEntry).id
    desk.post(entry, "book", order="abc", view="offered")
    desk.post(entry, "book", order="99999", view="offered")
    assert desk.paid() == 0
    desk.post(entry, "book", order=f"#{desk.order}")
    assert desk.paid() == 2000
    assert "Take back" in desk.see("booked")
    desk.post(entry, "back")
    assert desk.paid() == 0
    desk.post(entry, "ignore")
    assert "Bring back" in desk.see("ignored")
    desk.post(entry, "restore")
    desk.post(entry, "look")
    assert f"Book to {desk.order}" in desk.see()


def test_a_sure_line_is_booked_at_once_and_the_timeline_says_so(desk):
    desk.upload(statement(f"zam. {desk.order}", "20,00"))
    assert desk.paid() == 2000
    desk.upload(statement(f"zam. {desk.order}", "20,00"))
    assert desk.paid() == 2000
    assert "statement" in text_of(desk.client.get(f"/orders/{desk.order}"))


def test_pages_go_on_after_the_last_line_seen(desk):
    row = next(line for line in MBANK.splitlines() if line.startswith("2026"))
    many = "\n".join(row.replace("zamówienie 1007", f"czynsz {n}x") for n in range(60))
    desk.upload(MBANK.replace(row, many))
    page = desk.client.get("/payments/statements?view=unknown").get_data(as_text=True)
    assert page.count("data-row>") == 50
    more = re.search(r'"(/payments/statements\?[^"]*after=[^"]+)"', page)[1].replace("&amp;", "&")
    rest = desk.client.get(more).get_data(as_text=True)
    assert rest.count("data-row>") == 10
    assert desk.client.get("/payments/statements?after=x").status_code in (400, 404, 422)


def test_refunds_become_a_file_once_that_can_be_had_again(desk, works):
    desk.upload(statement(f"zam. {desk.order}", "20,00"))
    with works.writing(SYSTEM) as work:
        made, _ = order_refund.ask(work, desk.order, 500, "transfer", "k", "rysa", IBAN)
        return_refund.act(work, made.id, "approve")
    shown = text_of(desk.client.get("/payments/transfers"))
    assert IBAN in shown
    good = {"format": "elixir", "currency": "PLN"}
    desk.client.post("/payments/transfers", data=good)  # no account of ours yet
    assert desk.row(Refund).state == "approved"
    with works.writing(SYSTEM) as work:
        work.session.get(Company, 1).bank_account = "27114020040000300201355387"
    for data in ({**good, "format": "x"}, {**good, "currency": "EUR"}, good, good):
        desk.client.post("/payments/transfers", data=data)
    row = desk.row(Refund)
    assert row.state == "sent"
    page = desk.client.get("/payments/transfers").get_data(as_text=True)
    link = re.search(r'href="(/payments/transfers/[^"]+/file)"', page)[1].replace("&amp;", "&")
    for _ in range(2):
        assert desk.client.get(link).get_data().startswith(b"110,")
    assert desk.client.get("/payments/transfers/file:elixir:x/file").status_code == 409


def test_only_who_keeps_the_books_sees_them(desk, browser_as):
    for role in ("sales", "packer", "reader"):
        client = browser_as(role)
        for path in ("statements", "transfers"):
            assert client.get(f"/payments/{path}").status_code == 403


def test_owed_money_is_listed_and_a_report_taken_in(desk):
    with desk.works.writing(SYSTEM) as work:
        order = work.session.get(Order, desk.order)
        order.payment_kind, order.phase = "cod", "shipped"
    shown = text_of(desk.client.get("/payments/owed"))
    assert "PLN 20.00" in shown
    assert "Nothing is owed" in text_of(desk.client.get("/payments/owed?view=channels"))
    for text, status in (("a;b", 422), ("Numer przesyłki;Data wypłaty;Kwota pobrania\n1;2026-11-28"
                                        ";5,00", 302)):
        answer = desk.client.post("/payments/owed", data={
            "file": (io.BytesIO(text.encode()), "cod.csv")}, content_type="multipart/form-data")
        assert answer.status_code in (status, 303)


def test_a_file_of_the_other_kind_points_to_the_other_page(desk):
    def given(path, name):
        content = (BANK_SAMPLES / name).read_bytes()
        return desk.client.post(path, data={"file": (io.BytesIO(content), name)},
                                content_type="multipart/form-data")
    for path, name, other in (("/payments/owed", "mt940.sta", "/payments/statements"),
                              ("/payments/owed", "camt.xml", "/payments/statements"),
                              ("/payments/statements", "allegro.csv", "/payments/owed")):
        answer = given(path, name)
        assert answer.status_code == 422
        error = re.search(r'id="file-error".*?</div>', answer.get_data(as_text=True), re.S)[0]
        assert f'href="{other}"' in error, (path, name)


@pytest.mark.parametrize("path", ["statements", "owed", "courier"])
def test_a_form_that_is_sent_without_a_file_says_so(desk, path):
    for data in ({}, {"file": (io.BytesIO(b""), "")}):
        answer = desk.client.post(f"/payments/{path}", data=data,
                                  content_type="multipart/form-data")
        assert answer.status_code == 422
        assert "Choose a file." in text_of(answer)


def test_fees_are_added_and_the_profit_follows(desk):
    good = {"kind": "channel", "account": 0, "method": "", "percent": "10", "fixed": "1,50",
            "currency": "PLN", "valid_from": "2026-01-01"}
    for wrong in ({"percent": "101"}, {"percent": "x"}, {"fixed": "-1"}, {"currency": "ZŁ"},
                  {"valid_from": ""}, {"kind": "x"}):
        assert desk.client.post("/payments/fees", data={**good, **wrong}).status_code == 422, wrong
    assert "No fees yet" in text_of(desk.client.get("/payments/fees"))
    desk.client.post("/payments/fees", data=good)
    assert "PLN 1.50" in text_of(desk.client.get("/payments/fees"))
    with desk.works.reading(SYSTEM) as work:
        placed = work.session.get(Order, desk.order).placed_at.date().isoformat()
    shown = text_of(desk.client.get(f"/payments/profit?from={placed}&to={placed}"))
    assert "PLN 3.50" in shown  # 10 % of 20.00 and 1.50
    card = text_of(desk.client.get(f"/orders/{desk.order}"))
    assert re.search(r"the channel's commission\W+(PLN)?\W*3\.50", card)
    assert desk.client.get("/payments/profit?from=x").status_code in (400, 422)
    with desk.works.writing(SYSTEM) as work:
        work.session.get(Order, desk.order).currency = "EUR"
    shown = text_of(desk.client.get(f"/payments/profit?from={placed}&to={placed}"))
    assert "1 order in EUR is left out: what goods cost is known in PLN only" in shown
