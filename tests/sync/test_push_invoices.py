"""Invoices are shown to buyers on their channels: once, in the end, whatever fails between."""

from __future__ import annotations

import pytest
from oms_connector import AccessRefused, ChannelDown, OutcomeUnknown, RateLimited, Refused
from sqlalchemy import select, update

from oms_web.core.actor import SYSTEM
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import telling
from oms_web.sync import accounts, push_notices
from tests.sync.channel import Channel, connect
from tests.sync.teller import Shop


class Killed(BaseException):
    """The process dies: nothing that comes after runs."""


@pytest.fixture(autouse=True)
def no_paper(monkeypatch):
    """What is printed does not matter here."""
    monkeypatch.setattr("oms_web.adapters.printing.Printing.document",
                        lambda _self, id_: f"pdf {id_}".encode())


@pytest.fixture
def shop(both):
    return Shop(both)


def once(shop, error, where="fault"):
    """Let the next call of an upload fail."""
    def fail(name, _number):
        if name == "invoice":
            setattr(shop.channel, where, None)
            raise error
    setattr(shop.channel, where, fail)


def said(shop):
    with shop.oms.works.reading(SYSTEM) as work:
        return [(entry.change["told"][1], entry.note) for entry in work.session.scalars(
            select(AuditEntry).where(AuditEntry.act == "documents.tell_channel")
            .order_by(AuditEntry.id))]


def test_an_issued_invoice_is_uploaded_a_moment_later(shop):
    document = shop.issue()
    shop.rings(3)
    [invoice] = shop.channel.invoices.values()
    assert (invoice.external_id, invoice.pdf) == ("A1", f"pdf {document}".encode())
    assert invoice.number.startswith("FV 1/")
    [notice] = shop.notices()
    assert (notice.state, notice.reference, notice.due_at) == ("done", "doc-1", None)
    assert said(shop) == [("done", None)]
    shop.issue()  # the same document again: nothing new
    shop.rings(5)
    assert shop.channel.calls_of == ["invoice"]
    with shop.oms.works.reading(SYSTEM) as work:
        [row] = telling.of_document(work.session, shop.order, document)
    assert (row.name, row.state) == ("Fake", "done")


@pytest.mark.parametrize("where", ["fault", "after"])
def test_a_lost_answer_is_followed_by_the_same_key(shop, where):
    shop.issue()
    once(shop, OutcomeUnknown("gone"), where)
    shop.tell()
    assert (shop.notices()[0].state, shop.notices()[0].message) == ("unknown", "gone")
    shop.rings(15)
    assert shop.notices()[0].state == "done"
    assert len(shop.channel.invoices) == 1
    assert [state for state, _ in said(shop)] == ["unknown", "done"]


@pytest.mark.parametrize("where", ["fault", "after"])
def test_a_death_between_is_told_again_with_the_same_key(shop, where):
    shop.issue()
    once(shop, Killed(), where)
    with pytest.raises(Killed):
        shop.tell()
    assert shop.notices()[0].state == "sent"
    shop.rings(200, step=50)
    assert shop.notices()[0].state == "done"
    assert len(shop.channel.invoices) == 1


def test_without_the_date_set_ahead_a_death_would_lose_it(shop, monkeypatch):
    """The control: nothing is due after the death, so nobody comes back."""
    real = push_notices._take

    def forgetful(engine, account_id):
        taken = real(engine, account_id)
        with engine.works.writing(SYSTEM) as work:
            work.session.execute(update(telling.ChannelNotice).values(due_at=None))
        return taken

    monkeypatch.setattr(push_notices, "_take", forgetful)
    shop.issue()
    once(shop, Killed())
    with pytest.raises(Killed):
        shop.tell()
    shop.rings(600, step=100)
    assert shop.channel.invoices == {}


def test_a_channel_that_is_down_overnight_gets_it_in_the_morning(shop):
    shop.issue()

    def down(name, _number):
        if name == "invoice":
            raise ChannelDown("nobody home")

    shop.channel.fault = down
    shop.rings(8 * 3600, step=600)
    asked = len(shop.channel.calls_of)
    assert 14 <= asked <= 30  # with patience
    assert said(shop) == [("retry", "nobody home")]
    shop.channel.fault = None
    shop.rings(2100, step=300)
    assert len(shop.channel.invoices) == 1
    assert said(shop)[-1] == ("done", None)


def test_a_channel_that_asks_to_slow_down_is_not_told_before(shop):
    shop.issue()
    once(shop, RateLimited("slow down", 3600))
    with pytest.raises(RateLimited):
        shop.tell()
    shop.rings(3500, step=350)
    assert shop.channel.calls_of == ["invoice"]
    shop.rings(400, step=100)
    assert len(shop.channel.invoices) == 1


def test_refused_access_stops_the_account(shop):
    shop.issue()
    once(shop, AccessRefused("key revoked"))
    with pytest.raises(AccessRefused):
        shop.tell()
    shop.rings(600, step=100)
    assert shop.channel.calls_of == ["invoice"]
    with shop.oms.works.writing(SYSTEM) as work:
        assert work.session.get(ChannelAccount, shop.account).state == "broken"
        accounts.set_state(work, shop.account, "active")
    shop.rings(3)
    assert len(shop.channel.invoices) == 1


def test_a_paused_account_is_left_alone_and_caught_up_with(shop):
    with shop.oms.works.writing(SYSTEM) as work:
        accounts.set_state(work, shop.account, "paused")
    shop.issue()
    shop.rings(120, step=40)
    assert shop.channel.calls_of == []
    with shop.oms.works.writing(SYSTEM) as work:
        accounts.set_state(work, shop.account, "active")
    shop.rings(3)
    assert len(shop.channel.invoices) == 1


def test_what_the_channel_refuses_says_why_and_goes_again_when_asked(shop):
    shop.issue()
    once(shop, Refused("too large"))
    shop.tell()
    shop.rings(3600, step=600)
    [notice] = shop.notices()
    assert (notice.state, notice.message, shop.channel.calls_of) == (
        "failed", "too large", ["invoice"])
    assert said(shop) == [("failed", "too large")]
    with shop.oms.works.writing(SYSTEM) as work:
        assert telling.tell_again(work, notice.id) == shop.order
    shop.rings(3)
    assert shop.notices()[0].state == "done"
    with shop.oms.works.writing(SYSTEM) as work:  # what is done is not told again
        telling.tell_again(work, notice.id)
    shop.rings(3)
    assert shop.channel.calls_of == ["invoice", "invoice"]


def test_a_document_that_cannot_be_printed_does_not_keep_the_others(shop, monkeypatch):
    def cannot(_self, _id):
        raise RuntimeError("no paper")

    monkeypatch.setattr("oms_web.adapters.printing.Printing.document", cannot)
    shop.issue()
    shop.rings(3)
    assert (shop.notices()[0].state, shop.channel.calls_of) == ("retry", [])
    monkeypatch.undo()
    monkeypatch.setattr("oms_web.adapters.printing.Printing.document", lambda *_: b"pdf")
    shop.rings(20)
    assert shop.notices()[0].state == "done"


def test_an_account_that_takes_none_is_sent_none(shop):
    with shop.oms.works.writing(SYSTEM) as work:
        accounts.change(work, shop.account, {}, {}, send_invoices=False)
    shop.issue()
    assert shop.notices() == []


def test_a_connector_that_cannot_has_it_off(oms):
    assert connect(oms, Channel()).send_invoices is False
