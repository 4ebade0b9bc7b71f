"""What the Ministry announces of KSeF, and what waits for a refused document, on the screens."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from oms_web.domain.documents.correcting import Ask
from oms_web.domain.einvoices import notices
from oms_web.domain.einvoices.announced import Announced
from oms_web.flows.correct_document import correct_invoice
from tests.sync.ksef import ANNA, START, shop


@pytest.fixture
def here(oms):
    with shop(oms) as made_shop:
        yield made_shop


@pytest.fixture
def page(here, browser_as):
    return browser_as("owner")


def text(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def announced(here, kind, begins, ends=None):
    with here.oms.works.writing(ANNA) as work:
        notices.take_in(work, "rehearsal", [
            Announced(7, kind, begins, ends, "Awaria", "Słowa Ministerstwa")])


@pytest.mark.parametrize(("kind", "begins", "ends", "words"), [
    ("failure", -1, None, "The Ministry announced a failure of KSeF"),
    ("maintenance", -1, 2, "announced maintenance, until 23 November 2026, 12:00"),
    ("maintenance", 20, 30, "KSeF will be unavailable from 24 November 2026, 06:00"),
    ("total_failure", -1, None, "The Ministry announced a total failure of KSeF"),
])
def test_an_announcement_is_a_band_where_documents_are(here, page, kind, begins, ends, words):
    (document_id,) = here.issue()
    for address in ("/", "/documents", "/settings/ksef"):
        assert words not in text(page.get(address))
    announced(here, kind, START + timedelta(hours=begins),
              None if ends is None else START + timedelta(hours=ends))
    for address in ("/", "/documents", "/documents?view=issued", "/settings/ksef"):
        assert words in text(page.get(address)), address
    assert "Słowa Ministerstwa" in text(page.get("/documents"))
    card = text(page.get(f"/documents/{document_id}"))
    assert ("How long KSeF may wait for it is open." in card) is (ends is None)


def test_after_the_failure_the_card_names_its_last_day_and_the_law(here, page):
    (document_id,) = here.issue()
    announced(here, "failure", START, START + timedelta(hours=1))
    here.later(hours=2)
    card = text(page.get(f"/documents/{document_id}"))
    assert "KSeF must have it by 2 Dec 2026. Seven working days after the announced failure" in card
    assert "announced a failure" not in text(page.get("/documents"))


def test_a_correction_says_that_its_invoice_was_refused_and_leads_there(here, page):
    here.ksef.books.break_next = [450]
    (document_id,) = here.issue()
    here.settle()
    said = here.document(document_id).snapshot
    with here.oms.works.writing(ANNA) as work:
        correction, _ = correct_invoice(work, document_id, Ask(
            returned={said["lines"][0]["line_id"]: 1}, reason="zwrot"))
    answer = page.get(f"/documents/{correction.id}")
    assert "KSeF rejected that document" in text(answer)
    assert f'href="/documents/{document_id}"' in answer.get_data(as_text=True)
    assert "Send now" not in text(answer)
    assert "1 document names one of them and waits." in text(page.get("/"))
    shown = page.get("/documents?view=issued&ksef=held").get_data(as_text=True)
    assert f'id="document-{correction.id}"' in shown
    assert f'id="document-{document_id}"' not in shown
    page.post(f"/documents/{document_id}/ksef/again")
    assert "KSeF rejected that document" not in text(page.get(f"/documents/{correction.id}"))
