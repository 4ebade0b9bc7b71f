"""Rules in a real browser: written, rehearsed, switched on, and why one did not act."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from sqlalchemy import select

from oms_web.automation import running
from oms_web.core.actor import SYSTEM
from oms_web.domain.automation import macros, rules
from oms_web.domain.automation.models import Rule
from oms_web.domain.channels.models import ChannelAccount
from oms_web.flows.order_in import take_in
from tests import factories as make
from tests.conftest import TESTER
from tests.journeys.looking import look, wide
from tests.screens.shelves import MUG, open_shop

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def shop(works):
    return open_shop(works)


def come(shop, ref, country):
    with shop.works.writing(SYSTEM) as work:
        return take_in(work, work.session.get_one(ChannelAccount, shop.account_id), [
            make.order(ref, {MUG: 1}, placed_at=work.now,
                       ship_to=replace(make.WARSAW, country=country))]).order_ids[0]


def test_a_rule_is_written_rehearsed_switched_on_and_explained(shop, open_page):
    german = come(shop, "B1", "DE")
    page = open_page()
    page.goto("/rules")
    page.keyboard.press("a")
    page.wait_for_url("**/rules/new")
    page.fill("#rule-name", "Abroad")
    page.focus("button[value='test:0']")
    page.keyboard.press("Enter")
    page.select_option("#f-0-0", "country")
    page.wait_for_selector("#t-0-0 option[value=in]", state="attached")
    page.select_option("#v-0-0", "DE")
    page.wait_for_selector(".tick-chip")
    page.fill("#then-0-tag", "abroad")
    page.locator("#then-0-tag").blur()
    page.wait_for_selector(".rule-sentence:has-text('abroad')")
    assert "country is Germany: put on the tag abroad." in " ".join(
        page.inner_text(".rule-sentence").split())
    assert look(page, "editor") == []
    page.click("#rule-lab button:has-text('Rehearse')")
    page.wait_for_selector(f".rule-tried a:has-text('{german}')")
    assert look(page, "lab") == []
    page.click("#rule-lab button:has-text('Switch on')")
    page.wait_for_selector("text=Kept and switched on.")
    polish = come(shop, "B2", "PL")
    running.run(shop.works, lambda done, total: None)
    page.goto(f"/orders/{polish}#rules")
    page.click("#rules summary")
    assert "country is Poland, not Germany" in page.inner_text("#rules")
    assert look(page, "card") == []
    page.goto("/rules")
    page.fill("#find", "")
    assert look(page, "list") == []


@pytest.mark.skipif(not os.environ.get("LOOK"), reason="pictures for people: LOOK=folder")
@pytest.mark.parametrize("language", ["en", "pl"])
def test_pictures(shop, open_page, language):
    one = come(shop, "B1", "DE")
    with shop.works.writing(TESTER) as work:
        for name, state in (("Za granicę DPD, a gdy ciężkie, to osobno", "on"), ("Druga", "off"),
                            ("Trzecia", "shadow")):
            rule = rules.create(work, {
                "name": name, "trigger": "came", "otherwise": [["hold", {"reason": "Zobacz"}]],
                "then": [["tag", {"tag": "zagranica"}], ["delivery", {"carrier": "DPD"}],
                         ["note", {"text": "Sprawdź cło"}]],
                "when": {"all": [
                    {"field": "country", "test": "not_in", "value": ["PL", "CZ"]},
                    {"any": [{"field": "total", "test": "ge", "value": "5"},
                             {"field": "weekday", "test": "in", "value": ["6", "7"]},
                             {"not": {"any": [{"field": "skus", "test": "any",
                                               "value": ["KUB-BIA", "KOC-1"]}]}}]}]}})
            rules.switch(work, rule.id, state)
        rules.stop(work, 1, "loop")
        macros.create(work, {"name": "Prezent", "key": "7", "barcode": "MAKRO-1", "icon": "gift",
                             "steps": [["tag", {"tag": "prezent"}]], "on_card": True})
    come(shop, "B2", "DE")
    running.run(shop.works, lambda done, total: None)
    for size in ((390, 844), (1440, 900)):
        for scheme in os.environ.get("SCHEMES", "light").split(","):
            page = open_page(language=language, size=size, scheme=scheme)
            for name, address in (
                ("list", "/rules"), ("editor", "/rules/1"), ("new", "/rules/new"),
                ("versions", "/rules/1/versions"), ("runs", "/rules/3/runs"), ("home", "/"),
                ("macros", "/macros"), ("macro", "/macros/1"), ("card", f"/orders/{one + 1}"),
            ):
                page.goto(address)
                assert wide(page, f"{name} at {size}") == []
                page.screenshot(path=f"{os.environ['LOOK']}/{name}-{size[0]}-{language}-{scheme}"
                                     ".png", full_page=True)
            page.goto("/rules/1")
            page.click("#rule-lab .btn >> nth=0")
            page.wait_for_selector("#rule-lab .figure-value")
            assert wide(page, f"lab at {size}") == []
            page.screenshot(path=f"{os.environ['LOOK']}/lab-{size[0]}-{language}-{scheme}.png",
                            full_page=True)
    assert sorted(shop.ask(select(Rule.id))) == [1, 2, 3]
