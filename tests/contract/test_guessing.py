"""What every carrier's connector asks about an address, told apart in one place."""

from __future__ import annotations

import pytest
from oms_connector.guessing import first_and_last, polish_phone, street_and_number


@pytest.mark.parametrize(("said", "street", "number"), [
    ("Polna 2", "Polna", "2"),
    ("3 Maja 12/4", "3 Maja", "12/4"),
    ("ul. Jana Pawła II 15 m. 7", "ul. Jana Pawła II", "15 m. 7"),
    ("Plac 1905 roku 3", "Plac 1905 roku", "3"),
    ("Marszałkowska  2 C/14", "Marszałkowska", "2 C/14"),
    ("Aleja 1 Maja 7, m. 2", "Aleja 1 Maja", "7, m. 2"),
    ("Lipowa nr 3", "Lipowa", "3"),
    ("Krakowska 1-3", "Krakowska", "1-3"),
    ("Zabłocie 5A", "Zabłocie", "5A"),
    ("Rynek", "Rynek", ""),
    ("", "", ""),
])
def test_a_house_number_is_told_from_its_street(said, street, number):
    assert street_and_number(said) == (street, number)


def test_names_and_phones():
    assert first_and_last("Anna Maria  Nowak") == ("Anna", "Maria Nowak")
    assert first_and_last("Nowak") == ("Nowak", "")
    assert polish_phone("+48 600-700-800") == polish_phone("0048600700800") == "600700800"
    assert polish_phone("480 000 000") == "480000000"
    assert polish_phone("+49 171 1234567") == polish_phone("123") == ""
