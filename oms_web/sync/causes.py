"""What goes wrong with channels, by its cause: how often, since when, where it is mended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, literal_column, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from oms_web.domain.channels.models import ChannelAccount, Listing, ListingPrice, ListingStock
from oms_web.domain.orders.models import WRONG_NOTICE, ChannelNotice, Order, OrderLine
from oms_web.domain.shipping.models import UNTOLD as UNTOLD_SHIPMENT
from oms_web.domain.shipping.models import Shipment, ShipmentLine
from oms_web.sync.health import AccountHealth
from oms_web.sync.models import Quarantine

SHOWN = 20
LATELY = timedelta(days=30)
_CUT_OFF = ("access", "connect")
_WRONG = ("rejected", "retry", "unknown")
UNTOLD = ("failed", "retry", "unknown")
SHIPMENT_UNTOLD = ("failed", "unknown")


@dataclass(slots=True)
class Cause:
    """Errors with the same words; ``message`` is what they have in common.

    ``kind`` says where it is mended: ``connect`` (not connected so far), ``access`` (refused),
    ``limit`` (asked too fast), ``feed`` (reading failed), ``stock``, ``price``, ``order`` or
    ``return`` (not read), ``invoice``, ``cancel``, ``status``, ``shipment`` (not told), ``link``
    (offers without a product).
    """

    account: ChannelAccount
    kind: str
    message: str
    count: int
    first_at: datetime | None
    last_at: datetime | None
    words: set[str] = field(default_factory=set)

    @property
    def whole(self) -> str:
        """The message with all its values, where each of these errors has the same; else empty."""
        return next(iter(self.words)) if len(self.words) == 1 else ""

    def take(
        self, words: str, count: int, first_at: datetime | None, last_at: datetime | None
    ) -> None:
        """The same again."""
        self.words.add(words)
        self.count += count
        self.first_at = min(filter(None, (self.first_at, first_at)), default=None)
        self.last_at = max(filter(None, (self.last_at, last_at)), default=None)


Found = tuple[int, str, str, int, datetime | None, datetime | None]


def causes(
    session: Session, overview: Sequence[AccountHealth], now: datetime,
    cause: Callable[[str], str] = str,
) -> list[Cause]:
    """Errors of these accounts by their cause: who is cut off first, then the most frequent.

    ``cause`` takes out of an error what only this one has: a row's number, a value.
    """
    by_id = {one.account.id: one.account for one in overview}
    found: dict[tuple[int, str, str], Cause] = {}
    for account_id, kind, message, count, first_at, last_at in _all(session, overview, now):
        said = cause(message)
        known = found.setdefault((account_id, kind, said), Cause(
            by_id[account_id], kind, said, 0, first_at, last_at))
        known.take(message, count, first_at, last_at)
    ranked = sorted(found.values(), key=lambda one: (one.kind not in _CUT_OFF, -one.count))
    return ranked[:SHOWN]


def _all(session: Session, overview: Sequence[AccountHealth], now: datetime) -> Iterator[Found]:
    ids = [one.account.id for one in overview]
    for one in overview:
        yield from _reading(one)
        if one.unmapped:
            yield one.account.id, "link", "", one.unmapped, None, None
    for query in (_stock(ids), _prices(ids), _unread(ids), _notices(ids), _shipments(ids, now)):
        for account_id, kind, message, count, first_at, last_at in session.execute(query):
            yield account_id, kind, message or "", count, first_at, last_at


def _reading(one: AccountHealth) -> Iterator[Found]:
    account = one.account
    if one.is_awaited:
        yield account.id, "connect", "", 1, account.created_at, None
        return
    if account.state == "broken":
        since = [feed.failing_since for feed in one.feeds if feed.failing_since]
        last = [feed.failed_at for feed in one.feeds if feed.failed_at]
        yield (account.id, "access", account.state_reason or "", max(1, len(since)),
               min(since, default=None), max(last, default=None))
        return
    for feed in one.feeds:
        if feed.error and feed.failures:
            kind = "limit" if one.blocked_until else "feed"
            yield (account.id, kind, feed.error, feed.failures, feed.failing_since, feed.failed_at)


def _stock(ids: Sequence[int]) -> Select[*tuple[Any, ...]]:
    row = ListingStock
    return (
        select(row.account_id, literal("stock"), row.message, func.count(), func.min(row.sent_at),
               func.max(row.sent_at))
        .join(Listing, Listing.id == row.listing_id)
        .where(row.outcome.in_(_WRONG), row.account_id.in_(ids), Listing.state == "active")
        .group_by(row.account_id, row.message)
    )


def _prices(ids: Sequence[int]) -> Select[*tuple[Any, ...]]:
    row = ListingPrice
    return (
        select(row.account_id, literal("price"), row.message, func.count(), func.min(row.sent_at),
               func.max(row.sent_at))
        .join(Listing, Listing.id == row.listing_id)
        .where(row.outcome.in_(_WRONG), row.account_id.in_(ids), Listing.state == "active")
        .group_by(row.account_id, row.message)
    )


def _unread(ids: Sequence[int]) -> Select[*tuple[Any, ...]]:
    row = Quarantine
    return (
        select(row.account_id, row.kind, row.reason, func.count(), func.min(row.first_at),
               func.max(row.last_at))
        .where(row.state == "waiting", row.account_id.in_(ids))
        .group_by(row.account_id, row.kind, row.reason)
    )


def _notices(ids: Sequence[int]) -> Select[*tuple[Any, ...]]:
    row = ChannelNotice
    return (
        select(row.account_id, row.kind, row.message, func.count(), func.min(row.created_at),
               func.max(func.coalesce(row.told_at, row.created_at)))
        .where(literal_column(WRONG_NOTICE), row.account_id.in_(ids))
        .group_by(row.account_id, row.kind, row.message)
    )


def concerns(account_id: InstrumentedAttribute[int] | int) -> ColumnElement[bool]:
    """The condition that something of an account's orders is in a ``Shipment``, whichever of them
    it was made for.
    """
    inside = (
        select(OrderLine.id).join(ShipmentLine, ShipmentLine.line_id == OrderLine.id)
        .join(Order, Order.id == OrderLine.order_id)
        .where(ShipmentLine.shipment_id == Shipment.id, Order.account_id == account_id))
    own = select(Order.id).where(Order.id == Shipment.order_id, Order.account_id == account_id)
    return or_(*(one.correlate(Shipment, ChannelAccount).exists() for one in (own, inside)))


def _shipments(ids: Sequence[int], now: datetime) -> Select[*tuple[Any, ...]]:
    row, account = Shipment, ChannelAccount
    return (
        select(account.id, literal("shipment"), row.told_message, func.count(),
               func.min(row.told_at), func.max(row.told_at))
        .join(row, concerns(account.id))
        .where(literal_column(UNTOLD_SHIPMENT), row.shipped_at > now - LATELY,
               account.id.in_(ids))
        .group_by(account.id, row.told_message)
    )
