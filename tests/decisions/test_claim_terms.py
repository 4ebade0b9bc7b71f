"""Until when a courier must be told, by the rows of the table, and what speaks against a claim."""

from __future__ import annotations

from datetime import date

import pytest

from oms_web.domain.shipping import claim_terms
from oms_web.domain.shipping.claim_doubts import ABOVE_DECLARED, ABOVE_GOODS, TOO_LATE, doubts
from oms_web.domain.shipping.claim_terms import DAMAGED, LATE, LOST, MISSING

LEFT, THERE = date(2026, 2, 26), date(2026, 2, 28)


@pytest.mark.parametrize(("carrier", "reason", "delivered", "last"), [
    ("dpd", DAMAGED, THERE, date(2026, 3, 7)),
    ("dpd", MISSING, None, date(2026, 3, 5)),
    ("dpd", LOST, THERE, date(2027, 2, 26)),
    ("gls", LATE, date(2026, 12, 31), date(2027, 2, 28)),
    ("inpost", DAMAGED, THERE, date(2027, 2, 26)),
    ("poczta", LOST, None, date(2027, 2, 26)),
])
def test_the_last_day(carrier, reason, delivered, last):
    term = claim_terms.term(carrier, reason, LEFT)
    assert claim_terms.last_day(term, LEFT, delivered) == last


def test_a_leap_day_has_an_anniversary():
    term = claim_terms.term("inpost", LOST, date(2028, 2, 29))
    assert claim_terms.last_day(term, date(2028, 2, 29), None) == date(2029, 2, 28)


def test_every_reason_has_a_term_at_every_carrier():
    for carrier in ("", "inpost", "poczta", "dpd"):
        for reason in claim_terms.REASONS:
            assert claim_terms.term(carrier, reason, LEFT).article


def test_what_was_delivered_is_not_lost():
    assert claim_terms.reasons(delivered=False) == (LOST, DAMAGED, MISSING, LATE)
    assert claim_terms.reasons(delivered=True) == (DAMAGED, MISSING, LATE)


@pytest.mark.parametrize(("amount", "declared", "due_on", "found"), [
    (2000, None, THERE, ()),
    (2001, None, THERE, (ABOVE_GOODS,)),
    (2000, 1999, THERE, (ABOVE_DECLARED,)),
    (2000, 2000, THERE, ()),
    (2500, 2400, LEFT, (ABOVE_GOODS, ABOVE_DECLARED, TOO_LATE)),
])
def test_what_speaks_against_a_claim(amount, declared, due_on, found):
    assert doubts(amount, 2000, declared, due_on, THERE) == found
