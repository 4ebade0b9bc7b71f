"""Products through the API: told by SKU, what is left out stays."""

from __future__ import annotations


def test_a_price_alone_keeps_the_currency_it_was_in(caller):
    told = {"name": "Kubek", "price": "10.00", "currency": "EUR"}
    assert caller.put("/products/NEW", told).status_code == 201
    answer = caller.put("/products/NEW", {"price": "12.00"})
    assert answer.status_code == 200
    assert (answer.json["price"], answer.json["currency"]) == ("12.00", "EUR")


def test_a_new_sku_without_a_currency_is_in_zloty(caller):
    answer = caller.put("/products/NEW", {"name": "Kubek", "price": "12.00"})
    assert (answer.status_code, answer.json["currency"]) == (201, "PLN")


def test_a_currency_of_another_exponent_counts_its_own_units(caller):
    caller.put("/products/NEW", {"name": "Kubek", "price": "1200", "currency": "JPY"})
    answer = caller.put("/products/NEW", {"price": "1500"})
    assert (answer.json["price"], answer.json["currency"]) == ("1500", "JPY")
