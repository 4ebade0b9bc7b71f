"""The carriers that talk in envelopes work in a process of their own: typed bookings go in and
labels come out, and a session that travels within the envelope is the new one once it is renewed.
"""

from __future__ import annotations

from datetime import timedelta

import httpx2
import pytest
from oms_connector import Booked, Booking
from oms_connector.testing import Clock, Request, StandIn

from oms_web.adapters.http import AccountHttp
from oms_web.core.actor import SYSTEM
from oms_web.sync import accounts
from oms_web.sync.registry import Registry
from oms_web.sync.session import Engine, connected
from tests.contract.dhl24_standin import Dhl24
from tests.contract.gls_standin import Gls
from tests.contract.orlen_standin import Orlen
from tests.contract.poczta_standin import Poczta
from tests.sync.isolated import lending

KEY = "S-7f3a91-1"


@pytest.fixture
def children(oms):
    with lending(oms) as made:
        yield made


def account_of(oms, carrier: StandIn) -> tuple[Engine, int]:
    """The sync engine with the way to a carrier, and a new account there."""
    def answered(request: httpx2.Request) -> httpx2.Response:
        got = carrier.exchange(Request(
            request.method, str(request.url),
            {name.lower(): value for name, value in request.headers.items()}, request.content))
        return httpx2.Response(got.status, headers=dict(got.headers), content=got.body)

    oms.works.ports["http"] = lambda base, headers, name, **more: AccountHttp(
        base, headers, loopback=False, name=name, transport=httpx2.MockTransport(answered),
        hosts=more["hosts"], renewal=more["renewal"], secrets=more["secrets"])
    kind = carrier.connector
    with oms.works.writing(SYSTEM) as work:
        account = accounts.connect(work, kind, "Carrier", carrier.settings, carrier.secrets)
        return Engine(oms.works, Registry({kind.manifest.key: kind})), account.id


def book(engine: Engine, account_id: int, booking: Booking) -> Booked:
    """A booking, asked for until its carrier has it."""
    with connected(engine, account_id) as (_, one):
        told = one.book(booking)
        return told if told.state != "pending" else one.find_booking(booking.key, told.reference)


@pytest.mark.parametrize("kind", [Dhl24, Gls, Poczta, Orlen])
def test_a_parcel_is_booked_and_labelled_from_its_own_process(oms, children, kind):
    carrier = kind(Clock(oms.works.clock()))
    engine, account_id = account_of(oms, carrier)
    told = book(engine, account_id, carrier.booking(KEY))
    assert told.state == "confirmed"
    with connected(engine, account_id) as (_, one):
        label = one.label(told.reference, told.tracking, "pdf_a6")
    assert label.content.startswith(b"%PDF")
    assert len(carrier.bookings(KEY)) == 1


def test_a_session_that_has_ended_is_renewed_from_its_own_process(oms, children):
    carrier = Gls(Clock(oms.works.clock()))
    engine, account_id = account_of(oms, carrier)
    carrier.sessions = {old: carrier.now - timedelta(days=1) for old in carrier.sessions}
    assert book(engine, account_id, carrier.booking(KEY)).state == "confirmed"
    assert len(carrier.bookings(KEY)) == 1
    assert len(carrier.sessions) == 2, "one new session, and it was kept"
    assert book(engine, account_id, carrier.booking(f"{KEY}0")).state == "confirmed"
    assert len(carrier.sessions) == 2
