"""The connector to Poczta Polska keeps a carrier's promises; collections are sent once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from oms_connector import AccessRefused, Address, ChannelDown, NotFound, OutcomeUnknown, Refused
from oms_connector.soap import Found
from oms_connector.testing import ConnectorKit
from oms_connector.testing.bench import open_bench
from oms_connector.testing.network import Lost
from oms_poczta import reading
from oms_poczta.booking import document, flaws, grosze, guid

from tests.contract.poczta_standin import USER, Poczta

ACCOUNT = "61109010140000071219812874"


class TestPocztaByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = Poczta


@pytest.fixture
def bench():
    with open_bench(Poczta) as found:
        yield found


def book(bench, key):
    return bench.call(lambda c: c.book(bench.standin.booking(key)))


def test_the_document_has_what_was_booked(bench):
    booking = replace(bench.standin.booking("K-1", "point"), cod=Decimal("199.99"),
                      contents="Książki")
    said = document(booking, USER, ACCOUNT)["przesylki"]
    assert said["@guid"] == guid(USER, "K-1")
    assert said["pobranie"] == {
        "@sposobPobrania": "RACHUNEK_BANKOWY", "@kwotaPobrania": 19_999, "@nrb": ACCOUNT,
        "@tytulem": "Zamówienie 12"}
    assert (said["masa"], said["format"], said["punktOdbioru"]) == (1250, "S", {"@id": "200002"})
    assert said["zawartosc"] == {"zawartoscInna": "Książki"}
    assert said["adres"] == {
        "@nazwa": "Zofia Kitowska", "@nazwa2": None, "@ulica": "ul. Kiciowa", "@numerDomu": "7",
        "@numerLokalu": "3", "@miejscowosc": "Wrocław", "@kodPocztowy": "50066",
        "@kraj": "Polska", "@telefon": "600300400", "@email": "zofia@kit.example",
        "@mobile": "600300400", "@osobaKontaktowa": None}
    assert said["nadawca"]["@osobaKontaktowa"] == "Jan Magazynier"


def test_an_own_id_is_of_the_user_and_the_key():
    assert len({guid("a", "K"), guid("b", "K"), guid("a", "K2")}) == 3
    assert grosze(Decimal("0.29")) == 29


@pytest.mark.parametrize(("change", "field"), [
    ({"insured": Decimal("10")}, "insured"),
    ({"packages": []}, "packages"),
    ({"cod": Decimal("100000")}, "cod"),
    ({"receiver": Address("A B", "", "Polna 12345678901234", "00-950", "Wawa", "", "PL")},
     "receiver.street"),
    ({"service": "PUNKT", "point": "1",
      "receiver": Address("A B", "", "Polna 1", "00-950", "Wawa", "", "PL")}, "receiver.phone"),
])
def test_flaws_are_found_at_their_fields(bench, change, field):
    wrong = replace(bench.standin.booking("K-1"), **change)
    assert [flaw.field for flaw in flaws(wrong, ACCOUNT)] == [field]


def test_cash_needs_a_bank_account(bench):
    assert [flaw.field for flaw in flaws(bench.standin.booking("K-1", "cod"), "")] == ["cod"]


def test_a_refusal_names_its_field_and_no_buyer(bench):
    booking = bench.standin.booking("K-1")
    wrong = replace(booking, receiver=replace(booking.receiver, postcode="00-000"))
    with pytest.raises(Refused, match="błędny kod pocztowy odbiorcy") as found:
        bench.call(lambda c: c.book(wrong))
    assert found.value.field == "receiver.postcode"
    assert "Kitowska" not in str(found.value)


def test_a_lost_answer_is_found_by_its_own_id_and_never_booked_twice(bench):
    book(bench, "OTHER")

    def lose(request, answered):
        answered()
        raise Lost

    bench.line.faults[1] = lose
    with pytest.raises(OutcomeUnknown):
        book(bench, "K-1")
    found = bench.call(lambda c: c.find_booking("K-1"))
    assert [one.reference for one in bench.standin.bookings("K-1")] == [found.reference]
    with pytest.raises(Refused, match="istnieje"):  # and e-Nadawca itself takes an id once
        book(bench, "K-1")


def test_parcels_are_sent_as_one_collection_once_and_no_others_with_them(bench):
    told = [book(bench, key) for key in ("A", "B", "C")]
    refs = [one.reference for one in told[:2]]
    pdf = bench.call(lambda c: c.protocol(refs))
    assert bench.call(lambda c: c.protocol(refs)) == pdf
    assert list(bench.standin.envelopes) == ["7000"]
    assert all(one.tracking[0].encode() in pdf for one in told[:2])
    assert told[2].tracking[0].encode() not in pdf
    assert bench.call(lambda c: c.find_booking("A")) == told[0]
    with pytest.raises(Refused, match="sent to the post office"):
        bench.call(lambda c: c.cancel_booking(refs[0], told[0].tracking))
    bench.call(lambda c: c.cancel_booking(told[2].reference, told[2].tracking))
    assert bench.standin.bookings("C") == []
    with pytest.raises(NotFound):
        bench.call(lambda c: c.protocol([told[2].reference]))


@pytest.mark.parametrize("number", range(1, 11))
def test_a_collection_that_was_begun_is_gone_on_with(bench, number):
    refs = [book(bench, key).reference for key in ("A", "B")]

    def lose(request, answered):
        answered()
        raise Lost

    bench.line.faults[number] = lose
    try:
        bench.call(lambda c: c.protocol(refs))
    except ChannelDown:
        bench.call(lambda c: c.protocol(refs))
    assert (len(bench.standin.envelopes), len(bench.standin.buffers)) == (1, 2)


def test_the_login_and_the_office_must_be_the_agreements(bench):
    assert bench.call(lambda c: c.verify()) == f"e-Nadawca ({USER})"
    bench.standin.chosen = "999"
    with pytest.raises(AccessRefused, match="260101") as refused:
        bench.call(lambda c: c.verify())
    assert refused.value.field == "office"
    bench.standin.is_open = False
    with pytest.raises(AccessRefused) as refused:
        bench.call(lambda c: c.verify())
    assert refused.value.field == "password"


def test_points_by_postcode_come_the_closest_number_first(bench):
    found = bench.call(lambda c: c.points("50-068", "PL", 2))
    assert [one.ref for one in found] == ["200003", "200002"]
    assert (found[0].kind, found[0].cod, found[0].postcode) == ("locker", True, "50-068")
    assert (found[0].latitude, found[0].longitude) == (51.1, 17.03)
    assert bench.call(lambda c: c.points("10115", "DE", 2)) == []
    assert len(reading.regions("26-600")) == 3  # a beginning that three voivodeships share


def test_a_reason_says_that_it_went_wrong():
    told = Found("return", "", {}, [Found("danePrzesylki", "", {}, [
        Found("masa", "0,25"), Found("zdarzenia", "", {}, [
            Found("zdarzenie", "", {}, [
                Found("czas", "2026-11-23 12:00"), Found("kod", "P_X"),
                Found("nazwa", "Doręczenie"),
                Found("przyczyna", "", {}, [Found("nazwa", "odmowa przyjęcia")])]),
            Found("zdarzenie", "", {}, [Found("czas", "?"), Found("kod", "P_D")])])])])
    journey = reading.journey("1", told)
    assert journey is not None
    assert (journey.weight_g, [one.state for one in journey.events]) == (250, ["exception"])
    assert journey.events[0].description == "Doręczenie - odmowa przyjęcia"
