"""An exchange to the last grosz: what is due, who pays, what waits, and all of it taken back."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.domain.catalog.models import Product, Variant
from oms_web.domain.channels.models import Listing
from oms_web.domain.company.models import Company
from oms_web.domain.documents.models import Document
from oms_web.domain.messages import starters, templates
from oms_web.domain.messages.models import Message
from oms_web.domain.orders import service as orders
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.payments.models import Payment, Refund
from oms_web.domain.payments.requests import PaymentRequest
from oms_web.domain.returns import correcting, exchange_facts, service, settings
from oms_web.domain.returns.intake import Judgement
from oms_web.domain.returns.models import Return
from oms_web.domain.returns.refund_plan import Wish
from oms_web.domain.returns.service import Opening
from oms_web.flows import (
    correct_document,
    order_cancel,
    order_hold,
    order_pay,
    return_bench,
    return_case,
    return_exchange,
    return_letter,
    return_portal,
    return_refund,
    ship,
)
from oms_web.flows.issue_document import issue_invoice
from oms_web.flows.return_exchange import Position, Terms
from oms_web.flows.return_portal import Declared
from oms_web.inspection import ledgers
from oms_web.jobs import dispatch
from oms_web.jobs.worker import drain
from tests import factories as make
from tests import paper
from tests.after_sale import AfterSale
from tests.conftest import TESTER

BOOKS = ("I1", "I2", "I4", "I5", "I11", "I14", "I16", "I24", "counts")
WAITS = Terms(waits="WYM: towar")

ACCOUNT = "PL61109010140000071219812874"


@pytest.fixture
def shop(both):
    """A sent order; the books must agree after each test."""
    made = AfterSale(both)
    yield made
    with both.works.reading(TESTER) as work:
        assert ledgers.check(work.session, only=BOOKS) == []


def opened(shop, sku="TEA", units=1, **values):
    case, _ = shop.do(return_case.open_for, shop.order_id, Opening(
        "exchange", lines={shop.lines()[sku]: units}, **values))
    return case.id


def swap(shop, case_id, price, terms=Terms(), sku="CUP"):
    new, _ = shop.do(return_exchange.exchange, case_id,
                     [Position(shop.ids[sku], 1, round(price * 10**6))], terms)
    return new.id


def judge(shop, case_id, key="k", disposition="restock"):
    with shop.works.reading(TESTER) as work:
        line = service.lines_of(work.session, case_id)[0]
    shop.do(return_bench.judge, case_id, Judgement(line.id, "A", disposition, key, line.quantity))


def get(shop, model, id_):
    with shop.works.reading(TESTER) as work:
        return work.session.get_one(model, id_)


def standing(shop, case_id):
    with shop.works.reading(TESTER) as work:
        return exchange_facts.standing(work.session, work.session.get_one(Return, case_id))


def rows(shop, model):
    with shop.works.reading(TESTER) as work:
        return work.session.scalars(select(model).order_by(model.id)).all()


def paid_in_all(shop):
    with shop.works.reading(TESTER) as work:
        return work.session.scalar(select(func.sum(Payment.amount)))


def test_a_dearer_thing_is_not_picked_before_the_buyer_paid_nor_before_the_goods_are_here(shop):
    case = opened(shop)
    new = swap(shop, case, 40, WAITS)
    assert (standing(shop, case).due, get(shop, Order, new).queue) == (2167, "held")
    shop.do(order_hold.release, new)  # the seller's own decision lets the goods go, not the money
    assert get(shop, Order, new).queue == "unpaid"
    shop.do(order_hold.hold, new, "x")
    shop.do(order_pay.record, new, 2167, "przelew", make.NOON, "p1")
    now = standing(shop, case)
    assert (now.due, now.paid, now.owes, get(shop, Order, new).queue) == (0, 2167, False, "held")
    judge(shop, case)
    assert get(shop, Order, new).queue == "held"  # a person held it for a reason of their own
    shop.do(order_hold.release, new)
    assert get(shop, Order, new).queue == "pick"
    assert shop.do(return_case.decide, case, "close")
    assert paid_in_all(shop) == 11999 + 2167


def test_good_goods_let_the_new_order_go_by_themselves_and_bad_ones_do_not(shop):
    case = opened(shop)
    new = swap(shop, case, 18.33, WAITS)
    assert get(shop, Order, new).queue == "held"
    judge(shop, case)
    assert get(shop, Order, new).queue == "pick"
    other = opened(shop, "CUP")
    second = swap(shop, other, 30.55, WAITS)
    judge(shop, other, "k2", "quarantine")
    assert get(shop, Order, second).queue == "held"
    with pytest.raises(Invalid, match="still due"):  # a person says first what becomes of it
        shop.do(return_case.decide, other, "close")
    shop.do(order_hold.release, second)
    assert shop.do(return_case.decide, other, "close")


def test_the_seller_may_send_first_and_be_paid_later(shop):
    new = swap(shop, opened(shop), 40, Terms(payment_kind="credit", shipping=1000))
    row = get(shop, Order, new)
    assert (row.queue, row.payment_state, row.total) == ("pick", "credit", 5000)


def invoiced(shop):
    with shop.works.writing(TESTER) as work:
        work.session.execute(update(Product).values(vat_rate="23"))
        paper.company(work)
        return issue_invoice(work, shop.order_id)[0].id


@pytest.mark.parametrize("price", [18.0, 0.01, 18.33])
def test_what_goes_back_is_the_difference_and_the_papers_agree_to_the_grosz(shop, price):
    invoiced(shop)
    case = opened(shop)
    new = swap(shop, case, price)
    back = 1833 - round(price * 100)
    rest = [one.amount for one in rows(shop, Refund) if one.state == "planned"]
    assert rest == ([back] if back else [])
    with shop.works.reading(TESTER) as work:
        assert return_refund.usual(work, work.session.get_one(Return, case)).units == {}
    judge(shop, case)
    carried = rows(shop, Refund)[0]
    with shop.works.writing(TESTER) as work:
        fixed, _ = correct_document.correct_invoice(
            work, *correcting.wanted(work.session, work.session.get_one(Refund, carried.id)))
        sold, _ = issue_invoice(work, new)
        difference = fixed.gross + sold.gross
    assert (fixed.gross, difference) == (-1833, -back)
    for one in rows(shop, Refund)[1:]:
        for act in ("approve", "done"):
            shop.do(return_refund.act, one.id, act, account=ACCOUNT)
    assert (get(shop, Return, case).money, paid_in_all(shop)) == (
        "refunded" if back else "credit", 11999 - back)
    assert shop.do(return_case.decide, case, "close")


@pytest.mark.parametrize(("price", "due", "back"), [(40, 2500, 0), (10, 0, 500)])
def test_what_goods_lost_by_use_is_credited_no_more_than_it_would_be_paid_back(
        shop, price, due, back):
    case, tea = opened(shop), shop.lines()["TEA"]
    with shop.works.reading(TESTER) as work:
        refund = return_refund.plan(work, work.session.get_one(Return, case),
                                    Wish({tea: 1}, {tea: 333})).total
    swap(shop, case, price, Terms(wear={tea: 333}))
    now = standing(shop, case)
    assert (now.worth, now.worn, now.due, now.back) == (refund, 333, due, back)
    carried = rows(shop, Refund)[0]
    assert sum(one["amount"] for one in carried.plan) == carried.amount == refund - back
    shop.do(return_exchange.call_off, case, "jednak nie")
    assert get(shop, Order, shop.order_id).paid_total == 11999


def test_the_invoice_is_not_corrected_by_itself_before_the_goods_are_back(shop):
    invoiced(shop)
    shop.do(settings.change, settings.Edit(correct_by_itself=True))
    case = opened(shop)
    swap(shop, case, 40)
    dispatch.dispatch(shop.works)
    drain(shop.oms)
    assert [one.kind for one in rows(shop, Document)] == ["invoice"]
    judge(shop, case)
    dispatch.dispatch(shop.works)
    drain(shop.oms)
    assert [(one.kind, one.gross) for one in rows(shop, Document)][1:] == [("correction", -1833)]


@pytest.mark.parametrize("price", [40, 10])
def test_called_off_all_is_as_it_was_and_another_one_can_be_made(shop, price):
    case = opened(shop)
    new = swap(shop, case, price)
    with pytest.raises(NotAllowedNow, match="Call the exchange off first"):
        shop.do(return_case.decide, case, "call_off")
    with pytest.raises(Invalid, match="Say why"):
        shop.do(return_exchange.call_off, case, " ")
    assert shop.do(return_exchange.call_off, case, "kupujący się rozmyślił")
    assert not shop.do(return_exchange.call_off, case, "drugi raz")
    row, old = get(shop, Order, new), get(shop, Order, shop.order_id)
    assert (row.phase, row.paid_total, row.queue) == ("cancelled", 0, "cancelled")
    assert (old.paid_total, old.refunded_total, old.refund_pending) == (11999, 0, 0)
    assert get(shop, OrderLine, shop.lines()["TEA"]).refunded == 0
    assert (get(shop, Return, case).money, paid_in_all(shop)) == ("none", 11999)
    second = swap(shop, case, 18.33)
    assert (get(shop, Order, second).payment_state, paid_in_all(shop)) == ("paid", 11999)
    shop.do(return_exchange.call_off, case, "jednak nie")
    assert shop.do(return_case.decide, case, "call_off", "pomyłka", by="mistake")


def test_what_the_buyer_paid_more_waits_to_go_back_when_it_is_called_off(shop):
    case = opened(shop)
    new = swap(shop, case, 40)
    shop.do(order_pay.record, new, 2167, "przelew", make.NOON, "p1")
    shop.do(lambda work: work.session.add(PaymentRequest(
        order_id=new, account_id=shop.account_id, key="k", form_key="f", amount=2167,
        currency="PLN", state="waiting", created_at=work.now, created_by="x")))
    shop.do(return_exchange.call_off, case, "kupujący się rozmyślił")
    assert [one.state for one in rows(shop, PaymentRequest)] == ["withdrawn"]
    row = get(shop, Order, new)
    assert (row.phase, row.paid_total, row.queue) == ("cancelled", 2167, "cancelled")
    assert standing(shop, case) is None


def declared(shop, sku="TEA"):
    return shop.do(return_portal.withdraw, Declared(
        "Anna Testowa", "anna@example.test", "", "k", shop.order_id, {shop.lines()[sku]: 1}))


def test_who_withdraws_from_what_an_exchange_holds_has_a_withdrawal_by_one_act(shop):
    case = opened(shop)
    new = swap(shop, case, 40, WAITS)
    shop.do(order_pay.record, new, 2167, "przelew", make.NOON, "p1")
    with pytest.raises(NotAllowedNow, match="not withdrawn"):
        shop.do(return_exchange.withdraw, case)
    held, record, _ = declared(shop)
    assert (held.id, held.kind, record.content["effect"]) == (case, "exchange", "held")
    later = shop.works.clock() + timedelta(days=3)
    shop.works.clock = lambda: later
    assert shop.do(return_exchange.withdraw, case)
    assert not shop.do(return_exchange.withdraw, case)
    row, old, gone = get(shop, Return, case), get(shop, Order, shop.order_id), get(shop, Order, new)
    assert (row.kind, row.phase, row.money, row.exchange_order_id, row.owed) == (
        "withdrawal", "accepted", "none", None, True)
    assert (gone.phase, gone.paid_total, gone.refund_pending, old.paid_total) == (
        "cancelled", 2167, 2167, 11999)
    with shop.works.reading(TESTER) as work:
        assert {one.what: one.began_at for one in service.clocks_of(work.session, case)}[
            "repay"] == record.at  # the days between were the seller's
        assert not stock_reserved(work, new)
    back = rows(shop, Refund)[-1]
    assert (back.order_id, back.case_id, back.state, back.method) == (
        new, None, "planned", "transfer")
    for act in ("approve", "done"):
        shop.do(return_refund.act, back.id, act, account=ACCOUNT)
    [tea] = shop.do(return_refund.ask, case, shop.do(
        return_refund.usual, get(shop, Return, case)), "cash", "tea")
    for act in ("approve", "done"):
        shop.do(return_refund.act, tea.id, act)
    assert (paid_in_all(shop), get(shop, Return, case).owed) == (11999 - tea.amount, False)


def test_who_withdraws_from_some_of_an_exchange_is_owed_the_money_for_that(shop):
    case = opened(shop, "CUP", 3)
    swap(shop, case, 40, WAITS, "TEA")
    _, record, _ = declared(shop, "CUP")
    shop.do(return_exchange.withdraw, case)
    rest, own = rows(shop, Return)
    assert (rest.kind, rest.exchange_order_id, rest.money) == ("exchange", None, "none")
    assert (own.kind, own.phase, own.owed) == ("withdrawal", "accepted", True)
    assert shop.do(return_refund.usual, own).units == {shop.lines()["CUP"]: 1}
    with shop.works.reading(TESTER) as work:
        assert [one.quantity for one in service.lines_of(work.session, case)] == [2]
        assert exchange_facts.withdrew(work.session, rest) is None
        assert {one.what: one.began_at for one in service.clocks_of(work.session, own.id)}[
            "repay"] == record.at
    swap(shop, case, 40, WAITS, "TEA")  # the others are exchanged anew


def stock_reserved(work, order_id):
    return work.session.scalar(select(func.sum(OrderLine.reserved)).where(
        OrderLine.order_id == order_id))


def test_an_exchange_that_was_called_off_by_hand_still_becomes_the_withdrawal(shop):
    case = opened(shop)
    swap(shop, case, 10)
    declared(shop)
    shop.do(return_exchange.call_off, case, "odstąpienie")
    assert shop.do(return_exchange.withdraw, case)
    assert get(shop, Return, case).kind == "withdrawal"


def test_what_has_left_instead_stays_an_exchange(shop):
    case = opened(shop)
    new = swap(shop, case, 18.33)
    declared(shop)
    shop.do(ship.ship_order, new, carrier="InPost", number="620000077")
    with pytest.raises(NotAllowedNow, match="has left"):
        shop.do(return_exchange.withdraw, case)
    assert get(shop, Return, case).kind == "exchange"


def test_goods_that_never_come_leave_the_new_order_to_be_paid(shop):
    case = opened(shop)
    new = swap(shop, case, 18.33)
    shop.do(ship.ship_order, new, carrier="InPost", number="620000077")
    assert shop.do(return_exchange.call_off, case, "towar nie wrócił")
    assert not shop.do(return_exchange.call_off, case, "towar nie wrócił")
    now = standing(shop, case)
    assert (now.due, now.carried, now.left) == (1833, 0, True)
    assert get(shop, Order, shop.order_id).paid_total == 11999
    with pytest.raises(Invalid, match="still due"):
        shop.do(return_case.decide, case, "close")
    assert shop.do(return_case.decide, case, "close", "kupujący zapłaci osobno")


def test_closing_over_what_is_due_needs_a_word_why(shop):
    case = opened(shop)
    swap(shop, case, 18.33)
    with pytest.raises(Invalid, match="still due"):
        shop.do(return_case.decide, case, "close")
    judge(shop, case)
    assert shop.do(return_case.decide, case, "close")


def test_a_new_order_that_was_cancelled_by_itself_gives_its_credit_back(shop):
    case = opened(shop)
    new = swap(shop, case, 40)
    shop.do(order_cancel.cancel, new, "pomyłka")
    assert (standing(shop, case).cancelled, standing(shop, case).due) == (True, 0)
    judge(shop, case)
    with pytest.raises(Invalid, match="still due"):
        shop.do(return_case.decide, case, "close")
    assert shop.do(return_exchange.call_off, case, "pomyłka")
    assert get(shop, Order, new).paid_total == 0
    assert get(shop, Return, case).exchange_order_id is None
    assert get(shop, Order, shop.order_id).paid_total == 11999


def test_of_goods_that_came_in_part_only_what_came_is_credited(shop):
    case = opened(shop, "CUP", 3)
    new = swap(shop, case, 100)
    assert standing(shop, case).carried == 9166
    with shop.works.reading(TESTER) as work:
        line = service.lines_of(work.session, case)[0].id
    shop.do(return_bench.judge, case, Judgement(line, "A", "restock", "k", 2))
    shop.do(return_exchange.call_off, case, "wróciły dwa z trzech")
    again = swap(shop, case, 100)
    assert (again > new, standing(shop, case).carried, standing(shop, case).due) == (
        True, 6111, 3889)


def test_what_is_over_is_not_called_off_from_a_page_that_still_shows_it(shop):
    case = opened(shop)
    new = swap(shop, case, 18.33)
    judge(shop, case)
    shop.do(return_case.decide, case, "close")
    with pytest.raises(NotAllowedNow, match="is over"):
        shop.do(return_exchange.call_off, case, "karta otwarta od rana")
    assert get(shop, Order, new).phase != "cancelled"
    assert get(shop, Return, case).money == "credit"


def test_what_was_corrected_is_not_called_off(shop):
    invoiced(shop)
    case = opened(shop)
    swap(shop, case, 18.33)
    carried = rows(shop, Refund)[0]
    with shop.works.writing(TESTER) as work:
        correct_document.correct_invoice(
            work, *correcting.wanted(work.session, work.session.get_one(Refund, carried.id)))
    with pytest.raises(NotAllowedNow, match="correction was issued"):
        shop.do(return_exchange.call_off, case, "x")


def race(shop, act):
    """Two people make the new order of a case at once; how many orders there are then."""
    start = threading.Barrier(2)

    def run():
        start.wait(10)
        act()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return len(rows(shop, Order)) - 1


def test_two_tries_at_once_make_one_new_order(shop):
    case = opened(shop)
    assert race(shop, lambda: swap(shop, case, 40)) == 1
    assert (standing(shop, case).carried, paid_in_all(shop)) == (1833, 11999)


def test_the_control_that_looks_before_it_makes_one_makes_two(shop):
    case, looked = opened(shop), threading.Barrier(2)

    def naive():
        known = get(shop, Return, case).exchange_order_id
        looked.wait(10)
        if known is None:
            with shop.works.writing(TESTER) as work:
                old = orders.get_order(work.session, shop.order_id)
                return_exchange.taking.store(work, return_exchange._taken(
                    old, work.session.get_one(Return, case),
                    [Position(shop.ids["CUP"], 1, 40_000_000)], Terms()))

    assert race(shop, naive) == 2


# What it costs, what is written -------------------------------------------------------------------


def priced(shop, case_id, *skus):
    with shop.works.reading(TESTER) as work:
        order = orders.get_order(work.session, shop.order_id)
        plan = exchange_facts.worth(work.session, order, case_id)
        ids = {sku: shop.ids[sku] for sku in skus}
        found = exchange_facts.prices(work.session, order, plan, ids.values())
        return [found.get(id_) for id_ in ids.values()]


def test_the_same_costs_what_was_paid_and_another_thing_what_it_costs_there(shop):
    with shop.works.writing(TESTER) as work:
        shop.ids |= {"MUG": make.variant(work, "MUG", price=2500),
                     "POT": make.variant(work, "POT", price=2600)}
        work.session.add(Listing(
            account_id=shop.account_id, offer_ref="pot", price=2750, currency="PLN",
            variant_id=shop.ids["POT"], first_seen_at=work.now, seen_at=work.now))
        tea = work.session.get_one(Variant, shop.ids["TEA"])
        tea.price = 2000
        for sku, price in (("TEA-S", 2000), ("TEA-L", 3000)):
            size = Variant(product_id=tea.product_id, sku=sku, title=sku, price=price,
                           created_at=work.now)
            work.session.add(size)
            work.session.flush()
            shop.ids[sku] = size.id
    assert priced(shop, opened(shop), "TEA", "TEA-S", "TEA-L", "MUG", "POT") == [
        18_330_000, 18_330_000, 30_000_000, 25_000_000, 27_500_000]


def test_the_letter_says_what_is_due_and_how_it_is_paid(shop):
    with shop.works.writing(TESTER) as work:
        work.session.execute(update(Company).values(
            bank_account="61109010140000071219812874"))
    case = opened(shop)
    with pytest.raises(NotAllowedNow, match="not made yet"):
        shop.do(return_letter.swapped, case, "a")
    new = swap(shop, case, 40)
    assert shop.do(return_letter.swapped, case, "a")
    assert shop.do(return_letter.swapped, case, "a") is None
    [letter] = rows(shop, Message)
    for part in (f"zamówienie {new}", "21,67", "61109010140000071219812874",
                 f"Tytuł przelewu: {new}", f"/cases/{case}", "1 × "):
        assert part in letter.subject + letter.text
    assert "Zwrócimy" not in letter.text
    assert "Zapłać tutaj" not in letter.text
    with shop.works.writing(TESTER) as work:
        work.session.add(PaymentRequest(
            order_id=new, account_id=shop.account_id, key="k", form_key="f", amount=2167,
            currency="PLN", state="waiting", url="https://pay.example/1", created_at=work.now,
            created_by="x"))
    assert shop.do(return_letter.swapped, case, "b")
    text = rows(shop, Message)[1].text
    assert re.search(rf"Zapłać tutaj: https://sklep\.example/o/\S+/cases/{case}/pay\n", text)
    assert "przelewu" not in text


def test_of_a_cheaper_thing_the_letter_says_what_goes_back(shop):
    case = opened(shop)
    swap(shop, case, 18)
    shop.do(return_letter.swapped, case, "a")
    text = rows(shop, Message)[0].text
    assert "Zwrócimy: 0,33" in text
    assert "dopłaty" not in text


def test_a_credit_is_no_money_that_went_back_and_the_exchange_has_a_letter_of_its_own(shop):
    for key in ("case_refunded", "case_swapped"):
        shop.do(templates.create, {**starters.STARTERS[key].values(), "name": key,
                                   "by_itself": True})

    def written():
        dispatch.dispatch(shop.works)
        drain(shop.oms)
        return [(one.name, one.text) for one in rows(shop, Message)]

    case = opened(shop)
    swap(shop, case, 18)
    assert [name for name, _ in written()] == ["case_swapped"]
    rest = rows(shop, Refund)[-1].id
    for act in ("approve", "done"):
        shop.do(return_refund.act, rest, act, account=ACCOUNT)
    name, text = written()[-1]
    assert (name, "Kwota: 0,33" in text) == ("case_refunded", True)


@pytest.mark.parametrize(("said", "sku"), [
    ("cup", "CUP"), (" l, ZIELONA ", "GREEN"), ("zielona", None), ("Garnek", "POT"),
    ("coś ładnego", None), ("", None)])
def test_what_the_buyer_wants_is_known_by_its_words_if_just_one_thing_is(shop, said, sku):
    with shop.works.writing(TESTER) as work:
        shop.ids["POT"] = make.variant(work, "POT")
        work.session.get_one(Variant, shop.ids["POT"]).search = "garnek"
        tea = work.session.get_one(Variant, shop.ids["TEA"])
        for name, option in (("GREEN", "L zielona"), ("GREEN-S", "S zielona")):
            size = Variant(product_id=tea.product_id, sku=name, title="Herbata", option=option,
                           created_at=work.now)
            work.session.add(size)
            work.session.flush()
            shop.ids[name] = size.id
    case = opened(shop, instead=said)
    with shop.works.reading(TESTER) as work:
        row = work.session.get_one(Return, case)
        found = exchange_facts.meant(work.session, row)
        assert found == (shop.ids[sku] if sku else None)
        assert exchange_facts.units(work.session, row, shop.ids["GREEN"]) == 1
