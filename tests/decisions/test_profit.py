"""What is left of an order, to the grosz, and which fee counts."""

from __future__ import annotations

from datetime import date

import pytest

from oms_web.domain.payments import fee_estimates, fees, profit
from oms_web.domain.payments.fees import FeeRate, Sale
from oms_web.domain.payments.profit import SoldLine


@pytest.mark.parametrize(("gross", "vat", "net"), [
    (12300, "23", 10000), (10800, "8%", 10000), (10000, "zw", 10000), (10000, "", 8130),
    (1, "23", 1), (0, "23", 0), (999, "5", 951)])
def test_net_is_gross_less_vat_rounded_half_up(gross, vat, net):
    assert profit.net(gross, vat) == net


def test_the_example_of_the_documentation():
    lines = [SoldLine(12300, "23", 2, 30_000_000), SoldLine(5400, "8", 0, 20_000_000)]
    found = profit.profit(lines, 1499, 500, 5400, {"channel": 1770, "courier": 1200})
    assert (found.revenue, found.given_back, found.goods) == (15846, 4576, 6000)
    assert found.left == 15846 - 4576 - 6000 - 2970 == 2300
    assert found.margin_bp == 2041
    assert profit.profit([], 0, 0, 0, {}).margin_bp is None


def test_an_unknown_cost_is_no_profit_unless_the_goods_are_back():
    unknown = profit.profit([SoldLine(100, "23", 1, None)], 0, 0, 0, {})
    assert (unknown.lacks, unknown.left, unknown.margin_bp) == (1, None, None)
    back = profit.profit([SoldLine(123, "23", 0, None)], 0, 0, 0, {})
    assert (back.lacks, back.left) == (0, 100)


def rate(percent_bp, fixed=0, account=None, method="", day=date(2026, 1, 1), kind="channel",
         currency="PLN", number=1):
    return FeeRate(id=number, kind=kind, account_id=account, method=method, percent_bp=percent_bp,
                   fixed=fixed, currency=currency, valid_from=day)


SALE = Sale(7, "BLIK", "InPost", 10_050, "PLN", date(2026, 11, 23))


@pytest.mark.parametrize(("rates", "kind", "amount"), [
    ([], "channel", 0), ([rate(1000)], "channel", 1005), ([rate(50)], "channel", 50),
    ([rate(1000), rate(500, account=7)], "channel", 503),
    ([rate(1000, account=8)], "channel", 0),
    ([rate(1000), rate(2000, day=date(2026, 12, 1))], "channel", 1005),
    ([rate(1000), rate(2000, day=date(2026, 11, 23), number=2)], "channel", 2010),
    ([rate(1000, currency="EUR")], "channel", 0), ([rate(0, 149)], "channel", 149),
    ([rate(100, kind="payment", method="blik"), rate(900, kind="payment")], "payment", 101),
    ([rate(0, 1299, kind="courier", method="DPD")], "courier", 0),
    ([rate(0, 1299, kind="courier", method="inpost")], "courier", 1299),
])
def test_the_most_particular_fee_of_the_day_counts(rates, kind, amount):
    assert fees.fee(rates, kind, SALE) == amount


@pytest.mark.parametrize(("commission", "line", "units", "of", "total", "found"), [
    (1476, 9999, 1, 3, 11999, 410), (1476, 9999, 3, 3, 11999, 1230), (1000, 5000, 1, 1, 5000, 1000),
    (1000, 6000, 2, 2, 5000, 1000), (0, 5000, 1, 1, 5000, None), (1000, 0, 1, 1, 0, None)])
def test_a_claim_should_bring_the_share_of_its_units(commission, line, units, of, total, found):
    assert fee_estimates.share(commission, line, units, of, total) == found


@pytest.mark.parametrize(("net", "vat", "gross"), [
    (10000, "23", 12300), (10000, "8%", 10800), (10000, "zw", 10000), (10000, "", 12300),
    (2, "23", 2), (0, "23", 0)])
def test_gross_is_net_with_vat_rounded_half_up(net, vat, gross):
    assert profit.gross(net, vat) == gross
