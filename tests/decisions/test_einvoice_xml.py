"""FA(3): every kind of document is what the Ministry's schema takes and adds up to the grosz."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from lxml import etree

from oms_web.core.errors import Invalid
from oms_web.domain.documents.snapshot import Settlement
from oms_web.domain.einvoices import fa3, parties
from oms_web.domain.einvoices.nodes import NAMESPACE
from oms_web.domain.einvoices.schema import faults
from oms_web.domain.einvoices.treatments import treatment_of
from tests.contract.vendor_spec import shared
from tests.invoices import (
    COMPANY,
    CONSUMER,
    EURO,
    GERMAN,
    GERMAN_CONSUMER,
    GREEK,
    SWISS,
    by_chance,
    corrected,
    made,
)
from tests.sizes import size

MOMENT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KSEF_NUMBER = "5252248481-20261122-0100A0B1C2D3-4E"


def said(snapshot: dict) -> etree._Element:
    """The tree of a document, once the schema has nothing against it."""
    xml = fa3.write(snapshot, MOMENT, {1: KSEF_NUMBER})
    assert faults(xml) == []
    return etree.fromstring(xml)


def texts(tree: etree._Element, path: str) -> list[str]:
    steps = "/".join(f"f:{part}" for part in path.split("/"))
    return [node.text or "" for node in tree.iterfind(f".//{steps}", {"f": NAMESPACE})]


def sums(tree: etree._Element) -> dict[str, str]:
    return {node.tag.split("}")[1]: node.text for node in tree.find(f"{{{NAMESPACE}}}Fa")
            if node.tag.split("}")[1].startswith(("P_13", "P_14", "P_15"))}


@pytest.mark.parametrize(("snapshot", "kind", "rates", "bottom"), [
    pytest.param(made([("Kubek", 3, "39.90", "23"), ("Książka", 1, "52.50", "5")]),
                 "VAT", ["23", "5"], {"P_13_1": "97.32", "P_14_1": "22.38", "P_13_3": "50.00",
                                      "P_14_3": "2.50", "P_15": "172.20"}, id="consumer"),
    pytest.param(made([("Kubek", 1, "100", "0")]), "VAT", ["0 KR"],
                 {"P_13_6_1": "100.00", "P_15": "100.00"}, id="0% at home"),
    pytest.param(made([("Kubek", 1, "100", "0")], buyer=GERMAN, currency="EUR",
                      put_treatment="wdt"), "VAT", ["0 WDT"],
                 {"P_13_6_2": "100.00", "P_15": "100.00"}, id="intra-Community"),
    pytest.param(made([("Kubek", 1, "100", "0")], buyer=SWISS, currency="USD",
                      put_treatment="export"), "VAT", ["0 EX"],
                 {"P_13_6_3": "100.00", "P_15": "100.00"}, id="export"),
    pytest.param(made([("Kubek", 1, "119", "19")], buyer=GERMAN_CONSUMER, currency="EUR",
                      exchange=EURO, put_treatment="oss"), "VAT", [],
                 {"P_13_5": "100.00", "P_14_5": "19.00", "P_15": "119.00"}, id="one-stop shop"),
    pytest.param(made([("Złom", 1, "100", "oo")], buyer=COMPANY, method="net_rate"), "VAT",
                 ["oo"], {"P_13_10": "100.00", "P_15": "100.00"}, id="reverse charge"),
    pytest.param(made([("Kurs", 1, "100", "zw")], exempt_basis="art. 43 ust. 1 pkt 26"), "VAT",
                 ["zw"], {"P_13_7": "100.00", "P_15": "100.00"}, id="exempt"),
    pytest.param(made([("Licencja", 1, "100", "np")], buyer=GERMAN), "VAT", ["np I"],
                 {"P_13_8": "100.00", "P_15": "100.00"}, id="outside"),
    pytest.param(made([("Licencja", 1, "100", "np")], buyer=GERMAN,
                      put_treatment="services_eu"), "VAT", ["np II"],
                 {"P_13_9": "100.00", "P_15": "100.00"}, id="services in the Union"),
    pytest.param(made([("Kubek", 1, "123", "23")], buyer=COMPANY, currency="EUR", exchange=EURO),
                 "VAT", ["23"], {"P_13_1": "100.00", "P_14_1": "23.00", "P_14_1W": "97.78",
                                 "P_15": "123.00"}, id="foreign currency"),
    pytest.param(made([("Kubek", 1, "99.99", "23"), ("Nic", 2, "0.33", "23")],
                      method="net_line"), "VAT", ["23", "23"],
                 {"P_13_1": "100.65", "P_14_1": "23.15", "P_15": "123.80"}, id="line by line"),
    pytest.param(made(put_simplified=True, buyer=COMPANY), "UPR", ["23"],
                 {"P_13_1": "97.32", "P_14_1": "22.38", "P_15": "119.70"}, id="simplified"),
    pytest.param(made(put_kind="advance"), "ZAL", [],
                 {"P_13_1": "97.32", "P_14_1": "22.38", "P_15": "119.70"}, id="advance"),
    pytest.param(made(put_kind="final", put_advances=[
        {"number": "ZAL 1/11/2026", "document_id": 1}, {"number": "ZAL 2/11/2026",
                                                        "document_id": 2}]),
                 "ROZ", ["23"], {"P_13_1": "97.32", "P_14_1": "22.38", "P_15": "119.70"},
                 id="final"),
    pytest.param(corrected(made(), made([("Kubek", 1, "39.90", "23")])), "KOR", ["23", "23"],
                 {"P_13_1": "-64.88", "P_14_1": "-14.92", "P_15": "-79.80"}, id="correction"),
    pytest.param(corrected(made(), made([("Kubek", 1, "39.90", "23")]), corrected={
        "number": "ROZ 1", "issue_date": "2026-11-22", "document_id": 1, "kind": "final"}),
                 "KOR_ROZ", ["23", "23"],
                 {"P_13_1": "-64.88", "P_14_1": "-14.92", "P_15": "-79.80"}, id="of a final"),
    pytest.param(corrected(made(), made([("Kubek", 1, "39.90", "23")]), corrected={
        "number": "ZAL 1", "issue_date": "2026-11-22", "document_id": 1, "kind": "advance"}),
                 "KOR_ZAL", [], {"P_13_1": "-64.88", "P_14_1": "-14.92", "P_15": "-79.80"},
                 id="of an advance"),
])
def test_each_kind_is_what_the_schema_takes(snapshot, kind, rates, bottom):
    tree = said(snapshot)
    assert texts(tree, "RodzajFaktury") == [kind]
    assert texts(tree, "FaWiersz/P_12") == rates
    assert sums(tree) == bottom
    assert texts(tree, "P_2") == [snapshot["number"]]


@pytest.mark.parametrize(("buyer", "rate", "treatment"), [
    (COMPANY, "0", "domestic"), (GERMAN, "0", "wdt"), (SWISS, "0", "export"),
    (GERMAN_CONSUMER, "19", "oss"), (GERMAN_CONSUMER, "23", "domestic"),
])
def test_a_document_that_does_not_say_how_vat_is_dealt_with_shows_it(buyer, rate, treatment):
    snapshot = made([("Kubek", 1, "100", rate)], buyer=buyer, put_treatment="")
    assert treatment_of(snapshot) == treatment


@pytest.mark.parametrize(("buyer", "identity"), [
    (COMPANY, {"NIP": "5261040828", "Nazwa": "Źródło Sp. z o.o."}),
    (CONSUMER, {"BrakID": "1", "Nazwa": "Żaneta Łęcka"}),
    (GERMAN, {"KodUE": "DE", "NrVatUE": "136695976", "Nazwa": "Müller & Söhne <GmbH>"}),
    (GREEK, {"KodUE": "EL", "NrVatUE": "094259216", "Nazwa": "Ελλάς ΑΕ"}),
    (SWISS, {"KodKraju": "CH", "NrID": "CHE-116.281.710 MWST", "Nazwa": "Käse AG"}),
])
def test_a_buyer_is_named_by_the_number_it_has(buyer, identity):
    tree = said(made(buyer=buyer))
    node = tree.find(f".//{{{NAMESPACE}}}Podmiot2/{{{NAMESPACE}}}DaneIdentyfikacyjne")
    assert {child.tag.split("}")[1]: child.text for child in node} == identity


def test_what_the_law_wants_said_is_said():
    tree = said(made([("Złom", 2, "9000", "oo"), ("Kurs", 1, "10", "zw"), ("Kubek", 1, "9", "23")],
                     buyer=COMPANY, split_payment=True, put_receipt={"number": "12/11"},
                     exempt_basis="art. 132 dyrektywy 2006/112/WE", recipient=CONSUMER,
                     remark="Pilne\n  bardzo"))
    for name, value in (("P_16", "2"), ("P_18", "1"), ("P_18A", "1"), ("P_19", "1"), ("FP", "1"),
                        ("P_19B", "art. 132 dyrektywy 2006/112/WE"), ("Wartosc", "Pilne bardzo"),
                        ("NrZamowienia", "4f1c09be"), ("P_6", "2026-11-20"), ("Rola", "2"),
                        ("NrRB", "PL61109010140000071219812874"), ("Termin", "2026-11-29")):
        assert texts(tree, name) == [value], name


def test_a_correction_says_what_it_corrects_and_both_states():
    before = made([("Kubek", 3, "39.90", "23"), ("Talerz", 1, "10", "23")])
    after = made([("Kubek", 1, "39.90", "23")], buyer=COMPANY)
    tree = said(corrected(before, after))
    assert texts(tree, "PrzyczynaKorekty") == ["Zwrot towaru"]
    assert texts(tree, "NrKSeFFaKorygowanej") == [KSEF_NUMBER]
    assert texts(tree, "NrKSeFN") == []
    assert texts(tree, "Podmiot2K/DaneIdentyfikacyjne/BrakID") == ["1"]
    assert texts(tree, "FaWiersz/NrWierszaFa") == ["1", "1", "2"]
    assert [(line.findtext(f"{{{NAMESPACE}}}P_8B"), line.findtext(f"{{{NAMESPACE}}}StanPrzed"))
            for line in tree.iter(f"{{{NAMESPACE}}}FaWiersz")] == [
        ("3", "1"), ("1", None), ("1", "1")]


def test_a_correction_of_what_is_not_in_ksef_says_so_and_one_of_data_alone_has_no_lines():
    other = made(buyer=COMPANY)
    tree = etree.fromstring(fa3.write(corrected(made(), other, changed=[]), MOMENT))
    assert (texts(tree, "NrKSeFN"), texts(tree, "NrKSeF")) == (["1"], [])
    assert texts(tree, "FaWiersz") == []
    assert sums(tree) == {"P_15": "0.00"}
    assert texts(tree, "Podmiot2/DaneIdentyfikacyjne/NIP") == ["5261040828"]


def test_an_advance_says_what_was_ordered_and_a_final_names_its_advances():
    whole = made([("Kubek", 10, "39.90", "23"), ("Książka", 1, "52.50", "5")])
    rows = [{**line, "net": 1, "vat": 2, "gross": 3} for line in whole["lines"]]
    tree = said(made([("Zaliczka", 1, "100", "23")], put_kind="advance", put_ordered={
        "lines": rows, "total": whole["total"]}))
    assert texts(tree, "WartoscZamowienia") == ["451.50"]
    assert texts(tree, "ZamowienieWiersz/P_11NettoZ") == ["0.01", "0.01"]
    assert texts(tree, "FaWiersz") == []
    tree = said(made(put_kind="final", put_advances=[
        {"number": "ZAL 1", "document_id": 1}, {"number": "ZAL 2", "document_id": 2}]))
    assert texts(tree, "NrKSeFFaZaliczkowej") == [KSEF_NUMBER]
    assert texts(tree, "NrFaZaliczkowej") == ["ZAL 2"]


def test_codes_of_goods_and_the_day_of_payment_are_passed_on():
    snapshot = made(settlement=Settlement("prepaid", "BLIK", 11970))
    snapshot["lines"][0]["gtu"] = "GTU_06"
    snapshot["payment"]["paid_on"] = "2026-11-20"
    tree = said(snapshot)
    assert texts(tree, "GTU") == ["GTU_06"]
    assert texts(tree, "DataZaplaty") == ["2026-11-20"]
    assert texts(tree, "FormaPlatnosci") == ["7"]


@pytest.mark.parametrize(("snapshot", "why"), [
    (made([("Kubek", 1, "10", "19")]), "KSeF knows no VAT rate 19%."),
    (made(put_kind="proforma"), "Only invoices and their corrections go to KSeF."),
    (made([("Kubek", 1, "10", "zw")]), "Name the provision that exempts these goods."),
    (made(currency="KWD"), "KSeF takes no amounts in KWD."),
    (made(put_seller={"name": "X", "tax_id": "DE136695976", "address": {}}),
     "Only a company with a Polish NIP sends invoices to KSeF."),
    (made([("Ż" * 500, 1, "1.00", "23")] * 1000), "This document is larger than the 1 MB"),
])
def test_what_fa3_cannot_say_is_refused(snapshot, why):
    with pytest.raises(Invalid) as refusal:
        fa3.write(snapshot, MOMENT)
    assert str(refusal.value).startswith(why)


def test_the_same_document_gives_the_same_bytes():
    assert fa3.write(made(), MOMENT) == fa3.write(made(), MOMENT)
    assert fa3.write(made(), MOMENT).startswith(b"<?xml version='1.0' encoding='UTF-8'?>")


def test_many_by_chance_are_valid_and_add_up():
    chance = random.Random(20260201)
    for number in range(1, size(150, 2000) + 1):
        snapshot = by_chance(chance, number)
        xml = fa3.write(snapshot, MOMENT)
        assert faults(xml) == [], snapshot
        tree = etree.fromstring(xml)
        bottom = {name: Decimal(value) for name, value in sums(tree).items()}
        total = {part: Decimal(value) / 100 for part, value in snapshot["total"].items()}
        assert bottom["P_15"] == total["gross"]
        assert sum(v for n, v in bottom.items() if n.startswith("P_13")) == total["net"]
        assert sum(v for n, v in bottom.items()
                   if n.startswith("P_14") and not n.endswith("W")) == total["vat"]
        lines = texts(tree, "FaWiersz/P_11A") or texts(tree, "FaWiersz/P_11")
        assert sum(map(Decimal, lines)) == Decimal(
            sum(line["amount"] for line in snapshot["lines"])) / 100


def test_the_ministrys_own_examples_are_valid_and_a_spoilt_one_is_not():
    samples = sorted(shared("specs", "ksef", "samples", "mf-fa3").glob("*.xml"))
    assert len(samples) > 30
    for sample in samples:
        assert faults(sample.read_bytes()) == [], sample.name
    spoilt = samples[0].read_bytes().replace(b"<P_15>", b"<P_15>x")
    assert len(faults(spoilt)) == 1


def test_our_bytes_fit_the_schema_that_the_ministry_published():
    folder = shared("specs", "ksef", "schemas", "FA")
    text = (folder / "schemat_FA(3)_v1-0E.xsd").read_bytes()

    class Local(etree.Resolver):
        def resolve(self, url, public_id, context):
            name = url.rsplit("/", 1)[-1]
            return self.resolve_string((folder / "bazowe" / name).read_bytes(), context)

    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Local())
    schema = etree.XMLSchema(etree.fromstring(text, parser))
    for snapshot in (made(), corrected(made(), made([("Kubek", 1, "39.90", "23")])),
                     made(put_kind="advance"), made(buyer=GERMAN, currency="EUR")):
        assert schema.validate(etree.fromstring(fa3.write(snapshot, MOMENT))), schema.error_log


@pytest.mark.parametrize(("written", "nip"), [
    ("525-224-84-81", "5252248481"), ("PL 5252248481", "5252248481"), ("DE136695976", ""),
    ("0052248481", ""), ("", ""),
])
def test_a_nip_is_read_however_it_is_written(written, nip):
    assert parties.polish_nip(written) == nip


OTHER = {"currency": "PLN", "rate": "4.3", "table": "225/A/NBP/2026", "day": "2026-11-18"}


def restated(kind: str) -> dict:
    """A correction of the rate of exchange alone."""
    first = made([("Kubek", 1, "123", "23")], buyer=COMPANY, currency="EUR", exchange=EURO)
    return corrected(
        first, first, exchange=OTHER, former_exchange=first["exchange"], changed=[],
        rates=[{"rate": "23", "net": 0, "vat": 0, "gross": 0, "vat_home": 112,
                "net_home": 487}], total={"net": 0, "vat": 0, "gross": 0, "vat_home": 112},
        corrected={"number": "F 1", "issue_date": "2026-11-22", "document_id": 1, "kind": kind})


def test_another_rate_of_exchange_stands_on_every_line_before_and_after():
    tree = said(restated("invoice"))
    assert texts(tree, "FaWiersz/KursWaluty") == ["4.2513", "4.3"]
    assert texts(tree, "FaWiersz/StanPrzed") == ["1"]
    assert sums(tree) == {"P_13_1": "0.00", "P_14_1": "0.00", "P_14_1W": "1.12", "P_15": "0.00"}


def test_of_an_advance_the_rates_of_exchange_stand_above_its_order():
    tree = said(restated("advance"))
    assert (texts(tree, "Fa/KursWalutyZ"), texts(tree, "Fa/KursWalutyZK")) == (["4.3"], ["4.2513"])
    assert texts(tree, "Fa/P_15ZK") == ["123.00"]
    advance = made(put_kind="advance", currency="EUR", exchange=EURO)
    assert texts(said(advance), "Fa/KursWalutyZ") == ["4.2513"]
