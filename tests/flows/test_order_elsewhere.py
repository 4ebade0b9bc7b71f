"""Orders that the channel fulfils from its own warehouse: seen and followed, never ours to send."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from oms_web.core.actor import SYSTEM, Actor
from oms_web.core.errors import OmsError
from oms_web.domain.company.models import Company
from oms_web.domain.orders import filters, tally, walking
from oms_web.domain.orders.models import Hold, Order
from oms_web.domain.returns.models import Return
from oms_web.domain.stock.models import Balance, Move
from oms_web.flows import backorder, issue_document, order_hold, pick, ship
from oms_web.flows.order_in import take_in
from oms_web.flows.pack import opening
from tests import factories as make

ANNA = Actor("user", "Anna", 1)
COMPANY = {"legal_name": "Próba sp. z o.o.", "tax_id": "5250001003",
           "address": {"street": "Prosta 1", "postcode": "00-001", "city": "Warszawa",
                       "country": "PL"}}


class Shop:
    """One order of 2 KUB that the channel sends, as it tells it."""

    def __init__(self, oms, **settings) -> None:
        self.works = oms.works
        self.account, self.ids = make.shop(oms.works, {"KUB": 5}, settings=settings)
        self.told = make.order("A1", {"KUB": 2}, fulfilled_by="channel")

    def say(self, **changes):
        self.told = replace(self.told, **changes)
        with self.works.writing(SYSTEM) as work:
            result = take_in(work, work.session.merge(self.account), [self.told])
        assert result.refused == []
        return result

    @property
    def order(self):
        with self.works.reading(SYSTEM) as work:
            return work.session.get(Order, 10001)

    def stock(self):
        with self.works.reading(SYSTEM) as work:
            return tuple(map(int, work.session.execute(
                select(func.sum(Balance.on_hand), func.sum(Balance.reserved))).one()))

    def sales(self):
        with self.works.reading(SYSTEM) as work:
            return work.session.scalar(
                select(func.count()).select_from(Move).where(Move.reason != "receipt"))


@pytest.fixture
def shop(both):
    made = Shop(both)
    made.say()
    return made


def test_it_is_seen_and_takes_nothing_of_ours(shop):
    order = shop.order
    assert (order.phase, order.queue, order.strip, order.ship_by) == (
        "elsewhere", "elsewhere", "v....", None)
    assert shop.stock() == (5, 0)
    with shop.works.reading(SYSTEM) as work:
        assert tally.tallies(work.session, "queue") == {"elsewhere": 1}
        for queue, found in (("open", [10001]), ("elsewhere", [10001]), ("pick", [])):
            conditions = filters.compile_all({"queue": [queue]}, work.session, work.now)
            assert walking.find(work.session, conditions, "newest").ids == found


@pytest.mark.parametrize("act", [
    lambda work: opening.open_order(work, 10001, "1"),
    lambda work: opening.begin_partly(work, 10001),
    lambda work: ship.ship_order(work, 10001),
    lambda work: order_hold.hold(work, 10001, "x"),
])
def test_it_is_never_picked_packed_or_sent_by_us(shop, act):
    with shop.works.writing(ANNA) as work, pytest.raises(OmsError):
        act(work)
    with shop.works.writing(SYSTEM) as work:
        assert backorder.fill(work, [shop.ids["KUB"]]) == set()
        assert pick.start(work, 1, [10001]).list_id is None
    assert (shop.order.phase, shop.stock()) == ("elsewhere", (5, 0))


def test_it_follows_what_the_channel_says(shop):
    line = shop.told.lines[0]
    shop.say(lines=(replace(line, quantity=3),), total=Decimal("29.00"), buyer_note="Prezent")
    assert (shop.order.total, shop.order.buyer_note, shop.order.queue) == (
        2900, "Prezent", "elsewhere")
    shop.say(lines=(replace(line, quantity=1),), total=None)
    assert (shop.order.total, shop.stock()) == (1000, (5, 0))
    with shop.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(Hold)).all() == []


@pytest.mark.parametrize("way", [("shipped", "delivered"), ("delivered",)])
def test_it_is_sent_and_delivered_when_the_channel_says_so(shop, way):
    for state in way:
        shop.say(state=state, shipped_at=make.NOON)
    assert (shop.order.phase, shop.stock(), shop.sales()) == ("done", (5, 0), 0)


def test_it_can_be_cancelled_by_the_channel(shop):
    shop.say(state="cancelled")
    assert (shop.order.phase, shop.order.queue, shop.stock()) == ("cancelled", "cancelled", (5, 0))


def test_it_can_be_invoiced(shop):
    with shop.works.writing(ANNA) as work:
        company = work.session.get_one(Company, 1)
        for name, value in COMPANY.items():
            setattr(company, name, value)
        document, fresh = issue_document.issue_invoice(work, 10001)
        assert (fresh, document.gross) == (True, 2000)


def test_history_and_returns_of_it_move_no_stock_of_ours(oms):
    shop = Shop(oms, history_moves_stock=True)
    shop.say(state="delivered")
    shop.told = make.order("R1", {"KUB": 1}, kind="return", returns_ref="A1",
                           fulfilled_by="channel")
    assert shop.say().added == 1
    with oms.works.reading(SYSTEM) as work:
        assert work.session.scalars(select(Return.order_id)).all() == [10001]
    assert (shop.stock(), shop.sales()) == ((5, 0), 0)
