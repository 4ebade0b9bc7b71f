"""Orders in a real browser: the list by keyboard, the card's acts, one taken down by telephone."""

from __future__ import annotations

import re

import pytest
from oms_connector import Address
from playwright.sync_api import expect
from sqlalchemy import select, update

from oms_web.core.actor import SYSTEM
from oms_web.domain.catalog.models import Variant
from oms_web.domain.orders.cancelling import cancel_order
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.service import get_order
from oms_web.jobs.worker import drain
from tests.floor import EANS, Floor
from tests.journeys.looking import look, look_both, whole

pytestmark = pytest.mark.browser

DESK, PHONE = (1440, 900), (390, 844)


@pytest.fixture
def floor(works):
    made = Floor(works, cups=(50, 50))
    with works.writing(SYSTEM) as work:
        work.session.execute(update(Variant).where(Variant.sku == "KUB").values(
            price=3990, search="product kub kub"))
    return made


def shown(page) -> list[str]:
    """The numbers in the list, from above."""
    return page.locator("[data-row] [data-open]").all_inner_texts()


def cancelled_by_its_buyer(floor, number):
    with floor.works.writing(SYSTEM) as work:
        cancel_order(work, get_order(work.session, number), by="buyer")


# The list ----------------------------------------------------------------------------------------


def test_the_list_is_walked_opened_and_left_with_the_keyboard(floor, open_page):
    for name in ("Anna Wrona", "Beata Kos", "Celina Kawka"):
        floor.order(name, {"KUB": 1}, buyer_name=name)
    page = open_page("sales")
    press = page.keyboard.press
    page.goto("/orders")
    numbers = shown(page)
    for key in ("j", "j", "j", "k"):
        press(key)
    expect(page.locator(f"#order-{numbers[1]}")).to_be_focused()
    press("Enter")
    page.wait_for_url(f"**/orders/{numbers[1]}")
    expect(page.locator("h1")).to_have_text(numbers[1])
    press("e")  # lies in the menu "more", which is closed
    page.wait_for_url(f"**/orders/{numbers[1]}/edit")
    press("Escape")
    page.wait_for_url(f"**/orders/{numbers[1]}")
    press("Escape")
    page.wait_for_url("**/orders")
    press("j")
    press("e")
    page.wait_for_url(f"**/orders/{numbers[0]}/edit")
    page.go_back()
    press("?")
    expect(page.locator("#keys [data-keys-here]")).to_contain_text("Add order")
    press("Escape")
    press("/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("celina")
    press("Enter")
    page.wait_for_url("**/orders?q=celina")
    assert shown(page) == ["10003"]
    press("n")
    page.wait_for_url("**/orders/new")


def test_filters_stay_in_the_address_and_the_way_back_leads_through_them(floor, open_page):
    floor.order("A", {"KUB": 1}, carrier="InPost")
    floor.order("B", {"PUZ": 1}, carrier="DPD")
    floor.order("C", {"PUZ": 9}, carrier="DPD")
    page = open_page("sales")
    page.goto("/orders")
    page.keyboard.press("f")
    sheet = page.locator("#orders-filters")
    sheet.get_by_text("Courier", exact=True).click()
    sheet.get_by_label("DPD").check()
    sheet.get_by_role("button", name="Show orders").click()
    page.wait_for_url("**/orders?courier=DPD")
    assert shown(page) == ["10002", "10003"]
    page.click("#rail >> text=Short stock")
    page.wait_for_url("**/orders?queue=short")
    assert shown(page) == ["10003"]
    page.go_back()
    page.wait_for_url("**/orders?courier=DPD")
    expect(page.locator(".chip.on")).to_contain_text("DPD")
    assert shown(page) == ["10002", "10003"]
    page.click(".orders-table thead a")
    page.wait_for_url("**/orders?courier=DPD&sort=newest")
    assert shown(page) == ["10003", "10002"]
    page.click(".chip.on .x")
    page.wait_for_url("**/orders?sort=newest")
    assert len(shown(page)) == 3


def test_ticked_orders_are_changed_together_and_taken_back(floor, oms, open_page):
    for name in "ABCD":
        floor.order(name, {"KUB": 1})
    page = open_page("manager")
    page.goto("/orders?sort=newest")
    for key in ("j", "x", "j", "j", "Shift+X"):
        page.keyboard.press(key)
    expect(page.locator("[data-bulk-count]")).to_have_text("3")
    page.focus("#order-10002 [data-select]")
    page.keyboard.press("Enter")  # opens the order, and is no wish for a pick list
    page.wait_for_url("**/orders/10002")
    page.go_back()
    for key in ("j", "x", "j", "j", "Shift+X"):
        page.keyboard.press(key)
    page.keyboard.press("t")
    page.fill("#bulk-tag-name", "prezent")
    page.keyboard.press("Enter")
    band = page.locator("#change-band")
    expect(band).to_contain_text("0 of 3")
    drain(oms)
    expect(band).to_contain_text("3 changed")
    expect(page.locator(".tags-cell .tag")).to_have_text(["prezent"] * 3)  # nobody reloaded
    assert page.url.endswith("/orders?sort=newest")
    page.check("[data-select-all]")
    cancelled_by_its_buyer(floor, 10002)  # while the list is being looked at
    page.click("[data-bulk] >> text=Hold")
    page.click("#bulk-hold .btn.primary")  # without a reason: said at the field, nothing is lost
    expect(page.locator("#bulk-hold-reason:invalid")).to_be_focused()
    page.fill("#bulk-hold-reason", "czeka na grawer")
    page.click("#bulk-hold .btn.primary")
    expect(band).to_contain_text("0 of 4")
    drain(oms)
    expect(band).to_contain_text("3 changed, 1 refused")
    expect(band.locator("li")).to_contain_text("10002")
    assert [floor.get(n).queue for n in (10001, 10002, 10003, 10004)] == [
        "held", "cancelled", "held", "held"]
    page.keyboard.press("u")
    expect(band).to_contain_text("0 of 3")
    drain(oms)
    expect(band).to_contain_text("Taken back: Held 3 changed")
    assert [floor.get(n).queue for n in (10001, 10002, 10003, 10004)] == [
        "pick", "cancelled", "pick", "pick"]


def test_the_whole_list_is_taken_once_all_rows_on_the_page_are(floor, oms, open_page):
    for n in range(52):
        floor.order(f"N{n}", {"KUB": 1})
    page = open_page("manager")
    page.goto("/orders?sort=newest")
    whole = page.get_by_label("All 52 matching")
    page.check("#order-10052 [data-select]")
    expect(whole).to_be_hidden()
    page.check("[data-select-all]")
    whole.check()
    expect(page.locator("[data-bulk-count]")).to_have_text("52")
    expect(page.locator("[data-bulk] >> text=Print")).to_be_disabled()
    page.uncheck("#order-10051 [data-select]")  # not all any more
    expect(whole).to_be_hidden()
    expect(page.locator("[data-bulk-count]")).to_have_text("49")
    page.check("[data-select-all]")
    whole.check()
    page.keyboard.press("t")
    page.fill("#bulk-tag-name", "sezon")
    page.keyboard.press("Enter")
    expect(page.locator("#change-band")).to_contain_text("0 of 52")
    drain(oms)
    expect(page.locator("#change-band")).to_contain_text("52 changed")


def test_the_palette_finds_and_a_letter_means_the_row_under_the_cursor(floor, oms, open_page):
    numbers = [floor.order(name, {"KUB": 1}, buyer_name=name) for name in ("Ewa Łoś", "Jan Kos")]
    page = open_page("manager")
    press = page.keyboard.press
    page.goto("/orders?sort=newest")
    press("Control+k")
    page.keyboard.type("los")
    hits = page.locator("#commands [role=option]")
    expect(hits.first).to_contain_text(f"{numbers[0]}Ewa Łoś")
    expect(page.locator("#commands [aria-selected=true]")).to_have_count(0)  # a name is not sure
    found = look(page, "the palette is open")
    press("ArrowDown")
    press("Enter")
    page.wait_for_url(f"**/orders/{numbers[0]}")
    press("Escape")
    page.wait_for_url("**/orders")
    press("Control+k")
    expect(hits.first).to_contain_text("Ewa Łoś")  # looked at last
    page.keyboard.type("changes of")
    expect(hits.first).to_contain_text("Changes of many orders")
    press("Escape")
    press("Escape")
    press("j")
    press("s")  # nothing is ticked: the row under the cursor is meant
    expect(page.locator("#bulk-status")).to_be_visible()
    expect(page.locator("[data-bulk-count]")).to_have_text("1")
    press("Escape")
    page.click("[popovertarget=orders-columns]")
    columns = page.locator("#orders-columns")
    columns.get_by_label("Weight").check()
    page.click("#column-up-weight")
    expect(page.locator("#column-up-weight")).to_be_focused()
    found += look_both(page, "the columns are open")
    columns.get_by_role("button", name="Keep the columns").click()
    expect(page.locator(".weight-col")).to_be_visible()
    page.click("[popovertarget=orders-keep]")
    page.fill("#view-name", "With weights")
    found += look_both(page, "a view is kept")
    page.click("#orders-keep .btn.primary")
    tab = page.locator("#orders-tabs [aria-current]")
    expect(tab).to_contain_text("With weights 2")  # counted a moment later
    page.click("[popovertarget=orders-keep]")
    page.fill("#view-name", "with weights")
    page.click("#orders-keep .btn.primary")
    expect(page.locator(".toast.bad")).to_contain_text("There is a view with this name already.")
    expect(page.locator("#view-name")).to_have_value("with weights")
    page.goto("/orders/views")
    page.get_by_text("Name and readers").click()
    found += look_both(page, "all views")
    assert found == []


def test_new_orders_announce_themselves_and_move_nothing(floor, open_page):
    floor.order("A", {"KUB": 1})
    page = open_page("sales")
    page.clock.install()
    page.goto("/orders?sort=newest")
    page.keyboard.press("j")
    floor.order("B", {"KUB": 1})
    page.clock.fast_forward(21_000)
    news = page.locator("#orders-news")
    expect(news).to_contain_text("1 new, show")
    expect(page.locator("#order-10001")).to_be_focused()
    assert shown(page) == ["10001"]
    page.keyboard.press("r")
    expect(page.locator("[data-row]")).to_have_count(2)
    expect(news).to_be_empty()


# The card ----------------------------------------------------------------------------------------


def test_an_order_is_held_released_and_cancelled_in_part_from_its_card(floor, open_page):
    number = floor.order("A", {"KUB": 3, "PUZ": 1})
    page = open_page("manager")
    page.goto(f"/orders/{number}")
    page.keyboard.press("h")
    page.fill("#hold #reason", "czeka na wzór graweru")
    page.keyboard.press("Enter")
    expect(page.locator("#hold-manual")).to_contain_text("Held: czeka na wzór graweru")
    page.keyboard.press("Enter")  # the next step is to release it
    expect(page.locator("#hold-manual")).to_have_count(0)
    expect(page.locator("#order-timeline")).to_contain_text("czeka na wzór graweru")
    assert floor.get(number).queue == "pick"
    page.click("[popovertarget=order-more]")
    page.click("#order-more >> text=Cancel the order")
    page.click("#cancel summary")
    page.get_by_label("Units to cancel of Offer KUB").fill("2")
    page.click("#cancel >> text=Cancel these units")
    expect(page.locator(".order-line .qty").first).to_contain_text("2 cancelled")
    expect(page.locator("#cancel")).to_be_hidden()
    assert floor.stock("KUB", "A-01") == (50, 1)


def test_an_incomplete_address_is_completed_and_the_order_goes_on(floor, open_page):
    number = floor.order("A", {"KUB": 1}, ship_to=Address(name="Ewa Nowak", country="PL"))
    page = open_page("sales", "pl")
    page.goto(f"/orders/{number}")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/orders/{number}/edit#address")
    form = page.locator("#address")
    form.locator("[name=street]").fill("ul. Prosta 1")
    form.locator("[name=city]").fill("Łódź")
    form.locator("[name=postcode]").fill("9")
    page.keyboard.press("Enter")
    expect(form.locator(".error")).to_contain_text("pięć cyfr")
    expect(form.locator("[name=postcode]")).to_have_attribute("aria-invalid", "true")
    expect(form.locator("[name=street]")).to_have_value("ul. Prosta 1")
    form.locator("[name=postcode]").fill("90001")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/orders/{number}")
    expect(page.locator("#toasts")).to_contain_text("Zapisano")
    expect(page.locator("aside")).to_contain_text("90-001 Łódź")
    assert floor.get(number).queue == "pick"


# One taken down by hand --------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "size", "words"), [
    ("en", DESK, ["Ordered before: 10001", "PLN 119.70", "PLN 132.20", "five digits"]),
    ("pl", PHONE, ["Poprzednie zamówienie: 10001", "119,70 zł", "132,20 zł", "pięć cyfr"]),
])
def test_an_order_by_telephone(floor, open_page, language, size, words):
    floor.order("A", {"KUB": 1}, buyer_name="Ewa Nowak", buyer_phone="+48 600 100 200")
    page = open_page("sales", language, size=size)
    page.goto("/orders/new")
    sums = page.locator("#order-sums")
    expect(page.locator("#order-code")).to_be_focused()
    page.keyboard.type("product k", delay=10)
    expect(page.locator("#order-code")).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")  # found by its name
    expect(page.locator("#order-code")).to_have_attribute(
        "aria-activedescendant", page.locator(".suggested[aria-selected=true]").get_attribute("id"))
    page.keyboard.press("Enter")
    expect(page.locator("[name=quantity]")).to_have_value("1")
    expect(page.locator("#order-code")).to_be_focused()
    page.keyboard.type(EANS["KUB"])  # scanned: one more of it
    page.keyboard.press("Enter")
    expect(page.locator("[name=quantity]")).to_have_value("2")
    page.fill("[name=quantity]", "3")
    page.keyboard.press("Tab")
    expect(sums).to_contain_text(words[1])
    expect(page.locator("[name=price]")).to_be_focused()

    page.fill("[name=buyer_phone]", "600100200")
    page.keyboard.press("Tab")
    expect(page.locator("#order-known")).to_contain_text(words[0])
    page.click("#order-known button")
    expect(page.locator("[name=buyer_name]")).to_have_value("Ewa Nowak")
    expect(page.locator("[name=quantity]")).to_have_value("3")
    street = page.locator("[name=street]").input_value()

    page.fill("[name=shipping]", "12,50")
    page.fill("[name=postcode]", "123")
    expect(sums).to_contain_text(words[2])
    page.select_option("[name=payment_kind]", "cod")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#postcode-error")).to_contain_text(words[3])
    expect(page.locator("[name=postcode]")).to_be_focused()
    expect(page.locator("[name=shipping]")).to_have_value("12,50")
    expect(page.locator("[name=payment_kind]")).to_have_value("cod")
    page.fill("[name=postcode]", "00-001")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/orders/10002$"))
    order = floor.get(10002)
    assert (order.total, order.buyer_name, order.ship_to["street"], order.queue) == (
        13220, "Ewa Nowak", street, "pick")
    assert floor.stock("KUB", "A-01") == (50, 4)


# All of them -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "size", "scheme"), [
    ("pl", DESK, "dark"), pytest.param("en", PHONE, "light", marks=whole),
])
def test_axe_finds_nothing(floor, open_page, language, size, scheme):
    first = floor.order("A", {"KUB": 2, "SET": 1}, buyer_note="Proszę na prezent")
    short = floor.order("B" * 60, {"PUZ": 9}, buyer_name="Zakład Usług Leśnych " * 4)
    floor.order("C", {"KUB": 1}, ship_to=Address(name="Ewa", country="PL"))
    packed = floor.get(floor.shipment(floor.pack(floor.order("D", {"SWI": 1}))).order_id)
    page = open_page("manager", language, size=size, scheme=scheme)
    found = []
    for path in ("/orders", "/orders?country=abroad&courier=DPD&q=nothing", "/orders?queue=pack",
                 f"/orders/{short}", "/orders/10003", f"/orders/{packed.id}",
                 f"/orders/{first}/edit", "/orders/filters"):
        page.goto(path)
        found += look(page, path)
    page.goto("/orders")
    page.check("#order-10001 [data-select]")
    expect(page.locator("[data-bulk]")).to_be_visible()
    found += look_both(page, "ticked")
    page.click("[popovertarget=orders-filters]")
    expect(page.locator("#orders-filters .folds")).to_be_visible()
    found += look_both(page, "filters")
    page.goto(f"/orders/{first}")
    page.click("[popovertarget=order-more]")
    found += look_both(page, "more")
    page.click("#order-more [data-dialog=cancel]")
    page.click("#cancel summary")
    found += look_both(page, "cancel")
    page.goto("/orders/new")
    page.fill("#order-code", "PUZ")
    page.keyboard.press("Enter")
    expect(page.locator(".typed-line")).to_have_count(1)
    page.fill("[name=quantity]", "90")
    page.fill("[name=buyer_email]", "nobody")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#postcode-error")).to_be_visible()
    found += look_both(page, "refused")
    assert found == []
    with floor.works.reading(SYSTEM) as work:
        assert len(work.session.scalars(select(Order.id)).all()) == 4


def test_what_is_swapped_takes_over_no_style_that_the_policy_would_refuse(floor, open_page):
    page = open_page("sales")  # looks that the console stays clean
    page.goto("/orders/new")
    expect(page.locator("#order-code")).to_be_focused()
    page.evaluate("for (const e of document.querySelectorAll('[id]')) e.style.zoom = '1'")
    page.keyboard.type("product k", delay=10)
    page.click(".suggested")
    expect(page.locator("[name=quantity]")).to_have_value("1")
