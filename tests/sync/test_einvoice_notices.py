"""What the Ministry announces of KSeF reaches what waits; and what waits for a refused document."""

from __future__ import annotations

from datetime import date

import pytest
from oms_connector import ChannelDown
from sqlalchemy import select

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


def days(here, document_id):
    return here.row(document_id).deadline


def test_an_announced_failure_makes_invoices_offline_at_once_and_gives_seven_days(here):
    before = here.issue()[0]
    assert days(here, before) == date(2026, 11, 24)
    here.ksef.is_down = True
    announce(here)
    assert days(here, before) is None  # nobody knows when it ends
    (during,) = here.issue()
    here.later(seconds=61)
    here.run()
    assert here.row(during).is_offline
    with here.oms.works.reading(ANNA) as work:
        told = notices.to_tell(work.session, work.now)
        assert (told.kind, told.ends, told.title) == ("failure", None, "Awaria KSeF")
        assert queries.needing_a_person(work.session, work.now).near == 0
    here.later(days=3)
    here.ksef.is_down = False
    announce(here)
    assert days(here, during) == days(here, before) == date(2026, 12, 7)
    with here.oms.works.reading(ANNA) as work:
        assert notices.to_tell(work.session, work.now) is None
        acts = list(work.session.scalars(select(AuditEntry.act).where(
            AuditEntry.act == "einvoices.deadline")))
        assert len(acts) == 3  # of before twice, of during once
    here.settle()
    assert {here.row(before).state, here.row(during).state} == {"accepted"}


def test_control_without_an_announcement_a_moment_of_silence_is_waited_out(here):
    (document_id,) = here.issue()
    here.ksef.is_down = True
    here.run()
    here.later(seconds=61)
    here.run()
    assert not here.row(document_id).is_offline
    assert days(here, document_id) == date(2026, 11, 24)


def test_a_latarnia_that_does_not_answer_changes_nothing_and_is_asked_again(here):
    def silent(_address):
        raise ChannelDown("no answer")

    (document_id,) = here.issue()
    here.oms.works.ports["ksef_notices"], read = silent, here.oms.works.ports["ksef_notices"]
    announce(here)
    assert days(here, document_id) == date(2026, 11, 24)
    with here.oms.works.reading(ANNA) as work:
        known = settings.get(work.session)
        assert known.notices_asked_at is not None
        assert known.notices_read_at is None
        assert not notices.is_due(work.session, work.now)
    here.oms.works.ports["ksef_notices"] = read
    here.later(minutes=5)
    rings.ring_einvoices(here.oms)
    worker.drain(here.oms)
    with here.oms.works.reading(ANNA) as work:
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
