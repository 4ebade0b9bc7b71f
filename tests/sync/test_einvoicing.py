"""E-invoices on their way: sent once whatever gets lost, offline when KSeF is down, receipts."""

from __future__ import annotations

import base64
import hashlib
import threading
from datetime import date, timedelta

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from ksef_client.utils.ksef_number import is_valid_ksef_number
from sqlalchemy import select

from oms_web.core.errors import Invalid, InvalidForm, NotAllowedNow
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.documents import service as documents
from oms_web.domain.einvoices import incoming, queries, service, settings
from oms_web.domain.einvoices.models import EInvoiceSettings, IncomingInvoice
from oms_web.domain.einvoices.schema import faults
from oms_web.flows import einvoice
from oms_web.flows.issue_document import issue_invoice
from oms_web.jobs import rings, worker
from oms_web.sync import einvoicing
from tests import paper
from tests.invoices import COMPANY, SELLER, made
from tests.sync.ksef import ANNA, COMPANY_BUYER, START, pair, shop


@pytest.fixture
def here(oms):
    with shop(oms) as made_shop:
        yield made_shop


@pytest.fixture
def everywhere(both):
    with shop(both) as made_shop:
        yield made_shop


def is_send(request):
    return request.method == "POST" and request.url.path.endswith("/invoices")


def file_of(shop_, name):
    return shop_.oms.works.ports["files"].path(name).read_bytes()


def known(shop_) -> EInvoiceSettings:
    with shop_.oms.works.reading(ANNA) as work:
        return settings.get(work.session)


def test_an_invoice_goes_its_way_and_comes_back_with_number_and_receipt(everywhere):
    (document_id,) = everywhere.issue()
    row = everywhere.row(document_id)
    assert (row.state, row.kind, row.deadline) == ("ready", "VAT", date(2026, 11, 24))
    everywhere.ksef.books.slow = 2
    assert everywhere.run().sent == 1
    assert everywhere.row(document_id).state == "sent"
    everywhere.settle()
    row = everywhere.row(document_id)
    assert row.state == "accepted"
    assert is_valid_ksef_number(row.ksef_number)
    assert row.ksef_number.startswith("5252248481-20261123-")
    xml = file_of(everywhere, row.file)
    assert faults(xml) == []
    assert row.hash == base64.b64encode(hashlib.sha256(xml).digest()).decode()
    assert row.ksef_number.encode() in file_of(everywhere, row.upo_file)
    assert row.due_at is None
    with everywhere.oms.works.reading(ANNA) as work:
        acts = work.session.scalars(select(AuditEntry.act).where(
            AuditEntry.subject == "document").order_by(AuditEntry.id)).all()
    assert acts == ["documents.issue", "einvoices.queue", "einvoices.accepted"]
    assert everywhere.ksef.books.accepted[row.ksef_number].xml == xml


def test_one_login_and_one_session_serve_many_runs(here):
    for _ in range(3):
        here.issue()
        here.run()
        here.later(seconds=30)
    calls = [path for _method, path in here.ksef.calls]
    assert calls.count("/v2/auth/challenge") == 1
    assert calls.count("/v2/sessions/online") == 1
    here.later(minutes=20)  # access has ended, the refresh token has not
    here.issue()
    here.run()
    calls = [path for _method, path in here.ksef.calls]
    assert (calls.count("/v2/auth/challenge"), calls.count("/v2/auth/token/refresh")) == (1, 1)
    here.ksef.forget_logins()
    here.issue()
    here.settle()
    assert set(here.states().values()) == {"accepted"}
    assert [path for _m, path in here.ksef.calls].count("/v2/auth/challenge") == 2


def test_who_goes_to_ksef(here):
    (company,) = here.issue()
    (consumer,) = here.issue(tax_id="", bill_to=None, buyer_company="")
    assert set(here.states()) == {company}
    with here.oms.works.writing(ANNA) as work:
        settings.change(work, {"buyers": "all"})
        assert einvoice.queue(work, consumer).state == "ready"
        assert einvoice.queue(work, consumer).document_id == consumer  # said twice
        settings.change(work, {"environment": "off"})
    (other,) = here.issue()
    assert other not in here.states()
    assert here.run().sent == 0


def test_documents_of_any_flow_come_by_the_event(here):
    with here.oms.works.writing(ANNA) as work:
        settings.change(work, {"environment": "off"})
    (document_id,) = here.issue()
    with here.oms.works.writing(ANNA) as work:
        settings.change(work, {"environment": "rehearsal"})
    worker.drain(here.oms)
    assert here.row(document_id).state == "ready"
    assert rings.ring_einvoices(here.oms) == 3
    assert rings.ring_einvoices(here.oms) == 0  # all are queued
    worker.drain(here.oms)
    assert here.row(document_id).state == "sent"


def test_what_ksef_would_refuse_is_not_issued_at_all(here):
    with here.oms.works.writing(ANNA) as work:
        order_id = paper.order(work, [("Kubek", 1, "39.900", "0")], currency="KWD",
                               **COMPANY_BUYER).id
    with pytest.raises(Invalid, match="KSeF takes no amounts in KWD"), \
            here.oms.works.writing(ANNA) as work:
        issue_invoice(work, order_id)
    (document_id,) = here.issue()
    assert here.document(document_id).sequence == 1  # the number was given back


# Lost answers -----------------------------------------------------------------------------------


def test_a_lost_answer_is_asked_after_and_never_sent_twice(everywhere):
    (document_id,) = everywhere.issue()
    everywhere.wire.lose = is_send
    everywhere.run()
    assert everywhere.row(document_id).state == "unknown"
    everywhere.wire.lose = lambda _request: False
    everywhere.run()
    assert everywhere.row(document_id).state == "unknown"  # it may still be on its way
    everywhere.settle()
    assert everywhere.row(document_id).state == "accepted"
    assert everywhere.sends() == 1


def test_control_who_sends_again_without_asking_sends_twice(here, monkeypatch):
    monkeypatch.setattr(service, "note_unknown",
                        lambda work, ids: service.note_not_sent(work, ids, "",
                                                                timedelta(seconds=1)))
    (document_id,) = here.issue()
    here.wire.lose = is_send
    here.run()
    here.wire.lose = lambda _request: False
    here.settle()
    assert here.sends() == 2
    assert here.row(document_id).state == "accepted"  # the second guard: the duplicate is ours


def test_what_never_arrived_is_sent_again(here):
    (document_id,) = here.issue()
    here.wire.cut = is_send
    here.run()
    assert here.row(document_id).state == "ready"
    here.wire.cut = lambda _request: False
    here.settle()
    assert here.row(document_id).state == "accepted"
    assert here.sends() == 1


def test_a_worker_that_dies_while_sending_loses_nothing_and_doubles_nothing(here, monkeypatch):
    ids = here.issue(2)
    noted = service.note_sent

    def die(work, ids, reference=None):
        raise MemoryError

    monkeypatch.setattr(service, "note_sent", die)
    with pytest.raises(MemoryError):
        here.run()
    monkeypatch.setattr(service, "note_sent", noted)
    assert here.states() == {ids[0]: "sending", ids[1]: "ready"}
    here.settle()
    assert set(here.states().values()) == {"accepted"}
    assert here.sends() == 2


def test_a_duplicate_of_ours_is_accepted_and_one_of_somebody_else_is_not(here):
    first, second = here.issue(2)
    here.settle()
    number = here.row(first).ksef_number
    with here.oms.works.writing(ANNA) as work:  # as if the books had been restored from before
        row = service.locked(work, first)
        row.state, row.ksef_number, row.due_at, row.session = "ready", None, work.now, None
        row.upo_file = None
    here.settle()
    assert (here.row(first).state, here.row(first).ksef_number) == ("accepted", number)
    assert number.encode() in file_of(here, here.row(first).upo_file)
    with here.oms.works.writing(ANNA) as work:
        row = service.locked(work, second)
        row.state, row.ksef_number, row.due_at, row.session = "ready", None, work.now, None
        row.hash, row.file = None, None
        here.later(seconds=1)
        row.file = work.ports["files"].put(
            file_of(here, here.row(second).file).replace(b"Kubek", b"Talerz"), ".xml")
        row.hash = base64.b64encode(hashlib.sha256(file_of(here, row.file)).digest()).decode()
    here.settle()
    row = here.row(second)
    assert (row.state, row.code) == ("rejected", 440)
    assert "Duplikat" in row.words


def test_two_workers_send_an_invoice_once(everywhere):
    (document_id,) = everywhere.issue()
    begun = []

    def begin():
        with everywhere.oms.works.writing(ANNA) as work:
            begun.extend(service.begin(work, [document_id], "SO", is_batch=False))

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert begun == [document_id]


# Refusals ---------------------------------------------------------------------------------------


def test_a_rejection_says_why_and_is_sent_anew_on_request(here):
    here.ksef.books.break_next = [450]
    (document_id,) = here.issue()
    here.settle()
    row = here.row(document_id)
    assert (row.state, row.code, row.due_at) == ("rejected", 450, None)
    assert row.words.startswith("Błąd weryfikacji semantyki")
    with here.oms.works.reading(ANNA) as work:
        assert queries.needing_a_person(work.session, work.now).rejected == 1
    with here.oms.works.writing(ANNA) as work:
        service.again(work, document_id)
    here.settle()
    assert here.row(document_id).state == "accepted"
    with pytest.raises(NotAllowedNow), here.oms.works.writing(ANNA) as work:
        service.again(work, document_id)


def test_what_ksef_breaks_off_itself_is_sent_again_by_itself(here):
    here.ksef.books.break_next = [550, 405]
    (document_id,) = here.issue()
    here.settle(10)
    assert here.row(document_id).state == "accepted"
    assert here.sends() == 3


def test_a_request_to_slow_down_is_heeded(here):
    here.ksef.limits = (1, 300)
    (document_id,) = here.issue()
    here.run()
    assert known(here).paused_until == START + timedelta(seconds=300)
    with here.oms.works.reading(ANNA) as work:
        assert not queries.due(work.session, work.now)
    here.later(seconds=301)
    assert rings.ring_einvoices(here.oms) == 3
    here.settle()
    assert here.row(document_id).state == "accepted"
    assert known(here).paused_until is None


def test_a_refused_token_stops_and_says_so(here):
    here.ksef.tokens = {"another"}
    (document_id,) = here.issue()
    here.run()
    assert "błędnego tokenu" in known(here).trouble
    assert here.row(document_id).state == "ready"
    with here.oms.works.writing(ANNA) as work:
        settings.change(work, {"token": "another"})
    here.settle()
    assert here.row(document_id).state == "accepted"
    assert known(here).trouble is None


def test_a_session_that_has_ended_is_opened_anew(here):
    here.issue()
    here.run()
    for session in here.ksef.books.sessions.values():
        session.is_closed = True
    (document_id,) = here.issue()
    here.settle()
    assert here.row(document_id).state == "accepted"


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_a_certificate_signs_in(here, kind):
    certificate, key = pair(kind)
    with here.oms.works.writing(ANNA) as work:
        settings.change(work, {"login": "certificate", "certificate": certificate,
                               "certificate_key": key})
        row = settings.get(work.session)
        assert row.certificate_name == "Leśna Sowa"
        assert key not in (row.certificate or b"")
    einvoicing.check(here.oms.works)
    assert ("POST", "/v2/auth/xades-signature") in here.ksef.calls


def test_settings_name_what_is_wrong(here):
    certificate, _key = pair()
    _other, key = pair()
    with pytest.raises(InvalidForm) as refusal, here.oms.works.writing(ANNA) as work:
        settings.change(work, {"nip": "123", "login": "certificate", "certificate": certificate,
                               "certificate_key": key, "address": "http://ksef.example",
                               "buyers": "some"})
    assert set(refusal.value.problems) == {"nip", "certificate", "address", "buyers"}


# Packages ---------------------------------------------------------------------------------------


def test_many_go_as_one_package_and_one_bad_one_does_not_hold_the_others(everywhere):
    ids = everywhere.issue(einvoicing.BATCH_FROM)
    everywhere.ksef.books.break_next = [450]
    assert everywhere.run().sent == len(ids)
    calls = [path for _method, path in everywhere.ksef.calls]
    assert calls.count("/v2/sessions/batch") == 1
    assert not any(path == "/v2/sessions/online" for path in calls)
    everywhere.settle()
    assert sorted(everywhere.states().values()) == ["accepted"] * (len(ids) - 1) + ["rejected"]
    assert all(everywhere.row(one).upo_file for one in ids[1:])


@pytest.mark.parametrize("where", ["store", "close", "answer"])
def test_a_package_that_breaks_off_is_sent_once(here, where):
    ids = here.issue(einvoicing.BATCH_FROM)
    if where == "answer":
        here.wire.lose = lambda request: request.url.path.endswith("/close")
    else:
        here.wire.cut = lambda request: f"/{where}" in request.url.path
    here.run()
    here.wire.lose = here.wire.cut = lambda _request: False
    here.settle(10)
    assert set(here.states().values()) == {"accepted"}
    assert here.sends() == len(ids)


def test_a_package_that_ksef_cannot_open_goes_one_by_one(here, monkeypatch):
    ids = here.issue(einvoicing.BATCH_FROM)
    monkeypatch.setattr("oms_web.adapters.ksef._packed", lambda files: b"no package")
    here.settle(10)
    assert set(here.states().values()) == {"accepted"}
    assert here.sends() == len(ids)


# KSeF is down -----------------------------------------------------------------------------------


def test_when_ksef_is_down_invoices_are_offline_until_it_is_back(everywhere):
    certificate, key = pair()
    with everywhere.oms.works.writing(ANNA) as work:
        settings.change(work, {"offline": certificate, "offline_key": key})
    (document_id,) = everywhere.issue()
    everywhere.ksef.is_down = True
    everywhere.run()
    assert known(everywhere).down_since == START
    assert not everywhere.row(document_id).is_offline  # it may be a hiccup
    everywhere.later(minutes=6)
    everywhere.run()
    row = everywhere.row(document_id)
    assert (row.is_offline, row.state, row.deadline) == (True, "ready", date(2026, 11, 24))
    verify(row.offline_link, key, row)
    everywhere.later(hours=20)
    with everywhere.oms.works.reading(ANNA) as work:
        near = queries.needing_a_person(work.session, work.now)
    assert (near.near, near.deadline) == (1, date(2026, 11, 24))
    everywhere.ksef.is_down = False
    everywhere.settle()
    row = everywhere.row(document_id)
    assert (row.state, row.is_offline) == ("accepted", True)
    assert everywhere.ksef.books.accepted[row.ksef_number].is_offline
    assert known(everywhere).down_since is None


def verify(link, key, row):
    """KOD II is signed by who has the key, over the address without https://."""
    path, _, signature = link.removeprefix("https://").rpartition("/")
    assert path == ("qr-test.ksef.mf.gov.pl/certificate/Nip/5252248481/5252248481/"
                    f"01F20A5D352AE590/{row.hash.translate({43: 45, 47: 95}).rstrip('=')}")
    raw = base64.urlsafe_b64decode(signature + "==")
    half = len(raw) // 2
    public = serialization.load_pem_private_key(key, None).public_key()
    public.verify(encode_dss_signature(int.from_bytes(raw[:half], "big"),
                                       int.from_bytes(raw[half:], "big")),
                  path.encode(), ec.ECDSA(hashes.SHA256()))


def test_without_a_certificate_there_is_no_second_code_but_still_a_deadline(here):
    here.ksef.is_down = True
    here.run()
    here.later(days=4)  # Friday
    (document_id,) = here.issue()
    here.run()
    here.later(minutes=6)
    here.run()
    row = here.row(document_id)
    assert (row.is_offline, row.offline_link, row.deadline) == (True, None, date(2026, 11, 30))


def test_a_rejected_offline_invoice_is_mended_under_its_old_code(here):
    here.ksef.is_down = True
    (document_id,) = here.issue()
    here.run()
    here.later(minutes=6)
    here.run()
    first = here.row(document_id).hash
    here.ksef.is_down = False
    here.ksef.books.break_next = [430]
    here.settle()
    assert here.row(document_id).state == "rejected"
    with here.oms.works.writing(ANNA) as work:
        service.again(work, document_id)
    assert here.row(document_id).replaces == first
    assert here.row(document_id).hash != first
    here.settle()
    assert here.row(document_id).state == "accepted"


# Corrections, other environments ----------------------------------------------------------------


def test_a_correction_waits_for_the_number_of_what_it_corrects(here):
    (document_id,) = here.issue()
    original = here.document(document_id).snapshot
    correction = {
        **original, "kind": "correction", "lines": [], "changed": [],
        "before": {part: original[part] for part in ("buyer", "lines", "rates", "total")},
        "after": {part: original[part] for part in ("buyer", "lines", "rates", "total")},
        "rates": [], "total": {"net": 0, "vat": 0, "gross": 0}, "reason": "Pomyłka",
        "corrected": {"document_id": document_id, "kind": "invoice",
                      "number": original["number"], "issue_date": original["issue_date"]},
    }
    with here.oms.works.writing(ANNA) as work:
        series = documents.default_series(work, "invoice")
        made_document = documents.issue(work, series, correction, None)
        row = service.queue(work, made_document)
        assert (row.state, row.file, row.kind) == ("awaiting", None, "KOR")
    here.settle(8)
    row = here.row(made_document.id)
    assert row.state == "accepted"
    assert here.row(document_id).ksef_number.encode() in file_of(here, row.file)


def test_what_went_to_a_rehearsal_goes_nowhere_else_by_itself(here):
    (document_id,) = here.issue()
    with here.oms.works.writing(ANNA) as work:
        settings.change(work, {"environment": "test"})
    here.run()
    assert here.row(document_id).state == "ready"
    with here.oms.works.writing(ANNA) as work:
        service.again(work, document_id)
    assert here.row(document_id).environment == "test"
    here.settle()
    assert here.row(document_id).state == "accepted"


# Invoices of others -----------------------------------------------------------------------------


def test_invoices_of_others_are_read_every_quarter_of_an_hour(everywhere):
    seller = {**SELLER, "tax_id": "5261040828", "name": "Hurtownia Sp. z o.o."}
    us = {**COMPANY, "tax_id": "5252248481"}

    def bill(number):
        from oms_web.domain.einvoices import fa3
        snapshot = made(number=number, buyer=us, put_seller=seller)
        return everywhere.ksef.books.put_incoming(fa3.write(snapshot, START))

    first = bill("H 1/11/2026")
    everywhere.later(minutes=1)
    assert einvoicing.read_incoming(everywhere.oms.works) == 1
    with everywhere.oms.works.reading(ANNA) as work:
        assert not incoming.is_due(work.session, work.now)
    everywhere.later(minutes=14)
    bill("H 2/11/2026")
    everywhere.later(minutes=2)
    with everywhere.oms.works.reading(ANNA) as work:
        assert incoming.is_due(work.session, work.now)
    assert einvoicing.read_incoming(everywhere.oms.works) == 1
    assert einvoicing.read_incoming(everywhere.oms.works) == 0
    with everywhere.oms.works.reading(ANNA) as work:
        page = queries.incoming(work.session)
        assert [row.number for row in page.rows] == ["H 2/11/2026", "H 1/11/2026"]
        row = work.session.scalar(select(IncomingInvoice).where(
            IncomingInvoice.ksef_number == first))
        assert (row.gross, row.currency, row.seller_name) == (11970, "PLN",
                                                              "Hurtownia Sp. z o.o.")
        read = incoming.readable(file_of(everywhere, row.file))
    assert read.seller[0] == "Hurtownia Sp. z o.o."
    assert [(line.name, line.value) for line in read.lines] == [("Kubek", "119.70")]
    assert incoming.readable(b"<x/>") is None
    assert incoming.readable(b"<x") is None
