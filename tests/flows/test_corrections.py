"""Corrections as documents: numbers, links, what is stored and what is refused."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from oms_web.adapters.print_pages import PrintPages
from oms_web.core.actor import Actor
from oms_web.core.errors import InvalidForm, NotAllowedNow, NotFound
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.documents import exchange, kinds, queries, service
from oms_web.domain.documents.correcting import Ask
from oms_web.domain.documents.exchange import Table
from oms_web.domain.documents.models import Document
from oms_web.domain.documents.snapshot import Exchange
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.flows.correct_document import correct_invoice
from oms_web.flows.issue_document import issue_invoice
from tests import paper

ANNA = Actor("user", "Anna Nowak", 7)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def invoiced(works, *args, **kwargs) -> tuple[int, list[int]]:
    """An order with its invoice: the document and the order's lines."""
    works.clock = lambda: NOW
    with works.writing(ANNA) as work:
        paper.company(work)
        order = paper.order(work, *args, **kwargs)
        document, _ = issue_invoice(work, order.id)
        lines = work.session.scalars(select(OrderLine.id).where(
            OrderLine.order_id == order.id).order_by(OrderLine.position)).all()
        return document.id, list(lines)


def correct(works, document_id, **ask) -> Document:
    with works.writing(ANNA) as work:
        return correct_invoice(work, document_id, Ask(**{"reason": "Zwrot"} | ask))[0]


LINES = [("Kubek", 3, "39.90", "23"), ("Książka", 1, "52.50", "5")]


def test_a_return_is_corrected_from_what_the_invoice_says(both):
    invoice, (mugs, book) = invoiced(both.works, LINES, shipping=1500, discount=1000)
    with both.works.writing(ANNA) as work:  # the order is another one by now
        line = work.session.get(OrderLine, mugs)
        line.title, line.vat_rate = "Inny", "8"
    first = correct(both.works, invoice, returned={mugs: 1})
    assert (first.number, first.kind, first.corrects_id) == ("KOR 1/11/2026", "correction", invoice)
    assert (first.net, first.vat, first.gross) == (-3056, -702, -3758)
    said = first.snapshot
    assert said["corrected"] == {
        "document_id": invoice, "kind": "invoice", "number": "FV 1/11/2026",
        "issue_date": "2026-11-22", "sale_date": "2026-11-20"}
    assert said["previous"] is None
    assert [line["title"] for line in said["lines"]] == ["Kubek"]
    # The second goes on from the first, whichever of the two it is asked for.
    second = correct(both.works, first.id, returned={mugs: 2, book: 1}, delivery_back=1500)
    assert second.snapshot["previous"] == {"document_id": first.id, "number": "KOR 1/11/2026"}
    assert (second.number, second.corrects_id) == ("KOR 2/11/2026", invoice)
    with both.works.reading(ANNA) as work:
        sums = work.session.execute(
            select(func.sum(Document.net), func.sum(Document.vat), func.sum(Document.gross))).one()
        assert tuple(sums) == (0, 0, 0)
        assert [one.number for one in queries.family(work.session, invoice)] == [
            "FV 1/11/2026", "KOR 1/11/2026", "KOR 2/11/2026"]
        acts = work.session.scalars(select(AuditEntry.act).where(
            AuditEntry.subject == "document").order_by(AuditEntry.id)).all()
        assert acts == ["documents.issue", "documents.correct", "documents.correct"]
        assert work.session.scalars(select(Order.is_documented)).one() is True
    with pytest.raises(InvalidForm):
        correct(both.works, invoice, returned={mugs: 1})


def test_the_same_cause_corrects_once(both):
    invoice, (mugs,) = invoiced(both.works)
    first = correct(both.works, invoice, returned={mugs: 1}, cause="refund:5")
    again = correct(both.works, invoice, returned={mugs: 1}, cause="refund:5")
    other = correct(both.works, invoice, returned={mugs: 1}, cause="refund:6")
    assert again.id == first.id != other.id


def test_two_who_take_back_the_last_unit_at_once(both):
    """The order's lock makes the second one look at the state after the first."""
    invoice, (mugs,) = invoiced(both.works, [("Kubek", 1, "39.90", "23")])
    begin, came = threading.Barrier(2, timeout=20), []

    def clerk() -> None:
        begin.wait()
        try:
            came.append(correct(both.works, invoice, returned={mugs: 1}).gross)
        except InvalidForm:
            came.append("refused")

    threads = [threading.Thread(target=clerk) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, came)) == ["-3990", "refused"]


def test_what_is_not_corrected(works):
    invoice, (mugs,) = invoiced(works)
    with pytest.raises(NotFound):
        correct(works, 404, returned={mugs: 1})
    with pytest.raises(InvalidForm) as refusal:
        correct(works, invoice, returned={mugs: 1}, issue_date=date(2026, 11, 20))
    assert refusal.value.problems.keys() == {"issue_date"}
    with pytest.raises(InvalidForm) as refusal:
        correct(works, invoice, buyer={"name": "", "street": "", "city": "", "country": "PL",
                                       "tax_id": "5252248482"})
    assert refusal.value.problems.keys() == {"name", "street", "city", "tax_id"}
    with works.writing(ANNA) as work:
        series = service.default_series(work, kinds.INVOICE).id
    with pytest.raises(Exception, match="another kind"):
        correct(works, invoice, returned={mugs: 1}, series_id=series)
    with works.writing(ANNA) as work:
        values = {c.name: getattr(work.session.get(Document, invoice), c.name)
                  for c in Document.__table__.columns if c.name != "id"}
        slip = Document(**values | {"kind": "wz", "number": "WZ 1", "sequence": 9})
        work.session.add(slip)
        work.session.flush()
        with pytest.raises(NotAllowedNow, match="not corrected"):
            correct_invoice(work, slip.id, Ask(returned={mugs: 1}))


def test_a_new_buyer_keeps_the_old_one_beside_it(works):
    invoice, _ = invoiced(works, bill_to=paper.COMPANY_HOME, tax_id="5252248481")
    made = correct(works, invoice, buyer={
        "name": "", "company": "Źródło S.A.", "street": "Nowa 2", "postcode": "00-001",
        "city": "Łódź", "country": "PL", "tax_id": "5252248481"}, reason="Pomyłka")
    assert (made.gross, made.buyer) == (0, "Źródło S.A.")
    assert made.snapshot["before"]["buyer"]["company"] == "Źródło Sp. z o.o."
    assert made.snapshot["after"]["buyer"]["street"] == "Nowa 2"


def test_tax_that_a_correction_brings_is_said_at_home_at_the_rate_of_the_sale(works):
    """An invoice in euros at 0 % names no rate; corrected to 23 % it has to."""
    works.clock = lambda: NOW
    with works.writing(ANNA) as work:
        paper.company(work)
        order_id = paper.order(work, [("Mug", 3, "33.33", "0")], currency="EUR").id
        document = issue_invoice(work, order_id)[0]
    assert document.snapshot["exchange"] is None
    ask = Ask(rates={1: "23"}, reason="Pomyłka w stawce VAT")
    with pytest.raises(InvalidForm) as refusal, works.writing(ANNA) as work:
        correct_invoice(work, document.id, ask)
    assert refusal.value.problems.keys() == {"exchange_rate"}
    with works.writing(ANNA) as work:
        exchange.keep(work, [Table("225/A/NBP/2026", date(2026, 11, 19),
                                   {"EUR": Decimal("4.2537")})])
        made, _ = correct_invoice(work, document.id, ask)
    assert made.snapshot["exchange"]["rate"] == "4.2537"
    assert made.snapshot["rates"] == [
        {"rate": "23", "net": 8129, "vat": 1870, "gross": 9999, "vat_home": 7954},
        {"rate": "0", "net": -9999, "vat": 0, "gross": -9999, "vat_home": 0}]
    assert made.snapshot["total"]["vat_home"] == 7954
    drawn = PrintPages(works.ports["files"]).invoice(made.snapshot)
    assert "79.54" in drawn or "79,54" in drawn
    with works.writing(ANNA) as work:  # and on it goes from there
        again, _ = correct_invoice(work, document.id, Ask(lowered=999, reason="rabat"))
    assert again.snapshot["exchange"]["rate"] == "4.2537"
    assert again.snapshot["total"]["vat_home"] < 0


def test_where_the_banks_table_is_not_here_its_rate_may_be_typed(works):
    works.clock = lambda: NOW
    with works.writing(ANNA) as work:
        paper.company(work)
        order_id = paper.order(work, [("Mug", 3, "33.33", "0")], currency="EUR").id
        document = issue_invoice(work, order_id)[0]
    typed = Exchange(Decimal("4.2537"), "225/A/NBP/2026", date(2026, 11, 19))
    ask = Ask(rates={1: "23"}, reason="Pomyłka w stawce VAT", exchange=typed)
    late = replace(ask, exchange=replace(typed, day=date(2026, 11, 20)))
    with pytest.raises(InvalidForm) as refusal, works.writing(ANNA) as work:
        correct_invoice(work, document.id, late)
    assert refusal.value.problems.keys() == {"exchange_day"}
    with works.writing(ANNA) as work:
        made, _ = correct_invoice(work, document.id, ask)
    assert made.snapshot["exchange"] == {"currency": "PLN", "rate": "4.2537",
                                         "table": "225/A/NBP/2026", "day": "2026-11-19"}
    assert made.snapshot["total"]["vat_home"] == 7954
