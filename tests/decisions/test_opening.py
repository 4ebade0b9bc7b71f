"""The least opening stock: enough for the whole story, and not a unit more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oms_web.domain.stock.opening import Opening


def needed(moves):
    opening = Opening()
    for variant, units in moves:
        opening.move(variant, units)
    return opening.needed()


def test_the_deepest_point_counts_not_the_sum():
    assert needed([(1, -5), (1, 3), (1, -4)]) == {1: 6}
    assert needed([(1, 3), (1, -3), (2, -1)]) == {2: 1}
    assert needed([]) == {}


moves = st.lists(st.tuples(st.integers(1, 3), st.integers(-9, 9)), max_size=60)


def runs_short(moves, stock):
    level = dict(stock)
    for variant, units in moves:
        level[variant] = level.get(variant, 0) + units
        if level[variant] < 0:
            return True
    return False


@given(moves)
def test_it_is_enough_and_one_less_of_anything_is_not(told):
    stock = needed(told)
    assert not runs_short(told, stock)
    for variant in stock:
        assert runs_short(told, stock | {variant: stock[variant] - 1})
