"""The connector to GLS Poland keeps every promise that is for a carrier, in sessions that end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from oms_connector import (
    AccessRefused,
    ChannelDown,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    Refused,
    soap,
)
from oms_connector.testing import ConnectorKit
from oms_connector.testing.bench import open_bench
from oms_connector.testing.network import Lost
from oms_connector.testing.parcels import booked
from oms_gls import calls, looking
from oms_gls.booking import document

from tests.contract.gls_standin import Gls


class TestGlsByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = Gls


class HalfAnHour(Gls):
    """As GLS is."""

    lasts = timedelta(minutes=30)


@pytest.fixture
def bench():
    with open_bench(HalfAnHour) as found:
        yield found


def found(bench, key, ref=""):
    return bench.call(lambda c: c.find_booking(key, ref))


@pytest.mark.parametrize(("code", "error", "field"), [
    ("err_login_failed", AccessRefused, "password"),
    ("err_user_blocked", AccessRefused, "username"),
    ("err_sess_expired", calls.Ended, None), ("Server", OutcomeUnknown, None),
    ("err_pickup_make_problem", OutcomeUnknown, None), ("err_cons_not_found", NotFound, ""),
    ("err_cons_receiver_zipcode_is_invalid", Refused, "receiver.postcode"),
    ("err_of_tomorrow", Refused, ""),
])
def test_a_fault_is_sorted_by_what_can_be_done_about_it(code, error, field):
    got = calls.refusal(soap.Fault(code, ""), OutcomeUnknown)
    assert type(got) is error
    assert getattr(got, "field", None) == field


def test_the_document_has_what_was_booked(bench):
    booking = bench.standin.booking("K-1", "point")
    booking = replace(booking, receiver=replace(
        booking.receiver, company="Przedsiębiorstwo Wielobranżowe Kiciuś i Spółka Komandytowa"))
    said = document(booking, has_own_sender=True)["consign_prep_data"]
    assert [said[f"rname{line}"] for line in (1, 2, 3)] == [
        "Przedsiębiorstwo Wielobranżowe Kiciuś i", "Spółka Komandytowa", "Zofia Kitowska"]
    assert said["references"] == "K-1"
    assert said["srv_sds"] == {"id": "PL10002"}
    assert said["srv_bool"]["sds"] is True
    assert said["sendaddr"]["name1"] == "Sklep Próbny"
    assert said["parcels"]["items"] == [{"reference": "Zamówienie 12", "weight": Decimal("1.250")}]
    plain = document(bench.standin.booking("K-1"), has_own_sender=False)["consign_prep_data"]
    assert plain["srv_bool"] is plain["sendaddr"] is plain["srv_sds"] is None


def test_cash_is_collected_in_poland_only(bench):
    booking = bench.standin.booking("K-1", "cod")
    abroad = replace(booking, receiver=replace(booking.receiver, country="DE", postcode="10115"))
    assert [flaw.field for flaw in bench.call(lambda c: c.check_booking(abroad))] == ["cod"]
    with pytest.raises(Refused) as refused:
        bench.call(lambda c: c.book(replace(booking, cod=Decimal("7000"))))
    assert refused.value.field == "cod"


def test_a_session_that_ended_is_renewed_in_the_middle_and_nothing_is_done_twice(bench):
    first = booked(bench, bench.standin.booking("K-1"))
    before = bench.secrets["access_token"]
    bench.clock.forward(minutes=31)
    second = booked(bench, bench.standin.booking("K-2"))
    assert bench.secrets["access_token"] != before
    assert first.reference != second.reference
    assert len(bench.standin.bookings("K-2")) == 1
    assert len(bench.standin.sessions) == 2


def test_an_account_that_was_never_used_logs_in_by_itself(bench):
    del bench.secrets["access_token"]
    assert booked(bench, bench.standin.booking("K-1")).tracking


def test_a_lost_answer_is_found_in_the_box_and_never_booked_twice(bench):
    for number in range(105):
        bench.call(lambda c, number=number: c.book(bench.standin.booking(f"OTHER-{number}")))
    booking = bench.standin.booking("K-1", "several")

    def lose(request, answered):
        answered()
        raise Lost

    bench.line.faults[1] = lose
    with pytest.raises(OutcomeUnknown):
        bench.call(lambda c: c.book(booking))
    there = found(bench, "K-1")
    assert [one.reference for one in bench.standin.bookings("K-1")] == [there.reference]
    assert (there.state, len(there.tracking)) == ("confirmed", 2)
    assert found(bench, "OTHER-0").state == "confirmed"  # on the second page
    assert found(bench, "K-2") is None


def test_on_a_protocol_a_parcel_is_still_found_printed_and_not_cancelled(bench):
    told = booked(bench, bench.standin.booking("K-1", "several"))
    before = bench.call(lambda c: c.label(told.reference, told.tracking, "pdf_a6"))
    pdf = bench.call(lambda c: c.protocol([told.reference]))
    assert told.reference.encode() in pdf
    assert bench.call(lambda c: c.protocol([told.reference])) == pdf
    assert len(bench.standin.protocols) == 1
    assert found(bench, "K-1") == found(bench, "K-1", told.reference) == told
    assert bench.call(lambda c: c.label(told.reference, told.tracking, "pdf_a6")) == before
    with pytest.raises(Refused, match="hand-over protocol"):
        bench.call(lambda c: c.cancel_booking(told.reference, told.tracking))


def test_it_does_not_say_that_nothing_is_there_when_it_cannot_look_through_all(bench, monkeypatch):
    monkeypatch.setattr(looking, "MOST_LOOKED_AT", 3)
    monkeypatch.setattr(looking, "MOST_PROTOCOLS", 2)
    for number in range(3):
        booked(bench, bench.standin.booking(f"OTHER-{number}"))
    assert found(bench, "K-1") is None
    booked(bench, bench.standin.booking("OTHER-3"))
    with pytest.raises(NotSupported, match="more than 3"):
        found(bench, "K-1")
    for ref in list(bench.standin.box):
        bench.call(lambda c, ref=ref: c.protocol([ref]))
    with pytest.raises(NotSupported, match="more than 2"):
        found(bench, "K-1", "1")
    bench.clock.forward(timedelta(days=8).total_seconds())
    assert found(bench, "K-1", "1") is None


def test_parcelshops_by_postcode_and_by_id(bench):
    [shop] = bench.call(lambda c: c.points("50-067", "PL", 5))
    assert (shop.ref, shop.hours, shop.kind) == ("PL10002", "Mo 06:00-23:00", "counter")
    assert bench.call(lambda c: c.points("PL10003", "PL", 5))[0].ref == "PL10003"
    assert bench.call(lambda c: c.points("PL99999", "PL", 5)) == []


def test_settings_are_checked(bench):
    assert bench.call(lambda c: c.verify()) == "GLS (kit)"
    bench.standin.revoke()
    with pytest.raises(AccessRefused) as refused:
        bench.call(lambda c: c.verify())
    assert refused.value.field == "password"


def test_half_a_label_is_not_printed(bench, monkeypatch):
    told = booked(bench, bench.standin.booking("K-1"))
    monkeypatch.setattr("tests.contract.gls_standin.pdf", lambda *lines: "JVBERi0xLjQ=")
    with pytest.raises(ChannelDown, match="not whole"):
        bench.call(lambda c: c.label(told.reference, told.tracking, "pdf_a6"))
