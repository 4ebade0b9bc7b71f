"""Random walks through the whole shop keep every invariant after every step (bar 7).

A handful of walks in CI; ``OMS_WALK_STEPS`` makes them longer (50,000 in all took 9 minutes on two
cores). Ten faults are planted one at a time, and the walks must find each.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module

import pytest
from sqlalchemy.exc import IntegrityError

from oms_web.core.work import Works
from oms_web.domain.orders import cancelling, reserving, service
from oms_web.domain.payments import service as payments
from oms_web.domain.stock import service as stock
from oms_web.domain.stock.allocation import Take
from oms_web.flows import order_in
from tests.conftest import DatabaseMaker
from tests.flows.walker import Walk, census
from tests.sizes import size

accept = import_module("oms_web.flows.order_in.accept")  # the function of this name hides it

STEPS = int(os.environ.get("OMS_WALK_STEPS", "300"))
SEEDS = range(size(3, 6))


def walk(make_database: DatabaseMaker, seed: int, steps: int, engine: str = "sqlite"
         ) -> tuple[str, Works]:
    """Walk; what went wrong with the seed and the step, or an empty string."""
    from oms_web.core.db import make_engine

    works = Works(make_engine(make_database(engine)))
    walking = Walk(works, seed)
    for number in range(steps):
        try:
            findings = walking.step()
        except (AssertionError, IntegrityError) as error:
            return f"seed {seed} step {number} {walking.last}: {error}", works
        if findings:
            return f"seed {seed} step {number} {walking.last}: {findings[0]}", works
    return "", works


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_walk_keeps_the_books_true(make_database, seed):
    wrong, works = walk(make_database, seed, STEPS)
    assert wrong == ""
    assert len(census(works)) > 5, "the walk went nowhere"
    works.engine.dispose()


@pytest.mark.slow
def test_a_walk_on_postgresql(make_database):
    wrong, works = walk(make_database, 100, min(STEPS, 200), "postgresql")
    assert wrong == ""
    works.engine.dispose()


def nothing(*_args, **_kwargs):
    """A step that somebody forgot."""


def release_without_balance(work, released, *, announce=True):
    stock._end_promises(work, released)


def leave_without_moving(work, taken):
    stock._end_promises(work, [(promise, move.quantity) for promise, move in taken])


def forgetful_balances(session, change):
    real_balances(session, {
        place: (on_hand, 0 if on_hand else reserved) for place, (on_hand, reserved)
        in change.items()
    })


def pay_twice(work, order):
    real_settle(work, order)
    order.paid_total *= 2


def first_part_only(session, lines):
    return {line: parts[:1] for line, parts in real_parts(session, lines).items()}


def one_too_many(demands, shelves, ranks):
    takes, served = real_allocate(demands, shelves, ranks)
    return [Take(t.demand_id, t.variant_id, t.location_id, t.quantity + 1) for t in takes], served


real_balances = stock._change_balances
real_settle = payments.settle
real_parts = reserving.line_parts
real_allocate = accept.allocate

FAULTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "a cancel keeps the promises":
        lambda m: m.setattr(cancelling, "release_lines", nothing),
    "letting go leaves the balance":
        lambda m: m.setattr(stock, "release", release_without_balance),
    "goods leave without a move":
        lambda m: m.setattr(stock, "take_promised", leave_without_moving),
    "a move forgets what was promised":
        lambda m: m.setattr(stock, "_change_balances", forgetful_balances),
    "lines do not count their promises":
        lambda m: m.setattr(reserving, "count_reserved", nothing),
    "counts are not kept":
        lambda m: m.setattr(service, "shift_tally", nothing),
    "a cancel does not file the order":
        lambda m: m.setattr(cancelling, "refile", nothing),
    "a payment counts twice":
        lambda m: m.setattr(payments, "settle", pay_twice),
    "a known order is taken for new":
        lambda m: m.setattr(order_in, "_known", lambda *_: {}),
    "a bundle lets go of one part only":
        lambda m: m.setattr(reserving, "line_parts", first_part_only),
    "one unit too many is promised":
        lambda m: m.setattr(accept, "allocate", one_too_many),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(make_database, monkeypatch, fault):
    FAULTS[fault](monkeypatch)
    for seed in range(5):
        wrong, works = walk(make_database, seed, 150)
        works.engine.dispose()
        if wrong:
            return
    pytest.fail(f"not found in 5 walks of 150 steps: {fault}")
