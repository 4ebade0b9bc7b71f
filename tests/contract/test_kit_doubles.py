"""Every check of the kit catches what it is there for, and says nothing against who is right."""

from __future__ import annotations

import pytest
from oms_connector.testing import ALL, ConnectorKit, check

from tests.contract import (
    kit_doubles_books,
    kit_doubles_carrying,
    kit_doubles_manners,
    kit_doubles_paying,
    kit_doubles_reading,
    kit_doubles_refunding,
    kit_doubles_talking,
    kit_doubles_writing,
)
from tests.contract.kit_carrier import AsksNobody, GivesLabelsOnce
from tests.contract.kit_carrier_standin import GoniecStandIn
from tests.contract.kit_double import DOUBLES, Double
from tests.contract.kit_shop_standin import KramStandIn
from tests.sizes import size

# Importing them is what registers their doubles.
assert kit_doubles_books
assert kit_doubles_carrying
assert kit_doubles_manners
assert kit_doubles_paying
assert kit_doubles_reading
assert kit_doubles_refunding
assert kit_doubles_talking
assert kit_doubles_writing


class TestKram(ConnectorKit):
    """The good example keeps every promise that is for a shop."""

    standin = KramStandIn


class TestGoniec(ConnectorKit):
    """The good example of a carrier."""

    standin = GoniecStandIn


class TestCarrierThatCannotBeAsked(ConnectorKit):
    """It says so, and keeps every other promise: nothing is booked again by itself."""

    standin = type("AsksNobodyStandIn", (GoniecStandIn,), {"connector": AsksNobody})


class TestCarrierThatGivesLabelsOnce(ConnectorKit):
    """Its labels come with the bookings."""

    standin = type("GivesLabelsOnceStandIn", (GoniecStandIn,), {"connector": GivesLabelsOnce})


@pytest.mark.parametrize("double", DOUBLES, ids=lambda double: f"{double.number}-{double.name}")
def test_a_broken_promise_is_noticed_and_nothing_else(double: Double) -> None:
    blamed = {double.number} | double.also
    others = [number for number in ALL if number not in blamed]
    # All of them for each double is a square that grows; every seventh, another one each time.
    asked = blamed | set(others[double.number % 7::size(7, 1)])
    ended = {number: check(double.standin, number) for number in sorted(asked)}
    failed = {number for number, result in ended.items() if result.outcome == "failed"}
    assert failed == blamed, {n: ended[n].reason for n in failed}
    assert len(ended[double.number].reason) > 20


def test_no_check_is_without_a_double() -> None:
    assert set(ALL) == {double.number for double in DOUBLES}


def test_the_good_examples_leave_no_check_out() -> None:
    passed = {number for number in ALL for good in (KramStandIn, GoniecStandIn)
              if check(good, number).outcome == "passed"}
    assert passed == set(ALL)
