"""What is doubtful about an order: forms of addresses and numbers, money, doubles."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from oms_web.core.errors import Invalid
from oms_web.domain.orders import checks
from oms_web.domain.orders.verification import kinds, plausible, watching
from oms_web.domain.orders.verification.doubles import Sale, is_double, may_be
from oms_web.domain.orders.verification.examining import (
    Subject,
    examine,
    examine_totals,
    holding,
    is_history,
)
from oms_web.domain.orders.verification.kinds import CHECKS, Levels

AT = datetime(2026, 11, 24, 11, tzinfo=UTC)
HOME = {"name": "Anna Testowa", "street": "Prosta 1", "postcode": "00-001", "city": "Warszawa",
        "country": "PL", "phone": "600100200"}
GOOD = Subject(HOME, "", "", "", "prepaid", 1000, 1000, "PLN")


def found(subject, levels=Levels({}), **how):
    return [one.kind for one in examine(subject, levels, **how)]


def at(**changed):
    return replace(GOOD, ship_to=HOME | changed)


@pytest.mark.parametrize(("subject", "wrong"), [
    (GOOD, []),
    (at(street=""), ["address"]),
    (at(street="Kwiatowa"), ["house_number"]),
    (at(street="Rose Cottage", postcode="SW1A 1AA", city="London", country="GB",
        phone="+442079460000"), []),
    (at(street="Nowa Wieś 7", city="Nowa Wieś"), []),
    (at(postcode="1234"), ["postcode"]),
    (at(postcode="50066", city="Wrocław"), []),
    (at(postcode="10115", city="Berlin", country="DE", phone="030 901820"), []),
    (at(postcode="1011", city="Berlin", country="DE", phone="+49 30 901820"), ["postcode"]),
    (at(postcode="61-001", city="KRAKÓW"), ["town"]),
    (at(postcode="61-001", city="Kraków", country="DE"), ["postcode"]),
    (at(phone="12345"), ["phone"]),
    (at(phone="", street="Prosta 1"), []),
    (replace(GOOD, ship_to={"name": "Anna", "country": "PL"}, pickup_point="WAW01M"),
     ["no_phone"]),
    (replace(GOOD, tax_id="1234567890"), ["tax_id"]),
    (replace(GOOD, tax_id="DE136695976"), []),
    (replace(GOOD, tax_id="DE136695977"), ["tax_id"]),
    (replace(GOOD, paid_total=900), ["payment"]),
    (replace(GOOD, paid_total=0), []),
    (replace(GOOD, payment_kind="cod", paid_total=0), []),
    (replace(GOOD, payment_kind="cod", paid_total=300), []),
    (replace(GOOD, payment_kind="cod"), ["payment"]),
    (replace(GOOD, payment_kind="credit", paid_total=1001), ["payment"]),
])
def test_what_is_doubtful_about_an_order(subject, wrong):
    assert found(subject) == wrong


@pytest.mark.parametrize(("phone", "country", "odd"), [
    ("600 100 200", "PL", False), ("+48 600-100-200", "PL", False), ("48600100200", "PL", False),
    ("0048600100200", "DE", False), ("22 826 00 00", "PL", False), ("060100200", "PL", True),
    ("60010020", "PL", True), ("+4860010020", "PL", True), ("000000000", "PL", True),
    ("123456789", "PL", True), ("+49 30 901820", "DE", False), ("+49 12", "DE", True),
    ("+380441234567", "PL", False), ("600100200 w. 12", "PL", True),
])
def test_whether_somebody_can_be_called(phone, country, odd):
    assert plausible.phone_odd(phone, country) is odd


def test_a_check_that_is_off_finds_nothing_and_one_that_holds_holds():
    wrong = replace(at(street="Kwiatowa", phone="1"), tax_id="1")
    levels = Levels({"phone": kinds.OFF, "house_number": kinds.HOLD})
    told = examine(wrong, levels)
    assert [(one.kind, one.level) for one in told] == [("house_number", "hold"),
                                                       ("tax_id", "hold")]
    assert [flaw.kind for flaw in holding(told)] == ["house_number", "tax_id"]
    assert [one.kind for one in examine_totals("9.00 PLN", "8.00 PLN", levels)] == ["totals"]
    assert examine_totals(None, "8.00 PLN", levels) == []


def test_of_history_only_what_nothing_can_be_sent_without():
    wrong = replace(at(street="Kwiatowa", city="", phone="1"), tax_id="1")
    assert found(wrong, history=True) == ["address", "tax_id"]
    assert not is_history(AT, AT + timedelta(days=13))
    assert is_history(AT, AT + timedelta(days=15))


def test_everything_that_is_found_can_be_said():
    assert set(CHECKS) <= set(checks.KINDS)
    for one in (*examine(replace(at(street="Kwiatowa", postcode="1", phone="1"), tax_id="1",
                                 paid_total=1), Levels({})),
                *examine(at(postcode="61-001", city="Kraków"), Levels({}))):
        assert "%" not in checks.KINDS[one.kind][0] % one.detail


SALE = Sale(2, AT, "account:1", False, 3000, "PLN", 3, frozenset({("7", 1), ("9", 2)}))
EARLIER = replace(SALE, number=1, source="account:2", placed_at=AT - timedelta(hours=2))


@pytest.mark.parametrize(("other", "double"), [
    (EARLIER, True),
    (replace(EARLIER, source="account:1"), False),
    (replace(EARLIER, units=4), False),
    (replace(EARLIER, goods=frozenset({("7", 2), ("9", 1)})), False),
    (replace(EARLIER, goods=frozenset({("?Kubek", 1), ("?Koc", 2)})), True),
    (replace(EARLIER, goods=frozenset({("?Kubek", 1), ("?Koc", 2)}), total=2999), False),
    (replace(EARLIER, placed_at=AT - timedelta(hours=25)), False),
])
def test_the_same_order_from_elsewhere(other, double):
    assert (may_be(SALE, other, timedelta(hours=24)) and is_double(SALE, other)) is double


def test_one_file_may_hold_an_order_twice():
    twice = replace(EARLIER, source="account:1", by_file=True)
    assert may_be(replace(SALE, by_file=True), twice, timedelta(hours=24))


@pytest.mark.parametrize("typed", [
    "600-100-200", "+48 600 100 200", "ANNA@example.test", "ul. Prosta 1, 00-001",
    "ul. Prosta 1 Warszawa", "ul Prosta 1, 00-001 Warszawa",
])
def test_somebody_on_the_list_is_recognised(typed):
    keys = watching.keys_of(HOME | {"street": "ul. Prosta 1"}, "anna@example.test", "")
    assert watching.key_of(typed) in keys
    with pytest.raises(Invalid):
        watching.key_of("Łódź")


@pytest.mark.parametrize(("number", "country", "can_be"), [
    ("525-224-84-81", "PL", True), ("5252248482", "", False), ("PL5252248481", "DE", True),
    ("DE136695976", "PL", True), ("136695976", "DE", True), ("136695977", "DE", False),
    ("EL094259216", "GR", True), ("12-3456789", "US", True), ("CHE-123.456.788", "CH", True),
    ("PL5252248482", "US", False), ("CHE-123.456.788", "PL", False),
])
def test_a_tax_number_by_its_country(number, country, can_be):
    assert checks.tax_id_valid(number, country) is can_be
