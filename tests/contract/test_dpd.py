"""The connector to DPD Polska: by the kit, what it says, and what it makes of the answers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from oms_connector import AccessRefused, Context, OutcomeUnknown, Package, Refused
from oms_connector.testing import ConnectorKit
from oms_connector.testing.bench import open_bench
from oms_connector.testing.network import Lost
from oms_dpd import calls, following, form

from tests.contract.dpd_standin import PAYER, Dpd
from tests.contract.inpost_standin import BUYER


class TestDpdByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = Dpd


@pytest.fixture
def bench():
    with open_bench(Dpd) as opened:
        yield opened


def lost(request, answer):
    answer()
    raise Lost


def test_a_package_in_dpds_form(bench):
    booking = replace(bench.standin.booking("OMS-1", "cod"), insured=Decimal("500"))
    made = form.package(booking, PAYER)
    [package] = made["packages"]
    assert (package["reference"], package["ref1"], package["payerFID"]) == ("OMS-1", "1001", PAYER)
    assert package["receiver"]["postalCode"] == "00828"
    assert package["parcels"] == [{"reference": "OMS-1-1", "weight": 2.5, "sizeX": 30.5,
                                   "sizeY": 20.0, "sizeZ": 10.0}]
    assert package["services"] == [
        {"code": "COD", "attributes": [{"code": "AMOUNT", "value": "123.45"},
                                       {"code": "CURRENCY", "value": "PLN"}]},
        {"code": "DECLARED_VALUE", "attributes": [{"code": "AMOUNT", "value": "500.00"},
                                                  {"code": "CURRENCY", "value": "PLN"}]}]


def test_a_point_is_named_instead_of_an_address(bench):
    [package] = form.package(bench.standin.booking("OMS-1", "point"), PAYER)["packages"]
    assert "receiver" not in package
    assert package["pudoReceiver"] == {"pudoId": "PL11033", "name": "Anna Nowak-Testowa",
                                       "phone": "600 700 800", "email": "anna@example.com"}
    assert package["services"] == [{"code": "DPD_PICKUP"}]


@pytest.mark.parametrize(("change", "field"), [
    ({"service": "rocket"}, "service"), ({"packages": []}, "packages"),
    ({"packages": [Package(1), Package(1)]}, "packages"),
    ({"packages": [Package(31_501)]}, "packages.0.weight_g"), ({"cod": Decimal(0)}, "cod"),
    ({"receiver": replace(BUYER, country="DE")}, "receiver.country"),
    ({"receiver": replace(BUYER, city="x" * 51)}, "receiver.city"),
])
def test_flaws_are_found_before_anything_is_sent(bench, change, field):
    flawed = replace(bench.standin.booking("OMS-1"), **change)
    assert field in [flaw.field for flaw in form.flaws(flawed)]


@pytest.mark.parametrize(("code", "field"), [
    ("INCORRECT_RECEIVER_POSTAL_CODE", "receiver.postcode"),
    ("INCORRECT_SENDER_CITY", "sender.city"), ("INCORRECT_WEIGHT", "packages.0.weight_g"),
    ("COD_IS_NOT_AVAILABLE_FOR_POSTAL_CODE", "cod"),
    ("SIZE_X_OUT_OF_RANGE", "packages.0.length_mm"),
    ("INCORRECT_PUDO_ID", "point"), ("NOT_PROCESSED", ""),
])
def test_a_code_tells_the_field(code, field):
    assert calls.refusal(code).field == field


def test_the_most_exact_code_is_told(bench):
    nowhere = replace(bench.standin.booking("OMS-1"), receiver=replace(BUYER, postcode="00-000"))
    with pytest.raises(Refused) as refused:
        bench.call(lambda c: c.book(nowhere))
    assert (refused.value.code, refused.value.field) == (
        "INCORRECT_RECEIVER_POSTAL_CODE", "receiver.postcode")
    assert not bench.standin.packages
    package = {"status": "OK", "parcels": [{"status": "NOT_PROCESSED"}]}
    inner = {"status": "OK", "packages": [package]}
    assert calls.trouble(inner) == "NOT_PROCESSED"  # a parcel that failed in an answer that is OK


def test_the_same_key_twice_is_one_parcel_even_if_nobody_asked_first(bench):
    booking = bench.standin.booking("OMS-1")
    bench.line.faults = {1: lost}
    with pytest.raises(OutcomeUnknown):
        bench.call(lambda c: c.book(booking))
    again = bench.call(lambda c: c.book(booking))
    assert again == bench.call(lambda c: c.find_booking("OMS-1"))
    assert len(bench.standin.packages) == 1
    assert bench.call(lambda c: c.find_booking("OMS-2")) is None


def test_which_setting_is_wrong(bench):
    assert bench.call(lambda c: c.verify()) == "DPD 431304"
    with pytest.raises(AccessRefused) as refused:
        bench.call(lambda c: c.verify(), {"login": "no", "password": "no"})
    assert refused.value.field == "login"
    made = bench.connector()
    old = made.context
    for change, field in (({"master": "x"}, "master"), ({"master": "1"}, "payer")):
        other = type(made)(Context({**old.settings, **change}, old.secrets, old.http, old.now,
                                   old.log))
        with pytest.raises(AccessRefused) as refused:
            other.verify()
        assert refused.value.field == field


@pytest.mark.parametrize(("code", "said", "means"), [
    ("190204", "", "delivered"), ("230402", "przekierowana", "moving"), ("230403", "", "returning"),
    ("230310", "", "exception"), ("170304", "Powiadomienie", "moving"),
    ("999999", "Przesyłka doręczona", "delivered"), ("", "Nieudane doręczenie", "exception"),
])
def test_a_code_means_by_how_it_begins_else_its_words_tell(code, said, means):
    assert following.state(code, said) == means


def test_parcels_are_followed_only_where_the_seller_wants_it(bench):
    booked = bench.call(lambda c: c.book(bench.standin.booking("OMS-1")))
    [number] = booked.tracking
    bench.standin.travel(number, "moving")
    made = bench.connector()
    old = made.context
    silent = type(made)(Context({**old.settings, "follows": False}, old.secrets, old.http, old.now,
                                old.log))
    assert silent.track([number, number]) == [None, None]
    strange, told = bench.call(lambda c: c.track(["typed-by-hand", number]))
    assert strange is None, "and the others are told of all the same"
    assert [(one.state, one.raw, one.place) for one in told.events] == [
        ("moving", "160101", "Katowice")]


def test_a_login_that_may_not_follow_says_so_at_its_setting(bench):
    with pytest.raises(AccessRefused) as refused:
        bench.call(lambda c: c.track(["0000000000001Q"]), {"login": "no", "password": "no"})
    assert refused.value.field == "follows"
