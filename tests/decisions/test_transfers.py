"""Files for the bank, read back field by field."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime

import pytest
from defusedxml.ElementTree import fromstring

from oms_web.core.errors import Invalid
from oms_web.domain.payments.bank import transfers
from oms_web.domain.payments.bank.transfers import Sender, Transfer

SHOP = Sender("PL27114020040000300201355387", 'Sklep "Żółw", s.c.', "Prosta 1 00-001 Warszawa")
BACK = Transfer("REF7", "PL61109010140000071219812874", "Zażółć | Gęślą", 12345, "PLN",
                "Zwrot do zamowienia 1007")
DAY = date(2026, 11, 29)
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_elixir_has_sixteen_fields_and_no_sign_that_breaks_them():
    content = transfers.elixir(SHOP, [BACK], DAY)
    assert content.endswith(b"\r\n")
    [row] = csv.reader(io.StringIO(content.decode("cp1250")))
    assert row == [
        "110", "20261129", "12345", "11402004", "0", "27114020040000300201355387",
        "61109010140000071219812874", "Sklep Żółw s.c.|Prosta 1 00-001 Warszawa", "Zażółć Gęślą",
        "0", "10901014", "Zwrot do zamowienia 1007", "", "", "51", ""]
    long = Transfer("k", BACK.account, "x" * 200, 1, "PLN", "y" * 200)
    [row] = csv.reader(io.StringIO(transfers.elixir(SHOP, [long], DAY).decode("cp1250")))
    assert [len(part) for part in row[8].split("|")] == [35] * 4


@pytest.mark.parametrize("one", [
    Transfer("k", BACK.account, "x", 1, "EUR", "t"),
    Transfer("k", "DE89370400440532013000", "x", 1, "PLN", "t")])
def test_what_elixir_cannot_carry_is_refused(one):
    with pytest.raises(Invalid):
        transfers.elixir(SHOP, [one], DAY)


def test_a_sepa_file_adds_up_and_has_plain_letters_only():
    euro = [Transfer(f"REF{n}", "DE89370400440532013000", "Jörg Größe", 1005 * n, "EUR",
                     "Zwrot <1>") for n in (1, 2)]
    content = transfers.pain_001(SHOP, euro, "k1", NOW, DAY)
    root = fromstring(content)
    space = {"p": transfers.NAMESPACE}
    assert root.findtext(".//p:GrpHdr/p:CtrlSum", namespaces=space) == "30.15"
    assert root.findtext(".//p:GrpHdr/p:NbOfTxs", namespaces=space) == "2"
    assert [one.text for one in root.findall(".//p:InstdAmt", space)] == ["10.05", "20.10"]
    assert root.findtext(".//p:SvcLvl/p:Cd", namespaces=space) == "SEPA"
    assert root.findtext(".//p:Cdtr/p:Nm", namespaces=space) == "Jorg Grosse"
    assert root.findtext(".//p:Dbtr/p:Nm", namespaces=space) == "Sklep Zolw , s.c."
    with pytest.raises(Invalid):
        transfers.pain_001(SHOP, [*euro, BACK], "k1", NOW, DAY)
    with pytest.raises(Invalid):
        transfers.pain_001(Sender("", "x"), euro, "k1", NOW, DAY)
