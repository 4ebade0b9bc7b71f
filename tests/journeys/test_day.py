"""A whole day in one order: bought on the marketplace's page, shown there again when it has left.

Everything is real: ``oms serve`` with its worker and the marketplace as processes, a browser before
them. Nobody presses "sync"; a scanner is fast typing.
"""

from __future__ import annotations

import io
import re
import sqlite3
import time
from collections.abc import Iterator

import pypdfium2
import pytest
from playwright.sync_api import expect

from tests.journeys.looking import look, whole
from tests.running.served import Shop

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SOON = 30_000  # ms: a poll of the marketplace, and then some
WORDS = {
    "pl": {"reserved": "Zarezerwowane", "left": "Wydaj kurierowi", "road": "W drodze"},
    "en": {"reserved": "Reserved", "left": "Hand over", "road": "On the road"},
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Iterator[Shop]:
    """A demo shop being served, its buyers told to stay away."""
    made = Shop(tmp_path_factory.mktemp("day") / "instance")
    made.start()
    deadline = time.monotonic() + 120
    while "Targowisko: http" not in made.said() or made.get("/sign-in") is None:
        assert made.process.poll() is None, made.said()
        assert time.monotonic() < deadline, made.said()
        time.sleep(0.2)
    while not all_sent(made):  # the shop's first quantities, which leave a few units out
        assert time.monotonic() < deadline, made.said()
        time.sleep(0.5)
    yield made
    made.stop()


def all_sent(shop):
    """Whether the marketplace has accepted what each offer should show."""
    with sqlite3.connect(f"file:{shop.folder / 'oms.sqlite3'}?mode=ro", uri=True) as database:
        sent, waiting = database.execute(
            "SELECT count(*), count(due_at) FROM listing_stock").fetchone()
    return sent > 0 and waiting == 0


@pytest.fixture
def browser_at(chromium, shop):
    """A function: port, language -> a page there, which must stay free of script errors."""
    contexts, trouble = [], []

    def open_(port, language):
        context = chromium.new_context(
            base_url=f"http://127.0.0.1:{port}", locale=language, timezone_id="Europe/Warsaw",
            viewport={"width": 1440, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("console", lambda said: trouble.append(said.text) if said.type == "error" else None)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert trouble == []


def signed_in(page, shop, language):
    """The owner at the desk, in their language."""
    page.goto("/sign-in")
    page.fill("[name=email]", re.search(r"e-mail\s+(\S+)", shop.said())[1])
    page.fill("[name=password]", re.search(r"password\s+(\S+)", shop.said())[1])
    page.click("main button")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    with page.expect_navigation():
        page.locator(f"form:has(button[lang={language}])").first.evaluate("form => form.submit()")
    expect(page.locator("html")).to_have_attribute("lang", language)
    return page


def label_of(shop, sku):
    """What is printed on the goods: their EAN."""
    with sqlite3.connect(f"file:{shop.folder / 'oms.sqlite3'}?mode=ro", uri=True) as database:
        return database.execute(
            "SELECT b.code FROM barcode AS b JOIN variant AS v ON v.id = b.variant_id "
            "WHERE v.sku = ?", (sku,)).fetchone()[0]


def scan(page, code):
    """What a scanner does."""
    page.keyboard.type(str(code), delay=4)
    page.keyboard.press("Enter")


def text_of(page, address):
    """The words of a PDF behind an address."""
    answer = page.request.get(address)
    assert answer.ok
    assert answer.headers["content-type"] == "application/pdf"
    document = pypdfium2.PdfDocument(io.BytesIO(answer.body()))
    return " ".join(sheet.get_textpage().get_text_range() for sheet in document)


def until(page, selector, text):
    """Look at a page again and again until it says something."""
    deadline = time.monotonic() + SOON / 1000
    while not re.search(text, " ".join(page.locator(selector).all_inner_texts())):
        assert time.monotonic() < deadline, page.locator("main").inner_text()[:2000]
        page.wait_for_timeout(500)
        page.reload()


def bought(page):
    """The number of the label that the demo's carrier sold while the parcel was being packed."""
    deadline = time.monotonic() + SOON / 1000
    while not (number := page.locator("[name=number-1]").input_value()):
        assert time.monotonic() < deadline, page.locator("main").inner_text()[:2000]
        page.wait_for_timeout(500)
        page.reload()
    return number


def buy(market, name):
    """Buy three of the first thing on sale: the order's reference, the offer's, what was there."""
    market.goto("/settings")
    market.uncheck("[name=auto]")
    market.click("main form button")
    market.goto("/buy")
    offer = market.locator("[name=offer] option").first.get_attribute("value")
    market.goto(f"/offers/{offer}")
    before = int(market.locator("b.stock").inner_text())
    market.goto(f"/buy?offer={offer}")
    market.fill("[name=quantity]", "3")
    market.fill("[name=name]", name)
    market.check("[name=invoice]")
    market.locator("form.fields").first.locator("button").click()
    market.wait_for_url("**/orders/*")
    return re.search(r"/orders/([^?]+)", market.url)[1], offer, before


@pytest.mark.parametrize("language", ["pl", pytest.param("en", marks=whole)])
def test_from_placed_to_sent(shop, browser_at, language):
    said = WORDS[language]
    buyer, typed = {"pl": ("Żaneta Łękawska", "lekawska"), "en": ("Gerda Grün", "grun")}[language]
    found = []
    market = browser_at(shop.market_port, language)
    ref, offer, before = buy(market, buyer)
    sku = market.locator("td .code").first.inner_text()

    page = signed_in(browser_at(shop.port, language), shop, language)
    page.goto("/orders")
    found += look(page, "order list")
    page.goto(f"/orders?q={typed}")
    until(page, "[data-row]", r"\d{5}")
    page.locator("[data-row] [data-open]").first.click()
    page.wait_for_url(re.compile(r"/orders/\d+$"))
    number = page.url.rpartition("/")[2]
    page.goto(f"/orders?q={ref}")  # a whole number leads straight to its order
    assert page.url.endswith(f"/orders/{number}")
    expect(page.locator(".steps li.done", has_text=said["reserved"])).to_be_visible()
    found += look(page, "order card, new")
    slip = text_of(page, f"/orders/{number}/print/slip.pdf")
    assert buyer in slip
    assert sku in slip

    page.goto("/packing")
    scan(page, number)
    page.wait_for_url(re.compile(r"/packing/\d+$"))
    found += look(page, "pack station")
    for unit in range(3):
        scan(page, label_of(shop, sku))
        if unit < 2:
            expect(page.locator("header")).to_contain_text(str(unit + 1))
    expect(page.locator("[name=number-1]")).to_be_visible()
    found += look(page, "parcel closed")
    tracking = bought(page)

    page.goto(f"/orders/{number}/invoice")
    found += look(page, "invoice")
    page.locator("form button.primary").last.click()
    page.wait_for_url(lambda url: "/invoice" not in url)
    page.goto(f"/orders/{number}")
    paper = page.locator("a[href*='/documents/'][href$='.pdf']").first.get_attribute("href")
    invoice = text_of(page, paper)
    assert buyer in invoice
    assert re.search(r"FV|INV|/\d{4}", invoice)

    page.goto(f"/shipments?q={number}")
    page.locator("[data-row]").get_by_role("button", name=said["left"]).click()
    expect(page.locator("[data-row]")).to_contain_text(re.compile(said["road"], re.IGNORECASE))
    found += look(page, "shipments")

    market.goto(f"/orders/{ref}")
    until(market, "b.tracking", tracking)
    market.goto(f"/offers/{offer}")
    until(market, "b.stock", rf"^{before - 3}$")
    found += look(market, "the marketplace's offer")
    page.goto("/")
    found += look(page, "home")
    assert found == []
