"""What people type for an amount, and what is no amount."""

from __future__ import annotations

from decimal import Decimal

import pytest

from oms_web.core.errors import Invalid
from oms_web.core.money import parse_amount


@pytest.mark.parametrize(("typed", "means"), [
    ("12", "12"), (" 12,5 ", "12.5"), ("12.50", "12.5"), ("1 148,00", "1148"),
    ("1\xa0148,00", "1148"), ("1,148.00", "1148"), ("1.148,00", "1148"),
    ("1,234,567.8", "1234567.8"),
    ("-5", "-5"), ("−5,20", "-5.2"), ("+3", "3"), (",5", "0.5"), ("5,", "5"), ("0", "0"),
    ("999999999,99", "999999999.99"), ("0,000001", "0.000001"), ("1,50000000", "1.5"),
])
def test_amounts_as_people_type_them(typed, means):
    assert parse_amount(typed) == Decimal(means)


@pytest.mark.parametrize("typed", [
    "", " ", "-", ",", "1e3", "1E3", "1_000", "１２", "٣", "nan", "NaN", "inf", "-Infinity", "--5",
    "5-", "1,2,3", "1.2.3,4", "1,23.4", "12zł", "0x10", "1,148.00,5", "9" * 31,
])
def test_what_is_no_amount(typed):
    with pytest.raises(Invalid, match="Not an amount"):
        parse_amount(typed, "price")


def test_what_is_too_large_or_too_fine_says_so():
    with pytest.raises(Invalid, match="too large"):
        parse_amount("1000000000")
    with pytest.raises(Invalid, match="six decimals"):
        parse_amount("0,0000001")
