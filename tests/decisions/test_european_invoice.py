"""Documents as European invoices: valid by the norm's own rules, and to the grosz ours."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

import pytest
from lxml import etree

from oms_web.core.errors import Invalid
from oms_web.core.money import from_minor
from oms_web.domain.documents import correcting, settling, snapshot
from oms_web.domain.documents.correcting import Ask, Naming
from oms_web.domain.documents.snapshot import Settlement
from oms_web.domain.einvoices import cii, en16931, ubl
from tests import european, invoices, sizes

MIXED = (("Kubek", 3, "39.90", "23"), ("Książka", 1, "52.50", "5"), ("Herbata", 7, "3.33", "23"))


def correction(before: dict, **ask) -> dict:
    """A correction as the flow makes it."""
    naming = Naming({"document_id": 1, "kind": before["kind"], "number": before["number"],
                     "issue_date": before["issue_date"], "sale_date": before["sale_date"]}, None,
                    date(2026, 11, 25), "Anna Nowak", invoices.DESIGN)
    made = correcting.correction(before, Ask(**{"reason": "Zwrot"} | ask), naming)
    return snapshot.numbered(made, "KOR 1/11/2026")


def final() -> dict:
    """A sale that was paid in advance twice in part."""
    whole = invoices.made(MIXED, buyer=invoices.COMPANY)
    first = settling.advance(whole, 5000, [])
    told = {"document_id": 8, "number": "ZAL 1/11/2026", "issue_date": "2026-11-02",
            "gross": 5000, "rates": first["rates"]}
    second = settling.advance(whole, 2001, [told])
    return settling.final(whole, [told, {**told, "number": "ZAL 2/11/2026", "gross": 2001,
                                         "rates": second["rates"]}])


def cases() -> dict[str, dict]:
    """One of each kind."""
    made = invoices.made
    several = made(MIXED, buyer=invoices.COMPANY, shipping=1500, discount=777)
    return {
        "consumer": made(), "company": several, "net": made(
            MIXED, buyer=invoices.COMPANY, method="net_line", discount=5),
        "to pay": made(buyer=invoices.COMPANY, settlement=Settlement(
            "credit", "Przelew", 0, date(2026, 12, 1))),
        "part paid": made(buyer=invoices.COMPANY, settlement=Settlement(
            "prepaid", "", 100, date(2026, 12, 1))),
        "within the union": made((("Kubek", 3, "39.90", "0"),), buyer=invoices.GERMAN,
                                 treatment="wdt"),
        "greek": made((("Kubek", 3, "39.90", "0"),), buyer=invoices.GREEK, currency="EUR",
                      treatment="wdt"),
        "export": made((("Kubek", 3, "39.90", "0"),), buyer=invoices.SWISS, currency="USD",
                       treatment="export"),
        "service abroad": made((("Porada", 1, "100", "np"),), buyer=invoices.GERMAN,
                               treatment="services_eu"),
        "reverse": made((("Złom", 1, "100", "oo"),), buyer=invoices.COMPANY),
        "outside": made((("Bon", 1, "100", "np"),), buyer=invoices.COMPANY),
        "nought at home": made((("Łódź", 1, "100", "0"),), buyer=invoices.COMPANY),
        "exempt": made((("Kurs", 1, "9.99", "zw"),), exempt_basis="art. 43 ust. 1 pkt 2"),
        "one-stop shop": made((("Kubek", 3, "39.90", "19"),), buyer=invoices.GERMAN_CONSUMER,
                              treatment="oss"),
        "euros": made(MIXED, buyer=invoices.COMPANY, currency="EUR", exchange=invoices.EURO,
                      split_payment=True),
        "elsewhere": made(buyer=invoices.COMPANY, recipient=invoices.GERMAN_CONSUMER,
                          remark="Dziękujemy & <zapraszamy>"),
        "advance": snapshot.numbered(settling.advance(several, 5000, []), "ZAL 1/11/2026"),
        "final": final(),
        "return": correction(several, quantities={1: 1}, delivery_back=500),
        "all back": correction(several, quantities={1: 0, 2: 0, 3: 0}, delivery_back=1500),
        "cheaper": correction(several, prices={1: 19_990_000}),
        "dearer": correction(several, prices={1: 49_990_000}),
        "one up, one down": correction(several, prices={1: 49_990_000, 3: 1_000_000}),
        "another rate": correction(several, rates={1: "8"}),
        "return abroad": correction(
            made(MIXED, buyer=invoices.COMPANY, currency="EUR", exchange=invoices.EURO),
            quantities={3: 2}),
    }


@pytest.mark.parametrize("name", cases())
def test_the_norm_finds_nothing_wrong(name):
    said = cases()[name]
    model = en16931.invoice(said)
    assert european.faults(cii.write(model)) == []
    assert european.faults(ubl.write(model)) == []
    agrees(model, said)


def test_whatever_a_shop_issues_is_valid_and_says_the_same_sums():
    chance, spoken = random.Random(16931), 0
    for number in range(sizes.size(15, 500)):
        said = invoices.by_chance(chance, number)
        if {"np", "0"} <= {row["rate"] for row in said["rates"]}:
            continue  # the norm cannot say it, which another test shows
        model = en16931.invoice(said)
        spoken += 1
        agrees(model, said)
        assert european.faults(cii.write(model)) == []
        assert european.faults(ubl.write(model)) == []
    assert spoken > 8


def agrees(model: en16931.Invoice, said: dict) -> None:
    """Its sums are the document's, and its lines add up to them, rate by rate."""
    sign = -1 if model.is_credit else 1
    for part in ("net", "vat", "gross"):
        assert getattr(model, part) == sign * from_minor(said["total"][part], said["currency"])
    assert sum(line.net for line in model.lines) == model.net
    for tax in model.taxes:
        assert tax.net == sum(line.net for line in model.lines
                              if (line.category, line.rate) == (tax.category, tax.rate))
    for line in model.lines:
        assert abs(line.price * line.quantity - line.net) <= Decimal("0.01")
        assert line.price >= 0


def test_what_it_says_of_one_invoice():
    model = en16931.invoice(invoices.made(
        MIXED, buyer=invoices.COMPANY, shipping=1500,
        settlement=Settlement("credit", "Przelew", 0, date(2026, 12, 1))))
    assert (model.code, model.currency, model.due_date) == ("380", "PLN", date(2026, 12, 1))
    assert (model.seller.vat_id, model.buyer.vat_id) == ("PL5252248481", "PL5261040828")
    assert (model.means, model.account) == ("30", "PL61109010140000071219812874")
    assert (model.net, model.vat, model.gross) == tuple(map(Decimal, ("179.03", "31.48", "210.51")))
    assert (model.prepaid, model.due) == (0, model.gross)
    assert [(line.name[:7], line.net, line.unit) for line in model.lines] == [
        ("Kubek", Decimal("97.32"), "H87"), ("Książka", Decimal("50.00"), "H87"),
        ("Herbata", Decimal("18.95"), "H87"), ("Dostawa", Decimal("8.92"), "C62"),
        ("Dostawa", Decimal("3.84"), "C62")]


def test_corrections_and_final_invoices():
    all_ = {name: en16931.invoice(said) for name, said in cases().items()}
    codes = {name: all_[name].code for name in ("return", "cheaper", "dearer", "advance", "final")}
    assert codes == {"return": "381", "cheaper": "381", "dearer": "383", "advance": "386",
                     "final": "380"}
    assert all_["return"].gross > 0
    assert all_["return"].due == all_["return"].gross
    assert all_["return"].preceding == [("FV 1/11/2026", date(2026, 11, 22))]
    assert [number for number, _ in all_["final"].preceding] == ["ZAL 1/11/2026", "ZAL 2/11/2026"]
    assert [line.quantity for line in all_["final"].lines][-4:] == [-1, -1, -1, -1]


@pytest.mark.parametrize(("said", "why"), [
    ({**invoices.made(), "kind": "proforma"}, "Only invoices"),
    ({"kind": "wz", "lines": []}, "Only invoices"),
    (invoices.made((("A", 1, "1", "np"), ("B", 1, "1", "23"))), "outside of VAT"),
    (correction(invoices.made(), buyer={"name": "Inna"}), "changes no sum"),
    ({**invoices.made(), "currency": "KWD"}, "KWD"),
])
def test_what_the_norm_cannot_say(said, why):
    with pytest.raises(Invalid) as refusal:
        en16931.invoice(said)
    assert why in str(refusal.value) + str(refusal.value.params)


@pytest.mark.parametrize(("write", "path", "rule"), [
    (cii.write, ".//{*}DuePayableAmount", "BR-CO-16"), (cii.write, ".//{*}BasisAmount", "BR-S-08"),
    (ubl.write, ".//{*}PayableAmount", "BR-CO-16"), (ubl.write, ".//{*}TaxableAmount", "BR-S-08"),
    (ubl.write, ".//{*}PostalAddress/{*}Country", "BR-09"),
])
def test_what_is_broken_is_found(write, path, rule):
    root = etree.fromstring(write(en16931.invoice(invoices.made())))
    node = root.find(path)
    node.text = "7.77"
    for child in node:
        node.remove(child)
    assert any(fault.startswith(rule) for fault in european.faults(etree.tostring(root)))


@pytest.mark.parametrize(("setting", "buyer", "kind", "goes"), [
    ("off", invoices.GERMAN, "invoice", False), ("foreign", invoices.GERMAN, "invoice", True),
    ("foreign", invoices.COMPANY, "invoice", False), ("companies", invoices.COMPANY, "final", True),
    ("companies", invoices.CONSUMER, "invoice", False),
    ("companies", invoices.COMPANY, "proforma", False),
    ("foreign", invoices.SWISS, "advance", True),
])
def test_whose_invoices_carry_their_data(setting, buyer, kind, goes):
    said = {**invoices.made(buyer=buyer), "kind": kind}
    assert en16931.goes(setting, said) is goes


def test_peppol_only_between_two_who_can_be_named_there():
    def named(buyer: dict) -> str:
        root = etree.fromstring(ubl.write(en16931.invoice(invoices.made(buyer=buyer))))
        return root.findtext("{*}CustomizationID")

    assert named(invoices.COMPANY) == ubl.PEPPOL[0]
    assert named(invoices.CONSUMER) == ubl.NORM


@pytest.mark.parametrize(("name", "categories"), [
    ("company", "S"), ("within the union", "K"), ("export", "G"), ("service abroad", "AE"),
    ("reverse", "AE"), ("outside", "O"), ("nought at home", "Z"), ("exempt", "E"),
    ("one-stop shop", "S"),
])
def test_why_there_is_or_is_no_vat(name, categories):
    assert {tax.category for tax in en16931.invoice(cases()[name]).taxes} == {categories}
