"""Home: each thing that waits for a person is one case with its button; the day's figures agree."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import insert

from oms_web.core.claims import Task
from oms_web.core.clock import utc_now
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.company import service as company
from oms_web.domain.orders.models import Hold, Order
from oms_web.domain.orders.tally_models import OrderTally
from oms_web.sync.models import Feed, Quarantine
from tests.conftest import TESTER
from tests.floor import Floor

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def order(works):
    """A function that stores an order with the given columns; its number."""
    def make(**columns):
        with works.writing(TESTER) as work:
            values = {
                "phase": "open", "queue": "pick", "strip": ".....", "currency": "PLN",
                "items_total": 10_000, "total": 10_000, "ship_to": {}, "placed_at": work.now,
                "created_at": work.now, "updated_at": work.now,
            } | columns
            return work.session.execute(
                insert(Order).values(values).returning(Order.id)).scalar_one()
    return make


@pytest.fixture
def account(works):
    """A function that stores a channel account; its id."""
    def make(name="Targowisko", **columns):
        with works.writing(TESTER) as work:
            one = ChannelAccount(connector="demo", name=name, letters="Ta", settings={},
                                 created_at=work.now, **columns)
            work.session.add(one)
            work.session.flush()
            return one.id
    return make


def tally(works, **counts):
    with works.writing(TESTER) as work:
        work.session.execute(insert(OrderTally), [
            {"kind": "queue", "name": name, "n": n} for name, n in counts.items()])


def home(client, **headers):
    answer = client.get("/", headers=headers)
    assert answer.status_code == 200, answer.get_data(as_text=True)[-800:]
    return answer.get_data(as_text=True)


def titles(page):
    return [re.sub(r"<[^>]+>|\s+", " ", found).strip()
            for found in re.findall(r'<li data-row id="case-.*?<h2>(.*?)</h2>', page, re.S)]


def test_nothing_waits(browser_as):
    page = home(browser_as("owner"))
    assert "Nothing waits for you" in page
    assert titles(page) == []


def test_late_orders_come_first_and_lead_to_themselves(browser_as, order):
    now = utc_now()
    for hours in (-2, -1, 1):
        order(ship_by=now + timedelta(hours=hours))
    order(ship_by=now - timedelta(hours=5), phase="shipped", queue="transit")
    page = home(browser_as("owner"))
    assert titles(page)[0].replace("  ", " ") == "Past the ship-by time · 2 orders"
    assert 'href="/orders?ship=late"' in page
    assert page.count("btn primary") == 1


def test_each_kind_of_trouble_has_its_case(browser_as, order, account, works):
    one = account(state="broken")
    other = account("Wolny")
    number = order(payment_state="part", queue="unpaid")
    order(queue="undelivered", phase="shipped", wants_invoice=True)
    tally(works, undelivered=1, short=9)
    with works.writing(TESTER) as work:
        for kind in ("unmapped", "address", "totals", "tax_id", "changed", "manual"):
            work.session.add(Hold(order_id=number, kind=kind, detail={}, set_at=work.now,
                                  set_by="system"))
        work.session.add(Feed(account_id=other, name="orders", due_at=work.now, failures=3))
        work.session.add(Quarantine(account_id=one, kind="order", external_id="1", raw="{}",
                                    reason="x", first_at=work.now, last_at=work.now))
        work.session.add(Task(kind="documents.print", key="1", args={}, state="dead",
                              not_before=work.now, created_at=work.now, finished_at=work.now))
    seen = {title.partition(" ·")[0].strip() for title in titles(home(browser_as("owner")))}
    assert seen == {
        "Targowisko: access refused", "Wolny does not answer", "Short stock",
        "Offers without a product", "Held by a person", "Changed on the channel",
        "Payment does not agree",
        "Undelivered", "Not read", "Sent without their invoice", "Work that was given up",
    }


def test_money_for_a_cancelled_order_waits_to_go_back(browser_as, account, order, works):
    number = order(phase="cancelled", queue="cancelled", paid_total=5000)
    with works.writing(TESTER) as work:
        work.session.add(Hold(order_id=number, kind="refund", detail={"amount": "50.00 PLN"},
                              set_at=work.now, set_by="system"))
    owner = browser_as("owner")
    page = home(owner)
    assert titles(page)[0].startswith("Money to give back")
    assert 'href="/orders?hold=refund"' in page
    assert f'/orders/{number}"' in owner.get("/orders?hold=refund").get_data(as_text=True)
    card = owner.get(f"/orders/{number}").get_data(as_text=True)
    assert "Cancelled and paid: PLN\N{NO-BREAK SPACE}50.00 to give back" in card
    assert 'data-dialog="pay-back"' in card


def test_who_cancels_what_was_paid_is_led_to_giving_the_money_back(browser_as, works):
    """The answer and the card name the amount, the case goes when it is given back."""
    owner, order_id = browser_as("owner"), Floor(works).order("A", {"KUB": 2})
    done = owner.post(f"/orders/{order_id}/cancel", data={"whole": "1"}, follow_redirects=True)
    shown = done.get_data(as_text=True).replace("\N{NO-BREAK SPACE}", " ")
    for words in ("The order is cancelled. Give PLN 20.00 back to the buyer.",
                  "Cancelled and paid: PLN 20.00 to give back", ">to give back<"):
        assert words in shown, words
    assert titles(home(owner))[0].startswith("Money to give back")
    assert owner.post(f"/orders/{order_id}/payments/back", data={
        "back-amount": "20.00", "back-method": "transfer", "back-key": "x"}).status_code == 303
    assert not any("Money" in title for title in titles(home(owner)))
    shown = owner.get(f"/orders/{order_id}").get_data(as_text=True)
    assert "nothing to pay" in shown
    assert "not paid" not in shown


def test_red_before_amber(browser_as, account, works):
    account("Wolny")
    account("Zerwany", state="broken")
    with works.writing(TESTER) as work:
        work.session.add(Feed(account_id=1, name="orders", due_at=work.now, failures=3))
    assert titles(home(browser_as("owner"))) == ["Zerwany: access refused", "Wolny does not answer"]


def test_a_case_is_shown_to_those_who_can_act(browser_as, account, order, works):
    account(state="broken")
    order(ship_by=utc_now() - timedelta(hours=1))
    tally(works, pick=5, pack=2)
    assert len(titles(home(browser_as("sales")))) == 2
    assert [title.partition(" ·")[0].strip() for title in titles(home(browser_as("accountant")))] \
        == ["Past the ship-by time"]
    floor = home(browser_as("warehouse"))
    assert [title.partition(" ·")[0].strip() for title in titles(floor)] == ["To pick", "To pack"]
    assert "Sales" not in re.search(r'<section class="card figures".*?</section>', floor, re.S)[0]


def test_the_days_figures_stand_beside_last_weeks(browser_as, order, works):
    now = utc_now()
    with works.writing(TESTER) as work:
        company.set_up(work, "Sklep")
    for moment, total, currency, phase in (
        (now, 12_345, "PLN", "open"), (now, 100_00, "EUR", "open"),
        (now, 999_00, "PLN", "cancelled"),
        (now - timedelta(days=7, seconds=1), 2_300, "PLN", "open"),
    ):
        order(placed_at=moment, total=total, items_total=total, currency=currency, phase=phase)
    page = home(browser_as("owner"))
    figures = re.sub(r"<[^>]+>|\s+", " ", re.search(
        r'<section class="card figures".*?</section>', page, re.S)[0])
    assert "Orders 2" in " ".join(figures.split())
    assert "PLN 123" in figures.replace("\N{NO-BREAK SPACE}", " ")


def test_the_inbox_renews_itself_as_a_part(browser_as):
    part = home(browser_as("owner"), **PART)
    assert "<html" not in part
    assert part.lstrip().startswith('<section class="card" id="home-cases"')


def test_names_from_outside_are_text(browser_as, account):
    account("<b>Shop</b>", state="broken")
    assert "<b>Shop</b>" not in home(browser_as("owner"))
