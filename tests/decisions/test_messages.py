"""Messages to buyers, as far as no computer is needed: fields, words, SMS, patience."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from oms_web.core.errors import Invalid
from oms_web.domain.messages import patience, phones, placeholders, segments, wording
from oms_web.domain.messages.segments import GSM, UCS, Size
from oms_web.domain.messages.values import first_name
from oms_web.domain.messages.wording import Words

NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)


# Fields ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "says"), [
    ("Hi {{order.numer}}", "There is no field {{order.numer}}. Did you mean {{order.number}}?"),
    ("{{ order.__class__ }}", "There is no field {{order.__class__}}"),
    ("{{7*7}}", "There is no field {{7*7}}."),
    ("Hi {{order.number}", "begins with {{ and ends with }}"),
    ("a }} b", "begins with {{ and ends with }}"),
    ("{{order\n.number}}", "begins with {{ and ends with }}"),
])
def test_a_text_names_known_fields_only(text, says):
    with pytest.raises(Invalid) as refused:
        placeholders.check(text, "text_pl")
    assert refused.value.field == "text_pl"
    assert says in str(refused.value)


def test_every_field_that_is_offered_may_be_used():
    placeholders.check(" ".join(f"{{{{ {name} }}}}" for name in placeholders.FIELDS), "text_pl")


def test_what_a_buyer_typed_is_never_read_for_fields_and_makes_no_second_subject_line():
    values = {"buyer.name": "{{shop.email}}\r\nBcc: x@y.example", "shop.email": "secret"}
    assert placeholders.fill("Hi {{buyer.name}}!", values) == \
        "Hi {{shop.email}}\r\nBcc: x@y.example!"
    assert placeholders.fill_line("Hi {{buyer.name}}", values) == \
        "Hi {{shop.email}} Bcc: x@y.example"


def test_a_line_of_empty_fields_is_left_out_and_others_stay():
    text = ("Order {{order.number}}\nFollow: {{tracking.url}}\n\n"
            "{{buyer.name}} {{order.number}}\n\n{{order.link}}\n\nBye")
    assert placeholders.fill(text, {"order.number": "7"}) == "Order 7\n\n 7\n\nBye"


# Words -------------------------------------------------------------------------------------------


def test_the_channels_words_come_first_and_another_language_is_better_than_none():
    usual = Words(("Temat", "Cześć"), ("Subject", "Hello"))
    own = Words(("Kanał", "Dzień dobry"), ("", ""))
    assert wording.choose(usual, own, "pl") == ("pl", ("Kanał", "Dzień dobry"))
    assert wording.choose(usual, own, "en") == ("en", ("Subject", "Hello"))
    assert wording.choose(Words(("T", "Cześć")), None, "en") == ("pl", ("T", "Cześć"))
    assert wording.choose(Words(), None, "en") == ("en", ("", ""))
    assert [wording.language_of(*one) for one in (("PL",), ("DE",), ("", "en"))] == \
        ["pl", "en", "en"]


def test_a_letter_is_escaped_and_only_web_addresses_become_links():
    made = wording.html('<script>alert(1)</script>\nA & B: https://x.example/?a=1&b="2". '
                        "javascript:alert(1)\n\nnext", "pl")
    assert "<script>" not in made
    assert "&lt;script&gt;" in made
    assert '<a href="https://x.example/?a=1&amp;b=">https://x.example/?a=1&amp;b=</a>' in made
    assert made.count("<a ") == 1
    assert made.count("<p>") == 2


# SMS ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "size"), [
    ("", Size(GSM, 0, 0, 160)),
    ("a" * 160, Size(GSM, 160, 1, 0)),
    ("a" * 161, Size(GSM, 161, 2, 145)),
    ("[" * 80, Size(GSM, 160, 1, 0)),
    ("a" * 152 + "€" + "a" * 10, Size(GSM, 164, 2, 141)),  # the sign is not torn apart
    ("ż" * 70, Size(UCS, 70, 1, 0)),
    ("ż" * 71, Size(UCS, 71, 2, 63)),
    ("a" * 66 + "😀" + "a" * 10, Size(UCS, 78, 2, 55)),
    ("Paczka będzie jutro", Size(UCS, 19, 1, 51)),
    ("Größe à la carte £5", Size(GSM, 19, 1, 141)),
])
def test_the_parts_of_an_sms(text, size):
    assert segments.measure(text) == size


def test_without_diacritics_a_polish_sms_fits_where_it_did_not():
    text = "Zażółć gęślą jaźń — „już” idzie…"
    assert segments.foreign(text) == "żółćęśąźń—„”…"
    assert segments.without_accents(text) == 'Zazolc gesla jazn - "juz" idzie...'
    assert segments.measure(segments.without_accents(text)).encoding == GSM


@pytest.mark.parametrize(("text", "country", "number"), [
    ("601 224 118", "PL", "+48601224118"), ("48601224118", "PL", "+48601224118"),
    ("+48 601-224-118", "DE", "+48601224118"), ("0049 (170) 1234567", "PL", "+491701234567"),
    ("0170 1234567", "DE", "+491701234567"), ("06 20 123 4567", "HU", "+36201234567"),
    ("601224118", "", "+48601224118"), ("12345", "PL", ""), ("601 224 11", "PL", ""),
    ("brak", "PL", ""), ("601224118", "US", ""), ("+0601224118", "PL", ""),
])
def test_numbers_as_gateways_want_them(text, country, number):
    assert phones.e164(text, country) == number


# Patience ----------------------------------------------------------------------------------------


def test_patience_grows_and_ends():
    waits = [patience.pause_after(n).total_seconds() for n in range(1, 8)]
    assert waits == sorted(waits)
    assert patience.pause_after(1, 900).total_seconds() == 900
    assert not patience.gives_up(NOW - timedelta(days=2), NOW)
    assert patience.gives_up(NOW - timedelta(days=3), NOW)
    assert patience.is_remembered(NOW - timedelta(hours=22), 24, NOW)
    assert not patience.is_remembered(NOW - timedelta(hours=23, minutes=1), 24, NOW)
    assert patience.ask_again(NOW, NOW) == NOW + timedelta(minutes=1)
    assert patience.ask_again(NOW - timedelta(days=4), NOW) is None


def test_a_buyers_page_is_open_until_some_days_after_the_end():
    assert patience.is_open(None, 1, NOW)
    assert patience.is_open(NOW - timedelta(days=29), 30, NOW)
    assert not patience.is_open(NOW - timedelta(days=30), 30, NOW)


@pytest.mark.parametrize(("name", "first"), [
    ("Anna Nowak", "Anna"), ("A. Nowak", ""), ("allegro-user-7", ""), ("", ""),
])
def test_a_first_name_is_only_taken_where_it_is_one(name, first):
    assert first_name(name) == first
