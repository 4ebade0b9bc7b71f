"""Money back on the channel and the commission, on screen: offered where it can be, and first."""

from __future__ import annotations

import re
from datetime import date

import pytest
from sqlalchemy import select, update

from oms_web.domain.payments import fees
from oms_web.domain.payments.fee_claims import FeeClaim
from oms_web.domain.payments.models import Payment, Refund
from oms_web.domain.returns.service import Opening
from oms_web.flows import return_case
from tests.conftest import TESTER
from tests.screens.shelves import text_of
from tests.sync.market import MarketShop


@pytest.fixture
def shop(oms):
    return MarketShop(oms)


@pytest.fixture
def owner(shop, browser_as):
    return browser_as("owner")


def opened(shop):
    case, _ = shop.do(return_case.open_for, shop.order_id, Opening(
        "return", lines={shop.lines()["CUP"]: 1}))
    return case.id


def html(answer):
    return answer.get_data(as_text=True)


def ways(page):
    form = re.search(r'name="method".*?</select>', page, re.S)[0]
    return re.findall(r'<option[^>]*value="(\w+)"', form)


def rows(shop, model):
    with shop.works.reading(TESTER) as work:
        return work.session.scalars(select(model).order_by(model.id)).all()


def test_a_case_is_paid_back_on_the_channel_and_its_commission_claimed(shop, owner):
    case = opened(shop)
    page = html(owner.get(f"/returns/{case}/refund"))
    assert ways(page) == ["channel", "transfer", "cash", "pages"]
    key = re.search(r'name="key"[^>]*value="([^"]+)"', page)[1]
    answer = owner.post(f"/returns/{case}/refund", data={
        f"unit-{shop.lines()['CUP']}": "1", "method": "channel", "key": key})
    assert answer.status_code == 303
    [refund] = rows(shop, Refund)
    owner.post(f"/refunds/{refund.id}/approve")
    assert f"/refunds/{refund.id}/done" not in html(owner.get(f"/returns/{case}"))
    owner.post(f"/refunds/{refund.id}/done")  # from a page of before
    assert rows(shop, Refund)[0].state == "approved"  # nobody says that the channel paid but it
    card = text_of(owner.get(f"/returns/{case}"))
    assert "It is ordered" not in card  # nobody orders it by hand
    assert "Claim the commission back" not in card  # the buyer has no money yet
    shop.run()
    card = text_of(owner.get(f"/returns/{case}"))
    assert "Claim the commission back" in card
    assert "Claim the commission back" in text_of(owner.get(f"/orders/{shop.order_id}"))
    back = f"/returns/{case}#money"
    for said in ("The commission of 1 unit is being claimed back", "Nothing more can be claimed"):
        answer = owner.post(f"/orders/{shop.order_id}/fee-claims", data={"next": back},
                            follow_redirects=True)
        assert said in text_of(answer)
    owed = text_of(owner.get("/payments/owed"))  # opens where there is something
    assert "to be claimed" in owed
    assert "Commissions 1" in owed
    assert "not known" in owed
    with shop.works.writing(TESTER) as work:
        fees.add(work, fees.CHANNEL, None, "", 1000, 0, "PLN", date(2020, 1, 1))
    assert "≈ PLN 4.10" in text_of(owner.get("/payments/owed?view=claims"))
    shop.run()
    card = text_of(owner.get(f"/returns/{case}"))
    assert "the marketplace decides" in card
    [claim] = rows(shop, FeeClaim)
    for said in ("The claim is being withdrawn", "That was done before"):
        answer = owner.post(f"/orders/{shop.order_id}/fee-claims/{claim.id}/withdraw",
                            data={"next": "https://evil.example"}, follow_redirects=True)
        assert said in text_of(answer)
    shop.run()
    assert rows(shop, FeeClaim)[0].state == "withdrawn"
    assert "Nothing is owed" in text_of(owner.get("/payments/owed?view=claims"))


def test_where_the_buyer_did_not_pay_there_it_is_not_offered(shop, owner):
    case = opened(shop)
    with shop.works.writing(TESTER) as work:
        work.session.execute(update(Payment).values(source="desk"))
    page = html(owner.get(f"/returns/{case}/refund"))
    assert ways(page) == ["transfer", "cash", "pages"]
    assert ways(html(owner.get(f"/orders/{shop.order_id}/refund"))) == ["transfer", "cash", "pages"]


def test_an_amount_goes_back_on_the_channel_from_the_orders_card(shop, owner):
    page = html(owner.get(f"/orders/{shop.order_id}/refund"))
    assert ways(page) == ["channel", "transfer", "cash", "pages"]
    key = re.search(r'name="key"[^>]*value="([^"]+)"', page)[1]
    answer = owner.post(f"/orders/{shop.order_id}/refund", data={
        "amount": "5,00", "method": "channel", "reason": "rysa", "key": key})
    [refund] = rows(shop, Refund)
    assert (answer.status_code, refund.state) == (303, "planned")
    assert "On the channel: Targ" in text_of(owner.get(f"/refunds/{refund.id}"))
    owner.post(f"/refunds/{refund.id}/approve")
    shop.run()
    assert rows(shop, Refund)[0].state == "done"
    card = text_of(owner.get(f"/orders/{shop.order_id}"))
    assert "on the channel" in card
    assert "Claim the commission back" not in card  # no goods stand behind it


def test_the_clerk_claims_nothing_and_another_orders_claim_is_not_touched(shop, browser_as):
    clerk = browser_as("packer")
    assert clerk.post(f"/orders/{shop.order_id}/fee-claims").status_code == 403
    owner = browser_as("owner")
    assert owner.post(f"/orders/{shop.order_id}/fee-claims/1/withdraw").status_code == 404
