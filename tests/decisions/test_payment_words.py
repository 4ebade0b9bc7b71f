"""Money that goes back, in words of its own: no trade credit, no transfer of stock, no unpaid bill.
"""

from __future__ import annotations

import pytest

from oms_web.domain.payments import earnings
from oms_web.domain.payments.earnings import Sum
from oms_web.domain.payments.models import Refund
from oms_web.domain.payments.refund_states import METHODS
from oms_web.web import case_words, payment_words


@pytest.mark.parametrize(("method", "state", "here", "on_order"), [
    ("credit", "done", "credited", "credited"), ("transfer", "done", "paid back", "given back"),
    ("credit", "refused", "taken back", "not given back"),
    ("transfer", "refused", "not paid", "not given back"),
])
def test_a_credit_is_given_and_taken_back_and_never_paid(method, state, here, on_order):
    refund = Refund(method=method, state=state)
    assert case_words.refund_state(refund) == here
    assert payment_words.refund_state(refund) == on_order


def test_every_way_has_its_words():
    assert set(METHODS) == set(payment_words.WAYS) == set(case_words.METHODS)


def test_the_currencies_of_a_channel_stand_together():
    found = {(1, "EUR"): Sum(lacks=3), (2, "PLN"): Sum(orders=1), (1, "PLN"): Sum(orders=5)}
    assert {one: list(sums) for one, sums in earnings.by_channel(found).items()} == {
        1: ["PLN", "EUR"], 2: ["PLN"]}
    assert list(earnings.by_channel(found)) == [1, 2]
