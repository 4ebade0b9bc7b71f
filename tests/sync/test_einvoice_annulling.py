"""What hangs before KSeF has it, and the way out of each: annulled, moved, or sent."""

from __future__ import annotations

import pytest

from oms_web.adapters.print_pages import PrintPages
from oms_web.core.errors import Invalid, NotAllowedNow, NotFound
from oms_web.domain.accounting import queries as accounting
from oms_web.domain.documents import queries
from oms_web.domain.documents.correcting import Ask as Correct
from oms_web.domain.documents.models import Document
from oms_web.domain.einvoices import service, settings
from oms_web.domain.einvoices.marks import mark_of
from oms_web.domain.einvoices.models import EInvoice
from oms_web.domain.orders.models import Order
from oms_web.flows.annul_document import annul
from oms_web.flows.correct_document import correct_invoice
from oms_web.flows.issue_document import issue_advance, issue_invoice
from tests import paper
from tests.flows.test_other_documents import UNPAID, pay
from tests.sync.ksef import ANNA, COMPANY_BUYER, NIP, shop
from tests.sync.teller import Shop as Teller


@pytest.fixture
def here(oms):
    with shop(oms) as made:
        yield made


def ended(here, document_id, reason="Zły nabywca"):
    with here.oms.works.writing(ANNA) as work:
        return annul(work, document_id, reason)


def refused(here, document_id, reason="Zły nabywca"):
    with pytest.raises(NotAllowedNow) as refusal:
        ended(here, document_id, reason)
    return str(refusal.value)


def reject(here, document_id):
    here.ksef.books.break_next = [450]
    here.settle()
    assert here.row(document_id).state == "rejected"


@pytest.mark.parametrize("is_rejected", [False, True])
def test_what_ksef_has_not_had_is_annulled_and_another_is_issued(here, is_rejected):
    (first,) = here.issue()
    if is_rejected:
        reject(here, first)
    order_id = here.document(first).order_id
    with pytest.raises(Invalid, match="Say why"):
        ended(here, first, " ")
    ended(here, first)
    with here.oms.works.writing(ANNA) as work:
        order = work.session.get_one(Order, order_id)
        assert not order.is_documented
        assert queries.invoices_of(work.session, order_id) == []
        second, is_new = issue_invoice(work, order_id)
        assert (is_new, order.is_documented) == (True, True)
    with pytest.raises(NotAllowedNow, match="was annulled"):
        here.oms.printing.for_buyer(first)
    drawn = PrintPages(here.oms.works.ports["files"]).document(
        here.document(first).snapshot, mark_of(here.row(first)))
    assert "ANULOWANA" in drawn
    assert (here.document(first).number, second.number) == ("FV 1/11/2026", "FV 2/11/2026")
    here.settle()
    assert here.states() == {first: "annulled", second.id: "accepted"}
    with here.oms.works.reading(ANNA) as work:
        rows = accounting.month(work.session, second.issue_date.replace(day=1)).rows
        assert [row.document_id for row in rows] == [second.id]
        with pytest.raises(NotAllowedNow, match="nothing to correct"):
            correct_invoice(work, first, Correct(reason="x", lowered=1))
    assert "Only what KSeF has not had" in refused(here, first)
    assert "Only what KSeF has not had" in refused(here, second.id)


@pytest.mark.parametrize("state", ["sending", "sent", "unknown", "accepted"])
def test_what_ksef_has_or_may_have_is_not(here, state):
    (document_id,) = here.issue()
    with here.oms.works.writing(ANNA) as work:
        work.session.get_one(EInvoice, document_id).state = state
    refused(here, document_id)


def test_nor_is_one_that_was_issued_offline_or_does_not_go_there(here):
    offline, mine = here.issue()[0], here.issue(tax_id="", bill_to=None, buyer_company="")[0]
    with here.oms.works.writing(ANNA) as work:
        work.session.get_one(EInvoice, offline).is_offline = True
    refused(here, offline)
    with pytest.raises(NotFound):
        ended(here, mine)


def test_what_leans_on_it_is_annulled_first_and_the_state_before_holds_again(here):
    (first,) = here.issue()
    with here.oms.works.writing(ANNA) as work:
        one = correct_invoice(work, first, Correct(reason="rabat", lowered=100))[0]
        two = correct_invoice(work, first, Correct(reason="rabat", lowered=100))[0]
    assert f"{two.number} goes on from this document" in refused(here, first)
    assert f"{two.number} goes on from this document" in refused(here, one.id)
    ended(here, two.id)
    with here.oms.works.writing(ANNA) as work:
        three = correct_invoice(work, first, Correct(reason="rabat", lowered=50))[0]
    assert three.snapshot["previous"]["document_id"] == one.id
    assert three.snapshot["before"] == one.snapshot["after"]


def test_an_advance_that_is_annulled_documents_nothing(here):
    with here.oms.works.writing(ANNA) as work:
        order_id = paper.order(work, **(COMPANY_BUYER | UNPAID)).id
    pay(here.oms.works, order_id, 5000)
    with here.oms.works.writing(ANNA) as work:
        advance = issue_advance(work, order_id)[0]
    ended(here, advance.id)
    with here.oms.works.writing(ANNA) as work:
        assert queries.advances_of(work.session, order_id) == []
        again = issue_advance(work, order_id)[0]
    assert again.gross == 5000


@pytest.mark.parametrize(("is_annulled", "tried"), [(True, 0), (True, 3), (False, 0)])
def test_no_channel_is_shown_it_any_more(both, monkeypatch, is_annulled, tried):
    """It knocks at the channel no more, though it was tried already while it had no number."""
    monkeypatch.setattr("oms_web.adapters.printing.Printing.document", lambda _self, _id: b"pdf")
    there = Teller(both)
    document_id = there.issue()
    with both.works.writing(ANNA) as work:
        document = work.session.get_one(Document, document_id)
        row = EInvoice(document_id=document_id, kind="VAT", nip=NIP, environment="rehearsal",
                       issue_date=document.issue_date, state="ready", created_at=work.now)
        work.session.add(row)
    there.rings(tried)
    with both.works.writing(ANNA) as work:
        row = work.session.get_one(EInvoice, document_id)
        if is_annulled:
            annul(work, document_id, "Zły nabywca")
        else:  # the control: what is not annulled is shown
            row.state, row.hash, row.ksef_number = "accepted", "x" * 44, "1"
    there.rings(3)
    assert len(there.channel.invoices) == (0 if is_annulled else 1)
    assert len(there.notices()) == (0 if is_annulled else 1)


@pytest.mark.parametrize("state", ["ready", "sent", "unknown", "awaiting", "rejected"])
def test_what_lies_in_another_environment_can_be_moved_whatever_became_of_it(here, state):
    (document_id,) = here.issue()
    with here.oms.works.writing(ANNA) as work:
        work.session.get_one(EInvoice, document_id).state = state
        settings.change(work, {"environment": "test"})
    here.settle(2)
    assert here.row(document_id).environment == "rehearsal"
    with here.oms.works.writing(ANNA) as work:
        row = work.session.get_one(EInvoice, document_id)
        assert service.may_move(row, settings.get(work.session))
        service.again(work, document_id)
    here.settle()
    assert (here.row(document_id).environment, here.row(document_id).state) == ("test", "accepted")


@pytest.mark.parametrize("state", ["sending", "sent", "unknown", "accepted"])
def test_what_the_real_ksef_has_or_may_have_is_never_moved(here, state):
    (document_id,) = here.issue()
    with here.oms.works.writing(ANNA) as work:
        row = work.session.get_one(EInvoice, document_id)
        row.state, row.environment = state, "production"
    with pytest.raises(NotAllowedNow), here.oms.works.writing(ANNA) as work:
        service.again(work, document_id)


def test_a_correction_follows_its_invoice_to_the_environment_that_has_its_number(here):
    (first,) = here.issue()
    with here.oms.works.writing(ANNA) as work:
        correction = correct_invoice(work, first, Correct(reason="rabat", lowered=100))[0]
        settings.change(work, {"environment": "test"})
        service.again(work, first)
    here.settle(8)
    assert here.row(correction.id).state == "accepted"


def test_nothing_says_that_it_is_sent_while_ksef_is_switched_off(here):
    (document_id,) = here.issue()
    with here.oms.works.writing(ANNA) as work:
        settings.change(work, {"environment": "off"})
    with pytest.raises(NotAllowedNow, match="switched off"), here.oms.works.writing(ANNA) as work:
        service.again(work, document_id)
    ended(here, document_id)
