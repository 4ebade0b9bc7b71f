"""Advances and the final invoice: together they are the order, rate by rate."""

from __future__ import annotations

import random

import pytest

from oms_web.core.errors import Invalid
from oms_web.domain.documents import settling
from tests.decisions.test_correcting import MUGS, a_shop, invoice


def listed(made, number=1):
    return {"document_id": number, "number": f"ZAL {number}", "issue_date": "2026-11-20",
            "gross": made["total"]["gross"],
            "rates": [{name: row[name] for name in ("rate", "net", "vat", "gross")}
                      for row in made["rates"]]}


def test_the_worked_example():
    """docs/algorithms/corrections.md: 100.00 of 177.20 is paid before."""
    whole = invoice(MUGS, delivery=1500, discount=1000)
    paid = settling.advance(whole, 10000, [])
    assert [(row["rate"], row["net"], row["vat"], row["gross"]) for row in paid["rates"]] == [
        ("23", 5651, 1300, 6951), ("5", 2904, 145, 3049)]
    assert [line["title"] for line in paid["lines"]] == ["Zaliczka na zamówienie 1"] * 2
    assert paid["ordered"]["total"] == whole["total"]
    rest = settling.final(whole, [listed(paid)])
    assert [(row["rate"], row["net"], row["vat"], row["gross"]) for row in rest["rates"]] == [
        ("23", 4364, 1003, 5367), ("5", 2241, 112, 2353)]
    assert (rest["kind"], rest["total"]["gross"]) == ("final", 7720)
    assert rest["payment"]["to_pay"] == 7720
    assert rest["whole"]["total"] == whole["total"]


@pytest.mark.parametrize("seed", range(40))
def test_advances_and_the_rest_are_the_order(seed):
    chance = random.Random(seed)
    whole, advances = a_shop(chance), []
    left = whole["total"]["gross"]
    for number in range(chance.randint(1, 4)):
        if left <= 0:
            break
        amount = chance.randint(1, left)
        made = settling.advance(whole, amount, advances)
        assert made["total"]["gross"] == amount == sum(line["amount"] for line in made["lines"])
        advances.append(listed(made, number))
        left -= amount
    rest = settling.final(whole, advances)
    for name in ("net", "vat", "gross"):
        assert rest["total"][name] + sum(
            row[name] for one in advances for row in one["rates"]) == whole["total"][name]
    assert all(row["gross"] >= 0 for row in rest["rates"])


@pytest.mark.parametrize("amount", [0, -1, 17221])
def test_no_advance_without_a_payment_or_above_the_order(amount):
    with pytest.raises(Invalid, match="no payment"):
        settling.advance(invoice(MUGS), amount, [])
