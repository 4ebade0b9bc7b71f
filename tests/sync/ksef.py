"""A company that sends to a KSeF in this very process, and a network between that loses answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from oms_connector import Response

from oms_web.adapters import latarnia
from oms_web.adapters.http import AccountHttp
from oms_web.adapters.ksef import Ksef
from oms_web.adapters.ksef_standin.books import Books
from oms_web.adapters.ksef_standin.server import StandIn
from oms_web.core.actor import Actor
from oms_web.domain.documents.models import Document
from oms_web.domain.einvoices import settings
from oms_web.domain.einvoices.models import EInvoice
from oms_web.flows.issue_document import issue_invoice
from oms_web.sync import einvoicing
from oms_web.wiring import Oms
from tests import paper

ANNA = Actor("user", "Anna Nowak", 7)
NIP = "5252248481"
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # a Monday
COMPANY_BUYER = {"tax_id": "5261040828", "buyer_company": "Źródło Sp. z o.o.",
                 "bill_to": dict(paper.COMPANY_HOME)}


class Wire(httpx2.BaseTransport):
    """Requests of the client reach the stand-in; ``lose`` says whose answers do not come back."""

    def __init__(self, app: StandIn) -> None:
        self.inner = httpx2.WSGITransport(app=app, raise_app_exceptions=True)
        self.lose: Callable[[httpx2.Request], bool] = lambda _request: False
        self.cut: Callable[[httpx2.Request], bool] = lambda _request: False
        self.hear: Callable[[httpx2.Request, Response], object] = lambda _asked, _answer: None

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if self.cut(request):
            raise httpx2.ConnectError("cut")
        answer = self.inner.handle_request(request)
        answer.read()
        self.hear(request, Response(answer.status_code, dict(answer.headers), answer.content))
        if self.lose(request):
            raise httpx2.ReadTimeout("lost")
        return answer


@dataclass
class Shop:
    """A company, its KSeF, and a clock that is turned by hand."""

    oms: Oms
    ksef: StandIn
    wire: Wire
    now: list[datetime] = field(default_factory=lambda: [START])

    def later(self, **span: float) -> None:
        """Time passes."""
        self.now[0] += timedelta(**span)

    def run(self) -> einvoicing.Done:
        """What the clock would start now."""
        return einvoicing.run(self.oms.works)

    def settle(self, rounds: int = 6) -> None:
        """Run until everything that is on its way has arrived."""
        for _ in range(rounds):
            self.run()
            self.later(minutes=6)

    def issue(self, count: int = 1, **order: object) -> list[int]:
        """Invoices of fresh orders of a company; the ids of the documents."""
        made = []
        for _ in range(count):
            with self.oms.works.writing(ANNA) as work:
                order_id = paper.order(work, **(COMPANY_BUYER | order)).id
                made.append(issue_invoice(work, order_id)[0].id)
        return made

    def row(self, document_id: int) -> EInvoice:
        """What is known of a document."""
        with self.oms.works.reading(ANNA) as work:
            return work.session.get_one(EInvoice, document_id)

    def states(self) -> dict[int, str]:
        """The state of each."""
        with self.oms.works.reading(ANNA) as work:
            return {row.document_id: row.state for row in work.session.query(EInvoice)}

    def document(self, document_id: int) -> Document:
        """A document."""
        with self.oms.works.reading(ANNA) as work:
            return work.session.get_one(Document, document_id)

    def sends(self) -> int:
        """How many invoices arrived at KSeF, however often the same."""
        return self.ksef.books.arrivals


@contextmanager
def shop(oms: Oms, **values: object) -> Iterator[Shop]:
    """A shop whose invoices for companies go to the stand-in."""
    now = [START]
    ksef = StandIn(Books(clock=lambda: now[0]))
    wire = Wire(ksef)
    made = Shop(oms, ksef, wire, now)
    oms.works.clock = lambda: now[0]

    def make_http(base_url, headers, renewal):
        return AccountHttp(base_url, headers, loopback=True, transport=wire, renewal=renewal,
                           sink=lambda _call: None)

    def make(address, nip, login, access, keep):
        return Ksef(address, nip, login, access, keep, make_http, lambda: now[0],
                    sleep=lambda _s: None)

    def announced(address):
        assert address == "http://127.0.0.1:8002/latarnia"
        return latarnia.read(AccountHttp(address, {}, loopback=True, transport=wire,
                                         sink=lambda _call: None))

    oms.works.ports |= {"ksef": make, "ksef_notices": announced}
    with oms.works.writing(ANNA) as work:
        paper.company(work)
        settings.change(work, {
            "environment": "rehearsal", "address": "http://127.0.0.1:8002/v2", "nip": NIP,
            "login": "token", "token": "a-token", "buyers": "companies",
            "reads_incoming": True,
        } | values)
    yield made


def pair(kind: str = "ec", name: str = "Leśna Sowa", days: int = 700) -> tuple[bytes, bytes]:
    """A self-signed certificate and its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1()) if kind == "ec" \
        else rsa.generate_private_key(65537, 2048)
    whose = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (x509.CertificateBuilder().subject_name(whose).issuer_name(whose)
            .public_key(key.public_key()).serial_number(0x01F20A5D352AE590)
            .not_valid_before(START - timedelta(days=1))
            .not_valid_after(START + timedelta(days=days)).sign(key, hashes.SHA256()))
    return made.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption())
