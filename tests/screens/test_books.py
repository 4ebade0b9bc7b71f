"""The books on the screens: who takes documents, what is not there yet, where a document stands."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select, update

from oms_web.domain.accounting import entries
from oms_web.domain.accounting.models import BookAccount, BookEntry
from oms_web.domain.documents.drafting import Ask
from oms_web.flows.issue_document import issue_invoice
from tests import factories as make
from tests import paper
from tests.conftest import TESTER

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PAGE = "/documents/jpk?month=2026-11"


@pytest.fixture
def shop(oms):
    oms.works.clock = lambda: NOW
    with oms.works.writing(TESTER) as work:
        paper.company(work)
    return oms


def connect(shop):
    with shop.works.writing(TESTER) as work:
        return make.account(work, "Fakturownia", connector="fakturownia",
                            settings={"account": "kit"}).id


def issue(shop):
    with shop.works.writing(TESTER) as work:
        return issue_invoice(work, paper.order(work).id, Ask(issue_date=date(2026, 11, 24)))[0]


def said(shop, **values):
    """The only entry becomes this."""
    with shop.works.writing(TESTER) as work:
        work.session.execute(update(BookEntry).values(**values))


def words(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def state(shop):
    with shop.works.reading(TESTER) as work:
        return work.session.scalars(select(BookEntry.state)).all()


def test_without_a_program_it_says_how_to_connect_one(shop, browser_as):
    page = browser_as("owner")
    assert "No accounting program is connected" in words(page.get(PAGE))
    connect(shop)
    shown = words(page.get(PAGE))
    assert "No documents go into the books yet" in shown
    assert "Which books" in shown
    assert "Which books" not in words(browser_as("accountant").get(PAGE))


def test_a_day_is_chosen_and_what_was_issued_since_follows(shop, browser_as):
    page, account = browser_as("owner"), connect(shop)
    document = issue(shop)
    form = {"account": str(account), "since": "2026-11-24", "proformas": "y"}
    wrong = page.post("/documents/jpk/2026-11/books", data=form | {"since": "2027-01-01"})
    assert wrong.status_code == 422
    assert "This day is still to come." in words(wrong)
    assert page.post("/documents/jpk/2026-11/books", data=form).status_code in (302, 303)
    with shop.works.reading(TESTER) as work:
        row = work.session.get_one(BookAccount, account)
        assert (row.since, row.proformas) == (date(2026, 11, 24), True)
    shown = words(page.get(PAGE))
    assert "1 document is not there yet" in shown
    assert document.number in shown
    assert "not entered yet" in shown
    assert browser_as("accountant").post(
        f"/documents/books/{account}/stop").status_code == 403
    page.post(f"/documents/books/{account}/stop")
    assert state(shop) == []


@pytest.fixture
def refused(shop):
    account = connect(shop)
    with shop.works.writing(TESTER) as work:
        entries.choose(work, account, date(2026, 11, 1), proformas=False)
    document = issue(shop)
    said(shop, state="refused", attempts=1, due_at=None, why="Fakturownia has no VAT rate 99",
         url="https://kit.fakturownia.pl/invoices/7", reference="7")
    with shop.works.reading(TESTER) as work:
        return document, work.session.scalars(select(BookEntry.id)).one()


def test_a_refusal_says_why_and_can_be_tried_again(shop, refused, browser_as):
    document, entry = refused
    page = browser_as("accountant")
    assert "Not taken into the books" in words(page.get("/"))
    for url in (PAGE, f"/documents/{document.id}"):
        shown = page.get(url)
        assert "Fakturownia has no VAT rate 99" in words(shown)
        assert f"/documents/books/entries/{entry}/again" in shown.get_data(as_text=True)
    there = page.post(f"/documents/books/entries/{entry}/again", data={"at": "document"})
    assert there.headers["Location"].endswith(f"/documents/{document.id}")
    assert state(shop) == ["ready"]
    said(shop, state="refused")
    page.post("/documents/books/again")
    assert state(shop) == ["ready"]
    page.post(f"/documents/books/entries/{entry}/leave")
    assert state(shop) == ["left_out"]
    assert "by hand" in words(page.get(f"/documents/{document.id}"))
    assert document.number not in words(page.get(PAGE)).partition("Books")[2]
    assert "Not taken into the books" not in words(page.get("/"))


def test_on_the_document_stands_where_it_is_booked(shop, refused, browser_as):
    document, _ = refused
    said(shop, state="entered", why="", entered_at=NOW)
    answer = browser_as("reader").get(f"/documents/{document.id}")
    assert "in the books" in words(answer)
    assert 'href="https://kit.fakturownia.pl/invoices/7"' in answer.get_data(as_text=True)
    assert "Everything is in the books" in words(browser_as("owner").get(PAGE))


def test_nobody_acts_who_may_only_look(refused, browser_as):
    _, entry = refused
    page = browser_as("reader")
    for act in (f"entries/{entry}/again", f"entries/{entry}/leave", "again"):
        assert page.post(f"/documents/books/{act}").status_code == 403
