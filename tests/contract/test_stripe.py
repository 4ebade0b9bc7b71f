"""The connector to Stripe: the kit's promises, currencies without cents, a dispute."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from oms_connector import Refused
from oms_connector.testing import ConnectorKit
from oms_connector.testing.bench import open_bench
from oms_connector.testing.deeds import new_ask, paid_up

from tests.contract.stripe_standin import Stripe


class TestStripeByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = Stripe


def test_yen_have_no_cents():
    with open_bench(Stripe) as bench:
        ask = replace(new_ask(Decimal("1200")), currency="JPY")
        ref = bench.call(lambda c: c.ask_payment(ask)).reference
        assert bench.standin.kept[ref].amount == 1200
        assert bench.call(lambda c: c.payment(ref)).amount == Decimal("1200")
        with pytest.raises(Refused):
            bench.call(lambda c: c.ask_payment(replace(ask, key="y", amount=Decimal("0.50"))))


def test_a_dispute_and_a_page_that_ended_are_told():
    with open_bench(Stripe) as bench:
        ref = paid_up(bench, Decimal("10.00"))
        bench.standin.kept[ref].more["disputed"] = True
        told = bench.call(lambda c: c.payment(ref))
        assert (told.state, told.disputed, told.method) == ("paid", True, "blik")
        ended = bench.call(lambda c: c.ask_payment(new_ask(Decimal("10.00")))).reference
        bench.standin.kept[ended].state = "expired"
        assert bench.call(lambda c: c.payment(ended)).state == "cancelled"
