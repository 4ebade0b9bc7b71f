"""What a discount takes off, at the desk and at the till, and what a drawer should hold."""

from __future__ import annotations

import pytest

from oms_web.core.errors import Invalid
from oms_web.core.money import line_total
from oms_web.domain.documents import vat
from oms_web.domain.documents.charges import GOODS, Charge, charges
from oms_web.domain.orders.buyers import typed_codes
from oms_web.domain.orders.discounts import AMOUNT, PERCENT, Discount, priced, typed
from oms_web.domain.till import basket, reckoning
from oms_web.domain.till.basket import Item


@pytest.mark.parametrize(("text", "means"), [
    ("10%", Discount(PERCENT, 1000)), ("12,5 %", Discount(PERCENT, 1250)),
    ("100%", Discount(PERCENT, 10_000)), ("5,00", Discount(AMOUNT, 500)),
    (" 1 148.50 ", Discount(AMOUNT, 114_850)), ("", None), ("0", None), ("0%", None),
])
def test_a_discount_is_an_amount_or_a_percentage(text, means):
    assert typed(text, "PLN") == means


@pytest.mark.parametrize("text", ["101%", "-5", "-5%", "12.345%", "%", "ten", "1,005", "nan%"])
def test_what_is_no_discount_is_refused(text):
    with pytest.raises(Invalid) as refused:
        typed(text, "PLN")
    assert refused.value.field == "discount"


@pytest.mark.parametrize(("gross", "share", "off"), [
    (999, 1000, 100), (995, 1000, 100), (994, 1000, 99), (5, 1000, 1), (4, 1000, 0),
    (10_001, 3333, 3333), (1, 5000, 1),
])
def test_a_percentage_is_rounded_half_up(gross, share, off):
    assert Discount(PERCENT, share).taken_off(gross) == off


def test_no_amount_takes_more_than_there_is():
    with pytest.raises(Invalid):
        Discount(AMOUNT, 501).taken_off(500)
    assert Discount(AMOUNT, 501).at_most(500).taken_off(500) == 500


def test_the_price_of_a_unit_carries_the_discount_to_the_last_grosz():
    """Whatever a till sells at once: units times the lowered price is what was promised."""
    for price in (1, 7, 333, 999, 12_345):
        for units in (1, 3, 7, 99, 999):
            for discount in (Discount(PERCENT, 1), Discount(PERCENT, 3333), Discount(PERCENT, 9999),
                             Discount(AMOUNT, 1), Discount(AMOUNT, price * units)):
                line = priced(price * 10_000, units, discount, "PLN")
                assert line.gross == price * units
                assert line.cut == discount.taken_off(line.gross)
                assert line.total == line.gross - line.cut >= 0
                assert line_total(line.unit_price, units, "PLN") == line.total


def test_a_basket_adds_up_and_its_vat_is_that_of_an_invoice():
    items = (Item(1, 3, 999, Discount(PERCENT, 1000)), Item(2, 1, 2500), Item(3, 2, 149))
    bill = basket.bill(items, Discount(PERCENT, 500), "PLN")
    assert [line.total for line in bill.lines] == [2697, 2500, 298]
    assert (bill.items, bill.cut, bill.total) == (5495, 275, 5220)  # 5 % of 54.95 is 2.7475
    goods = [Charge(GOODS, rate, line.total, item.quantity) for item, line, rate in zip(
        items, bill.lines, ("23", "8", "23"), strict=True)]
    sums = vat.sums(vat.GROSS_RATE, [
        (one.rate, one.amount) for one in charges(goods, 0, bill.cut)])
    assert sums.total.gross == bill.total
    assert sums.total.net + sums.total.vat == bill.total


def test_a_discount_that_outgrew_the_basket_takes_all_of_it_and_no_more():
    assert basket.bill((Item(1, 1, 300, Discount(AMOUNT, 500)),), None, "PLN").total == 0
    assert basket.bill((Item(1, 1, 300),), Discount(AMOUNT, 500), "PLN").total == 0


def test_a_price_that_nobody_knows_is_not_nought():
    bill = basket.bill((Item(1, 1, None), Item(2, 1, 100)), None, "PLN")
    assert not bill.complete
    assert not basket.bill((), None, "PLN").complete
    assert basket.bill((Item(1, 1, 0),), None, "PLN").complete


def test_lines_of_a_basket():
    items = basket.add((), 1, 500)
    items = basket.add(basket.add(items, 2, None), 1, 999)
    assert items == (Item(1, 2, 500), Item(2, 1, None))
    assert basket.restore(basket.stored(items)) == items
    assert basket.changed(items, 1, quantity=0) == (Item(2, 1, None),)
    for wrong in ({"price": -1}, {"quantity": -2}, {"quantity": 1000},
                  {"discount": Discount(AMOUNT, 1001)}):
        with pytest.raises(Invalid):
            basket.changed(items, 1, **wrong)
    with pytest.raises(Invalid):
        basket.changed(items, 3, quantity=1)


def test_change_is_what_was_put_down_less_the_total():
    assert basket.change_due(4730, 5000) == (5000, 270)
    assert basket.change_due(4730, None) == (4730, 0)
    for wrong in (4729, -1, 10**10):
        with pytest.raises(Invalid):
            basket.change_due(4730, wrong)


def test_a_drawer_holds_its_change_money_and_the_cash_sales_that_stand():
    taken = reckoning.by_method([("cash", False, 2, 5000), ("cash", True, 1, 700),
                                 ("card", False, 1, 900)])
    assert [(one.method, one.sales, one.total, one.voided) for one in taken] == [
        ("cash", 2, 5000, 1), ("card", 1, 900, 0), ("transfer", 0, 0, 0)]
    assert reckoning.expected_cash(20_000, taken) == 25_000


@pytest.mark.parametrize(("text", "codes"), [
    ("600 100", ["600100"]), ("+48 600 100", ["600100"]), ("526-10-40", ["5261040"]),
    ("Ewa@Example", ["ewa@example"]), ("Nowak", []), ("12", []),
])
def test_what_may_be_the_beginning_of_a_phone_an_email_or_a_nip(text, codes):
    assert set(codes) <= set(typed_codes(text))
    assert bool(codes) == bool(typed_codes(text))
