"""Random walks over split, joined and shared orders keep every invariant after every step.

``OMS_WALK_STEPS`` makes them longer. Faults are planted one at a time; the walks find each.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from oms_web.core.db import make_engine
from oms_web.core.work import Works
from oms_web.domain.orders import dividing, filing, following, parting, reserving
from oms_web.domain.stock import service as stock
from oms_web.flows import order_edit, order_split, order_together, ship
from oms_web.sync import push_shipment
from tests.conftest import DatabaseMaker
from tests.flows.kinship import Kinship
from tests.sizes import size

STEPS = int(os.environ.get("OMS_WALK_STEPS") or size(80, 400))
SEEDS = range(size(2, 8))


def walk(make_database: DatabaseMaker, seed: int, steps: int, often: Collection[str] = ()) -> str:
    """Walk; what went wrong with the seed and the step, or an empty string."""
    works = Works(make_engine(make_database("sqlite")))
    try:
        walking = Kinship(works, seed, often)
        for number in range(steps):
            try:
                findings = walking.step()
            except (AssertionError, IntegrityError, ValueError) as error:
                return f"seed {seed} step {number} {walking.last}: {error!r}"
            if findings:
                return f"seed {seed} step {number} {walking.last}: {findings[0]}"
        return ""
    finally:
        works.engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_walk_keeps_kin_true(make_database, seed):
    assert walk(make_database, seed, STEPS) == ""


def nothing(*_args, **_kwargs):
    """A step that somebody forgot."""


def delivery_twice(whole, items):
    return [replace(part, shipping=whole.shipping) for part in real_divide(whole, items)]


def discount_lost(first, second, items, rounding):
    return real_unite(first, replace(second, discount=0), items, 0)


def cut_without_taking(session, line, part, count, reserved):
    quantity = line.quantity
    other = real_cut(session, line, part, count, reserved)
    line.quantity = quantity
    return other


def alone(session, order):
    return [order]


def first_only(work, mine, shipment):
    real_depart(work, mine[:1], shipment)


def all_units(work, shipment_id):
    units = real_units(work, shipment_id)
    return dict.fromkeys(units, sum(units.values()))


def without_links(work, order, part, channel_orders):
    real_words(work, order, part, ())


real_divide, real_unite = parting.divide, parting.unite
real_cut, real_words = dividing._cut, dividing._copy_words
real_depart, real_units = ship._depart, push_shipment._units

SPLIT, JOIN = ("split_some",), ("split_some", "join_back")
SENT = ("send_together", "ship_whole")

# What is planted, and the acts that come more often while it is looked for.
FAULTS: dict[str, tuple[Collection[str], Callable[[pytest.MonkeyPatch], object]]] = {
    "promises stay behind when units go":
        (SPLIT, lambda m: m.setattr(stock, "hand_over", nothing)),
    "delivery is paid once for each part":
        (SPLIT, lambda m: m.setattr(parting, "divide", delivery_twice)),
    "joining loses the discount of the part":
        (JOIN, lambda m: m.setattr(parting, "unite", discount_lost)),
    "units are in both orders":
        (SPLIT, lambda m: m.setattr(dividing, "_cut", cut_without_taking)),
    "a part does not know its channel order":
        (SPLIT, lambda m: m.setattr(dividing, "_copy_words", without_links)),
    "each part waits for its own payment":
        (SPLIT, lambda m: m.setattr(reserving.lineage, "purchase", alone)),
    "a new part is not counted in its queue":
        (SPLIT, lambda m: m.setattr(dividing, "shift_tally", nothing)),
    "a parcel does not wait for the slowest":
        (("send_together", "hold", "new_order"),
         lambda m: m.setattr(filing, "stopped", lambda boxes: {})),
    "only one order of a parcel leaves":
        (SENT, lambda m: m.setattr(ship, "_depart", first_only)),
    "each channel hears of all that is in the parcel":
        (SENT, lambda m: m.setattr(push_shipment, "_units", all_units)),
    "another address does not part a parcel":
        (("send_together", "move_house"), lambda m: (m.setattr(order_edit, "part_ways", nothing),
                   m.setattr(following, "part_ways", nothing))),
    "what is picked and packed can be split and joined":
        (("split_some", "open_parcel", "walk_shelves"), lambda m: (
            m.setattr(order_split, "why_fixed", nothing),
            m.setattr(order_together, "why_fixed", nothing))),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(make_database, monkeypatch, fault):
    often, plant = FAULTS[fault]
    plant(monkeypatch)
    for seed in range(4):
        if walk(make_database, seed, 60, often):
            return
    pytest.fail(f"not found in 4 walks of 60 steps: {fault}")
