"""How long orders took to come and quantities to be accepted, and the journal of what was sent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import Invalid
from oms_web.domain.channels.models import (
    ChannelAccount,
    Listing,
    ListingStock,
    PricePublication,
    Publication,
)
from oms_web.domain.channels.service import accounts, get_account
from oms_web.flows.order_in import take_in
from oms_web.sync import health, journal
from tests import factories as make
from tests.sync.channel import Clock


@pytest.fixture
def shop(both):
    """An account with one offer, connected at noon."""
    both.works.clock = clock = Clock(make.NOON)
    account, ids = make.shop(both.works, {"KUB": 100})
    with both.works.writing(SYSTEM) as work:
        work.session.add(Listing(account_id=account.id, offer_ref="offer-KUB", sku="KUB",
                                 title="Kubek zielony", variant_id=ids["KUB"],
                                 first_seen_at=work.now, seen_at=work.now))
        work.session.flush()
        listing = work.session.scalars(select(Listing.id)).one()
    return both, clock, account.id, listing


def measured(oms, account_id):
    with oms.works.reading(SYSTEM) as work:
        found = health.overview(
            work.session, work.now, [get_account(work.session, account_id)])
        health.measure(work.session, found)
        return found[0]


def buy(oms, clock, account_id, ref, took):
    """Bought now, here after so many seconds."""
    bought = clock.now
    clock.forward(seconds=took)
    with oms.works.writing(SYSTEM) as work:
        took_in = take_in(work, work.session.get_one(ChannelAccount, account_id),
                          [make.order(ref, {"KUB": 1}, placed_at=bought)])
        assert took_in.refused == []


def send(oms, account_id, listing, lags, outcome="applied"):
    with oms.works.writing(SYSTEM) as work:
        work.session.execute(insert(Publication), [
            {"at": work.now, "account_id": account_id, "listing_id": listing, "version": n,
             "quantity": n, "outcome": outcome, "lag_ms": lag} for n, lag in enumerate(lags, 1)])


def test_nothing_is_known_at_first(shop):
    oms, _, account, _ = shop
    one = measured(oms, account)
    assert (one.order_lag, one.stock_lag, one.used_percent, one.queue) == (None, None, None, 0)


def test_the_lag_of_orders_counts_from_the_purchase_and_leaves_history_out(shop):
    oms, clock, account, _ = shop
    with oms.works.writing(SYSTEM) as work:
        take_in(work, work.session.get_one(ChannelAccount, account), [
            make.order("OLD", {"KUB": 1}, placed_at=work.now - timedelta(days=9))])
    assert measured(oms, account).order_lag is None
    for n, seconds in enumerate((5, 60, 7, 6, 8)):
        clock.forward(seconds=1)
        buy(oms, clock, account, f"A{n}", seconds)
    lag = measured(oms, account).order_lag
    assert (lag.p50, lag.p95) == (7, 60)


def test_a_clock_of_the_channel_that_is_ahead_is_no_lag(shop):
    oms, clock, account, _ = shop
    clock.forward(minutes=1)
    with oms.works.writing(SYSTEM) as work:
        take_in(work, work.session.get_one(ChannelAccount, account), [
            make.order("A", {"KUB": 1}, placed_at=work.now + timedelta(seconds=40))])
    assert measured(oms, account).order_lag.p50 == 0


def test_the_lag_of_stock_is_that_of_accepted_values_of_this_account(shop):
    oms, _, account, listing = shop
    send(oms, account, listing, [1000 * n for n in range(1, 101)])
    send(oms, account, listing, [999_000] * 50, outcome="rejected")
    with oms.works.writing(SYSTEM) as work:
        other = make.account(work, "Other").id
    send(oms, other, listing, [500_000] * 400)
    lag = measured(oms, account).stock_lag
    assert (lag.p50, lag.p95) == (51, 96)


def test_one_account_is_looked_at_without_the_others(shop):
    oms, _, account, _ = shop
    with oms.works.writing(SYSTEM) as work:
        make.account(work, "Other")
        both = accounts(work.session)
        assert len(health.overview(work.session, work.now, both.values())) == 2
        assert [one.account.id for one in health.overview(
            work.session, work.now, [both[account]])] == [account]
        both[account].archived_at = work.now
        assert len(health.overview(work.session, work.now, both.values())) == 1


def standing(oms, listing, account, **values):
    with oms.works.writing(SYSTEM) as work:
        work.session.merge(ListingStock(**{
            "listing_id": listing, "account_id": account, "desired": 7, "desired_at": work.now,
            "sent": 7, "sent_version": 1, "sent_at": work.now, "outcome": "applied",
            **values}))
    with oms.works.reading(SYSTEM) as work:
        return {shown: [(row.desired, row.sent, row.outcome, row.is_read_back, row.drifts)
                        for row in journal.standings(work.session, account, shown=shown).rows]
                for shown in journal.SHOWN}


def test_where_an_offer_stands_from_wish_to_what_was_read_back(shop):
    oms, clock, account, listing = shop
    row = (7, 7, "applied", False, False)
    assert standing(oms, listing, account) == {"": [row], "open": [], "rejected": [], "drift": []}
    clock.forward(seconds=5)
    now = clock.now
    sent = now - timedelta(seconds=5)
    assert standing(oms, listing, account, sent_at=sent, confirmed=7, confirmed_at=now)[""] \
        == [(7, 7, "applied", True, False)]
    found = standing(oms, listing, account, sent_at=sent, confirmed=9, confirmed_at=now)
    assert found["drift"] == [(7, 7, "applied", True, True)]
    earlier = sent - timedelta(seconds=1)
    assert standing(oms, listing, account, sent_at=sent, confirmed=9, confirmed_at=earlier)[""] \
        == [row]
    found = standing(oms, listing, account, outcome="rejected", message="no")
    assert [len(found[name]) for name in journal.SHOWN] == [1, 0, 1, 0]
    found = standing(oms, listing, account, desired=8, version=2)
    assert [len(found[name]) for name in journal.SHOWN] == [1, 1, 0, 0]


def test_the_journal_is_read_page_by_page_newest_first_and_by_words(shop):
    oms, _, account, listing = shop
    send(oms, account, listing, [100] * 5)
    with oms.works.reading(SYSTEM) as work:
        first = journal.history(work.session, account, limit=3)
        second = journal.history(work.session, account, limit=3, after=first.after)
        assert [row.value for row in (*first.rows, *second.rows)] == [5, 4, 3, 2, 1]
        assert second.after is None
        for q, count in (("ZIELONY", 5), ("kub", 5), ("100%", 0), ("offer-KUB", 5), ("red", 0)):
            assert len(journal.history(work.session, account, q=q).rows) == count
        assert journal.history(work.session, account, listing_id=listing + 1).rows == []
        with pytest.raises(Invalid):
            journal.history(work.session, account, after="nonsense")


def test_prices_have_a_journal_of_their_own(shop):
    oms, _, account, listing = shop
    with oms.works.writing(SYSTEM) as work:
        work.session.add(PricePublication(
            at=work.now, account_id=account, listing_id=listing, version=1, price=1999,
            currency="PLN", outcome="rejected", message="too dear"))
    with oms.works.reading(SYSTEM) as work:
        [row] = journal.history(work.session, account, "prices").rows
        assert (row.value, row.currency, row.message, row.lag_ms) == (1999, "PLN", "too dear", None)
        assert journal.history(work.session, account, "stock").rows == []
