"""Prices: what a listing should show follows the product's price, and reaches the channel."""

from __future__ import annotations

from decimal import Decimal

import pytest
from oms_connector import AccessRefused, OutcomeUnknown, RateLimited
from sqlalchemy import select, update

from oms_web.core.actor import SYSTEM
from oms_web.domain.catalog import editing
from oms_web.domain.catalog.models import Variant
from oms_web.domain.channels import pricing
from oms_web.domain.channels import service as channels
from oms_web.domain.channels.models import ChannelAccount, ListingPrice, PricePublication
from oms_web.sync import accounts, health
from oms_web.sync.offers import read_offers
from oms_web.sync.push_prices import push_prices
from tests.sync.channel import engine
from tests.sync.teller import ANNA, Shop

OFFER = "offer-KUB"


class Killed(BaseException):
    """The process dies: nothing that comes after runs."""


class Priced(Shop):
    """A shop whose mug costs 39.90 and whose account publishes prices."""

    def __init__(self, oms, channel=None, **values):
        super().__init__(oms, channel)
        self.set_price(3990)
        with oms.works.writing(SYSTEM) as work:
            accounts.change(work, self.account, {}, {}, publish_prices=True, **values)

    def set_price(self, price, currency="PLN"):
        with self.oms.works.writing(ANNA) as work:
            variant = work.session.scalars(select(Variant)).one()
            editing.edit_variant(work, variant.id, editing.VariantEdit(
                sku="KUB", price=price, currency=currency))

    def row(self):
        with self.oms.works.reading(SYSTEM) as work:
            return work.session.scalars(select(ListingPrice)).one_or_none()

    def outcomes(self):
        with self.oms.works.reading(SYSTEM) as work:
            return list(work.session.scalars(
                select(PricePublication.outcome).order_by(PricePublication.id)))

    def push(self):
        return push_prices(engine(self.oms), self.account)

    def publish(self, price):
        """Another price, recomputed right here."""
        with self.oms.works.writing(SYSTEM) as work:
            work.session.execute(update(Variant).values(price=price))
            pricing.publish(work, [1])

    def once(self, error, where="fault"):
        def fail(name, _number):
            if name == "prices":
                setattr(self.channel, where, None)
                raise error
        setattr(self.channel, where, fail)

    def drift(self):
        with self.oms.works.reading(SYSTEM) as work:
            mine = channels.get_account(work.session, self.account)
            return health.overview(work.session, work.now, [mine])[0].price_drift


@pytest.fixture
def shop(both):
    return Priced(both)


@pytest.mark.parametrize(("price", "bp", "shown"), [
    (3990, 0, 3990), (3990, 1000, 4389), (999, 1250, 1124), (1, 5000, 2), (50, 100, 51),
    (49, 100, 49), (1000, -1000, 900), (15, -1000, 14), (0, 500, 0),
])
def test_a_surcharge_is_rounded_half_up(price, bp, shown):
    assert pricing.surcharged(price, bp) == shown


def test_a_price_is_sent_when_it_changes_and_only_then(shop):
    shop.rings(3)
    assert shop.channel.prices == {OFFER: Decimal("39.90")}
    shop.set_price(4490)
    shop.rings(3)
    assert shop.channel.prices == {OFFER: Decimal("44.90")}
    shop.set_price(4490)
    shop.rings(5)
    assert len(shop.channel.price_calls) == 2
    assert shop.outcomes() == ["applied", "applied"]
    assert shop.row().due_at is None


def test_the_surcharge_is_added_and_a_new_one_sends_anew(both):
    shop = Priced(both, surcharge_bp=1000)
    shop.rings(3)
    assert shop.channel.prices == {OFFER: Decimal("43.89")}
    with both.works.writing(SYSTEM) as work:
        accounts.change(work, shop.account, {}, {}, surcharge_bp=-500)
    shop.rings(3)
    assert shop.channel.prices == {OFFER: Decimal("37.91")}  # 37.905, half up


def test_another_currency_and_no_price_say_nothing(both):
    shop = Priced(both)
    shop.rings(3)
    shop.set_price(1000, "EUR")
    shop.rings(3)
    shop.set_price(None)
    shop.rings(3)
    assert shop.channel.prices == {OFFER: Decimal("39.90")}
    assert len(shop.channel.price_calls) == 1


def test_off_by_default(both):
    shop = Shop(both)
    with both.works.writing(SYSTEM) as work:
        work.session.execute(update(Variant).values(price=100))
        assert pricing.publish(work, [1]) == set()
        assert work.session.get(ChannelAccount, shop.account).publish_prices is False
    shop.rings(3)
    assert shop.channel.price_calls == []


def test_changes_in_the_meantime_are_one(shop):
    for price in (4000, 4100, 4200):
        shop.publish(price)
    shop.rings(2)
    assert [[item.price for item in call] for call in shop.channel.price_calls] == [
        [Decimal("42.00")]]


@pytest.mark.parametrize("where", ["fault", "after"])
def test_a_lost_answer_is_sent_again_with_the_same_key(shop, where):
    shop.once(OutcomeUnknown("gone"), where)
    shop.push()
    assert shop.row().outcome == "unknown"
    shop.rings(10)
    assert shop.channel.prices == {OFFER: Decimal("39.90")}
    assert len({item.key for call in shop.channel.price_calls for item in call}) == 1
    assert shop.outcomes() == ["unknown", "applied"]


@pytest.mark.parametrize("where", ["fault", "after"])
def test_a_death_between_is_sent_again(shop, where):
    shop.once(Killed(), where)
    with pytest.raises(Killed):
        shop.push()
    assert (shop.row().outcome, shop.row().sent) == ("sent", 3990)
    shop.rings(120, step=40)
    assert (shop.row().outcome, shop.channel.prices) == ("applied", {OFFER: Decimal("39.90")})


def overtaken(shop):
    """A sends 39.90 and is slow; B sends 45.00 meanwhile; then A's 39.90 arrive."""
    def slow(name, _number):
        if name == "prices":
            shop.channel.fault = None
            shop.publish(4500)
            shop.push()
    shop.channel.fault = slow
    shop.push()


def test_a_price_that_was_overtaken_is_followed_by_the_newer_one_again(shop):
    overtaken(shop)
    assert shop.channel.prices == {OFFER: Decimal("45.00")}
    assert shop.row().due_at is None


def test_without_sending_it_again_the_old_price_would_stay(shop, monkeypatch):
    """The control."""
    monkeypatch.setattr("oms_web.sync.pushing._follow", lambda *_: None)
    overtaken(shop)
    shop.rings(300, step=60)
    assert shop.channel.prices == {OFFER: Decimal("39.90")}


def test_a_channel_that_asks_to_slow_down_is_not_called_before(shop):
    shop.once(RateLimited("slow down", 3600))
    with pytest.raises(RateLimited):
        shop.push()
    shop.rings(3500, step=350)
    assert shop.channel.calls_of == ["prices"]
    shop.rings(400, step=100)
    assert shop.row().outcome == "applied"


def test_refused_access_stops_the_account(shop):
    shop.once(AccessRefused("key revoked"))
    with pytest.raises(AccessRefused):
        shop.push()
    shop.rings(300, step=60)
    assert shop.channel.calls_of == ["prices"]


def test_a_paused_account_is_left_alone_and_caught_up_with(shop):
    with shop.oms.works.writing(SYSTEM) as work:
        accounts.set_state(work, shop.account, "paused")
    shop.rings(60, step=20)
    assert shop.channel.price_calls == []
    with shop.oms.works.writing(SYSTEM) as work:
        accounts.set_state(work, shop.account, "active")
    shop.rings(2)
    assert shop.channel.prices == {OFFER: Decimal("39.90")}


def test_a_refusal_is_said_and_not_repeated(shop):
    shop.channel.rejects = {OFFER: "too dear"}
    shop.rings(60, step=10)
    assert (shop.row().outcome, shop.row().message) == ("rejected", "too dear")
    assert len(shop.channel.price_calls) == 1


def test_a_late_answer_is_asked_for_and_newer_prices_wait_for_it(oms):
    shop = Priced(oms)
    shop.channel.later = True
    shop.push()
    assert shop.row().outcome == "accepted"
    shop.publish(5000)
    shop.rings(40, step=5)
    assert len(shop.channel.price_calls) == 1
    shop.channel.finish_prices()
    shop.rings(20, step=5)
    shop.channel.finish_prices()
    shop.rings(40, step=5)
    assert shop.channel.prices == {OFFER: Decimal("50.00")}
    assert shop.outcomes() == ["accepted", "applied", "accepted", "applied"]
    assert shop.row().due_at is None


def test_another_price_that_the_channel_shows_is_counted(shop):
    shop.rings(3)
    shop.channel.stock[OFFER] = 8
    shop.clock.forward(seconds=5)
    read_offers(engine(shop.oms), shop.account)
    assert shop.drift() == 0
    shop.channel.prices[OFFER] = Decimal("1.00")
    shop.clock.forward(seconds=5)
    read_offers(engine(shop.oms), shop.account)
    assert shop.drift() == 1
