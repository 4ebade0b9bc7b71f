"""The bridge to karrio with karrio in it: the only way out, what it makes of bookings and answers;
only where karrio is installed.
"""

from __future__ import annotations

import base64
import io
import json
import logging
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from decimal import Decimal

import pytest

for name in ("fedex", "dhl_parcel_de"):
    pytest.importorskip(f"karrio.plugins.{name}", reason="karrio is not installed here: see "
                        "docs/connectors/karrio.md")

from oms_connector import (  # noqa: E402
    AccessRefused,
    ChannelDown,
    Context,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    Package,
    Refused,
    Response,
)
from oms_connector.testing.bench import open_bench  # noqa: E402
from oms_connector.testing.network import Lost  # noqa: E402
from oms_connector.testing.standin import MONDAY, Clock, Request  # noqa: E402
from oms_karrio import DhlParcelDe, FedEx, checking, loading, mapping, words  # noqa: E402
from oms_karrio.seam import Closed, Seam  # noqa: E402

from oms_web.sync.isolation.child import Child, Limits  # noqa: E402
from oms_web.sync.isolation.remote import InChild  # noqa: E402
from tests.contract.inpost_standin import BUYER, SELLER, pdf  # noqa: E402
from tests.contract.karrio_dhl_standin import BILLING, GUEST, Dhl  # noqa: E402
from tests.contract.karrio_fedex_standin import ACCOUNT, Fedex  # noqa: E402

SHIP = "/ship/v1/shipments"


@pytest.fixture
def bench():
    with open_bench(Fedex) as opened:
        yield opened


def lost(request, answer):
    answer()
    raise Lost


class Line:
    """``context.http`` that answers by a function, and keeps what it was asked."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    def request(self, method, path, *, params=None, json=None, headers=None, body=None, bucket="",
                cost=1, safe=None, signed=True):
        named = {name.lower(): value for name, value in headers.items()}
        self.asked.append((method, path, safe, signed))
        return self.answer(Request(method, path, named, body or b""))

    def pause(self, seconds, bucket=""):
        raise AssertionError

    def renew(self):
        raise AssertionError


def connected(kind, settings, secrets, line):
    return kind(Context(settings, secrets, line, MONDAY, logging.getLogger("test")))


# The way out


@pytest.mark.parametrize("kind", [Fedex, Dhl])
def test_in_a_process_of_its_own_with_every_door_locked_it_books_all_the_same(kind):
    """The system calls for sockets are filtered there: what arrives came through ``http``."""
    standin = kind(Clock())
    line = Line(standin.exchange)
    child = Child(kind.connector, Limits())
    try:
        carrier = InChild(kind.connector, child).connector(Context(
            standin.settings, standin.secrets, line, MONDAY, logging.getLogger("test")))
        told = carrier.book(standin.booking("OMS-1"))
        assert told.labels[0].content == pdf(told.reference)
        raw = standin.travel(told.tracking[0], "moving")
        assert [one.events[-1].raw for one in carrier.track(told.tracking)] == [raw]
        carrier.verify()
        told = carrier.book(standin.booking("OMS-2"))
        carrier.cancel_booking(told.reference, told.tracking)
    finally:
        child.end()
    assert (len(standin.bookings("OMS-1")), standin.bookings("OMS-2")) == (1, [])
    assert [safe for *_, safe, _ in line.asked].count(False) == 3
    assert not any(signed for *_, signed in line.asked)


def test_no_socket_is_opened_and_no_thread_started(bench, monkeypatch):
    def never(*args, **named):
        raise AssertionError("past the seam")

    monkeypatch.setattr(socket, "socket", never)
    monkeypatch.setattr(threading.Thread, "start", never)
    booking = bench.standin.booking("OMS-1")
    told = bench.call(lambda c: c.book(booking))
    bench.call(lambda c: (c.verify(), c.rates(booking), c.track(told.tracking),
                          c.cancel_booking(told.reference, told.tracking)))


def test_outside_a_call_there_is_no_way_out():
    lib = loading.karrio()
    with pytest.raises(Closed):
        lib.request(url="https://apis.fedex.com/", method="GET")
    with pytest.raises(Closed):
        lib.zpl_to_pdf(base64.b64encode(b"^XA^XZ").decode(), 4, 6)


@pytest.mark.parametrize("url", [
    "https://api.labelary.com/", "http://127.0.0.1/", "https://apis.fedex.com.example/"])
def test_only_the_carrier_is_reached(url):
    line = Line(lambda request: Response(200, {}, b"{}"))
    seam = Seam(line, "https://apis.fedex.com", writes=False)
    with seam.open(), pytest.raises(ChannelDown):
        loading.karrio().request(url=url, method="GET")
    assert line.asked == []
    assert isinstance(seam.failed, ChannelDown)


def test_one_booking_sends_one_order_whatever_karrio_wants():
    line = Line(lambda request: Response(200, {}, b"{}"))
    seam = Seam(line, "https://apis.fedex.com", writes=True)
    lib = loading.karrio()
    with seam.open():
        lib.request(url="https://apis.fedex.com/a", method="POST", data="{}")
        lib.request(url="https://apis.fedex.com/b", method="GET")
        with pytest.raises(OutcomeUnknown):
            lib.request(url="https://apis.fedex.com/c", method="POST", data="{}")
    assert [path[-1] for _, path, *_ in line.asked] == ["a", "b"]


def test_retries_of_karrios_own_are_not_made():
    line = Line(lambda request: Response(500, {}, b"{}"))
    with Seam(line, "https://apis.fedex.com", writes=True).open(), pytest.raises(OutcomeUnknown):
        loading.karrio().request(url="https://apis.fedex.com/a", method="POST", data="{}",
                                 max_retries=3)
    assert len(line.asked) == 1


def test_a_plugin_that_goes_round_is_refused_before_it_runs(monkeypatch, tmp_path):
    evil = tmp_path / "proxy.py"
    evil.write_text("import requests\nraise AssertionError('it ran')\n")
    monkeypatch.setattr(loading, "sources", lambda key: [evil])
    with pytest.raises(NotSupported, match="requests"):
        loading.plugin("somebody_else")


def test_the_plugins_that_are_offered_do_not_go_round():
    for kind in (FedEx, DhlParcelDe):
        assert list(loading.sources(kind.carrier.key))
        assert loading.ways_round(kind.carrier.key) == frozenset()


def test_importing_it_is_silent_and_certificates_are_still_checked():
    said = subprocess.run([sys.executable, "-c", (
        "import ssl, oms_karrio\n"
        "import sys; assert 'karrio' not in sys.modules\n"
        "from oms_karrio import loading\n"
        "loading.plugin('fedex')\n"
        "assert 'karrio' in sys.modules\n"
        "assert ssl._create_default_https_context is ssl.create_default_context\n"
        "from PIL import ImageFile; assert not ImageFile.LOAD_TRUNCATED_IMAGES\n"
        "from karrio.core.utils.logger import logger; logger.error('loud')\n")],
        capture_output=True, text=True, check=False, timeout=60,
        env={"PYTHONPATH": ":".join(filter(None, sys.path)), "PATH": ""})
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


# Bookings


def test_what_differs_is_not_sent(bench, monkeypatch):
    """karrio's own way with house numbers: to the front of the street."""
    party = mapping.party

    def unmended(models, carrier, address):
        found = party(models, carrier, address)
        found.street_number = None
        return found

    monkeypatch.setattr(mapping, "party", unmended)
    address = replace(BUYER, street="Polna 2")
    booking = replace(bench.standin.booking("OMS-1"), receiver=address)
    with pytest.raises(Refused) as refused:
        bench.call(lambda c: c.book(booking))
    assert (str(refused.value), refused.value.field[-6:]) == (words.OTHERWISE, "street")
    assert not bench.line.calls


def test_the_request_says_what_was_ordered(bench):
    booking = replace(bench.standin.booking("OMS-1"), insured=Decimal("500.10"), packages=[
        Package(2501, 305, 200, 100)], receiver=replace(
            BUYER, company="Wspaniała Spółka z o.o.",
            street="Osiedle Tysiąclecia Państwa Polskiego 12345 m. 67890", country="DE",
            postcode="10115", city="Berlin"))
    bench.call(lambda c: c.book(booking))
    [ship] = [json.loads(call.request.body) for call in bench.line.calls
              if call.request.path == SHIP]
    asked = ship["requestedShipment"]
    assert asked["recipients"][0]["address"]["streetLines"] == [
        "Osiedle Tysiąclecia Państwa", "Polskiego 12345 m. 67890"]
    assert asked["recipients"][0]["contact"]["companyName"] == "Wspaniała Spółka z o.o."
    [box] = asked["requestedPackageLineItems"]
    assert box["weight"] == {"units": "KG", "value": 2.51}
    assert (asked["totalDeclaredValue"], asked["shipDatestamp"]) == (
        {"amount": 500.1, "currency": "PLN"}, "2026-11-23")


def test_the_account_stands_in_no_country_but_the_senders(bench):
    """What karrio makes up of it, where nothing is said, is the currency. We always say it."""
    booking = replace(bench.standin.booking("OMS-1"), currency="EUR", sender=replace(
        SELLER, street="Hauptstraße 12a", postcode="10115", city="Berlin", country="DE"))
    asked = mapping.shipment(loading.models(), FedEx.carrier, booking, MONDAY.date())
    asked.options.pop("currency")
    asked.payment.currency = None
    _, mapper, _ = bench.connector()._line()
    assert set(checking.currencies(mapper.create_shipment_request(asked).serialize())) == {"EUR"}


def test_a_lost_answer_waits_for_a_person(bench):
    bench.line.faults = {2: lost}  # the first asks for the token
    booking = bench.standin.booking("OMS-1")
    with pytest.raises(OutcomeUnknown):
        bench.call(lambda c: c.book(booking))
    with pytest.raises(NotSupported) as unsure:
        bench.call(lambda c: c.find_booking("OMS-1"))
    assert str(unsure.value) == words.BY_NUMBER
    assert len(bench.standin.bookings("OMS-1")) == 1


def test_a_plugin_that_stumbles_after_it_sent_may_have_bought(bench, monkeypatch):
    proxy = loading.plugin("fedex").Proxy
    real = proxy.create_shipment

    def stumbles(self, request):
        real(self, request)
        raise KeyError("shipmentTrackingNumber")

    monkeypatch.setattr(proxy, "create_shipment", stumbles)
    with pytest.raises(OutcomeUnknown):
        bench.call(lambda c: c.book(bench.standin.booking("OMS-1")))
    assert len(bench.standin.bookings("OMS-1")) == 1


def test_who_may_not_do_that_is_told_so(bench):
    bench.line.faults = {2: lambda request, answer: Response(403, {}, b"{}")}
    with pytest.raises(AccessRefused) as refused:
        bench.call(lambda c: c.rates(bench.standin.booking("OMS-1")))
    assert (str(refused.value), refused.value.field) == (words.NO_RIGHTS, "secret_key")


def test_a_lost_token_bought_nothing(bench):
    bench.line.faults = {1: lost}
    with pytest.raises(ChannelDown):
        bench.call(lambda c: c.book(bench.standin.booking("OMS-1")))
    assert not bench.standin.bookings("OMS-1")


def test_the_carriers_refusal_names_the_field_and_repeats_no_words(bench, monkeypatch):
    monkeypatch.setattr(FedEx, "check_booking", lambda self, booking: [])
    booking = replace(bench.standin.booking("OMS-1"), receiver=replace(BUYER, phone="12"))
    with pytest.raises(Refused) as refused:
        bench.call(lambda c: c.book(booking))
    assert (refused.value.code, refused.value.field) == (
        "RECIPIENT.PHONENUMBER.INVALID", "receiver.phone")
    assert "12" not in str(refused.value)


def test_a_label_that_is_no_pdf_is_not_kept_and_an_image_becomes_one(bench):
    bench.standin.labels = b"GIF, they said"
    told = bench.call(lambda c: c.book(bench.standin.booking("OMS-1")))
    assert (told.state, told.labels, told.message) == ("confirmed", [], words.NO_LABEL)
    with pytest.raises(NotSupported):
        bench.call(lambda c: c.label(told.reference, told.tracking, "pdf_a6"))
    image = io.BytesIO()
    from PIL import Image

    Image.new("RGB", (8, 12), "white").save(image, "PNG")
    bench.standin.labels = image.getvalue()
    [label] = bench.call(lambda c: c.book(bench.standin.booking("OMS-2"))).labels
    assert label.content.startswith(b"%PDF-")


@pytest.mark.parametrize(("change", "field"), [
    ({"service": "fedex_2_day"}, "service"), ({"cod": Decimal(1)}, "cod"),
    ({"packages": [Package(1), Package(1)]}, "packages"), ({"is_return": True}, "is_return"),
    ({"receiver": replace(BUYER, country="CH")}, "receiver.country"),
    ({"sender": replace(SELLER, country="GB")}, "sender.country"),
    ({"packages": [Package(500, 10)]}, "packages.0.length_mm"),
])
def test_what_it_cannot_do_is_said_before_anything_is_sent(bench, change, field):
    flawed = replace(bench.standin.booking("OMS-1"), **change)
    assert field in [one.field for one in bench.call(lambda c: c.check_booking(flawed))]
    with pytest.raises(Refused):
        bench.call(lambda c: c.book(flawed))
    if field != "service":
        with pytest.raises(Refused):
            bench.call(lambda c: c.rates(flawed))
    assert not bench.line.calls


def test_prices_are_without_tax_and_a_moment_keeps_its_offset(bench):
    booking = bench.standin.booking("OMS-1")
    assert {one.service: one.price for one in bench.call(lambda c: c.rates(booking))} == {
        "fedex_regional_economy": Decimal("50.00"), "fedex_international_priority": Decimal(150)}
    told = bench.call(lambda c: c.book(booking))
    [journey] = bench.call(lambda c: c.track(told.tracking))
    assert journey.events[0].at == bench.clock.now.replace(microsecond=0)


def test_who_is_not_let_in_is_told_which_setting_is_wrong(bench):
    assert bench.call(lambda c: c.verify()) == f"FedEx {ACCOUNT}"
    with pytest.raises(AccessRefused) as refused:
        bench.call(lambda c: c.verify(), {"secret_key": "wrong"})
    assert refused.value.field == "secret_key"


# DHL Parcel DE


@pytest.fixture
def german():
    with open_bench(Dhl) as opened:
        yield opened


def test_a_german_parcel_with_its_number_apart_and_the_sellers_own_account(german):
    told = german.call(lambda c: c.book(german.standin.booking("OMS-1")))
    assert told.labels[0].content == pdf(told.reference)
    said = german.standin.parcels[told.reference]["form"]
    assert (said["consignee"]["addressStreet"], said["consignee"]["addressHouse"]) == (
        "Hauptstraße", "12a")
    assert (said["billingNumber"], said["refNo"]) == (BILLING, "OMS-1")
    german.standin.travel(told.tracking[0], "delivered")
    found, nothing = (german.call(lambda c, one=one: c.track([one]))[0]
                      for one in (told.tracking[0], german.standin.unknown))
    assert nothing is None
    # Berlin's clock, to the minute.
    assert [(one.state, one.raw, one.at) for one in found.events] == [
        ("delivered", "ZU", german.clock.now.replace(second=0, microsecond=0))]
    assert german.call(lambda c: c.verify()) == f"DHL Parcel DE {BILLING}"


def test_a_number_with_a_flat_stays_whole_in_germany(german):
    booking = replace(german.standin.booking("OMS-1"), receiver=replace(
        GUEST, street="Straße des 17. Juni 135/4"))
    lines = []
    german.standin.exchange = lambda request, real=german.standin.exchange: (
        lines.append(request), real(request))[1]
    with pytest.raises(Refused):  # the stand-in takes no flats; it is asked all the same
        german.call(lambda c: c.book(booking))
    [said] = json.loads(lines[-1].body)["shipments"]
    assert (said["consignee"]["addressStreet"], said["consignee"]["addressHouse"]) == (
        "Straße des 17. Juni", "135/4")


def test_an_answer_of_404_is_that_it_is_not_there():
    line = Line(lambda request: Response(200, {}, b'{"access_token": "t", "expires_in": 9}')
                if "token" in request.url else Response(404, {}, json.dumps(
                    {"errors": [{"code": "NOT.FOUND", "message": "x"}]}).encode()))
    carrier = connected(FedEx, Fedex(Clock()).settings, {"secret_key": "s"}, line)
    with pytest.raises(NotFound):
        carrier.cancel_booking("79", ["79"])
