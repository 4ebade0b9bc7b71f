"""What is news of a channel, whatever both sides did before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oms_web.domain.orders.merging import merge

NAMES = ("name", "street", "units")
SIDES = st.fixed_dictionaries({name: st.integers(0, 3) for name in NAMES})


def after(ours, merged):
    return {**ours, **merged.taken}


@given(SIDES, SIDES)
def test_a_version_that_changes_nothing_changes_nothing_whatever_was_edited_here(before, ours):
    merged = merge(before, ours, before)
    assert (merged.taken, merged.clashes) == ({}, {})


@given(SIDES, SIDES)
def test_all_that_only_the_channel_changed_arrives(before, theirs):
    merged = merge(before, before, theirs)
    assert after(before, merged) == theirs
    assert merged.clashes == {}


@given(SIDES, SIDES, SIDES)
def test_every_name_goes_one_way_and_what_was_changed_here_stays(before, ours, theirs):
    merged = merge(before, ours, theirs)
    for name in NAMES:
        by_us, by_them = ours[name] != before[name], theirs[name] != before[name]
        agreed = ours[name] == theirs[name]
        assert (name in merged.clashes) == (by_us and by_them and not agreed)
        assert after(ours, merged)[name] == (theirs if by_them and not by_us else ours)[name]


@given(SIDES, SIDES, SIDES)
def test_the_same_version_twice_is_no_news_the_second_time(before, ours, theirs):
    merged = merge(before, ours, theirs)
    assert merge(theirs, after(ours, merged), theirs).news == {}
