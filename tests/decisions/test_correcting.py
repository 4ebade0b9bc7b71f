"""Corrections to the grosz: any number of partial ones adds up to the invoice they undo."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

import pytest

from oms_web.core.errors import InvalidForm
from oms_web.core.money import line_total
from oms_web.domain.documents import correcting, restating, settling, snapshot, vat
from oms_web.domain.documents.charges import GOODS, Charge, charges
from oms_web.domain.documents.correcting import Ask, Naming
from oms_web.domain.documents.snapshot import Exchange, Settlement, Terms
from oms_web.domain.returns import refund_plan

DAY = date(2026, 11, 22)
SELLER = {"name": "Leśna Sowa", "tax_id": "5252248481", "address": {"country": "PL"},
          "email": "", "phone": "", "website": "", "bank_account": "", "bank_name": ""}
BUYER = {"name": "Jan Kos", "company": "", "street": "Polna 1", "postcode": "00-001",
         "city": "Łask", "country": "PL", "tax_id": ""}
NAMING = Naming({"document_id": 1, "kind": "invoice", "number": "FV 1/11/2026",
                 "issue_date": "2026-11-20", "sale_date": "2026-11-20"}, None, DAY, "Anna", {})
MUGS = [Charge(GOODS, "23", 11970, 3, 39_900_000, title="Kubek", line_id=7),
        Charge(GOODS, "5", 5250, 1, 52_500_000, title="Książka", line_id=8)]


def invoice(lines, method=vat.GROSS_RATE, currency="PLN", delivery=0, discount=0):
    exchange = Exchange(Decimal("4.2537"), "226/A/NBP/2026", DAY) if currency != "PLN" else None
    terms = Terms("pl", currency, "PLN", DAY, DAY, method, "1", exchange=exchange)
    return snapshot.invoice(terms, SELLER, BUYER, None, charges(lines, delivery, discount),
                            Settlement("prepaid", "PayU", 0), {"footer": ""})


def correct(latest, **ask):
    return correcting.correction(latest, Ask(reason="zwrot", **ask), NAMING)


def refused(latest, **ask):
    with pytest.raises(InvalidForm) as refusal:
        correcting.correction(latest, Ask(**{"reason": "zwrot"} | ask), NAMING)
    return {name: str(problem) for name, problem in refusal.value.problems.items()}


def total_of(rows):
    found = {}
    for row in rows:
        sums = found.setdefault(row["rate"], {})
        for name in ("net", "vat", "gross", "vat_home"):
            if name in row:
                sums[name] = sums.get(name, 0) + row[name]
    return {rate: sums for rate, sums in found.items() if any(sums.values())}


def a_shop(chance):
    """An invoice nobody would make up: odd prices, discounts, delivery, all methods."""
    method = chance.choice(vat.METHODS)
    lines = []
    for number in range(chance.randint(1, 6)):
        price, quantity = chance.randint(1, 50_000) * 10_000, chance.randint(1, 9)
        lines.append(Charge(GOODS, chance.choice(["23", "8", "5", "0", "zw"]),
                            line_total(price, quantity, "PLN"), quantity, price,
                            title=f"T{number}", line_id=100 + number))
    worth = sum(line.amount for line in lines)
    return invoice(lines, method, chance.choice(["PLN", "EUR"]), chance.randint(0, 2500),
                   chance.randint(0, worth // 3))


@pytest.mark.parametrize("seed", range(60))
def test_partial_corrections_add_up_to_the_invoice(seed):
    """Units come back in any order; what is left at the end is nothing, to the grosz."""
    chance = random.Random(seed)
    first = latest = a_shop(chance)
    given_back = []
    goods = {line["line_id"]: line["quantity"] for line in first["lines"] if line["line_id"]}
    while any(goods.values()):
        line_id = chance.choice([one for one, left in goods.items() if left])
        units = chance.randint(1, goods[line_id])
        goods[line_id] -= units
        latest = correct(latest, returned={line_id: units})
        assert sum(line["amount"] for line in latest["lines"]) == sum(
            row["net" if first["method"] != vat.GROSS_RATE else "gross"]
            for row in latest["rates"])
        given_back += latest["rates"]
    delivery = sum(line["amount"] for line in latest["after"]["lines"]
                   if line["kind"] == "delivery")
    if delivery:
        latest = correct(latest, delivery_back=delivery)
        given_back += latest["rates"]
    whole = total_of(first["rates"])
    assert total_of(given_back) == {
        rate: {name: -value for name, value in sums.items()} for rate, sums in whole.items()}
    assert all(not row[name] for row in latest["after"]["rates"]
               for name in ("net", "vat", "gross"))


@pytest.mark.parametrize("seed", range(20))
def test_a_full_correction_is_the_exact_mirror(seed):
    first = a_shop(random.Random(1000 + seed))
    made = correct(first, quantities={line["position"]: 0 for line in first["lines"]})
    assert total_of(made["rates"]) == {
        rate: {name: -value for name, value in sums.items()}
        for rate, sums in total_of(first["rates"]).items()}
    assert made["total"]["gross"] == -first["total"]["gross"]
    assert made["payment"]["to_return"] == first["total"]["gross"]


def test_control_taxing_each_difference_by_itself_loses_a_grosz():
    """Why states are taxed and not differences: one by one, nine grosze become ten."""
    first = invoice([Charge(GOODS, "23", 50, 5, 100_000, title="Śruba", line_id=7)])
    apart = sum(vat.tax_in_gross(10, "23").vat for _ in range(5))
    assert (first["total"]["vat"], apart) == (9, 10)
    latest, told = first, 0
    for _ in range(5):
        latest = correct(latest, returned={7: 1})
        told -= latest["total"]["vat"]
    assert told == 9


def test_the_worked_example():
    """docs/algorithms/corrections.md."""
    first = invoice(MUGS, delivery=1500, discount=1000)
    one = correct(first, returned={7: 1})
    assert one["rates"] == [{"rate": "23", "net": -3056, "vat": -702, "gross": -3758}]
    assert [(line["title"], line["quantity"], line["discount"], line["amount"])
            for line in one["lines"]] == [("Kubek", -1, -232, -3758)]
    assert (one["changed"], one["cause"], one["effect"]) == ([1], "quantity", 2)
    assert one["payment"]["to_return"] == 3758
    two = correct(one, returned={7: 2, 8: 1}, delivery_back=1500)
    assert two["rates"] == [{"rate": "23", "net": -6959, "vat": -1601, "gross": -8560},
                            {"rate": "5", "net": -5145, "vat": -257, "gross": -5402}]
    assert one["total"]["gross"] + two["total"]["gross"] == -first["total"]["gross"] == -17720


def test_a_price_a_reduction_a_rate_and_a_buyer():
    first = invoice(MUGS)
    cheaper = correct(first, prices={1: 35_000_000})
    assert (cheaper["total"]["gross"], cheaper["cause"]) == (-1470, "price")
    dearer = correct(cheaper, prices={1: 39_900_000})
    assert (dearer["total"]["gross"], dearer["effect"], dearer["payment"]["to_pay"]) == (
        1470, 1, 1470)
    lowered = correct(first, lowered=1000)
    assert [line["discount"] for line in lowered["lines"]] == [695, 305]
    assert lowered["total"]["gross"] == -1000
    rated = correct(first, rates={1: "8"})
    assert rated["cause"] == "rate"
    assert [(row["rate"], row["gross"]) for row in rated["rates"]] == [("23", -11970), ("8", 11970)]
    assert [line["amount"] for line in rated["lines"]] == [-11970, 11970]
    renamed = correct(first, buyer=BUYER | {"name": "Ewa Kos"})
    assert (renamed["cause"], renamed["rates"], renamed["lines"]) == ("data", [], [])
    assert renamed["total"] == {"net": 0, "vat": 0, "gross": 0}
    assert (renamed["before"]["buyer"]["name"], renamed["buyer"]["name"]) == ("Jan Kos", "Ewa Kos")
    both = correct(first, buyer=BUYER | {"name": "Ewa Kos"}, returned={8: 1})
    assert both["cause"] == "mixed"
    # The next one goes on from the state after the last.
    assert correct(both, returned={7: 3})["total"]["gross"] == -11970


def test_what_is_refused_says_where():
    first = invoice(MUGS, delivery=1500)
    assert refused(first) == {"lines": "Nothing is different from the invoice: change a quantity, "
                                       "a price or the buyer."}
    assert refused(first, quantities={1: 3}, prices={1: 39_900_000}).keys() == {"lines"}
    assert refused(first, returned={7: 4}) == {"quantity_1": "Kubek: only 3 can come back."}
    assert refused(first, returned={99: 1}).keys() == {"lines"}
    assert refused(first, delivery_back=1501).keys() == {"delivery"}
    assert refused(first, lowered=99999).keys() == {"lowered"}
    assert refused(first, prices={1: -1}).keys() == {"price_1"}
    assert refused(first, rates={1: "x"}).keys() == {"rate_1"}
    assert refused(first, returned={7: 1}, reason=" ").keys() == {"reason"}
    assert refused(first, returned={7: 1}, form="poem").keys() == {"form"}
    gone = correct(first, returned={7: 3})
    assert refused(gone, returned={7: 1}) == {"quantity_1": "Kubek: only 0 can come back."}
    assert refused(gone, quantities={1: 2}).keys() == {"quantity_1"}


def test_lines_still_add_up_on_paper():
    """Price by quantity less discount is the amount, whatever came back."""
    for amount, discount in ((6979, 1001), (11970, 0), (10001, 1969)):
        line = {"position": 1, "quantity": 3, "amount": amount, "discount": discount}
        kept = [correcting.left_of(line, left) for left in (2, 1, 0)]
        full = amount + discount
        assert [one["amount"] + one["discount"] for one in kept] == [
            (full * 4 + 3) // 6, (full * 2 + 3) // 6, 0]
        assert all(one["discount"] == 0 for one in kept) == (discount == 0)


@pytest.mark.parametrize("amount", [61_11, 91_66, 1, 100_00])
@pytest.mark.parametrize("units", [1, 2, 3, 7])
def test_a_correction_takes_off_what_a_refund_gives_back(amount, units):
    line = {"quantity": units, "amount": amount, "discount": 5}
    for gone in range(units + 1):
        left = correcting.left_of(line, units - gone)
        assert amount - left["amount"] == refund_plan.share(amount, units, gone)


RIGHT = Exchange(Decimal("4.3"), "225/A/NBP/2026", date(2026, 11, 19))


def test_a_wrong_rate_of_exchange_restates_what_stands_in_zloty_and_nothing_else():
    """docs/algorithms/corrections.md."""
    first = invoice(MUGS, currency="EUR")
    made = correct(first, exchange=RIGHT)
    assert made["rates"] == [
        {"rate": "23", "net": 0, "vat": 0, "gross": 0, "vat_home": 103, "net_home": 451},
        {"rate": "5", "net": 0, "vat": 0, "gross": 0, "vat_home": 12, "net_home": 231}]
    assert made["total"] == {"net": 0, "vat": 0, "gross": 0, "vat_home": 115}
    assert (made["cause"], made["changed"], made["lines"]) == ("exchange", [], [])
    assert (made["former_exchange"]["rate"], made["exchange"]["rate"]) == ("4.2537", "4.3")
    assert made["effect"] == 1  # it was wrong from the start, and more is owed
    assert (made["payment"]["to_pay"], made["payment"]["to_return"]) == (0, 0)
    back = correct(made, exchange=Exchange(Decimal("4.2537"), "226/A/NBP/2026", DAY))
    assert back["total"]["vat_home"] == -115
    assert back["effect"] == 2  # less is owed
    # All of it comes back later: at the right rate, and the chain is nothing in the end.
    gone = correct(made, quantities={1: 0, 2: 0})
    assert gone["total"]["vat_home"] == -(first["total"]["vat_home"] + 115)
    assert "former_exchange" not in gone


def test_the_rate_and_a_quantity_at_once_are_each_state_at_its_rate():
    first = invoice(MUGS, currency="EUR")
    made = correct(first, exchange=RIGHT, returned={7: 3})
    assert made["rates"][0] == {"rate": "23", "net": -9732, "vat": -2238, "gross": -11970,
                                "vat_home": -9520, "net_home": -41397}
    assert made["rates"][1]["vat_home"] == 12
    assert (made["cause"], made["effect"]) == ("mixed", 2)


def test_the_same_rate_typed_again_changes_nothing():
    first = invoice(MUGS, currency="EUR")
    assert "lines" in refused(first, exchange=Exchange(Decimal("4.25370"), "226/A/NBP/2026", DAY))
    assert correct(first, exchange=Exchange(Decimal("4.2537"), "225/A/NBP/2026", DAY))["rates"] \
        == []  # a wrong table is named right; no sum moves


def test_a_final_invoice_is_restated_less_its_advances():
    whole = invoice(MUGS, currency="EUR")
    rows = [{"rate": "23", "net": 4000, "vat": 920, "gross": 4920}]
    final = settling.final(whole, [{"gross": 4920, "rates": rows}])
    made = correcting.correction(final, Ask(reason="kurs", exchange=RIGHT), NAMING,
                                 restating.settled_by(final))
    mine = made["rates"][0]  # VAT 13.18, net 57.32: at 4.3 less at 4.2537
    assert (mine["vat_home"], mine["net_home"]) == (5667 - 5606, 24648 - 24382)
    assert final["rates"][0]["vat_home"] + mine["vat_home"] == 5667
