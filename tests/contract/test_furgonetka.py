"""What the connector to Furgonetka says, and what it makes of the answers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from oms_connector import AccessRefused, NotSupported, OutcomeUnknown, Refused
from oms_connector.testing.bench import open_bench
from oms_connector.testing.network import Lost
from oms_furgonetka import answers, calls, form, words

from tests.contract.furgonetka_standin import Broker
from tests.contract.inpost_standin import BUYER


@pytest.fixture
def bench():
    with open_bench(Broker) as opened:
        yield opened


def lost(request, answer):
    answer()
    raise Lost


def test_a_package_as_furgonetka_wants_it(bench):
    booking = replace(bench.standin.booking("OMS-1", "cod"), insured=Decimal("200.10"))
    made = form.package(booking, bench.standin.settings)
    assert made["service_id"] == 11597695
    assert made["receiver"] == {
        "name": "Anna Nowak-Testowa", "street": "Jana Pawła II 15 m. 7", "postcode": "00-828",
        "city": "Warszawa", "country_code": "PL", "email": "anna@example.com",
        "phone": "600 700 800"}
    assert made["parcels"] == [{"depth": 31, "width": 20, "height": 10, "weight": 2.5,
                                "value": 200.1, "description": "1001"}]
    assert made["additional_services"]["cod"] == {
        "amount": 123.45, "express": False, "iban": "61109010140000071219812874",
        "name": "Sklep testowy"}


@pytest.mark.parametrize(("change", "field"), [
    ({"service": "dpd"}, "service"), ({"packages": []}, "packages"),
    ({"cod": Decimal(0)}, "cod"), ({"cod": Decimal(1), "currency": "EUR"}, "currency"),
    ({"receiver": replace(BUYER, city=" ")}, "receiver.city"),
])
def test_flaws_are_found_before_anything_is_sent(bench, change, field):
    flawed = replace(bench.standin.booking("OMS-1"), **change)
    found = form.flaws(flawed, bench.standin.settings)
    assert field in [flaw.field for flaw in found]
    bare = replace(bench.standin.booking("OMS-1", "cod"))
    assert [flaw.message for flaw in form.flaws(bare, {})] == [words.NO_IBAN]


@pytest.mark.parametrize(("path", "field"), [
    ("/receiver/postcode", "receiver.postcode"), ("pickup.phone", "sender.phone"),
    ("/receiver/point", "point"), ("/parcels/1/weight", "packages.1.weight_g"),
    ("parcels[0].depth", "packages.0.length_mm"), ("/additional_services/cod/iban", "cod"),
    ("/service_id", "service"), ("/uuid", ""), ("", ""),
])
def test_fields_of_a_package_and_of_the_booking(path, field):
    assert calls.booking_field(path) == field


def test_a_refusal_leaves_out_what_may_name_people(bench):
    booking = replace(bench.standin.booking("OMS-1", "point"), point="WAW1")
    with pytest.raises(Refused) as refused:
        bench.call(lambda c: c.book(booking))
    assert (refused.value.field, str(refused.value)) == (
        "point", words.SAYS % {"why": "invalidPoint"})


def test_a_lost_order_is_ordered_once_whatever_was_made(bench):
    booking = bench.standin.booking("OMS-1")
    bench.line.faults = {1: lost}
    with pytest.raises(OutcomeUnknown):
        bench.call(lambda c: c.book(booking))
    assert bench.call(lambda c: c.find_booking("OMS-1")) is None  # made for nothing, not ordered
    bench.line.faults = {2: lost}
    with pytest.raises(OutcomeUnknown):
        bench.call(lambda c: c.book(booking))
    assert bench.call(lambda c: c.find_booking("OMS-1")).state == "pending"
    bench.call(lambda c: c.book(booking))  # though it should not be: the command is the same
    bench.standin.finish_bookings()
    assert len(bench.standin.bookings("OMS-1")) == 1
    found = bench.call(lambda c: c.find_booking("OMS-1"))
    assert (found.state, found.reference, found.price) == ("confirmed", "20126001", Decimal("15.7"))


def test_no_money_is_a_refusal_in_words(bench):
    bench.standin.money = False
    bench.call(lambda c: c.book(bench.standin.booking("OMS-1")))
    bench.standin.finish_bookings()
    found = bench.call(lambda c: c.find_booking("OMS-1"))
    assert (found.state, found.message) == (
        "refused", words.NOT_ORDERED % {"why": "insufficientFunds"})


def test_what_is_on_its_way_is_not_called_off_and_zpl_is_not_kept(bench):
    bench.call(lambda c: c.book(bench.standin.booking("OMS-1")))
    bench.standin.finish_bookings()
    found = bench.call(lambda c: c.find_booking("OMS-1"))
    with pytest.raises(NotSupported):
        bench.call(lambda c: c.label(found.reference, found.tracking, "zpl"))
    bench.standin.travel(found.tracking[0], "moving")
    with pytest.raises(Refused, match="inTransit"):
        bench.call(lambda c: c.cancel_booking(found.reference, found.tracking))


def test_the_password_is_used_only_when_the_refresh_token_has_ended(bench):
    bench.standin.expire_tokens()
    bench.call(lambda c: c.services())
    assert bench.standin.sessions == 1
    secrets = {**bench.secrets, "access_token": "", "refresh_token": ""}
    assert bench.call(lambda c: c.verify(), secrets) == "sklep@example.com"
    assert bench.standin.sessions == 2
    wrong = {**secrets, "access_token": "", "refresh_token": "", "password": "no"}
    with pytest.raises(AccessRefused) as refused:
        bench.call(lambda c: c.verify(), wrong)
    assert refused.value.field == "password"


def test_a_state_that_is_new_changes_nothing():
    told = {"tracking": [
        {"state": "teleported", "status": "?", "datetime": "2026-11-26 10:00:00"},
        {"state": "transit", "status": "W drodze", "datetime": "2026-11-25T10:00:00+01:00"}]}
    found = answers.journey("1", told)
    assert [(one.state, one.raw) for one in found.events] == [
        ("moving", "transit"), ("moving", "teleported")]
    assert found.events[1].at.isoformat() == "2026-11-26T09:00:00+00:00"
