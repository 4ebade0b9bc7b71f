"""Money back through a shop's own gateway: what Shopify and WooCommerce make of it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from oms_connector import RefundAsk, Refused
from oms_connector.testing.bench import open_bench
from oms_connector.testing.deeds import order_refund, paid_order
from oms_woocommerce import refunds as woo_refunds

from tests.contract.shopify_standin import Shopify
from tests.contract.woocommerce_standin import WooCommerce


@pytest.fixture(params=[Shopify, WooCommerce], ids=["shopify", "woocommerce"])
def bench(request):
    with open_bench(request.param) as made:
        yield made


def test_what_a_shop_shows_as_a_return_is_named_as_the_refund_that_it_is(bench):
    """By this name the app knows its own refund again and opens no second case."""
    ref = paid_order(bench)
    bench.standin.ship(ref)
    bench.clock.forward(60)
    ask = order_refund(bench, ref)
    told = bench.call(lambda c: c.refund(ask))
    bench.settle()
    [shown] = bench.call(lambda c: c.pull_returns(None, 50)).items
    assert (shown.refund_ref, shown.refunded) == (told.reference, ask.amount)


def test_nothing_goes_back_into_stock_by_itself(bench):
    ref = paid_order(bench)
    before = [(one.sku, one.quantity) for one in bench.standin.offers()]
    bench.call(lambda c: c.refund(order_refund(bench, ref)))
    assert [(one.sku, one.quantity) for one in bench.standin.offers()] == before


def test_woocommerce_counts_a_refund_as_on_its_way_until_the_gateway_has_confirmed_it():
    with open_bench(WooCommerce) as bench:
        ask = order_refund(bench, paid_order(bench))
        told = bench.call(lambda c: c.refund(ask))
        assert told.state == "done"
        [row] = bench.standin.shop.refunds.values()
        row["refunded_payment"] = False
        again = bench.call(lambda c: c.find_refund(ask))
        assert (again.state, again.reference) == ("pending", told.reference)
        assert "not confirmed" in again.message
        assert bench.call(lambda c: c.refund(ask)).state == "pending"  # and is not made again
        assert len(bench.standin.shop.refunds) == 1


@pytest.mark.parametrize("gross", ["0.01", "0.99", "19.99", "33.33"])
@pytest.mark.parametrize("net", ["16.252033", "0.000000", "100.000000"])
def test_woocommerces_items_come_to_what_goes_back_to_the_grosz(gross, net):
    entry = {"id": 7, "quantity": 1, "total": net, "taxes": [
        {"id": 4, "total": "3.737967"}, {"id": 5, "total": "0.81"}]}
    item = woo_refunds._item(entry, Decimal(gross))
    parts = [item["refund_total"], *(tax["refund_total"] for tax in item["refund_tax"])]
    assert sum(Decimal(str(part)) for part in parts) == Decimal(gross)
    assert min(parts) >= 0


def test_shopify_pays_back_by_the_one_payment_that_has_enough_left():
    with open_bench(Shopify) as bench:
        shop = bench.standin.shop
        number = shop.buy((next(iter(shop.variants)), 3))
        total = shop.total(shop.orders[number])
        for part in (Decimal("20.00"), total - Decimal("20.00")):
            shop.pay(number, part)
        ask = RefundAsk("k1", str(number), Decimal("30.00"), "PLN", "7")
        assert bench.call(lambda c: c.refund(ask)).state == "done"
        back = shop.orders[number].money[-1]
        assert (back.amount, back.parent) == (Decimal("30.00"), shop.orders[number].money[1].id)
        with pytest.raises(Refused, match="No single payment"):
            bench.call(lambda c: c.refund(replace(ask, key="k2", amount=total)))


@pytest.mark.parametrize(("status", "state"), [
    ("SUCCESS", "done"), ("PENDING", "pending"), ("AWAITING_RESPONSE", "pending"),
    ("FAILURE", "refused"), ("ERROR", "refused")])
def test_shopifys_word_for_the_transaction(status, state, monkeypatch):
    with open_bench(Shopify) as bench:
        ask = order_refund(bench, paid_order(bench))
        bench.call(lambda c: c.refund(ask))
        rows = bench.standin.wire.rows
        shown = rows.refund

        def differently(*args):
            found = shown(*args)
            one = {"id": "gid://shopify/OrderTransaction/1", "kind": "REFUND", "status": status}
            return {**found, "transactions": lambda first: {"nodes": [one]}}

        monkeypatch.setattr(rows, "refund", differently)
        told = bench.call(lambda c: c.find_refund(ask))
        assert (told.state, told.amount) == (state, ask.amount)
