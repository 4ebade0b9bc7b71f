"""After any storm, two sync intervals of calm make everything true again.

``OMS_CHAOS_SEEDS`` (3), ``OMS_CHAOS_CHANNELS`` (2), ``OMS_CHAOS_SKUS`` (30) and
``OMS_CHAOS_STRENGTH`` (2) say how much of it; the bar of the full run is 500 seeds, 5 channels and
200 SKUs. ``python -m tests.sync.chaos_report`` runs it and writes down what came out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from oms_connector import ChannelError, ItemResult, Offer, Order, Page, StockItem
from oms_demo import DemoConnector
from oms_demo.market.faults import FAULTS

from tests.sizes import size
from tests.sync.chaos import Day, Scale, new_day
from tests.sync.chaos_verdict import Verdict, verdict

SEEDS = int(os.environ.get("OMS_CHAOS_SEEDS", size(3, 5)))
SCALE = Scale(
    channels=int(os.environ.get("OMS_CHAOS_CHANNELS", "2")),
    skus=int(os.environ.get("OMS_CHAOS_SKUS", "30")),
    strength=float(os.environ.get("OMS_CHAOS_STRENGTH", "2")),
)
CONTROL_SEEDS = range(900, 906)

pytestmark = pytest.mark.slow


@pytest.fixture
def day(make_database, tmp_path):
    """A function: seed -> a day that is about to begin."""
    made: list[Day] = []

    def make(seed: int, scale: Scale = SCALE, connector=DemoConnector) -> Day:
        made.append(new_day(make_database("sqlite"), tmp_path / f"day{len(made)}", seed, scale,
                            connector))
        return made[-1]

    yield make
    for one in made:
        one.close()


def lived_through(day: Day) -> Verdict:
    """What is left of a storm after two calm intervals."""
    day.storm()
    day.calm()
    return verdict(day)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_after_any_storm_two_intervals_of_calm_make_everything_true(day, seed):
    lived = day(seed)
    found = lived_through(lived)
    assert found.wrong == []
    assert (found.lost, found.doubled, found.wrong_pairs) == (0, 0, 0)
    assert found.here + found.quarantined >= found.purchases > 0
    assert found.pairs == SCALE.channels * SCALE.skus
    assert lived.faults.total() > 50


def test_the_same_seed_is_the_same_day(day):
    scale = Scale(channels=1, skus=10, rounds=4, strength=2)
    first, again = day(3, scale), day(3, scale)
    for one in (first, again):
        lived_through(one)
    assert (first.acts, first.faults) == (again.acts, again.faults)
    assert first.faults.total() > 10


def test_the_storm_is_no_breeze(day):
    """While it blows things are wrong: else the calm afterwards would prove nothing."""
    lived = day(1, replace(SCALE, strength=3))
    lived.storm()
    found = verdict(lived)
    assert found.lost + found.quarantined > 0
    assert found.wrong_pairs > 0
    assert len(lived.markets[0].market.weather.served) > len(FAULTS) / 2


# Controls: with one guard taken away the same look at the same days finds something


class NoSweep(DemoConnector):
    """Believes the journal: what it does not name is not looked for."""

    def sweep_orders(self, since: datetime, until: datetime, cursor: Mapping[str, Any] | None,
                     limit: int) -> Page[Order]:
        return Page([], {}, False)


class Hopeful(DemoConnector):
    """Takes every push for done, and does not look whether it was."""

    def push_stock(self, items: Sequence[StockItem]) -> Sequence[ItemResult]:
        try:
            return super().push_stock(items)
        except ChannelError:
            return [ItemResult("applied")] * len(items)

    def list_offers(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Offer]:
        page = super().list_offers(cursor, limit)
        return replace(page, items=[
            replace(item, quantity=None) if isinstance(item, Offer) else item
            for item in page.items
        ])


class Forgetful(DemoConnector):
    """Drops what it cannot read instead of keeping it, and does not ask for it again."""

    def pull_orders(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Order]:
        page = super().pull_orders(cursor, limit)
        return replace(page, items=[item for item in page.items if isinstance(item, Order)])

    sweep_orders = NoSweep.sweep_orders


@pytest.mark.parametrize(("connector", "what"), [
    (NoSweep, lambda found: found.lost), (Hopeful, lambda found: found.wrong_pairs),
    (Forgetful, lambda found: found.lost),
])
def test_the_control_without_a_guard_is_found_out(day, connector, what):
    assert any(what(lived_through(day(seed, connector=connector))) for seed in CONTROL_SEEDS)


def test_one_unit_too_many_on_one_of_the_channels_is_found(day):
    """The verdict itself: damage that was planted by hand is seen, and nothing else."""
    lived = day(2)
    lived.storm()
    lived.calm()
    there = lived.markets[0]
    with there.market.store.transaction() as db:
        db.execute("UPDATE offer SET stock = stock + 1 WHERE sku = 'C003'")
    found = verdict(lived)
    assert found.wrong_pairs == 1
    assert any("C003 on market 0" in sentence for sentence in found.wrong)
