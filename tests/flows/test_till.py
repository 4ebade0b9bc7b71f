"""The till: sold once, from its own shelves, counted at the end; two tills and the last unit."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select, text, update

from oms_web.core.actor import SYSTEM, Actor
from oms_web.core.errors import Invalid, NotAllowedNow, NotFound, OmsError, ShortStock
from oms_web.domain.catalog.models import Product, Variant
from oms_web.domain.documents import service as documents
from oms_web.domain.messages import templates
from oms_web.domain.orders import discounts
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.orders.tally import tallies
from oms_web.domain.payments.models import Payment
from oms_web.domain.returns.service import Opening
from oms_web.domain.stock import service as stock
from oms_web.domain.stock.models import Balance, Move, Warehouse
from oms_web.domain.till import service as tills
from oms_web.domain.till.models import Sale
from oms_web.flows import order_message, order_pay, order_refund, return_case, till_sale
from oms_web.flows.issue_document import issue_invoice
from oms_web.flows.till_sale import Paying
from oms_web.inspection import ledgers
from tests import factories as make
from tests import paper

EWA = Actor("user", "Ewa", None)


class Counter:
    """A shop with two tills at one warehouse, both open with 100.00 in the drawer."""

    def __init__(self, works, stock_of) -> None:
        self.works = works
        _, self.ids = make.shop(works, stock_of)
        with works.writing(EWA) as work:
            work.session.execute(update(Variant).values(price=1000))
            work.session.execute(update(Product).values(vat_rate="23"))
            house = work.session.scalars(select(Warehouse.id)).one()
            self.tills = [tills.save_till(work, None, name, house).id for name in ("One", "Two")]
            for till in self.tills:
                tills.begin_shift(work, till, 10_000)

    def basket(self, skus, till=0, **discount):
        with self.works.writing(EWA) as work:
            id_ = tills.begin_basket(work, self.tills[till]).id
            for n, sku in enumerate(skus):
                tills.put_in(work, id_, self.ids[sku], f"{id_}-{n}")
            for sku, cut in discount.items():
                tills.change_line(work, id_, self.ids[sku], discount=discounts.typed(cut, "PLN"))
            return id_

    def sell(self, basket, shown, **values):
        with self.works.writing(EWA) as work:
            return till_sale.sell(work, basket, Paying(
                **{"key": f"k{basket}", "words": "cash", "given": None, **values}, shown=shown))

    def do(self, act, *args):
        with self.works.writing(EWA) as work:
            return act(work, *args)

    def ask(self, query):
        with self.works.reading(SYSTEM) as work:
            return work.session.execute(query).all()

    def sound(self):
        with self.works.reading(SYSTEM) as work:
            assert ledgers.check(work.session) == []
            real = dict(work.session.execute(
                select(Order.queue, func.count()).group_by(Order.queue)).all())
            assert {k: n for k, n in tallies(work.session, "queue").items() if n} == real


@pytest.fixture
def counter(both):
    return Counter(both.works, {"KUB": 5, "KOC": 1})


def test_a_sale_is_an_order_paid_and_gone_and_the_stock_falls_at_once(counter):
    basket = counter.basket(["KUB", "KUB", "KUB", "KOC"], KUB="10%")
    sale, fresh = counter.sell(basket, 3700, given=5000)
    assert fresh
    assert (sale.total, sale.given) == (3700, 5000)
    [order] = counter.ask(select(Order.phase, Order.queue, Order.total, Order.paid_total,
                                 Order.payment_state, Order.source, Order.external_number))
    assert order == ("done", "done", 3700, 3700, "paid", "till", "One")
    assert counter.ask(select(OrderLine.shipped, OrderLine.reserved, OrderLine.total,
                              OrderLine.discount).order_by(OrderLine.id)) == [
        (3, 0, 2700, 300), (1, 0, 1000, 0)]
    assert counter.ask(select(Balance.on_hand, Balance.reserved)
                       .order_by(Balance.variant_id)) == [(2, 0), (0, 0)]
    counter.sound()


def test_pressed_twice_it_sells_once_and_an_old_total_sells_nothing(counter):
    basket = counter.basket(["KUB"])
    with pytest.raises(Invalid, match="changed since"):
        counter.sell(basket, 900)
    first, _ = counter.sell(basket, 1000)
    again, fresh = counter.sell(basket, 1000, key="another", method="card")
    assert (again.id, again.method, fresh) == (first.id, "cash", False)
    assert counter.ask(select(func.count()).select_from(Sale)) == [(1,)]
    with pytest.raises(NotAllowedNow):
        counter.do(tills.put_in, basket, counter.ids["KUB"], "late")


def test_a_scan_sent_twice_counts_once(counter):
    basket = counter.basket([])
    for key in ("a", "a", "b"):
        counter.do(tills.put_in, basket, counter.ids["KUB"], key)
    counter.sell(basket, 2000)


def test_what_cannot_be_sold_changes_nothing(counter):
    with counter.works.writing(SYSTEM) as work:
        elsewhere = make.warehouse(work, "GDA", rank=1)
        make.put(work, counter.ids["KOC"], 5, elsewhere.id)
    two = counter.basket(["KOC", "KOC"])  # one is here, the others lie in another town
    with pytest.raises(ShortStock, match="only 1 free here"):
        counter.sell(two, 2000)
    one = counter.basket(["KUB"])
    for wrong in ({"given": 999}, {"method": "shells"}, {"key": ""}):
        with pytest.raises(Invalid):
            counter.sell(one, 1000, **wrong)
    counter.do(tills.end_shift, counter.tills[0], 10_000)
    with pytest.raises(NotAllowedNow, match="closed"):
        counter.sell(one, 1000)
    assert counter.ask(select(func.count()).select_from(Order)) == [(0,)]
    counter.sound()


def test_a_gift_is_sold_for_nothing(counter):
    sale, _ = counter.sell(counter.basket(["KUB"], KUB="100%"), 0)
    assert (sale.total, counter.ask(select(Order.payment_state, Order.phase))) == (
        0, [("paid", "done")])
    counter.sound()


def test_a_sale_taken_back_leaves_goods_money_and_books_as_they_were(counter):
    sale, _ = counter.sell(counter.basket(["KUB", "KUB"]), 2000)
    with pytest.raises(Invalid):
        counter.do(till_sale.void, sale.id, "  ")
    assert counter.do(till_sale.void, sale.id, "wrong size")[1] is True
    assert counter.do(till_sale.void, sale.id, "wrong size")[1] is False
    assert counter.ask(select(Order.phase, Order.queue, Order.paid_total)) == [
        ("cancelled", "cancelled", 0)]
    assert counter.ask(select(OrderLine.shipped, OrderLine.cancelled)) == [(0, 2)]
    assert counter.ask(select(Payment.amount).order_by(Payment.id)) == [(2000,), (-2000,)]
    assert counter.ask(select(Balance.on_hand, Balance.reserved).where(
        Balance.variant_id == counter.ids["KUB"])) == [(5, 0)]
    counter.sound()


def test_money_of_a_till_is_mended_at_the_till(counter):
    sale, _ = counter.sell(counter.basket(["KUB"]), 1000)
    [(payment,)] = counter.ask(select(Payment.id))
    with pytest.raises(NotFound):
        counter.do(order_pay.take_back, sale.order_id, payment, "typed wrongly")
    with counter.works.writing(EWA) as work:
        order_pay.give_back(work, sale.order_id, 300, "cash", work.now, "a scratch")
    with pytest.raises(NotAllowedNow, match="returned already"):
        counter.do(till_sale.void, sale.id, "no")


@pytest.mark.parametrize("money", [True, False])
def test_a_sale_is_not_taken_back_beside_a_refund_or_a_case_of_it(counter, money):
    sale, _ = counter.sell(counter.basket(["KUB"]), 1000)
    if money:
        counter.do(order_refund.ask, sale.order_id, 1000, "cash", "k", "scratch")
    else:
        [(line,)] = counter.ask(select(OrderLine.id))
        counter.do(return_case.open_for, sale.order_id, Opening("return", lines={line: 1}))
    with pytest.raises(NotAllowedNow, match="begun"):
        counter.do(till_sale.void, sale.id, "wrong size")
    assert counter.ask(select(Order.phase, Order.paid_total)) == [("done", 1000)]


def test_after_the_count_or_an_invoice_nothing_is_taken_back(counter):
    sale, _ = counter.sell(counter.basket(["KUB"]), 1000)
    counter.do(tills.end_shift, counter.tills[0], 11_000)
    with pytest.raises(NotAllowedNow, match="return"):
        counter.do(till_sale.void, sale.id, "late")
    with counter.works.writing(EWA) as work:
        paper.company(work)
        documents.default_series(work, "invoice")
    basket = counter.basket(["KUB"], till=1)
    with counter.works.writing(EWA) as work:
        sold, _ = till_sale.sell(work, basket, Paying(
            "inv", 1000, words="card", method="card", wants_invoice=True,
            buyer={**till_sale.NOBODY, "buyer_company": "Firma", "tax_id": "5261040828"},
            address={**till_sale.NOWHERE, "company": "Firma", "street": "Prosta 1",
                     "postcode": "00-001", "city": "Warszawa", "country": "PL"}))
        document, _ = issue_invoice(work, sold.order_id)
    assert (document.gross, document.snapshot["payment"]["to_pay"]) == (1000, 0)
    with pytest.raises(NotAllowedNow, match="invoice"):
        counter.do(till_sale.void, sold.id, "no")


def test_the_count_at_the_end_says_what_is_missing_and_who_counted(counter):
    for method in ("cash", "card", "cash"):
        sale, _ = counter.sell(counter.basket(["KUB"]), 1000, method=method)
    counter.do(till_sale.void, sale.id, "changed their mind")
    shift = counter.do(tills.end_shift, counter.tills[0], 10_900, "a coin fell")
    assert (shift.expected, shift.counted, shift.closed_by) == (11_000, 10_900, "Ewa")
    with pytest.raises(NotAllowedNow):
        counter.do(tills.end_shift, counter.tills[0], 1)
    assert counter.do(tills.begin_shift, counter.tills[0], 500).id != shift.id


# The last unit -----------------------------------------------------------------------------------


def at_once(*acts):
    """Run acts in threads that begin together; what each came to, or how it was refused."""
    start, came = threading.Barrier(len(acts)), []

    def run(act):
        start.wait(10)
        try:
            came.append(act())
        except OmsError as refused:
            came.append(type(refused).__name__)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return came


def test_two_tills_and_the_last_unit(counter):
    """Eight baskets at two tills want five cups and each holds one."""
    baskets = [counter.basket(["KUB"], till=n % 2) for n in range(8)]
    came = at_once(*(lambda id_=id_: counter.sell(id_, 1000)[1] for id_ in baskets))
    assert (came.count(True), came.count("ShortStock")) == (5, 3)
    assert counter.ask(select(func.count()).select_from(Order)) == [(5,)]
    counter.sound()


def test_the_same_basket_paid_from_two_screens_is_sold_once(counter):
    basket = counter.basket(["KUB"])
    came = at_once(*(lambda n=n: counter.sell(basket, 1000, key=f"screen {n}")[1]
                     for n in range(4)))
    assert sorted(came) == [False, False, False, True]
    counter.sound()


def test_the_control_that_looks_first_and_takes_later_oversells(counter):
    """Without the conditional UPDATE both tills sell the one blanket: the race above is real."""
    if counter.works.engine.dialect.name == "postgresql":
        with counter.works.engine.begin() as connection:
            connection.execute(text(
                "ALTER TABLE balance DROP CONSTRAINT ck_balance_promised_is_there"))
    looked = threading.Barrier(2)

    def naive():
        with counter.works.reading(SYSTEM) as work:
            free = stock.free_units(work.session, [counter.ids["KOC"]])[counter.ids["KOC"]]
        looked.wait(10)
        if free < 1:
            return False
        with counter.works.writing(SYSTEM) as work:
            if work.session.get_bind().dialect.name == "sqlite":
                work.session.execute(text("PRAGMA ignore_check_constraints=ON"))
            work.session.execute(update(Balance).where(
                Balance.variant_id == counter.ids["KOC"]).values(on_hand=Balance.on_hand - 1))
        return True

    assert at_once(naive, naive) == [True, True]
    assert counter.ask(select(Balance.on_hand).where(
        Balance.variant_id == counter.ids["KOC"])) == [(-1,)]
    assert counter.ask(select(func.count()).select_from(Move).where(Move.reason == "sale")) == [
        (0,)]


def test_a_buyer_at_the_till_is_written_to_by_a_rule(counter):
    sale, _ = counter.sell(counter.basket(["KUB"]), 1000)
    with counter.works.writing(Actor("rule", "Thanks", 1)) as work:
        template = templates.create(work, {
            "name": "Thanks", "kind": "email", "subject_pl": "Hej", "text_pl": "Hej"})
        assert order_message.write(work, sale.order_id, template.id)
