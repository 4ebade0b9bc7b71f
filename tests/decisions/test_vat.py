"""VAT sums and what is divided over rates: exact for every order, and as the law rounds."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_web.core.errors import Invalid
from oms_web.domain.documents import vat
from oms_web.domain.documents.charges import DELIVERY, GOODS, SURCHARGE, Charge, charges

RATES = ["23", "8", "5", "0", "zw", "np", "oo", "25.5"]


def goods(*lines: tuple[str, int]) -> list[Charge]:
    return [Charge(GOODS, rate, amount, title=f"thing {n}") for n, (rate, amount) in
            enumerate(lines)]


def test_gross_method_takes_vat_out_of_the_gross_sum_of_a_rate():
    # 3 x 33.33 gross at 23 %: 99.99 x 23 / 123 = 18.6973... -> 18.70
    found = vat.sums(vat.GROSS_RATE, [("23", 3333)] * 3)
    assert found.rates["23"] == vat.Taxed(net=8129, vat=1870, gross=9999)
    assert found.total == found.rates["23"]


def test_the_three_methods_differ_where_the_law_lets_them():
    # Five lines of 0.10 net at 23 %: per rate 0.50 x 0.23 = 0.115 -> 0.12; per line 0.023 -> 0.02.
    lines = [("23", 10)] * 5
    assert vat.sums(vat.NET_RATE, lines).total == vat.Taxed(50, 12, 62)
    per_line = vat.sums(vat.NET_LINE, lines)
    assert per_line.total == vat.Taxed(50, 10, 60)
    assert per_line.lines == [vat.Taxed(10, 2, 12)] * 5
    # The same figures read as gross: 0.50 x 23 / 123 = 0.0934 -> 0.09
    assert vat.sums(vat.GROSS_RATE, lines).total == vat.Taxed(41, 9, 50)


@pytest.mark.parametrize(("net", "rate", "expected"), [
    (50, "5", 3),       # 2.5 goes up
    (-50, "5", -3),     # and down when the document is turned round
    (49, "5", 2),       # 2.45
    (250, "23", 58),    # 57.5
    (10_000, "zw", 0), (10_000, "np", 0), (10_000, "oo", 0), (10_000, "0", 0),
    (1_000, "25.5", 255),
])
def test_halves_are_rounded_up(net, rate, expected):
    assert vat.tax_on_net(net, rate).vat == expected


def test_rates_are_listed_from_the_highest_and_words_last():
    lines = [(rate, 100) for rate in ("zw", "5", "oo", "23", "0", "np", "8")]
    assert list(vat.sums(vat.GROSS_RATE, lines).rates) == ["23", "8", "5", "0", "zw", "np", "oo"]


@pytest.mark.parametrize(("typed", "stored"), [
    ("23", "23"), (" 23 % ", "23"), ("8%", "8"), ("5.50", "5.5"), ("5,5", "5.5"), ("ZW", "zw"),
    ("0", "0"), ("0.00", "0"), ("20", "20"),
])
def test_rates_are_tidied(typed, stored):
    assert vat.tidy_rate(typed) == stored


@pytest.mark.parametrize("typed", ["", "-1", "100", "abc", "NaN", "inf", "5.555", "zw1"])
def test_what_is_no_rate_is_refused(typed):
    with pytest.raises(Invalid):
        vat.tidy_rate(typed)


def test_vat_in_the_home_currency_knows_the_decimals_of_both():
    assert vat.in_home_currency(1870, "EUR", "PLN", Decimal("4.2537")) == 7954  # 79.54419
    assert vat.in_home_currency(1870, "JPY", "PLN", Decimal("0.0251")) == 4694  # 46.937
    with pytest.raises(ValueError, match="no VAT method"):
        vat.sums("gross_line", [])


def test_net_priced_orders_may_choose_between_the_net_methods_only():
    assert vat.methods_for(True) == (vat.GROSS_RATE,)
    assert vat.methods_for(False) == (vat.NET_RATE, vat.NET_LINE)


def test_delivery_follows_the_goods_and_a_discount_lowers_them():
    # 100.00 at 23 %, 50.00 at 8 %, 10.00 off, 15.00 delivery
    found = charges(goods(("23", 10000), ("8", 5000)), 1500, 1000)
    assert [(c.kind, c.rate, c.amount, c.discount) for c in found] == [
        (GOODS, "23", 9333, 667), (GOODS, "8", 4667, 333),
        (DELIVERY, "23", 1000, 0), (DELIVERY, "8", 500, 0),
    ]


def test_a_discount_beyond_the_goods_pays_the_delivery():
    found = charges(goods(("23", 1000)), 1500, 2000)
    assert [(c.kind, c.amount, c.discount) for c in found] == [
        (GOODS, 0, 1000), (DELIVERY, 500, 1000),
    ]
    with pytest.raises(Invalid, match="larger than the order"):
        charges(goods(("23", 1000)), 1500, 2501)


def test_a_negative_discount_is_a_surcharge():
    found = charges(goods(("23", 1000), ("8", 1000)), 0, -301)
    assert [(c.kind, c.rate, c.amount) for c in found][2:] == [
        (SURCHARGE, "23", 151), (SURCHARGE, "8", 150),
    ]


def test_nothing_to_charge_is_refused():
    with pytest.raises(Invalid, match="nothing left"):
        charges([], 100, 0)


LINES = st.lists(st.tuples(st.sampled_from(RATES), st.integers(0, 500_000)), min_size=1,
                 max_size=25)


@settings(max_examples=2000, deadline=None)
@given(LINES, st.integers(0, 10_000), st.integers(-5_000, 600_000),
       st.sampled_from(vat.METHODS))
def test_every_order_adds_up(lines, delivery, discount, method):
    """Positions = total; sums per rate = sums in all = lines; VAT as a Decimal would have it."""
    worth = sum(amount for _, amount in lines)
    if discount > worth + delivery:
        with pytest.raises(Invalid):
            charges(goods(*lines), delivery, discount)
        return
    found = charges(goods(*lines), delivery, discount)
    assert sum(c.amount for c in found) == worth + delivery - discount
    assert all(c.amount >= 0 and c.discount >= 0 for c in found)
    assert sum(c.discount for c in found) == max(discount, 0)

    counted = vat.sums(method, [(c.rate, c.amount) for c in found])
    base = "gross" if method == vat.GROSS_RATE else "net"
    assert getattr(counted.total, base) == worth + delivery - discount
    for name in ("net", "vat", "gross"):
        assert sum(getattr(t, name) for t in counted.rates.values()) == getattr(
            counted.total, name)
    for rate, taxed in counted.rates.items():
        assert taxed.net + taxed.vat == taxed.gross
        assert getattr(taxed, base) == sum(c.amount for c in found if c.rate == rate)
        assert taxed.vat == _expected_vat(method, rate, taxed,
                                          [c.amount for c in found if c.rate == rate])


def _expected_vat(method, rate, taxed, amounts):
    share = Decimal(0 if rate in ("zw", "np", "oo") else rate)

    def up(value):
        return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))

    if method == vat.GROSS_RATE:
        return up(Decimal(taxed.gross) * share / (100 + share))
    if method == vat.NET_RATE:
        return up(Decimal(taxed.net) * share / 100)
    return sum(up(Decimal(amount) * share / 100) for amount in amounts)
