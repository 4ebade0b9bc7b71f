"""How document numbers look, and that no pattern can give one twice."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_web.core.errors import Invalid
from oms_web.domain.documents import numbering

DAY = date(2026, 11, 3)


@pytest.mark.parametrize(("pattern", "n", "number"), [
    ("FV {n}/{month}/{year}", 128, "FV 128/11/2026"),
    ("{n:4}/{year}", 7, "0007/2026"),
    ("{n:4}", 123456, "123456"),
    ("{year}{month}{n:5}", 7, "20261100007"),
    ("Ż-{n}", 1, "Ż-1"),
])
def test_patterns_are_filled(pattern, n, number):
    assert numbering.render(pattern, n, DAY) == number


def test_months_have_two_digits_so_that_neighbours_cannot_be_mistaken():
    pattern = numbering.check_pattern("{n}{month}{year}", "month")
    assert numbering.render(pattern, 1, date(2026, 11, 1)) == "1112026"
    assert numbering.render(pattern, 11, date(2026, 1, 1)) == "11012026"


@pytest.mark.parametrize(("reset", "period"), [
    ("month", "2026-11"), ("year", "2026"), ("never", ""),
])
def test_the_period_follows_the_issue_date(reset, period):
    assert numbering.period(reset, DAY) == period


@pytest.mark.parametrize(("pattern", "reset", "field"), [
    ("FV {year}", "year", "pattern"),             # no counter
    ("{n}/{n}", "never", "pattern"),              # two counters
    ("{n}/{month}", "month", "pattern"),          # next year it would repeat
    ("{n}", "year", "pattern"),
    ("{n}/{year}", "month", "pattern"),
    ("{n}/{day}", "never", "pattern"),
    ("{n:0}", "never", "pattern"), ("{n:12}", "never", "pattern"),
    ("{n.__class__}", "never", "pattern"), ("{{n}}", "never", "pattern"),
    ("<b>{n}", "never", "pattern"),
    ("x" * 55 + "{n}", "never", "pattern"),
    ("{n}", "weekly", "reset"),
])
def test_patterns_that_cannot_serve_are_refused(pattern, reset, field):
    with pytest.raises(Invalid) as refusal:
        numbering.check_pattern(pattern, reset)
    assert refusal.value.field == field


def test_spaces_are_tidied():
    assert numbering.check_pattern("  FV   {n} ", "never") == "FV {n}"


PARTS = st.lists(st.sampled_from(["{n}", "{n:3}", "{year}", "{month}", "/", "1", "FV", "-"]),
                 min_size=1, max_size=7)
NUMBERS = st.tuples(st.integers(1, 12_000), st.dates(date(2020, 1, 1), date(2031, 12, 31)))


@settings(max_examples=1500)
@given(PARTS, st.sampled_from(numbering.RESETS), NUMBERS, NUMBERS)
def test_an_accepted_pattern_never_repeats(parts, reset, one, other):
    try:
        pattern = numbering.check_pattern("".join(parts), reset)
    except Invalid:
        return
    where = [(numbering.period(reset, day), n) for n, day in (one, other)]
    same = [numbering.render(pattern, n, day) for n, day in (one, other)]
    if where[0] != where[1]:
        assert same[0] != same[1]


@pytest.mark.parametrize(("one", "other", "number"), [
    ("FV/{n}/{year}", "FV/{n:4}/{year}", "FV/1000/2020"),
    ("{n:4}/{month}", "{year}/{n}", "2020/10"),
    ("FV{year}{n}", "FV{n}", "FV20201"),
    ("{n}/{month}", "{n}/10", "1/10"),
    ("{n:8}", "{n:9}", ""),                       # 8 and 9 digits, however far they count
    ("FV {n}/{month}/{year}", "FV {n}/{year}", ""),
    ("FV {n}", "FW {n}", ""), ("FV {n}", "FV{n}", ""), ("{n}/{month}", "{n}/13", ""),
])
def test_two_patterns_that_can_give_one_number_are_found(one, other, number):
    assert numbering.meeting(one, other) == numbering.meeting(other, one) == number


ENDS = st.lists(st.sampled_from(["A", "/", "1", "{year}", "{month}"]), max_size=2)
PATTERNS = st.tuples(ENDS, st.sampled_from(["{n}", "{n:2}", "{n:4}"]), ENDS).map(
    lambda parts: "".join((*parts[0], parts[1], *parts[2])))


@settings(max_examples=150, deadline=None)
@given(PATTERNS, PATTERNS)
def test_patterns_said_never_to_meet_do_not(one, other):
    days = [date(year, month, 1) for year in (2026, 2031) for month in (1, 10, 12)]
    numbers = [{numbering.render(pattern, n, day) for day in days
                for n in (*range(1, 130), 1000, 1012, 2026, 2031, 10110, 202611)}
               for pattern in (one, other)]
    if numbers[0] & numbers[1]:
        assert numbering.meeting(one, other)
