"""The connector to Przelewy24: the kit's promises, its signatures, and what must be confirmed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from oms_connector import Refused, WebhookRefused
from oms_connector.testing import ConnectorKit
from oms_connector.testing.bench import open_bench
from oms_connector.testing.deeds import new_ask, paid_up
from oms_przelewy24 import signing

from tests.contract.przelewy24_standin import CRC, MERCHANT, Przelewy24, posted, seal


class TestPrzelewy24ByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = Przelewy24


def test_the_signature_is_of_compact_json_in_the_stated_order():
    said = {"amount": 123, "currency": "PLN", "merchantId": MERCHANT, "sessionId": "ż/1"}
    assert signing.sign(said, signing.REGISTER, CRC) == seal(
        sessionId="ż/1", merchantId=MERCHANT, amount=123, currency="PLN")
    assert signing.sign(said, ("amount", "currency", "merchantId", "sessionId"), CRC) \
        != signing.sign(said, signing.REGISTER, CRC)


def test_a_payment_is_confirmed_when_it_is_looked_at_and_only_once():
    with open_bench(Przelewy24) as bench:
        ref = paid_up(bench, Decimal("10.00"))
        assert bench.standin.kept[ref].state == 1
        assert bench.call(lambda c: c.payment(ref)).state == "paid"
        assert bench.standin.kept[ref].state == 2
        assert bench.requests(lambda c: c.payment(ref)) == 2  # itself, and its refunds


def test_a_notice_about_a_refund_is_signed_in_another_order():
    said = {"orderId": 3, "sessionId": "s-1", "refundsUuid": "u", "merchantId": MERCHANT,
            "amount": 500, "currency": "PLN", "status": 0}
    true = posted(said | {"sign": seal(**said), "requestId": "r", "timestamp": 1})
    false = posted(said | {"sign": seal(crc="x", **said), "requestId": "r"})
    with open_bench(Przelewy24) as bench:
        assert [one.ref for one in bench.call(lambda c: c.hear(true.body, {}))] == ["s-1"]
        with pytest.raises(WebhookRefused):
            bench.call(lambda c: c.hear(false.body, {}))


@pytest.mark.parametrize(("lacks", "field"), [("buyer_email", "buyer_email"),
                                              ("return_url", "return_url")])
def test_what_the_gateway_cannot_do_without_is_named(lacks, field):
    ask = replace(new_ask(Decimal("5.00")), **{lacks: ""})
    with open_bench(Przelewy24) as bench:
        with pytest.raises(Refused) as refusal:
            bench.call(lambda c: c.ask_payment(ask))
        assert refusal.value.field == field
        assert bench.line.calls == []
