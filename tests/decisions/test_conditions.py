"""The conditions of rules: what each test means, what is refused, what stood in the way."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_web.core.errors import InvalidForm
from oms_web.domain.automation import brakes, conditions
from oms_web.domain.automation.conditions import EVERYTHING, MATCHED, clean, compiled, leaves
from oms_web.domain.automation.fields import FIELDS, TESTS

FACTS = {
    "country": "DE", "channel": "3", "weekday": "1", "buyer_note": "proszę o fakturę",
    "postcode": "00-950", "total": Decimal("120.50"), "weight_g": None, "units": 3,
    "hours_to_ship": Decimal("-2"), "is_company": True, "wants_invoice": False,
    "skus": frozenset(("kub", "tal")), "tags": frozenset(), "pickup_point": "",
    "currency": "PLN",
}


def passes(field, test, value=None):
    tree = clean({"field": field, "test": test, "value": value})
    return compiled(tree)(FACTS) == MATCHED


@pytest.mark.parametrize(("field", "test", "value", "expected"), [
    ("country", "in", ["PL", "DE"], True), ("country", "in", "PL", False),
    ("country", "not_in", ["PL"], True), ("channel", "in", [3], True),
    ("buyer_note", "contains", "FAKTURĘ", True), ("buyer_note", "not_contains", "list", True),
    ("postcode", "starts", "00-", True), ("postcode", "ends", "951", False),
    ("postcode", "equals", " 00-950 ", True), ("pickup_point", "empty", None, True),
    ("buyer_note", "filled", None, True),
    ("total", "ge", "120,50", True), ("total", "gt", "120.5", False), ("total", "lt", "121", True),
    ("units", "eq", "3", True), ("units", "ne", "3", False), ("units", "le", "2", False),
    ("hours_to_ship", "lt", "0", True),
    # What is not there passes no comparison, not even "does not equal".
    ("weight_g", "lt", "1000000", False), ("weight_g", "ne", "5", False),
    ("is_company", "yes", None, True), ("wants_invoice", "no", None, True),
    # A line among several is enough for any, and others beside it do not hide it.
    ("skus", "any", ["KUB"], True), ("skus", "all", ["KUB", "TAL"], True),
    ("skus", "all", ["KUB", "MIS"], False), ("skus", "none", ["MIS"], True),
    ("skus", "none", ["kub"], False), ("skus", "only", ["KUB"], False),
    ("skus", "only", ["KUB", "TAL", "MIS"], True), ("skus", "matching", "ta", True),
    ("tags", "empty", None, True), ("tags", "only", ["x"], False), ("tags", "filled", None, False),
])
def test_each_test_means_what_it_says(field, test, value, expected):
    assert passes(field, test, value) is expected


def test_every_test_of_every_kind_is_tried_above_or_has_a_sibling_that_is():
    for field in FIELDS.values():
        for test in TESTS[field.kind]:
            value = "1" if field.kind in ("number", "money", "hours") else ["x"] \
                if test in conditions.LISTS else "x"
            assert clean({"field": field.name, "test": test, "value": value})["test"] == test


@pytest.mark.parametrize(("tree", "place"), [
    ({"field": "age", "test": "in", "value": ["x"]}, "when.field"),
    ({"field": "country", "test": "contains", "value": "D"}, "when.test"),
    ({"field": "country", "test": "in", "value": []}, "when.value"),
    ({"field": "country", "test": "in", "value": ["", " "]}, "when.value"),
    ({"field": "total", "test": "gt", "value": "dużo"}, "when.value"),
    ({"field": "total", "test": "gt", "value": "NaN"}, "when.value"),
    ({"all": [{"any": [{"field": "units", "test": "lt", "value": "2"}, {}]}]},
     "when.all.0.any.1.field"),
    ({"all": "x"}, "when"), ("x", "when"), ({"not": []}, "when.not"),
])
def test_what_is_wrong_is_named_at_its_place(tree, place):
    with pytest.raises(InvalidForm) as caught:
        clean(tree)
    assert place in caught.value.problems


def test_depth_and_number_are_bounded():
    deep = {"field": "units", "test": "lt", "value": "2"}
    for _ in range(2000):
        deep = {"not": deep}
    with pytest.raises(InvalidForm):
        clean(deep)
    with pytest.raises(InvalidForm):
        clean({"all": [{"field": "units", "test": "lt", "value": "2"}] * 61})


def leaf(value):
    """A test that passes when ``value`` is true."""
    return {"field": "units", "test": "eq" if value else "ne", "value": "3"}


def test_what_stands_in_the_way_is_the_first_test_that_does_not_pass():
    assert compiled(EVERYTHING)(FACTS) == MATCHED
    assert compiled({"all": [leaf(1), leaf(0), leaf(0)]})(FACTS) == 1
    assert compiled({"any": [leaf(0), leaf(0)]})(FACTS) == 0
    assert compiled({"all": [leaf(1), {"any": [leaf(0), leaf(0)]}]})(FACTS) == 1
    assert compiled({"all": [leaf(1), {"not": {"all": [leaf(1), leaf(1)]}}]})(FACTS) == 1
    assert compiled({"any": [leaf(0), leaf(1)]})(FACTS) == MATCHED
    tree = {"all": [leaf(1), {"any": [leaf(0), {"not": leaf(1)}]}]}
    assert [one.test for one in leaves(tree)] == ["eq", "ne", "eq"]


TREES = st.recursive(
    st.booleans().map(leaf),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda x: {"all": x}),
        st.lists(inner, min_size=1, max_size=3).map(lambda x: {"any": x}),
        inner.map(lambda x: {"not": x})),
    max_leaves=12)


def truth(tree):
    """What a tree means, said the plainest way."""
    if "field" in tree:
        return tree["test"] == "eq"
    if "not" in tree:
        return not truth(tree["not"])
    return all(map(truth, tree["all"])) if "all" in tree else any(map(truth, tree["any"]))


@given(TREES)
def test_a_compiled_tree_means_the_same_and_points_at_one_of_its_tests(tree):
    try:
        kept = clean(tree)
    except InvalidForm:
        return
    verdict = compiled(kept)(FACTS)
    assert (verdict == MATCHED) == truth(tree)
    places = len(list(leaves(kept)))
    assert MATCHED <= verdict < max(places, 1)


def test_brakes():
    assert brakes.decide(5, 1000, 1000) == ""
    assert brakes.decide(6, 6, 1000) == "loop"
    assert brakes.decide(1, 1001, 1000) == "flood"
