"""Money back through the channel itself: once, exactly, by the order it came by, echoes ignored."""

from __future__ import annotations

import threading
from dataclasses import replace
from decimal import Decimal

import pytest
from oms_connector import Payment, RefundLine, Refused
from oms_connector import Return as Told
from oms_connector import ReturnLine as ToldLine
from sqlalchemy import func, select, update

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders.models import Order
from oms_web.domain.payments.models import Payment as OurPayment
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns.models import Return
from oms_web.domain.returns.refund_plan import Wish
from oms_web.domain.returns.service import Opening
from oms_web.flows import order_refund, return_case, return_refund, return_told
from oms_web.flows.order_in import take_in
from oms_web.inspection import ledgers
from oms_web.sync import refunds
from tests import factories as make
from tests.conftest import TESTER
from tests.sync.market import LOST, Market, MarketShop, money

PAID = 119_99
ABLE = frozenset({"demo"})


@pytest.fixture
def shop(oms):
    return MarketShop(oms)


def approved(shop, wish=None, kind="return", key="k", **values):
    lines = {shop.lines()["TEA"]: 1}
    case, _ = shop.do(return_case.open_for, shop.order_id, Opening(kind, lines=lines, **values))
    [refund] = shop.do(return_refund.ask, case.id, wish or Wish(lines), "channel", key)
    shop.do(return_refund.act, refund.id, "approve")
    return case.id, refund


def row(shop, model, number=-1):
    with shop.works.reading(TESTER) as work:
        return work.session.scalars(select(model).order_by(model.id)).all()[number]


def standing(shop, case_id):
    with shop.works.reading(TESTER) as work:
        return (row(shop, Refund).state, work.session.get_one(Return, case_id).money,
                work.session.scalars(select(OurPayment.amount).order_by(OurPayment.id)).all())


# The way --------------------------------------------------------------------------------------


def test_the_channel_is_told_of_lines_delivery_and_reason_and_the_case_is_paid_back(shop):
    tea = shop.lines()["TEA"]
    case_id, refund = approved(shop, Wish({tea: 1}, {tea: 100}, delivery=True, other=33),
                               kind="complaint", story="Pęknięta")
    shop.run()
    [ask] = shop.market.asked
    worth = next(one for one in refund.plan if one["kind"] == "goods")["amount"]
    assert (ask.payment, ask.key, ask.currency, ask.reason) == ("A1", "k", "PLN", "complaint")
    assert ask.lines == [RefundLine("2", 1, money(worth - 100))]
    assert (ask.amount, ask.shipping, ask.rest) == (
        money(refund.amount), Decimal("10.00"), Decimal("0.33"))
    assert standing(shop, case_id) == ("done", "refunded", [PAID, -refund.amount])
    shop.run()
    assert len(shop.market.asked) == 1


@pytest.mark.parametrize(("when", "asked"), [("before", 2), ("after", 1)])
def test_a_lost_answer_is_unknown_and_then_asked_after(shop, when, asked):
    case_id, refund = approved(shop)
    Market.says.append((when, LOST))
    shop.run()
    assert standing(shop, case_id) == ("unknown", "unknown", [PAID])
    shop.later(Refund, minutes=11)
    assert standing(shop, case_id) == ("done", "refunded", [PAID, -refund.amount])
    assert (len(shop.market.asked), [one.amount for one in Market.back.values()]) == (
        asked, [money(refund.amount)])


def test_what_the_channel_refuses_is_free_again_and_says_why(shop):
    case_id, _ = approved(shop)
    Market.says.append(("before", Refused("the gateway cannot")))
    shop.run()
    assert standing(shop, case_id) == ("refused", "none", [PAID])
    assert row(shop, Refund).why == "the gateway cannot"
    assert row(shop, Order).refund_pending == 0


def test_what_the_channel_works_on_is_on_its_way(shop):
    case_id, refund = approved(shop)
    Market.state = "pending"
    shop.run()
    assert standing(shop, case_id)[:2] == ("sent", "sent")
    with pytest.raises(NotAllowedNow):
        shop.do(return_refund.act, refund.id, "refuse", why="?")
    Market.back["k"] = replace(Market.back["k"], state="done")
    shop.later(Refund, minutes=11)
    assert standing(shop, case_id)[:2] == ("done", "refunded")


@pytest.mark.parametrize("change", ["stopped", "elsewhere", "two"])
def test_it_is_offered_and_chosen_only_where_the_money_came_by_one_order_of_a_channel(shop, change):
    with shop.works.reading(TESTER) as work:
        assert order_refund.ways(work, shop.order_id, ABLE) == (
            "channel", "transfer", "cash", "pages")
        assert order_refund.ways(work, shop.order_id, ()) == ("transfer", "cash", "pages")
    case_id, _ = approved(shop)
    with shop.works.writing(TESTER) as work:
        if change == "stopped":
            work.session.execute(update(ChannelAccount).values(state="stopped"))
        else:
            work.session.execute(update(OurPayment).values(
                source="desk" if change == "elsewhere" else OurPayment.source,
                amount=OurPayment.amount if change == "elsewhere" else 100))
    with shop.works.reading(TESTER) as work:
        ways = order_refund.ways(work, shop.order_id, ABLE)
        assert ("channel" in ways) == (change == "two")
    shop.run()
    assert shop.market.asked == []
    assert (row(shop, Refund).state, row(shop, Refund).why) == ("refused", refunds.NOT_BY_CHANNEL)
    assert standing(shop, case_id)[1] == "none"


def test_fifty_tries_at_once_stay_under_what_was_paid(shop):
    refused, ready = [], threading.Barrier(10)

    def run(thread):
        ready.wait(20)
        for n in range(5):
            try:
                with shop.works.writing(TESTER) as work:
                    made, _ = order_refund.ask(work, shop.order_id, 1000, "channel",
                                               f"{thread}-{n}", "rysa", connectors=ABLE)
                    return_refund.act(work, made.id, "approve")
            except Invalid:
                refused.append(n)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shop.run()
    assert len(refused) == 50 - PAID // 1000
    assert sum(one.amount for one in Market.back.values()) == money(PAID // 1000 * 1000)
    with shop.works.reading(TESTER) as work:
        assert ledgers.check(work.session, only=["I16"]) == []


# Echoes -----------------------------------------------------------------------------------------


def tell(shop, revision, *back):
    told = shop.sold("A1", state="shipped", revision=revision)
    told = replace(told, payments=(*told.payments, *(
        Payment(name, amount, make.NOON, "BLIK") for name, amount in back)))
    with shop.works.writing(TESTER) as work:
        take_in(work, shop.account(work), [told])


def paid(shop):
    with shop.works.reading(TESTER) as work:
        return work.session.scalar(select(func.sum(OurPayment.amount)))


@pytest.mark.parametrize("lost", [False, True])
def test_the_echo_in_the_orders_payments_has_no_second_effect(shop, lost):
    """The control: what the channel gave back besides is counted."""
    case_id, refund = approved(shop)
    if lost:
        Market.says.append(("after", LOST))
    shop.run()
    mine = ("R0", money(-refund.amount))
    for revision in ("2", "3"):
        tell(shop, revision, mine)
        shop.later(Refund, minutes=11)
        assert standing(shop, case_id)[:2] == ("done", "refunded")
        assert paid(shop) == PAID - refund.amount
    tell(shop, "4", mine, ("R7", money(-refund.amount)))
    assert paid(shop) == PAID - 2 * refund.amount
    assert len(Market.back) == 1


@pytest.mark.parametrize("lost", [False, True])
def test_the_echo_among_the_returns_opens_no_case(shop, lost):
    """The controls: another refund, or a return that is none, is a case of its own."""
    _, refund = approved(shop)
    if lost:
        Market.says.append(("after", LOST))
    shop.run()
    echo = Told(
        external_id="refund/R0", order_ref="A1", created_at=make.NOON, currency="PLN",
        lines=[ToldLine("2", "Herbata", 1)], state="closed", refunded=money(refund.amount),
        refund_ref="R0")

    def take(told):
        with shop.works.writing(TESTER) as work:
            return return_told.take(work, shop.account(work), told)

    assert take(replace(echo, external_id="RMA-1", refund_ref="")) == "added"
    assert [take(echo), take(echo)] == ["same", "same"]
    assert take(replace(echo, external_id="refund/R9", refund_ref="R9")) == "added"
    shop.later(Refund, minutes=11)
    assert (row(shop, Refund).state, len(Market.back)) == ("done", 1)
