"""Two orders are of one buyer by the same rule, however they came in."""

from __future__ import annotations

import pytest

from oms_web.domain.orders.same_buyer import key_again, key_of

ANNA = {"buyer_name": "Anna Żółta", "buyer_email": "Anna@Example.test",
        "buyer_phone": "+48 600 100 200", "ship_to": {"postcode": "00-001"}}
HIDDEN = {"buyer_email": "ab12+77@allegromail.pl", "buyer_phone": ""}


@pytest.mark.parametrize(("changes", "account", "ref", "key"), [
    ({}, None, "", "anna@example.test"),
    ({}, 1, "44", "anna@example.test"),  # a shop names its buyers; so do we
    ({"buyer_email": ""}, None, "", "600100200"),
    ({"buyer_email": ""}, 1, "44", "ref:1:44"),
    ({"buyer_email": ""}, 2, "44", "ref:2:44"),  # another shop's number 44
    (HIDDEN, 1, "44", "ref:1:44"),
    (HIDDEN, 1, "", "anna zolta|00001"),
    ({**HIDDEN, "buyer_phone": "600100200"}, 1, "", "600100200"),
    ({**HIDDEN, "ship_to": {}}, 1, "", "ab12+77@allegromail.pl"),
    ({"buyer_email": "", "buyer_phone": "000 000 000"}, None, "", "anna zolta|00001"),
    ({"buyer_email": "", "buyer_phone": "", "ship_to": None}, None, "", ""),
])
def test_the_first_thing_that_names_a_buyer_counts(changes, account, ref, key):
    assert key_of(ANNA | changes, account, ref) == key


def test_what_is_corrected_by_hand_counts_and_the_channels_name_stays_known():
    assert key_again("ref:1:44", ANNA | HIDDEN) == "ref:1:44"
    assert key_again("ref:1:44", ANNA) == "anna@example.test"
    assert key_again("600100200", ANNA | {"buyer_email": ""}) == "600100200"
