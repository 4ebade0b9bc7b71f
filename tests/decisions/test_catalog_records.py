"""What may be told about a SKU, and what a bundle may consist of."""

from __future__ import annotations

import pytest

from oms_web.core.errors import Invalid
from oms_web.domain.catalog.bundles import check_parts
from oms_web.domain.catalog.records import (
    VariantInput,
    check_vat_rate,
    over,
    search_text,
    tidied,
    title_of,
)


@pytest.mark.parametrize(("told", "code"), [
    ("23", "23"), ("23%", "23"), (" 8 % ", "8"), ("08", "8"), ("5,50", "5.5"), ("0", "0"),
    ("ZW", "zw"), ("np", "np"), ("23.00", "23"),
])
def test_vat_rates_have_one_spelling(told, code):
    assert check_vat_rate(told) == code


@pytest.mark.parametrize("told", ["", "123", "-5", "vat", "5.", ".5", "5.555", "٢٣", "2 3"])
def test_what_is_no_vat_rate_is_refused(told):
    with pytest.raises(Invalid):
        check_vat_rate(told)


def test_texts_are_tidied_and_limits_named():
    good = tidied(VariantInput(" KUB\t1 ", "Kubek  biały\n", currency="pln", eans=["1", "1", " "]))
    told = (good.sku, good.name, good.currency, good.eans)
    assert told == ("KUB 1", "Kubek biały", "PLN", ("1",))
    for record, field in [
        (VariantInput("  "), "sku"), (VariantInput("A", "n" * 301), "name"),
        (VariantInput("A", price=-1), "price"), (VariantInput("A", weight_g=10**9), "weight_g"),
        (VariantInput("A", currency="zł"), "currency"),
    ]:
        with pytest.raises(Invalid) as caught:
            tidied(record)
        assert caught.value.field == field


def test_the_later_word_holds_and_silence_says_nothing():
    both = over(VariantInput("A", "Mug", brand="Owl", eans=("1",), price=5, minimum=3),
                VariantInput("A", "Cup", eans=("2",), price=0))
    assert both == VariantInput("A", "Cup", brand="Owl", eans=("1", "2"), price=0, minimum=3)


def test_search_text_has_the_sku_in_parts_and_as_one_word():
    text = search_text(title_of("Kubek łąkowy", "0,5 l"), "Leśna Sowa", "KUB-05/BIA")
    assert text == " kub05bia kub 05 bia kubek lakowy 0 5 l lesna sowa "


@pytest.mark.parametrize(("parts", "bundles", "used", "why"), [
    ({1: 1}, (), False, "contain itself"), ({2: 1}, (2,), False, "cannot be a bundle"),
    ({2: 1}, (), True, "part of another bundle"), ({2: 0}, (), False, "at least once"),
    ({n: 1 for n in range(2, 60)}, (), False, "at most"),
])
def test_bundles_that_could_not_be_taken_apart_in_one_step(parts, bundles, used, why):
    with pytest.raises(Invalid, match=why):
        check_parts(1, parts, bundles, used)


def test_a_bundle_may_lose_all_parts_and_a_part_may_stay_plain():
    check_parts(1, {}, (), used_as_part=True)
    check_parts(1, {2: 3, 3: 1}, (), used_as_part=False)
