"""Dealing orders to carts, reading a scale, and what stands between a parcel and its closing."""

from __future__ import annotations

import itertools

import pytest

from oms_web.domain.fulfilment import carts, closing, weighing
from oms_web.domain.fulfilment.weighing import Tolerance


def test_orders_are_dealt_to_carts_batches_and_single_lists():
    def slots(method):
        return [walk.slots for walk in carts.deal([7, 5, 9], method, 2)]

    assert slots(carts.CART) == [((7, 1), (5, 2)), ((9, 1),)]
    assert slots(carts.BATCH) == [((7, 0), (5, 0), (9, 0))]
    assert slots(carts.SINGLE) == [((7, 1),), ((5, 1),), ((9, 1),)]
    assert carts.deal([], carts.BATCH, 4) == []


@pytest.mark.parametrize("method", carts.METHODS)
def test_every_order_is_dealt_once_in_its_turn_and_no_slot_twice(method):
    for many, size in itertools.product(range(9), range(1, 5)):
        orders = list(range(100, 100 + many))
        walks = carts.deal(orders, method, size)
        assert [one for walk in walks for one in walk.orders] == orders
        for walk in walks:
            used = [slot for _, slot in walk.slots if slot]
            assert len(used) == len(set(used))
            assert method != carts.CART or len(used) <= size


@pytest.mark.parametrize(("sent", "grams"), [
    ("1.250", 1250), ("1,25 kg", 1250), ("ST,GS,+  1.250kg", 1250), ("N 850 g", 850), ("850", 850),
    ("2", 2000), ("0,3", 300), ("0.0004", None), ("0", None), ("", None), ("heavy", None),
    ("5901234123457", None), ("10468", None), ("L12-7", None), ("-1,2 kg", None),
    ("999999 kg", None), ("1.2.3", None), ("KUB-1", None),
])
def test_what_a_scale_sends_is_told_from_codes_and_numbers_of_orders(sent, grams):
    assert weighing.read(sent) == grams


@pytest.mark.parametrize(("expected", "measured", "off"), [
    (1000, 1050, False), (1000, 1051, True), (1000, 949, True), (200, 230, False),
    (200, 231, True), (None, 5000, False),
])
def test_the_larger_tolerance_counts_and_an_unknown_weight_is_never_off(expected, measured, off):
    assert weighing.is_off(expected, measured, Tolerance(grams=30, percent=5)) is off


@pytest.mark.parametrize(("complete", "unread", "unweighed", "weighs", "step"), [
    (False, 1, 1, True, ""), (True, 1, 1, True, "note"), (True, 0, 1, True, "weight"),
    (True, 0, 1, False, ""), (True, 0, 0, True, ""),
])
def test_notes_come_before_the_scale(complete, unread, unweighed, weighs, step):
    assert closing.next_step(complete, unread, unweighed, weighs) == step
