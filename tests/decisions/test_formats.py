"""Numbers and moments as lists show them, against the general formatter."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from babel.dates import format_datetime
from babel.numbers import format_decimal

from oms_web.core.clock import SHOP_ZONE
from oms_web.core.money import from_minor
from oms_web.web import formats

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
