"""What is asked of KSeF: the port that ``adapters/ksef.py`` keeps and a test may stand in for.

Every method may raise the SDK's errors: ``ChannelDown`` (nothing was done), ``OutcomeUnknown`` (a
write was sent, its answer lost), ``RateLimited``, ``AccessRefused``, ``Refused``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from oms_web.domain.einvoices.states import Answer, SessionAnswer


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key, in PEM."""

    certificate: str
    key: str


@dataclass(frozen=True, slots=True)
class Login:
    """How to sign in: by a token, or by a certificate."""

    token: str = ""
    pair: Pair | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """What a login gave."""

    token: str
    until: datetime
    refresh: str
    refresh_until: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """An open session: what is sent in it is encrypted with ``key`` and ``vector``."""

    reference: str
    key: bytes
    vector: bytes
    until: datetime


@dataclass(frozen=True, slots=True)
class Parcel:
    """An invoice to be sent. ``replaces``: the hash of a rejected offline invoice it mends."""

    xml: bytes
    is_offline: bool = False
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """An invoice in KSeF's list of those that concern a company. Amounts are minor units."""

    ksef_number: str
    number: str
    kind: str
    seller_nip: str
    seller_name: str
    issue_date: date
    stored_at: datetime
    currency: str
    net: int
    vat: int
    gross: int
    hash: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A part of that list. ``mark``: everything stored before it has been listed."""

    invoices: Sequence[Listed]
    mark: datetime


class EInvoiceOffice(Protocol):
    """KSeF, as one company sees it."""

    def check(self) -> None:
        """Sign in, if that was not done already."""

    def open(self) -> Session:
        """Open a session for single invoices."""

    def send(self, session: Session, parcel: Parcel) -> str:
        """Send an invoice; KSeF's reference of it."""

    def answer(self, session: str, reference: str) -> Answer:
        """What became of an invoice."""

    def session(self, session: str) -> SessionAnswer:
        """What became of a session and of all invoices that arrived in it."""

    def receipt(self, session: str, ksef_number: str) -> bytes:
        """The UPO of an invoice accepted in a session: KSeF's signed word that it has it."""

    def send_many(self, parcels: Sequence[Parcel], opened: Callable[[str], None]) -> None:
        """Send invoices as one package.

        Args:
            opened: is told the session's reference before anything that counts is sent.
        """

    def hash_of(self, ksef_number: str) -> str:
        """The hash of an invoice that KSeF has."""

    def incoming(self, since: datetime) -> Listing:
        """Invoices issued to the company and stored since a moment, the oldest first."""

    def fetch(self, ksef_number: str) -> bytes:
        """The XML of an invoice."""

    def close(self) -> None:
        """Let the connections go."""
