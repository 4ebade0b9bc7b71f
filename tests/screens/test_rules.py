"""Rules on screen: written, refused at their fields, rehearsed, switched, explained, taken back."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
from sqlalchemy import select

from oms_web.automation import running
from oms_web.core.actor import SYSTEM, Actor
from oms_web.domain.automation import rules
from oms_web.domain.automation.models import Rule, RuleRun, RuleVersion
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders import labels
from oms_web.domain.orders.models import Order, OrderTag, Tag
from oms_web.flows import order_edit
from oms_web.flows.order_in import take_in
from oms_web.jobs import worker
from tests import factories as make
from tests.screens.shelves import MUG, PART, open_shop, text_of
from tests.sync.channel import Clock

ANNA = Actor("user", "Anna", 7)


@pytest.fixture
def shop(works):
    works.clock = Clock(make.NOON)
    return open_shop(works)


@pytest.fixture
def owner(shop, browser_as):
    return browser_as("owner")


def order(shop, ref, country="PL", **values):
    shop.works.clock.forward(seconds=5)
    with shop.works.writing(SYSTEM) as work:
        return take_in(work, work.session.get_one(ChannelAccount, shop.account_id), [
            make.order(ref, {MUG: 1}, ship_to=replace(make.WARSAW, country=country), **values)
        ]).order_ids[0]


def write(shop, name="Abroad", state="on", **values):
    shop.works.clock.forward(seconds=5)
    with shop.works.writing(ANNA) as work:
        rule = rules.create(work, {
            "name": name, "trigger": "came", "then": [["tag", {"tag": "abroad"}]],
            "when": {"all": [{"field": "country", "test": "in", "value": ["DE", "AT"]}]},
            **values})
        rules.switch(work, rule.id, state)
        return rule.id


def asked(shop):
    return running.run(shop.works, lambda done, total: None)


def tags(shop, order_id):
    return set(shop.ask(select(Tag.name).join(OrderTag).where(OrderTag.order_id == order_id)))


FORM = {
    "rule": "", "name": "Abroad", "trigger": "came", "k:0": "all", "node": ["0.0", "0.1", "0.1.0"],
    "k:0.0": "test", "f:0.0": "country", "t:0.0": "in", "v:0.0": ["DE"], "add:0.0": "AT",
    "k:0.1": "none", "k:0.1.0": "test", "f:0.1.0": "total", "t:0.1.0": "lt", "v:0.1.0": "10",
    "then": ["0"], "then-0-act": "tag", "then-0-tag": "abroad", "most_per_hour": "1000",
}


def test_a_rule_is_written_from_the_form_and_read_back(shop, owner):
    answer = owner.post("/rules/new", data=FORM)
    assert answer.status_code == 303, text_of(answer)
    [rule] = shop.ask(select(Rule))
    assert rule.when == {"all": [
        {"field": "country", "test": "in", "value": ["DE", "AT"]},
        {"not": {"any": [{"field": "total", "test": "lt", "value": "10"}]}}]}
    assert (rule.then, rule.state) == ([["tag", {"tag": "abroad"}]], "off")
    assert sentence(owner.get(f"/rules/{rule.id}")) == (
        "When an order comes in and country is Germany or Austria and not (total is less than 10):"
        " put on the tag abroad.")
    assert sentence(owner.get("/rules"), "rule-says").startswith("When an order comes in and")
    # Saved again as it is drawn, nothing changes.
    again = owner.post(f"/rules/{rule.id}", data=drawn(owner.get(f"/rules/{rule.id}")))
    assert again.status_code == 303
    assert [row.version for row in shop.ask(select(RuleVersion))] == [1]


def sentence(answer, of="rule-sentence"):
    """What a rule says, without its marks."""
    found = re.search(rf'<p class="[^"]*{of}[^"]*"[^>]*>(.*?)</p>', answer.get_data(as_text=True))
    return unescape(re.sub(r"<[^>]+>", "", found[1])).strip()


def drawn(answer):
    """The editor's form as a browser would send it back."""
    page = answer.get_data(as_text=True)
    form = page[page.index('id="rule-editor"'):]
    form = form[:form.index("</form>")]
    data: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        kind = re.search(r'type="(\w+)"', tag)
        if kind and kind[1] in ("checkbox", "radio") and " checked" not in tag:
            continue
        name, value = re.search(r' name="([^"]*)"', tag), re.search(r' value="([^"]*)"', tag)
        data.setdefault(name[1], []).append(unescape(value[1]) if value else "")
    for name, inside in re.findall(r'<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        options = re.findall(r'<option value="([^"]*)"( selected)?', inside)
        data.setdefault(name, []).append(unescape(next(
            (value for value, on in options if on), options[0][0])))
    return data


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_kept(shop, owner):
    answer = owner.post("/rules/new", data=FORM | {
        "name": "", "v:0.0": [], "add:0.0": "-", "v:0.1.0": "much", "then-0-tag": "",
        "most_per_hour": "0", "trigger": "daily", "every": "24"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    for field in ("rule-name", "v-0-0", "v-0-1-0", "then-0-tag", "rule-most", "rule-every"):
        assert f'id="{field}-error"' in page, field
        assert f'aria-describedby="{field}-error"' in page, field
    assert shop.ask(select(Rule)) == []
    owner.post("/rules/new", data=FORM)
    assert "Another rule has this name." in text_of(owner.post("/rules/new", data=FORM))


@pytest.mark.parametrize(("press", "nodes", "steps"), [
    ("test:0", ["0.0", "0.1", "0.1.0", "0.2"], 1), ("group:0.1", ["0.0", "0.1", "0.1.0", "0.1.1",
                                                                  "0.1.1.0"], 1),
    ("drop:0.0", ["0.0", "0.0.0"], 1), ("drop:0", ["0.0", "0.1", "0.1.0"], 1),
    ("step:then", ["0.0", "0.1", "0.1.0"], 2), ("drop:then.0", ["0.0", "0.1", "0.1.0"], 0),
    ("drop:then.9", ["0.0", "0.1", "0.1.0"], 1), ("nonsense", ["0.0", "0.1", "0.1.0"], 1),
])
def test_buttons_of_the_editor_redraw_it_without_keeping_anything(shop, owner, press, nodes, steps):
    for headers in ({}, PART):
        answer = owner.post("/rules/draft", data=FORM | {"do": press}, headers=headers)
        sent = drawn(answer)
        assert answer.status_code == 200
        assert (sent["node"], len(sent.get("then", []))) == (nodes, steps)
        assert ("<html" in answer.get_data(as_text=True)) == (not headers)
    assert shop.ask(select(Rule)) == []


def test_another_field_forgets_the_value_of_the_one_before(shop, owner):
    sent = drawn(owner.post("/rules/draft", data=FORM | {"f:0.0": "units", "was:0.0": "country"}))
    assert (sent["t:0.0"], sent["v:0.0"]) == (["eq"], [""])


def test_a_rule_is_rehearsed_and_changes_nothing(shop, owner):
    german, polish = order(shop, "B1", "DE"), order(shop, "B2", "PL")
    other = write(shop, "Off again", then=[["untag", {"tag": "abroad"}]])
    words = text_of(owner.post("/rules/lab", data=FORM | {"days": "7"}))
    assert "1 order fits; 5 events were asked about" in words
    assert f"What would change, as the orders are today {german} put on the tag abroad" in words
    assert "Against the rule Off again" in words
    assert "4 country is Germany or Austria" in words
    assert tags(shop, german) == tags(shop, polish) == set()
    assert [rule.id for rule in shop.ask(select(Rule))] == [other]
    assert shop.ask(select(RuleRun)) == []


def test_a_long_rehearsal_is_for_a_worker(shop, owner, oms, monkeypatch):
    monkeypatch.setattr("oms_web.automation.rehearsing.LITTLE", 1)
    german = order(shop, "B1", "DE")
    answer = owner.post("/rules/lab", data=FORM)
    address = re.search(r'hx-get="(/rules/lab/\d+)"', answer.get_data(as_text=True))[1]
    assert "a worker does it" in text_of(owner.get(address))
    worker.drain(oms)
    words = text_of(owner.get(address, headers=PART))
    assert f"{german} put on the tag abroad" in words


def test_a_changed_wording_says_how_many_more_and_fewer_it_chooses(shop, owner):
    for n, country in enumerate(("DE", "CZ", "CZ")):
        order(shop, f"B{n}", country)
    rule = write(shop)
    words = text_of(owner.post("/rules/lab", data=FORM | {
        "rule": str(rule), "v:0.0": ["CZ"], "add:0.0": "-"}))
    assert "2 orders fit" in words
    assert "The saved rule fits 1; with your changes: +2 −1" in words


def test_the_card_says_what_ran_and_why_the_others_did_not_and_takes_a_run_back(shop, owner):
    here = {"all": [{"field": "country", "test": "in", "value": ["PL"]}]}
    acting = write(shop, "Home", when=here, then=[["tag", {"tag": "home"}]])
    write(shop)
    write(shop, "Heavy", when={"all": [{"field": "units", "test": "gt", "value": "5"}]})
    one = order(shop, "B1", "PL")
    assert asked(shop) == 1
    words = text_of(owner.get(f"/orders/{one}"))
    assert "Home Put on a tag done Take back" in words
    assert "2 rules did nothing" in words
    assert "Abroad country is Poland, not Germany or Austria" in words
    assert "Heavy number of units: 1; the rule wants: is more than 5" in words
    [run] = shop.ask(select(RuleRun))
    assert owner.post(f"/rules/runs/{run.id}/undo").status_code == 303
    assert tags(shop, one) == set()
    assert owner.post(f"/rules/runs/{run.id}/undo").status_code == 409
    assert "taken back" in text_of(owner.get(f"/rules/{acting}/runs"))


def test_why_not_is_asked_of_one_order(shop, owner):
    rule = write(shop, state="off")
    one = order(shop, "B1", "PL")
    words = text_of(owner.get(f"/rules/{rule}/why?order={one}", headers=PART))
    assert "country is Germany or Austria here: Poland" in words
    assert "does not fit" in words
    assert owner.get(f"/rules/{rule}/why?order=999999").status_code == 404


def test_it_is_switched_moved_and_put_away_and_each_version_is_kept(shop, owner):
    first, second = write(shop, "A"), write(shop, "B", state="off")
    owner.post(f"/rules/{second}/move/up")
    owner.post(f"/rules/{first}/switch", data={"state": "shadow", "back": "list"})
    rows = {rule.id: rule for rule in shop.ask(select(Rule))}
    assert (rows[second].position, rows[first].position, rows[first].state) == (1, 2, "shadow")
    assert owner.post(f"/rules/{first}/switch", data={"state": "sometimes"}).status_code == 422
    owner.post(f"/rules/{first}", data=FORM | {"name": "A", "rule": str(first), "state": "on"})
    words = text_of(owner.get(f"/rules/{first}/versions"))
    assert "Version 2 Owner" in words
    assert "conditions country is Germany or Austria country is Germany or Austria and not (total" \
        in words
    assert owner.post(f"/rules/{first}/archive").status_code == 409
    assert owner.post(f"/rules/{second}/archive").status_code == 303
    assert ">B<" not in owner.get("/rules").get_data(as_text=True)


def test_a_rule_that_goes_in_circles_is_stopped_and_shown(shop, owner):
    rule = write(shop, "Round", trigger="tagged", when={"all": []}, then=[
        ["untag", {"tag": "x"}], ["tag", {"tag": "x"}]])
    one = order(shop, "B1")
    with shop.works.writing(ANNA) as work:
        order_edit.add_tag(work, one, "y")
    for _ in range(12):
        shop.works.clock.forward(seconds=5)
        asked(shop)
    assert "Rule Round stopped itself" in text_of(owner.get("/"))
    assert "It went in circles" in text_of(owner.get("/rules"))
    words = text_of(owner.get(f"/rules/{rule}"))
    assert "The rule stopped itself" in words
    assert "it sets itself off" in words


def test_what_failed_and_what_clashes_is_shown(shop, owner):
    with shop.works.writing(SYSTEM) as work:
        away = labels.create_status(work, {"name": "Gone", "phase": "shipped",
                                           "color": "#112233"}).id
    failing = write(shop, "Failing", when={"all": []}, then=[["status", {"status": away}]],
                    on_failure="go_on")
    write(shop, "On", when={"all": []}, then=[["tag", {"tag": "x"}]])
    write(shop, "Off", when={"all": []}, then=[["untag", {"tag": "x"}]])
    one = order(shop, "B1")
    asked(shop)
    words = text_of(owner.get("/rules"))
    assert "Against Off on 1 order" in words
    assert "1 failed" in words
    assert "Rule Failing could not act · 1 order" in text_of(owner.get("/"))
    assert "Gone" in text_of(owner.get(f"/rules/{failing}/runs?outcome=failed"))
    assert shop.ask(select(Order.phase).where(Order.id == one)) == ["open"]


def test_sales_may_look_and_the_floor_may_not(shop, browser_as):
    rule = write(shop)
    sales = browser_as("sales")
    page = sales.get(f"/rules/{rule}").get_data(as_text=True)
    assert "<fieldset class=\"card plain-set\" disabled>" in page
    assert sales.post("/rules/new", data=FORM).status_code == 403
    assert browser_as("warehouse").get("/rules").status_code == 403
