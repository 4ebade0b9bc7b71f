"""Payment providers: what crosses the border when money is asked for, looked at or given back.

Notifications are doorbells (``HearsWebhooks`` with rings of kind ``payment``): whatever they say,
the payment is read again. Amounts are ``Decimal`` in the currency's main unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol, runtime_checkable

PaymentStanding = Literal["waiting", "authorized", "paid", "refused", "cancelled"]


@dataclass(frozen=True, slots=True)
class PaymentAsk:
    """Money that a buyer is asked for. ``key`` is ours: asked twice, there is one payment.

    ``notify_url`` is where the provider rings, ``return_url`` where the buyer lands afterwards.
    """

    key: str
    amount: Decimal
    currency: str
    description: str
    buyer_name: str = ""
    buyer_email: str = ""
    language: str = "pl"
    return_url: str = ""
    notify_url: str = ""


@dataclass(frozen=True, slots=True)
class PaymentLink:
    """Where the buyer pays. ``reference`` is the provider's own id of the payment."""

    reference: str
    url: str


@dataclass(frozen=True, slots=True)
class RefundTold:
    """Money given back, as the provider knows it. ``key`` is ours; empty if others asked for it."""

    reference: str
    amount: Decimal
    state: Literal["pending", "done", "refused"]
    key: str = ""
    at: datetime | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class PaymentTold:
    """A payment, as the provider knows it now. ``key`` is the one it was asked for with."""

    reference: str
    state: PaymentStanding
    amount: Decimal
    currency: str
    key: str = ""
    paid: Decimal = Decimal(0)
    at: datetime | None = None
    method: str = ""
    raw_status: str = ""
    refunds: Sequence[RefundTold] = ()


@dataclass(frozen=True, slots=True)
class RefundAsk:
    """Money that is to go back, the whole payment or part of it. ``key`` is ours and unique."""

    key: str
    payment: str
    amount: Decimal
    currency: str
    description: str
    notify_url: str = ""


@runtime_checkable
class TellsPayments(Protocol):
    """Knows whether a payment came."""

    def payment(self, reference: str) -> PaymentTold | None:
        """How it stands now; None where the provider does not know it."""


@runtime_checkable
class AsksForPayments(Protocol):
    """Gives a link where a buyer pays."""

    def ask_payment(self, ask: PaymentAsk) -> PaymentLink:
        """Open a payment. The same key twice gives the same payment, or ``Refused``."""


@runtime_checkable
class RefundsPayments(Protocol):
    """Gives money back by the way it came."""

    def refund(self, ask: RefundAsk) -> RefundTold:
        """Order it. After a lost answer only if ``find_refund`` knows nothing.

        Raises:
            Refused: more than is left, too old, no funds.
            OutcomeUnknown: sent, and nobody knows.
        """

    def find_refund(self, key: str, payment: str, reference: str = "") -> RefundTold | None:
        """What the provider has under our key; None: nothing."""
