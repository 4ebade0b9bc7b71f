"""How long a decision waits, and what is said when it is too late."""

from __future__ import annotations

from datetime import timedelta

import pytest

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.domain.company import service as company
from oms_web.domain.orders import outgoing
from oms_web.domain.orders.outgoing import Outgoing


@pytest.mark.parametrize(("seconds", "in_bulk", "waits"), [
    (10, False, 10), (0, False, 0), (None, False, 0), (120, False, 120),
    (10, True, 120), (0, True, 0),
])
def test_a_decision_waits_as_long_as_the_seller_wants(seconds, in_bulk, waits):
    assert outgoing.wait_of(seconds, in_bulk) == timedelta(seconds=waits)


@pytest.mark.parametrize(("state", "undo", "why"), [
    ("gone", {}, "receive it as a return"), ("replaced", {}, "newer"), ("waiting", None, "follows"),
])
def test_what_cannot_be_recalled_says_why(state, undo, why):
    with pytest.raises(NotAllowedNow, match=why):
        outgoing.check(Outgoing(kind="ship", state=state, undo=undo))


def test_what_waits_can_be_recalled():
    outgoing.check(Outgoing(kind="ship", state="waiting", undo={}))


@pytest.mark.parametrize(("seconds", "right"), [
    (0, True), (120, True), (121, False), (-1, False), ("", False),
])
def test_the_window_is_two_minutes_at_most(seconds, right):
    clean, problems = company.checked({"recall_seconds": seconds})
    assert (clean, bool(problems)) == (({"recall_seconds": seconds}, False) if right
                                       else ({}, True))
    if problems:
        assert isinstance(problems["recall_seconds"], Invalid)
