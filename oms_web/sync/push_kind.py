"""What differs between the kinds of values that are pushed: quantities and prices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from oms_connector import Capabilities, ItemResult, PriceItem, StockItem
from sqlalchemy import ColumnElement, and_, insert

from oms_web.core.work import Work
from oms_web.domain.channels.models import (
    ChannelAccount,
    Desired,
    Listing,
    ListingPrice,
    ListingStock,
    PricePublication,
    Publication,
)

Item = StockItem | PriceItem


@dataclass(frozen=True, slots=True)
class Sending:
    """One value on its way, or being worked on.

    ``desired_at`` and ``changed_at`` are None where a newer value has taken its place.
    ``after_unknown``: what became of an older value is not known, and it may still arrive.
    """

    listing_id: int
    version: int
    attempts: int
    desired_at: datetime | None
    changed_at: datetime | None
    sent_at: datetime
    value: int
    item: Item
    after_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of value.

    ``row`` and ``journal`` keep it, ``switch`` is the account's consent. ``protocol`` is what a
    connector must be able to do, ``call`` does it with at most ``batch`` items that ``alike`` calls
    equal, each made by ``item`` (row, offer, SKU, value, key). ``column`` is the journal's name for
    the value; ``columns`` are others that the row and the journal have in common.
    """

    name: str
    row: type[ListingStock] | type[ListingPrice]
    journal: type[Publication] | type[PricePublication]
    switch: Any
    protocol: type
    call: Callable[[Any, Sequence[Any]], Sequence[ItemResult]]
    batch: Callable[[Capabilities], int]
    alike: Callable[[Capabilities], str | None]
    item: Callable[[Any, str, str, int, int, str], Item]
    column: str
    columns: tuple[str, ...] = ()

    def is_due(self, now: datetime) -> ColumnElement[bool]:
        """The condition on the row, ``Listing`` and ``ChannelAccount`` joined."""
        return and_(
            self.row.due_at <= now, Listing.state == "active", ChannelAccount.state == "active",
            self.switch, ChannelAccount.archived_at.is_(None),
        )

    def sending(
        self, row: Desired, offer_ref: str, sku: str, value: int, version: int, sent_at: datetime,
        after_unknown: bool = False,
    ) -> Sending:
        """A row's value as it goes to the connector."""
        # The moment too: a database that came back from a backup counts versions again, and
        # a channel that remembers keys would take a new decision for an old one.
        key = f"{self.name}:{row.listing_id}:{version}:{row.desired_at:%y%m%d%H%M%S%f}"
        wanted, changed = (row.desired_at, row.changed_at or row.desired_at) \
            if version == row.version else (None, None)
        return Sending(row.listing_id, version, row.attempts, wanted, changed, sent_at, value,
                       self.item(row, offer_ref, sku, value, version, key), after_unknown)

    def write_down(
        self, work: Work, account_id: int, ended: Sequence[tuple[Sending, ItemResult]]
    ) -> None:
        """Add outcomes to the journal."""
        if ended:
            work.session.execute(insert(self.journal), [
                {"at": work.now, "account_id": account_id, "listing_id": sending.listing_id,
                 "version": sending.version, self.column: sending.value,
                 "outcome": result.outcome, "message": result.message[:500] or None,
                 "desired_at": sending.desired_at, "lag_ms": sending.changed_at and
                 (work.now - sending.changed_at) // timedelta(milliseconds=1),
                 **{name: getattr(sending.item, name) for name in self.columns}}
                for sending, result in ended
            ])


@dataclass(slots=True)
class Pushed:
    """What a run sent, by outcome."""

    applied: int = 0
    rejected: int = 0
    later: int = 0

    def count(self, outcome: str) -> None:
        """One more of this outcome."""
        self.applied += outcome == "applied"
        self.rejected += outcome == "rejected"
        self.later += outcome in ("retry", "unknown", "accepted")

    def __int__(self) -> int:
        return self.applied + self.rejected + self.later
