"""The connector to ORLEN Paczka keeps a carrier's promises; what it cannot ask it says."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from oms_connector import (
    AccessRefused,
    Address,
    ChannelDown,
    NotSupported,
    OutcomeUnknown,
    Refused,
)
from oms_connector.soap import Found
from oms_connector.testing import ConnectorKit
from oms_connector.testing.bench import open_bench
from oms_connector.testing.network import Lost
from oms_orlen import calls, reading
from oms_orlen.booking import document, flaws, point_code

from tests.contract.orlen_standin import NAMESPACE, Orlen
from tests.contract.soap_standin import answer


class TestOrlenByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = Orlen


@pytest.fixture
def bench():
    with open_bench(Orlen) as found:
        yield found


def book(bench, key, **change):
    return bench.call(lambda c: c.book(replace(bench.standin.booking(key), **change)))


def test_the_document_has_what_was_booked(bench):
    said = document(bench.standin.booking("K-1"), "PDF10")["BusinessPackList"]["BusinessPack"]
    assert {name: said[name] for name in (
        "DestinationCode", "BoxSize", "FirstName", "LastName", "StreetName", "BuildingNumber",
        "FlatNumber", "PostCode", "PhoneNumber", "SenderCompanyName", "SenderPhoneNumber",
        "SenderOrders", "TransferDescription")} == {
        "DestinationCode": "DS-100002-K1-02", "BoxSize": "S", "FirstName": "Zofia",
        "LastName": "Kitowska", "StreetName": "ul. Kiciowa", "BuildingNumber": "7",
        "FlatNumber": "3", "PostCode": "50-066", "PhoneNumber": "600300400",
        "SenderCompanyName": "Sklep Próbny", "SenderPhoneNumber": "600100200",
        "SenderOrders": "Zamówienie 12", "TransferDescription": "K-1"}


def test_it_asks_at_the_right_place_by_the_services_own_name(bench):
    told = book(bench, "K-1")
    [call] = bench.line.calls
    assert call.request.url \
        == "https://api.orlenpaczka.pl/WebServicePwRProd/WebServicePwR.asmx"
    assert NAMESPACE.encode() in call.request.body
    assert told.price == Decimal("10.99")


@pytest.mark.parametrize(("said", "code"), [
    ("ws-116263-c3-01", "WS-116263-C3-01"), ("116263", "XX-116263-00-00"), ("KRA01M", ""),
    ("1162631", ""),
])
def test_a_point_is_known_by_its_code_or_its_number(said, code):
    assert point_code(said) == code


def test_a_point_that_got_another_code_is_told(bench):
    assert book(bench, "K-1").message == ""
    assert book(bench, "K-2", point="100003").message == "Zmieniono DestinationCode DS-100003-K1-02"


@pytest.mark.parametrize(("change", "fields"), [
    ({"cod": Decimal("10")}, ["cod"]), ({"insured": Decimal("10")}, ["insured"]),
    ({"point": "KRA01M"}, ["point"]), ({"point": ""}, ["point"]),
    ({"packages": []}, ["packages"]),
    ({"sender": Address("Jan", "", "Polna 1", "00-950", "Wawa", "", "PL", "600100200")},
     ["sender.email"]),
    ({"receiver": Address("A B", "", "", "", "", "", "PL", "+49 171 1234567")},
     ["receiver.phone"]),
    ({"receiver": Address("A B", "", "Aleja Generała Tadeusza Kościuszki 1", "", "", "", "PL",
                          "600100200")}, ["receiver.street"]),
    ({"receiver": Address("A B", "", "", "", "", "", "PL", "600100200")}, []),
])
def test_flaws_are_found_at_their_fields(bench, change, fields):
    wrong = replace(bench.standin.booking("K-1"), **change)
    assert [flaw.field for flaw in flaws(wrong)] == fields


@pytest.mark.parametrize(("said", "field"), [
    ("Brak DestinationCode", "point"), ("Niepoprawny SenderPostCode", "sender.postcode"),
    ("PhoneNumber jest wymagany", "receiver.phone"), ("Zły BoxSize", "packages.0.size"),
    ("Niepoprawny adres", ""),
])
def test_the_field_of_an_error(said, field):
    row = Found("row", "", {}, [Found("Err", "104"), Found("ErrDes", said)])
    error = calls.complaint(row)
    assert isinstance(error, Refused)
    assert error.field == field


def test_a_refusal_names_its_field_and_no_buyer(bench):
    with pytest.raises(Refused, match="Brak punktu") as found:
        book(bench, "K-1", point="999999")
    assert found.value.field == "point"
    assert "Kitowska" not in str(found.value)


def test_a_lost_answer_waits_for_a_person(bench):
    def lose(request, answered):
        answered()
        raise Lost

    bench.line.faults[1] = lose
    with pytest.raises(OutcomeUnknown):
        book(bench, "K-1")
    with pytest.raises(NotSupported, match="WebTrucker"):
        bench.call(lambda c: c.find_booking("K-1"))
    [there] = bench.standin.bookings("K-1")
    assert bench.call(lambda c: c.find_booking("K-1", there.reference)).state == "confirmed"


def test_what_has_left_is_not_cancelled_and_twice_is_once(bench):
    one, two = book(bench, "A"), book(bench, "B")
    for _ in range(2):
        bench.call(lambda c: c.cancel_booking(one.reference, one.tracking))
    assert bench.call(lambda c: c.find_booking("A", one.reference)).state == "cancelled"
    bench.standin.travel(two.reference, "accepted")
    with pytest.raises(Refused, match="Nie można anulować"):
        bench.call(lambda c: c.cancel_booking(two.reference, two.tracking))


def test_a_parcel_that_nobody_fetched_goes_back_whatever_the_scan(bench):
    told = book(bench, "A")
    bench.clock.forward(hours=1)
    bench.standin._scan(told.reference, "690", "W kiosku", "POWROT")
    bench.standin._scan(told.reference, "888", "Archiwizacja")
    [journey] = bench.call(lambda c: c.track([told.reference]))
    assert [(one.raw, one.state) for one in journey.events] \
        == [("200", "announced"), ("690_POWROT", "returning")]
    assert journey.events[0].at == bench.clock.now.replace(hour=9)  # Warsaw's, despite its Z


def test_points_by_code_number_and_postcode(bench):
    def found(near):
        return [one.ref for one in bench.call(lambda c: c.points(near, "PL", 9))]

    assert found("100003") == found("ds-100003-k1-02") == ["DS-100003-K1-02"]
    assert found("50-068") == ["DS-100003-K1-02", "DS-100002-K1-02", "DS-100001-K1-02"]
    assert found("00-950") == []
    [one] = bench.call(lambda c: c.points("100001", "PL", 1))
    assert (one.kind, one.hours, one.latitude) == ("locker", "Pn-Pt 8-20", 51.1)


def test_every_code_of_a_scan_has_a_word():
    documented = {
        100, 110, 120, 193, 195, 200, 201, 210, 230, 240, 241, 300, 400, 401, 450, 610, 620, 653,
        660, 665, 670, 677, 679, 680, 681, 685, 690, 691, 695, 696, 700, 708, 709, 710, 711, 712,
        714, 729, 739, 749, 750, 780, 790, 800, 900, 999, 1000, 1100, 1200, 1220, 2000}
    assert {int(code) for code in reading.STATES} == documented


def test_settings_are_checked(bench):
    assert bench.call(lambda c: c.verify()) == "Sklep Próbny"
    bench.standin.is_open = False
    with pytest.raises(AccessRefused) as refused:
        bench.call(lambda c: c.verify())
    assert refused.value.field == "key"


def test_an_answer_without_a_row_is_not_believed(bench, monkeypatch):
    monkeypatch.setattr(Orlen, "row", lambda self, operation, *args, **more: answer(
        NAMESPACE, operation, {f"{operation}Result": {}}))
    with pytest.raises(ChannelDown):
        bench.call(lambda c: c.verify())
