"""The floor in a real browser: the station driven as a scanner does, the walk on a phone, axe."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.domain.company import service as company
from oms_web.domain.fulfilment.models import PackScan
from oms_web.domain.orders.cancelling import cancel_order
from oms_web.domain.orders.service import get_order
from oms_web.flows import order_edit
from tests.conftest import PASSWORD
from tests.floor import EANS, Floor
from tests.journeys import looking
from tests.sizes import size as sized

pytestmark = pytest.mark.browser

PHONE = (390, 844)
SLOW_FINGER = 400  # ms


@pytest.fixture
def floor(works):
    return Floor(works)


def scan(page, code, delay=4):
    """What a scanner does: the code, key by key and very fast, then Enter."""
    page.keyboard.type(str(code), delay=delay)
    page.keyboard.press("Enter")


def burst(page, code):
    """The same, all keys at once: however busy this machine is, none of them looks like a finger's.
    """
    page.evaluate("""code => [...code, "Enter"].forEach((key) => document.body.dispatchEvent(
        new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })))""", str(code))


def heard(page, name):
    expect(page.locator(f"html[data-last-sound={name}]")).to_be_attached()


def results(floor):
    with floor.works.reading(SYSTEM) as work:
        return work.session.scalars(select(PackScan.result).order_by(PackScan.id)).all()


@pytest.mark.parametrize(("language", "said"), [
    ("en", ["Right", "Not in this order", "One too many", "Nobody knows this code", "Packed"]),
    ("pl", ["Zgadza się", "Nie z tego zamówienia", "O jedną za dużo", "Nieznany kod", "Spakowane"]),
])
def test_a_scanner_packs_an_order_to_its_label_and_takes_the_next(floor, open_page, language, said):
    order_id = floor.order("A", {"KUB": 1, "PUZ": 1}, carrier="InPost")
    second = floor.order("B", {"SWI": 1})
    page = open_page("warehouse", language)
    page.goto("/packing")
    scan(page, order_id)
    page.wait_for_url("**/packing/1")
    for code, words, sound in ((EANS["KUB"], said[0], "ok"), (EANS["SWI"], said[1], "wrong"),
                               (EANS["KUB"], said[2], "extra"), ("RUBBISH-1", said[3], "unknown"),
                               (EANS["PUZ"], said[4], "closed")):
        scan(page, code)
        expect(page.locator(".band-kicker")).to_contain_text(words)
        heard(page, sound)
        expect(page.locator("#scan-live")).to_contain_text(words)
    assert floor.get(order_id).queue == "courier"
    scan(page, "628011920045118377001234")
    expect(page.locator("[name=number-1]")).to_have_value("628011920045118377001234")
    page.wait_for_timeout(SLOW_FINGER)
    page.keyboard.press("Enter")
    page.wait_for_url("**/packing/2")
    assert floor.shipment(2).order_id == second


def test_ten_orders_are_packed_by_scanner_and_scale_alone(floor, open_page):
    """What a packer does all day: an order's number, its units, the weight, a note now and then."""
    with floor.works.writing(SYSTEM) as work:
        company.change(work, {"weighs": True, "packaging_g": 100})
    lines = [{"KUB": 1}, {"SWI": 1}, {"PUZ": 1}, {"KUB": 2}, {"KUB": 1, "SWI": 1}] * 2
    grams = {"KUB": 250, "SWI": 120, "PUZ": 900}
    orders = [floor.order(f"T{n}", wanted) for n, wanted in enumerate(lines)]
    with floor.works.writing(SYSTEM) as work:
        order_edit.add_note(work, orders[3], "Put the leaflet in", for_packer=True)
    page = open_page("packer")
    page.goto("/packing")
    for order_id, wanted in zip(orders, lines, strict=True):
        codes = [EANS[sku] for sku, units in wanted.items() for _ in range(units)]
        for code in (order_id, *codes):
            burst(page, code)
        if order_id == orders[3]:
            expect(page.locator(".band.before")).to_contain_text("Put the leaflet in")
            page.wait_for_timeout(SLOW_FINGER)
            page.keyboard.press("Enter")
        expect(page.locator(".scan-target b")).to_have_text("Put the parcel on the scale")
        weight = 100 + sum(grams[sku] * units for sku, units in wanted.items())
        burst(page, f"ST,GS,+ {weight / 1000:.3f}kg")
        expect(page.locator(".band-title")).to_have_text(
            f"The parcel of order {order_id} is complete")
    assert [floor.get(order_id).queue for order_id in orders] == ["courier"] * 10
    assert results(floor) == ["ok"] * sum(sum(wanted.values()) for wanted in lines)


def test_scans_faster_than_the_server_are_all_counted_in_their_order(floor, open_page):
    order_id = floor.order("A", {"KUB": 8, "SWI": 3, "SET": 1})
    page = open_page("warehouse")
    page.goto("/packing")
    for code in [order_id, *["KUB"] * 8, EANS["SWI"], "5900000000022", EANS["SWI"], EANS["SWI"]]:
        scan(page, code, delay=0)
    expect(page.locator(".boxes")).to_be_visible(timeout=20_000)
    assert results(floor) == ["ok"] * 12
    assert floor.shipment(1).state == "packed"


def test_scans_wait_for_a_server_that_is_away_and_are_counted_once(floor, live, chromium,
                                                                  open_page):
    order_id = floor.order("A", {"KUB": 3, "PUZ": 1})
    open_page("warehouse")  # its own pages must see no network errors, so this one is not used
    context = chromium.new_context(base_url=live)
    page = context.new_page()
    page.goto("/sign-in")
    page.fill("[name=email]", "warehouse@example.test")
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.goto("/packing")
    scan(page, order_id)
    page.wait_for_url("**/packing/1")
    failures = []

    def fail(route):
        failures.append(route.request.post_data)
        if len(failures) == 1:  # the server counts it, but its answer is lost
            route.fetch()
        route.abort() if len(failures) < 3 else route.continue_()

    page.route("**/packing/1/scan", fail)
    for _ in range(3):
        scan(page, EANS["KUB"])
    expect(page.locator("[data-offline]")).to_be_visible()
    expect(page.locator("[data-waiting]")).to_have_text("3")
    expect(page.locator("[data-offline]")).to_be_hidden(timeout=15_000)
    expect(page.locator(".pack-row.full .pack-title")).to_have_text("Product KUB")
    assert results(floor) == ["ok", "ok", "ok"]
    keys = [re.search(r"key=(\w+)", body)[1] for body in failures]
    assert len(set(keys[:3])) == 1
    assert len(set(keys)) == 3
    context.close()


def test_a_finger_presses_buttons_and_a_scanner_never_does(floor, open_page):
    order_id = floor.order("A", {"KUB": 2, "PUZ": 2})
    page = open_page("warehouse")
    page.goto("/packing")
    scan(page, order_id)
    page.wait_for_url("**/packing/1")
    page.keyboard.press("1")  # alone: confirm without a scan
    expect(page.locator(".band-title")).to_have_text("Product KUB")
    expect(page.locator(".band-kicker")).to_contain_text("Confirmed without a scan")
    scan(page, "12345")  # the same keys from a scanner: a code
    expect(page.locator(".band-kicker")).to_contain_text("Nobody knows")
    page.keyboard.press("u")
    page.wait_for_timeout(SLOW_FINGER)
    page.keyboard.press("2")
    expect(page.locator(".band.ask")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".band.ask")).to_have_count(0)
    page.locator("a.pack-title", has_text="Product PUZ").click()
    expect(page.locator(".pack-row.current .pack-title")).to_have_text("Product PUZ")
    page.keyboard.press("1")
    expect(page.locator(".band-title")).to_have_text("Product PUZ")
    page.keyboard.press("5")
    page.wait_for_url("**/packing")
    assert floor.shipment(1).station == ""


def test_a_code_typed_by_hand_stays_in_its_field(floor, open_page):
    order_id = floor.order("A", {"KUB": 2})
    page = open_page("warehouse")
    page.goto("/packing")
    page.fill("#scan-code", str(order_id))
    page.keyboard.press("Enter")
    page.wait_for_url("**/packing/1")
    expect(page.locator("#scan-code")).to_be_focused()
    page.keyboard.type("KUB", delay=SLOW_FINGER)
    page.keyboard.press("Enter")
    expect(page.locator(".band.ok")).to_be_visible()
    assert results(floor) == ["ok"]


def test_a_cancelled_order_stops_the_packer_without_a_scan(floor, open_page):
    order_id = floor.order("A", {"KUB": 2})
    page = open_page("warehouse")
    page.goto("/packing")
    scan(page, EANS["KUB"])
    page.wait_for_url("**/packing/1")
    with floor.works.writing(SYSTEM) as work:
        cancel_order(work, get_order(work.session, order_id), by="buyer")
    expect(page.locator(".band.stop")).to_be_visible(timeout=12_000)
    heard(page, "stop")
    page.keyboard.press("Enter")
    page.wait_for_url("**/packing")
    assert floor.shipment(1).state == "cancelled"


def test_a_walk_on_a_phone_by_taps_and_scans(floor, open_page):
    floor.order("A", {"KUB": 2, "PUZ": 1})
    floor.order("B", {"PUZ": 2})
    page = open_page("warehouse", size=PHONE)
    page.goto("/picking")
    page.get_by_role("button", name="Start picking").click()
    page.wait_for_url("**/picking/lists/1")
    expect(page.locator(".stop-bin")).to_have_text(["A-01", "A-02"])
    page.locator(".stop-row.current").get_by_role("button", name="Took 2").click()
    expect(page.locator(".stop-row.current .stop-bin")).to_have_text("A-02")
    scan(page, EANS["SWI"])
    heard(page, "wrong")
    page.locator(".stop-row.current").get_by_role("link", name="Too few").click()
    page.fill("[name=missing]", "1")
    page.get_by_role("button", name="Do so").click()
    expect(page.locator(".walk-said")).to_contain_text("waits for goods")
    page.get_by_role("button", name="It is put back").click()
    expect(page.get_by_text("The pick list is done")).to_be_visible()
    with floor.works.reading(SYSTEM) as work:
        assert {get_order(work.session, n).queue for n in (10001, 10002)} == {"pack", "short"}


def test_a_picker_who_scans_each_unit_and_one_more_stays_on_the_walk(floor, open_page):
    floor.order("A", {"KUB": 2, "PUZ": 1})
    waiting = floor.order("B", {"PUZ": 1})
    page = open_page("warehouse")
    page.goto("/picking")
    page.fill("#many", "1")
    page.get_by_role("button", name="Start picking").click()
    page.wait_for_url("**/picking/lists/1")
    for code, sound in (("KUB", "ok"), ("KUB", "ok"), ("KUB", "extra"), ("PUZ", "closed"),
                        ("PUZ", "extra"), (EANS["PUZ"], "extra")):
        scan(page, code)
        heard(page, sound)
    expect(page.locator(".walk-said")).to_contain_text("This list is collected already")
    page.keyboard.press("Enter")
    page.wait_for_timeout(SLOW_FINGER)
    assert page.url.endswith("/picking/lists/1")
    assert floor.get(waiting).phase == "open"
    assert results(floor) == []


def test_surplus_scans_and_a_second_enter_open_no_other_parcel(floor, open_page):
    floor.order("A", {"KUB": 2})
    other = floor.order("B", {"KUB": 1})
    page = open_page("warehouse")
    page.goto("/packing")
    for _ in range(4):
        scan(page, "KUB", delay=0)
        page.keyboard.press("Enter")
    expect(page.locator(".band-kicker")).to_contain_text("One too many for the parcel just closed")
    page.wait_for_timeout(SLOW_FINGER)
    assert (floor.get(other).phase, results(floor)) == ("open", ["ok", "ok"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/packing/2")
    assert (floor.shipment(2).state, results(floor)) == ("packed", ["ok", "ok", "ok"])


def test_orders_are_ticked_with_the_keyboard_and_handed_over(floor, open_page):
    for name in "ABC":
        floor.pack(floor.order(name, {"KUB": 1}))
    page = open_page("warehouse")
    page.goto("/shipments")
    for keys in ("j", "x", "j", "x", "s"):
        page.keyboard.press(keys)
    expect(page.locator("#toasts")).to_contain_text("2 shipments left.")
    assert [floor.shipment(n).state for n in (1, 2, 3)] == ["shipped", "shipped", "packed"]
    page.locator("#shipment-3 [name=number]").fill("0000123456789U")
    page.keyboard.press("Enter")
    expect(page.locator("#shipment-3 [name=carrier]")).to_have_value("DPD")
    page.locator("#shipment-3").get_by_role("button", name="Hand over").click()
    expect(page.locator("#shipment-3 .badge")).to_contain_text("on the road")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#shipment-3 .badge")).to_contain_text("packed")
    assert floor.shipment(3).state == "packed"


@pytest.mark.parametrize(("scheme", "language", "size"), [
    ("dark", "pl", PHONE), ("light", "pl", (1440, 900)), ("light", "en", PHONE),
][:sized(1, 3)])
def test_axe_finds_nothing(floor, open_page, scheme, language, size):
    first = floor.order("A", {"KUB": 2, "SET": 1}, buyer_note="Prezent", carrier="DPD")
    floor.order("B", {"PUZ": 2, "KUB": 1})
    packed = floor.pack(floor.order("C", {"SWI": 1}))
    page = open_page("manager", language, size=size, scheme=scheme)
    found = []

    def look(where):
        found.extend(looking.look_both(page, where))

    for path in ("/picking", "/picking?carrier=none", "/packing", "/shipments",
                 "/shipments?view=delivered", "/shipments?q=1", f"/packing/{packed}"):
        page.goto(path)
        found += looking.look(page, path)
    page.goto("/picking")
    page.click("#next-many button")
    page.wait_for_url("**/picking/lists/1")
    look("walk")
    page.locator(".stop-acts a").first.click()
    page.wait_for_selector(".stop-short")
    look("short")
    page.goto("/picking/lists/1")
    scan(page, EANS["KUB"])
    page.wait_for_selector(".walk-said.ok")
    look("taken")
    page.goto("/packing")
    scan(page, first)
    page.wait_for_selector(".pack-rows")
    look("open")
    for code, tone in ((EANS["KUB"], "ok"), (EANS["PUZ"], "bad")):
        scan(page, code)
        page.wait_for_selector(f".band.{tone}")
        look(tone)
    page.keyboard.press("3")
    page.wait_for_selector(".band.ask")
    look("ask")
    page.keyboard.press("Escape")
    page.wait_for_selector(".scan-box")
    with floor.works.writing(SYSTEM) as work:
        cancel_order(work, get_order(work.session, first), by="buyer")
    scan(page, EANS["KUB"])
    page.wait_for_selector(".band.stop")
    look("stop")
    assert found == [], found
