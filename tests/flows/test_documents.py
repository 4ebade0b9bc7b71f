"""Issuing: what is refused, what is stored for good, and numbers without gaps."""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from oms_web.core.actor import Actor
from oms_web.core.errors import Invalid, InvalidForm, NotAllowedNow
from oms_web.core.events import OutboxEvent
from oms_web.core.work import Works
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.catalog.models import Product, Variant
from oms_web.domain.documents import correcting, dating, service
from oms_web.domain.documents.drafting import Ask, Exchange
from oms_web.domain.documents.models import Document, DocumentFile, Series, SeriesPeriod
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.orders.service import order_lines
from oms_web.flows.correct_document import correct_invoice
from oms_web.flows.issue_document import issue_advance, issue_invoice
from tests import paper
from tests.sizes import size

ANNA = Actor("user", "Anna Nowak", 7)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def shop(works):
    """The installation at a fixed moment, with a company that may invoice."""
    works.clock = lambda: NOW
    with works.writing(ANNA) as work:
        paper.company(work)
    return works


def make(works, *args, **kwargs) -> int:
    with works.writing(ANNA) as work:
        return paper.order(work, *args, **kwargs).id


def issue(works, order_id, ask=None) -> Document:
    with works.writing(ANNA) as work:
        return issue_invoice(work, order_id, ask)[0]


def refused(works, order_id, ask=None) -> dict:
    with pytest.raises(InvalidForm) as refusal:
        issue(works, order_id, ask)
    return refusal.value.problems


def test_an_invoice_says_everything_and_the_order_knows(shop):
    order_id = make(shop, [("Kubek", 3, "39.90", "23"), ("Książka", 1, "52.50", "5")],
                    shipping=1500, discount=1000)
    document = issue(shop, order_id)
    assert document.number == "FV 1/11/2026"
    assert (document.gross, document.buyer) == (17720, "Żaneta Łęcka")
    said = document.snapshot
    assert said["number"] == document.number
    assert said["seller"]["tax_id"] == "5252248481"
    assert said["sale_date"] == "2026-11-20"  # paid, not shipped yet
    assert [(line["title"], line["rate"], line["amount"]) for line in said["lines"]] == [
        ("Kubek", "23", 11275), ("Książka", "5", 4945),
        ("Dostawa: InPost Kurier", "23", 1043), ("Dostawa: InPost Kurier", "5", 457),
    ]
    assert said["total"] == {"net": document.net, "vat": document.vat, "gross": 17720}
    assert said["payment"] == {"kind": "prepaid", "method": "PayU", "paid": 17720, "to_pay": 0,
                               "due_date": None}
    assert said["in_words"] == "sto siedemdziesiąt siedem złotych 20/100"
    with shop.reading(ANNA) as work:
        order = work.session.get(Order, order_id)
        assert order.is_documented
        assert order.strip[2] == "v"
        entry = work.session.scalars(
            select(AuditEntry).where(AuditEntry.order_id == order_id)).all()
        assert [(e.act, e.actor_name, e.change["number"]) for e in entry] == [
            ("documents.issue", "Anna Nowak", [None, "FV 1/11/2026"])]
        events = work.session.scalars(
            select(OutboxEvent).where(OutboxEvent.name == "document.issued")).all()
        assert events[0].payload == {"document_id": document.id, "order_id": order_id,
                                     "kind": "invoice", "number": "FV 1/11/2026"}


def test_said_twice_is_quiet(shop):
    order_id = make(shop)
    first = issue(shop, order_id)
    with shop.writing(ANNA) as work:
        again, new = issue_invoice(work, order_id)
        assert (again.id, new) == (first.id, False)
    with shop.reading(ANNA) as work:
        assert work.session.scalar(select(func.count(Document.id))) == 1


def test_an_unpaid_prepaid_order_needs_a_word(shop):
    order_id = make(shop, payment_state="unpaid", paid_total=0, paid_at=None)
    assert list(refused(shop, order_id)) == ["unpaid"]
    said = issue(shop, order_id, Ask(unpaid=True)).snapshot
    assert said["payment"]["to_pay"] == 11970
    assert said["payment"]["due_date"] == "2026-11-29"
    assert said["sale_date"] == "2026-11-22"


def test_cash_on_delivery_and_credit_are_invoiced_unpaid(shop):
    cod = issue(shop, make(shop, payment_kind="cod", payment_state="cod", paid_total=0,
                           payment_method=""))
    assert cod.snapshot["payment"] == {
        "kind": "cod", "method": "Pobranie przy odbiorze", "paid": 0, "to_pay": 11970,
        "due_date": None}
    credit = issue(shop, make(shop, payment_kind="credit", payment_state="credit", paid_total=0))
    assert credit.snapshot["payment"]["due_date"] == "2026-12-06"


@pytest.mark.parametrize("phase", ["draft", "cancelled"])
def test_what_is_not_sold_is_not_invoiced(shop, phase):
    order_id = make(shop, phase=phase)
    with pytest.raises(NotAllowedNow, match="nothing to invoice"):
        issue(shop, order_id)


def test_every_gap_is_named_at_once(shop):
    with shop.writing(ANNA) as work:
        paper.company(work, tax_id="", address={})
    order_id = make(shop, [("Kubek", 1, "10", ""), ("Usługa", 1, "20", "zw")],
                    tax_id="5252248482",
                    ship_to={"name": "", "company": "", "street": "", "city": "", "country": "PL"},
                    buyer_name="", currency="EUR")
    problems = refused(shop, order_id)
    with shop.reading(ANNA) as work:
        lines = work.session.scalars(
            select(OrderLine.id).where(OrderLine.order_id == order_id)).all()
    assert set(problems) == {"company", "name", "street", "city", "tax_id", f"rate_{lines[0]}"}
    problems = refused(shop, order_id, Ask(rates={lines[0]: "23"}))
    assert set(problems) == {"company", "name", "street", "city", "tax_id", "exchange_rate",
                             "exempt_basis"}


@pytest.mark.parametrize("rate", ["99", "19", "abc"])
def test_a_rate_from_outside_that_is_none_is_a_question_and_no_invoice(shop, rate):
    order_id = make(shop, [("Kubek", 1, "99.00", rate)])
    with shop.reading(ANNA) as work:
        (line,) = order_lines(work.session, order_id)
    with pytest.raises(InvalidForm) as refusal:
        issue(shop, order_id)
    assert refusal.value.problems.keys() == {f"rate_{line.id}"}
    with pytest.raises(InvalidForm):
        issue(shop, order_id, Ask(rates={line.id: "99"}))
    made = issue(shop, order_id, Ask(rates={line.id: "8"}))
    with pytest.raises(InvalidForm) as refusal, shop.writing(ANNA) as work:
        correct_invoice(work, made.id, correcting.Ask(rates={1: "99"}, reason="stawka"))
    assert refusal.value.problems.keys() == {"rate_1"}


def test_a_rate_comes_from_the_line_else_from_the_product(shop):
    with shop.writing(ANNA) as work:
        order = paper.order(work, [("Kubek", 1, "10", ""), ("Serwis", 1, "10", "8")])
        product = Product(name="Kubek", vat_rate="5", created_at=NOW)
        work.session.add(product)
        work.session.flush()
        variant = Variant(product_id=product.id, sku="K", title="Kubek", created_at=NOW)
        work.session.add(variant)
        work.session.flush()
        for line in work.session.scalars(select(OrderLine)):
            line.variant_id = variant.id
        order_id = order.id
    said = issue(shop, order_id).snapshot
    assert [row["rate"] for row in said["rates"]] == ["8", "5"]


def test_cancelled_units_are_not_invoiced_and_take_their_discount_along(shop):
    order_id = make(shop, [("Kubek", 4, "25", "23"), ("Koc", 1, "100", "23")], discount=2000)
    with shop.writing(ANNA) as work:
        first, second = work.session.scalars(select(OrderLine).order_by(OrderLine.position))
        first.cancelled, second.cancelled = 2, 1
    said = issue(shop, order_id).snapshot
    # 50.00 of 200.00 is left, so 5.00 of the 20.00 discount is.
    assert [(line["quantity"], line["discount"], line["amount"]) for line in said["lines"]] == [
        (2, 500, 4500)]
    assert said["payment"]["to_pay"] == 0


def test_net_prices_and_the_method_asked_for(shop):
    lines = [("Śruba", 1, "0.10", "23")] * 5
    net = {"prices_include_tax": False, "paid_total": 0, "payment_state": "credit",
           "payment_kind": "credit"}
    by_rate = issue(shop, make(shop, lines, **net))
    by_line = issue(shop, make(shop, lines, **net), Ask(method="net_line"))
    assert (by_rate.vat, by_line.vat) == (12, 10)
    assert by_line.snapshot["lines"][0]["vat"] == 2
    # A method that does not fit the prices is not taken.
    gross = issue(shop, make(shop, lines), Ask(method="net_line"))
    assert (gross.snapshot["method"], gross.vat) == ("gross_rate", 9)


def test_foreign_currency_shows_vat_at_home_by_a_named_rate(shop):
    order_id = make(shop, [("Mug", 3, "33.33", "23")], currency="EUR",
                    ship_to=paper.POLISH_HOME | {"country": "DE"}, country="DE")
    assert list(refused(shop, order_id)) == ["exchange_rate"]
    rate = Exchange(Decimal("4.2537"), "225/A/NBP/2026", date(2026, 11, 19))
    said = issue(shop, order_id, Ask(exchange=rate)).snapshot
    assert said["language"] == "en"
    assert said["total"] == {"net": 8129, "vat": 1870, "gross": 9999, "vat_home": 7954}
    assert said["exchange"] == {"currency": "PLN", "rate": "4.2537", "table": "225/A/NBP/2026",
                                "day": "2026-11-19"}


def test_export_without_vat_needs_no_rate(shop):
    order_id = make(shop, [("Mug", 1, "50", "0")], currency="EUR")
    said = issue(shop, order_id).snapshot
    assert said["exchange"] is None
    assert "vat_home" not in said["total"]


def test_another_buyer_and_another_recipient(shop):
    order_id = make(shop, bill_to=paper.COMPANY_HOME, tax_id="5252248481")
    said = issue(shop, order_id).snapshot
    assert said["buyer"]["company"] == "Źródło Sp. z o.o."
    assert said["recipient"]["name"] == "Żaneta Łęcka"
    order_id = make(shop)
    typed = {"name": "Jan Kos", "street": "Polna 1", "city": "Łask", "tax_id": "", "country": "PL"}
    said = issue(shop, order_id, Ask(buyer=typed)).snapshot
    assert (said["buyer"]["name"], said["recipient"]) == ("Jan Kos", None)


def test_the_design_is_frozen_and_the_footer_filled(shop):
    with shop.writing(ANNA) as work:
        paper.company(work, footer_pl="{document_number} do {order_number}, {buyer}",
                      accent="#17693F")
    order_id = make(shop, buyer_name="{tax_id}", ship_to=paper.POLISH_HOME | {"name": "{tax_id}"})
    document = issue(shop, order_id)
    with shop.writing(ANNA) as work:
        paper.company(work, footer_pl="inna", accent="#000000", legal_name="Inna")
    with shop.reading(ANNA) as work:
        said = work.session.get(Document, document.id).snapshot
    assert said["design"]["accent"] == "#17693F"
    assert said["design"]["footer"] == f"FV 1/11/2026 do {order_id}, {{tax_id}}"
    assert said["seller"]["name"] == "Leśna Sowa Sp. z o.o."


def test_an_issued_document_cannot_be_changed_or_deleted(both):
    both.works.clock = lambda: NOW
    with both.works.writing(ANNA) as work:
        paper.company(work)
    order_id = make(both.works)
    document = issue(both.works, order_id)
    with both.works.writing(ANNA) as work:
        service.note_file(work, document.id, "a" * 64 + ".pdf")
    for statement in ("UPDATE document SET gross = 1", "DELETE FROM document_file",
                      "DELETE FROM document", "UPDATE document_file SET file = 'x'"):
        with pytest.raises(DBAPIError, match="append-only"), both.works.writing(ANNA) as work:
            work.session.execute(text(statement))
    with both.works.reading(ANNA) as work:
        assert work.session.get(Document, document.id).gross == 11970


def test_the_first_pdf_of_a_document_stays(shop):
    document = issue(shop, make(shop))
    with shop.writing(ANNA) as work:
        assert service.note_file(work, document.id, "a" * 64 + ".pdf") == "a" * 64 + ".pdf"
        assert service.note_file(work, document.id, "b" * 64 + ".pdf") == "a" * 64 + ".pdf"
        assert work.session.scalar(select(func.count()).select_from(DocumentFile)) == 1


# -- numbering --------------------------------------------------------------------------------


def test_the_month_turns_in_the_sellers_zone(shop):
    assert issue(shop, make(shop)).number == "FV 1/11/2026"
    assert issue(shop, make(shop)).number == "FV 2/11/2026"
    shop.clock = lambda: datetime(2026, 11, 30, 23, 30, tzinfo=UTC)  # half past midnight there
    assert issue(shop, make(shop)).number == "FV 1/12/2026"


def test_days_and_numbers_run_the_same_way(shop):
    issue(shop, make(shop), Ask(issue_date=date(2026, 11, 21)))
    order_id = make(shop)
    with pytest.raises(Invalid, match="2026-11-21") as refusal:
        issue(shop, order_id, Ask(issue_date=date(2026, 11, 20)))
    assert refusal.value.field == "issue_date"
    with pytest.raises(Invalid, match="2026-11-21"):
        issue(shop, order_id, Ask(issue_date=date(2026, 10, 31)))
    with pytest.raises(Invalid, match="future"):
        issue(shop, order_id, Ask(issue_date=date(2026, 11, 23)))
    assert issue(shop, order_id).number == "FV 2/11/2026"  # the refusals took no number


def test_moving_in_continues_where_the_old_system_stopped(shop):
    with shop.writing(ANNA) as work:
        series = service.add_series(work, "invoice", "Główna", "FV {n:4}/{year}", "year",
                                    next_number=129)
    assert issue(shop, make(shop)).number == "FV 0129/2026"
    with pytest.raises(NotAllowedNow, match="goes on by itself"), shop.writing(ANNA) as work:
        service.set_next(work, series.id, 500)
    assert issue(shop, make(shop)).number == "FV 0130/2026"
    with pytest.raises(Invalid), shop.writing(ANNA) as work:
        service.set_next(work, series.id, 0)


def test_series_are_kept_apart_and_used_ones_keep_their_pattern(shop):
    with shop.writing(ANNA) as work:
        first = service.add_series(work, "invoice", "A", "A/{n}/{year}", "year")
        other = service.add_series(work, "invoice", "B", "B/{n}/{year}", "year")
        for name, pattern in (("A", "C/{n}/{year}"), ("C", "A/{n}/{year}"),
                              ("C", "A/{n:4}/{year}")):
            with pytest.raises(Invalid):
                service.add_series(work, "invoice", name, pattern, "year")
        with pytest.raises(Invalid):
            service.add_series(work, "letter", "X", "X/{n}", "never")
        assert (first.is_default, other.is_default) == (True, False)
        service.make_default(work, other.id)
    assert issue(shop, make(shop)).number == "B/1/2026"
    assert issue(shop, make(shop), Ask(series_id=first.id)).number == "A/1/2026"
    with shop.writing(ANNA) as work:
        service.change_series(work, first.id, "Nowa nazwa", "A/{n}/{year}", "year")
        with pytest.raises(NotAllowedNow, match="pattern stays"):
            service.change_series(work, first.id, "A", "AA/{n}/{year}", "year")
        with pytest.raises(NotAllowedNow, match="default"):
            service.archive_series(work, other.id)
        service.archive_series(work, first.id)
        service.archive_series(work, first.id)
    with pytest.raises(NotAllowedNow, match="archived"):
        issue(shop, make(shop), Ask(series_id=first.id))
    with pytest.raises(NotAllowedNow, match="archived"), shop.writing(ANNA) as work:
        service.make_default(work, first.id)


def test_a_number_another_series_gave_is_refused(shop):
    with shop.writing(ANNA) as work:
        service.add_series(work, "invoice", "A", "{n}/{year}", "year")
        other = service.add_series(work, "invoice", "B", "B{n}/{year}", "year")
        # The settings refuse this; older ones may have it still, and it may be renamed.
        other.pattern = "{n:1}/{year}"
        service.change_series(work, other.id, "C", other.pattern, "year")
    issue(shop, make(shop))
    with pytest.raises(NotAllowedNow, match="already given the number 1/2026"):
        issue(shop, make(shop), Ask(series_id=other.id))


ISSUES, WORKERS = size(200, 1000), 8


class Rollback(Exception):
    """Thrown on purpose after a number was taken."""


def issue_in_parallel(works: Works, order_ids: list[int], seed: int) -> int:
    """Issue every order from many threads; one in ten is rolled back and tried again.

    Returns how many rollbacks were forced.
    """
    queue, lock, forced, faults = list(order_ids), threading.Lock(), [0], []

    def worker(number: int) -> None:
        chance = random.Random(seed + number)
        while True:
            with lock:
                if not queue:
                    return
                order_id = queue.pop()
            try:
                with works.writing(ANNA) as work:
                    issue_invoice(work, order_id)
                    if chance.random() < 0.1:
                        raise Rollback
            except Rollback:
                with lock:
                    forced[0] += 1
                    queue.append(order_id)
            except Exception as fault:
                faults.append(fault)
                return

    threads = [threading.Thread(target=worker, args=(n,)) for n in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    return forced[0]


@pytest.mark.slow
def test_parallel_issues_leave_no_gap_and_no_repeat(both):
    both.works.clock = lambda: NOW
    with both.works.writing(ANNA) as work:
        paper.company(work)
        order_ids = paper.many_orders(work, ISSUES)
    forced = issue_in_parallel(both.works, order_ids, seed=11)
    with both.works.reading(ANNA) as work:
        found = work.session.execute(
            select(Document.sequence, Document.number, Document.order_id)).all()
        assert sorted(row.sequence for row in found) == list(range(1, ISSUES + 1))
        assert {row.number for row in found} == {f"FV {n}/11/2026" for n in range(1, ISSUES + 1)}
        assert {row.order_id for row in found} == set(order_ids)
        assert work.session.scalars(select(SeriesPeriod.last)).all() == [ISSUES]
        assert work.session.scalar(select(func.count(Series.id))) == 1
    assert forced > ISSUES * 0.05


def read_then_write(session, series_id, period) -> int:
    """How not to do it: the counter is read, and written back later, under no lock."""
    row = session.get(SeriesPeriod, (series_id, period))
    return row.last + 1


@pytest.mark.slow
def test_control_a_counter_that_is_read_and_then_written_repeats(both):
    """Without the lock two clerks get the same number: the test above can see such a fault."""
    with both.works.writing(ANNA) as work:
        work.session.add(Series(id=1, kind="invoice", name="x", pattern="{n}", reset="never"))
        work.session.flush()
        work.session.add(SeriesPeriod(series_id=1, period="", last=0))
    both_have_read = threading.Barrier(2, timeout=20)
    taken = []

    def clerk() -> None:
        with both.works.reading(ANNA) as work:
            number = read_then_write(work.session, 1, "")
        both_have_read.wait()
        with both.works.writing(ANNA) as work:
            work.session.get(SeriesPeriod, (1, "")).last = number
        taken.append(number)

    threads = [threading.Thread(target=clerk) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken == [1, 1]


def test_moving_in_waits_for_an_issue_that_is_under_way(both):
    """``set_next`` looks after it has the counter, so it cannot tear a gap beside an issue."""
    both.works.clock = lambda: NOW
    with both.works.writing(ANNA) as work:
        paper.company(work)
        series = service.add_series(work, "invoice", "A", "{n}/{year}", "year")
        work.session.add(SeriesPeriod(series_id=series.id, period="2026", last=0))
        order_id = paper.order(work).id
    took, outcome = threading.Event(), []

    def issuer() -> None:
        with both.works.writing(ANNA) as work:
            issue_invoice(work, order_id)
            took.set()
            # Long enough for the other to be waiting on the counter.
            threading.Event().wait(0.3)

    def mover() -> None:
        took.wait(10)
        try:
            with both.works.writing(ANNA) as work:
                service.set_next(work, series.id, 500)
        except NotAllowedNow as refusal:
            outcome.append(refusal)

    threads = [threading.Thread(target=run) for run in (issuer, mover)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcome) == 1
    with both.works.reading(ANNA) as work:
        assert work.session.scalars(select(SeriesPeriod.last)).all() == [1]


def test_issue_dates_of_the_ask_are_kept(shop):
    ask = Ask(issue_date=NOW.date(), sale_date=NOW.date() - timedelta(days=3), language="en",
              remark="  Dzień dobry ", split_payment=True)
    said = issue(shop, make(shop), ask).snapshot
    assert (said["sale_date"], said["language"], said["remark"], said["notes"]) == (
        "2026-11-19", "en", "Dzień dobry", ["split_payment"])
    assert list(refused(shop, make(shop), replace(ask, sale_date=date(2024, 1, 1)))) == [
        "sale_date"]


def test_an_invoice_is_not_issued_more_than_sixty_days_before_the_sale(shop):
    day = NOW.date()
    problems = refused(shop, make(shop), Ask(sale_date=day + timedelta(days=61)))
    assert "art. 106i" in str(problems["sale_date"])
    assert issue(shop, make(shop), Ask(sale_date=day + timedelta(days=60))).sale_date > day
    with pytest.raises(InvalidForm) as refusal, shop.writing(ANNA) as work:
        issue_advance(work, make_open(work), Ask(sale_date=day + timedelta(days=1)))
    assert "yet to come" in str(refusal.value.problems["sale_date"])


def make_open(work) -> int:
    return paper.order(work).id


@pytest.mark.parametrize(("sold", "buyer", "late"), [
    (date(2026, 10, 7), {"tax_id": "5252248481"}, date(2026, 11, 15)),
    (date(2026, 10, 7), {}, None),  # a consumer at home has no such term
    (date(2026, 11, 7), {"tax_id": "5252248481"}, None),
])
def test_one_that_is_late_is_issued_and_said_to_be(shop, sold, buyer, late):
    made = issue(shop, make(shop, **buyer), Ask(sale_date=sold))
    assert dating.late_since(made.snapshot) == late
