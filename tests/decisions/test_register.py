"""The register of sales: which month, which field, which mark; a file by the Ministry's schema."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from oms_web.domain.accounting import jpk, register
from oms_web.domain.accounting.register import Place, Report, report_row, row
from tests import invoices, sizes

NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
NOVEMBER = date(2026, 11, 1)
PAYER = jpk.Payer("5252248481", "Leśna Sowa Sp. z o.o.", "sklep@example.test", "1471",
                  "42 000 00 00")
HERE = Place(register.OUTSIDE_KSEF)
SCHEMA = Path(__file__).parents[3] / "shared" / "specs" / "jpk" / "jpk_v7m" / "jpk_v7m.xsd"
made, corrected = invoices.made, invoices.corrected


def one(rate="23", **more):
    return made((("Kubek", 1, "100", rate),), **more)


@pytest.mark.parametrize(("said", "amounts", "procedures"), [
    (one(), {"K_19": 8130, "K_20": 1870}, ()),
    (one("8"), {"K_17": 9259, "K_18": 741}, ()),
    (one("5"), {"K_15": 9524, "K_16": 476}, ()),
    (one("0"), {"K_13": 10000}, ()),
    (one("zw", exempt_basis="art. 113"), {"K_10": 10000}, ()),
    (one("0", buyer=invoices.GERMAN, treatment="wdt"), {"K_21": 10000}, ()),
    (one("0", buyer=invoices.SWISS, treatment="export"), {"K_22": 10000}, ()),
    (one("np", buyer=invoices.GERMAN, treatment="services_eu"), {"K_11": 10000, "K_12": 10000}, ()),
    (one("np"), {"K_11": 10000}, ()),
    (one("19", buyer=invoices.GERMAN_CONSUMER, treatment="oss"), {"K_11": 8403}, ("WSTO_EE",)),
    # 81.30 EUR and 18.70 EUR of VAT at 4.2513
    (one(currency="EUR", exchange=invoices.EURO), {"K_19": 34563, "K_20": 7950}, ()),
])
def test_where_amounts_go(said, amounts, procedures):
    found = row(1, said, HERE, None)
    assert (dict(found.amounts), found.procedures) == (amounts, procedures)
    assert set(found.doubts) <= {register.ONE_STOP}


def test_another_rate_of_exchange_moves_the_zlotys_of_its_row():
    first = one(currency="EUR", exchange=invoices.EURO)
    said = corrected(first, first, exchange={**first["exchange"], "rate": "4.3"}, rates=[
        {"rate": "23", "net": 0, "vat": 0, "gross": 0, "vat_home": 91, "net_home": 396}])
    assert row(1, said, HERE, None).amounts == {"K_19": 396, "K_20": 91}


def test_a_sale_abroad_is_counted_at_the_banks_rate_or_not_at_all():
    said = one("0", buyer=invoices.GERMAN, currency="EUR", treatment="wdt")
    assert row(1, said, HERE, Decimal("4.25")).amounts == {"K_21": 42500}
    assert row(1, said, HERE, None).doubts == (register.NO_RATE,)
    assert row(1, one("oo"), HERE, None).doubts == (register.NO_PLACE,)


BEFORE = one(issue_date=date(2026, 11, 2), sale_date=date(2026, 10, 31))
BACK = corrected(BEFORE, one(), issue_date="2026-12-05")
BACK["corrected"] = {**BACK["corrected"], "sale_date": "2026-10-31"}
UNION = {"buyer": invoices.GERMAN, "rate": "0", "treatment": "wdt"}


@pytest.mark.parametrize(("said", "day"), [
    (BEFORE, date(2026, 10, 31)),
    (one(**UNION, sale_date=date(2026, 10, 31), issue_date=date(2026, 11, 10)), date(2026, 11, 10)),
    (one(**UNION, sale_date=date(2026, 10, 31), issue_date=date(2026, 12, 1)), date(2026, 11, 15)),
    (one(**UNION, sale_date=date(2026, 12, 3), issue_date=date(2027, 2, 1)), date(2027, 1, 15)),
    ({**BACK, "effect": 1}, date(2026, 10, 31)), ({**BACK, "effect": 2}, date(2026, 12, 5)),
    ({**BACK, "effect": 3}, date(2026, 12, 5)),
])
def test_which_day_counts(said, day):
    assert register.tax_day(said) == day


@pytest.mark.parametrize(("state", "number", "is_offline", "place"), [
    (None, None, False, Place("BFK")), ("accepted", "X", False, Place("NrKSeF", "X")),
    ("accepted", "X", True, Place("NrKSeF", "X")), ("sent", None, True, Place("OFF")),
    ("ready", None, False, Place("BFK", doubt="not_in_ksef")),
    ("rejected", None, False, Place("BFK", doubt="refused")),
])
def test_where_the_invoice_is(state, number, is_offline, place):
    assert register.place_of(state, number, is_offline=is_offline) == place


@pytest.mark.parametrize(("buyer", "number"), [
    (invoices.CONSUMER, ("BRAK", "")), (invoices.COMPANY, ("5261040828", "")),
    (invoices.GERMAN, ("136695976", "DE")), (invoices.GREEK, ("094259216", "EL")),
    (invoices.SWISS, ("CHE116281710MWST", "CH")),
])
def test_how_buyers_are_named(buyer, number):
    found = row(1, made(buyer=buyer), HERE, None)
    assert (found.tax_number, found.tax_country) == number


def test_an_invoice_to_a_receipt_owes_nothing_of_its_own():
    found = row(1, one(put_receipt={"number": "12/11"}), HERE, None)
    assert (found.document_type, found.vat, found.amounts["K_20"]) == ("FP", 0, 1870)


def test_a_fiscal_report_is_a_row():
    found = report_row(Report("0123", date(2026, 11, 30), {"23": (10000, 2300), "zw": (50, 0)}))
    assert (found.place.mark, found.document_type, found.tax_number) == ("DI", "RO", "BRAK")
    assert found.amounts == {"K_19": 10000, "K_20": 2300, "K_10": 50}
    assert found.vat == 2300


# The file ---------------------------------------------------------------------------------------


def rows() -> list[register.Row]:
    chance = random.Random(7)
    documents = [invoices.by_chance(chance, number) for number in range(sizes.size(60, 2000))]
    documents += [BACK, one(put_lines=[{**one()["lines"][0], "gtu": "GTU_06"},
                                       {**one()["lines"][0], "gtu": "GTU_01"}])]
    places = [HERE, Place("OFF"), Place("NrKSeF", "5252248481-20261120-0A1B2C-3D4E5F-6A")]
    found = [row(at, said, places[at % 3], Decimal("4.2513"))
             for at, said in enumerate(documents)]
    return [*found, report_row(Report("0123", date(2026, 11, 30), {"23": (10000, 2300)}))]


def schema() -> etree.XMLSchema:
    if not SCHEMA.exists():
        pytest.skip("the Ministry's schema is not beside the repository")
    return etree.XMLSchema(etree.parse(str(SCHEMA)))


PERSON = jpk.Payer("5252248481", "", "a@example.test", "1471", given_name="Anna",
                   surname="Nowak-Łęcka", born=date(1980, 2, 29))


@pytest.mark.parametrize(("payer", "lines"), [(PAYER, rows()), (PERSON, rows()), (PAYER, [])])
def test_the_file_is_valid_by_the_ministrys_schema(payer, lines):
    judge = schema()
    root = etree.fromstring(jpk.write(payer, NOVEMBER, lines, NOW))
    assert judge.validate(root), judge.error_log.last_error


@pytest.mark.parametrize(("path", "text"), [
    (".//{*}BFK", None), (".//{*}K_20", None), (".//{*}KodUrzedu", "99"),
    (".//{*}NrKSeF", "5252248481-2026112-0A1B2C-3D4E5F-6A"), (".//{*}Email", "nothing"),
])
def test_the_schema_finds_what_is_broken(path, text):
    judge = schema()
    root = etree.fromstring(jpk.write(PAYER, NOVEMBER, rows(), NOW))
    node = root.find(path)
    if text is None:
        node.getparent().remove(node)
    else:
        node.text = text
    assert not judge.validate(root)


def test_what_the_file_adds_up_to():
    lines = [row(1, one(), HERE, None), row(2, one("8", put_receipt={"number": "1"}), HERE, None),
             report_row(Report("0123", date(2026, 11, 30), {"8": (1000, 80)}))]
    root = etree.fromstring(jpk.write(PAYER, NOVEMBER, lines, NOW, again=True))
    assert root.findtext(".//{*}LiczbaWierszySprzedazy") == "3"
    assert root.findtext(".//{*}PodatekNalezny") == "19.50"
    assert root.findtext(".//{*}CelZlozenia") == "2"
    assert root.find("{*}Deklaracja") is None
    marks = [[name for name in ("NrKSeF", "OFF", "BFK", "DI")
              if one_row.find(f"{{*}}{name}") is not None]
             for one_row in root.iterfind(".//{*}SprzedazWiersz")]
    assert marks == [["BFK"], ["BFK"], ["DI"]]
    assert [one_row.findtext("{*}TypDokumentu")
            for one_row in root.iterfind(".//{*}SprzedazWiersz")] == [None, "FP", "RO"]
