"""Bank statements read, in every kind and shape, and whose money a line is."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from oms_web.core.errors import Invalid
from oms_web.domain.payments.bank import matching, reading
from oms_web.domain.payments.bank.lines import BankLine
from oms_web.domain.payments.bank.matching import Candidate

SAMPLES = Path(__file__).with_name("bank_samples")
MT940 = (SAMPLES / "mt940.sta").read_text("utf-8")
CAMT = (SAMPLES / "camt.xml").read_text("utf-8")
MBANK = (SAMPLES / "mbank.csv").read_text("utf-8")
PKO = (SAMPLES / "pko.csv").read_text("utf-8")
ING = (SAMPLES / "ing.csv").read_text("utf-8")
PAYER = "PL61109010140000071219812874"


def read(text, encoding="utf-8"):
    [statement] = reading.read(text.encode(encoding))
    return statement


def test_mt940_with_coded_and_plain_text_and_a_year_that_turns():
    found = read(MT940)
    assert found.account == "PL27114020040000300201355387"
    assert found.lines == [
        BankLine(date(2026, 11, 23), 12050, "PLN", "Zamowienie 1007 dziekuje", "JAN KOWALSKI",
                 PAYER, "BR26327"),
        BankLine(date(2027, 1, 1), -2000, "PLN", "oplata za karte", "", "", "NONREF")]
    turned = read(MT940.replace(":61:2701010101D", ":61:2612310101D"))
    assert turned.lines[1].booked_on == date(2027, 1, 1)


def test_camt_with_a_bundle_and_without_what_is_not_booked():
    found = read(CAMT)
    assert [(line.amount, line.title, line.party) for line in found.lines] == [
        (1000, "FV 12/11 /2026", "Anna Nowak"), (2000, "1008", "")]
    [whole] = read(CAMT.replace(">20.00</Amt></TxAmt>", ">21.00</Amt></TxAmt>")).lines
    assert (whole.amount, whole.title, whole.reference) == (3000, "-", "R1")


@pytest.mark.parametrize(("text", "encoding", "amount", "count"), [
    (MBANK, "cp1250", 112050, 1), (MBANK, "utf-8", 112050, 1), (PKO, "cp1250", 12050, 2),
    (ING, "cp1250", 12050, 1)])
def test_csv_of_three_banks(text, encoding, amount, count):
    found = read(text, encoding)
    assert len(found.lines) == count
    first = found.lines[0]
    assert (first.booked_on, first.amount, first.currency) == (date(2026, 11, 23), amount, "PLN")
    assert (first.title, first.account) == ("zamówienie 1007", PAYER)
    assert first.party.startswith("JAN KOWALSKI")


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Document>&b;BkToCstmrStmt</Document>'


@pytest.mark.parametrize("content", [
    b"", b"   ", b"\x00\xff\xfe", b"a;b;c\n1;2;3", b"<BkToCstmrStmt>", BOMB.encode(),
    MT940.replace("120,50", "120,51").encode(), CAMT.replace("40.00", "41.00").encode(),
    CAMT.replace("2026-11-23", "2026-13-23").encode(), CAMT.replace("CRDT", "X").encode(),
    MT940.replace("N1234", "").replace("CN120,50NTRF", "C120NTRF").encode(),
    PKO.replace("+120.50", "dużo").encode(), PKO.replace("2026-11-23", "2026-02-30").encode(),
    PKO.replace('"PLN"', '"ZŁ"').encode(), b";" * 300_000, b'"' * 100_000,
    MT940.replace(":61:", ":61:x").encode(), (":60F:" + "9" * 10_000).encode(),
    b"x" * (11 * 1024 * 1024),
])
def test_whatever_is_broken_is_refused_at_the_file(content):
    with pytest.raises(Invalid) as refused:
        reading.read(content)
    assert refused.value.field == "file"


ORDER = Candidate(1007, 12050, 12050, "PLN", ["Jan Kowalski"], ["ALLEGRO-77801"],
                  ["FV 12/11/2026"], {PAYER})


def line(title="przelew", amount=12050, party="", account="", currency="PLN"):
    return BankLine(date(2026, 11, 23), amount, currency, title, party, account)


@pytest.mark.parametrize(("said", "reasons", "is_sure"), [
    (line("zamówienie 1007"), {"number", "amount"}, True),
    (line("zam. nr 1007, dziękuję"), {"number", "amount"}, True),
    (line("allegro 77801"), {"channel", "amount"}, True),
    (line("Faktura FV12/11/2026"), {"document", "amount"}, True),
    (line("zapłata fv 12 11 2026"), {"document", "amount"}, True),
    (line("1007", 12000), {"number"}, False),
    (line("10071"), {"amount"}, False), (line("faktura 3/1007/26"), {"amount"}, False),
    (line("1007,50"), {"amount"}, False),
    (line(party="KOWALSKI JAN UL. PROSTA 1"), {"amount", "name"}, False),
    (line(party="Kowalska Jana", amount=1), set(), False),
    (line(account=PAYER, party="Jan Kowalski", amount=1), {"name", "account"}, False),
    (line("zamówienie 1007", currency="EUR"), set(), False),
])
def test_what_is_found_is_said_as_reasons(said, reasons, is_sure):
    found = matching.match(said, [ORDER])
    assert set(found[0].reasons if found else ()) == reasons
    assert (matching.sure(found) is not None) is is_sure


def test_two_that_fit_alike_are_a_question():
    twin = Candidate(1008, 12050, 12050, "PLN")
    found = matching.match(line("za 1007 i 1008"), [ORDER, twin])
    assert matching.sure(found) is None
    assert len(found) == 2
    assert matching.sure(matching.match(line("za 1007"), [ORDER, twin])).order_id == 1007


def test_a_total_that_is_not_due_any_more_is_no_proof():
    paid = Candidate(1007, 0, 12050, "PLN")
    [found] = matching.match(line("1007"), [paid])
    assert found.reasons == ("number", "total")
    assert not found.is_whole
