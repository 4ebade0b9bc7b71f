"""The commission comes back once for each unit, whatever is lost, and the profit counts it once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from oms_connector import Refused
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import NotAllowedNow
from oms_web.domain.orders.models import Order
from oms_web.domain.payments import earnings, fee_claims, fees
from oms_web.domain.payments.fee_claims import FeeClaim
from oms_web.domain.payments.settling.models import Settlement
from oms_web.domain.payments.settling.reports import FEE
from oms_web.domain.returns import settings
from oms_web.domain.returns.refund_plan import Wish
from oms_web.domain.returns.service import Opening
from oms_web.domain.returns.settings import Edit
from oms_web.domain.shipping import label_queries
from oms_web.flows import fee_claim, return_case, return_exchange, return_refund
from oms_web.flows.return_exchange import Position
from tests.conftest import TESTER
from tests.sync.market import LOST, Market, MarketShop

ABLE = frozenset({"demo"})


@pytest.fixture
def shop(oms):
    return MarketShop(oms)


def refunded(shop, sku="CUP", units=1, key="k"):
    """Units whose money went back by hand."""
    lines = {shop.lines()[sku]: units}
    case, _ = shop.do(return_case.open_for, shop.order_id, Opening("return", lines=lines))
    [refund] = shop.do(return_refund.ask, case.id, Wish(lines), "cash", key)
    for name in ("approve", "done"):
        shop.do(return_refund.act, refund.id, name)


def claimed(shop):
    with shop.works.reading(TESTER) as work:
        return [(one.quantity, one.state, one.amount) for one in
                work.session.scalars(select(FeeClaim).order_by(FeeClaim.id))]


def by_hand(shop):
    return len(shop.do(fee_claim.claim, shop.order_id, ABLE))


def test_what_was_paid_back_is_claimed_once_and_what_is_paid_back_later_too(shop):
    assert by_hand(shop) == 0
    refunded(shop, units=2)
    assert (by_hand(shop), by_hand(shop)) == (1, 0)
    shop.run()
    [ask] = Market.asked
    assert (ask.order_ref, ask.line_ref, ask.quantity, ask.known) == ("A1", "1", 2, ())
    assert claimed(shop) == [(2, "open", 0)]
    refunded(shop, key="k2")
    assert by_hand(shop) == 1
    shop.run()
    assert Market.asked[-1].known == ("C0",)
    Market.decide(Market, state="granted", amount=Decimal("1.23"), currency="PLN")
    shop.later(FeeClaim, hours=2)
    assert claimed(shop) == [(2, "granted", 123), (1, "granted", 123)]
    shop.later(FeeClaim, days=2)
    assert len(Market.asked) == 2


@pytest.mark.parametrize(("when", "asked"), [("before", 2), ("after", 1)])
def test_a_lost_answer_is_looked_for_before_it_is_claimed_again(shop, when, asked):
    refunded(shop)
    by_hand(shop)
    Market.says.append((when, LOST))
    shop.run()
    assert claimed(shop) == [(1, "unknown", 0)]
    shop.later(FeeClaim, minutes=11)
    assert claimed(shop) == [(1, "open", 0)]
    assert (len(Market.asked), len(Market.claims)) == (asked, 1)


def test_a_refusal_says_why_and_a_person_may_claim_anew_but_no_machine(shop):
    shop.do(settings.change, Edit(claim_fees=True))
    Market.says.append(("before", Refused("too late")))
    refunded(shop)
    shop.run()
    assert claimed(shop) == [(1, "rejected", 0)]
    with shop.works.reading(TESTER) as work:
        assert work.session.scalars(select(FeeClaim.why)).one() == "too late"
    refunded(shop, sku="TEA", key="k2")
    shop.run()
    assert claimed(shop)[1:] == [(1, "open", 0)]
    assert by_hand(shop) == 1


@pytest.mark.parametrize("wanted", [False, True])
def test_by_itself_only_where_the_seller_wants_it(shop, wanted):
    shop.do(settings.change, Edit(claim_fees=wanted))
    refunded(shop)
    shop.run()
    assert claimed(shop) == ([(1, "open", 0)] if wanted else [])


def test_a_claim_is_taken_back_until_it_is_decided(shop):
    refunded(shop)
    by_hand(shop)
    shop.run()
    with shop.works.reading(TESTER) as work:
        first = work.session.scalars(select(FeeClaim.id)).one()
        assert [one.id for one, _, _ in fee_claims.owed(work.session).rows] == [first]
    assert shop.do(fee_claim.withdraw, first)
    assert not shop.do(fee_claim.withdraw, first)
    shop.later(FeeClaim, minutes=1)
    assert claimed(shop) == [(1, "withdrawn", 0)]
    assert by_hand(shop) == 1
    shop.run()
    Market.decide(Market, state="granted", amount=Decimal("1.23"), currency="PLN")
    shop.later(FeeClaim, hours=2)
    with pytest.raises(NotAllowedNow):
        shop.do(fee_claim.withdraw, first + 1)
    with shop.works.reading(TESTER) as work:
        assert fee_claims.owed(work.session).rows == []


def test_what_is_taken_back_while_it_is_looked_at_stays_taken_back(shop):
    refunded(shop)
    by_hand(shop)
    shop.run()
    with shop.works.writing(SYSTEM) as work:
        [row] = work.session.scalars(select(FeeClaim))
        row.due_at = work.now
        taken = fee_claims.take(work, row.id)
    shop.do(fee_claim.withdraw, taken.id)
    assert not shop.do(fee_claims.note, taken, "open", reference="C0")
    assert claimed(shop) == [(1, "leaving", 0)]
    shop.later(FeeClaim, minutes=1)
    assert claimed(shop) == [(1, "withdrawn", 0)]


@pytest.mark.parametrize(("report", "fee"), [
    ((), 1000 - 100), ((-1200,), 1200 - 123), ((-1200, 123), 1200 - 123),
    ((-1200, 130), 1200 - 130)])
def test_what_came_back_counts_once_in_the_profit(shop, report, fee):
    """By the table it is net, as the table is; the report tells of it, too, or not yet."""
    refunded(shop)
    by_hand(shop)
    shop.run()
    Market.decide(Market, state="granted", amount=Decimal("1.23"), currency="PLN")
    shop.later(FeeClaim, hours=2)
    with shop.works.writing(SYSTEM) as work:
        fees.add(work, fees.CHANNEL, None, "", 0, 1000, "PLN", date(2026, 1, 1))
        for number, amount in enumerate(report):
            work.session.add(Settlement(
                fingerprint=str(number), shape="allegro_billing", kind=FEE, ref="A1",
                day=date(2026, 11, 25), amount=amount, currency="PLN", order_id=shop.order_id,
                taken_at=work.now))
    with shop.works.reading(TESTER) as work:
        order = work.session.get_one(Order, shop.order_id)
        earned = earnings.of(work.session, [order], label_queries.costs)[order.id]
        assert earned.fees[fees.CHANNEL] == fee


@pytest.mark.parametrize("told", [False, True])
def test_calling_an_exchange_off_takes_the_claim_back_that_its_credit_made(shop, told):
    case, _ = shop.do(return_case.open_for, shop.order_id, Opening(
        "exchange", lines={shop.lines()["TEA"]: 1}))
    shop.do(return_exchange.exchange, case.id, [Position(shop.ids["CUP"], 1, 18_330_000)])
    assert by_hand(shop) == 1
    if told:
        shop.run()
    shop.do(return_exchange.call_off, case.id, "x")
    assert [state for _, state, _ in claimed(shop)] == ["leaving" if told else "withdrawn"]
    assert by_hand(shop) == 0
