"""Splitting and sending together on the screens, over the API and in bulk."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from oms_web.automation import acts, batches
from oms_web.core.actor import SYSTEM
from oms_web.domain.orders.models import Order, OrderSplit
from tests import factories as make
from tests.floor import EANS, KUBA, Floor


@pytest.fixture
def floor(works):
    return Floor(works)


def page(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def part_of(floor, order_id):
    with floor.works.reading(SYSTEM) as work:
        return work.session.scalar(select(OrderSplit.order_id).where(
            OrderSplit.from_id == order_id).order_by(OrderSplit.order_id.desc()))


def test_an_order_is_split_line_by_line_and_joined_on_the_card(browser_as, floor):
    clerk = browser_as("owner")
    order_id, line = floor.order("A", {"KUB": 3}), floor.line(10001).id
    assert f'name="split-{line}"' in page(clerk, f"/orders/{order_id}/split")
    wrong = clerk.post(f"/orders/{order_id}/split", data={f"split-{line}": "3"})
    assert wrong.status_code == 422
    assert "Something has to stay" in wrong.get_data(as_text=True)
    assert 'value="3"' in wrong.get_data(as_text=True), "what was typed stays"
    assert clerk.post(f"/orders/{order_id}/split", data={f"split-{line}": "1"}).status_code == 303
    part = part_of(floor, order_id)
    assert "Join again" in page(clerk, f"/orders/{order_id}")
    seen = page(clerk, f"/orders/{part}")
    assert f'href="/orders/{order_id}"' in seen
    assert "Split off order 10001" in seen, "the timeline tells it"
    assert "falls on this one" in seen
    assert f"as are {part}" in page(clerk, "/orders"), "the list marks it"
    floor.pack(part)
    assert "cannot be joined: Order 10002" in page(clerk, f"/orders/{order_id}")
    assert clerk.post(f"/orders/{part}/join", data={}).status_code == 409
    assert "stays in one piece" in page(clerk, f"/orders/{part}/split")


def test_orders_of_one_buyer_are_offered_for_one_parcel(browser_as, floor):
    clerk = browser_as("owner")
    one, two = floor.order("A", {"KUB": 1}), floor.order("B", {"PUZ": 1})
    assert "Send together" in page(clerk, f"/orders/{one}")
    assert clerk.post(f"/orders/{one}/together").status_code == 303
    assert "Take it out of the parcel" in page(clerk, f"/orders/{two}")
    assert f"In one parcel with {two}" in page(clerk, "/orders")
    shipment = floor.open(one).shipment_id
    assert f"One parcel of orders {one}, {two}" in page(clerk, f"/packing/{shipment}")
    assert clerk.post(f"/orders/{one}/apart").status_code == 409


def test_who_waits_for_another_in_its_parcel_is_led_to_that_one(browser_as, floor):
    clerk = browser_as("owner")
    one, two = floor.order("A", {"KUB": 1}), floor.order("B", {"PUZ": 1})
    clerk.post(f"/orders/{one}/together")
    clerk.post(f"/orders/{two}/hold", data={"reason": "the buyer calls back"})
    shown = page(clerk, f"/orders/{one}")
    assert "Release" not in shown
    assert f"Order {two}, which goes into the same parcel, is on hold." in shown
    assert f'href="/orders/{two}" class="btn primary' in shown or \
        f'class="btn primary large" href="/orders/{two}"' in shown, "the next step is there"
    assert "Release" in page(clerk, f"/orders/{two}")


def counted(client, address, label):
    """The number beside a tab or a heading."""
    text = " ".join(re.sub(r"<[^>]+>", " ", page(client, address)).split())
    return re.search(rf"{label} (\d+(?: orders?)?)", text)[1]


def test_counts_say_what_they_count_where_orders_share_a_parcel(browser_as, floor):
    """Orders at the bench, each named; parcels at the door; what holds the verification back."""
    clerk = browser_as("owner")
    one, two = floor.order("A", {"KUB": 1}), floor.order("B", {"KUB": 1})
    alone = floor.order("C", {"KUB": 1}, ship_to=replace(make.WARSAW, street="Krzywa 2"))
    clerk.post(f"/orders/{one}/together")
    for order_id in (one, alone):
        clerk.post("/picking/lists", data={"order": order_id})
        clerk.post(f"/picking/lists/{1 + (order_id == alone)}/scan", data={"code": EANS["KUB"]})
    clerk.post("/picking/lists/1/scan", data={"code": EANS["KUB"]})
    assert counted(clerk, "/packing", "To pack") == "3 orders"
    assert f">{one}, {two}<" in page(clerk, "/packing")
    shipment = floor.open(one).shipment_id
    assert f">{one}, {two}<" in page(clerk, "/packing"), "begun"
    for _ in range(2):
        floor.scan(shipment, "KUB")
    assert counted(clerk, "/shipments", "Shipments") == "1"
    assert f">{one}, {two}<" in page(clerk, "/packing"), "packed last"


def test_verification_names_the_orders_that_wait_for_something_else(browser_as, floor):
    clerk = browser_as("owner")
    one = floor.order("A", {"KUB": 1}, tax_id="1234567890")
    assert floor.get(one).queue == "verify"
    assert "stands in the queue" not in page(clerk, "/verification")
    floor.order("B", {"NEW": 1})
    assert "1 more order stands in the queue" in page(clerk, "/verification")


def test_a_basket_and_a_parcel_name_the_orders_that_are_in_them(browser_as, floor):
    """All of them at the walk; one that was cancelled no more, neither on the card nor here."""
    clerk = browser_as("owner")
    one, two, gone = (floor.order(name, {"KUB": 1}) for name in "ABC")
    clerk.post(f"/orders/{one}/together")
    clerk.post("/picking/lists", data={"order": one})
    assert f"One parcel of orders {one}, {two}, {gone}" in page(clerk, "/picking/lists/1")
    opened = floor.open(one).shipment_id
    clerk.post(f"/orders/{gone}/cancel", data={"whole": "1"})
    assert f"One parcel of orders {one}, {two}<" in page(clerk, f"/packing/{opened}")
    kin = page(clerk, f"/orders/{one}").partition('id="kin"')[2].partition("</section>")[0]
    assert (f"/orders/{two}" in kin, f"/orders/{gone}" in kin) == (True, False)


def test_the_bulk_bar_offers_the_statuses_that_orders_of_the_list_can_have(browser_as, floor):
    clerk = browser_as("owner")
    floor.order("A", {"KUB": 1})

    def offered(address):
        menu = page(clerk, address).partition('id="bulk-status"')[2].partition("</div>")[0]
        return re.findall(r'name="status.status".*?</button>', menu, re.S)

    assert len(offered("/orders?queue=pick")) == 2, "those of what waits here"
    assert len(offered("/orders?queue=all")) == 6


def test_a_bulk_change_puts_what_was_ticked_into_one_parcel_and_takes_it_back(floor, works):
    """Only what was ticked, each parcel once; the undo leaves nothing behind."""
    ids = [floor.order(name, {"KUB": 1}) for name in "ABC"]
    with works.writing(KUBA) as work:
        batch = batches.start(work, "together", {"orders": ids[:2]}, ids[:2]).id
    assert dict(batches.run(works, batch, lambda *_: None)) == {"changed": 2}
    assert [floor.get(one).together_id for one in ids] == [ids[0], ids[0], None]
    with works.writing(KUBA) as work:
        back = batches.undo(work, batch).id
    batches.run(works, back, lambda *_: None)
    assert [floor.get(one).together_id for one in ids] == [None, None, None]


def test_a_rule_splits_off_what_is_missing_and_its_undo_joins(floor, works):
    order_id = floor.order("A", {"KUB": 12})
    with works.writing(SYSTEM) as work:
        done = acts.get("split").do(work, order_id, {})
        [(key, params)] = done.undo
        assert acts.get("split").do(work, order_id, {}) == acts.SAME
    assert floor.get(order_id).queue == "pick"
    with works.writing(SYSTEM) as work:
        acts.get(key).do(work, order_id, params)
    assert floor.get(order_id).queue == "short"
    with works.reading(SYSTEM) as work:
        assert work.session.get_one(Order, params["part"]).phase == "cancelled"


def test_who_cancels_a_part_is_told_what_was_paid_for_the_part(browser_as, floor):
    clerk = browser_as("owner")
    order_id = floor.order("A", {"KUB": 3})
    clerk.post(f"/orders/{order_id}/split", data={f"split-{floor.line(order_id).id}": "1"})
    for one, share in ((order_id, "20.00"), (part_of(floor, order_id), "10.00")):
        shown = page(clerk, f"/orders/{one}").replace("\N{NO-BREAK SPACE}", " ")
        assert f"The buyer has paid PLN {share}. Give the money back" in shown
