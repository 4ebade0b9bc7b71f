"""How a sale is taxed, and at which rate: proposed from facts, held against what can be true."""

from __future__ import annotations

from datetime import date

import pytest

from oms_web.core.errors import Invalid
from oms_web.domain.company.vat_rates import STANDARD_RATES, check_in_force, standard_rate
from oms_web.domain.documents import treatment
from oms_web.domain.documents.tax_ids import UNION, is_union_number
from oms_web.domain.documents.treatment import Sale

DAY = date(2026, 11, 22)


def sale(to, *, number=False, eu_vat=True, oss=True) -> Sale:
    return Sale("PL", eu_vat, oss, number, to)


@pytest.mark.parametrize(("facts", "said", "rate"), [
    (sale("PL"), "domestic", "23"),
    (sale(""), "domestic", "23"),
    (sale("PL", number=True), "domestic", "23"),  # fetched here, or delivered here
    (sale("DE", number=True), "wdt", "0"),
    (sale("DE", number=True, eu_vat=False), "domestic", "23"),
    (sale("DE"), "oss", "19"),
    (sale("DE", oss=False), "domestic", "23"),
    (sale("FI"), "oss", "25.5"),
    (sale("US"), "export", "0"),
    (sale("GB", number=True), "export", "0"),
    (sale("NO", oss=False, eu_vat=False), "export", "0"),
])
def test_facts_decide(facts, said, rate):
    assert treatment.proposed(facts) == said
    assert treatment.check(said, facts) == said
    assert treatment.rate_for(said, "23", facts, DAY) == rate


@pytest.mark.parametrize(("chosen", "facts"), [
    ("wdt", sale("DE")), ("wdt", sale("PL", number=True)), ("wdt", sale("US", number=True)),
    ("export", sale("DE")), ("export", sale("")), ("oss", sale("US")), ("oss", sale("PL")),
    ("services_eu", sale("DE")), ("magic", sale("PL")),
])
def test_what_cannot_be_true_is_refused(chosen, facts):
    with pytest.raises(Invalid) as refusal:
        treatment.check(chosen, facts)
    assert refusal.value.field == "treatment"


def test_the_seller_may_choose_otherwise():
    assert treatment.check("domestic", sale("US")) == "domestic"  # not proved yet
    assert treatment.rate_for("services_eu", "23", sale("DE", number=True), DAY) == "np"
    assert treatment.rate_for("reverse", "23", sale("PL"), DAY) == "oo"


def test_rates_hold_from_a_day():
    assert standard_rate("SK", date(2024, 12, 31)) == "20"
    assert standard_rate("SK", date(2025, 1, 1)) == "23"
    assert standard_rate("XX", DAY) == ""
    assert set(STANDARD_RATES) == UNION
    assert all(list(rows) == sorted(rows) for rows in STANDARD_RATES.values())


@pytest.mark.parametrize(("rate", "country", "fits"), [
    ("23", "PL", True), ("8", "PL", True), ("5", "PL", True), ("0", "PL", True), ("zw", "PL", True),
    ("22", "PL", False), ("99", "PL", False), ("19", "PL", False), ("5.5", "PL", False),
    ("19", "DE", True), ("7", "DE", True), ("20", "DE", False), ("99", "DE", False),
    ("25.5", "FI", True), ("99", "CH", True),  # nothing is known of Switzerland
])
def test_a_rate_has_to_be_in_force(rate, country, fits):
    if fits:
        assert check_in_force(rate, country, DAY) == rate
    else:
        with pytest.raises(Invalid, match=f"{rate}%"):
            check_in_force(rate, country, DAY)


@pytest.mark.parametrize(("number", "country", "found"), [
    ("DE136695976", "DE", True), ("136695976", "DE", True), ("DE136695975", "DE", False),
    ("EL094259216", "GR", True), ("5252248481", "PL", False), ("PL5252248481", "DE", False),
    ("", "DE", False), ("123", "US", False),
])
def test_numbers_of_the_union(number, country, found):
    assert is_union_number(number, country, "PL") is found
