"""Prices on screens: asked, shown as they come, bought from; lists of one's own; the cheapest."""

from __future__ import annotations

import re

import pytest
from oms_connector import ChannelDown

from oms_web.core.actor import SYSTEM
from oms_web.domain.shipping import prices, sending
from oms_web.jobs.worker import drain
from tests.screens.test_shipments import post, text_of
from tests.sync.carrier import Counting
from tests.sync.test_prices import Rating, depot  # noqa: F401


@pytest.fixture
def owner(depot, browser_as):  # noqa: F811
    return browser_as("owner")


def test_carriers_are_compared_and_the_label_is_bought_from_there(owner, depot):  # noqa: F811
    order_id = depot.order("A", {"KUB": 1})
    Rating.told["Fast"] = [("door", "15.00", 1)]
    form = owner.get(f"/orders/{order_id}/label").text
    assert f'formaction="/orders/{order_id}/prices"' in form
    wrong = post(owner, f"/orders/{order_id}/prices", part=False, typed="1", weight="0")
    assert wrong.status_code == 422
    assert 'id="weight-error"' in wrong.text
    there = post(owner, f"/orders/{order_id}/prices", part=False, typed="1", weight="2345",
                 service="").headers["Location"]
    waiting = owner.get(there)
    assert "every 1s" in waiting.text
    assert "Slow: is being asked" in text_of(waiting)
    drain(depot.oms)
    told = owner.get(there)
    assert "every 1s" not in told.text
    rows = [" ".join(re.sub(r"<[^>]+>", " ", row).split())
            for row in re.findall(r"<tr><td>.*?</tr>", told.text, re.DOTALL)]
    assert [("cheapest" in row, "fastest" in row, "PLN" in row) for row in rows] == [
        (True, True, True), (False, False, True), (False, True, True)]
    assert "Mute tells no prices" in text_of(told)
    assert "goes to a point" in rows[0]
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', told.text))
    answer = post(owner, f"/orders/{order_id}/label", part=False, **{
        name: value for name, value in fields.items() if name != "csrf_token"})
    assert answer.status_code == 303
    drain(depot.oms)
    [[(_, bought)]] = Counting.sold.values()
    assert (bought.packages[0].weight_g, bought.service) == (2345, "door")


def test_who_does_not_answer_says_why(owner, depot):  # noqa: F811
    order_id = depot.order("A", {"KUB": 1})
    Rating.told = {"Slow": ChannelDown("storm"), "Fast": []}
    there = post(owner, f"/orders/{order_id}/prices", part=False).headers["Location"]
    drain(depot.oms)
    page = text_of(owner.get(there))
    assert "Slow: storm" in page
    assert "Fast: has no price for this parcel" in page
    assert "Nothing was asked" in text_of(owner.get(f"/orders/{order_id}/prices"))


def test_a_list_of_ones_own_and_a_rule_for_the_cheapest_are_kept(owner, depot):  # noqa: F811
    mute = depot.accounts["Mute"]
    row = {"price-service": f"{mute}:door", "price-heaviest_g": "5000", "price-price": "8,50"}
    for wrong in ({"price-price": "0"}, {"price-service": f"{mute}:moon"},
                  {"price-heaviest_g": "0"}):
        assert post(owner, "/settings/shipping/prices", part=False, **row | wrong
                    ).status_code == 422
    assert post(owner, "/settings/shipping/prices", part=False, **row).status_code == 303
    order_id = depot.order("A", {"KUB": 1})
    there = post(owner, f"/orders/{order_id}/prices", part=False).headers["Location"]
    drain(depot.oms)
    assert "your price list" in text_of(owner.get(there))
    answer = post(owner, "/settings/shipping/rules", part=False, **{
        "rule-service": "cheapest", "rule-cod": "",
        "among": [f"{mute}:door", f"{depot.accounts['Slow']}:door"]})
    assert answer.status_code == 303
    assert "The cheapest: Mute · door, Slow · door" in text_of(owner.get("/settings/shipping"))
    with depot.works.reading(SYSTEM) as work:
        [rule] = sending.rules(work.session)
        assert rule.among == ((mute, "door"), (depot.accounts["Slow"], "door"))
        [kept] = prices.own_prices(work.session)
    post(owner, f"/settings/shipping/prices/{kept.id}/delete", part=False)
    with depot.works.reading(SYSTEM) as work:
        assert prices.own_prices(work.session) == []
