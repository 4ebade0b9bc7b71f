"""Money: what crosses the border when it is asked for, looked at, given back, or claimed back.

Buyers pay at a provider, or at the channel where they buy. Money goes back by the way it came: by a
provider's payment, or by a channel's order.

Notifications are doorbells (``HearsWebhooks`` with rings of kind ``payment``): whatever they say,
the payment is read again. Amounts are ``Decimal`` in the currency's main unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol, runtime_checkable
from urllib.parse import urlsplit

from oms_connector.errors import Refused
from oms_connector.marking import N_

NO_AMOUNT = N_("%(amount)s is not an amount that can be paid")

LOOPBACK = ("127.0.0.1", "localhost", "::1")

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
class FeeClaim:
    """A marketplace's commission that is to come back for units of an order's line.

    ``offer_ref`` is empty where it is not known.
    ``known``: references of this line's other claims that we know of: none of them is this one.
    """

    key: str
    order_ref: str
    line_ref: str
    offer_ref: str
    quantity: int
    known: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class FeeClaimTold:
    """A claim, as the marketplace knows it. ``amount``: gross; None while it is not known."""

    reference: str
    state: Literal["open", "granted", "rejected", "withdrawn"]
    quantity: int
    amount: Decimal | None = None
    currency: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class PaymentTold:
    """A payment, as the provider knows it now. ``key`` is the one it was asked for with.

    ``disputed``: the buyer's bank has taken the money back, or is about to (chargeback).
    """

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
    disputed: bool = False


RefundReason = Literal["return", "complaint", "cancelled", "not_collected", "other"]
"""Why money goes back: the buyer sends goods back, complains of them, called the order off, did
not take the parcel; ``other``: a lower price, or a gesture."""


@dataclass(frozen=True, slots=True)
class RefundLine:
    """What goes back of an order's line: so many units of it, and the money for them."""

    line_ref: str
    quantity: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class RefundAsk:
    """Money that is to go back, the whole payment or part of it. ``key`` is ours and unique.

    ``payment``: the provider's reference of the payment; at a channel its id of the order.
    ``known``: references of this payment's other refunds that we know of, for those that keep
    no keys: a refund of the same amount which is none of them is the one that was asked for.

    Channels are told what the money is for, too: ``amount`` is that of the ``lines`` and of
    ``shipping`` together, and what is more stands behind nothing (a lower price).
    """

    key: str
    payment: str
    amount: Decimal
    currency: str
    description: str
    notify_url: str = ""
    known: Sequence[str] = ()
    lines: Sequence[RefundLine] = ()
    shipping: Decimal = Decimal(0)
    reason: RefundReason = "other"

    @property
    def rest(self) -> Decimal:
        """The part of the amount that neither goods nor sending stand behind."""
        return self.amount - self.shipping - sum((one.amount for one in self.lines), Decimal(0))


@runtime_checkable
class TellsPayments(Protocol):
    """Knows whether a payment came."""

    def payment(self, reference: str) -> PaymentTold | None:
        """How it stands now; None where the provider does not know it."""


@runtime_checkable
class AsksForPayments(Protocol):
    """Gives a link where a buyer pays."""

    def ask_payment(self, ask: PaymentAsk) -> PaymentLink:
        """Open a payment. The same key twice gives the same payment and its link.

        Raises:
            Conflict: the provider has a payment of this key and does not tell its link again.
            OutcomeUnknown: sent, and nobody knows.
        """


@runtime_checkable
class RefundsPayments(Protocol):
    """Gives money back by the way it came: a provider by its payment, a channel by its order."""

    def refund(self, ask: RefundAsk) -> RefundTold:
        """Order it; the same key twice gives money back once.

        Raises:
            Refused: more than is left, too old, no funds.
            OutcomeUnknown: sent, and nobody knows.
        """

    def find_refund(self, ask: RefundAsk, reference: str = "") -> RefundTold | None:
        """What the provider has of a refund that was asked for; None: nothing.

        ``reference`` is the provider's own id of it, where it was told.
        """


@runtime_checkable
class ClaimsFees(Protocol):
    """Gives its commission back for what was sold and came back, if it is asked to."""

    def claim_fee(self, claim: FeeClaim) -> FeeClaimTold:
        """Ask for it; the same key twice, or what is claimed already, is one claim.

        Raises:
            Refused: too late, or the buyer has the money still to get.
            OutcomeUnknown: sent, and nobody knows.
        """

    def find_fee_claim(self, claim: FeeClaim, reference: str = "") -> FeeClaimTold | None:
        """How a claim stands, by its reference or as the one for this line; None: there is none."""

    def withdraw_fee_claim(self, reference: str) -> None:
        """Take it back. Twice is once.

        Raises:
            Refused: it was decided already.
        """


def is_safe_link(url: str) -> bool:
    """Whether a buyer may be sent there: to an encrypted page, or to one on this very machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def in_minor(amount: Decimal, places: int = 2) -> int:
    """An amount in the currency's smallest unit.

    Raises:
        Refused: it has more digits than the currency, or is not above zero.
    """
    found = amount.scaleb(places)
    if found <= 0 or found != found.to_integral_value():
        raise Refused(NO_AMOUNT % {"amount": amount}, "amount", "amount")
    return int(found)


def from_minor(amount: int, places: int = 2) -> Decimal:
    """The amount in the currency's main unit."""
    return Decimal(amount).scaleb(-places)
