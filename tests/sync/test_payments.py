"""Buyers are asked for money by a link: once, whatever is lost, and paid is paid once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from oms_connector import (
    AccessRefused,
    ChannelDown,
    Conflict,
    Connector,
    Manifest,
    OutcomeUnknown,
    PaymentLink,
    PaymentTold,
    RefundTold,
    Refused,
    Ring,
)
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.messages import templates
from oms_web.domain.messages.models import Message
from oms_web.domain.orders.models import Order
from oms_web.domain.payments import requests
from oms_web.domain.payments import service as payments
from oms_web.domain.payments.models import Payment, Refund
from oms_web.domain.payments.requests import PaymentRequest
from oms_web.flows import (
    order_ask_payment,
    order_cancel,
    order_pay,
    order_refund,
    return_refund,
)
from oms_web.jobs import rings
from oms_web.jobs.worker import drain
from oms_web.sync import doorbell
from oms_web.sync.registry import Registry
from tests import factories as make
from tests.automation.rule_desk import ANNA
from tests.sync.channel import engine

LETTER = {"name": "Link", "kind": "email", "subject_pl": "Płatność",
          "text_pl": "Zapłać: {{payment.link}}", "subject_en": "", "text_en": ""}


class Payer(Connector):
    """A provider in memory. ``says``: what it raises next, after it did what was asked."""

    manifest = Manifest(key="payer", name="Payer", letters="Pa", version="1.0")
    opened: dict = {}
    says: list = []
    asked: list = []

    def ask_payment(self, ask):
        self.asked.append(ask)
        if ask.key in self.opened:
            raise Conflict("known")
        error = self.says.pop(0) if self.says else None
        if not isinstance(error, ChannelDown | Refused):
            self.opened[ask.key] = PaymentTold(
                f"P-{ask.key}", "waiting", ask.amount, ask.currency, ask.key)
        if error:
            raise error
        return PaymentLink(f"P-{ask.key}", f"https://pay.example/{ask.key}")

    def refund(self, ask):
        error = self.says.pop(0) if self.says else None
        if isinstance(error, ChannelDown | Refused):
            raise error
        key, told = next((k, v) for k, v in self.opened.items() if v.reference == ask.payment)
        if all(one.key != ask.key for one in told.refunds):
            self.opened[key] = replace(told, refunds=[*told.refunds, RefundTold(
                f"R{len(told.refunds)}", ask.amount, "pending", ask.key)])
        if error:
            raise error
        return self.find_refund(ask)

    def find_refund(self, ask, reference=""):
        return next((one for told in self.opened.values() for one in told.refunds
                     if one.key == ask.key), None)

    def payment(self, reference):
        if self.says:
            raise self.says.pop(0)
        return next((one for one in self.opened.values() if one.reference == reference), None)


class Shop:
    """A shop with a provider and an unpaid order of 20.00."""

    def __init__(self, post):
        self.post, self.works, self.oms, self.clock = post, post.works, post.oms, post.clock
        self.order = post.order({"KUB": 2}, state="unpaid")
        with self.works.writing(SYSTEM) as work:
            self.account = make.account(work, "Płatności", connector="payer").id
            self.letter = templates.create(work, LETTER).id

    def ask(self, amount=2000, key="f1", order=None, template=None):
        with self.works.writing(ANNA) as work:
            return order_ask_payment.ask(work, order or self.order, self.account, amount, key,
                                         template)

    def run(self, **later):
        if later:
            self.clock.forward(**later)
        rings.ring_payments(self.oms)
        drain(self.oms)

    def tell(self, **values):
        """The provider says something else of the newest payment."""
        key = next(reversed(Payer.opened))
        Payer.opened[key] = replace(Payer.opened[key], **values)

    def row(self):
        with self.works.reading(SYSTEM) as work:
            return work.session.scalars(
                select(PaymentRequest).order_by(PaymentRequest.id.desc())).first()

    def state(self):
        with self.works.reading(SYSTEM) as work:
            order = work.session.get(Order, self.order)
            return order.payment_state, order.paid_total, order.queue

    def money(self):
        with self.works.reading(SYSTEM) as work:
            return list(work.session.scalars(select(Payment.amount).order_by(Payment.id)))


    def pay(self):
        self.ask()
        self.run()
        self.tell(**PAID)
        self.run(minutes=3)

    def refund(self, amount, key="r1", method="provider"):
        with self.works.writing(ANNA) as work:
            row, fresh = order_refund.ask(work, self.order, amount, method, key, "porysowany")
            if fresh:
                return_refund.act(work, row.id, "approve")
            return fresh

    def send(self, **later):
        if later:
            self.clock.forward(**later)
        rings.ring_refunds(self.oms)
        drain(self.oms)

    def refunds(self):
        with self.works.reading(SYSTEM) as work:
            return list(work.session.scalars(select(Refund.state).order_by(Refund.id)))


@pytest.fixture
def shop(post):
    Payer.opened, Payer.says, Payer.asked = {}, [], []
    post.oms.__dict__["registry"] = Registry({"payer": Payer})
    post.works.ports["children"] = None
    return Shop(post)


PAID = {"state": "paid", "paid": Decimal("20.00")}


def test_a_link_is_asked_for_sent_to_the_buyer_and_the_order_goes_on_when_it_is_paid(shop):
    assert shop.ask(template=shop.letter)
    assert not shop.ask(template=shop.letter)  # the same form again
    shop.run()
    row = shop.row()
    assert (row.state, row.url) == ("waiting", f"https://pay.example/{row.key}")
    with shop.works.reading(SYSTEM) as work:
        [letter] = work.session.scalars(select(Message))
        assert (letter.text, letter.order_id) == (f"Zapłać: {row.url}", shop.order)
    [ask] = Payer.asked
    assert (ask.amount, ask.currency) == (Decimal("20.00"), "PLN")
    assert ask.return_url.startswith("https://sklep.example/o/")
    assert ask.notify_url == f"https://sklep.example/ring/{shop.account}"
    assert shop.state()[:2] == ("unpaid", 0)
    shop.tell(**PAID)
    shop.run(minutes=3)
    assert shop.state() == ("paid", 2000, "pick")
    assert shop.row().state == "paid"
    for _ in range(3):
        shop.run(days=2)
    assert shop.money() == [2000]


def test_what_comes_in_two_pieces_by_one_link_is_booked_in_two(shop):
    shop.ask()
    shop.run()
    for paid in ("7.00", "7.00", "20.00", "20.00"):
        shop.tell(state="paid" if paid == "20.00" else "waiting", paid=Decimal(paid))
        shop.run(hours=13)
    assert shop.money() == [700, 1300]
    assert shop.state()[:2] == ("paid", 2000)


def test_a_ring_has_it_looked_at_at_once_and_says_nothing_by_itself(shop):
    shop.ask()
    shop.run()
    with shop.works.writing(SYSTEM) as work:
        assert requests.ring(work, shop.account, ["nobody"]) == 0
        assert requests.ring(work, shop.account, [shop.row().key]) == 1
    shop.run()
    assert shop.state()[:2] == ("unpaid", 0)
    shop.tell(**PAID)
    with shop.works.writing(SYSTEM) as work:
        requests.ring(work, shop.account, [shop.row().reference])
    shop.run()
    assert shop.state()[:2] == ("paid", 2000)


def test_a_lost_answer_is_asked_again_by_its_key_and_then_by_another(shop):
    Payer.says = [OutcomeUnknown("gone")]
    shop.ask()
    shop.run()
    assert (shop.row().state, shop.row().message) == ("unknown", "gone")
    shop.run(minutes=2)
    assert [ask.key[-1] for ask in Payer.asked] == ["1", "1", "2"]
    assert (shop.row().state, shop.row().attempt) == ("waiting", 2)
    assert len(Payer.opened) == 2  # of the first nobody ever saw the link


def test_a_worker_that_died_in_between_is_followed_by_another(shop):
    shop.ask()
    with shop.works.writing(SYSTEM) as work:
        assert requests.take(work, shop.account).asks
        assert requests.take(work, shop.account) is None  # the other one has it
    shop.run()
    assert shop.row().state == "sending"
    shop.run(minutes=6)
    assert shop.row().state == "waiting"


@pytest.mark.parametrize(("error", "state"), [
    (ChannelDown("off"), "asked"), (Refused("no e-mail"), "refused")])
def test_what_passes_is_tried_again_and_what_is_refused_waits_for_a_person(shop, error, state):
    Payer.says = [error]
    shop.ask()
    shop.run()
    assert (shop.row().state, shop.row().message) == (state, str(error))
    shop.run(minutes=10)
    assert shop.row().state == ("waiting" if state == "asked" else "refused")


def test_a_refused_key_stops_the_account(shop):
    Payer.says = [AccessRefused("key", "api_key")]
    shop.ask()
    shop.run()
    with shop.works.reading(SYSTEM) as work:
        assert work.session.get(ChannelAccount, shop.account).state == "broken"
    assert shop.row().state == "asked"


def test_only_what_is_due_is_asked_for_and_once_at_a_time(shop):
    for amount in (0, -5, 2001):
        with pytest.raises(Invalid) as wrong:
            shop.ask(amount, f"k{amount}")
        assert wrong.value.field == "amount"
    shop.ask(500)
    with pytest.raises(NotAllowedNow, match="Withdraw"):
        shop.ask(500, "f2")


@pytest.mark.parametrize("paid", [500, 2000])
def test_a_link_over_more_than_is_due_by_now_is_shown_no_more(shop, paid):
    shop.ask()
    shop.run()
    with shop.works.writing(ANNA) as work:
        order_pay.record(work, shop.order, paid, "transfer", work.now, "t1")
    with shop.works.reading(ANNA) as work:
        assert (shop.row().state, requests.open_link(work.session, shop.order)) == ("waiting", "")


def test_a_withdrawn_link_is_shown_no_more_and_what_is_paid_by_it_is_booked(shop):
    shop.ask()
    shop.run()
    with shop.works.writing(ANNA) as work:
        assert requests.open_link(work.session, shop.order)
        assert order_ask_payment.withdraw(work, shop.order, shop.row().id)
        assert not order_ask_payment.withdraw(work, shop.order, shop.row().id)
        assert requests.open_link(work.session, shop.order) == ""
    shop.tell(**PAID)
    shop.run(minutes=20)
    assert shop.state()[:2] == ("paid", 2000)


def test_the_link_of_a_cancelled_order_is_withdrawn(shop):
    shop.ask()
    shop.run()
    assert shop.row().state == "waiting"
    with shop.works.writing(ANNA) as work:
        order_cancel.cancel(work, shop.order)
    assert shop.row().state == "withdrawn"


def test_money_that_went_back_and_a_dispute_are_seen_once_each(shop):
    shop.ask()
    shop.run()
    shop.tell(**PAID)
    shop.run(minutes=3)
    pending = RefundTold("r1", Decimal("5.00"), "pending")
    shop.tell(refunds=[pending])
    shop.run(days=2)
    assert shop.money() == [2000]
    shop.tell(refunds=[replace(pending, state="done")])
    for _ in range(2):
        shop.run(days=2)
    assert shop.money() == [2000, -500]
    assert shop.state()[:2] == ("part", 1500)
    shop.tell(disputed=True)
    for _ in range(2):
        shop.run(days=2)
    assert (shop.money(), shop.row().disputed) == ([2000, -500, -1500], True)
    shop.tell(disputed=False)
    for _ in range(2):
        shop.run(days=2)
    assert (shop.money()[3:], shop.state()[1]) == ([1500], 1500)


def test_a_payment_of_another_currency_or_of_nobody_is_not_booked(shop):
    shop.ask()
    shop.run()
    shop.tell(currency="EUR", **PAID)
    shop.run(minutes=3)
    assert shop.money() == []
    assert "EUR" in shop.row().message
    Payer.opened.clear()
    shop.run(hours=2)
    assert "does not know" in shop.row().message


def test_an_ended_link_lets_the_seller_ask_again_and_old_ones_are_left_alone(shop):
    shop.ask()
    shop.run()
    shop.tell(state="cancelled")
    shop.run(minutes=3)
    assert (shop.row().state, shop.row().due_at) == ("ended", None)
    assert shop.ask(key="f2")
    shop.run()
    shop.clock.forward(days=40)
    calls = len(Payer.asked)
    shop.run()
    assert shop.row().due_at is None
    assert len(Payer.asked) == calls


def test_a_link_that_is_no_safe_page_is_not_shown(shop, monkeypatch):
    monkeypatch.setattr(Payer, "ask_payment", lambda self, ask: PaymentLink(
        "P1", "javascript:alert(1)"))
    shop.ask()
    shop.run()
    assert (shop.row().state, shop.row().url) == ("refused", "")


def test_times_between_two_looks_grow(shop):
    shop.ask()
    shop.run()
    waits = []
    for age in (timedelta(minutes=5), timedelta(hours=5), timedelta(days=3), timedelta(days=12)):
        shop.clock.forward(seconds=age.total_seconds())
        shop.run()
        waits.append(shop.row().due_at - shop.works.clock())
    assert waits == sorted(waits)
    assert waits[0] <= timedelta(minutes=2)
    assert waits[-1] >= timedelta(hours=2)


@pytest.mark.parametrize("says", [None, OutcomeUnknown("gone"), ChannelDown("off")])
def test_an_amount_goes_back_once_whatever_is_lost_and_its_echo_adds_nothing(shop, says):
    shop.pay()
    assert shop.refund(700)
    assert not shop.refund(700)
    Payer.says = [says] if says else []
    shop.send()
    assert shop.refunds() == ["unknown" if says else "sent"]
    assert shop.state()[1] == 2000
    shop.send(minutes=11)
    assert shop.refunds() == ["sent"]
    [told] = next(iter(Payer.opened.values())).refunds
    assert (told.amount, told.key) == (Decimal("7.00"), "r1")
    shop.tell(refunds=[replace(told, state="done")])
    for _ in range(2):
        shop.run(days=2)
        shop.send(minutes=11)
    assert shop.refunds() == ["done"]
    assert (shop.money(), shop.state()[1]) == ([2000, -700], 1300)


def test_a_refund_that_fits_no_payment_is_refused_and_its_money_is_free(shop):
    shop.pay()
    with shop.works.writing(ANNA) as work:
        order = work.session.get(Order, shop.order)
        payments.record_by_hand(work, order, 500, "gotówka", work.now, "k")
    assert shop.refund(2500)
    shop.send()
    assert shop.refunds() == ["refused"]
    assert shop.refund(1500, "r2")
    assert shop.refund(500, "r3")
    Payer.says = [Refused("no funds")]
    shop.send()
    assert shop.refunds() == ["refused", "refused", "sent"]
    with pytest.raises(Invalid) as wrong:
        shop.refund(2100, "r4")
    assert wrong.value.field == "amount"


def test_a_refund_says_why_and_where_it_goes(shop):
    shop.pay()
    for values, field in (((100, "r", "credit"), "method"), ((100, "r", "transfer"), "account")):
        with pytest.raises(Invalid) as wrong:
            shop.refund(*values)
        assert wrong.value.field == field


def test_a_channel_with_a_key_of_its_own_is_given_no_secret(shop):
    class Loud(Payer):
        manifest = replace(Payer.manifest, webhook_secret="crc", webhook_answer="TRUE")

        def hear(self, body, headers):
            return [Ring("payment", body.decode(), "e1")]

    shop.oms.registry.connectors["payer"] = Loud
    assert doorbell.subscribe(engine(shop.oms), shop.account, "https://x.example/r", ANNA) == ""
    shop.ask()
    shop.run()
    shop.tell(**PAID)
    assert doorbell.hear(engine(shop.oms), shop.account, shop.row().key.encode(), {}) == "TRUE"
    drain(shop.oms)
    shop.run()
    assert shop.state()[:2] == ("paid", 2000)


def test_a_refund_that_the_provider_works_on_for_days_is_on_its_way_and_not_lost(shop):
    shop.pay()
    shop.refund(700)
    shop.send()
    for _ in range(3):
        shop.send(days=1)
    assert shop.refunds() == ["sent"]
    with shop.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(Refund.why)).one() == ""
    key = next(iter(Payer.opened))
    told = Payer.opened[key]
    Payer.opened[key] = replace(told, refunds=[replace(told.refunds[0], state="done")])
    shop.send(days=1)
    assert shop.refunds() == ["done"]
    assert len(Payer.opened[key].refunds) == 1
