"""Amounts in words and sellers' texts with fields."""

from __future__ import annotations

import pytest

from oms_web.adapters.print_accent import LETTERS, LINES, darkened
from oms_web.adapters.print_columns import LEAST_NAME, Column, column_mm, fitted
from oms_web.core.errors import Invalid
from oms_web.domain.documents import placeholders
from oms_web.domain.documents.labels import LABELS
from oms_web.domain.documents.tax_ids import printed_tax_ids
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
    with pytest.raises(Invalid, match="more than 8 lines"):
        placeholders.check_text("x\n" * 9, "footer_pl")


@pytest.mark.parametrize(("text", "company", "filled"), [
    ("Zakupy w {company}. Dzięki.", "Sowa Sp. z o.o.", "Zakupy w Sowa Sp. z o.o. Dzięki."),
    ("Zakupy w {company}.", "Sowa", "Zakupy w Sowa."),
    ("{company}...", "Sp. z o.o.", "Sp. z o.o...."),
    ("{company}.", "", "."),
])
def test_a_value_that_ends_a_sentence_ends_it_once(text, company, filled):
    assert placeholders.fill(text, {"company": company}) == filled


@pytest.mark.parametrize(("seller", "buyer", "printed"), [
    (("PL", "5252248481"), ("PL", "5252248481"), ("5252248481", "5252248481")),
    (("PL", "5252248481"), ("DE", "136695976"), ("PL5252248481", "DE136695976")),
    (("PL", "5252248481"), ("DE", "DE136695976"), ("PL5252248481", "DE136695976")),
    (("", "5252248481"), ("GR", "094259216"), ("PL5252248481", "EL094259216")),
    (("PL", "5252248481"), ("DE", ""), ("5252248481", "")),
    (("PL", "5252248481"), ("US", "12-345"), ("5252248481", "12-345")),
    (("PL", "PL5252248481"), ("", "x1"), ("PL5252248481", "x1")),
])
def test_between_countries_of_the_union_tax_numbers_begin_with_the_country(seller, buyer, printed):
    assert printed_tax_ids({"address": {"country": seller[0]}, "tax_id": seller[1]},
                           {"country": buyer[0], "tax_id": buyer[1]}) == printed


@pytest.mark.parametrize(("colour", "letters", "lines"), [
    ("#3350D4", "#3350D4", "#3350D4"), ("#000000", "#000000", "#000000"),
    ("#FFFFFF", "#717171", "#8D8D8D"), ("#FFFF00", "#777700", "#959500"),
    ("#FFFF99", "#777746", "#959558"),
])
def test_a_light_colour_is_darkened_until_letters_read_and_lines_are_seen(colour, letters, lines):
    assert (darkened(colour, LETTERS), darkened(colour, LINES)) == (letters, lines)


def test_columns_take_what_their_figures_need_and_titles_give_way_to_the_name():
    short = [Column("Wartość netto", ["1,00"])]
    assert column_mm("VAT", ["152 407 172,70"]) > column_mm("VAT", ["1,00"])
    assert [one.width for one in fitted(short, 200)] == [column_mm("Wartość netto", ["1,00"])]
    tight = fitted(short * 6, 171)
    assert sum(one.width for one in tight) < 171 - LEAST_NAME
    assert tight[0].width >= column_mm("Wartość", ["1,00"])


def test_every_label_exists_in_both_languages():
    assert LABELS["pl"].keys() == LABELS["en"].keys()
    assert all(all(words.values()) for words in LABELS.values())
