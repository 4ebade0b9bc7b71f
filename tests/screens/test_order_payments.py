"""Asking for money by a link, and giving an amount back, on screen."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.domain.messages import pages, settings, templates
from oms_web.domain.payments import requests
from oms_web.domain.payments import service as payments
from oms_web.domain.payments.models import Refund
from oms_web.domain.payments.requests import PaymentRequest
from tests import factories as make
from tests.floor import Floor
from tests.screens.shelves import text_of

IBAN = "PL61109010140000071219812874"


class Desk:
    """A clerk, an unpaid order, a connected provider."""

    def __init__(self, works, browser_as):
        self.works, self.client = works, browser_as("sales")
        self.floor = Floor(works, cups=(50, 50))
        self.order = self.floor.order("A1", {"KUB": 2}, state="unpaid")
        with works.writing(SYSTEM) as work:
            self.account = make.account(work, "Stripe", connector="stripe").id
            self.letter = templates.create(work, {
                "name": "Link", "kind": "email", "subject_pl": "x", "subject_en": "",
                "text_pl": "{{payment.link}}", "text_en": ""}).id

    def get(self, path):
        answer = self.client.get(f"/orders/{self.order}{path}")
        assert answer.status_code == 200
        self.page = answer.get_data(as_text=True)
        return text_of(answer)

    def post(self, path, **data):
        found = re.search(r'name="key"[^>]*value="([^"]+)"', getattr(self, "page", "") or "")
        answer = self.client.post(f"/orders/{self.order}{path}", data={
            "key": found[1] if found else "", **data})
        return answer.status_code, text_of(answer)

    def rows(self, model):
        with self.works.reading(SYSTEM) as work:
            return list(work.session.scalars(select(model).order_by(model.id)))

    def link(self):
        """The provider has given a link."""
        with self.works.writing(SYSTEM) as work:
            taken = requests.take(work, self.account)
            requests.note_link(work, taken, "cs_1", "https://pay.example/1")

    def pay(self, amount):
        from oms_web.domain.orders.models import Order
        with self.works.writing(SYSTEM) as work:
            payments.record_by_hand(work, work.session.get(Order, self.order), amount, "x",
                                    work.now, "k")


@pytest.fixture
def desk(works, browser_as):
    return Desk(works, browser_as)


def test_a_link_is_asked_for_shown_copied_and_withdrawn(desk):
    assert "Send a payment link" in desk.get("")
    assert "Stripe" in desk.get("/payment-link")
    status, said = desk.post("/payment-link", amount="zł", account=desk.account, template=0)
    assert (status, "amount" in said.lower()) == (422, True)
    assert desk.post("/payment-link", amount="99999", account=desk.account, template=0)[0] == 422
    assert desk.post("/payment-link", amount="20", account=999, template=0)[0] == 422
    values = {"amount": "20,00", "account": desk.account, "template": desk.letter}
    assert desk.post("/payment-link", **values)[0] in (200, 302, 303)
    desk.post("/payment-link", **values)
    [row] = desk.rows(PaymentRequest)
    assert (row.amount, row.template_id) == (2000, desk.letter)
    assert "being asked for" in desk.get("")
    desk.link()
    assert "waiting for the buyer" in desk.get("")
    assert 'data-copy="https://pay.example/1"' in desk.page
    assert "Send a payment link" not in desk.page
    assert desk.post(f"/payment-link/{row.id}/withdraw")[0] in (200, 302, 303)
    assert "withdrawn" in desk.get("")
    assert "pay.example" not in desk.page


def test_the_buyer_sees_where_to_pay_while_the_link_is_open(desk, works):
    desk.get("/payment-link")
    desk.post("/payment-link", amount="20", account=desk.account, template=0)
    with works.writing(SYSTEM) as work:
        settings.change(work, {"public_url": "https://sklep.example", "host": "", "port": 587,
                               "security": "tls", "username": "", "password": "",
                               "from_name": "", "from_address": "", "reply_to": "",
                               "page_days": 30})
        address = pages.link(work, desk.order).removeprefix("https://sklep.example")
    assert b"Pay now" not in desk.client.get(address, headers={"Accept-Language": "en"}).data
    desk.link()
    shown = desk.client.get(address, headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert "Pay now" in shown
    assert 'href="https://pay.example/1"' in shown


def test_without_a_provider_the_form_says_what_to_do(desk, works):
    with works.writing(SYSTEM) as work:
        from oms_web.domain.channels.models import ChannelAccount
        work.session.get(ChannelAccount, desk.account).state = "paused"
    assert "No payment provider" in desk.get("/payment-link")
    assert "Send a payment link" not in desk.get("")


def test_an_amount_goes_back_by_transfer_with_a_reason_and_is_confirmed(desk, browser_as):
    desk.pay(2000)
    assert "Give an amount back" in desk.get("")
    desk.get("/refund")
    good = {"amount": "7", "method": "transfer", "account": IBAN, "reason": "rysa"}
    for wrong in ({"amount": "0"}, {"amount": "20.01"}, {"amount": "1,234"}, {"account": "PL00"},
                  {"account": ""}, {"reason": " "}, {"method": "provider"}):
        assert desk.post("/refund", **{**good, **wrong})[0] == 422, wrong
    assert desk.rows(Refund) == []
    desk.post("/refund", **good)
    desk.post("/refund", **good)
    [row] = desk.rows(Refund)
    assert (row.amount, row.state, row.bank_account) == (700, "planned", IBAN)
    assert f"/refunds/{row.id}" not in desk.get("")  # a clerk plans it, another says yes
    assert desk.client.post(f"/refunds/{row.id}/approve").status_code == 403
    shown = text_of(desk.client.get(f"/refunds/{row.id}"))
    for said in ("PLN 7.00", "Bank transfer", "PLN 20.00", "PLN 13.00", "has to say yes"):
        assert said in shown, said
    boss = browser_as("accountant")
    assert f"/refunds/{row.id}" in boss.get(f"/orders/{desk.order}").text
    assert "Approve PLN 7.00" in text_of(boss.get(f"/refunds/{row.id}"))
    emptied = boss.post(f"/refunds/{row.id}/approve", data={"account": " "})
    assert (emptied.status_code, desk.rows(Refund)[0].state) == (422, "planned")
    boss.post(f"/refunds/{row.id}/approve", data={"account": IBAN})
    assert [(one.state, one.bank_account) for one in desk.rows(Refund)] == [("approved", IBAN)]
    assert "PLN 7.00 back, bank transfer" in desk.get("")
    assert desk.post(f"/refund/{row.id}/done")[0] in (200, 302, 303)
    assert "given back · bank transfer" in desk.get("")
    assert "PLN 7.00 back" not in desk.get("")  # told once
    assert [one.state for one in desk.rows(Refund)] == ["done"]


def test_who_may_not_record_money_may_not_do_this(desk, browser_as):
    packer = browser_as("reader")
    for path in ("payment-link", "refund"):
        assert packer.get(f"/orders/{desk.order}/{path}").status_code == 403
        assert packer.post(f"/orders/{desk.order}/{path}").status_code == 403
