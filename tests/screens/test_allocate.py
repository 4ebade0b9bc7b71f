"""Sending from another warehouse on the card, in bulk and by rules; and SKUs that run low."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select, update

from oms_web.automation import rehearsing
from oms_web.core.actor import SYSTEM
from oms_web.domain.automation.models import Batch
from oms_web.domain.catalog.models import Variant
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.company.models import Company
from oms_web.domain.stock import running_low
from tests import factories as make
from tests.floor import Floor


@pytest.fixture
def floor(works):
    """Ten cups in one warehouse and two in the other."""
    made = Floor(works)
    with works.writing(SYSTEM) as work:
        make.put(work, made.ids["KUB"], 2, location_id=made.bins["G-01"])
    return made


def page(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_a_line_is_sent_from_where_there_is_enough(browser_as, floor):
    clerk, reader = browser_as("sales"), browser_as("reader")
    order_id = floor.order("A", {"KUB": 1, "PUZ": 1})
    cup = floor.line(order_id).id
    shown = page(clerk, f"/orders/{order_id}")
    assert f'action="/orders/{order_id}/lines/{cup}/allocate"' in shown
    assert f'action="/orders/{order_id}/allocate"' not in shown, "no puzzle lies there"
    assert shown.count("Send from…") == 2, "the button and its menu"
    assert "Send from…" not in page(reader, f"/orders/{order_id}")
    to = {"warehouse": str(floor.other.id)}
    assert reader.post(f"/orders/{order_id}/allocate", data=to).status_code == 403
    assert clerk.post(f"/orders/{order_id}/allocate", data=to).status_code == 409
    for told in ("The goods are reserved there now.", "They were reserved there already."):
        assert clerk.post(f"/orders/{order_id}/lines/{cup}/allocate", data=to).status_code == 303
        assert told in page(clerk, f"/orders/{order_id}")
    assert "Sent from GDA now: 1 pc" in page(clerk, f"/orders/{order_id}")
    assert floor.stock("KUB", "G-01") == (2, 1)


@pytest.mark.parametrize(("to", "status"), [
    ("", 422), ("x", 422), ("99999", 404), ("-1", 404), ("9" * 30, 422)])
def test_a_wrong_warehouse_is_refused(browser_as, floor, to, status):
    order_id = floor.order("A", {"KUB": 1})
    answer = browser_as("owner").post(f"/orders/{order_id}/allocate", data={"warehouse": to})
    assert answer.status_code == status


def test_ticked_orders_are_sent_from_there(browser_as, floor, works):
    clerk = browser_as("owner")
    order_id = floor.order("A", {"KUB": 1})
    shown = page(clerk, "/orders")
    assert re.search(rf'name="allocate.warehouse".*?value="{floor.other.id}"', shown, re.S)
    clerk.post("/orders/bulk/allocate", data={
        "order": order_id, "allocate.warehouse": str(floor.other.id)})
    with works.reading(SYSTEM) as work:
        batch = work.session.scalars(select(Batch)).one()
    assert (batch.act, batch.params) == ("allocate", {"warehouse": floor.other.id})
    assert "Sent from another warehouse: GDA" in page(clerk, "/orders")


def test_a_rule_that_sends_from_elsewhere_is_rehearsed_and_changes_nothing(floor, works):
    can, cannot = floor.order("A", {"KUB": 1}), floor.order("B", {"PUZ": 1})
    found = rehearsing.run(works, 0, {
        "name": "from the coast", "trigger": "came", "every": None, "when": {"all": []},
        "then": [["allocate", {"warehouse": floor.other.id}]], "otherwise": [],
        "on_failure": "stop", "ends": False, "most_per_hour": 0}, 7)
    tried = {one["order_id"]: (one["steps"], one["why"]) for one in found["tried"]}
    assert tried[can][0] == [{"act": "allocate", "changed": True}]
    assert "has only" in tried[cannot][1][0]
    assert floor.stock("KUB", "G-01") == (2, 0)


def test_a_rule_that_sends_from_elsewhere_can_be_written(browser_as, floor):
    shown = page(browser_as("owner"), "/macros/new")
    assert "Send from another warehouse" in shown


@pytest.mark.parametrize(("told", "says"), [
    (True, "For 60 s, until the channel is told, it can be recalled"),
    (False, "A cancelled order cannot be opened again."),
])
def test_the_dialog_says_whether_a_cancellation_can_be_recalled(
        browser_as, floor, works, told, says):
    order_id = floor.order("A", {"KUB": 1})
    with works.writing(SYSTEM) as work:
        work.session.execute(update(Company).values(recall_seconds=60))
        work.session.execute(update(ChannelAccount).values(tell_cancelled=told))
    assert says in page(browser_as("owner"), f"/orders/{order_id}")


def test_what_runs_low_is_a_case_that_leads_to_its_list(browser_as, floor, works):
    clerk = browser_as("owner")
    assert "Runs low" not in page(clerk, "/")
    with works.writing(SYSTEM) as work:
        work.session.execute(update(Variant).where(Variant.sku == "PUZ").values(minimum=6))
        running_low.look(work, floor.ids.values())
    home = page(clerk, "/")
    assert "Runs low" in home
    assert "/stock?state=below" in home
    listed = page(clerk, "/stock?state=below")
    assert "PUZ" in listed
    assert "KUB" not in re.sub(r"<header.*?</header>", "", listed, flags=re.S)
