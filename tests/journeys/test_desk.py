"""An hour at the order desk, by keyboard alone: find, hold, split, merge, many at once, and a
rule that is written, rehearsed, switched on and asked why it did nothing.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update

from oms_web.automation import running
from oms_web.core.actor import SYSTEM
from oms_web.domain.catalog.models import Variant
from oms_web.domain.orders.models import OrderSplit
from oms_web.jobs.worker import drain
from tests import factories as make
from tests.floor import Floor
from tests.journeys.looking import Walk
from tests.sizes import size as sized

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("language", "size", "scheme"), [
    ("pl", (1440, 900), "dark"), ("en", (390, 844), "light"),
    ("en", (1440, 900), "light"), ("pl", (390, 844), "dark"),
][:sized(1, 4)])
def test_an_hour_at_the_desk(works, oms, open_page, language, size, scheme):
    floor = Floor(works, cups=(50, 50))
    with works.writing(SYSTEM) as work:
        work.session.execute(update(Variant).where(Variant.sku == "PUZ").values(
            search=" puz puzzle drewniane "))
    one, two = floor.order("A", {"KUB": 3}), floor.order("B", {"PUZ": 1})
    many = [floor.order(name, {"SWI": 1}, buyer_name=f"Jan {name}",
                        ship_to=replace(make.WARSAW, street=f"Krzywa {name}")) for name in "CD"]
    page = open_page("owner", language, size=size, scheme=scheme)
    walk = Walk(page, f"{language}-{size[0]}", both=True)
    _found_held_and_merged(walk, floor, one, two)
    _split_and_joined(walk, works, one)
    _many_at_once(walk, oms, floor, many)
    _a_rule_that_did_nothing(walk, floor)
    assert walk.wrong == []


def _found_held_and_merged(walk, floor, one, two):
    page = walk.page
    page.goto("/orders")
    page.locator("#find").focus()
    page.keyboard.type("drewniane")
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders?q=drewniane")
    assert page.locator("[data-row] [data-open]").all_inner_texts() == [str(two)]
    page.goto(f"/orders/{one}")
    walk.press(f"form[action='/orders/{one}/together'] button")
    expect(page.locator("#kin")).to_contain_text(str(two))
    page.goto(f"/orders/{two}")
    page.keyboard.press("h")
    page.fill("#hold #reason", "kupujący oddzwoni")
    page.keyboard.press("Enter")
    expect(page.locator("#hold-manual")).to_contain_text("kupujący oddzwoni")
    page.goto(f"/orders/{one}")
    walk.see("held by another")
    page.keyboard.press("Enter")  # the next step leads to what is to blame
    page.wait_for_url(f"**/orders/{two}")
    page.keyboard.press("Enter")
    expect(page.locator("#hold-manual")).to_have_count(0)
    walk.press(f"form[action='/orders/{two}/apart'] button")
    expect(page.locator("#kin")).to_have_count(0)
    assert [floor.get(order).queue for order in (one, two)] == ["pick", "pick"]


def _split_and_joined(walk, works, one):
    page = walk.page
    page.goto(f"/orders/{one}/split")
    page.locator("input[name^=split-]").fill("2")
    walk.see("split")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/orders/{one}")
    with works.reading(SYSTEM) as work:
        part = work.session.scalars(select(OrderSplit.order_id)).one()
    expect(page.locator("#kin")).to_contain_text(str(part))
    walk.see("parts")
    walk.press(f"form[action='/orders/{part}/join'] button")
    page.wait_for_url(f"**/orders/{one}")
    expect(page.locator(f"form[action='/orders/{part}/join']")).to_have_count(0)


def _many_at_once(walk, oms, floor, many):
    page = walk.page
    page.goto("/orders?q=jan")
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    expect(page.locator("[data-bulk-count]")).to_have_text("2")
    page.keyboard.press("t")
    page.fill("#bulk-tag-name", "prezent")
    page.keyboard.press("Enter")
    band = page.locator("#change-band")
    expect(band).to_be_visible()
    drain(oms)
    expect(page.locator("#change-band form[action$='/undo'] button")).to_be_visible()
    walk.see("many")
    page.keyboard.press("u")
    expect(page.locator("#change-band a[href='/changes/2']")).to_be_visible()
    drain(oms)
    page.goto(f"/orders/{many[0]}/message")
    walk.see("message")
    page.goto(f"/orders/{many[0]}")
    assert "prezent" not in page.locator(".tags, #tags").all_inner_texts()


def _a_rule_that_did_nothing(walk, floor):
    page = walk.page
    page.goto("/rules/new")
    page.fill("#rule-name", "Abroad")
    walk.press("button[value='test:0']")
    page.select_option("#f-0-0", "country")
    page.wait_for_selector("#t-0-0 option[value=in]", state="attached")
    page.select_option("#v-0-0", "DE")
    page.wait_for_selector(".tick-chip")
    page.fill("#then-0-tag", "abroad")
    page.keyboard.press("Tab")
    page.wait_for_selector(".rule-sentence:has-text('abroad')")
    walk.press("#rule-lab button[formaction$='/rules/lab']")
    page.wait_for_selector("#rule-lab button[value=on]")
    walk.see("rehearsed")
    walk.press("#rule-lab button[value=on]")
    page.wait_for_url(re.compile(r"/rules/\d+$"))
    fresh = floor.order("E", {"SWI": 1}, buyer_name="Jan E")
    running.run(floor.works, lambda done, total: None)
    page.goto(f"/orders/{fresh}#rules")
    walk.press("#rules summary")
    expect(page.locator("#rules")).to_contain_text("Abroad")
    walk.see("why not")
