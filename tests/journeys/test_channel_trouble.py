"""A channel from its first day through a storm: connected, linked, cut off, healed, proven whole.

The marketplace runs on a port of its own, the worker beside the page; what is pressed is pressed in
a browser, at the marketplace too.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest
from oms_demo.catalog import Stray
from oms_demo.market.app import make_app
from playwright.sync_api import expect
from sqlalchemy import select
from werkzeug.serving import make_server

from oms_web.core.actor import SYSTEM
from oms_web.domain.orders.models import Order
from oms_web.jobs import worker
from tests import factories as make
from tests.demo_market import UNHURRIED, OpenMarket, Street
from tests.journeys.looking import look
from tests.serving import serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE = 30.0
GOODS = tuple(
    Stray(sku, name, f"200000000{number:04d}", "mug", "green", "23", Decimal("19.90"), 9)
    for number, (sku, name) in enumerate([("KUB-1", "Kubek"), ("OLD-2", "Kubek stary")])
)


@pytest.fixture
def market(tmp_path) -> Iterator[tuple[OpenMarket, str]]:
    """A marketplace that sells two things, and its address."""
    app = make_app(tmp_path / "market", offers=GOODS, pace=UNHURRIED)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    with serving(server):
        yield OpenMarket(None, app, Street(app)), f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def working(oms) -> Iterator[None]:
    """The worker with its clock, as ``oms work`` runs it."""
    make.shop(oms.works, {"KUB-1": 50, "KUB-2": 50})
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(oms, stop), daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join(20)


def until(page, selector, *, text=""):
    """Look at the page again and again until something is on it."""
    latest = time.monotonic() + PATIENCE
    while not page.locator(selector, has_text=re.compile(text)).count():
        assert time.monotonic() < latest, page.locator("main").inner_text()[:2000]
        page.wait_for_timeout(300)
        page.reload()


def weather(page, address, **chances):
    """Switch faults at the marketplace, on its own page; nothing: calm."""
    there = page.context.new_page()
    there.goto(f"{address}/weather")
    for fault, percent in chances.items():
        there.fill(f"#f-{fault}", str(percent))
    there.click("#faults button.main" if chances else "button.calm")
    there.wait_for_url(re.compile("said="))
    there.close()


def queues(oms):
    with oms.works.reading(SYSTEM) as work:
        return sorted(work.session.scalars(select(Order.queue)))


@pytest.mark.parametrize(("language", "size"), [("pl", (1440, 900)), ("en", (390, 844))])
def test_from_the_first_order_through_a_storm_to_nothing_missing(
    oms, working, market, open_page, language, size
):
    (there, address), found = market, []
    page = open_page("owner", language, size=size)

    # Connect it in the browser.
    page.goto("/channels/new")
    found += look(page, "which channel")
    page.click("#connector-demo a")
    page.fill("[name=s_url]", address)
    page.fill("[name=s_token]", there.token)
    found += look(page, "its form")
    page.click("form.card > footer button")
    page.wait_for_url(re.compile(r"/channels/\d+$"))
    health = page.url

    # Orders come; one is of an offer that nobody has linked.
    there.buy("KUB-1")
    there.buy("OLD-2", 2)
    page.click("form[action$='/sync'] button")
    until(page, "#channels-causes a[href*='account=']")
    latest = time.monotonic() + PATIENCE
    while queues(oms) != ["pick", "verify"]:
        assert time.monotonic() < latest, queues(oms)
        page.wait_for_timeout(200)
    found += look(page, "an offer to link")
    page.locator("#channels-causes a[href*='account=']").click()
    offer = page.locator("tr[data-row]", has_text="OLD-2")
    offer.locator("[name=code]").fill("KUB-2")
    offer.locator("[name=code]").press("Enter")
    expect(offer.locator("form.link-form")).to_have_count(0)
    page.goto(health)
    until(page, "#channels-causes:not(:has(li))")
    assert queues(oms) == ["pick", "pick"]

    # The network breaks while buyers go on buying.
    weather(page, address, error_502=100)
    there.buy("KUB-1", 3)
    there.buy("OLD-2")
    page.click("form[action$='/sync'] button")
    until(page, "#channels-causes form[action$='/again/feed']")
    expect(page.locator(".channel-figures .badge.warn")).to_be_visible()
    found += look(page, "cut off")
    page.goto("/")
    expect(page.locator(".cases a[href^='/channels/']").first).to_be_visible()
    assert len(queues(oms)) == 2

    # It heals; one press, and nothing is missing.
    weather(page, address)
    page.goto(health)
    page.locator("#channels-causes form[action$='/again/feed'] button").first.click()
    until(page, "#channels-proof .says.ok")
    until(page, "#channels-proof .theirs", text=r"^4$")
    assert page.locator("#channels-proof .proof b").all_inner_texts() == ["4", "4"]
    until(page, "#channels-causes:not(:has(li))")
    found += look(page, "healed")
    assert queues(oms) == ["pick"] * 4

    # The key is taken back: an incident, with the way back in beside it.
    weather(page, address, token_expired=100)
    page.click("form[action$='/sync'] button")
    until(page, ".notice.bad a[href$='/again']")
    found += look(page, "access refused")
    weather(page, address)
    page.click(".notice.bad a[href$='/again']")
    page.wait_for_url("**/settings")
    page.fill("[name=s_token]", there.token)
    found += look(page, "its settings")
    page.click("form.card > footer button")
    page.goto(health)
    until(page, ".channel-figures .badge.ok")

    # What was sent, as it stands and in all.
    page.goto(f"{health}/journal")
    expect(page.locator("tr[id^=offer-]")).to_have_count(2)
    found += look(page, "as it stands")
    page.goto(f"{health}/journal?view=sent")
    found += look(page, "the journal")
    assert found == [], "\n".join(map(str, found))


def test_a_day_that_is_being_typed_survives_the_page_looking_again(oms, open_page, market):
    (there, address), page = market, open_page("owner", "en")
    make.shop(oms.works)
    page.goto("/channels/new/demo")
    page.fill("[name=s_url]", address)
    page.fill("[name=s_token]", there.token)
    page.click("form.card > footer button")
    page.wait_for_url(re.compile(r"/channels/\d+$"))
    page.fill("#channels-health [name=since]", "2026-11-02")
    page.evaluate("document.querySelector('.channel-figures').dataset.old = 'yes'")
    page.evaluate("htmx.trigger('#channels-health', 'htmx:abort');"
                  "htmx.ajax('GET', location.pathname, "
                  "{target: '#channels-health', swap: 'outerHTML'})")
    expect(page.locator(".channel-figures[data-old]")).to_have_count(0)
    expect(page.locator("#channels-health [name=since]")).to_have_value("2026-11-02")
    page.click("#channels-since form button")
    expect(page.locator("#channels-since progress")).to_be_visible()
