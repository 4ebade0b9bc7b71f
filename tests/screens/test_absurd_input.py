"""Thirty digits for a key, the last day of the calendar: what no form of ours sends is no fault."""

from __future__ import annotations

import pytest

HUGE = "9" * 30


@pytest.fixture
def owner(browser_as):
    return browser_as("owner")


@pytest.mark.parametrize("key", [HUGE, "²", "x"])
@pytest.mark.parametrize(("path", "field"), [
    ("/orders/bulk/allocate", "allocate.warehouse"), ("/orders/bulk/macro", "macro.macro"),
    ("/macros/draft", "macro"), ("/rules/draft", "rule"),
    ("/messages/templates/preview", "template"), ("/messages/templates/preview", "account"),
])
def test_a_key_of_no_row_is_no_fault(owner, path, field, key):
    assert owner.post(path, data={field: key, "order": "1"}).status_code < 500


@pytest.mark.parametrize("query", [f"status={HUGE}", f"tag={HUGE}", "account=²", "from=9999-12-31",
                                   "to=9999-12-31", "from=0001-01-01"])
def test_a_filter_of_nothing_is_no_fault(owner, query):
    assert owner.get(f"/orders?{query}").status_code < 500


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_day_at_the_edge_of_the_calendar_is_no_fault(owner, day):
    assert owner.get(f"/payments/profit?from={day}&to={day}").status_code < 500
