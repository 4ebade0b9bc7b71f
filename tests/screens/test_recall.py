"""The recall window at the door: the band, the card, the list; in time and too late; roles."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import update

from oms_web.automation import batches
from oms_web.core.actor import SYSTEM
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.company.models import Company
from oms_web.domain.orders import outgoing
from oms_web.domain.orders.models import OrderLine
from oms_web.domain.orders.outgoing import Outgoing
from tests import paper
from tests.floor import Floor

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial",
        "HX-Current-URL": "http://localhost/shipments?view=waiting"}


@pytest.fixture
def floor(works):
    floor = Floor(works)
    with works.writing(SYSTEM) as work:
        work.session.execute(update(Company).values(recall_seconds=60))
        work.session.execute(update(ChannelAccount).values(tell_cancelled=True))
    return floor


def words(answer):
    text = answer.get_data(as_text=True)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split()).replace("\xa0", " ")


def band(client, address="/shipments"):
    found = re.search(r'<div class="toast" data-toast="0" data-going>.*?</form>',
                      client.get(address).get_data(as_text=True), re.S)
    return found and " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())


def leave(floor, works):
    """The windows are over and the channels are being told."""
    with works.writing(SYSTEM) as work:
        work.session.execute(update(Outgoing).values(leaves_at=work.now))
    with works.writing(SYSTEM) as work:
        for row in work.session.query(Outgoing).filter_by(state="waiting").all():
            assert outgoing.go(work, row.id)


def test_a_parcel_is_recalled_from_any_page_by_whoever_may(floor, works, browser_as):
    packer, sales, reader = (browser_as(role) for role in ("warehouse", "sales", "reader"))
    first = floor.order("A", {"KUB": 1})
    answer = packer.post(f"/shipments/{floor.pack(first)}/leave", headers=HTMX)
    part = answer.get_data(as_text=True)
    assert 'hx-target="#going-out"' in part  # the row that htmx swaps in brings the band along
    assert 'name="back" value="/shipments?view=waiting"' in part
    assert re.search(rf"Order {first}: parcel\. The channel is told in \d+ s", band(packer))
    assert band(sales) is None  # it is nobody else's last press, but everybody sees it
    card = words(sales.get(f"/orders/{first}"))
    assert "Parcel" in card
    assert "The channel is told in" in card
    assert f'href="/orders/{first}"' in sales.get("/going-out").get_data(as_text=True)
    seen = reader.get("/going-out").get_data(as_text=True)
    assert str(first) in seen
    assert "data-recall" not in seen
    with works.reading(SYSTEM) as work:
        [row] = work.session.query(Outgoing).all()
    assert reader.post(f"/going-out/{row.id}/recall").status_code == 403
    answer = sales.post(f"/going-out/{row.id}/recall", data={"back": "//evil.example"})
    assert answer.location == f"/orders/{first}"
    assert floor.get(first).phase == "packing"
    assert band(packer) is None


def test_many_that_were_handed_over_together_come_back_with_one_press(floor, works, browser_as):
    packer = browser_as("warehouse")
    numbers = [floor.order(f"O{n}", {"KUB": 1}) for n in range(3)]
    packer.post("/shipments/leave", data={"shipment": [floor.pack(one) for one in numbers]})
    assert "3 orders: parcel." in band(packer)
    [token] = set(re.findall(r"/together/(\w+)/recall",
                             packer.get("/going-out").get_data(as_text=True)))
    answer = packer.post(f"/going-out/together/{token}/recall", data={"back": "/shipments"})
    assert answer.location == "/shipments"
    assert "3 changes recalled." in words(packer.get("/shipments"))
    assert {floor.get(one).phase for one in numbers} == {"packing"}


def test_invoices_of_one_press_are_recalled_by_one_press(floor, works, browser_as):
    with works.writing(SYSTEM) as work:
        paper.company(work, recall_seconds=60)
        work.session.execute(update(ChannelAccount).values(send_invoices=True))
    numbers = [floor.order(f"O{n}", {"KUB": 1}) for n in range(3)]
    with works.writing(SYSTEM) as work:
        work.session.execute(update(OrderLine).values(vat_rate="23"))
    owner = browser_as("owner")
    owner.post("/documents/issue", data={"order": numbers})
    assert "3 orders: invoice." in band(owner, "/documents")
    [token] = set(re.findall(r"/together/(\w+)/recall", owner.get("/documents").text))
    owner.post(f"/going-out/together/{token}/recall")
    assert "3 changes recalled." in words(owner.get("/documents"))
    owner.post("/documents/issue", data={"order": floor.order("B", {"KUB": 1})})
    owner.post(f"/orders/{numbers[0]}/cancel", data={"whole": "1"})  # another press is its own
    assert "orders:" not in band(owner, "/documents")


def test_too_late_it_says_so_and_the_buttons_are_gone(floor, works, browser_as):
    owner = browser_as("owner")
    number = floor.order("A", {"KUB": 1})
    owner.post(f"/orders/{number}/cancel", data={"whole": "1"})
    [address] = set(re.findall(r"/going-out/\d+/recall",
                               owner.get(f"/orders/{number}").get_data(as_text=True)))
    leave(floor, works)
    assert band(owner) is None
    assert "data-recall" not in owner.get(f"/orders/{number}").get_data(as_text=True)
    owner.post(address)
    assert "the channel was told of the cancellation" in words(owner.get(f"/orders/{number}"))
    assert floor.get(number).phase == "cancelled"


def test_a_bulk_cancellation_can_be_undone_until_it_has_left(floor, works, browser_as, oms):
    owner = browser_as("owner")
    numbers = [floor.order(f"O{n}", {"KUB": 1}) for n in range(2)]
    for lost in (False, True):
        owner.post("/orders/bulk/cancel", data={"order": numbers})
        page = owner.get("/orders").get_data(as_text=True)
        batch = int(re.search(r"/changes/(\d+)", page)[1])
        batches.run(oms.works, batch, lambda done, total: None)
        assert "2 orders: cancellation." in band(owner, "/orders")
        if lost:
            leave(floor, works)
        undo = f"/changes/{batch}/undo" in owner.get(f"/changes/{batch}").get_data(as_text=True)
        assert undo is not lost
        if not lost:
            owner.post(f"/going-out/together/batch:{batch}/recall", data={"back": "/orders"})
            batches.run(oms.works, batch + 1, lambda done, total: None)
            assert {floor.get(one).phase for one in numbers} == {"open"}
