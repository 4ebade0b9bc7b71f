"""The card of a case and its neighbours: what is offered, what is said, whose units are counted."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select, update

from oms_web.domain.catalog.models import Product
from oms_web.domain.messages import templates
from oms_web.domain.orders.models import Order
from oms_web.domain.payments import refunds
from oms_web.domain.returns import correcting
from oms_web.domain.returns import service as cases
from oms_web.domain.returns.intake import Judgement
from oms_web.domain.returns.models import Return
from oms_web.domain.returns.service import Opening
from oms_web.domain.stock.models import Location
from oms_web.flows import (
    correct_document,
    return_bench,
    return_case,
    return_exchange,
    return_portal,
    return_refund,
)
from oms_web.flows.issue_document import issue_invoice
from oms_web.flows.return_exchange import Position, Terms
from tests import paper
from tests.after_sale import AfterSale
from tests.conftest import TESTER


@pytest.fixture
def shop(oms):
    return AfterSale(oms)


@pytest.fixture
def owner(shop, browser_as):
    return browser_as("owner")


def opened(shop, kind="complaint", units=1):
    case, _ = shop.do(return_case.open_for, shop.order_id, Opening(
        kind, lines={shop.lines()["CUP"]: units}, story="Ucho odpadło"))
    return case.id


def page_of(answer):
    return answer.get_data(as_text=True)


def card(owner, case_id):
    return page_of(owner.get(f"/returns/{case_id}"))


def test_an_answer_stays_and_only_more_is_offered_afterwards(shop, owner):
    case_id = opened(shop)
    before = card(owner, case_id)
    assert f"/returns/{case_id}/refuse" not in before
    assert '<option selected value="-">' in before  # nothing that binds is proposed
    said = {"outcome": "-", "text": "Wysyłamy nowy."}
    assert owner.post(f"/returns/{case_id}/answer", data=said).status_code == 422
    for text in ("Wysyłamy nowy.", "Wysyłamy nowy we wtorek."):
        assert owner.post(f"/returns/{case_id}/answer", data={
            "outcome": "replace", "text": text}).status_code == 303
    after = card(owner, case_id)
    assert '<option value="">' not in re.search(r'<select[^>]*id="outcome".*?</select>', after,
                                                re.DOTALL)[0]
    trail = after[after.index("What happened"):]
    assert trail.count("Complaint answered") == 2
    assert "Wysyłamy nowy. ·" in trail
    refused = owner.post(f"/returns/{case_id}/answer", data={"outcome": "", "text": "Nie."})
    assert (refused.status_code, "cannot be taken back" in page_of(refused)) == (422, True)


def test_a_lower_price_leads_to_its_refund(shop, owner):
    case_id = opened(shop)
    said = {"outcome": "reduce", "text": "Obniżamy o 20 zł."}
    for lowered, says in (("", "by how much"), ("x", "Not an amount"),
                          ("99", "more than was paid")):
        wrong = owner.post(f"/returns/{case_id}/answer", data={**said, "lowered": lowered})
        assert (wrong.status_code, says in page_of(wrong)) == (422, True), lowered
    owner.post(f"/returns/{case_id}/answer", data={**said, "lowered": "20,00"})
    assert "Plan the refund" in card(owner, case_id)
    form = page_of(owner.get(f"/returns/{case_id}/refund"))
    assert re.search(r'name="other"[^>]*value="20.00"', form)
    assert "PLN\N{NO-BREAK SPACE}20.00" in form
    assert ">Units</span>" in form
    assert ">Taken off for use</span>" in form


@pytest.mark.parametrize(("country", "says"), [
    ("DE", "Germany: the law gives no number of days"), ("US", "United States: the law of this")])
def test_a_complaint_from_abroad_says_that_no_clock_runs(shop, owner, country, says):
    with shop.works.writing(TESTER) as work:
        work.session.execute(update(Order).values(country=country))
    page = card(owner, opened(shop))
    assert "No clock runs: see to the time yourself" in page
    assert says in page
    assert "counts as accepted" not in page
    queue = page_of(owner.get("/returns"))
    assert 'title="No term runs in this case">–' in queue


def test_what_is_over_pays_no_more_and_what_was_paid_is_not_refused(shop, owner):
    case_id = opened(shop, "withdrawal")
    page = card(owner, case_id)
    assert ">accepted<" in page
    assert f"/returns/{case_id}/refund" in page
    assert f"/returns/{case_id}/accept" not in page
    key = re.search(r'name="key"[^>]*value="([^"]*)"',
                    page_of(owner.get(f"/returns/{case_id}/refund")))[1]
    owner.post(f"/returns/{case_id}/refund", data={
        "key": key, "method": "cash", f"unit-{shop.lines()['CUP']}": "1"})
    page = card(owner, case_id)
    assert 'data-dialog="refuse"' not in page
    assert f"/returns/{case_id}/close" not in page
    other = opened(shop, "return")
    owner.post(f"/returns/{other}/accept")
    assert 'data-dialog="refuse"' in card(owner, other)
    owner.post(f"/returns/{other}/close", data={"note": "nic nie przyszło"})
    assert f"/returns/{other}/refund" not in card(owner, other)


def test_a_case_counts_its_own_units_and_not_those_of_its_order(shop, owner):
    first, second = opened(shop, "return"), opened(shop, "return")
    with shop.works.reading(TESTER) as work:
        [line] = cases.lines_of(work.session, first)
    shop.do(return_bench.judge, first, Judgement(line.id, "A", "restock", "k1"))
    counts = [re.findall(r'class="num count">.*?</span>([^<]*)</td>', card(owner, one))
              for one in (first, second)]
    assert counts == [["1", "3", "1", "0", "1"], ["1", "3", "0", "0", "0"]]


def test_a_letter_is_chosen_unless_the_case_has_one(shop, owner):
    def made(name, **values):
        return shop.do(templates.create, {
            "kind": "email", "name": name, "subject_pl": "Zwrot", "text_pl": "Dzień dobry",
            **values})

    made("Faktura")
    case_id = opened(shop, "return")
    assert '<option selected value="">choose a letter</option>' in card(owner, case_id)
    sent = owner.post(f"/returns/{case_id}/letter", data={"template": "", "key": "k"})
    assert (sent.status_code, "Choose a letter." in page_of(sent)) == (422, True)
    own = made("Przyjęte", moment="received")
    assert f'<option selected value="{own.id}">' in card(owner, case_id)


def test_the_bins_are_those_that_the_goods_may_lie_in(shop, owner):
    def bins(**chosen):
        part = page_of(owner.post("/returns/bench/place", data=chosen))
        return re.findall(r'<option[^>]*value="(\d+)"', part), part

    kept, sold = [str(shop.pen)], str(shop.shelf)
    assert bins()[0] == []
    assert bins(grade="C")[0] == kept
    assert sold in bins(grade="A")[0]
    assert str(shop.pen) not in bins(grade="C", disposition="restock")[0]
    assert "leaves the stock" in bins(grade="C", disposition="scrap")[1]
    with shop.works.writing(TESTER) as work:
        work.session.execute(update(Location).where(Location.id == shop.pen)
                             .values(active=False))
    none, part = bins(grade="C")
    assert (none, "No bin fits" in part) == ([], True)


def test_a_box_nobody_knows_is_no_case_without_goods(shop, owner):
    owner.post("/returns/bench/orphan", data={"code": "PX1", "key": "o1"})
    with shop.works.reading(TESTER) as work:
        case_id = work.session.scalars(select(Return.id)).one()
    page = card(owner, case_id)
    assert "arrived, to be judged" in page
    assert "nothing comes back" not in page
    assert f"/returns/{case_id}/ask" not in page


def declared(shop, owner, units=1):
    """A withdrawal that its buyer declared."""

    case, _, _ = shop.do(
        return_portal.withdraw,
        return_portal.Declared(
            "Jan",
            "jan@example.com",
            "A1",
            order_id=shop.order_id,
            key="w",
            lines={shop.lines()["CUP"]: units},
        ),
    )
    return case.id


def test_a_case_is_ended_with_a_question(shop, owner):
    case_id = declared(shop, owner)
    page = card(owner, case_id)
    for what in ("call_off", "refuse"):
        assert f'data-dialog="{what}"' in page
        assert owner.post(f"/returns/{case_id}/{what}", data={"note": "Bo tak"}).status_code == 422
    assert '<option value="mistake">' not in page
    assert re.search(r'<input[^>]*id="call_off-day"[^>]*required', page)
    assert "Made or personalised" not in page
    assert 'value="custom"' in page
    assert 'value="hygiene"' not in page
    asked = page_of(owner.post(f"/returns/{case_id}/refuse", data={"note": "Bo tak"}))
    assert "Choose it; if none" in asked
    assert (
        owner.post(
            f"/returns/{case_id}/refuse", data={"ground": "custom", "note": "z imieniem"}
        ).status_code
        == 303
    )
    assert "art. 38(1)(3)" in card(owner, case_id)


def test_what_is_over_says_so_where_one_came_from(shop, owner):
    case_id = opened(shop, "return")
    owner.post(f"/returns/{case_id}/refuse", data={"note": "używane"})
    for answer in (
        owner.get(f"/returns/{case_id}/refund"),
        owner.post(f"/returns/{case_id}/refund", data={"key": "x"}),
    ):
        assert (answer.status_code, answer.location) == (303, f"/returns/{case_id}")
    stale = owner.post(f"/returns/{case_id}/ask")
    assert (stale.status_code, "What it is about" in page_of(stale)) == (409, True)


def test_the_rest_that_did_not_come_is_said_on_the_card_and_at_the_bench(shop, owner):
    case_id = opened(shop, "return", 3)
    owner.post("/returns/bench/scan", data={"code": f"RET{case_id}", "key": "k"})
    assert "0 of 3 counted" in page_of(owner.get("/returns/bench"))
    assert 'data-dialog="rest"' not in card(owner, case_id)
    with shop.works.reading(TESTER) as work:
        [line] = cases.lines_of(work.session, case_id)
    shop.do(return_bench.judge, case_id, Judgement(line.id, "A", "restock", "k1", 2))
    assert 'data-dialog="rest"' in card(owner, case_id)
    assert "The rest did not come" in page_of(owner.get(f"/returns/bench/{case_id}"))
    assert owner.post(f"/returns/{case_id}/rest", data={"rest": ""}).status_code == 422
    assert owner.post(f"/returns/bench/{case_id}/rest", data={"rest": "dwie"}).status_code == 303
    for page in (card(owner, case_id), page_of(owner.get(f"/returns/bench/{case_id}"))):
        assert "1 unit did not come" in page
        assert "All that was announced is judged" in page or "The rest did not come" in page
    owner.post("/returns/bench/orphan", data={"code": "PX", "key": "o"})
    assert "not opened yet" in page_of(owner.get("/returns/bench"))


def test_a_refused_consumer_is_told_of_a_settlement_out_of_court(shop, owner):
    case_id = opened(shop)
    assert "pozasądowego" in card(owner, case_id)
    owner.post(
        f"/returns/{case_id}/answer",
        data={
            "outcome": "",
            "text": "To nie wada.",
            "dispute": "Nie zgadzamy się na postępowanie.",
        },
    )
    with shop.works.reading(TESTER) as work:
        assert (
            work.session.get_one(Return, case_id).answer
            == "To nie wada.\n\nNie zgadzamy się na postępowanie."
        )


def test_the_buyers_own_words_stay_when_a_return_becomes_a_withdrawal(shop, owner):

    case, _ = shop.do(
        return_portal.request,
        shop.order_id,
        Opening(
            "return",
            source="buyer",
            lines={shop.lines()["CUP"]: 3},
            story="Za mały kubek",
            form_key="r",
        ),
        "pl",
    )
    assert declared(shop, owner, 3) == case.id
    assert "Za mały kubek" in card(owner, case.id)


def swapped(shop, disposition="quarantine", price=10):
    """An exchange whose goods came back, and whose new order waited for them."""
    case_id = opened(shop, "exchange")
    shop.do(return_exchange.exchange, case_id, [Position(shop.ids["TEA"], 1, round(price * 10**6))],
            Terms(waits="WYM: towar", account="PL61109010140000071219812874"))
    with shop.works.reading(TESTER) as work:
        line = cases.lines_of(work.session, case_id)[0].id
    shop.do(return_bench.judge, case_id, Judgement(line, "C", disposition, "k", 1))
    return case_id


def test_a_held_new_order_is_released_from_its_case_and_the_reason_is_told(shop, owner):
    case_id = swapped(shop)
    shown = card(owner, case_id)
    assert "Release the new order" in shown
    assert "Not all that came back can be sold again" in shown
    for _ in range(2):
        assert owner.post(f"/returns/{case_id}/exchange/release").status_code == 303
    after = card(owner, case_id)
    assert ("Release the new order" in after, "The new order is held" in after) == (False, False)


def test_what_an_exchange_gives_back_is_told_as_it_stands(shop, owner):
    case_id = swapped(shop, "restock")
    before = card(owner, case_id)
    assert ("to be approved and sent" in before, "Went back" in before) == (True, False)
    with shop.works.reading(TESTER) as work:
        rest = [one.id for one in refunds.of_case(work.session, case_id)][-1]
    shop.do(return_refund.act, rest, "approve")
    shop.do(return_refund.act, rest, "done")
    after = card(owner, case_id)
    assert ("to be approved and sent" in after, "Went back to the buyer" in after) == (False, True)


def test_an_exchange_that_was_corrected_is_not_offered_for_calling_off(shop, owner):
    with shop.works.writing(TESTER) as work:
        work.session.execute(update(Product).values(vat_rate="23"))
        paper.company(work)
        issue_invoice(work, shop.order_id)
    case_id = swapped(shop, "restock")
    assert 'id="exchange-off"' in card(owner, case_id)
    with shop.works.writing(TESTER) as work:
        carried = refunds.of_case(work.session, case_id)[0]
        correct_document.correct_invoice(work, *correcting.wanted(work.session, carried))
    after = card(owner, case_id)
    assert ('id="exchange-off"' in after, "Correct the invoice back first" in after) == (
        False, True)


def test_a_term_that_ended_with_its_case_was_not_met(shop, owner):
    case_id = opened(shop)
    shop.do(return_case.decide, case_id, "call_off", "dwa razy", by="mistake")
    shown = card(owner, case_id)
    assert ("not running" in shown, "in time</span>" in shown) == (True, False)


def test_an_exchange_that_is_over_says_on_its_case_why_it_stays(shop, owner):
    case_id = swapped(shop, "restock", 30.55)
    shop.do(return_case.decide, case_id, "close", "koniec")
    answer = owner.post(f"/returns/{case_id}/exchange/off", data={"why": "stara karta"})
    assert (answer.status_code, answer.location) == (303, f"/returns/{case_id}#exchange")
    assert "This case is over" in card(owner, case_id)


def test_a_waiting_exchange_says_that_it_goes_on_by_itself(shop, owner):
    case_id = opened(shop, "exchange")
    shop.do(return_exchange.exchange, case_id, [Position(shop.ids["TEA"], 1, 10 * 10**6)],
            Terms(waits="WYM: towar", account="PL61109010140000071219812874"))
    shown = card(owner, case_id)
    assert ("goes on by itself" in shown, "Somebody must release it" in shown) == (True, False)


def test_a_price_in_an_exchange_is_no_finer_than_its_currency(shop, owner):
    case_id = opened(shop, "exchange")
    typed = {"variant": shop.ids["TEA"], "quantity": "1", "price": "1,234", "cut": "",
             "way": "prepaid", "back": "cash", "save": "1", "key": "k"}
    refused = owner.post(f"/returns/{case_id}/exchange", data=typed)
    assert (refused.status_code, "smallest coin" in page_of(refused)) == (422, True)
    assert owner.post(f"/returns/{case_id}/exchange",
                      data={**typed, "price": "1,23"}).status_code == 303


def test_an_exchange_whose_buyer_withdrew_says_what_one_act_does_and_does_it(shop, owner):
    case_id = opened(shop, "exchange")
    new, _ = shop.do(return_exchange.exchange, case_id,
                     [Position(shop.ids["TEA"], 1, 40 * 10**6)], Terms(waits="WYM: towar"))
    assert "Go on as a withdrawal" not in card(owner, case_id)
    declared(shop, owner, 3)
    shown = card(owner, case_id)
    assert all(one in shown for one in (
        "The buyer withdrew from the contract on", "Go on as a withdrawal?",
        f"Order {new.id} is called off", "that was credited to it is the first order"))
    assert "Call the exchange off?" not in shown
    assert "Write to the buyer what is due" not in shown  # nobody is asked to pay for it now
    for _ in range(2):
        assert owner.post(f"/returns/{case_id}/exchange/withdrawn").status_code == 303
    shown = card(owner, case_id)
    assert ("Plan the refund" in shown, "Go on as a withdrawal" in shown) == (True, False)
