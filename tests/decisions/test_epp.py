"""Files for InsERT's programs: their shape, their words, and the sums of the documents in them."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from oms_web.domain.accounting import epp
from tests import invoices

SENDER = epp.Sender("Leśna Sowa Sp. z o.o.", "5252248481", invoices.SELLER["address"],
                    date(2026, 11, 1), date(2026, 11, 30), "Anna Nowak",
                    datetime(2026, 12, 1, 8, 5, tzinfo=UTC))


def parts(content: bytes) -> list[tuple[str, list[list[str]]]]:
    """(name of a part, its rows as fields)."""
    assert b"\n" not in content.replace(b"\r\n", b"")
    found = []
    for block in content.decode("cp1250").strip().split("\r\n\r\n"):
        name, *rows = block.split("\r\n")
        found.append((name, list(csv.reader(rows))))
    return found


def test_who_sends_it():
    ((name, (row,)),) = parts(epp.opening(SENDER))
    assert (name, len(row)) == ("[INFO]", epp.INFO_FIELDS)
    assert row[:3] == ["1.05", "0", "1250"]
    assert row[6:11] == ["Leśna Sowa Sp. z o.o.", "Łódź", "91-001", "ul. Mokra 5", "5252248481"]
    assert row[15:20] == ["1", "20261101000000", "20261130000000", "Anna Nowak", "20261201090500"]


def test_an_invoice():
    said = invoices.made((("Kubek", 3, "39.90", "23"), ("Książka", 1, "52.50", "5")),
                         buyer={**invoices.COMPANY, "company": 'Źródło "Ż", s.c.'})
    (one, (head,)), (two, sums) = parts(epp.document(7, said, Decimal(1)))
    assert (one, two, len(head)) == ("[NAGLOWEK]", "[ZAWARTOSC]", epp.HEAD_FIELDS)
    assert head[:7] == ["FS", "1", "0", "7", "", "", "FV 1/11/2026"]
    assert head[12:18] == ['Źródło "Ż", s.c.', 'Źródło "Ż", s.c.', "Warszawa", "00-680",
                           "ul. Gęsia 12/4", "526-104-08-28"]
    assert head[21:30] == ["20261122000000", "20261120000000", "", "2", "0", "", "147.3200",
                           "24.8800", "172.2000"]
    assert head[46:48] == ["PLN", "1.0000"]
    assert [len(row) for row in sums] == [epp.SUM_FIELDS] * 2
    assert sums[0][:8] == ["23", "23.0000", "97.3200", "22.3800", "119.7000", "97.3200", "22.3800",
                           "119.7000"]


def test_a_correction_says_what_it_corrects_and_differences():
    before, after = invoices.made(), invoices.made((("Kubek", 1, "39.90", "23"),))
    (_, (head,)), (_, (row,)) = parts(epp.document(8, invoices.corrected(before, after), None))
    assert (head[0], head[6:9]) == ("KFS", ["KOR 1/11/2026", "FV 1/11/2026", "20261122000000"])
    assert head[48] == "Zwrot towaru"
    assert row[2:5] == ["-64.8800", "-14.9200", "-79.8000"]


@pytest.mark.parametrize(("buyer", "treatment", "tail"), [
    (invoices.CONSUMER, "domestic", ["0", "0", "Polska", "PL", "0"]),
    (invoices.GERMAN, "wdt", ["0", "0", "", "DE", "1"]),
    (invoices.SWISS, "export", ["1", "0", "", "CH", "0"]),
])
def test_sales_abroad(buyer, treatment, tail):
    said = invoices.made((("Kubek", 1, "100", "0"),), buyer=buyer, treatment=treatment,
                         currency="EUR")
    (_, (head,)), _ = parts(epp.document(9, said, Decimal("4.2513")))
    assert head[47] == "4.2513"
    assert [head[53], head[54], *head[59:]] == tail
