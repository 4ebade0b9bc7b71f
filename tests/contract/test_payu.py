"""The connector to PayU: the kit's promises, its signatures, and the vendor's own file."""

from __future__ import annotations

import pytest
from oms_connector import Conflict, WebhookRefused
from oms_connector.testing import ConnectorKit
from oms_connector.testing.bench import open_bench
from oms_connector.testing.deeds import Decimal, new_ask

from tests.contract.payu_standin import Payu


class TestPayuByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = Payu


class OldPayu(Payu):
    """An older shop: PayU signs with MD5 there."""

    algorithm = "MD5"


def heard(bench, delivery):
    named = {name.lower(): value for name, value in delivery.headers.items()}
    return bench.call(lambda c: c.hear(delivery.body, named))


@pytest.mark.parametrize("kind", [Payu, OldPayu])
def test_both_hashes_are_heard_and_no_other(kind):
    with open_bench(kind) as bench:
        [ref] = bench.place_apart(1)
        true = bench.standin.ring(ref)
        assert [one.ref for one in heard(bench, true)] == [ref]
        header = true.headers["OpenPayu-Signature"]
        for algorithm in ("SHA-1", "NONE", ""):
            true.headers["OpenPayu-Signature"] = header.replace(bench.standin.algorithm, algorithm)
            with pytest.raises(WebhookRefused):
                heard(bench, true)


def test_a_notice_about_a_refund_has_another_body():
    with open_bench(Payu) as bench:
        [ref] = bench.place_apart(1)
        told = bench.standin.signed({"orderId": ref, "extOrderId": "7", "refund": {
            "refundId": "912128", "amount": "1500", "status": "FINALIZED"}})
        assert [(one.kind, one.ref) for one in heard(bench, told)] == [("payment", ref)]


def test_a_key_that_payu_has_is_a_conflict_and_opens_nothing():
    with open_bench(Payu) as bench:
        ask = new_ask(Decimal("5.00"))
        bench.call(lambda c: c.ask_payment(ask))
        with pytest.raises(Conflict):
            bench.call(lambda c: c.ask_payment(ask))
        assert len(bench.standin.kept) == 1
