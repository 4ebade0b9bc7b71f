"""The documents screens: what waits, issuing, one document, its PDF."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import UTC, datetime

import pypdf
import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import event, select

from oms_web.core.actor import SYSTEM
from oms_web.domain.documents import queries, service
from oms_web.domain.documents.models import Document, Series
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.flows.issue_document import issue_invoice
from tests import paper

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def shop(oms):
    """An installation at a fixed moment with a company that may invoice."""
    oms.works.clock = lambda: NOW
    with oms.works.writing(SYSTEM) as work:
        paper.company(work)
    return oms


@pytest.fixture
def printing(shop):
    """The same, where PDFs can be made."""
    if reason := shop.printing.available():
        pytest.skip(f"PDF is unavailable here: {reason}")
    return shop


def make(oms, *args, **kwargs) -> int:
    with oms.works.writing(SYSTEM) as work:
        return paper.order(work, *args, **kwargs).id


def issued(oms, *args, **kwargs) -> int:
    order_id = make(oms, *args, **kwargs)
    with oms.works.writing(SYSTEM) as work:
        return issue_invoice(work, order_id)[0].id


def page(client, url, status=200, **kwargs) -> str:
    answer = client.get(url, **kwargs)
    assert answer.status_code == status, (url, answer.status_code)
    return answer.get_data(as_text=True)


def documents(oms) -> list[Document]:
    with oms.works.reading(SYSTEM) as work:
        return list(work.session.scalars(select(Document).order_by(Document.id)))


# -- lists --------------------------------------------------------------------------------------


def test_orders_wait_until_they_may_have_an_invoice(shop, browser_as):
    paid, owed = make(shop), make(shop, payment_state="unpaid", paid_total=0, paid_at=None)
    cod = make(shop, payment_kind="cod", payment_state="cod", paid_total=0)
    without = make(shop, wants_invoice=False)
    gone = make(shop, phase="cancelled")
    issued(shop)
    client = browser_as("accountant")
    waiting = page(client, "/documents")
    assert all(f'id="order-{one}"' in waiting for one in (paid, cod))
    assert not any(f'id="order-{one}"' in waiting for one in (owed, without, gone))
    unpaid = page(client, "/documents?view=unpaid")
    assert f'id="order-{owed}"' in unpaid
    assert f'id="order-{paid}"' not in unpaid
    part = page(client, "/documents", headers=PART)
    assert part.lstrip().startswith("<tbody")


def test_issued_documents_are_found(shop, browser_as):
    first = issued(shop, buyer_name="Żaneta Łęcka")
    with shop.works.writing(SYSTEM) as work:
        service.add_series(work, "invoice", "Hurt", "H/{n}/{year}", "year")
        service.make_default(work, work.session.scalar(
            select(Series.id).where(Series.name == "Hurt")))
    second = issued(shop, buyer_name="Jan Kos", ship_to=paper.POLISH_HOME | {"name": "Jan Kos"})
    client = browser_as("reader")
    rows = {doc.id: doc for doc in documents(shop)}

    def found(query: str) -> set[int]:
        text = page(client, f"/documents?view=issued&{query}")
        return {int(one) for one in re.findall(r'id="document-(\d+)"', text)}

    assert found("") == {first, second}
    assert found("q=FV+1/11") == {first}
    assert found("q=H/1/2026") == {second}
    assert found("q=1") == {first, second}
    assert found(f"q={rows[second].order_id}") == {second}
    assert found("q=zaneta+lec") == {first}
    assert found("q=zaneta+kos") == set()
    assert found(f"series={rows[second].series_id}") == {second}
    assert found("since=2026-11-22&until=2026-11-22") == {first, second}
    assert found("until=2026-11-21") == set()
    page(client, "/documents?view=issued&since=yesterday", 422)
    page(client, "/documents?view=issued&after=broken", 422)


def test_pages_go_on_where_they_ended_and_cost_the_same(shop, browser_as):
    with shop.works.writing(SYSTEM) as work:
        for order_id in paper.many_orders(work, 60):
            issue_invoice(work, order_id)
    client = browser_as("owner")
    first = page(client, "/documents?view=issued")
    seen = re.findall(r'id="document-(\d+)"', first)
    onward = re.search(r'hx-get="([^"]+)"', first)[1].replace("&amp;", "&")
    statements = []

    @event.listens_for(shop.engine, "before_cursor_execute")
    def count(_c, _cursor, statement, *_rest):
        statements.append(statement)

    rest = re.findall(r'id="document-(\d+)"', page(client, onward, headers=PART))
    assert [len(seen), len(rest), len({*seen, *rest})] == [50, 10, 60]
    assert len([s for s in statements if not s.startswith(("BEGIN", "UPDATE"))]) <= 12
    with shop.works.reading(SYSTEM) as work:
        assert work.session.scalar(select(Document.number).where(
            Document.id == int(seen[0]))) == "FV 60/11/2026"


def test_the_gap_check_is_a_fact_and_sees_a_gap(shop, browser_as):
    issued(shop), issued(shop)
    client = browser_as("owner")
    assert "FV 2026-11: 1–2, no gaps" in " ".join(page(client, "/documents?view=issued").split())
    assert "1–2, no gaps" in page(client, "/documents/series")
    # A number that was lost in a way we did not think of.
    with shop.works.writing(SYSTEM) as work:
        document = documents(shop)[-1]
        values = {c.name: getattr(document, c.name) for c in Document.__table__.columns
                  if c.name != "id"}
        work.session.add(Document(**values | {"sequence": 5, "number": "FV 5/11/2026"}))
    text = " ".join(page(client, "/documents?view=issued").split())
    assert "FV: 1–5, 2 numbers are missing" in text
    assert "2 numbers are missing" in page(client, "/documents/series")


def test_export_says_the_rate_of_exchange_and_zlotys(shop, browser_as):
    foreign, home = (make(shop, [("Mug", 3, "33.33", "23")], currency=one)
                     for one in ("EUR", "PLN"))
    client = browser_as("accountant")
    answer = client.post(f"/orders/{foreign}/invoice", data=GOOD | {
        "exchange_rate": "4,2537", "exchange_table": "226/A/NBP/2026",
        "exchange_day": "2026-11-19"})
    assert answer.status_code == 303
    client.post(f"/orders/{home}/invoice", data=GOOD)
    rows = {row["currency"]: row for row in csv.DictReader(io.StringIO(
        client.get("/documents/export.csv?view=issued").get_data().decode("utf-8-sig")))}
    names = ("exchange_rate", "net_pln", "vat_pln")
    assert [rows["EUR"][name] for name in names] == ["4.2537", "345.78", "79.54"]
    assert [rows["PLN"][name] for name in names] == ["", rows["PLN"]["net"], rows["PLN"]["vat"]]


def test_export_says_what_is_shown(shop, browser_as):
    issued(shop, tax_id="5252248481",
           ship_to=paper.COMPANY_HOME | {"company": "=cmd()"})
    issued(shop)
    client = browser_as("accountant")
    answer = client.get("/documents/export.csv?view=issued&q=FV+1/11/2026")
    rows = answer.get_data(as_text=True).strip().splitlines()
    assert len(rows) == 2
    assert "FV 1/11/2026" in rows[1]
    assert "5252248481" in rows[1]
    assert "119" in rows[1]
    page(client, "/documents/export.pdf", 404)
    with client.get("/documents/export.xlsx") as book:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(book.get_data())).get_sheet_by_index(0)
    found = {row[0]: row for row in sheet.to_python()[1:]}
    assert set(found) == {"FV 1/11/2026", "FV 2/11/2026"}
    assert found["FV 1/11/2026"][5] == "=cmd()"  # as text: a cell of its own kind
    assert "'=cmd()" in rows[1]
    assert found["FV 1/11/2026"][8:11] == [97.32, 22.38, 119.7]
    page(browser_as("reader"), "/documents/export.csv", 403)


# -- issuing ------------------------------------------------------------------------------------


def test_one_click_issues_what_is_complete(shop, browser_as):
    order_id = make(shop)
    client = browser_as("sales")
    answer = client.post("/documents/issue", data={"order": order_id})
    (document,) = documents(shop)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/documents/{document.id}")
    assert document.issued_by == "Sales"
    again = client.post("/documents/issue", data={"order": order_id})
    assert again.headers["Location"] == f"/documents/{document.id}"
    assert len(documents(shop)) == 1
    shown = page(client, f"/documents/{document.id}")
    assert "FV 1/11/2026" in shown
    assert f"/documents/{document.id}.pdf" in shown
    # An order that has its invoice leads there.
    assert client.get(f"/orders/{order_id}/invoice").headers["Location"] == \
        f"/documents/{document.id}"


def test_one_that_lacks_something_leads_to_its_form(shop, browser_as):
    order_id = make(shop, [("Kubek", 1, "10", "")],
                    ship_to={"name": "Jan", "street": "", "city": "", "country": "PL"})
    client = browser_as("sales")
    answer = client.post("/documents/issue", data={"order": order_id})
    assert answer.headers["Location"] == f"/orders/{order_id}/invoice"
    form = page(client, f"/orders/{order_id}/invoice")
    assert "No VAT rate is known" in form
    odd = page(client, f"/orders/{make(shop, [('Kubek', 1, '10', '99')])}/invoice")
    assert "Poland has no VAT rate of 99%" in odd
    line = re.search(r'name="rate_(\d+)"', form)[1]
    typed = {"name": "Jan Kos", "street": "", "city": "Łask", "country": "PL", "language": "pl"}
    wrong = client.post(f"/orders/{order_id}/invoice", data=typed)
    text = wrong.get_data(as_text=True)
    assert wrong.status_code == 422
    assert "An invoice names the buyer&#39;s address." in text
    assert 'value="Łask"' in text
    assert documents(shop) == []
    right = client.post(f"/orders/{order_id}/invoice", data=typed | {
        "street": "Polna 1", f"rate_{line}": "8", "issue_date": "2026-11-22", "remark": "Uwaga"})
    assert right.status_code == 303
    (document,) = documents(shop)
    assert document.snapshot["rates"][0]["rate"] == "8"
    assert document.snapshot["buyer"]["street"] == "Polna 1"
    assert document.snapshot["remark"] == "Uwaga"


def test_an_order_whose_buyer_cannot_be_named_says_so_in_its_row(shop, browser_as):
    good, bad = make(shop), make(shop, tax_id="1234567890")
    waiting = page(browser_as("accountant"), "/documents")
    row = waiting.split(f'id="order-{bad}"')[1].split("</tr>")[0]
    assert "The tax number 1234567890 is not valid" in row
    assert f'name="order" value="{good}"' in waiting
    assert f'name="order" value="{bad}"' not in waiting


def test_an_invoice_that_is_late_says_so_at_its_day_and_when_it_is_issued(shop, browser_as):
    order_id = make(shop, tax_id="5252248481", paid_at=datetime(2026, 10, 7, 12, tzinfo=UTC))
    client, address = browser_as("sales"), f"/orders/{order_id}/invoice"
    form = page(client, address)
    said = "It is late: it should have been issued by 15 Nov 2026 (art. 106i)"
    assert said in re.search(r'id="issue_date-hint">([^<]*)', form)[1]
    fields = r'name="(company|name|tax_id|street|postcode|city)"[^>]* value="([^"]*)"'
    typed = dict(re.findall(fields, form)) | {"country": "PL", "language": "pl"}
    answer = client.post(address, data=typed)
    assert said in page(client, answer.headers["Location"])


def test_a_document_in_another_currency_says_its_days_rate_and_vat_at_home(shop, browser_as):
    order_id = make(shop, [("Mug", 3, "33.33", "23")], currency="EUR")
    client = browser_as("accountant")
    assert "table of 19 Nov 2026 is not here" in page(client, f"/orders/{order_id}/invoice")
    form = client.post(f"/orders/{order_id}/invoice", data=GOOD)
    assert field_error(form.text, "exchange_rate") == (
        "VAT must also be given in PLN, and the bank's table of 19 Nov 2026 is not here.")
    client.post(f"/orders/{order_id}/invoice", data=GOOD | {
        "exchange_rate": "4,2537", "exchange_table": "226/A/NBP/2026",
        "exchange_day": "2026-11-19"})
    shown = page(client, f"/documents/{documents(shop)[0].id}")
    for said in ("1 EUR = 4.2537 PLN", "226/A/NBP/2026, 19 Nov 2026", "VAT in PLN", "79.54",
                 "Issued on"):
        assert said in shown, said


def test_a_buyer_is_named_in_one_line_of_letters(shop, browser_as):
    browser_as("sales").post(f"/orders/{make(shop)}/invoice", data=GOOD | {"name": "Jan\0\nKos"})
    assert documents(shop)[0].snapshot["buyer"]["name"] == "Jan Kos"


def test_many_are_issued_and_the_rest_say_why(shop, browser_as):
    good = [make(shop), make(shop)]
    owed = make(shop, payment_state="unpaid", paid_total=0, paid_at=None)
    bare = make(shop, ship_to={"name": "Jan", "country": "PL"})
    client = browser_as("accountant")
    answer = client.post("/documents/issue", data={"order": [*good, owed, bare, 404]})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "3 invoices were not issued" in text
    assert text.split("<table")[0].count("An invoice names the buyer&#39;s address.") == 1
    assert "This order is not paid yet." in text
    assert "There is no order 404." in text
    assert "2 invoices are issued." in text
    assert {doc.order_id for doc in documents(shop)} == set(good)
    assert client.get("/documents/issue").status_code == 303
    assert client.post("/documents/issue").status_code == 422


def test_an_unpaid_order_is_invoiced_when_somebody_says_so(shop, browser_as):
    order_id = make(shop, payment_state="unpaid", paid_total=0, paid_at=None)
    client = browser_as("sales")
    form = page(client, f"/orders/{order_id}/invoice")
    assert "Issue although it is not paid" in form
    typed = GOOD
    refused = client.post(f"/orders/{order_id}/invoice", data=typed)
    assert refused.status_code == 422
    assert "This order is not paid yet." in refused.get_data(as_text=True)
    client.post(f"/orders/{order_id}/invoice", data=typed | {"unpaid": "y",
                                                             "due_date": "2026-12-01"})
    (document,) = documents(shop)
    assert document.snapshot["payment"] == {"kind": "prepaid", "method": "PayU", "paid": 0,
                                            "to_pay": 11970, "due_date": "2026-12-01"}


GOOD = {"name": "Jan", "street": "Polna 1", "city": "Łask", "country": "PL", "language": "pl"}


@pytest.mark.parametrize(("typed", "words"), [
    ({}, "table of 19 Nov 2026 is not here"),
    ({"exchange_rate": "abc"}, "Not an amount: abc"),
    ({"exchange_rate": "0"}, "An exchange rate looks like 4.2537."),
    ({"exchange_rate": "4,2537"}, "Name the table of the rate and its day."),
    ({"issue_date": "2026-11-23"}, "The issue date lies in the future."),
    ({"issue_date": "never"}, "Not a valid date value."),
    ({"tax_id": "5252248482"}, "The tax number 5252248482 is not valid"),
    ({"due_date": "9999-12-31"}, "This is more than a year from the issue date."),
    ({"due_date": "2020-01-01"}, "This is more than a year from the issue date."),
    ({"city": "Ł" * 241}, "At most 240 characters."),
    ({"exempt_basis": "x" * 251}, "At most 250 characters."),
    ({"exchange_rate": "4,2537", "exchange_table": " ", "exchange_day": "2026-11-19"},
     "Name the table of the rate and its day."),
])
def test_wrong_input_is_marked_and_nothing_is_issued(shop, browser_as, typed, words):
    order_id = make(shop, currency="EUR")
    given = dict(GOOD)
    if "issue_date" in typed:
        given |= {"exchange_rate": "4.2", "exchange_table": "1/A", "exchange_day": "2026-11-19"}
    answer = browser_as("owner").post(f"/orders/{order_id}/invoice", data=given | typed)
    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)
    assert documents(shop) == []


def test_a_foreign_currency_is_invoiced_with_its_rate(shop, browser_as):
    order_id = make(shop, currency="EUR")
    answer = browser_as("owner").post(f"/orders/{order_id}/invoice", data={
        "name": "Jan", "street": "Polna 1", "city": "Łask", "country": "PL", "language": "en",
        "exchange_rate": "4,2537", "exchange_table": "225/A/NBP/2026",
        "exchange_day": "2026-11-19"})
    assert answer.status_code == 303
    (document,) = documents(shop)
    assert (document.language, document.snapshot["exchange"]["rate"]) == ("en", "4.2537")


def test_a_company_without_data_is_told_where_to_complete_it(shop, browser_as):
    with shop.works.writing(SYSTEM) as work:
        paper.company(work, tax_id="")
    order_id = make(shop)
    text = page(browser_as("owner"), f"/orders/{order_id}/invoice")
    assert "An invoice needs your company&#39;s name, tax number and address." in text
    assert 'href="/settings"' in text


def test_who_may_only_see_is_shown_no_buttons_and_refused(shop, browser_as):
    order_id = make(shop)
    document_id = issued(shop)
    reader = browser_as("reader")
    text = page(reader, "/documents")
    assert "/documents/issue" not in text.replace('action="/documents/issue" id="chosen-orders"',
                                                  "")
    assert "Numbering" not in text
    assert reader.post("/documents/issue", data={"order": order_id}).status_code == 403
    assert reader.get("/documents/series").status_code == 403
    packer = browser_as("warehouse")
    assert packer.get(f"/documents/{document_id}.pdf").status_code == 403
    assert packer.get("/documents").status_code == 403


def test_what_is_not_there(shop, browser_as):
    client = browser_as("owner")
    for url in ("/documents/99", "/documents/99.pdf", "/orders/99/invoice",
                "/orders/99/invoice/draft.pdf", "/orders/99/print/slip.pdf",
                "/orders/99/print/letter.pdf", "/picking/lists/99.pdf", "/tasks/99",
                "/tasks/99/file.pdf"):
        page(client, url, 404)
    draft = make(shop, phase="draft")
    page(client, f"/orders/{draft}/invoice", 409)


# -- PDF ----------------------------------------------------------------------------------------


def read(answer) -> str:
    assert answer.status_code == 200, answer.get_data(as_text=True)[:400]
    assert answer.mimetype == "application/pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'self'"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"].startswith("inline; filename=")
    reader = pypdf.PdfReader(io.BytesIO(answer.get_data()))
    return "\n".join(one.extract_text() for one in reader.pages)


def test_documents_open_in_the_browser(printing, browser_as):
    document_id = issued(printing)
    client = browser_as("accountant")
    answer = client.get(f"/documents/{document_id}.pdf")
    assert "FV 1/11/2026" in read(answer)
    assert 'filename="FV-1-11-2026.pdf"' in answer.headers["Content-Disposition"]
    order_id = documents(printing)[0].order_id
    packer = browser_as("warehouse")
    assert "List pakowy" in read(packer.get(f"/orders/{order_id}/print/slip.pdf"))
    assert "FV 1/11/2026" in read(packer.get(f"/orders/{order_id}/print/invoice.pdf"))
    page(client, f"/orders/{make(printing)}/print/invoice.pdf", 404)


def test_a_draft_looks_like_the_form(printing, browser_as):
    order_id = make(printing)
    client = browser_as("sales")
    assert "Żaneta Łęcka" in read(client.get(f"/orders/{order_id}/invoice/draft.pdf"))
    text = read(client.get(f"/orders/{order_id}/invoice/draft.pdf?name=Jan+Kos&city=Łask"
                           "&language=en&remark=Hello&exchange_rate=nonsense"))
    assert "Jan Kos" in text
    assert "Preview, not numbered" in text
    assert "Hello" in text
    assert documents(printing) == []
    unknown = make(printing, [("Kubek", 1, "10", "")])
    page(client, f"/orders/{unknown}/invoice/draft.pdf", 422)


def test_a_machine_without_pdf_says_so_and_still_issues(shop, browser_as, monkeypatch):
    monkeypatch.setattr(shop.printing.pdf, "available", lambda: "sudo apt-get install pango")
    order_id = make(shop)
    client = browser_as("owner")
    assert "sudo apt-get install pango" in page(client, "/documents")
    answer = client.post("/documents/issue", data={"order": order_id})
    document_id = documents(shop)[0].id
    assert answer.headers["Location"] == f"/documents/{document_id}"
    shown = page(client, f"/documents/{document_id}")
    assert "<iframe" not in shown
    assert "Kubek emaliowany" in shown
    assert "pango" in page(client, f"/documents/{document_id}.pdf", 409)


def field_error(page, field):
    found = re.search(rf'id="{field}-error">.*?<span>([^<]*)</span>', page, re.S)
    return html.unescape(found[1]) if found else None


# -- hostile text, both languages ---------------------------------------------------------------


def test_what_buyers_type_is_escaped(shop, browser_as):
    evil = '<img src=x onerror="alert(1)">'
    make(shop, buyer_name=evil, external_number=evil, ship_to=paper.POLISH_HOME | {"name": evil})
    document_id = issued(shop, [(evil, 1, "10", "23")], buyer_name=evil,
                         ship_to=paper.POLISH_HOME | {"name": evil})
    order_id = make(shop, [(evil, 1, "10", "")], buyer_name=evil)
    client = browser_as("owner")
    for url in ("/documents", "/documents?view=issued", f"/documents/{document_id}",
                f"/orders/{order_id}/invoice"):
        assert "<img src=x" not in page(client, url)


def test_the_screens_speak_polish(shop, browser_as):
    document_id = issued(shop)
    order_id = make(shop)
    client = browser_as("owner", "pl")
    for url, words in (
        ("/documents", "Do wystawienia"), ("/documents?view=issued", "bez luk"),
        (f"/documents/{document_id}", "Wystawiony dokument się nie zmienia"),
        (f"/orders/{order_id}/invoice", "Wystaw fakturę"), ("/documents/series", "Numeracja"),
        ("/documents/design", "Wygląd dokumentów"), ("/tasks", "Twoje zlecenia"),
    ):
        assert words in page(client, url), url


def test_the_queue_uses_its_index(both):
    """The list of orders that wait reads the partial index, not the table."""
    with both.works.writing(SYSTEM) as work:
        paper.company(work)
        paper.many_orders(work, 400)
        work.session.execute(Order.__table__.update().values(wants_invoice=False))
        make_one = paper.order(work)
    with both.works.writing(SYSTEM) as work:
        if both.engine.dialect.name == "postgresql":
            work.session.connection().exec_driver_sql("ANALYZE sales_order")
        statements = []

        @event.listens_for(both.engine, "before_cursor_execute")
        def keep(_c, _cursor, statement, parameters, *_rest):
            statements.append((statement, parameters))

        found = queries.waiting(work.session, True)
        assert [row.id for row in found.rows] == [make_one.id]
        statement, parameters = statements[-1]
        plan = "EXPLAIN " if both.engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
        rows = work.session.connection().exec_driver_sql(plan + statement, parameters).all()
    assert "ix_sales_order_to_document" in str(rows)


def test_lines_of_an_order_are_left_alone(shop, browser_as):
    """Looking at the form and the draft changes nothing."""
    order_id = make(shop)
    browser_as("owner").get(f"/orders/{order_id}/invoice")
    with shop.works.reading(SYSTEM) as work:
        order = work.session.get(Order, order_id)
        assert not order.is_documented
        assert work.session.scalars(
            select(OrderLine.vat_rate).where(OrderLine.order_id == order_id)).all() == ["23"]
