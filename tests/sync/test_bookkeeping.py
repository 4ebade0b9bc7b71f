"""Issued documents stand in the books of an accounting system: to the grosz, once, in order."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from oms_connector import AccessRefused, ChannelDown, Entered, OutcomeUnknown, Refused
from oms_connector.testing import Clock
from sqlalchemy import select

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.domain.accounting import entries, entry_queries
from oms_web.domain.accounting.models import BookEntry
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.documents.correcting import Ask as Correct
from oms_web.domain.documents.drafting import Ask
from oms_web.domain.orders.models import Order
from oms_web.flows.correct_document import correct_invoice
from oms_web.flows.issue_document import issue_advance, issue_invoice, issue_proforma
from oms_web.jobs import rings
from oms_web.jobs.worker import drain
from oms_web.sync import bookkeeping
from oms_web.sync.isolation.children import Children
from oms_web.sync.registry import load_registry
from oms_web.sync.session import Engine
from tests import factories as make
from tests import paper
from tests.conftest import TESTER
from tests.contract.fakturownia_standin import Fakturownia
from tests.journeys.outside import plug
from tests.sync.isolated import LIMITS

TODAY = date(2026, 11, 24)
MUGS = [("Kubek", 3, "39.90", "23")]
MIXED = [("Kubek", 1, "39.90", "23"), ("Książka", 2, "26.25", "5"), ("Kurs", 1, "99.99", "zw"),
         ("Herbata", 7, "3.33", "23")]


class Shop:
    """A company whose documents go into the books of ``outside``."""

    def __init__(self, oms, outside=None, **chosen):
        self.oms, self.works, self.outside = oms, oms.works, outside
        self.now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
        oms.works.clock = lambda: self.now
        with self.works.writing(TESTER) as work:
            paper.company(work)
            if outside is None:
                self.account = make.account(work, "Księgi", connector="books").id
        if outside is not None:
            self.account = plug(oms, outside, "Fakturownia")
        with self.works.writing(TESTER) as work:
            entries.choose(work, self.account, TODAY, **({"proformas": False} | chosen))

    def issue(self, lines=None, flow=issue_invoice, *, ask=None, **order):
        with self.works.writing(TESTER) as work:
            document, _ = flow(work, paper.order(work, list(lines or MUGS), **order).id,
                               ask or Ask(issue_date=TODAY))
            return document

    def correct(self, document, **said):
        with self.works.writing(TESTER) as work:
            return correct_invoice(work, document.id, Correct(
                reason="Zwrot", issue_date=TODAY, **said))[0]

    def work(self, **later):
        self.now += timedelta(**later)
        rings.ring_books(self.oms)
        drain(self.oms)

    def rows(self):
        with self.works.reading(TESTER) as work:
            return list(work.session.scalars(select(BookEntry).order_by(BookEntry.id)))

    def states(self):
        return [row.state for row in self.rows()]

    def act(self, act, document):
        [row] = [row for row in self.rows() if row.document_id == document.id]
        with self.works.writing(TESTER) as work:
            act(work, row.id)

    def there(self, document):
        """What stands there under a document's number: minor units."""
        return [tuple(int(100 * sum_) for sum_ in (one.net, one.vat, one.gross))
                for one in self.outside.entries(document.number)]


@pytest.fixture
def shop(oms):
    return Shop(oms, Fakturownia(Clock()))


def sums(document):
    return document.net, document.vat, document.gross


# To the grosz -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("lines", "order"), [
    (MUGS, {}), (MIXED, {"shipping": 1499, "discount": 777}),
    (MUGS, {"prices_include_tax": False}),
    ([("Guzik", 1, "0.01", "23")] * 9 + [("Nić", 3, "1.11", "8")], {"prices_include_tax": False}),
])
@pytest.mark.parametrize("method", ["", "net_line"])
def test_what_lands_there_is_what_was_issued(shop, lines, order, method):
    if method and order.get("prices_include_tax", True):
        pytest.skip("gross prices are counted one way")
    document = shop.issue(lines, ask=Ask(issue_date=TODAY, exempt_basis="art. 43", method=method),
                          **order)
    assert shop.states() == ["ready"]
    shop.work()
    assert shop.states() == ["entered"]
    assert shop.there(document) == [sums(document)]
    [row], [kept] = shop.rows(), shop.outside.kept.values()
    assert row.url == f"https://kit.fakturownia.pl/invoices/{row.reference}"
    assert (kept["oid"], kept["issue_date"], kept["status"]) == (
        document.number, "2026-11-24",
        "paid" if order.get("prices_include_tax", True) else "partial")
    shop.work(days=1)
    assert len(shop.outside.kept) == 1
    with shop.works.reading(TESTER) as work:
        acts = work.session.scalars(select(AuditEntry.act).where(
            AuditEntry.subject == "document", AuditEntry.subject_id == document.id)).all()
    assert "books.enter" in acts


def test_goods_that_come_back_are_corrected_there_or_refused_never_altered(shop):
    whole, part = shop.issue(MIXED, ask=Ask(issue_date=TODAY, exempt_basis="art. 43")), shop.issue()
    back = shop.correct(whole, quantities={1: 0, 2: 0, 3: 0, 4: 0})
    one = shop.correct(part, quantities={1: 2})
    rate = shop.correct(shop.issue(), rates={1: "8"})
    shop.work()
    for document in (whole, part, back, one, rate):
        assert shop.there(document) == [sums(document)]
    assert shop.states() == ["entered"] * 6
    kept = next(row for row in shop.outside.kept.values() if row["number"] == back.number)
    original = next(row for row in shop.outside.kept.values() if row["number"] == whole.number)
    assert (kept["invoice_id"], kept["correction_reason"]) == (original["id"], "Zwrot")
    assert kept["positions"][0]["correction_before_attributes"]["quantity"] == 1
    address = shop.correct(part, buyer=paper.POLISH_HOME | {"name": "Inna Osoba", "tax_id": ""})
    shop.work()
    assert shop.there(address) == []
    assert shop.states()[-1] == "refused"


def test_what_it_counts_otherwise_is_not_taken_for_entered(shop):
    shop.outside.counts_otherwise = Decimal("0.01")
    document = shop.issue()
    shop.work()
    [row] = shop.rows()
    assert (row.state, row.reference != "") == ("refused", True)
    assert "119.71" in row.why
    assert "119.70" in row.why
    shop.act(entries.again, document)
    shop.work()
    assert (shop.states(), len(shop.outside.kept)) == (["refused"], 1)
    shop.outside.kept.clear()  # the person deleted it there
    shop.outside.counts_otherwise = Decimal(0)
    shop.act(entries.again, document)
    shop.work()
    assert (shop.states(), shop.there(document)) == (["entered"], [sums(document)])


# Which documents --------------------------------------------------------------------------------


def test_only_documents_from_the_day_on_and_the_kinds_that_are_wanted(shop):
    early = shop.issue(ask=Ask(issue_date=TODAY - timedelta(days=1)))
    asking = shop.issue(flow=issue_proforma, paid_total=0, payment_state="unpaid")
    assert shop.states() == []
    with shop.works.writing(TESTER) as work:
        entries.choose(work, shop.account, TODAY - timedelta(days=1), proformas=True)
    assert [row.document_id for row in shop.rows()] == [early.id, asking.id]
    shop.work()
    assert shop.there(asking) == [sums(asking)]
    advance = shop.issue(flow=issue_advance)
    shop.work()
    assert shop.states() == ["entered", "entered", "refused"]
    assert "by hand" in shop.rows()[-1].why
    shop.act(entries.leave, advance)
    with pytest.raises(NotAllowedNow):
        shop.act(entries.leave, early)
    shop.issue()
    with shop.works.writing(TESTER) as work:
        assert entries.stop(work, shop.account)
        assert not entries.stop(work, shop.account)
        with pytest.raises(Invalid):
            entries.choose(work, shop.account, TODAY + timedelta(days=1), proformas=False)
    shop.issue()
    assert shop.states() == ["entered", "entered", "left_out"]


def test_an_invoice_that_is_not_issued_leaves_no_trace(shop):
    def issue_and_fail():
        with shop.works.writing(TESTER) as work:
            issue_invoice(work, paper.order(work).id, Ask(issue_date=TODAY))
            assert work.session.scalars(select(BookEntry)).all()
            raise RuntimeError("the transaction does not end well")

    with pytest.raises(RuntimeError):
        issue_and_fail()
    assert shop.states() == []


def test_a_correction_waits_for_what_it_corrects(shop):
    first = shop.issue(ask=Ask(issue_date=TODAY, receipt="W123"))
    back = shop.correct(first, quantities={1: 0})
    shop.work()
    assert shop.states() == ["refused", "ready"]
    assert first.number in shop.rows()[1].why
    shop.act(entries.leave, first)
    shop.work()
    assert (shop.states(), shop.there(back)) == (["left_out", "refused"], [])
    shop.outside.kept[1] = {"id": 1, "oid": "", "number": first.number, "kind": "vat",
                            "positions": []}  # by hand
    shop.act(entries.again, back)
    shop.outside.kept[1]["oid"] = "typed"
    shop.work()
    assert shop.states() == ["left_out", "refused"]  # an invoice to a receipt is corrected by hand


# What is paid later -----------------------------------------------------------------------------


def test_that_it_was_paid_is_told_once(shop):
    document = shop.issue(paid_total=0, payment_state="unpaid",
                          ask=Ask(issue_date=TODAY, unpaid=True))
    shop.work()
    [kept] = shop.outside.kept.values()
    assert (kept["status"], kept["paid"]) == ("issued", "0.00")
    for paid, status in ((5000, "issued"), (document.gross, "paid")):
        with shop.works.writing(TESTER) as work:
            work.session.get_one(Order, document.order_id).paid_total = paid
        shop.work(minutes=1)
        assert kept["status"] == status
    assert shop.rows()[0].is_settled
    kept["status"] = "somebody changed it"
    shop.work(days=2)
    assert kept["status"] == "somebody changed it"


# Lost answers -----------------------------------------------------------------------------------


class Books:
    """An accounting system in memory that forgets to look for doubles. ``says``: what it raises
    next, after it did what was asked (``OutcomeUnknown``) or instead of it.
    """

    def __init__(self, *says, slow=0.0):
        self.says, self.slow, self.kept = list(says), slow, []

    def takes(self):
        return ["invoice", "correction", "proforma"]

    def enter(self, document):
        error = self.says.pop(0) if self.says else None
        if error and not isinstance(error, OutcomeUnknown):
            raise error
        time.sleep(self.slow)
        self.kept.append(document.number)
        if error:
            raise error
        return self.find_entry(document)

    def find_entry(self, document):
        if document.number not in self.kept:
            return None
        return Entered("1", document.number, document.net, document.vat, document.gross)

    def tell_paid(self, reference, document):
        raise Refused("closed")


def enter(shop, books, **later):
    """One turn of a worker at the newest document."""
    shop.now += timedelta(**later)
    with shop.works.reading(TESTER) as work:
        account = work.session.get_one(ChannelAccount, shop.account)
    return bookkeeping.enter(Engine(shop.works, shop.oms.registry), account, books,
                             shop.rows()[-1].id)


@pytest.mark.parametrize(("error", "state", "tries"), [
    (OutcomeUnknown("cut"), "unknown", 1), (RuntimeError("a fault"), "unknown", 1),
    (ChannelDown("closed"), "ready", 1), (AccessRefused("key"), "ready", 1)])
def test_whatever_becomes_of_an_answer_it_is_entered_once(oms, error, state, tries):
    shop = Shop(oms)
    shop.issue()
    books = Books(error)
    with suppress(ChannelDown, AccessRefused):
        assert not enter(shop, books)
    assert shop.states() == [state]
    assert not enter(shop, books)  # not before its time
    assert enter(shop, books, minutes=2)
    assert (shop.states(), len(books.kept)) == (["entered"], tries)
    assert not enter(shop, books, days=1)


def test_a_death_between_the_answer_and_the_note_is_found_out(oms):
    shop, books = Shop(oms), Books()
    document = shop.issue()
    with shop.works.writing(TESTER) as work:
        taken = entries.take(work, shop.rows()[0].id)
    books.kept.append(document.number)  # it was sent, and whoever sent it died
    assert not enter(shop, books, minutes=5)
    assert shop.states() == ["sending"]
    assert enter(shop, books, minutes=15)
    assert (shop.states(), books.kept) == (["entered"], [document.number])
    with shop.works.writing(TESTER) as work:
        assert not entries.note_refused(work, taken, "an answer that comes late")


def test_a_refusal_waits_for_a_person_and_names_the_reason(oms):
    shop, books = Shop(oms), Books(Refused("no such rate"))
    document = shop.issue()
    assert enter(shop, books)
    assert (shop.states(), shop.rows()[0].why) == (["refused"], "no such rate")
    assert not enter(shop, books, days=2)
    with shop.works.reading(TESTER) as work:
        assert entry_queries.needing_a_person(work.session)[0] == 1
    shop.act(entries.again, document)
    assert enter(shop, books)
    assert shop.states() == ["entered"]


def test_a_payment_that_is_not_taken_waits_for_a_person(oms):
    shop, books = Shop(oms), Books()
    document = shop.issue(paid_total=0, payment_state="unpaid",
                          ask=Ask(issue_date=TODAY, unpaid=True))
    assert enter(shop, books)
    with pytest.raises(NotAllowedNow):
        shop.act(entries.leave, document)
    for act, settled in ((entries.again, False), (entries.leave, True)):
        with shop.works.writing(TESTER) as work:
            entries.note_paid(work, shop.rows()[0].id, "closed")
        shop.act(act, document)
        [row] = shop.rows()
        assert (row.state, row.why, row.is_settled) == ("entered", "", settled)


def test_what_a_person_entered_is_found_by_its_number(shop):
    document = shop.issue()
    shop.act(entries.leave, document)
    shop.work()
    assert shop.there(document) == []
    shop.outside.kept[5] = {
        "id": 5, "number": document.number, "oid": None, "kind": "vat", "cancelled": None,
        "price_net": "97.32", "price_tax": "22.38", "price_gross": "119.70", "paid": "0",
        "positions": [], "buyer_name": ""}
    shop.act(entries.again, document)
    shop.work()
    assert (shop.states(), shop.there(document)) == (["entered"], [sums(document)])


def test_books_that_are_stopped_get_nothing_more(oms):
    shop, books = Shop(oms), Books(ChannelDown("closed"))
    shop.issue()
    with suppress(ChannelDown):
        enter(shop, books)
    with shop.works.writing(TESTER) as work:
        entries.stop(work, shop.account)
    assert shop.states() == []


def test_access_that_is_refused_stops_the_account_and_nothing_is_lost(shop):
    shop.outside.is_open = False
    document = shop.issue()
    shop.work()
    with shop.works.writing(TESTER) as work:
        account = work.session.get_one(ChannelAccount, shop.account)
        assert account.state == "broken"
        account.state = "active"
    shop.outside.is_open = True
    shop.work(minutes=10)
    assert shop.there(document) == [sums(document)]


def test_it_is_entered_from_a_process_of_its_own_too(shop):
    shop.oms.__dict__["registry"] = load_registry()
    children = shop.works.ports["children"] = Children(replace(LIMITS, seconds=30.0))
    try:
        first = shop.issue(MIXED, ask=Ask(issue_date=TODAY, exempt_basis="art. 43"))
        back = shop.correct(first, quantities={1: 0, 2: 0, 3: 0, 4: 0})
        shop.work()
    finally:
        children.close()
    assert [shop.there(one) for one in (first, back)] == [[sums(first)], [sums(back)]]


# Races ------------------------------------------------------------------------------------------


def race(act):
    ready = threading.Barrier(8)

    def run():
        ready.wait(20)
        act()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_eight_workers_enter_a_document_once(both):
    shop, books = Shop(both), Books(slow=0.2)
    shop.issue()
    race(lambda: enter(shop, books))
    assert (shop.states(), len(books.kept)) == (["entered"], 1)


def test_the_control_that_looks_first_enters_it_again(both):
    """What a program does that reads, sends and writes: it must lose the race."""
    shop, books = Shop(both), Books(slow=0.2)
    document = shop.issue()

    def naive():
        [row] = shop.rows()
        if row.state != "ready":
            return
        books.enter(bookkeeping.told(document.snapshot, bookkeeping.Money()))
        with shop.works.writing(TESTER) as work:
            entries.lock(work.session, row.id).state = "entered"

    race(naive)
    assert len(books.kept) > 1
