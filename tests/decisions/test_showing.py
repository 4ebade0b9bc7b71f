"""What offers show by the seller's rules: examples as a seller gives them, and what never fails."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_web.domain.channels.showing import UNLIMITED, Offer, Shown, decide

MUG, PLATE, SET = 1, 2, 3  # a set is two mugs and a plate
MUGS, PLATES, SETS = ((MUG, 1),), ((PLATE, 1),), ((MUG, 2), (PLATE, 1))


def offer(listing, recipe=MUGS, **rules):
    return Offer(listing, listing, recipe, **rules)


def shown(free, *offers):
    """The quantities, in the order of the offers; ``free`` are the free mugs, or all free units."""
    units = {MUG: free} if isinstance(free, int) else free
    found = decide(offers, {one.houses: units for one in offers})
    return [found[one.listing_id].quantity for one in offers]


@pytest.mark.parametrize(("free", "rules", "quantity"), [
    (5, {}, 5), (5, {"buffer": 2}, 3), (5, {"buffer": 9}, 0), (5, {"cap": 3}, 3),
    (5, {"buffer": 3, "cap": 3}, 2), (-4, {}, 0), (0, {"endless": True}, UNLIMITED),
    (0, {"endless": True, "cap": 20, "buffer": 2}, 20), (5, {"shares": False}, 0),
    (5, {"shares": False, "set_aside": 3}, 3), (5, {"set_aside": 3}, 5),
    (5, {"set_aside": 3, "buffer": 9}, 3), (5, {"set_aside": 3, "cap": 1}, 1),
    (2, {"set_aside": 3}, 2), (1, {"last_units": 3}, 1),
])
def test_one_offer(free, rules, quantity):
    assert shown(free, offer(1, **rules)) == [quantity]


def test_the_last_units_are_shown_by_one_offer_only():
    both = offer(1, last_units=2, rank=2), offer(2, last_units=2, rank=1)
    assert [shown(free, *both) for free in (4, 3, 2, 1, 0)] == [
        [4, 4], [3, 3], [0, 2], [0, 1], [0, 0]]


def test_who_stands_back_later_keeps_the_last_units_whatever_its_rank():
    assert shown(2, offer(1, last_units=3, rank=1), offer(2, last_units=1, rank=9)) == [0, 2]
    assert shown(2, offer(1, last_units=3, rank=1), offer(2, rank=9)) == [0, 2]


def test_nobody_stands_back_behind_an_offer_that_shows_none():
    held_back = offer(1, buffer=2, rank=1, last_units=2)
    assert shown(2, held_back, offer(2, last_units=2, rank=2)) == [0, 2]
    assert shown(2, replace(held_back, buffer=0), offer(2, last_units=2, rank=2)) == [2, 0]
    assert shown(2, offer(1, cap=0, last_units=2), offer(2, last_units=2)) == [0, 2]
    assert shown(2, offer(1, shares=False), offer(2, last_units=2)) == [0, 2]


def test_others_never_see_what_is_set_aside():
    assert shown(10, offer(1, set_aside=4), offer(2)) == [10, 6]
    assert shown(3, offer(1, set_aside=4), offer(2)) == [3, 0]
    assert shown(10, offer(1, set_aside=4, shares=False), offer(2)) == [4, 6]


def test_when_there_is_not_enough_to_set_aside_the_first_channel_gets_it():
    assert shown(5, offer(1, set_aside=4, rank=2), offer(2, set_aside=3, rank=1), offer(3)) == [
        2, 3, 0]


def test_what_is_set_aside_does_not_stand_back():
    """Own units are nobody else's, and the rest is what counts as the last units."""
    one, other = offer(1, last_units=2, rank=2, set_aside=3), offer(2, last_units=2, rank=1)
    assert shown(5, one, other) == [3, 2]
    assert shown(6, one, other) == [6, 3]


def test_bundles_and_their_parts_leave_each_other_what_is_set_aside():
    free = {MUG: 10, PLATE: 2}
    assert shown(free, offer(1, SETS), offer(2), offer(3, PLATES)) == [2, 10, 2]
    assert shown(free, offer(1, SETS, set_aside=2), offer(2), offer(3, PLATES)) == [2, 6, 0]
    assert shown(free, offer(1, SETS), offer(2, set_aside=9), offer(3, PLATES)) == [0, 10, 2]


def test_warehouses_that_do_not_meet_set_nothing_aside_for_each_other():
    here, there = offer(1, set_aside=4, houses=(1,)), offer(2, houses=(2,))
    free = {(1,): {MUG: 5}, (2,): {MUG: 5}, (1, 2): {MUG: 10}, (): {MUG: 10}}

    def quantities(*offers):
        found = decide(offers, free)
        return [found[one.listing_id].quantity for one in offers]

    assert quantities(here, there) == [5, 5]
    assert quantities(here, replace(there, houses=(1, 2))) == [5, 6]
    assert quantities(here, replace(there, houses=())) == [5, 6]
    last = replace(here, set_aside=0, rank=2, last_units=9), replace(there, last_units=9)
    assert quantities(*last) == [5, 5]


@pytest.mark.parametrize(("free", "only_own", "quantities"), [
    (20, False, [20, 10, 15]), (8, False, [8, 0, 0]), (4, False, [4, 0, 0]), (8, True, [5, 1, 0]),
])
def test_the_worked_example(free, only_own, quantities):
    assert shown(free, offer(1, set_aside=5, rank=1, shares=not only_own),
                 offer(2, buffer=2, cap=10, last_units=3, rank=2),
                 offer(3, last_units=3, rank=3)) == quantities


def test_it_says_why():
    found = decide([
        offer(1, set_aside=4), offer(2, buffer=1, cap=3),
        offer(3, last_units=9, rank=5), offer(4, shares=False),
    ], {(): {MUG: 10}})
    assert found[2] == Shown(3, 10, 0, None, (("elsewhere", 4), ("buffer", 1), ("cap", 2)))
    assert found[3] == Shown(0, 10, 0, 1, (("elsewhere", 4), ("last", 6)))
    assert found[4] == Shown(0, 10, 0, None, (("elsewhere", 4), ("apart", 6)))


units = st.integers(0, 12)


@st.composite
def offers_of(draw, recipes=(MUGS, PLATES, SETS), **fixed):
    rules = {
        "buffer": st.integers(0, 3), "cap": st.none() | units, "set_aside": st.just(0) | units,
        "shares": st.booleans(), "last_units": st.integers(0, 4), "rank": st.integers(1, 3),
        "endless": st.just(False),
    } | {name: st.just(value) for name, value in fixed.items()}
    return [
        Offer(n, n, draw(st.sampled_from(recipes)),
              **{name: draw(one) for name, one in rules.items()})
        for n in range(1, draw(st.integers(1, 5)) + 1)
    ]


free_units = st.fixed_dictionaries({MUG: st.integers(-2, 20), PLATE: st.integers(0, 20)})


def shown_by(offers, free):
    return decide(offers, {(): free})


def total(offers, counts):
    """The units that so many of the offers are made of."""
    found = Counter()
    for one in offers:
        for variant, per in one.recipe:
            found[variant] += per * counts[one.listing_id]
    return found


@given(offers_of(), free_units)
def test_never_negative_never_above_the_cap_nor_what_is_there(offers, free):
    for one in offers:
        found = shown_by(offers, free)[one.listing_id]
        there = min(max(0, free[variant]) // per for variant, per in one.recipe)
        assert 0 <= found.own <= one.set_aside
        assert 0 <= found.quantity <= min(there, there if one.cap is None else one.cap)
        assert found.available == there
        assert found.quantity == there - sum(units for _, units in found.less)
        assert all(units > 0 for _, units in found.less)


@given(offers_of(), free_units)
def test_own_units_and_the_rest_are_never_more_than_there_is(offers, free):
    """With the rest sold by whichever one of those that share it."""
    found = shown_by(offers, free)
    own = total(offers, {id_: one.own for id_, one in found.items()})
    for one in offers:
        rest = max(0, found[one.listing_id].quantity - found[one.listing_id].own)
        promised = own + total([one], {one.listing_id: rest})
        assert all(units <= max(0, free[variant]) for variant, units in promised.items())


@given(offers_of(shares=False), free_units)
def test_offers_that_sell_only_their_own_together_promise_what_is_there(offers, free):
    found = shown_by(offers, free)
    promised = total(offers, {id_: one.quantity for id_, one in found.items()})
    assert all(units <= max(0, free[variant]) for variant, units in promised.items())


@given(offers_of((MUGS,)), free_units)
def test_as_soon_as_only_one_may_sell_the_rest_the_sum_is_what_is_there(offers, free):
    """Nothing set aside, few left, everybody stands back: one offer shows them, once."""
    found = shown_by(offers, free)
    rest = max(0, free[MUG]) - sum(one.own for one in found.values())
    if rest and all(rest <= one.last_units for one in offers):
        sharing = [id_ for id_, one in found.items() if one.quantity > one.own]
        could = [one for one in offers if one.shares and rest > one.buffer
                 and (one.cap is None or one.cap > found[one.listing_id].own)]
        assert len(sharing) == bool(could)
        assert sum(one.quantity for one in found.values()) <= free[MUG]


@given(offers_of((MUGS,)), free_units)
def test_others_never_see_what_is_set_aside_for_one(offers, free):
    found = shown_by(offers, free)
    for one in found:
        elsewhere = sum(other.own for id_, other in found.items() if id_ != one)
        assert found[one].quantity <= max(0, free[MUG]) - elsewhere


@given(offers_of(last_units=0), free_units, st.integers(0, 4), st.sampled_from([
    {"buffer": 1}, {"buffer": 3}, {"cap": 2}, {"cap": None}, {"shares": False}, {"shares": True},
]))
def test_a_rule_about_one_offer_alone_moves_that_offer_alone(offers, free, which, rule):
    which %= len(offers)
    changed = [replace(one, **rule) if n == which else one for n, one in enumerate(offers)]
    before, after = shown_by(offers, free), shown_by(changed, free)
    assert {id_ for id_ in before if before[id_] != after[id_]} <= {offers[which].listing_id}


@given(offers_of((MUGS,), last_units=0), free_units, st.integers(0, 4), units)
def test_setting_more_aside_for_one_shows_others_no_more(offers, free, which, more):
    which %= len(offers)
    changed = [replace(one, set_aside=one.set_aside + more) if n == which else one
               for n, one in enumerate(offers)]
    before, after = shown_by(offers, free), shown_by(changed, free)
    for n, one in enumerate(offers):
        gained = after[one.listing_id].quantity - before[one.listing_id].quantity
        assert gained >= 0 if n == which else gained <= 0


@given(offers_of(), free_units)
def test_offers_without_a_common_part_do_not_move_each_other(offers, free):
    plates = [one for one in offers if one.recipe == PLATES]
    if not any(one.recipe == SETS for one in offers):
        alone = shown_by(plates, free)
        assert {id_: shown_by(offers, free)[id_] for id_ in alone} == alone


@given(offers_of(last_units=0), free_units, st.sampled_from([MUG, PLATE]))
def test_one_unit_more_shows_no_offer_of_a_plain_sku_less(offers, free, variant):
    plain = [one for one in offers if one.recipe != SETS]
    before, after = shown_by(plain, free), shown_by(plain, free | {variant: free[variant] + 1})
    assert all(after[id_].quantity >= before[id_].quantity for id_ in before)
