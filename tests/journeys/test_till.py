"""The till in a real browser: a scanner, cash, the paper, the next buyer."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update

from oms_web.core.actor import SYSTEM
from oms_web.domain.catalog.models import Product, Variant
from oms_web.domain.till import service as tills
from oms_web.domain.till.models import Sale
from tests.floor import EANS, Floor

pytestmark = pytest.mark.browser


def test_three_scans_cash_and_a_confirmation_without_a_mouse(works, open_page):
    floor = Floor(works)
    with works.writing(SYSTEM) as work:
        work.session.execute(update(Product).values(vat_rate="23"))
        work.session.execute(update(Variant).values(price=1990))
        till = tills.save_till(work, None, "Front", floor.house.id)
        tills.begin_shift(work, till.id, 10_000)
    page = open_page("sales")
    page.goto("/pos")
    for sku in ("KUB", "PUZ", "KUB"):  # as fast as a scanner: none is lost, none counts twice
        page.keyboard.type(EANS[sku], delay=4)
        page.keyboard.press("Enter")
    expect(page.locator(".till-figure")).to_have_text("PLN\u00a059.70")
    page.keyboard.press("1")
    expect(page.locator("#given")).to_be_focused()
    page.keyboard.type("100")
    page.keyboard.press("Enter")
    expect(page.locator(".band-title")).to_have_text("Change: PLN\u00a040.30")
    page.goto(page.get_attribute("a[target=_blank]", "href"))
    expect(page.locator(".receipt-not")).to_have_text("This is not a fiscal receipt.")
    page.keyboard.press("Escape")
    page.wait_for_url("**/pos/sales/1")
    page.keyboard.press("Enter")
    page.wait_for_url("**/pos")
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator(".till-tile").first.click()
    page.locator(".till-go").click()
    page.get_by_role("button", name="Card").dblclick()  # a nervous finger
    page.wait_for_url("**/pos/sales/2")
    with works.reading(SYSTEM) as work:
        assert work.session.execute(select(Sale.method, Sale.total).order_by(Sale.id)).all() == [
            ("cash", 5970), ("card", 1990)]
