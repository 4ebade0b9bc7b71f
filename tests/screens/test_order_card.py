"""The card of one order: the next step, what holds it, and each act that is done from it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from oms_connector import Address
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.domain.orders.checks import Flaw
from oms_web.domain.orders.models import Hold, Note, OrderTag, Status
from oms_web.domain.orders.service import refile, set_hold
from oms_web.domain.payments.models import Payment
from tests import factories as make
from tests.benchmarks.counting import counted
from tests.floor import Floor

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def floor(works):
    return Floor(works, cups=(50, 50))


@pytest.fixture
def clerk(floor, browser_as):
    return browser_as("sales")


def body(answer) -> str:
    assert answer.status_code < 500, answer.get_data(as_text=True)[-800:]
    return answer.get_data(as_text=True)


def text_of(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", body(answer)).split())


def primary(answer) -> str:
    """The text of the one primary button of the head."""
    head = body(answer).split('<div class="columns">', 1)[0]
    found = re.findall(r'class="btn primary large"[^>]*>(.*?)</(?:button|a)>', head, re.S)
    assert len(found) <= 1, found
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split()) if found else ""


def every(works, query) -> list:
    with works.reading(SYSTEM) as work:
        return list(work.session.scalars(query))


def test_everything_about_it_is_on_one_page(clerk, floor):
    number = floor.order("AB-1", {"KUB": 2, "SET": 1}, carrier="inpost", buyer_name="Ewa Nowak",
                         buyer_note="Proszę zapakować osobno")
    text = text_of(clerk.get(f"/orders/{number}"))
    for said in ("Offer KUB", "LDZ A-01: 2 pcs", "= 2 × KUB + 1 × SWI", "30.00", "Ewa Nowak",
                 "Prosta 1", "00-001 Warszawa", "InPost", "Proszę zapakować osobno",
                 ": new order", "Nothing packed yet."):
        assert said in text, said


@pytest.mark.parametrize(("queue", "says"), [
    ("pick", "Start picking"), ("short", "See what is missing: 3 pcs"),
    ("verify", "Complete the address"), ("held", "Release"), ("unpaid", "Record a payment"),
    ("courier", "Mark as sent"), ("transit", "Mark as delivered"), ("cancelled", ""),
])
def test_one_primary_button_is_the_right_next_step(browser_as, floor, works, queue, says):
    manager = browser_as("manager")
    values = {
        "verify": {"ship_to": Address(name="Ewa", country="PL")}, "unpaid": {"paid": False},
    }.get(queue, {})
    if queue == "unpaid":
        values = {"state": "unpaid"}
    number = floor.order("A", {"PUZ": 8} if queue == "short" else {"KUB": 1}, **values)
    if queue == "held":
        with works.writing(SYSTEM) as work:
            set_hold(work, number, Flaw("manual", {"reason": "czeka"}))
            refile(work, [number])
    if queue in ("courier", "transit"):
        shipment = floor.pack(number)
        if queue == "transit":
            manager.post(f"/shipments/{shipment}/leave")
    if queue == "cancelled":
        manager.post(f"/orders/{number}/cancel", data={"whole": "1"})
    assert floor.get(number).queue == queue
    assert primary(manager.get(f"/orders/{number}")).removesuffix("Enter").strip() == says


def test_who_may_not_do_the_step_sees_no_button_for_it(floor, browser_as):
    number = floor.order("A", {"KUB": 1})
    page = browser_as("reader").get(f"/orders/{number}")
    assert primary(page) == ""
    assert "<form method=\"post\" action=\"/orders" not in body(page)
    assert browser_as("warehouse").get(f"/orders/{number}").status_code == 403


def test_a_payment_is_recorded_once_however_often_the_form_is_sent(clerk, floor, works):
    number = floor.order("A", {"KUB": 2}, state="unpaid")
    page = body(clerk.get(f"/orders/{number}"))
    key = re.search(r'name="key"[^>]*value="(\w+)"', page)[1]
    typed = {"amount": "20,00", "method": "transfer", "key": key, "day": ""}
    for _ in range(2):
        assert clerk.post(f"/orders/{number}/payments", data=typed).status_code == 303
    assert [(one.amount, one.currency) for one in every(works, select(Payment))] == [(2000, "PLN")]
    assert floor.get(number).payment_state == "paid"
    assert "Payment of " in text_of(clerk.get(f"/orders/{number}"))


def test_a_payment_that_makes_no_sense_is_refused_at_its_field(clerk, floor, works):
    number = floor.order("A", {"KUB": 2}, state="unpaid")
    answer = clerk.post(f"/orders/{number}/payments", data={
        "amount": "dużo", "method": "cash", "key": "k"})
    assert answer.status_code == 422
    assert "Not an amount: dużo" in text_of(answer)
    assert "data-open-now" in body(answer)
    assert every(works, select(Payment)) == []


def test_it_is_held_with_a_reason_and_released(clerk, floor, works):
    number = floor.order("A", {"KUB": 1})
    assert clerk.post(f"/orders/{number}/hold", data={"reason": ""}).status_code == 422
    clerk.post(f"/orders/{number}/hold", data={"reason": "czeka na grawer"})
    page = text_of(clerk.get(f"/orders/{number}"))
    assert "Held: czeka na grawer" in page
    assert floor.get(number).queue == "held"
    clerk.post(f"/orders/{number}/release")
    assert floor.get(number).queue == "pick"
    open_ones = select(Hold).where(Hold.released_at.is_(None))
    assert every(works, open_ones) == []


def test_some_units_are_cancelled_then_all(clerk, floor):
    number = floor.order("A", {"KUB": 3, "PUZ": 1})
    line = floor.line(number)
    answer = clerk.post(f"/orders/{number}/cancel", data={f"line-{line.id}": "2"})
    assert answer.status_code == 303
    assert floor.line(number).cancelled == 2
    assert floor.stock("KUB", "A-01") == (50, 1)
    assert "2 cancelled" in text_of(clerk.get(f"/orders/{number}"))
    clerk.post(f"/orders/{number}/cancel", data={"whole": "1", "reason": "pomyłka"})
    assert floor.get(number).phase == "cancelled"
    assert floor.stock("KUB", "A-01") == (50, 0)


@pytest.mark.parametrize(("units", "status"), [("9", 409), ("-1", 422), ("two", 422), ("", 422)])
def test_units_that_cannot_be_cancelled_are_refused(clerk, floor, units, status):
    number = floor.order("A", {"KUB": 3})
    answer = clerk.post(f"/orders/{number}/cancel", data={f"line-{floor.line(number).id}": units})
    assert answer.status_code == status
    assert floor.line(number).cancelled == 0


def test_status_tags_and_notes(clerk, floor, works):
    number = floor.order("A", {"KUB": 1})
    with works.writing(SYSTEM) as work:
        work.session.add(Status(name="Grawer", phase="open", position=9))
    status = every(works, select(Status.id).where(Status.name == "Grawer"))[0]
    clerk.post(f"/orders/{number}/status", data={"status": status})
    clerk.post(f"/orders/{number}/tags", data={"name": "pilne"})
    clerk.post(f"/orders/{number}/notes", data={"text": "Zadzwonić <przed> wysyłką"})
    page = body(clerk.get(f"/orders/{number}"))
    assert "Grawer" in page
    assert "pilne" in page
    assert "Zadzwonić &lt;przed&gt; wysyłką" in page
    tag = every(works, select(OrderTag.tag_id))[0]
    note = every(works, select(Note.id))[0]
    clerk.post(f"/orders/{number}/tags/{tag}/remove")
    clerk.post(f"/orders/{number}/notes/{note}/remove")
    assert every(works, select(OrderTag)) == []
    assert every(works, select(Note)) == []
    assert clerk.post(f"/orders/{number}/status", data={}).status_code == 422
    assert clerk.post(f"/orders/{number}/notes", data={"text": " "}).status_code == 422


def test_the_timeline_can_be_narrowed_and_is_a_part(clerk, floor):
    number = floor.order("A", {"KUB": 1})
    clerk.post(f"/orders/{number}/notes", data={"text": "uwaga"})
    part = clerk.get(f"/orders/{number}?timeline=people", headers=HTMX)
    assert "<html" not in body(part)
    assert "uwaga" in text_of(part)
    assert ": new order" not in text_of(part)


def test_a_card_costs_the_same_whatever_it_holds(clerk, floor, oms):
    def cost(number) -> int:
        clerk.get(f"/orders/{number}")
        with counted(oms.engine) as found:
            assert clerk.get(f"/orders/{number}").status_code == 200
        return len(found)

    small = floor.order("A", {"KUB": 1})
    line = make.order("x", {"KUB": 1}).lines[0]
    large = floor.order("B", [replace(line, line_ref=str(n)) for n in range(40)])
    assert cost(large) == cost(small)
    assert cost(small) <= 30


def test_an_order_that_the_channel_sends_is_shown_without_our_steps(clerk, floor):
    assert "Sent by the channel" not in text_of(clerk.get("/orders"))
    number = floor.order("A", {"KUB": 2}, fulfilled_by="channel")
    assert "Sent by the channel 1" in text_of(clerk.get("/orders"))
    assert f'/orders/{number}"' in body(clerk.get("/orders?queue=elsewhere"))
    card = clerk.get(f"/orders/{number}")
    assert "Received" in text_of(card)
    assert "Picked" not in text_of(card)
    assert primary(card) == ""
    assert 'data-dialog="hold"' not in body(card)


def test_an_order_that_is_not_there(clerk):
    assert clerk.get("/orders/99999").status_code == 404
    assert clerk.post("/orders/99999/hold", data={"reason": "x"}).status_code == 404


def test_a_slip_in_an_amount_is_asked_about_and_can_be_taken_back(clerk, floor, works):
    number = floor.order("A", {"KUB": 1}, state="unpaid", paid=False)
    at = f"/orders/{number}"

    def pay(key, amount, **more):
        return clerk.post(f"{at}/payments", data={
            "amount": amount, "method": "transfer", "key": key, **more})

    asked = pay("k1", "500")
    assert (asked.status_code, 'name="surplus"' in body(asked)) == (422, True)
    assert 'name="surplus"' not in body(pay("k1", "0"))
    assert pay("k1", "500", surplus="y").status_code == 303
    text = text_of(clerk.get(at))
    assert "Paid too much: PLN 490.00 Take the payment back if it was a slip." in text
    (row,) = every(works, select(Payment))
    undo = f"{at}/payments/{row.id}/undo"
    assert "Fill this in." in text_of(clerk.post(undo, data={f"undo-{row.id}-reason": " "}))
    assert clerk.post(undo, data={f"undo-{row.id}-reason": "500, not 10"}).status_code == 303
    text = text_of(clerk.get(at))
    assert "Paid too much" not in text
    assert "Payment of PLN 500.00 taken back" in text
    assert "500, not 10" in text
    assert primary(clerk.get(at)) == "Record a payment Enter"
    assert pay("k2", "10").status_code == 303
    # Nothing is due: the menu offers no payment, but money may go back.
    shown = body(clerk.get(at)).split('id="order-more"', 1)[1]
    assert "Record money given back" in shown
    assert 'data-dialog="pay"' not in shown
    back = f"{at}/payments/back"
    refused = clerk.post(back, data={"back-amount": "10,01", "back-method": "cash",
                                     "back-key": "b"})
    assert (refused.status_code, "No more can go back than was paid." in text_of(refused)) == (
        422, True)
    assert clerk.post(back, data={"back-amount": "4", "back-method": "cash",
                                  "back-key": "b"}).status_code == 303
    assert "PLN 4.00 given back" in text_of(clerk.get(at))


def test_what_a_channel_told_of_money_has_no_button(clerk, floor, works):
    number = floor.order("A", {"KUB": 1})
    (row,) = every(works, select(Payment))
    assert "Take back" not in text_of(clerk.get(f"/orders/{number}"))
    answer = clerk.post(f"/orders/{number}/payments/{row.id}/undo",
                        data={f"undo-{row.id}-reason": "mine"})
    assert answer.status_code == 404


def test_packing_begins_with_one_line(clerk, floor, browser_as):
    number = floor.order("A", {"KUB": 1})
    browser_as("manager").post(f"/packing/orders/{number}/open")
    timeline = body(clerk.get(f"/orders/{number}")).split('id="order-timeline"', 1)[1]
    assert "Packing began" in timeline
    assert "Parcel begun" not in timeline
