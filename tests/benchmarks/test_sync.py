"""The sync engine works by the batch: what a batch costs does not grow with how many there are."""

from __future__ import annotations

import gc
import tracemalloc
from functools import partial

import pytest

from oms_web.core.actor import SYSTEM
from oms_web.core.claims import Claim
from oms_web.domain.channels.models import ListingPrice, ListingStock
from oms_web.flows.order_in import take_in
from oms_web.jobs import rings, variants
from oms_web.jobs.job import Job
from oms_web.jobs.variants import VARIANTS_AT_ONCE
from oms_web.jobs.worker import drain
from oms_web.sync import feeds
from oms_web.sync.pull import pull
from oms_web.sync.session import Engine
from tests import factories as make
from tests.benchmarks import wholesale
from tests.benchmarks.counting import counted
from tests.benchmarks.wholesale import Instant
from tests.sync.chaos import Scale, new_day

BATCH = Instant.manifest.capabilities.stock_batch
PER_BATCH = 14
"""Statements to send a batch of values and to note what became of them."""
PER_CHUNK = 24
"""Statements to recompute what the listings of ``VARIANTS_AT_ONCE`` variants should show."""
PER_PUSH = 36
"""Statements from a reservation to its number on one channel, the engine's looking included."""
CHANGES = {
    "stock": (ListingStock, partial(wholesale.receive, units=5, cause="more")),
    "price": (ListingPrice, partial(wholesale.reprice, price=1234)),
}


def settle(oms):
    """Whatever is due is done."""
    rings.ring_feeds(oms)
    drain(oms)
    rings.ring_feeds(oms)
    drain(oms)


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_of_all_offers_costs_a_bounded_number_of_statements_a_batch(oms, kind):
    row, change = CHANGES[kind]
    account, variants = wholesale.open_shop(oms, 700)
    settle(oms)
    spent = []
    for few in (variants[:BATCH], variants[BATCH:]):
        Instant.calls.clear()
        wholesale.change_all(oms, few, change)
        with counted(oms.engine) as found:
            settle(oms)
        assert Instant.calls[kind] == len(few) / BATCH
        spent.append(len(found))
    batches, chunks = len(variants) / BATCH - 2, -(-len(few) // VARIANTS_AT_ONCE) - 1
    assert spent[1] - spent[0] <= batches * PER_BATCH + chunks * PER_CHUNK
    values, up_to_date = wholesale.shown(oms, row, account)
    assert (len(values), up_to_date) == (1, len(variants))


def test_no_transaction_recomputes_a_whole_catalogue(oms, monkeypatch):
    """It would let nobody else write for as long, the worker's own lease included."""
    asked, beats = [], []
    monkeypatch.setattr(variants.publish_stock, "publish",
                        lambda work, ids, since: asked.append(len(ids)) or set())
    args = {"variant_ids": list(range(1_200)), "since": make.NOON.isoformat()}
    variants.publish(Job(oms, Claim(1, "publish_stock", "1", args, 1, 1),
                                  lambda *so_far: beats.append(so_far)))
    assert asked == [VARIANTS_AT_ONCE, VARIANTS_AT_ONCE, 200]
    assert beats == [(500, 1_200), (1_000, 1_200)]


def memory_of_pages(oms, account, orders):
    """What Python holds after each page of a long run."""
    held = []

    def weigh(*_):
        gc.collect()  # rubbish is no memory that is kept
        held.append(tracemalloc.get_traced_memory()[0])

    tracemalloc.start()
    try:
        Instant.orders = orders
        pull(Engine(oms.works, oms.registry), account, feeds.ORDERS, weigh)
    finally:
        tracemalloc.stop()
        Instant.orders = 0
    return held


def growth(held):
    """By how much the last pages need more than those after the first few."""
    return max(held[-2:]) / max(held[2:4])


def test_reading_many_pages_takes_no_more_memory_than_reading_few(oms):
    account, _ = wholesale.open_shop(oms, wholesale.SKUS, units=100_000)
    held = memory_of_pages(oms, account, 800)
    assert len(held) == 8
    assert growth(held) < 1.5


def test_the_control_that_keeps_its_pages_is_found_out(oms, monkeypatch):
    kept, real = [], Instant.pull_orders

    def keep(self, cursor, limit):
        kept.append(real(self, cursor, limit))
        return kept[-1]

    monkeypatch.setattr(Instant, "pull_orders", keep)
    account, _ = wholesale.open_shop(oms, wholesale.SKUS, units=100_000)
    assert growth(memory_of_pages(oms, account, 800)) > 1.5


def test_nothing_waits_between_a_reservation_and_five_channels(make_database, tmp_path):
    """Not a moment of the clock goes by, and each channel is asked once: what a push costs in
    time is looking (a fifth of a second), work, and the way to the channel."""
    day = new_day(make_database("sqlite"), tmp_path, 5, Scale(channels=5, skus=4))
    sku = max(day.shelf, key=day.shelf.__getitem__)
    with day.oms.works.writing(SYSTEM) as work:
        account = make.account(work, "Sklep", connector="api", publish_stock=False)
        take_in(work, account, [make.order("A1", {sku: 1})])
    before = day.clock.now, [len(there.street.requests) for there in day.markets]
    with counted(day.oms.engine) as found:
        drain(day.oms)
    asked = [len(there.street.requests) - was
             for there, was in zip(day.markets, before[1], strict=True)]
    assert [there.stock(sku) for there in day.markets] == [day.shelf[sku] - 1] * 5
    assert asked == [1] * 5
    assert day.clock.now == before[0]
    assert len(found) <= PER_PUSH * len(day.markets)
    day.close()
