"""The picker's walk: shelves in their order, one stop per product, what a scan means on it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_web.domain.fulfilment.walk import Pick, match, natural, route


def pick(task: int, bin_: str, variant: int = 1, *, order: int = 1, basket: int = 1,
         place: int | None = None, path: int = 0, asked: int = 1, **values: int) -> Pick:
    return Pick(task, order, basket, variant, place or hash(bin_) % 1000 + 1, bin_, path, asked,
                values.pop("needed", asked), **values)


def test_shelves_come_in_path_order_then_by_name_with_numbers_as_numbers():
    stops = route([pick(1, "B-1"), pick(2, "A-10"), pick(3, "A-2"), pick(4, "Z-9", path=-1)])
    assert [stop.bin for stop in stops] == ["Z-9", "A-2", "A-10", "B-1"]


def test_one_product_for_several_orders_is_one_stop_with_baskets_in_order():
    stops = route([
        pick(1, "A-1", order=7, basket=3, asked=2), pick(2, "A-1", order=5, basket=1),
        pick(3, "A-1", variant=2, order=5, basket=1),
    ])
    assert [(stop.variant_id, stop.needed) for stop in stops] == [(1, 3), (2, 1)]
    assert [p.basket for p in stops[0].picks] == [1, 3]


@pytest.mark.parametrize(("needed", "picked", "left", "back"), [
    (3, 0, 3, 0), (3, 2, 1, 0), (3, 3, 0, 0), (1, 2, 0, 1), (0, 2, 0, 2), (0, 0, 0, 0),
])
def test_what_is_left_to_take_and_what_goes_back(needed, picked, left, back):
    one = pick(1, "A-1", asked=3, needed=needed, picked=picked)
    assert (one.left, one.to_put_back) == (left, back)


def test_a_scanned_product_takes_its_first_stop_with_units_left():
    stops = route([pick(1, "A-1", picked=1), pick(2, "A-2"), pick(3, "A-3", variant=2)])
    assert match(stops, "590", 1).stop.bin == "A-2"
    assert match(stops, "590", 2).result == "ok"


def test_what_is_taken_already_and_what_is_not_on_the_walk_sound_different():
    stops = route([pick(1, "A-1", picked=1)])
    assert match(stops, "590", 1).result == "taken"
    assert match(stops, "590", 9).result == "wrong"
    assert match(stops, "rubbish", None).result == "wrong"


def test_a_shelf_label_shows_the_shelf_and_takes_nothing():
    stops = route([pick(1, "A-1", picked=1), pick(2, "A-1", variant=2)])
    found = match(stops, " a-1 ", None)
    assert (found.result, found.stop.variant_id) == ("shelf", 2)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 5),
                          st.integers(0, 3))))
def test_no_unit_is_lost_and_no_shelf_is_visited_twice(rows):
    picks = [pick(n, f"A-{place}", variant, place=place, order=n, basket=n, asked=units,
                  path=path) for n, (place, variant, units, path) in enumerate(rows, 1)]
    stops = route(picks)
    assert sorted(p.task_id for s in stops for p in s.picks) == [p.task_id for p in picks]
    assert len({(s.location_id, s.variant_id) for s in stops}) == len(stops)
    assert sum(s.needed for s in stops) == sum(p.needed for p in picks)


def test_natural_order_reads_numbers():
    assert sorted(["A-10-2", "a-2", "A-2-10", "A-2-9", "B", ""], key=natural) == [
        "", "a-2", "A-2-9", "A-2-10", "A-10-2", "B",
    ]
