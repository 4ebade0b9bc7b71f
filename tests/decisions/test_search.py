"""What a typed text can mean, before any order is looked at."""

from __future__ import annotations

import pytest

from oms_web.domain.orders.search import begins_with, understand


@pytest.mark.parametrize(("typed", "number"), [
    ("10482", 10482), ("#10482", 10482), (" 10 482 ", 10482), ("10482a", None),
    ("5901234123457", None), ("", None), ("Anna", None), ("١٢٣", None),
])
def test_our_own_number(typed, number):
    assert understand(typed).number == number


@pytest.mark.parametrize(("typed", "code"), [
    ("8f3cb2e4-11EE", "8f3cb2e411ee"), ("Anna.Nowak@Example.pl", "anna.nowak@example.pl"),
    ("+48 601 224-118", "601224118"), ("525-000-10-03", "5250001003"),
])
def test_codes_without_case_and_dashes(typed, code):
    assert code in understand(typed).codes
    assert understand(typed).code_like


def test_words_are_folded_once_each_and_few():
    assert understand(" Żółkiewski  ANNA anna ").parts == ("zolkiewski", "anna")
    assert not understand("Żółkiewski").code_like
    assert len(understand(" ".join(f"w{n}" for n in range(50))).parts) == 6
    assert understand("-- !").parts == ()
    assert len(understand("x" * 5000).codes[0]) == 200


def test_a_beginning_is_a_range_up_to_the_next_letter():
    low, high = (part.right.value for part in begins_with("kow").clauses)
    assert (low, high) == ("kow", "kox")
    assert low <= "kowalska" < high
    assert not low <= "kox" < high
