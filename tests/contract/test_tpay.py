"""The connector to Tpay: the kit's promises, and a signature whose chain has to hold."""

from __future__ import annotations

from decimal import Decimal

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from oms_connector import Conflict, RefundAsk, WebhookRefused
from oms_connector.testing import ConnectorKit
from oms_connector.testing.bench import open_bench
from oms_connector.testing.deeds import new_ask, paid_up

from tests.contract.tpay_standin import HOME, LEAF_AT, Tpay, certificate, keys, pems, signed


class TestTpayByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = Tpay


def heard(bench, delivery, **secrets):
    named = {name.lower(): value for name, value in delivery.headers.items()}
    return bench.call(lambda c: c.hear(delivery.body, named), {**bench.secrets, **secrets})


def pem(*args, **more):
    return certificate(*args, **more).public_bytes(Encoding.PEM).decode()


def test_a_chain_that_does_not_hold_is_refused():
    root, leaf = keys()
    with open_bench(Tpay) as bench:
        [ref] = bench.place_apart(1)
        true = bench.standin.ring(ref)
        assert [one.ref for one in heard(bench, true)] == [ref]
        for secrets in ({"certificate": ""}, {"root": ""}, {"certificate": "x"},
                        {"certificate": pem("jws", leaf, "root", leaf)},  # by nobody we know
                        {"certificate": pem("jws", leaf, "root", root, ends=2026)},  # ended
                        {"root": pems()[0]}):
            with pytest.raises(WebhookRefused):
                heard(bench, true, **secrets)


@pytest.mark.parametrize(("x5u", "alg"), [
    ("https://evil.example/x509/notifications-jws.pem", "RS256"),
    (HOME + ".evil.example" + LEAF_AT, "RS256"), (HOME + LEAF_AT, "none"),
    ("https://secure.tpay.com" + LEAF_AT, "RS256"),
])
def test_a_certificate_from_elsewhere_is_refused(x5u, alg):
    with open_bench(Tpay) as bench:
        [ref] = bench.place_apart(1)
        with pytest.raises(WebhookRefused):
            heard(bench, signed(bench.standin.ring(ref).body, x5u, alg))


def test_the_certificates_come_with_the_token():
    with open_bench(Tpay) as bench:
        bench.secrets.update(certificate="", root="")
        bench.call(lambda c: c.verify())
        assert (bench.secrets["certificate"], bench.secrets["root"]) == pems()


def test_two_refunds_of_one_amount_are_two_when_the_first_is_known():
    with open_bench(Tpay) as bench:
        ref = paid_up(bench, Decimal("30.00"))
        ask = RefundAsk("a", ref, Decimal("10.00"), "PLN", "Zwrot")
        first = bench.call(lambda c: c.refund(ask))
        assert bench.call(lambda c: c.refund(ask)) == first
        other = RefundAsk("b", ref, Decimal("10.00"), "PLN", "Zwrot", known=(first.reference,))
        assert bench.call(lambda c: c.refund(other)).reference != first.reference
        assert len(bench.standin.given_back(ref)) == 2


def test_a_key_among_the_newest_is_a_conflict():
    with open_bench(Tpay) as bench:
        ask = new_ask(Decimal("5.00"))
        bench.call(lambda c: c.ask_payment(ask))
        with pytest.raises(Conflict):
            bench.call(lambda c: c.ask_payment(ask))
