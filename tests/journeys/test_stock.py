"""Stock in a real browser: the scanner's speed, the keyboard, and what axe finds."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from oms_web.domain.stock.models import StockDocument, StockDocumentLine
from oms_web.flows import stock_transfer
from tests.journeys.looking import look
from tests.screens.shelves import MUG, open_shop
from tests.sizes import size as sized

pytestmark = pytest.mark.browser


@pytest.fixture
def shop(works):
    return open_shop(works)


def scan(page, code):
    """A scanner: all keys at once, then Enter, and nobody waits for the answer."""
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def begin(page, kind):
    page.goto(f"/stock/{kind}s/new")
    page.click("main .btn.primary")
    page.wait_for_url(f"**/stock/{kind}s/*")
    expect(page.locator("#scan")).to_be_focused()


def test_no_scan_is_lost_however_fast_they_come(shop, open_page):
    page = open_page("warehouse")
    begin(page, "receipt")
    for _ in range(12):
        scan(page, "5900012003196")
    scan(page, "A-02")  # a bin's code: what follows goes there
    for _ in range(5):
        scan(page, "KOC-1")
    scan(page, "nothing-like-this")
    for _ in range(3):
        scan(page, "5900012003196")
    expect(page.locator("#stock-documents-lines footer")).to_contain_text("20 units")
    counted = {(row.variant_id, row.location_id): row.done
               for row in shop.ask(select(StockDocumentLine))}
    assert counted == {
        (shop.ids[MUG], shop.bins["A-01"]): 12, (shop.ids["KOC-1"], shop.bins["A-02"]): 5,
        (shop.ids[MUG], shop.bins["A-02"]): 3,
    }
    expect(page.locator("#scan")).to_be_focused()
    expect(page.locator("#scan")).to_have_value("")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("20 units received.")


def test_a_scan_without_an_answer_is_named(shop, open_page):
    page = open_page("warehouse").context.new_page()  # one whose failed requests may be logged
    begin(page, "receipt")
    page.route("**/scan", lambda route: route.abort())
    scan(page, "5900012003196")
    expect(page.locator("[data-lost]")).to_contain_text("5900012003196: no answer came.")
    page.unroute("**/scan")
    scan(page, "KOC-1")
    expect(page.locator(".said")).to_contain_text("Koc <merino>")
    expect(page.locator("[data-lost]")).to_be_hidden()


def test_names_are_suggested_while_one_types_and_taken_by_a_click(shop, open_page):
    page = open_page("warehouse")
    begin(page, "stocktake")
    page.keyboard.type("kubek emal", delay=20)
    page.click(".suggested")
    expect(page.locator(".said")).to_contain_text("Kubek emaliowany biały")
    expect(page.locator(".suggested")).to_have_count(0)
    expect(page.locator("#scan")).to_be_focused()
    page.select_option("#scan-place", label="A-02")
    page.wait_for_url(lambda url: "place=" in url)
    expect(page.locator("#stock-documents-lines header h2")).to_have_text("Bin A-02")


def test_the_stock_list_is_worked_with_the_keyboard_alone(shop, open_page):
    page = open_page("owner")
    page.goto("/stock")
    expect(page.locator("#stock-rail .n").first).to_have_text("3")  # counts came after the list
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("w")
    why = page.locator("#stock-why")
    expect(why).to_contain_text("Why 5?")
    page.keyboard.press("Escape")
    expect(why).to_be_hidden()
    expect(page.locator(f"#sku-{shop.ids[MUG]}")).to_be_focused()
    page.keyboard.press("e")
    expect(why.locator("[name=units]")).to_be_focused()
    page.keyboard.type("-1")
    page.keyboard.press("Enter")
    expect(why.locator("#reason-error")).to_be_visible()
    why.locator("[name=reason]").select_option("damaged")
    why.locator("[name=units]").press("Enter")
    expect(page.locator("#toasts")).to_contain_text("The stock is corrected by −1.")
    assert page.url.endswith("/stock")
    assert shop.ask(select(StockDocument.reason)) == ["damaged"]


SCREENS = ["/stock", "/stock/ledger", "/stock/documents", "/stock/warehouses", "/products",
           "/products/new", "/offers", "/stock/receipts/new"]


@pytest.mark.parametrize(("scheme", "size"), [
    ("dark", (1440, 900)), ("light", (390, 844))][:sized(1, 2)])
def test_axe_finds_nothing(shop, open_page, scheme, size):
    page = open_page("owner", size=size, scheme=scheme)
    draft = shop.do(stock_transfer.start, shop.ldz, shop.gdy)
    shop.do(stock_transfer.add, draft, shop.ids[MUG], 2)
    begin(page, "stocktake")
    for _ in range(2):
        scan(page, "5900012003196")
    expect(page.locator(".said .count")).to_have_text("2")
    wrong = []
    for address in ["", *SCREENS, f"/stock/warehouses/{shop.ldz}", f"/stock/transfers/{draft}",
                    f"/products/variant/{shop.ids[MUG]}", f"/stock/{shop.ids[MUG]}/why",
                    f"/stock/{shop.ids[MUG]}/correct", f"/products/variant/{shop.ids['SET-2']}"]:
        if address:
            page.goto(address)
        wrong += look(page, address)
    assert wrong == []
