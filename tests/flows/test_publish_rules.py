"""What offers show follows the seller's rules through sales, ended offers and unlinking."""

from __future__ import annotations

from datetime import timedelta

import pytest
from oms_connector import Offer
from sqlalchemy import func, select

from oms_web.core.actor import SYSTEM, Actor
from oms_web.core.errors import InvalidForm
from oms_web.core.events import OutboxEvent
from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.catalog import composition
from oms_web.domain.channels.models import ChannelAccount, Listing, ListingStock
from oms_web.domain.orders.models import Order
from oms_web.flows import listing_rules, order_cancel, publish_stock
from oms_web.flows.map_listing import unmap_listing
from oms_web.flows.order_in import take_in
from oms_web.sync.offers import store_offers
from tests import factories as make

ANNA = Actor("user", "Anna", 1)


class Shop:
    """Ten mugs, four plates, a set of two mugs and a plate; offers on two channels."""

    def __init__(self, works):
        self.works = works
        self.first, self.ids = make.shop(works, {"MUG": 10, "PLATE": 4})
        with works.writing(SYSTEM) as work:
            self.second = make.account(work, "Bazar", rank=2)
            self.ids["SET"] = make.variant(
                work, "SET", parts={self.ids["MUG"]: 2, self.ids["PLATE"]: 1})
        self.offers = {}

    def offer(self, sku, account, **values):
        with self.works.writing(SYSTEM) as work:
            row = Listing(account_id=account.id, offer_ref=f"offer-{sku}", sku=sku,
                          variant_id=self.ids[sku], first_seen_at=work.now, seen_at=work.now,
                          **values)
            work.session.add(row)
            work.session.flush()
            return row.id

    def rule(self, listing, **values):
        with self.works.writing(ANNA) as work:
            listing_rules.change(work, listing, **values)

    def publish(self, sku="MUG"):
        """What is shown after everything that follows from a change of this SKU."""
        with self.works.writing(SYSTEM) as work:
            publish_stock.publish(work, [self.ids[sku]])
        return self.shown()

    def shown(self):
        with self.works.reading(SYSTEM) as work:
            return dict(work.session.execute(
                select(ListingStock.listing_id, ListingStock.desired)).all())

    def buy(self, account, number, lines, **values):
        with self.works.writing(SYSTEM) as work:
            take_in(work, work.session.get_one(ChannelAccount, account.id),
                    [make.order(number, lines, placed_at=work.now, **values)])

    def announced(self):
        """The variants of the last event."""
        with self.works.reading(SYSTEM) as work:
            return work.session.scalars(
                select(OutboxEvent.payload).where(OutboxEvent.name == "stock.changed")
                .order_by(OutboxEvent.id.desc()).limit(1)).one()["variant_ids"]


@pytest.fixture
def shop(both):
    return Shop(both.works)


def test_what_is_set_aside_is_sold_by_its_channel_first(shop):
    one, other = shop.offer("MUG", shop.first), shop.offer("MUG", shop.second)
    shop.rule(one, set_aside=4)
    assert shop.announced() == [shop.ids["MUG"]]
    assert shop.publish() == {one: 10, other: 6}
    shop.buy(shop.first, "A", {"MUG": 3})
    assert shop.publish() == {one: 7, other: 6}
    shop.buy(shop.second, "B", {"MUG": 2})
    assert shop.publish() == {one: 5, other: 4}
    shop.buy(shop.first, "C", {"MUG": 2})  # one of its own, and one of the rest
    assert shop.publish() == {one: 3, other: 3}
    with shop.works.writing(ANNA) as work:
        assert listing_rules.of(work.session, one).set_aside == 0
        # Three come back to where they were set aside.
        order_cancel.cancel(work, work.session.scalar(select(func.min(Order.id))))
    assert shop.publish() == {one: 6, other: 4}
    shop.rule(one, set_aside=5)  # counts anew from now
    assert shop.publish() == {one: 6, other: 1}


def test_only_the_own_units_are_shown_by_a_channel_that_does_not_share(shop):
    one, other = shop.offer("MUG", shop.first), shop.offer("MUG", shop.second)
    shop.rule(one, set_aside=4, shares=False)
    assert shop.publish() == {one: 4, other: 6}


def test_an_order_that_arrives_reserves_whatever_is_free(shop):
    """Rules are about what is shown: what was sold all the same is served."""
    one, other = shop.offer("MUG", shop.first), shop.offer("MUG", shop.second)
    shop.rule(one, set_aside=4)
    shop.buy(shop.second, "B", {"MUG": 9})
    assert shop.publish() == {one: 1, other: 0}


def test_the_last_units_move_on_when_the_offer_that_kept_them_is_gone(shop):
    one, other = shop.offer("MUG", shop.first), shop.offer("MUG", shop.second)
    for listing in (one, other):
        shop.rule(listing, last_units=10)
    assert shop.publish() == {one: 10, other: 0}
    with shop.works.writing(SYSTEM) as work:
        account = work.session.get_one(ChannelAccount, shop.first.id)
        events = work.session.scalar(select(func.count(OutboxEvent.id)))
        store_offers(work, account, [Offer("offer-MUG", active=False, sku="MUG")], work.now)
        assert work.session.scalar(select(func.count(OutboxEvent.id))) == events + 1
    assert shop.announced() == [shop.ids["MUG"]]
    assert shop.publish()[other] == 10
    shop.rule(other, last_units=None, buffer=1)
    assert shop.publish()[other] == 9


def test_unlinking_lets_others_show_what_was_kept(shop):
    one, other = shop.offer("MUG", shop.first), shop.offer("MUG", shop.second)
    shop.rule(one, set_aside=10)
    assert shop.publish() == {one: 10, other: 0}
    with shop.works.writing(ANNA) as work:
        work.session.execute(OutboxEvent.__table__.delete())
        unmap_listing(work, one)
    assert shop.announced() == [shop.ids["MUG"]]
    assert shop.publish()[other] == 10


def test_a_bundle_and_its_parts_are_recomputed_together_where_units_are_set_aside(shop):
    mug, plate = shop.offer("MUG", shop.first), shop.offer("PLATE", shop.second)
    bundle = shop.offer("SET", shop.second)
    assert shop.publish() == {mug: 10, bundle: 4}  # a change of mugs is no matter of plates
    shop.rule(bundle, set_aside=9)
    assert shop.publish() == {mug: 2, plate: 0, bundle: 4}
    with shop.works.writing(SYSTEM) as work:
        make.put(work, shop.ids["PLATE"], 1)
    assert shop.publish("PLATE") == {mug: 0, plate: 0, bundle: 5}
    with shop.works.writing(SYSTEM) as work:
        composition.put(work.session, {shop.ids["SET"]: {shop.ids["MUG"]: 5}})
    assert shop.publish("MUG") == {mug: 0, plate: 0, bundle: 2}
    assert shop.publish("PLATE") == {mug: 0, plate: 5, bundle: 2}


def test_rules_of_the_channel_hold_where_the_offer_says_nothing_else(shop):
    one, other = shop.offer("MUG", shop.first), shop.offer("MUG", shop.second)
    with shop.works.writing(SYSTEM) as work:
        account = work.session.get_one(ChannelAccount, shop.second.id)
        account.buffer, account.cap, account.last_units, account.shares = 3, 5, 0, False
    assert shop.publish() == {one: 10, other: 0}
    shop.rule(other, shares=True)
    assert shop.publish() == {one: 10, other: 5}
    shop.rule(other, cap=8)
    assert shop.publish() == {one: 10, other: 7}
    shop.rule(other, buffer=0, last_units=10)
    assert shop.publish() == {one: 10, other: 0}


def test_every_change_leaves_a_name_and_no_change_leaves_none(shop):
    one = shop.offer("MUG", shop.first)
    shop.rule(one, set_aside=4, buffer=1)
    shop.rule(one, set_aside=4)
    with pytest.raises(InvalidForm) as refused:
        shop.rule(one, set_aside=-1, cap=100_001)
    assert set(refused.value.problems) == {"set_aside", "cap"}
    with shop.works.reading(SYSTEM) as work:
        [entry] = work.session.scalars(
            select(AuditEntry).where(AuditEntry.act == "listings.limits"))
    assert (entry.actor_name, entry.change) == (
        "Anna", {"set_aside": [0, 4], "buffer": [None, 1]})


def test_it_is_told_why(shop):
    one, other = shop.offer("MUG", shop.first), shop.offer("MUG", shop.second, buffer=1)
    shop.rule(one, set_aside=4)
    with shop.works.reading(SYSTEM) as work:
        _offer, shown = publish_stock.explain(work.session, shop.ids["MUG"])[other]
    assert (shown.quantity, shown.less) == (5, (("elsewhere", 4), ("buffer", 1)))


def test_the_lag_is_counted_from_the_change(shop):
    shop.offer("MUG", shop.first)
    with shop.works.writing(SYSTEM) as work:
        before = work.now - timedelta(seconds=7)
        publish_stock.publish(work, [shop.ids["MUG"]], before)
        assert work.session.scalars(select(ListingStock.changed_at)).one() == before
        assert work.session.scalars(select(ListingStock.desired_at)).one() == work.now
