"""The screen for accountants: a month's register, what keeps its file back, files of a period."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime

import pytest
from lxml import etree
from sqlalchemy import event

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import InvalidForm
from oms_web.domain.accounting import queries, service
from oms_web.domain.accounting.models import FiscalReport
from oms_web.domain.company.models import Company
from oms_web.domain.documents.correcting import Ask as Correct
from oms_web.domain.documents.drafting import Ask
from oms_web.domain.documents.models import Document, ExchangeRate
from oms_web.domain.einvoices.models import EInvoice
from oms_web.flows.correct_document import correct_invoice
from oms_web.flows.issue_document import issue_invoice
from tests import european, paper
from tests.conftest import TESTER
from tests.decisions.test_register import schema

NOW = datetime(2026, 12, 2, 12, 0, tzinfo=UTC)
NOVEMBER = date(2026, 11, 1)


@pytest.fixture
def shop(oms):
    """An installation with a complete company on the second of December."""
    oms.works.clock = lambda: NOW
    with oms.works.writing(TESTER) as work:
        paper.company(work)
    return oms


@pytest.fixture
def page(shop, browser_as):
    return browser_as("owner")


def issue(shop, *lines, ask=None, **order) -> Document:
    with shop.works.writing(TESTER) as work:
        return issue_invoice(work, paper.order(work, list(lines) or None, **order).id,
                             ask or Ask(issue_date=date(2026, 11, 22)))[0]


def file_as(page, **payer):
    return page.post("/documents/jpk/2026-11/payer", data={"office": "1471"} | payer)


def words(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def rows_of(answer) -> list[etree._Element]:
    assert answer.status_code == 200, words(answer)
    return list(etree.fromstring(answer.data).iterfind(".//{*}SprzedazWiersz"))


def test_a_month_is_shown_and_taken(shop, page):
    issue(shop, ("Kubek", 1, "123.00", "23"), ("Książka", 1, "105.00", "5"))
    shown = words(page.get("/documents/jpk?month=2026-11"))
    assert "K_19" in shown
    assert "100.00" in shown
    assert re.search(r"VAT of the month\D+28\.00", shown)
    assert "The code of a tax office has four digits." in shown
    assert page.get("/documents/jpk/2026-11.xml").status_code == 422
    assert file_as(page).status_code in (302, 303)
    answer = page.get("/documents/jpk/2026-11.xml?again=1")
    (row,) = rows_of(answer)
    assert row.findtext("{*}K_19") == "100.00"
    assert answer.headers["Content-Disposition"].endswith('"jpk-v7m-2026-11.xml"')
    assert schema().validate(etree.fromstring(answer.data))
    assert rows_of(page.get("/documents/jpk/2026-10.xml")) == []


def test_what_is_doubtful_is_told_and_some_of_it_keeps_the_file_back(shop, page):
    file_as(page)
    document = issue(shop, ("Kubek", 1, "100", "0"), currency="EUR", tax_id="DE136695976",
                     country="DE", ship_to={**paper.COMPANY_HOME, "country": "DE"},
                     ask=Ask(issue_date=date(2026, 11, 22), treatment="wdt"))
    assert document.snapshot["treatment"] == "wdt"
    shown = words(page.get("/documents/jpk?month=2026-11"))
    assert "There is no exchange rate of the day that counts" in shown
    assert document.number in shown
    refused = page.get("/documents/jpk/2026-11.xml")
    assert refused.status_code == 422
    with shop.works.writing(SYSTEM) as work:
        work.session.add(ExchangeRate(currency="EUR", day=date(2026, 11, 20), rate="4.2513",
                                      table_number="226/A/NBP/2026", read_at=NOW))
    (row,) = rows_of(page.get("/documents/jpk/2026-11.xml"))
    assert (row.findtext("{*}K_21"), row.findtext("{*}KodKrajuNadaniaTIN")) == ("425.13", "DE")


def test_where_the_invoice_is(shop, page):
    file_as(page)
    ids = [issue(shop).id for _ in range(3)]
    with shop.works.writing(SYSTEM) as work:
        for document_id, state, number, is_offline in (
                (ids[0], "accepted", "5252248481-20261122-0A1B2C-3D4E5F-6A", False),
                (ids[1], "sent", None, True), (ids[2], "rejected", None, False)):
            work.session.add(EInvoice(
                document_id=document_id, kind="VAT", nip="5252248481", environment="production",
                issue_date=date(2026, 11, 22), deadline=date(2026, 11, 23), state=state,
                ksef_number=number, is_offline=is_offline, created_at=NOW))
    marks = [next(name for name in ("NrKSeF", "OFF", "BFK", "DI")
                  if row.find(f"{{*}}{name}") is not None)
             for row in rows_of(page.get("/documents/jpk/2026-11.xml"))]
    assert marks == ["NrKSeF", "OFF", "BFK"]
    assert "KSeF refused the document" in words(page.get("/documents/jpk?month=2026-11"))


def test_corrections_stand_in_the_month_they_belong_to(shop, page):
    file_as(page)
    document = issue(shop, ("Kubek", 2, "123.00", "23"))
    for effect, address in ((2, None), (1, None), (2, {**paper.POLISH_HOME, "city": "Kraków"})):
        with shop.works.writing(TESTER) as work:
            correct_invoice(work, document.id, Correct(
                reason="Rabat", lowered=0 if address else 1230, effect=effect, buyer=address))
    numbers = {month: [row.findtext("{*}DowodSprzedazy")
                       for row in rows_of(page.get(f"/documents/jpk/{month}.xml"))]
               for month in ("2026-11", "2026-12")}
    assert numbers == {"2026-11": [document.number, "KOR 2/12/2026"],
                       "2026-12": ["KOR 1/12/2026"]}


def test_reports_of_cash_registers(shop, page):
    file_as(page)
    where = "/documents/jpk/2026-11/reports"
    report = {"number": "0123/2026", "day": "2026-11-30", "net_23": "1 000,00", "vat_23": "230"}
    assert page.post(where, data=report).status_code in (302, 303)
    assert page.post(where, data=report).status_code in (302, 303)  # the same again adds nothing
    (row,) = rows_of(page.get("/documents/jpk/2026-11.xml"))
    assert [row.findtext(f"{{*}}{name}") for name in ("TypDokumentu", "DI", "K_19", "K_20")] == [
        "RO", "1", "1000.00", "230.00"]
    for wrong, why in (
        ({"vat_23": "x"}, "Not an amount"),
        ({"number": "2", "day": "2026-12-24"}, "not to come"), ({"net_23": "1"}, "already"),
        ({"number": "3", "net_23": "", "vat_23": ""}, "at least one sum"),
        ({"number": "4", "net_23": "-1"}, "below nought"), ({"number": ""}, "Fill this in"),
    ):
        answer = page.post(where, data=report | wrong)
        assert answer.status_code == 422
        assert why in words(answer)
    with shop.works.reading(SYSTEM) as work:
        kept = work.session.query(FiscalReport).one().id
    assert page.post(f"/documents/jpk/reports/{kept}/remove").status_code in (302, 303)
    assert page.post(f"/documents/jpk/reports/{kept}/remove").status_code == 404
    assert rows_of(page.get("/documents/jpk/2026-11.xml")) == []


@pytest.mark.parametrize(("payer", "why"), [
    ({"office": "14"}, "four digits"), ({"given_name": "Anna"}, "Fill this in"),
    ({"given_name": "Anna", "surname": "Nowak", "born": "2030-01-01"}, "This day cannot be"),
])
def test_who_files_is_checked(page, payer, why):
    answer = file_as(page, **payer)
    assert answer.status_code == 422
    assert why in words(answer)


def test_a_person_is_named(shop, page):
    file_as(page, given_name="Anna", surname="Nowak", born="1980-02-29")
    found = etree.fromstring(page.get("/documents/jpk/2026-11.xml").data)
    assert found.findtext(".//{*}OsobaFizyczna/{*}Nazwisko") == "Nowak"


@pytest.mark.parametrize("address", [
    "/documents/jpk?month=2026-13", "/documents/jpk?month=2026-01", "/documents/jpk/x.xml",
    "/documents/jpk?month=9999-12", "/documents/accounting.csv",
    "/documents/accounting.epp?since=2026-11-30&until=2026-11-01",
    "/documents/accounting.epp?since=2020-11-30&until=2026-11-01",
])
def test_what_is_no_month_or_period(page, address):
    assert page.get(address).status_code == 422


def test_invoices_of_a_period_as_files(shop, page):
    first = issue(shop, ("Kubek", 1, "123.00", "23"), ("Książka", 1, "105.00", "5"))
    issue(shop, ask=Ask(issue_date=date(2026, 12, 1)))
    days = "since=2026-11-01&until=2026-11-30"
    table = list(csv.DictReader(io.StringIO(
        page.get(f"/documents/accounting.csv?{days}").get_data(as_text=True).lstrip("\ufeff"))))
    assert [(row["number"], row["rate"], row["net"], row["vat_pln"]) for row in table] == [
        (first.number, "23", "100.00", "23.00"), (first.number, "5", "100.00", "5.00")]
    assert page.get(f"/documents/accounting.xlsx?{days}").status_code == 200
    answer = page.get(f"/documents/accounting.epp?{days}")
    lines = answer.data.decode("cp1250").split("\r\n")
    assert lines.count("[NAGLOWEK]") == 1
    assert len(next(csv.reader([lines[lines.index("[INFO]") + 1]]))) == 24
    assert f'"{first.number}"' in answer.data.decode("cp1250")
    assert page.get(f"/documents/accounting.txt?{days}").status_code == 404


def test_orders_without_a_document_are_counted(shop, page):
    with shop.works.writing(TESTER) as work:
        for shipped in (datetime(2026, 11, 30, 22, tzinfo=UTC), None):
            paper.order(work, phase="shipped", shipped_at=shipped)
    assert "1 order left without a document" in words(page.get("/documents/jpk?month=2026-11"))


def test_it_asks_as_much_of_many_documents_as_of_few(shop, page):
    def asked() -> int:
        count = 0

        def note(*_args) -> None:
            nonlocal count
            count += 1

        event.listen(shop.engine, "before_cursor_execute", note)
        with shop.works.reading(SYSTEM) as work:
            queries.month(work.session, NOVEMBER)
        event.remove(shop.engine, "before_cursor_execute", note)
        return count

    issue(shop)
    few = asked()
    for _ in range(5):
        issue(shop)
    assert asked() == few


def test_a_document_as_a_european_invoice(shop, page):
    document = issue(shop)
    shown = words(page.get(f"/documents/{document.id}"))
    assert "European e-invoice" in shown
    assert "UBL (XML)" in shown
    answer = page.get(f"/documents/{document.id}/ubl.xml")
    assert european.faults(answer.data) == []
    assert answer.headers["Content-Disposition"] == 'attachment; filename="FV-1-11-2026.xml"'
    with shop.works.writing(TESTER) as work:
        changed, _ = correct_invoice(work, document.id, Correct(
            reason="Adres", buyer={**paper.POLISH_HOME, "city": "Kraków"}))
    assert "changes no sum" in words(page.get(f"/documents/{changed.id}"))
    assert page.get(f"/documents/{changed.id}/ubl.xml").status_code == 422
    assert page.get("/documents/99/ubl.xml").status_code == 404


def test_whose_invoices_carry_their_data_is_a_setting(shop, page):
    form = {"name": "Leśna Sowa", "country": "PL", "cut_off": "15:00", "payment_hours": "72",
            "recall_seconds": "0", "currency": "PLN"}
    assert page.post("/settings", data=form | {"invoice_data": "some"}).status_code == 422
    assert page.post("/settings", data=form | {"invoice_data": "foreign"}).status_code in (302, 303)
    with shop.works.reading(SYSTEM) as work:
        assert work.session.get(Company, 1).invoice_data == "foreign"


def test_who_may(shop, browser_as):
    assert browser_as("accountant").get("/documents/jpk").status_code == 200
    for role in ("warehouse", "reader"):
        assert browser_as(role).get("/documents/jpk").status_code == 403


def test_the_register_on_both_databases(both):
    both.works.clock = lambda: NOW
    with both.works.writing(TESTER) as work:
        paper.company(work)
        issue_invoice(work, paper.order(work).id, Ask(issue_date=date(2026, 11, 22)))
        service.add_report(work, NOVEMBER, "1", date(2026, 11, 30), {"8": (100, 8)})
    with both.works.reading(SYSTEM) as work:
        found = queries.month(work.session, NOVEMBER)
        assert [row.number for row in found.rows] == ["FV 1/11/2026", "1"]
        assert queries.month(work.session, date(2026, 12, 1)).rows == []


def test_there_is_no_vat_where_a_rate_has_none(shop):
    with shop.works.writing(TESTER) as work, pytest.raises(InvalidForm) as refusal:
        service.add_report(work, NOVEMBER, "1", date(2026, 11, 30), {"zw": (100, 8)})
    assert list(refusal.value.problems) == ["vat_zw"]
