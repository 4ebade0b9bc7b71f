"""What the Ministry announces of KSeF reaches what waits; and what waits for a refused document."""

from __future__ import annotations

from datetime import date

import pytest
from oms_connector import ChannelDown
from sqlalchemy import select

from oms_web.adapters import latarnia
from oms_web.adapters.http import AccountHttp
from oms_web.core.errors import NotAllowedNow
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.documents.correcting import Ask
from oms_web.domain.documents.models import Document
from oms_web.domain.einvoices import notices, queries, service, settings
from oms_web.flows.correct_document import correct_invoice
from oms_web.jobs import rings, worker
from tests.sync.ksef import ANNA, shop


@pytest.fixture
def here(oms):
    with shop(oms) as made:
        yield made


def announce(here):
    """The stand-in's Latarnia turns over, and is read by the clock's task."""
    here.ksef.latarnia.turn(here.now[0])
    here.later(minutes=6)
    assert rings.ring_einvoices(here.oms) >= 1
    worker.drain(here.oms)


@pytest.fixture
def lit(here):
    """With a Latarnia that is read from the stand-in; addresses are its own."""
    def read(address):
        assert address == "http://127.0.0.1:8002/latarnia"
        http = AccountHttp(address, {}, loopback=True, transport=here.wire, sink=lambda _call: None)
        return latarnia.read(http)

    here.oms.works.ports["ksef_notices"] = read
    return here


def days(here, document_id):
    return here.row(document_id).deadline


def test_an_announced_failure_makes_invoices_offline_at_once_and_gives_seven_days(lit):
    before = lit.issue()[0]
    assert days(lit, before) == date(2026, 11, 24)
    lit.ksef.is_down = True
    announce(lit)
    assert days(lit, before) is None  # nobody knows when it ends
    (during,) = lit.issue()
    lit.later(seconds=61)
    lit.run()
    assert lit.row(during).is_offline
    with lit.oms.works.reading(ANNA) as work:
        told = notices.to_tell(work.session, work.now)
        assert (told.kind, told.ends, told.title) == ("failure", None, "Awaria KSeF")
        assert queries.needing_a_person(work.session, work.now).near == 0
    lit.later(days=3)
    lit.ksef.is_down = False
    announce(lit)
    assert days(lit, during) == days(lit, before) == date(2026, 12, 7)
    with lit.oms.works.reading(ANNA) as work:
        assert notices.to_tell(work.session, work.now) is None
        acts = list(work.session.scalars(select(AuditEntry.act).where(
            AuditEntry.act == "einvoices.deadline")))
        assert len(acts) == 3  # of before twice, of during once
    lit.settle()
    assert {lit.row(before).state, lit.row(during).state} == {"accepted"}


def test_control_without_an_announcement_a_moment_of_silence_is_waited_out(lit):
    (document_id,) = lit.issue()
    lit.ksef.is_down = True
    lit.run()
    lit.later(seconds=61)
    lit.run()
    assert not lit.row(document_id).is_offline
    assert days(lit, document_id) == date(2026, 11, 24)


def test_a_latarnia_that_does_not_answer_changes_nothing_and_is_asked_again(lit):
    def silent(_address):
        raise ChannelDown("no answer")

    (document_id,) = lit.issue()
    lit.oms.works.ports["ksef_notices"], read = silent, lit.oms.works.ports["ksef_notices"]
    announce(lit)
    assert days(lit, document_id) == date(2026, 11, 24)
    with lit.oms.works.reading(ANNA) as work:
        known = settings.get(work.session)
        assert known.notices_asked_at is not None
        assert known.notices_read_at is None
        assert not notices.is_due(work.session, work.now)
    lit.oms.works.ports["ksef_notices"] = read
    lit.later(minutes=5)
    rings.ring_einvoices(lit.oms)
    worker.drain(lit.oms)
    with lit.oms.works.reading(ANNA) as work:
        assert notices.to_tell(work.session, work.now).kind == "failure"


@pytest.mark.parametrize(("environment", "address"), [
    ("production", "https://api-latarnia.ksef.mf.gov.pl"),
    ("test", "https://api-latarnia-test.ksef.mf.gov.pl"), ("demo", ""), ("off", ""),
])
def test_each_environment_has_its_own_announcements(here, environment, address):
    with here.oms.works.writing(ANNA) as work:
        settings.change(work, {"environment": environment})
        assert settings.notices_address(settings.get(work.session)) == address
        assert notices.is_due(work.session, work.now) is bool(address)


# What waits for a refused one --------------------------------------------------------------------


def test_a_correction_of_a_refused_invoice_is_seen_and_goes_on_once_that_is_mended(here):
    here.ksef.books.break_next = [450]
    (document_id,) = here.issue()
    here.settle()
    assert here.row(document_id).state == "rejected"
    line = here.document(document_id).snapshot["lines"][0]["line_id"]
    with here.oms.works.writing(ANNA) as work:
        correction, _ = correct_invoice(work, document_id, Ask(returned={line: 1}, reason="zwrot"))
    with here.oms.works.reading(ANNA) as work:
        row = queries.of(work.session, correction.id)
        assert [(one.id, state) for one, state in queries.waits_for(work.session, row)] == [
            (document_id, "rejected")]
        found = queries.needing_a_person(work.session, work.now)
        assert (found.rejected, found.held) == (1, 1)
        assert list(work.session.scalars(select(Document.id).where(
            queries.chosen("held", work.now)))) == [correction.id]
    with pytest.raises(NotAllowedNow, match="has none yet"), here.oms.works.writing(ANNA) as work:
        service.again(work, correction.id)
    with here.oms.works.writing(ANNA) as work:
        service.again(work, document_id)
    here.settle(8)
    assert set(here.states().values()) == {"accepted"}
    with here.oms.works.reading(ANNA) as work:
        found = queries.needing_a_person(work.session, work.now)
        assert (found.rejected, found.held) == (0, 0)
