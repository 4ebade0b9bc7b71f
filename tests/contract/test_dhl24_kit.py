"""The connector to DHL24 keeps every promise that is for a carrier, and says faults in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from oms_connector import (
    AccessRefused,
    ChannelDown,
    NotSupported,
    OutcomeUnknown,
    Pickup,
    Refused,
    soap,
)
from oms_connector.testing import ConnectorKit
from oms_connector.testing.bench import open_bench
from oms_connector.testing.network import Lost
from oms_connector.testing.promise import keeps
from oms_connector.testing.verdict import must
from oms_dhl24 import calls, connector, words
from oms_dhl24.booking import document, flaws

from tests.contract.dhl24_standin import SENDER, Dhl24


class TestDhl24ByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = Dhl24

    @keeps(63, "points near a place are told, each once and no more than asked for", "silver")
    def test_63_points(self, bench):
        """DHL24 cannot be asked for a point by its number; all else is as the kit wants it."""
        for near in ("Wrocław", "50-066"):
            found = bench.call(lambda c, near=near: c.points(near, "PL", 20))
            must(found and all(one.city == "Wrocław" for one in found), f"near {near}: {found}")
        found = bench.call(lambda c: c.points("Wrocław", "PL", 2))
        must([one.ref for one in found] == ["4500001", "4500002"], f"{found}")
        must((found[0].latitude, found[0].longitude) == (51.1, 17.03), f"{found[0]}")
        must(list(bench.call(lambda c: c.points("Qqxzw", "PL", 5))) == [], "points of nowhere")


@pytest.fixture
def bench():
    with open_bench(Dhl24) as found:
        yield found


@pytest.mark.parametrize(("code", "text", "error", "field"), [
    ("100", "Nieprawidłowe dane", AccessRefused, "password"),
    ("Server", "boom", OutcomeUnknown, None),
    ("201", "Nieprawidłowy kod pocztowy odbiorcy", Refused, "receiver.postcode"),
    ("202", "Numer telefonu nadawcy jest wymagany", Refused, "sender.phone"),
    ("305", "Kwota pobrania jest za duża", Refused, "cod"),
    ("9", "Niedozwolona kombinacja", Refused, ""),
])
def test_a_fault_is_sorted_by_what_can_be_done_about_it(code, text, error, field):
    found = calls.refusal(soap.Fault(code, text), OutcomeUnknown)
    assert type(found) is error
    assert getattr(found, "field", None) == field


def test_the_document_has_what_was_booked_and_no_more(bench):
    booking = replace(bench.standin.booking("K-1"), cod=Decimal("20.00"), insured=Decimal("15"))
    shipment = document(booking, "1204663", "", bench.standin.today)["shipment"]
    assert shipment["reference"] == "K-1"
    assert shipment["comment"] == "Zamówienie 12"
    assert shipment["shipmentInfo"]["specialServices"]["item"] == [
        {"serviceType": "COD", "serviceValue": Decimal("20.00"),
         "collectOnDeliveryForm": "BANK_TRANSFER"},
        {"serviceType": "UBEZP", "serviceValue": Decimal("20.00")}]
    assert shipment["ship"]["receiver"]["address"] == {
        "country": "PL", "addressType": "C", "name": "Zofia Kitowska", "postalCode": "50066",
        "city": "Wrocław", "street": "ul. Kiciowa", "houseNumber": "7", "apartmentNumber": "3"}
    assert shipment["ship"]["shipper"]["address"]["name"] == "Sklep Próbny"
    [piece] = shipment["pieceList"]["item"]
    assert (piece["weight"], piece["length"], piece["width"], piece["height"]) \
        == (Decimal("1.250"), 30, 20, 11)


@pytest.mark.parametrize(("change", "field"), [
    ({"receiver": {"city": "Konstantynów Łódzki"}}, "receiver.city"),
    ({"receiver": {"street": "Kiciowa"}}, "receiver.street"),
    ({"receiver": {"street": "Bardzo długa ulica o nazwie nie do wypowiedzenia 7"}},
     "receiver.street"),
    ({"sender": {"postcode": "950"}}, "sender.postcode"),
])
def test_flaws_are_found_at_their_fields(bench, change, field):
    [(side, values)] = change.items()
    booking = bench.standin.booking("K-1")
    wrong = replace(booking, **{side: replace(getattr(booking, side), **values)})
    assert [flaw.field for flaw in flaws(wrong)] == [field]
    with pytest.raises(Refused) as found:
        bench.call(lambda c: c.book(wrong))
    assert found.value.field == field
    assert bench.line.calls == []


def test_a_refusal_names_its_field_and_no_buyer(bench):
    booking = bench.standin.booking("K-1")
    wrong = replace(booking, receiver=replace(booking.receiver, postcode="00-000"))
    with pytest.raises(Refused, match="kod pocztowy odbiorcy") as found:
        bench.call(lambda c: c.book(wrong))
    assert found.value.field == "receiver.postcode"
    assert "Kitowska" not in str(found.value)


def test_a_lost_answer_is_found_by_its_reference_and_never_booked_twice(bench):
    for number in range(150):
        bench.call(lambda c, number=number: c.book(bench.standin.booking(f"OTHER-{number}")))
    booking = bench.standin.booking("K-1")

    def lose(request, answered):
        answered()
        raise Lost

    bench.line.faults[1] = lose
    with pytest.raises(OutcomeUnknown):
        bench.call(lambda c: c.book(booking))
    bench.clock.forward(days=2)
    found = bench.call(lambda c: c.find_booking("K-1"))
    assert found is not None
    assert [one.reference for one in bench.standin.bookings("K-1")] == [found.reference]
    assert bench.call(lambda c: c.find_booking("OTHER-0")) is not None  # on the second page
    assert bench.call(lambda c: c.find_booking("K-2")) is None


def test_it_does_not_say_that_nothing_is_there_when_it_cannot_look_through_all(bench, monkeypatch):
    monkeypatch.setattr(connector, "MOST_LOOKED_AT", 6)
    for number in range(7):
        bench.call(lambda c, number=number: c.book(bench.standin.booking(f"OTHER-{number}")))
    with pytest.raises(NotSupported, match="more than 6"):
        bench.call(lambda c: c.find_booking("K-1"))


def test_a_shipment_that_a_courier_comes_for_is_not_cancelled_and_he_is_called_once(bench):
    told = [bench.call(lambda c, key=key: c.book(bench.standin.booking(key))) for key in "AB"]
    ready = bench.clock.now + timedelta(days=1)

    def visit(*refs):
        return Pickup("P-1", ready, ready + timedelta(hours=3), SENDER, refs, 1, 1250)

    one, two = (each.reference for each in told)
    assert bench.call(lambda c: c.order_pickup(visit(one))) == "00001WWW"
    both = bench.call(lambda c: c.order_pickup(visit(one, two)))
    assert both == bench.call(lambda c: c.order_pickup(visit(one, two))) == "00001WWW,00002WWW"
    with pytest.raises(Refused, match="courier is ordered"):
        bench.call(lambda c: c.cancel_booking(one, [one]))


def test_a_new_code_is_told_by_its_words_and_kept(bench):
    told = bench.call(lambda c: c.book(bench.standin.booking("K-1")))
    for code, said in (("NOWY", "przesyłka zwrócona do nadawcy"), ("INNY", "w drodze")):
        bench.standin.scans[told.reference].append({
            "status": code, "description": said, "terminal": "",
            "timestamp": "2026-11-23 12:00:00"})
    [journey] = bench.call(lambda c: c.track([told.reference]))
    assert [(one.raw, one.state) for one in journey.events] \
        == [("INNY", "moving"), ("NOWY", "returning")]
    assert journey.events[0].at.isoformat() == "2026-11-23T11:00:00+00:00"


def test_settings_are_checked(bench):
    assert bench.call(lambda c: c.verify()) == "DHL24 (1204663)"
    bench.standin.revoke()
    with pytest.raises(AccessRefused, match=words.REFUSED_LOGIN):
        bench.call(lambda c: c.verify())


def test_half_a_label_is_not_printed(bench, monkeypatch):
    told = bench.call(lambda c: c.book(bench.standin.booking("K-1")))
    monkeypatch.setattr("tests.contract.dhl24_standin.pdf", lambda *lines: "JVBERi0xLjQ=")
    with pytest.raises(ChannelDown, match="not whole"):
        bench.call(lambda c: c.label(told.reference, told.tracking, "pdf_a6"))
