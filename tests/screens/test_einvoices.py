"""The screens of KSeF: settings, the card of a document, the list's filter, invoices of others."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import event

from oms_web.domain.einvoices import fa3, settings
from oms_web.domain.einvoices.models import EInvoice
from oms_web.sync import einvoicing
from tests.conftest import PASSWORD
from tests.invoices import COMPANY, SELLER, made
from tests.screens.test_documents import PART
from tests.sync.ksef import ANNA, START, pair, shop


@pytest.fixture
def here(oms):
    with shop(oms) as made_shop:
        yield made_shop


@pytest.fixture
def page(here, browser_as):
    return browser_as("owner")


def text(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def test_the_card_of_a_document_follows_it(here, page):
    (document_id,) = here.issue()
    card = text(page.get(f"/documents/{document_id}"))
    assert "KSeF" in card
    assert "Send now" in card
    here.ksef.books.break_next = [450]
    here.settle()
    card = text(page.get(f"/documents/{document_id}"))
    assert "KSeF found a mistake in what the invoice says." in card
    assert "Błąd weryfikacji semantyki dokumentu faktury" in card
    answer = page.post(f"/documents/{document_id}/ksef/again")
    assert answer.status_code in (302, 303)
    here.settle()
    row = here.row(document_id)
    assert row.ksef_number in text(page.get(f"/documents/{document_id}"))
    upo = page.get(f"/documents/{document_id}/upo.xml")
    assert upo.mimetype == "application/xml"
    assert row.ksef_number.encode() in upo.data
    assert b"<Faktura" in page.get(f"/documents/{document_id}/ksef.xml").data
    assert page.post(f"/documents/{document_id}/ksef/again").status_code == 409


def test_what_hangs_is_annulled_or_moved_from_its_card(here, page):
    first, second = here.issue(2)
    assert "Annul it" in text(page.get(f"/documents/{first}"))
    assert page.post(f"/documents/{first}/annul", data={"reason": " "}).status_code == 422
    done = page.post(f"/documents/{first}/annul", data={"reason": "Zły nabywca"})
    assert done.headers["Location"] == f"/documents/{first}"
    card = text(page.get(f"/documents/{first}"))
    assert "This document was annulled" in card
    assert "Zły nabywca" in card
    assert not {"Correct it", "Send now", "Annul it"} & set(re.findall(
        "Correct it|Send now|Annul it", card))
    assert '<small class="bad">KSeF: annulled' in page.get("/documents?view=issued").text
    order = text(page.get(f"/orders/{here.document(first).order_id}"))
    assert re.search(r"24 Nov 2026 · annulled|· annulled", order)
    assert "state: ready" not in order
    with here.oms.works.writing(ANNA) as work:
        work.session.get_one(EInvoice, second).state = "unknown"
    assert "Send now" not in text(page.get(f"/documents/{second}"))
    with here.oms.works.writing(ANNA) as work:
        settings.change(work, {"environment": "test"})
    assert "Send now" in text(page.get(f"/documents/{second}"))
    assert page.post(f"/documents/{second}/ksef/again").status_code == 303
    assert here.row(second).environment == "test"


def test_a_document_that_does_not_go_there_has_no_card_and_no_files(here, page):
    (document_id,) = here.issue(tax_id="", bill_to=None, buyer_company="")
    assert "Send now" not in text(page.get(f"/documents/{document_id}"))
    for what in ("ksef", "upo"):
        assert page.get(f"/documents/{document_id}/{what}.xml").status_code == 404
    assert page.post(f"/documents/{document_id}/ksef/again").status_code == 404


def test_the_list_is_filtered_by_what_ksef_says(here, page):
    good, bad = here.issue(2)
    here.ksef.books.break_next = [450]
    here.settle()
    here.issue()
    rejected = next(one for one in (good, bad) if here.row(one).state == "rejected")
    for name, count in (("rejected", 1), ("accepted", 1), ("waiting", 1), ("offline", 0),
                        ("near", 0), ("", 3), ("nonsense", 3)):
        shown = page.get(f"/documents?view=issued&ksef={name}", headers=PART)
        assert shown.get_data(as_text=True).count("data-row id") == count, name
    shown = page.get("/documents?view=issued&ksef=rejected").get_data(as_text=True)
    assert f'id="document-{rejected}"' in shown
    home = text(page.get("/"))
    assert "Rejected by KSeF" in home
    assert "KSeF must have them today" not in home
    here.later(days=2)
    page.post("/sign-in", data={"email": "owner@example.test", "password": PASSWORD})
    assert "KSeF must have them today" in text(page.get("/"))


def test_settings_are_kept_and_secrets_are_not_shown(here, page):
    certificate, key = pair()
    answer = page.post("/settings/ksef", data={
        "environment": "rehearsal", "address": "http://127.0.0.1:8002/v2", "nip": "525-224-84-81",
        "buyers": "all", "login": "certificate",
        "certificate": (io.BytesIO(certificate), "a.crt"),
        "certificate_key": (io.BytesIO(key), "a.key"),
    }, content_type="multipart/form-data")
    assert answer.status_code in (302, 303)
    shown = page.get("/settings/ksef").get_data(as_text=True)
    assert "Leśna Sowa" in shown
    assert "PRIVATE KEY" not in shown
    with here.oms.works.reading(ANNA) as work:
        row = settings.get(work.session)
        assert (row.buyers, row.nip, row.reads_incoming) == ("all", "5252248481", False)
    assert page.post("/settings/ksef/test").status_code in (302, 303)
    assert ("POST", "/v2/auth/xades-signature") in here.ksef.calls


@pytest.mark.parametrize(("field", "value", "says"), [
    ("nip", "12", "ten digits"), ("address", "ftp://x", "This is not a web address."),
    ("environment", "moon", "Not a valid choice"),
    ("certificate", b"nothing", "cannot be read"),
])
def test_what_is_wrong_is_said_at_its_field(page, field, value, says):
    said = {"environment": "rehearsal", "address": "http://127.0.0.1:8002/v2",
            "nip": "5252248481", "buyers": "all", "login": "token"}
    said[field] = (io.BytesIO(value), "a.crt") if isinstance(value, bytes) else value
    answer = page.post("/settings/ksef", data=said, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert says in text(answer)


def test_a_failing_test_says_why(here, page):
    here.ksef.tokens = {"another"}
    page.post("/settings/ksef/test")
    assert "błędnego tokenu" in text(page.get("/settings/ksef"))


def test_invoices_of_others_are_listed_found_and_read(here, page):
    assert "Nobody has issued an invoice to you yet" in text(page.get("/documents/incoming"))
    seller = {**SELLER, "tax_id": "5261040828", "name": "Hurtownia Sp. z o.o."}
    snapshot = made(number="H 1/11/2026", buyer={**COMPANY, "tax_id": "5252248481"},
                    put_seller=seller)
    number = here.ksef.books.put_incoming(fa3.write(snapshot, START))
    here.later(minutes=1)
    einvoicing.read_incoming(here.oms.works)
    listed = text(page.get("/documents/incoming"))
    assert "Hurtownia Sp. z o.o." in listed
    assert "H 1/11/2026" in text(page.get("/documents/incoming?q=5261040828"))
    assert "H 1/11/2026" in text(page.get("/documents/incoming?q=hurt", headers=PART))
    assert "Nothing fits" in text(page.get("/documents/incoming?q=nobody"))
    shown = text(page.get("/documents/incoming/1"))
    assert "Kubek" in shown
    assert number in shown
    assert b"<Faktura" in page.get("/documents/incoming/1.xml").data
    assert page.get("/documents/incoming/2").status_code == 404


def test_a_list_asks_once_for_all_its_rows(here, page):
    asked = []
    event.listen(here.oms.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))

    def statements() -> int:
        asked.clear()
        page.get("/documents?view=issued")
        return len(asked)

    here.issue(2)
    statements()
    few = statements()
    here.issue(6)
    assert statements() == few


def test_an_offline_document_says_so(here, page):
    here.ksef.is_down = True
    (document_id,) = here.issue()
    here.run()
    here.later(minutes=6)
    here.run()
    assert "issued offline, waits for KSeF" in text(page.get(f"/documents/{document_id}"))
    assert "KSeF cannot be reached since" in text(page.get("/settings/ksef"))
    with here.oms.works.reading(ANNA) as work:
        assert work.session.get_one(EInvoice, document_id).deadline == (
            START + timedelta(days=1)).date()
