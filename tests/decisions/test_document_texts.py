"""Amounts in words and sellers' texts with fields."""

from __future__ import annotations

import pytest

from oms_web.core.errors import Invalid
from oms_web.domain.documents import placeholders
from oms_web.domain.documents.labels import LABELS
from oms_web.domain.documents.words import amount_in_words


@pytest.mark.parametrize(("minor", "currency", "polish", "english"), [
    (0, "PLN", "zero złotych 00/100", "zero zlotys 00/100"),
    (100, "PLN", "jeden złoty 00/100", "one zloty 00/100"),
    (245, "PLN", "dwa złote 45/100", "two zlotys 45/100"),
    (1200, "PLN", "dwanaście złotych 00/100", "twelve zlotys 00/100"),
    (2100, "PLN", "dwadzieścia jeden złotych 00/100", "twenty-one zlotys 00/100"),
    (2202, "PLN", "dwadzieścia dwa złote 02/100", "twenty-two zlotys 02/100"),
    (11_200, "PLN", "sto dwanaście złotych 00/100", "one hundred twelve zlotys 00/100"),
    (12_345, "PLN", "sto dwadzieścia trzy złote 45/100",
     "one hundred twenty-three zlotys 45/100"),
    (100_000, "PLN", "tysiąc złotych 00/100", "one thousand zlotys 00/100"),
    (100_100, "PLN", "tysiąc jeden złotych 00/100", "one thousand one zlotys 00/100"),
    (2_251_900, "PLN", "dwadzieścia dwa tysiące pięćset dziewiętnaście złotych 00/100",
     "twenty-two thousand five hundred nineteen zlotys 00/100"),
    (500_000_000, "PLN", "pięć milionów złotych 00/100", "five million zlotys 00/100"),
    (101_600_001, "EUR", "milion szesnaście tysięcy euro 01/100",
     "one million sixteen thousand euros 01/100"),
    (300, "JPY", "trzysta JPY", "three hundred JPY"),
    (1500, "KWD", "jeden KWD 500/1000", "one KWD 500/1000"),
    (-12_345, "PLN", "minus sto dwadzieścia trzy złote 45/100",
     "minus one hundred twenty-three zlotys 45/100"),
    (1_400, "USD", "czternaście dolarów 00/100", "fourteen dollars 00/100"),
    (2_300, "CHF", "dwadzieścia trzy franki 00/100", "twenty-three francs 00/100"),
])
def test_amounts_are_said(minor, currency, polish, english):
    assert amount_in_words(minor, currency, "pl") == polish
    assert amount_in_words(minor, currency, "en") == english


def test_absurd_amounts_are_not_said():
    with pytest.raises(ValueError, match="too large"):
        amount_in_words(10**17, "PLN", "pl")


def test_known_fields_are_filled_and_nothing_else_happens():
    text = placeholders.check_text("Dziękujemy!  {buyer}\n{website}, {order_number}", "footer_pl")
    assert text == "Dziękujemy! {buyer}\n{website}, {order_number}"
    hostile = "{order_number}{{7*7}}<script>"
    filled = placeholders.fill(text, {"buyer": hostile, "website": "a.test",
                                      "order_number": "10482"})
    assert filled == f"Dziękujemy! {hostile}\na.test, 10482"


@pytest.mark.parametrize("text", [
    "{unknown}", "{order_number.__class__}", "{0}", "{}", "{order_number!r}",
    "{% for x in y %}", "{{ config }}",
])
def test_fields_nobody_knows_are_refused(text):
    with pytest.raises(Invalid) as refusal:
        placeholders.check_text(text, "footer_pl")
    assert refusal.value.field == "footer_pl"


def test_long_texts_are_refused():
    with pytest.raises(Invalid, match="longer"):
        placeholders.check_text("x" * 601, "footer_pl")


def test_every_label_exists_in_both_languages():
    assert LABELS["pl"].keys() == LABELS["en"].keys()
    assert all(all(words.values()) for words in LABELS.values())
