"""Accounting systems: what crosses the border when an issued document is entered into the books.

Money is ``Decimal`` in the document's currency. A document was issued before it gets here: its
number and its sums are settled, to the grosz. A system that would count it otherwise refuses it;
nothing is ever altered to fit. Our ``number`` is unique, and what a document is found by there: a
lost answer (``OutcomeUnknown``) is followed by ``find_entry``, and entered again it is one entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, Protocol, runtime_checkable

from oms_connector.data import Address

BookKind = Literal["invoice", "correction", "proforma"]
BookMethod = Literal["gross_rate", "net_rate", "net_line"]
"""How VAT was counted: from the gross sum of each rate, from its net sum, or line by line on the
net amounts (ustawa o VAT, art. 106e ust. 7-8, ust. 1 pkt 14, ust. 10)."""
Treatment = Literal["domestic", "wdt", "export", "oss", "services_eu", "reverse"]
"""How the sale is taxed: at home, goods to a company in the Union, goods out of it, one-stop shop,
a service to a company in the Union, by the buyer."""


@dataclass(frozen=True, slots=True)
class BookLine:
    """A line. ``amount`` is what all its units come to, discounts taken off: gross where the
    document's method is ``gross_rate``, else net. ``rate`` is ``23``, ``zw``, ``np``, ``oo``...
    """

    title: str
    quantity: int
    unit: str
    rate: str
    amount: Decimal
    sku: str = ""
    gtu: str = ""


@dataclass(frozen=True, slots=True)
class BookChange:
    """A line that a correction puts right, as it was and as it is."""

    before: BookLine
    after: BookLine


@dataclass(frozen=True, slots=True)
class BookSum:
    """What a document comes to at one rate; of a correction the difference."""

    rate: str
    net: Decimal
    vat: Decimal
    gross: Decimal


@dataclass(frozen=True, slots=True)
class BookParty:
    """Who sells or buys. ``tax_id`` as the document says it; empty of who has none."""

    address: Address
    tax_id: str = ""
    bank_account: str = ""


@dataclass(frozen=True, slots=True)
class BookPayment:
    """``kind``: paid beforehand, on delivery, on credit. ``method`` in words for people."""

    kind: Literal["prepaid", "cod", "credit"]
    method: str
    paid: Decimal = Decimal(0)
    paid_on: date | None = None
    due: date | None = None


@dataclass(frozen=True, slots=True)
class BookExchange:
    """The published rate at which VAT is said in the home currency, its table and its day."""

    currency: str
    rate: Decimal
    table: str
    day: date


@dataclass(frozen=True, slots=True)
class BookDocument:
    """An issued document. ``number`` is ours and unique.

    A ``correction`` has ``changes`` and no ``lines``; it corrects the document ``corrects``, which
    is ``corrects_entry`` in the books where that is known. ``receipt``: the fiscal receipt that an
    invoice belongs to.
    """

    number: str
    kind: BookKind
    issue_date: date
    sale_date: date
    currency: str
    method: BookMethod
    seller: BookParty
    buyer: BookParty
    sums: Sequence[BookSum]
    payment: BookPayment
    lines: Sequence[BookLine] = ()
    changes: Sequence[BookChange] = ()
    treatment: Treatment = "domestic"
    language: str = "pl"
    order_number: str = ""
    remark: str = ""
    receipt: str = ""
    corrects: str = ""
    corrects_entry: str = ""
    reason: str = ""
    exempt_basis: str = ""
    split_payment: bool = False
    exchange: BookExchange | None = None

    @property
    def net(self) -> Decimal:
        """Without VAT, all rates."""
        return sum((one.net for one in self.sums), Decimal(0))

    @property
    def vat(self) -> Decimal:
        """The VAT, all rates."""
        return sum((one.vat for one in self.sums), Decimal(0))

    @property
    def gross(self) -> Decimal:
        """With VAT, all rates."""
        return sum((one.gross for one in self.sums), Decimal(0))


@dataclass(frozen=True, slots=True)
class Entered:
    """A document as the books have it: by their own words and sums, never an echo of ours.

    ``reference`` is the system's own id, ``url`` where a person sees it there.
    """

    reference: str
    number: str
    net: Decimal
    vat: Decimal
    gross: Decimal
    url: str = ""


@runtime_checkable
class KeepsBooks(Protocol):
    """Takes issued documents into the books."""

    def takes(self) -> Sequence[BookKind]:
        """The kinds of documents it can enter. Asks no network."""

    def enter(self, document: BookDocument) -> Entered:
        """Enter it. The same number twice is one entry.

        Raises:
            Refused: the system says no, or would count it otherwise than it was issued; ``field``
                is a field of the document where one is to blame.
            OutcomeUnknown: sent, and nobody knows.
        """

    def find_entry(self, document: BookDocument) -> Entered | None:
        """What the books have under the number of a document; None: nothing."""

    def tell_paid(self, reference: str, document: BookDocument) -> None:
        """An entry has been paid in full, as ``document.payment`` says. Told twice is told once.

        Raises:
            Refused: it is not there any more, or is closed.
            OutcomeUnknown: sent, and nobody knows.
        """
