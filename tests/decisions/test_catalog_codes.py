"""What a code is, and what a scanner may have meant by what it typed."""

from __future__ import annotations

import pytest

from oms_web.core.errors import Invalid
from oms_web.domain.catalog import codes


@pytest.mark.parametrize(("typed", "stored"), [
    ("5900012003196", "5900012003196"),
    ("590 0012 00319 6", "5900012003196"),
    ("590-0012-003196", "5900012003196"),
    ("036000291452", "0036000291452"),  # UPC-A
    ("0036000291452", "0036000291452"),
    ("05900012003196", "5900012003196"),  # GTIN-14 of a single unit
    ("15900012003193", "15900012003193"),  # GTIN-14 of a carton stays one
    ("96385074", "96385074"),
    ("20251122", "20251122"),  # eight digits may be anything
    ("KUB-05-BIA", "KUB-05-BIA"),
    ("  box 7 ", "box7"),
])
def test_codes_are_stored_in_one_form(typed, stored):
    assert codes.check(typed) == stored


def test_a_wrong_check_digit_is_named_with_the_right_one():
    with pytest.raises(Invalid) as caught:
        codes.check("5900012003197", "eans")
    assert str(caught.value) == "5900012003197 is not an EAN: its last digit should be 6."
    assert caught.value.field == "eans"


@pytest.mark.parametrize("bad", ["", "   ", "x" * 61, "a\x00b"])
def test_codes_that_no_scanner_can_read_are_refused(bad):
    with pytest.raises(Invalid):
        codes.check(bad)


@pytest.mark.parametrize("scan", [
    "5900012003196", "]E05900012003196", "]C10105900012003196", "]d20105900012003196\x1d10LOT7",
    "(01)05900012003196(17)271231(10)LOT7", "0105900012003196", "010590001200319610LOT7",
    "https://id.gs1.org/01/05900012003196/10/LOT7?x=1", " 5900012003196\r\n",
])
def test_a_scanner_may_wrap_the_same_code_in_many_ways(scan):
    assert codes.meant(scan) == "5900012003196"


@pytest.mark.parametrize("scan", ["0105900012003197", "https://example.org/01/nothing", "SKU01"])
def test_what_only_looks_like_gs1_is_left_as_it_is(scan):
    assert codes.meant(scan) == scan
