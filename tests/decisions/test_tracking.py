"""Tracking numbers: how they are kept, whose they look like, where they are followed."""

from __future__ import annotations

import pytest

from oms_web.core.errors import Invalid
from oms_web.domain.shipping import tracking


@pytest.mark.parametrize(("number", "carrier"), [
    ("6280 1192 0045 1183 7700 1234", "InPost"),
    ("1Z999AA10123456784", "UPS"),
    ("1Z999AA10123456785", ""),  # the check digit is wrong
    ("RR473124829PL", "Poczta Polska"),
    ("RR473124820PL", ""),
    ("0000123456789U", "DPD"),
    ("5901234123457", ""),  # an EAN: nobody's
    ("10468", ""), ("", ""),
])
def test_the_shape_of_a_number_suggests_its_carrier(number, carrier):
    assert tracking.likely_carrier(number) == carrier


def test_numbers_are_kept_without_spaces_and_found_without_punctuation():
    assert tracking.tidy(" 1z 999 aa1 ") == "1Z999AA1"
    assert tracking.key("1Z-999 aa1") == tracking.key("1z999AA1")
    assert tracking.tidy("ab-12 ") == "AB-12"
    assert tracking.tidy(" ") == ""


@pytest.mark.parametrize("text", ["<b>6200 1234</b>", "6200/1234", "ZAŻ123", "x" * 65, "123"])
def test_what_no_carrier_prints_is_no_tracking_number(text):
    with pytest.raises(Invalid):
        tracking.tidy(text)


@pytest.mark.parametrize(("text", "may_be"), [
    ("6280119200451183770012", True), ("10468", False), ("KUBEKDUZY", False), ("L12-7", False),
])
def test_only_long_codes_with_digits_may_be_tracking_numbers(text, may_be):
    assert tracking.looks_like_one(text) is may_be


def test_a_parcel_is_followed_at_its_carrier():
    assert tracking.follow("InPost Kurier", "628 1").startswith("https://inpost.pl/")
    assert "628%201" in tracking.follow("inpost", "628 1")
    assert tracking.follow("Gołąb pocztowy", "1") == ""
    assert tracking.follow("InPost", "") == ""


@pytest.mark.parametrize(("came", "name"), [
    ("inpost", "InPost"), ("InPost Paczkomat", "InPost"), ("DPD Polska", "DPD"),
    ("orlen", "ORLEN Paczka"), ("Pocztex", "Poczta Polska"), ("Kurier Janek", "Kurier Janek"),
    ("", ""),
])
def test_a_carrier_is_called_what_everybody_calls_it(came, name):
    assert tracking.usual_name(came) == name


def test_each_other_name_belongs_to_one_carrier():
    names = [name for carrier in tracking.CARRIERS for name in carrier.also]
    assert len(set(names)) == len(names)
    assert all(tracking.squeeze(name) == name for name in names)
