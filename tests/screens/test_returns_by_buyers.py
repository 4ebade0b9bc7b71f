"""What a buyer does alone after the sale: withdraws, complains, wants another thing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from oms_web.domain.company.models import Company
from oms_web.domain.messages import pages
from oms_web.domain.messages.models import Message
from oms_web.domain.orders.models import Order
from oms_web.domain.payments.requests import PaymentRequest
from oms_web.domain.returns import settings
from oms_web.domain.returns.models import Return, Statement
from oms_web.domain.shipping.models import Shipment
from oms_web.flows import order_pay
from oms_web.web import buyer_door
from tests import factories as make
from tests.conftest import TESTER
from tests.screens.test_returns import hidden, one, owner, shop, text_of

__all__ = ["owner", "shop"]


@pytest.fixture
def buyer(shop, app):
    return app.test_client()


def key_of(shop):
    with shop.works.writing(TESTER) as work:
        return pages.link(work, shop.order_id).rpartition("/")[2]


EN = {"Accept-Language": "en"}


def test_the_withdrawal_function_without_an_account(shop, buyer):
    start = buyer.get("/after-sale", headers=EN)
    assert "Withdraw from contract here" in text_of(start)
    assert "no-store" in start.headers["Cache-Control"]
    form = text_of(buyer.get("/withdraw", headers=EN))
    said = {"name": "Anna <i>", "number": str(shop.order_id), "email": "anna@example.test",
            "key": hidden(form, "key"), "what": ""}
    wrong = buyer.post("/withdraw", data={**said, "email": "x"}, headers=EN)
    assert (wrong.status_code, "not an e-mail" in text_of(wrong)) == (422, True)
    review = text_of(buyer.post("/withdraw", data=said, headers=EN))
    assert "Confirm withdrawal" in review
    assert one(shop, Return) is None  # nothing is declared before it is confirmed
    stranger = text_of(buyer.post("/withdraw", data={**said, "email": "eve@example.test"},
                                  headers=EN))
    assert "Kubek" not in review + stranger  # neither tells what was bought
    for _ in range(2):
        done = buyer.post("/withdraw/confirm", data=said, headers=EN)
    done = buyer.get(done.location, headers=EN)
    assert "You have withdrawn" in text_of(done)
    case = one(shop, Return)
    assert (case.kind, case.order_id, case.source) == ("withdrawal", shop.order_id, "buyer")
    assert case.number in text_of(done)
    assert one(shop, Statement).digest in text_of(done)
    assert "<svg" in text_of(done)
    with shop.works.reading(TESTER) as work:
        [letter] = work.session.scalars(select(Message)).all()
    assert letter.recipient == "anna@example.test"
    assert "3 × Kubek" in letter.text
    assert buyer.post("/withdraw/confirm", data={**said, "key": ""}, headers=EN
                      ).status_code == 422


def test_with_the_key_of_a_page_nothing_is_asked_again(shop, buyer):
    token = key_of(shop)
    page = text_of(buyer.get(f"/o/{token}", headers=EN))
    assert f"/o/{token}/withdraw" in page
    form = text_of(buyer.get(f"/o/{token}/withdraw", headers=EN))
    assert 'value="Anna Testowa"' in form
    said = {"key": hidden(form, "key"), f"unit-{shop.tea}": "1", "name": "", "email": ""}
    review = text_of(buyer.post(f"/o/{token}/withdraw", data=said, headers=EN))
    assert "1 × Herbata" in review
    assert "Kubek" not in review
    done = buyer.post(f"/o/{token}/withdraw/confirm", data=said, headers=EN)
    assert done.status_code == 303
    assert (one(shop, Return).total, one(shop, Return).goods) == (2000, "expected")
    assert one(shop, Return).number in text_of(buyer.get(f"/o/{token}", headers=EN))
    for address in ("/o/nix/withdraw", "/o/nix/return", "/o/nix/cases/1"):
        assert buyer.get(address).status_code == 404
    assert buyer.get(f"/o/{token}/cases/99").status_code == 404


def test_a_return_and_a_complaint_by_the_buyer(shop, buyer):
    token = key_of(shop)
    form = text_of(buyer.get(f"/o/{token}/return", headers=EN))
    base = {"kind": "return", "reason_code": "too_small", "story": "", "wish": "", "account": "",
            "key": hidden(form, "key"), f"unit-{shop.cup}": "1"}
    for wrong, says in (({f"unit-{shop.cup}": "0"}, "Choose what it is about"),
                        ({f"unit-{shop.cup}": "7"}, "from 1 to 3"),
                        ({"kind": "complaint"}, "Say what is wrong")):
        answer = buyer.post(f"/o/{token}/return", data={**base, **wrong}, headers=EN)
        assert (answer.status_code, says in text_of(answer)) == (422, True), wrong
    for _ in range(2):
        done = buyer.post(f"/o/{token}/return", data=base, headers=EN)
        assert done.status_code == 303
    shown = text_of(buyer.get(done.headers["Location"], headers=EN))
    assert "Put this into the parcel" in shown
    assert "we have received it" in shown
    buyer.post(f"/o/{token}/return", data={**base, "kind": "complaint", "story": "Pękł",
                                           "key": "c2"}, headers=EN)
    complaint = one(shop, Return)
    assert (complaint.kind, complaint.goods, complaint.due_at is not None) == (
        "complaint", "none", True)
    assert one(shop, Statement).content["story"] == "Pękł"


def test_an_exchange_by_the_buyer_says_what_instead_and_shows_what_is_due(shop, buyer, owner):
    token = key_of(shop)
    form = text_of(buyer.get(f"/o/{token}/return", headers=EN))
    assert 'list="instead-of"' in form
    assert "<option value=" in form.partition('id="instead-of"')[2]
    done = buyer.post(f"/o/{token}/return", data={
        "kind": "exchange", f"unit-{shop.tea}": "1", "reason_code": "other", "instead": " cup ",
        "story": "", "wish": "", "account": "", "key": hidden(form, "key")}, headers=EN)
    assert done.status_code == 303, text_of(done)
    at, case = done.headers["Location"], one(shop, Return)
    assert (case.instead, one(shop, Statement).content["instead"]) == ("cup", "cup")
    assert "You would like instead" in text_of(buyer.get(at, headers=EN))
    assert "The buyer wants instead: cup" in text_of(owner.get(f"/returns/{case.id}"))
    chosen = text_of(owner.get(f"/returns/{case.id}/exchange"))
    assert f'name="variant" value="{shop.ids["CUP"]}"' in chosen
    owner.post(f"/returns/{case.id}/exchange", data={
        "variant": str(shop.ids["CUP"]), "quantity": "1", "price": "40", "way": "prepaid",
        "save": "order"})
    new = one(shop, Order).id
    page = text_of(buyer.get(at, headers=EN))
    for part in ("Your exchange", str(new), "To pay", "21.67"):
        assert part in page, part
    assert "The way to pay is being made" in page  # neither a link nor an account of ours
    shop.do(lambda work: work.session.execute(update(Company).values(bank_account="61 1090")))
    assert "61 1090" in text_of(buyer.get(at, headers=EN))
    shop.do(lambda work: work.session.add(PaymentRequest(
        order_id=new, account_id=shop.account_id, key="k", form_key="f", amount=2167,
        currency="PLN", state="waiting", url="https://pay.example/1", created_at=work.now,
        created_by="x")))
    page = text_of(buyer.get(at, headers=EN))
    assert ("https://pay.example/1" in page, "61 1090" in page) == (True, False)
    shop.do(order_pay.record, new, 2167, "BLIK", make.NOON, "p")
    page = text_of(buyer.get(at, headers=EN))
    assert ("Nothing more to pay" in page, "Pay now" in page) == (True, False)


def test_goods_that_are_all_in_a_case_are_not_asked_for_again(shop, buyer):
    token = key_of(shop)
    address, field = f"/o/{token}/return", f"unit-{shop.cup}"
    form = text_of(buyer.get(address, headers=EN))
    base = {"kind": "return", "reason_code": "too_small", "story": "", "wish": "", "account": "",
            "key": hidden(form, "key")}
    sent = dict(re.findall(r'name="(unit-\d+)"[^>]* max="(\d+)"', form))
    buyer.post(address, data={**base, **sent}, headers=EN)
    again = text_of(buyer.get(address, headers=EN))
    assert "Everything that was sent is in a case already" in again
    assert field not in again
    refused = buyer.post(address, data={**base, field: "1", "key": "another"}, headers=EN)
    assert refused.status_code == 422
    assert "Everything that was sent is in a case already" in text_of(refused)


def test_a_stranger_learns_nothing_and_is_slowed_down(shop, buyer, monkeypatch):
    monkeypatch.setattr(buyer_door, "_desk", buyer_door.Gate(3))
    answers = [buyer.post("/after-sale", data={"number": number, "email": email}, headers=EN)
               for number, email in ((str(shop.order_id), "anna@example.test"),
                                     (str(shop.order_id), "eve@example.test"),
                                     ("1", "eve@example.test"))]
    said = {re.sub(r'value="[^"]*"', "", text_of(answer)) for answer in answers}
    assert len(said) == 1
    with shop.works.reading(TESTER) as work:
        assert len(work.session.scalars(select(Message)).all()) == 1
    slow = buyer.post("/after-sale", data={"number": "1", "email": "x"}, headers=EN)
    assert (slow.status_code, "Too many tries" in text_of(slow)) == (429, True)
    assert buyer.post("/withdraw/confirm", data={}).status_code == 429


def test_a_closed_portal_answers_like_a_wrong_key(shop, buyer):
    with shop.works.writing(TESTER) as work:
        settings.change(work, settings.Edit(portal=False))
    assert buyer.get("/after-sale").status_code == 404
    assert buyer.get("/withdraw").status_code == 404
    assert "Withdraw" not in text_of(buyer.get(f"/o/{key_of(shop)}", headers=EN))


def test_a_portal_that_no_mail_can_serve_is_said_to_be_shut(oms, browser_as):
    with oms.works.writing(TESTER) as work:
        settings.change(work, settings.Edit(portal=True))
    assert "Buyers cannot come yet" in text_of(browser_as("owner").get("/returns/settings"))


def test_after_the_term_it_is_said_and_still_taken(shop, buyer):
    with shop.works.writing(TESTER) as work:
        long_ago = work.now - timedelta(days=30)
        work.session.execute(update(Shipment).values(state="delivered", delivered_at=long_ago))
    token = key_of(shop)
    assert "The time for it ended" in text_of(buyer.get(f"/o/{token}/withdraw", headers=EN))
