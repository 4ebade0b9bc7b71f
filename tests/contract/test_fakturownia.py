"""The connector to Fakturownia: the kit's promises, its ways of counting, who is who there."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from oms_connector import (
    AccessRefused,
    Address,
    BookChange,
    BookExchange,
    BookLine,
    BookParty,
    BookPayment,
    BookSum,
    ChannelDown,
    Refused,
)
from oms_connector.testing import ConnectorKit
from oms_connector.testing.bench import open_bench
from oms_connector.testing.papers import BUYER, MUGS, new_paper, paid, sums_of, taken_back
from oms_fakturownia import FakturowniaConnector, mapping

from tests.contract.fakturownia_standin import Fakturownia
from tests.sizes import size

NINE = tuple(("Guzik", 1, "0.01", "23") for _ in range(9))


class TestFakturowniaByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = Fakturownia


def sent(document, original=None):
    return mapping.invoice(document, original, "")


@pytest.mark.parametrize(("method", "basket", "way", "net", "vat"), [
    ("gross_rate", MUGS, "keep_gross", "97.32", "22.38"),
    ("net_rate", NINE, "keep_net", "0.09", "0.02"), ("net_line", NINE, "sum", "0.09", "0.00")])
def test_the_way_of_summing_is_the_documents_own(method, basket, way, net, vat):
    document = new_paper("invoice", method, basket)
    assert (document.net, document.vat) == (Decimal(net), Decimal(vat))
    assert sent(document)["calculating_strategy"]["sum"] == way
    with open_bench(Fakturownia) as bench:
        got = bench.call(lambda c: c.enter(document))
    assert (got.net, got.vat) == (Decimal(net), Decimal(vat))


@pytest.mark.parametrize("method", ["gross_rate", "net_rate", "net_line"])
def test_no_invoice_is_refused_for_its_sums(method):
    dice = random.Random(11)
    for _ in range(size(150, 3000)):
        basket = [("x", 1, f"{dice.randint(1, 99999) / 100:.2f}", dice.choice(("23", "8", "5")))
                  for _ in range(dice.randint(1, 9))]
        document = new_paper("invoice", method, basket)
        sent(document)
        spoiled = [replace(one, vat=one.vat + Decimal("0.37")) for one in document.sums]
        with pytest.raises(Refused):
            sent(replace(document, sums=spoiled))


def part(document, at, quantity):
    """The correction of one line: so many units are left, at their share."""
    was = document.lines[at]
    is_ = replace(was, quantity=quantity,
                  amount=(was.amount / was.quantity * quantity).quantize(Decimal("0.01")))
    after = sums_of(document.method, [*document.lines[:at], is_, *document.lines[at + 1:]])
    return replace(taken_back(document, "7"), changes=[BookChange(was, is_)], sums=[
        BookSum(new.rate, new.net - old.net, new.vat - old.vat, new.gross - old.gross)
        for old, new in zip(document.sums, after, strict=True) if old != new])


def test_a_part_that_comes_back_goes_out_and_comes_in_where_the_difference_is_a_grosz_beside():
    rows = set()
    for grosze in range(100, 140):
        document = new_paper(basket=(("Kubek", 2, f"{2 * grosze / 100:.2f}", "23"),))
        correction = part(document, 0, 1)
        said = sent(correction, 7)
        rows.add(len(said["positions"]))
        assert sum(Decimal(one["total_price_gross"]) for one in said["positions"]) \
            == correction.gross
        assert sum(one["quantity"] for one in said["positions"]) == -1
    assert rows == {1, 2}


def test_a_rate_that_changes_is_two_positions():
    document = new_paper(basket=(("Książka", 1, "105.00", "23"),))
    was, is_ = document.lines[0], replace(document.lines[0], rate="5")
    old, new = sums_of("gross_rate", [was]), sums_of("gross_rate", [is_])
    said = sent(replace(taken_back(document, "7"), changes=[BookChange(was, is_)], sums=(
        BookSum("23", -old[0].net, -old[0].vat, -old[0].gross), *new)), 7)
    assert [(one["tax"], one["total_price_gross"]) for one in said["positions"]] == [
        ("23", "-105.00"), ("5", "105.00")]


@pytest.mark.parametrize(("country", "typed", "number", "kind"), [
    ("PL", "PL 525-224-84-81", "5252248481", ""), ("PL", "5252248481", "5252248481", ""),
    ("DE", "DE123456789", "DE123456789", "nip_ue"), ("GR", "EL123456789", "EL123456789", "nip_ue"),
    ("US", "12-3456789", "123456789", "other"), ("PL", "", "", "empty")])
def test_whose_number_it_is(country, typed, number, kind):
    party = BookParty(replace(BUYER.address, country=country), typed)
    assert mapping.tax_number(party) == (number, kind)
    said = sent(new_paper(buyer=party))
    assert (said["buyer_company"], said["buyer_tax_no"]) == (True, number)


def test_a_person_has_two_names_and_no_number():
    said = sent(new_paper(buyer=BookParty(Address("Anna Maria Nowak-Kot", country="PL"))))
    assert (said["buyer_company"], said["buyer_first_name"], said["buyer_last_name"]) == (
        False, "Anna Maria", "Nowak-Kot")
    assert "buyer_tax_no" not in said


@pytest.mark.parametrize(("treatment", "rate", "wanted"), [
    ("wdt", "0", {"kind": "wdt"}), ("export", "0", {"kind": "export_products"}),
    ("oss", "19", {"kind": "vat", "use_oss": "1"}),
    ("services_eu", "np", {"np_tax_kind": "export_service_eu", "reverse_charge": True}),
    ("domestic", "np", {"np_tax_kind": "export_service"}),
    ("reverse", "oo", {"reverse_charge": True}),
    ("domestic", "zw", {"exempt_tax_kind": "art. 43 ust. 1 pkt 26 ustawy o VAT"})])
def test_why_there_is_no_polish_vat(treatment, rate, wanted):
    said = sent(new_paper(basket=(("Rzecz", 1, "119.00", rate),), treatment=treatment))
    assert {name: said[name] for name in wanted} == wanted


@pytest.mark.parametrize(("changes", "field"), [
    ({"receipt": "W1/2026"}, "receipt"), ({"exempt_basis": ""}, "exempt_basis"),
    ({"lines": [BookLine("x", 1, "szt.", "abc", Decimal(1))]}, "lines"),
    ({"lines": [BookLine("x", 1, "szt.", "zw", Decimal("1.005"))]}, "lines"),
    ({"lines": []}, "lines")])
def test_what_has_no_place_there_is_refused_at_its_field(changes, field):
    with pytest.raises(Refused) as refusal:
        sent(replace(new_paper(basket=(("Kurs", 1, "1.00", "zw"),)), **changes))
    assert refusal.value.field == field


def test_a_foreign_document_brings_its_own_rate_and_its_payment():
    said = sent(paid(replace(
        new_paper(), currency="EUR", split_payment=True,
        payment=BookPayment("cod", "Pobranie", due=date(2026, 12, 1)),
        exchange=BookExchange("PLN", Decimal("4.2511"), "228/A/NBP/2026", date(2026, 11, 23)))))
    assert {name: said[name] for name in (
        "currency", "exchange_kind", "exchange_currency_rate", "payment_type", "payment_to",
        "status", "paid", "split_payment")} == {
        "currency": "EUR", "exchange_kind": "own", "exchange_currency_rate": "4.2511",
        "payment_type": "cash_on_delivery", "payment_to": "2026-12-01", "status": "paid",
        "paid": "119.70", "split_payment": "1"}
    assert "gov_save_and_send" not in said


def test_a_pro_forma_knows_only_the_amount():
    with open_bench(Fakturownia) as bench:
        asking = new_paper("proforma")
        entry = bench.call(lambda c: c.enter(asking))
        bench.call(lambda c: c.tell_paid(entry.reference, paid(asking)))
        [kept] = bench.standin.kept.values()
        assert (kept["paid"], kept["status"]) == ("119.70", "issued")


def test_what_was_cancelled_there_is_not_there():
    with open_bench(Fakturownia) as bench:
        document = new_paper()
        entry = bench.call(lambda c: c.enter(document))
        bench.standin.kept[int(entry.reference)]["cancelled"] = True
        assert bench.call(lambda c: c.find_entry(document)) is None
        for act in (lambda c: c.tell_paid(entry.reference, paid(document)),
                    lambda c: c.enter(document)):  # its number is taken, and it is not ours
            with pytest.raises(Refused):
                bench.call(act)


def test_a_full_page_of_others_is_no_answer():
    with open_bench(Fakturownia) as bench:
        document = new_paper()
        for number in range(100):
            other = replace(new_paper(), number=f"{document.number}{number}")
            bench.call(lambda c, other=other: c.enter(other))
        with pytest.raises(ChannelDown):
            bench.call(lambda c: c.find_entry(document))


@pytest.mark.parametrize("typed", ["kit", " KIT ", "kit.fakturownia.pl",
                                   "https://kit.fakturownia.pl/"])
def test_the_account_may_be_typed_in_many_ways(typed):
    assert FakturowniaConnector.base_url({"account": typed}) == "https://kit.fakturownia.pl"


@pytest.mark.parametrize("typed", ["", "a.b", "evil.example/x", "kit@evil", "-kit", "ą"])
def test_no_other_host_can_be_typed(typed):
    with pytest.raises(AccessRefused) as refused:
        FakturowniaConnector.base_url({"account": typed})
    assert refused.value.field == "account"


def test_a_wrong_setting_is_blamed_by_name(monkeypatch):
    with open_bench(Fakturownia) as bench:
        assert bench.call(lambda c: c.verify()) == "Kit Sp. z o.o."
        with pytest.raises(AccessRefused):
            bench.call(lambda c: c.verify(), secrets={"api_token": "another-token"})
        for typed, field in (("department", "department"), ("account", "account")):
            wrong = {"account": "kit", typed: "999"}
            monkeypatch.setattr(Fakturownia, "settings", wrong)
            with pytest.raises(AccessRefused) as refused:
                bench.call(lambda c: c.verify())
            assert refused.value.field == field
