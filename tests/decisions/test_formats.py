"""Numbers and moments as lists show them, against the general formatter."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from babel.dates import format_datetime
from babel.numbers import format_decimal

from oms_web.core.clock import SHOP_ZONE
from oms_web.core.errors import Invalid
from oms_web.core.money import from_minor
from oms_web.web import act_values, failures, formats

VALUES = (0, 1, -1, 12, 999, 1000, -1000, 9999, 10_000, 123_456, -123_456, 1_234_567, 10**12)


@pytest.fixture(params=["pl", "en"])
def reader(request, monkeypatch):
    monkeypatch.setattr(formats, "language", lambda: request.param)
    return request.param


@pytest.mark.parametrize("value", VALUES)
def test_whole_numbers_are_parted_as_cldr_says(reader, value):
    assert formats.number(value) == format_decimal(value, locale=reader).replace("-", "−")


@pytest.mark.parametrize("value", VALUES)
def test_zlotys_are_written_as_cldr_says(reader, value):
    said = format_decimal(from_minor(value, "PLN"), "#,##0.00", locale=reader)
    assert formats.amount(value, "PLN") == said.replace("-", "−")


def test_rates_and_days_of_refusals_and_of_the_trail_are_the_readers(reader, monkeypatch):
    monkeypatch.setattr(failures, "gettext", str)
    error = Invalid("%(day)s: %(rate)s", day=date(2026, 11, 27), rate=Decimal("4.2615"))
    day = {"pl": "27.11.2026", "en": "27 Nov 2026"}[reader]
    assert failures.words_of(error) == f"{day}: {'4,2615' if reader == 'pl' else '4.2615'}"
    assert failures.said("%(day)s", {"day": "2026-11-27"}) == day
    assert act_values.pair("taken_back", None, "2026-11-27", {}, "PLN", str)[1] == day


def test_money_kept_in_words_is_written_as_all_money_is(reader):
    assert formats.told_amount("1148.00 PLN") == {
        "pl": "1\xa0148,00\xa0zł", "en": "PLN\xa01,148.00"}[reader]
    assert formats.told_amount("-12345 JPY") == formats.amount(-12_345, "JPY")


def test_a_share_is_written_with_the_readers_decimal_sign(reader):
    assert formats.percent(2041) == {"pl": "20,4\xa0%", "en": "20.4%"}[reader]
    assert formats.percent(-550) == {"pl": "−5,5\xa0%", "en": "−5.5%"}[reader]


def test_other_currencies_have_their_own_places_and_their_name(reader):
    yen, dinar = formats.amount(12_345, "JPY"), formats.amount(1_234_567, "KWD")
    assert yen == {"pl": "12\xa0345\xa0JPY", "en": "JPY\xa012,345"}[reader]
    assert dinar == {"pl": "1\xa0234,567\xa0KWD", "en": "KWD\xa01,234.567"}[reader]


def test_moments_are_said_in_the_shops_zone(reader):
    for month in range(1, 13):
        moment = datetime(2026, month, 3, 23, 5, 9, tzinfo=UTC)
        local = moment.astimezone(SHOP_ZONE)
        assert formats.moment_title(moment) == format_datetime(
            local, "d MMMM y, HH:mm", locale=reader)
        assert f'title="{format_datetime(local, "d MMMM y, HH:mm:ss", locale=reader)}"' in (
            formats.when(moment))


def test_a_day_of_another_year_has_its_year(reader, monkeypatch):
    monkeypatch.setattr(formats, "utc_now", lambda: datetime(2026, 11, 28, 12, tzinfo=UTC))
    here, later = datetime(2026, 12, 3, 8, tzinfo=UTC), datetime(2027, 12, 3, 8, tzinfo=UTC)
    assert formats.long_day(here) == {"pl": "czwartek, 3 grudnia",
                                      "en": "Thursday, 3 December"}[reader]
    assert formats.long_day(later) == {"pl": "piątek, 3 grudnia 2027",
                                       "en": "Friday, 3 December 2027"}[reader]


def test_a_far_deadline_is_a_day_and_a_time(reader, monkeypatch):
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    monkeypatch.setattr(formats, "utc_now", lambda: now)
    due = datetime(2026, 11, 30, 12, 30, tzinfo=UTC)
    assert formats.countdown(due) == ({"pl": "30.11, 13:30", "en": "30 Nov, 13:30"}[reader],
                                      "later")
    assert formats.is_far(due)
    assert not formats.is_far(datetime(2026, 11, 28, 20, tzinfo=UTC))


@pytest.mark.parametrize(("title", "head", "tail"), [
    ("Kubek emaliowany 0,3 l biały", "Kubek emaliowany 0,3 l", "biały"),
    ("Kawa ziarnista Etiopia 250 g", "Kawa ziarnista Etiopia", "250 g"),
    ("Kubek biały", "Kubek biały", ""), ("Kubek", "Kubek", ""), ("", "", ""),
    ("Herbata a b", "Herbata a b", ""),
    ("Koszulka bawełna rozmiar M", "Koszulka bawełna", "rozmiar M"),
])
def test_the_end_of_a_name_stays_with_its_number(title, head, tail):
    assert formats.title_parts(title) == (head, tail)


def test_weights_and_quotes_are_the_readers(reader):
    assert formats.kilos(2730) == {"pl": "2,73\xa0kg", "en": "2.73\xa0kg"}[reader]
    assert formats.quoted("tak") == {"pl": "„tak”", "en": "“tak”"}[reader]


@pytest.mark.parametrize("asked", ["pl", "en"])
def test_the_readers_language_is_known_before_anything_was_translated(app, asked):
    with app.test_request_context(headers={"Accept-Language": asked}):
        assert formats.language() == asked
