"""How a sale is taxed, and at which rate: proposed from facts, held against what can be true."""

from __future__ import annotations

from datetime import date

import pytest

from oms_web.core.errors import Invalid
from oms_web.domain.documents import treatment
from oms_web.domain.documents.oss_rates import STANDARD_RATES, standard_rate
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


@pytest.mark.parametrize(("number", "country", "found"), [
    ("DE136695976", "DE", True), ("136695976", "DE", True), ("DE136695975", "DE", False),
    ("EL094259216", "GR", True), ("5252248481", "PL", False), ("PL5252248481", "DE", False),
    ("", "DE", False), ("123", "US", False),
])
def test_numbers_of_the_union(number, country, found):
    assert is_union_number(number, country, "PL") is found
