"""After the sale in a browser: a buyer withdraws, the bench judges, the desk pays back."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from oms_web.domain.messages import pages
from oms_web.domain.orders.models import Order
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns.models import Return
from tests.after_sale import AfterSale
from tests.conftest import TESTER
from tests.journeys.looking import look
from tests.sizes import whole_only

pytestmark = pytest.mark.browser


@whole_only
@pytest.mark.slow
def test_from_the_withdrawal_to_the_money(open_page, oms, works):
    shop = AfterSale(oms)
    with works.writing(TESTER) as work:
        token = pages.link(work, shop.order_id).rpartition("/")[2]
    page = open_page()
    wrong = []

    buyer = page.context.new_page()
    buyer.set_viewport_size({"width": 390, "height": 844})
    for address in ("/after-sale", "/withdraw", f"/o/{token}", f"/o/{token}/return"):
        buyer.goto(address)
        wrong += look(buyer, address)
    buyer.goto(f"/o/{token}/withdraw")
    buyer.fill(f"#unit-{shop.lines()['CUP']}", "2")
    wrong += look(buyer, "statement")
    buyer.keyboard.press("Enter")
    buyer.get_by_role("button", name="Confirm withdrawal").wait_for()
    wrong += look(buyer, "confirm")
    buyer.get_by_role("button", name="Confirm withdrawal").click()
    buyer.get_by_text("You have withdrawn from the contract").first.wait_for()
    wrong += look(buyer, "withdrawn")
    with works.reading(TESTER) as work:
        case = work.session.scalars(select(Return)).one()

    page.goto("/returns/bench")
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type(f"RET{case.id}")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Judge and put away").wait_for()
    wrong += look(page, "bench")
    page.fill("#quantity", "2")
    page.check("[name=grade][value=A]")
    page.get_by_role("button", name="Judge and put away").click()
    page.get_by_text("All that was announced is judged").wait_for()
    page.goto("/returns?view=money")
    wrong += look(page, "queue")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Plan the refund").click()
    wrong += look(page, "plan")
    page.select_option("#method", "cash")
    page.get_by_role("button", name="Plan the refund").click()
    page.get_by_role("link", name="Look at it and approve").click()
    wrong += look(page, "approval")
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("button", name="The money has gone").click()
    page.get_by_role("button", name="Close the case").wait_for()
    wrong += look(page, "case")
    for address in ("/returns?view=over", "/returns/reasons", "/returns/settings", "/refunds",
                    f"/returns/new?order={shop.order_id}"):
        page.goto(address)
        wrong += look(page, address)
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    for address in ("/returns", "/returns/bench", f"/returns/{case.id}",
                    f"/returns/{case.id}/refund", f"/returns/bench/{case.id}"):
        page.goto(address)
        wrong += look(page, f"{address} small and dark")
    assert wrong == []
    with works.reading(TESTER) as work:
        refund = work.session.scalars(select(Refund)).one()
        assert (refund.amount, refund.state) == (6111, "done")
        order = work.session.get_one(Order, shop.order_id)
        assert order.paid_total == 11999 - 6111
