"""Documents through the API: what was issued, and its PDF."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from oms_web.adapters.pdf import PdfUnavailable
from oms_web.core.clock import local_day
from oms_web.core.working_days import last_working_day
from oms_web.domain.documents.drafting import Ask
from oms_web.domain.documents.models import Document
from oms_web.domain.documents.snapshot import Exchange
from oms_web.flows.issue_document import issue_invoice
from tests import paper
from tests.api.calling import fields, make_caller, order_body, walked
from tests.conftest import TESTER


def test_an_invoice_as_it_was_issued(busy):
    made = busy.caller.get(f"/documents/{busy.document}").json
    assert (made["kind"], made["order_id"]) == ("invoice", busy.orders["invoiced"])
    assert (made["net"], made["vat"], made["gross"], made["currency"]) == (
        "24.38", "5.61", "29.99", "PLN")
    assert made["number"]
    assert made["buyer"]


def test_documents_are_read_page_by_page_once_each(both):
    from tests.api.calling import make_caller as make_one
    from tests.conftest import web_app
    from tests.factories import shop as make_shop

    make_shop(both.works, {"A": 10})
    caller = make_one(web_app(both), both.works)
    clock, numbers = both.works.clock, []
    with both.works.writing(TESTER) as work:
        paper.company(work)
    for number in range(5):
        made = caller.post("/orders", order_body(f"W-{number}", lines=[
            {"title": "Kubek", "quantity": 1, "unit_price": "20.00", "vat_rate": "23"}])).json
        both.works.clock = lambda day=number // 2: clock() + timedelta(days=day)
        with both.works.writing(TESTER) as work:
            numbers.append(issue_invoice(work, made["id"])[0].id)
        both.works.clock = clock
    assert [one["id"] for one in walked(caller, "/documents")] == numbers[::-1]


def test_those_of_one_order_or_of_some_days(busy):
    call = busy.caller
    for query, is_there in (
        ({"order": busy.orders["invoiced"]}, True), ({"order": busy.orders["open"]}, False),
        ({"order": 987654}, False), ({"issued_from": "2026-01-01"}, True),
        ({"issued_from": "2090-01-01"}, False), ({"issued_to": "2020-01-01"}, False),
    ):
        found = [one["id"] for one in call.get("/documents", **query).json["items"]]
        assert found == ([busy.document] if is_there else []), query


@pytest.mark.parametrize(("query", "field"), [
    ({"order": 0}, "order"), ({"order": "x"}, "order"), ({"issued_from": "today"}, "issued_from"),
    ({"issued_to": "1200-01-01"}, "issued_to"), ({"limit": 1000}, "limit"),
    ({"after": "x"}, "after"), ({"after": "WyJ4IiwgMV0"}, "after"), ({"buyer": "Jan"}, "buyer"),
])
def test_wrong_filters_are_named(caller, query, field):
    assert fields(caller.get("/documents", **query)) == [field]


@pytest.mark.slow
def test_the_pdf_is_the_same_every_time(oms, busy):
    first = busy.caller.get(f"/documents/{busy.document}/pdf")
    assert (first.status_code, first.mimetype) == (200, "application/pdf")
    assert first.get_data().startswith(b"%PDF-")
    assert first.headers["Content-Disposition"].endswith('.pdf"')
    assert busy.caller.get(f"/documents/{busy.document}/pdf").get_data() == first.get_data()


def test_when_no_pdf_can_be_made_that_is_said(oms, busy, monkeypatch):
    class Broken:
        def document(self, _document_id):
            raise PdfUnavailable("PDFs cannot be made at the moment.")

    monkeypatch.setitem(oms.__dict__, "printing", Broken())
    answer = busy.caller.get(f"/documents/{busy.document}/pdf")
    assert (answer.status_code, answer.json["title"]) == (503, "Not available now")


def test_what_is_not_there(caller):
    assert caller.get("/documents/987654").status_code == 404
    assert caller.get("/documents/987654/pdf").status_code == 404


def test_scopes_of_documents(app, works, busy):
    other = make_caller(app, works, ["orders:read"], name="Other")
    for path in ("/documents", f"/documents/{busy.document}", f"/documents/{busy.document}/pdf"):
        assert other.get(path).status_code == 403
    assert make_caller(app, works, ["documents:read"], name="Reads").get("/documents").json["items"]


def test_documents_are_issued_and_corrected(busy):
    call, order = busy.caller, busy.orders["done"]
    line = call.get(f"/orders/{order}").json["lines"][0]["id"]
    asked = call.post(f"/orders/{order}/documents", {"kind": "proforma"})
    assert (asked.status_code, asked.json["kind"]) == (201, "proforma")
    made = call.post(f"/orders/{order}/documents", {})
    assert (made.status_code, made.json["kind"], made.json["corrects"]) == (201, "invoice", None)
    assert call.post(f"/orders/{order}/documents", {}).json["id"] == made.json["id"]
    back = call.post(f"/documents/{made.json['id']}/corrections", {
        "reason": "Zwrot", "returned": [{"line_id": line, "quantity": 1}]})
    assert (back.status_code, back.json["corrects"]) == (201, made.json["id"])
    assert back.json["gross"] == "-20.00"
    again = call.post(f"/documents/{made.json['id']}/corrections", {
        "reason": "Zwrot", "returned": [{"line_id": line, "quantity": 1}]})
    assert again.status_code == 422
    assert "only 0 can come back" in again.get_data(as_text=True)
    advance = call.post(f"/orders/{order}/documents", {"kind": "advance"})
    assert advance.status_code == 409


def test_a_wrong_rate_of_exchange_is_corrected(works, busy):
    with works.writing(TESTER) as work:
        order = paper.order(work, [("Mug", 3, "33.33", "23")], currency="EUR")
        day = last_working_day(local_day(order.paid_at))
        invoice = issue_invoice(work, order.id, Ask(
            exchange=Exchange(Decimal("4.25"), "1/A/NBP/2026", day)))[0].id

    def correct(**values):
        return busy.caller.post(f"/documents/{invoice}/corrections", {
            "reason": "Pomyłka w kursie waluty", **values})

    right = {"exchange_rate": "4.2999", "exchange_table": "9/A/NBP/2026",
             "exchange_day": day.isoformat()}
    for wrong, field in (({"exchange_rate": "0"}, "exchange_rate"),
                         ({"exchange_rate": None}, "exchange_rate"),
                         ({"exchange_table": ""}, "exchange_table"),
                         ({"exchange_day": "2020-01-02"}, "exchange_day")):
        assert fields(correct(**right | wrong)) == [field]
    made = correct(**right)
    assert (made.status_code, made.json["gross"]) == (201, "0.00")
    with works.reading(TESTER) as work:
        said = work.session.get_one(Document, made.json["id"]).snapshot
    assert (said["exchange"]["rate"], said["total"]["vat_home"]) == ("4.2999", 8041 - 7948)
