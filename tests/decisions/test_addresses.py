"""An address and a buyer as people type them."""

from __future__ import annotations

import pytest

from oms_web.core import countries
from oms_web.core.errors import Invalid, InvalidForm
from oms_web.domain.orders import addresses

WHOLE = {"name": "Anna Testowa", "street": "Prosta 1", "postcode": "00-001", "city": "Warszawa",
         "country": "PL"}


def problems(**changed):
    with pytest.raises(InvalidForm) as refused:
        addresses.clean_address(WHOLE | changed)
    return {name: str(one) for name, one in refused.value.problems.items()}


@pytest.mark.parametrize(("typed", "country", "stored"), [
    ("50066", "PL", "50-066"), ("50 066", "PL", "50-066"), (" 50-066 ", "PL", "50-066"),
    ("sw1a 1aa", "GB", "SW1A 1AA"), ("10115", "DE", "10115"), ("", "PL", ""),
])
def test_postcodes_are_written_as_the_post_writes_them(typed, country, stored):
    assert addresses.clean_postcode(typed, country) == stored


@pytest.mark.parametrize("typed", ["5006", "500666", "50-06a", "50--066"])
def test_a_polish_postcode_has_five_digits(typed):
    with pytest.raises(Invalid):
        addresses.clean_postcode(typed, "PL")


@pytest.mark.parametrize(("typed", "country", "fine"), [
    ("601 224 118", "PL", True), ("+48 601-224-118", "PL", True), ("0048601224118", "PL", True),
    ("60122411", "PL", False), ("(030) 1234567", "DE", True), ("123456", "DE", False),
    ("601 224 11x", "DE", False), ("1" * 16, "DE", False), ("", "PL", True),
])
def test_phone_numbers(typed, country, fine):
    if fine:
        assert addresses.clean_phone(typed, country) == typed
    else:
        with pytest.raises(Invalid):
            addresses.clean_phone(typed, country)


@pytest.mark.parametrize(("typed", "fine"), [
    ("a@b.pl", True), (" a.b+c@d-e.co.uk ", True), ("", True), ("a@b", False), ("a b@c.pl", False),
    ("@b.pl", False), ("a@.pl", False), ("a@b@c.pl", False),
])
def test_e_mails(typed, fine):
    if fine:
        assert addresses.clean_email(typed) == typed.strip()
    else:
        with pytest.raises(Invalid):
            addresses.clean_email(typed)


@pytest.mark.parametrize(("typed", "country", "stored"), [
    ("525-000-10-03", "PL", "5250001003"), ("PL 525 000 10 03", "DE", "PL5250001003"),
    ("", "PL", ""), ("DE136695976", "DE", "DE136695976"),
])
def test_tax_numbers_that_can_exist(typed, country, stored):
    assert addresses.clean_tax_id(typed, country) == stored


@pytest.mark.parametrize(("typed", "says"), [
    ("525-000-11-1", "A NIP has 10 digits, this one has 9."),
    ("525-000-10-04", "This tax number is not valid. Check each digit."),
])
def test_tax_numbers_that_cannot(typed, says):
    with pytest.raises(Invalid) as refused:
        addresses.clean_tax_id(typed, "PL")
    assert (str(refused.value), refused.value.field) == (says, "tax_id")


def test_a_whole_address_is_tidied():
    found = addresses.clean_address(WHOLE | {"street": " Prosta \n 1 ", "country": "pl"})
    assert (found["street"], found["country"], found["company"]) == ("Prosta 1", "PL", "")
    assert set(found) == set(addresses.FIELDS)


def test_every_gap_is_named():
    assert set(problems(name="", street="", postcode="", city="")) == {
        "name", "street", "postcode", "city"}
    assert set(problems(country="")) == {"country"}


def test_a_company_needs_no_name_and_a_pick_up_point_no_street():
    assert addresses.clean_address(WHOLE | {"name": "", "company": "Dąb"})["company"] == "Dąb"
    bare = {"name": "A", "country": "PL"}
    assert addresses.clean_address(bare, pickup_point="WAW01N")["street"] == ""
    with pytest.raises(InvalidForm):
        addresses.clean_address(bare)


def test_abroad_no_postcode_is_asked_for():
    assert addresses.clean_address(WHOLE | {"country": "IE", "postcode": ""})["postcode"] == ""


def test_a_buyer_is_checked_field_by_field():
    with pytest.raises(InvalidForm) as refused:
        addresses.clean_buyer({"buyer_email": "x", "buyer_phone": "1", "tax_id": "1"}, "PL")
    assert set(refused.value.problems) == {"buyer_name", "buyer_email", "buyer_phone", "tax_id"}
    assert addresses.clean_buyer({"buyer_company": "Dąb"}, "PL")["buyer_company"] == "Dąb"


@pytest.mark.parametrize(("country", "fine", "wrong"), [
    ("DE", "10115", "1011"), ("DE", "D-10115", "101150"), ("CZ", "110 00", "11-000"),
    ("CZ", "11000", "1100"), ("NL", "1012 AB", "1012"), ("IE", "D02 AF30", "12345"),
    ("SE", "111 20", "111 2"), ("PT", "1000-001", "1000"), ("LT", "LT-01100", "LT-0110"),
])
def test_a_postcode_of_the_union_has_its_countrys_form(country, fine, wrong):
    assert addresses.clean_postcode(fine, country) == fine
    with pytest.raises(Invalid, match="looks like"):
        addresses.clean_postcode(wrong, country)


def test_a_country_must_exist():
    for code in ("ZZ", "UK", "EU", "P1", "Polska"[:2] + "X"):
        assert "country" in problems(country=code), code
    assert addresses.clean_address(WHOLE | {"country": "us", "postcode": ""})["country"] == "US"
    assert problems(country="DE", postcode="") == {"postcode": "Fill this in."}
    assert addresses.clean_address(WHOLE | {"country": "IE", "postcode": ""})["country"] == "IE"


def test_every_country_of_the_union_has_a_postcode_and_a_name():
    for code in set(countries.UNION) - {"PL"}:
        with pytest.raises(Invalid, match="looks like") as refused:
            countries.check_postcode("?", code)
        countries.check_postcode(str(refused.value.params["example"]), code)
    assert set(countries.UNION) - {"PL"} == set(countries._CODES)
    assert countries.names("pl")["DE"] == "Niemcy"
    assert len(countries.codes()) in range(245, 256)
