"""Answers that are lost wherever they can be lost (reliability bar 8): nothing is done twice.

A label, an invoice for KSeF, a refund and a quantity each meet a cut before the other side hears of
them, after it has acted, and before we note its answer: as many cases of each as ``CASES`` says.
That the count would tell is shown by the controls beside the engine's own tests (two workers who
look first, an e-invoice that is sent again without asking, a quantity that nobody follows).
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest
from oms_connector import OutcomeUnknown
from sqlalchemy import func, select

from oms_web.core.actor import SYSTEM
from oms_web.domain.channels.models import ListingStock, Publication
from oms_web.domain.einvoices import queries as einvoices
from oms_web.domain.einvoices import service
from oms_web.domain.einvoices.models import EInvoice
from oms_web.domain.payments.models import Payment, Refund
from oms_web.domain.returns.refund_plan import Wish
from oms_web.domain.returns.service import Opening
from oms_web.domain.shipping import label_queries
from oms_web.domain.shipping.label_models import LabelBooking
from oms_web.flows import label, return_case, return_refund
from oms_web.flows.publish_stock import publish
from oms_web.sync import einvoicing, feeds, labels, refund_sending
from oms_web.sync.pull import pull
from oms_web.sync.push_stock import push_stock
from tests import factories as make
from tests.after_sale import AfterSale
from tests.conftest import TESTER
from tests.flows.test_race_refund import Provider
from tests.sizes import size
from tests.sync.carrier import Counting, Depot
from tests.sync.channel import Channel, Clock, connect, engine
from tests.sync.ksef import ANNA
from tests.sync.ksef import shop as einvoicing_shop
from tests.sync.test_einvoicing import is_send

CASES = size(2, 200)
CUTS = ("before", "after", "commit")
LOST = OutcomeUnknown("gone")


class Killed(BaseException):
    """The process is gone."""


def die(*_args, **_named):
    raise Killed


def killed(monkeypatch, where, name, act, *args):
    """Do something and die where it would note what came of it."""
    with monkeypatch.context() as patch:
        patch.setattr(where, name, die)
        with pytest.raises(Killed):
            act(*args)


@pytest.mark.parametrize("cut", CUTS)
def test_a_label_is_bought_once(oms, monkeypatch, cut):
    depot, chance = Depot(oms, cups=(CASES, 0)), random.Random(cut)
    ids = [depot.book(depot.order(f"A{n}", {"KUB": 1})) for n in range(CASES)]
    for booking_id in ids:
        if cut == "commit":
            killed(monkeypatch, label, "note", labels.buy, depot.engine, booking_id)
            continue
        setattr(Counting, cut, [LOST])
        labels.buy(depot.engine, booking_id)
    with depot.works.reading(SYSTEM) as work:
        seen = label_queries.count(work.session, label_queries.UNKNOWN, work.now)
        found = Counter(work.session.scalars(select(LabelBooking.state)))
    assert found == {"sent" if cut == "commit" else "unknown": CASES}
    assert seen == (0 if cut == "commit" else CASES)  # a dead worker's is looked up soon
    assert depot.sales() == (0 if cut == "before" else CASES)
    setattr(Counting, "after" if cut == "commit" else cut,
            [chance.choice((None, LOST)) for _ in range(CASES)])
    for _ in range(8):
        depot.forward(minutes=20)
        depot.work()
    with depot.works.reading(SYSTEM) as work:
        assert Counter(work.session.scalars(select(LabelBooking.state))) == {"confirmed": CASES}
    assert Counter(len(bought) for bought in Counting.sold.values()) == {1: CASES}


@pytest.mark.parametrize("cut", CUTS)
def test_an_invoice_is_sent_once(oms, monkeypatch, cut):
    monkeypatch.setattr(einvoicing, "BATCH_FROM", 10**6)
    with einvoicing_shop(oms) as here:
        here.issue(CASES)
        with monkeypatch.context() as patch:
            if cut == "commit":
                patch.setattr(service, "note_sent", die)
            else:
                setattr(here.wire, {"before": "cut", "after": "lose"}[cut], is_send)
            for _ in range(CASES):
                if cut == "commit":
                    with pytest.raises(Killed):
                        here.run()
                else:
                    here.run()
        here.wire.cut = here.wire.lose = lambda _request: False
        state = {"before": "ready", "after": "unknown", "commit": "sending"}[cut]
        assert Counter(here.states().values()) == {state: CASES}
        with oms.works.reading(ANNA) as work:
            assert work.session.scalar(select(func.count()).select_from(EInvoice).where(
                EInvoice.document_id.in_(select(EInvoice.document_id)),
                EInvoice.state == state)) == CASES
            assert einvoices.chosen("waiting", work.now) is not None
        here.settle(CASES // einvoicing.TURN + 6)
        assert Counter(here.states().values()) == {"accepted": CASES}
        assert (here.sends(), len(here.ksef.books.accepted)) == (CASES, CASES)


@pytest.mark.parametrize("cut", CUTS)
def test_money_goes_back_once(oms, monkeypatch, cut):
    shop, each = AfterSale(oms), 50
    case, _ = shop.do(return_case.open_for, shop.order_id, Opening(
        "withdrawal", lines={shop.lines()["TEA"]: 1}))
    provider, ids = Provider(), []
    for n in range(CASES):
        [refund] = shop.do(return_refund.ask, case.id, Wish(other=each), "provider", f"k{n}")
        shop.do(return_refund.act, refund.id, "approve")
        ids.append(refund.id)
    for refund_id in ids:
        if cut == "commit":
            killed(monkeypatch, refund_sending, "_note", refund_sending.send, shop.works, provider,
                   refund_id, "pay-A1")
            continue
        provider.lose = cut
        assert refund_sending.send(shop.works, provider, refund_id, "pay-A1")
    with shop.works.reading(TESTER) as work:
        assert Counter(work.session.scalars(select(Refund.state))) == {
            "sent" if cut == "commit" else "unknown": CASES}
    now = shop.works.clock()
    shop.works.clock = lambda: now + timedelta(hours=2)
    for refund_id in ids:
        assert refund_sending.send(shop.works, provider, refund_id, "pay-A1")
        assert not refund_sending.send(shop.works, provider, refund_id, "pay-A1")
    with shop.works.reading(TESTER) as work:
        assert Counter(work.session.scalars(select(Refund.state))) == {"done": CASES}
        back = work.session.scalars(select(Payment.amount).where(Payment.amount < 0)).all()
    assert back == [-each] * CASES
    assert len(provider.paid) == CASES  # the provider itself refuses a second one of a key
    assert provider.asked == (2 * CASES if cut == "before" else CASES)


@pytest.mark.parametrize("cut", CUTS)
def test_a_quantity_ends_as_what_is_there(oms, monkeypatch, cut):
    clock, chance = Clock(make.NOON), random.Random(cut)
    oms.works.clock = clock
    make.shop(oms.works, {"KUB": 2 * CASES + 5})
    channel, left, doubts = Channel(), 2 * CASES + 5, 0
    account = connect(oms, channel).id

    def sell(number):
        channel.journal.append(make.order(f"B{number}", {"KUB": 1}))
        pull(engine(oms), account, feeds.ORDERS)
        with oms.works.writing(SYSTEM) as work:
            publish(work, [1])

    def lose(name, _number):
        if name == "stock":
            raise Killed if cut == "commit" else LOST

    for number in range(CASES):
        sell(2 * number)
        left -= 1
        setattr(channel, "fault" if cut == "before" else "after", lose)
        if cut == "commit":
            with pytest.raises(Killed):
                push_stock(engine(oms), account)
        else:
            push_stock(engine(oms), account)
        channel.fault = channel.after = None
        doubts += 1
        if chance.random() < 0.5:  # the next buyer is quicker than the truth of this one
            sell(2 * number + 1)
            left -= 1
        for _ in range(3):
            clock.forward(minutes=20)
            push_stock(engine(oms), account)
        assert channel.stock == {"offer-KUB": left}, number
    with oms.works.reading(SYSTEM) as work:
        row = work.session.scalars(select(ListingStock)).one()
        outcomes = Counter(work.session.scalars(select(Publication.outcome)))
    assert (row.desired, row.outcome, row.due_at) == (left, "applied", None)
    assert doubts == CASES
    if cut != "commit":
        assert outcomes["unknown"] == CASES
