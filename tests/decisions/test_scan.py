"""What a scan at the bench means, how it is taken back, what a changed order does to a parcel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_web.domain.fulfilment import scan
from oms_web.domain.fulfilment.discretion import without_contacts
from oms_web.domain.fulfilment.scan import Need, counted, differences, highlighted, judge, take_back
from oms_web.domain.shipping.splitting import Part, by_warehouse, refill, uncovered

CUP, PUZZLE, CANDLE, SET = 1, 2, 3, 9


def test_the_four_answers():
    needs = [Need(1, CUP, 2, 1), Need(2, PUZZLE, 1, 1)]
    assert judge(needs, CUP).result == scan.OK
    assert judge(needs, PUZZLE).result == scan.EXTRA
    assert judge(needs, CANDLE).result == scan.WRONG
    assert judge(needs, None).result == scan.UNKNOWN


def test_the_highlighted_line_is_served_first_then_the_lines_in_their_order():
    needs = [Need(1, CUP, 1), Need(2, CUP, 1)]
    assert judge(needs, CUP, (2, CUP)).counts == (((2, CUP), 1),)
    assert judge(needs, CUP).counts == (((1, CUP), 1),)
    assert judge(counted(needs, (((1, CUP), 1),)), CUP, (1, CUP)).counts == (((2, CUP), 1),)


def test_parts_of_a_bundle_are_scanned_one_by_one_or_the_whole_set_at_once():
    needs = [Need(1, CUP, 4, 0, SET, 2), Need(1, CANDLE, 2, 0, SET, 1)]
    assert judge(needs, CUP).counts == (((1, CUP), 1),)
    whole = judge(needs, SET)
    assert (whole.result, whole.counts) == (scan.OK, (((1, CUP), 2), ((1, CANDLE), 1)))
    begun = counted(needs, (((1, CUP), 3),))
    assert judge(begun, SET).result == scan.EXTRA


def test_a_part_that_is_also_a_line_of_its_own_counts_for_both():
    needs = [Need(1, CUP, 2, 2, SET, 2), Need(2, CUP, 1)]
    assert judge(needs, CUP).counts == (((2, CUP), 1),)


def test_undoing_takes_the_last_line_first_and_sets_as_sets():
    needs = [Need(1, CUP, 1, 1), Need(2, CUP, 1, 1)]
    assert take_back(needs, CUP) == (((2, CUP), 1),)
    sets = [Need(1, CUP, 2, 2, SET, 2), Need(1, CANDLE, 1, 1, SET, 1)]
    assert take_back(sets, SET) == (((1, CUP), 2), ((1, CANDLE), 1))
    assert take_back([Need(1, CUP, 1, 0)], CUP) == ()


def test_the_current_line_stays_until_it_is_full():
    needs = [Need(1, CUP, 1, 1), Need(2, PUZZLE, 2, 1), Need(3, CANDLE, 1)]
    assert highlighted(needs, (2, PUZZLE)) == (2, PUZZLE)
    assert highlighted(needs, (1, CUP)) == (2, PUZZLE)
    assert highlighted([Need(1, CUP, 1, 1)], (1, CUP)) is None


@given(st.lists(st.sampled_from([CUP, PUZZLE, CANDLE, SET, 77, None]), max_size=30))
def test_scans_never_put_more_in_than_ordered_and_undo_restores(codes):
    needs = start = [Need(1, CUP, 2), Need(2, CUP, 4, 0, SET, 2), Need(2, CANDLE, 2, 0, SET, 1),
                     Need(3, PUZZLE, 1)]
    done = []
    for code in codes:
        verdict = judge(needs, code)
        assert (verdict.result == scan.OK) == bool(verdict.counts)
        needs = counted(needs, verdict.counts)
        assert all(0 <= need.packed <= need.quantity for need in needs)
        if verdict.result == scan.OK:
            done.append(code)
    for code in reversed(done):
        needs = counted(needs, take_back(needs, code), -1)
    assert [n.packed for n in needs] == [n.packed for n in start]


@pytest.mark.parametrize(("text", "number", "basket"), [
    ("10468", 10468, None), (" #10468 ", 10468, None), ("L12-7", None, (12, 7)),
    ("l12 - 7", None, (12, 7)), ("KUB-03", None, None), ("5901234123457", None, None),
    ("", None, None),
])
def test_codes_of_orders_and_baskets(text, number, basket):
    assert scan.order_number(text) == number
    assert scan.basket(text) == basket


def test_a_basket_code_reads_back():
    assert scan.basket(scan.basket_code(12, 7)) == (12, 7)


def test_differences_between_a_plan_and_the_promises():
    plan = [((1, CUP), 2), ((1, CUP), 1), ((2, PUZZLE), 1)]
    assert differences(plan, [((1, CUP), 3), ((2, PUZZLE), 1)]) == {}
    assert differences(plan, [((1, CUP), 2)]) == {(1, CUP): (3, 2), (2, PUZZLE): (1, 0)}


def part(line: int, variant: int, place: int, house: int, units: int) -> Part:
    return Part(line, variant, place, house, units)


def test_units_leave_from_the_warehouse_they_lie_in_but_bundles_stay_together():
    plain = by_warehouse([part(1, CUP, 11, 1, 2), part(1, CUP, 21, 2, 1)])
    assert {house: sum(p.quantity for p in parts) for house, parts in plain.items()} == {1: 2, 2: 1}
    bundle = by_warehouse([part(1, CUP, 11, 1, 2), part(1, CANDLE, 21, 2, 1)])
    assert list(bundle) == [1]


def test_what_a_shipment_plans_is_not_planned_again():
    left = uncovered([part(1, CUP, 11, 1, 3), part(2, CUP, 11, 1, 1)], {(1, CUP, 11): 3})
    assert left == [part(2, CUP, 11, 1, 1)]


def test_packed_units_follow_a_changed_plan_and_the_surplus_comes_out():
    dealt, out = refill([part(1, CUP, 11, 1, 1), part(1, CUP, 12, 1, 1)],
                        {(1, CUP, 11): 2, (2, PUZZLE, 13): 1})
    assert dealt == {(1, CUP, 11): 1, (1, CUP, 12): 1}
    assert out == {(2, PUZZLE): 1}


@given(st.dictionaries(st.tuples(st.integers(1, 2), st.integers(1, 2), st.integers(1, 3)),
                       st.integers(1, 4)),
       st.dictionaries(st.tuples(st.integers(1, 2), st.integers(1, 2), st.integers(1, 3)),
                       st.integers(1, 4)))
def test_refilling_loses_no_unit(plan, packed):
    dealt, out = refill([Part(*key, 1, units) for key, units in plan.items()], packed)
    assert all(0 <= dealt[key] <= plan[key] for key in plan)
    assert sum(dealt.values()) + sum(out.values()) == sum(packed.values())


@pytest.mark.parametrize(("text", "shown"), [
    ("To prezent, bez paragonu", "To prezent, bez paragonu"),
    ("zadzwoń +48 600 100 200 lub anna@example.test", "zadzwoń … lub …"),
    ("(22) 123-45-67 po 17", "… po 17"),
    ("2 x kubek 500 ml, przed 24.11.2026", "2 x kubek 500 ml, przed 24.11.2026"),
])
def test_a_packer_reads_the_wish_and_not_how_to_reach_the_buyer(text, shown):
    assert without_contacts(text) == shown
