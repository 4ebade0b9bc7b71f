"""The connector itself, and what it may be able to do: each capability is one small protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Protocol, runtime_checkable

from oms_connector.context import Context
from oms_connector.data import (
    Dictionary,
    Invoice,
    ItemResult,
    Offer,
    Order,
    OrderRef,
    Page,
    PriceItem,
    Return,
    Shipment,
    Sms,
    SmsReport,
    StockItem,
    Unreadable,
    Word,
)
from oms_connector.manifest import Manifest


class Connector:
    """Base of all connectors. One object per call of the engine, never shared, never kept."""

    manifest: ClassVar[Manifest]

    def __init__(self, context: Context) -> None:
        self.context = context

    @classmethod
    def base_url(cls, settings: Mapping[str, Any]) -> str:
        """The address that ``http`` paths are under; empty for connectors without a network."""
        return str(settings.get("url", ""))

    @classmethod
    def auth_headers(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """Headers that authenticate a request. Never logged."""
        return {}


@runtime_checkable
class VerifiesAccess(Protocol):
    """Can say whether the settings work."""

    def verify(self) -> str:
        """The account's own name at the channel. Raises ``AccessRefused`` naming the field."""


@runtime_checkable
class PullsOrders(Protocol):
    """Has a stream of new and changed orders."""

    def pull_orders(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Order | OrderRef]:
        """What changed after ``cursor`` (None: from the account's start), oldest change first."""


@runtime_checkable
class SweepsOrders(Protocol):
    """Can list all orders changed within a span, so that nothing stays missing."""

    def sweep_orders(
        self, since: datetime, until: datetime, cursor: Mapping[str, Any] | None, limit: int
    ) -> Page[Order | OrderRef]:
        """Orders changed in [since, until], in any stable order."""


@runtime_checkable
class FetchesOrders(Protocol):
    """Can fetch orders by id."""

    def fetch_orders(self, refs: Sequence[str]) -> Sequence[Order | Unreadable | None]:
        """One per reference, in order; None where the channel does not know it."""


@runtime_checkable
class AcknowledgesOrders(Protocol):
    """Keeps orders in an inbox until it is told that they have arrived."""

    def acknowledge(self, refs: Sequence[str]) -> None:
        """These are stored here. Called after the transaction that stored them, at least once."""


@runtime_checkable
class PullsReturns(Protocol):
    """Knows what buyers send back."""

    def pull_returns(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Return]:
        """New and changed returns after ``cursor`` (None: from the account's start)."""


@runtime_checkable
class ListsOffers(Protocol):
    """Can list what is on sale, with the quantity buyers see."""

    def list_offers(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Offer]:
        """All offers, page by page; ``more`` is False on the last."""


@runtime_checkable
class PushesStock(Protocol):
    """Can set the quantity of a listing."""

    def push_stock(self, items: Sequence[StockItem]) -> Sequence[ItemResult]:
        """Set absolute quantities; exactly one result per item, in order.

        The engine hands over at most ``stock_batch`` items, of the channel's ``stock_shape``.
        """


@runtime_checkable
class PushesPrices(Protocol):
    """Can set the price of a listing."""

    def push_prices(self, items: Sequence[PriceItem]) -> Sequence[ItemResult]:
        """Set prices; exactly one result per item, in order."""


@runtime_checkable
class AnswersLater(Protocol):
    """Takes pushes in and works on them; what became of each is known a while later."""

    def results(self, handle: str) -> Mapping[str, ItemResult] | None:
        """By ``offer_ref``; None while the channel still works. Keeps no "accepted" in it."""


@runtime_checkable
class PushesShipments(Protocol):
    """Can be told that goods left, with tracking."""

    def push_shipment(self, shipment: Shipment) -> str:
        """The channel's reference. Telling it again with the same key changes nothing."""


@runtime_checkable
class PushesStatus(Protocol):
    """Can be told how far an order is."""

    def push_status(self, external_id: str, status: str, revision: str) -> None:
        """Set one of the channel's own statuses (``words("statuses")``).

        Raises:
            Conflict: the order is no longer at ``revision``.
        """


@runtime_checkable
class CancelsOrders(Protocol):
    """Can be told that the seller will not deliver."""

    def cancel_order(self, external_id: str, lines: Mapping[str, int], reason: str) -> None:
        """Cancel units by line reference; empty means the whole order. Twice is once."""


@runtime_checkable
class UploadsInvoices(Protocol):
    """Shows documents to its buyers."""

    def upload_invoice(self, invoice: Invoice) -> str:
        """The channel's reference. The same key twice leaves one document."""


@runtime_checkable
class KnowsWords(Protocol):
    """Has lists of its own that a seller maps ours to."""

    def words(self, kind: Dictionary) -> Sequence[Word]:
        """The channel's carriers, statuses, ways to pay or to deliver; empty if it has none."""


@runtime_checkable
class SendsSms(Protocol):
    """Is a gateway to phones: it has no orders, it carries what sellers write to their buyers."""

    def send_sms(self, sms: Sms) -> str:
        """The gateway's reference; empty where an SMS of this key was sent before and the gateway
        does not name it again. The same key twice sends once.

        Raises:
            Refused: it cannot be sent so; ``field`` is ``to`` where the number is to blame.
        """


@runtime_checkable
class ReportsSms(Protocol):
    """Knows what became of an SMS."""

    def sms_reports(self, refs: Sequence[str]) -> Sequence[SmsReport | None]:
        """One per reference, in order; None where the gateway does not know it."""
