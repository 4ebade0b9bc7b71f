"""The marketplace in memory, told about its orders as well; and a small shop that sells there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from oms_connector import (
    Conflict,
    Connector,
    Invoice,
    ItemResult,
    Offer,
    Page,
    PriceItem,
    Word,
)
from sqlalchemy import select

from oms_web.core.actor import SYSTEM, Actor
from oms_web.domain.orders.models import ChannelNotice, Order
from oms_web.flows.issue_document import issue_invoice
from oms_web.jobs import rings
from oms_web.jobs.worker import drain
from oms_web.sync import feeds
from oms_web.sync.pull import pull
from oms_web.sync.push_notices import push_notices
from oms_web.wiring import Oms
from tests import factories as make
from tests import paper
from tests.sync.channel import Channel, Clock, connect, engine

ANNA = Actor("user", "Anna", 1)


@dataclass
class Told(Channel):
    """What it was told, by key."""

    invoices: dict[str, Invoice] = field(default_factory=dict)
    cancelled: dict[str, dict[str, int]] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    statuses: list[tuple[str, str]] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    calls_of: list[str] = field(default_factory=list)
    prices: dict[str, Decimal] = field(default_factory=dict)
    price_calls: list[list[PriceItem]] = field(default_factory=list)

    def told(self, name: str) -> int:
        """Count a call by its name; fail if told to."""
        self.calls_of.append(name)
        return self.call(name)

    def set_prices(self, items: Sequence[PriceItem]) -> list[ItemResult]:
        """Show other prices, unless told to reject them or to work on them for a while."""
        self.price_calls.append(list(items))
        if self.later:
            return [ItemResult("accepted", handle=f"price-{len(self.price_calls)}")] * len(items)
        refused = [item.offer_ref in self.rejects for item in items]
        self.prices |= {item.offer_ref: item.price
                        for item, no in zip(items, refused, strict=True) if not no}
        return [ItemResult("rejected", self.rejects[item.offer_ref]) if no
                else ItemResult("applied") for item, no in zip(items, refused, strict=True)]

    def finish_prices(self) -> None:
        """Do all that was taken in."""
        for number, items in enumerate(self.price_calls, start=1):
            self.prices |= {item.offer_ref: item.price for item in items}
            self.finished[f"price-{number}"] = {
                item.offer_ref: ItemResult("applied") for item in items}

    def connector(self) -> type[Connector]:
        """A connector class that speaks to this channel."""
        return _priced(self, _states(self, _told(self, super().connector())))


def _told(channel: Told, base: Any) -> type[Connector]:
    """Takes documents and cancellations."""
    class Telling(base):
        def upload_invoice(self, invoice: Invoice) -> str:
            number = channel.told("invoice")
            channel.invoices.setdefault(invoice.key, invoice)
            if channel.after:
                channel.after("invoice", number)
            return f"doc-{len(channel.invoices)}"

        def cancel_order(
            self, external_id: str, lines: Mapping[str, int], reason: str
        ) -> None:
            number = channel.told("cancel")
            channel.cancelled[external_id] = dict(lines)
            channel.reasons.append(reason)
            if channel.after:
                channel.after("cancel", number)

    return Telling


def _states(channel: Told, base: Any) -> type[Connector]:
    """Takes statuses and acknowledgements."""
    class Stating(base):
        def push_status(self, external_id: str, status: str, revision: str) -> None:
            number = channel.told("status")
            [now] = channel.shown([external_id])
            if now is not None and now.revision != revision:
                raise Conflict("changed meanwhile", now.revision)
            channel.statuses.append((external_id, status))
            if channel.after:
                channel.after("status", number)

        def words(self, kind: str) -> Sequence[Word]:
            return [Word("WORK", "In work"), Word("SENT", "Sent")] \
                if kind == "statuses" else []

        def acknowledge(self, refs: Sequence[str]) -> None:
            number = channel.told("acknowledge")
            channel.acknowledged += refs
            if channel.after:
                channel.after("acknowledge", number)

    return Stating


def _priced(channel: Told, base: Any) -> type[Connector]:
    """Takes prices, and shows them."""
    class Pricing(base):
        def push_prices(self, items: Sequence[PriceItem]) -> Sequence[ItemResult]:
            number = channel.told("prices")
            results = channel.set_prices(items)
            if channel.after:
                channel.after("prices", number)
            return results

        def list_offers(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Offer]:
            page = super().list_offers(cursor, limit)
            return replace(page, items=tuple(
                replace(offer, price=channel.prices.get(offer.offer_ref), currency="PLN")
                for offer in page.items))

    return Pricing


class Shop:
    """One paid order of mugs from the channel; everything is told in this process."""

    def __init__(self, oms: Oms, channel: Told | None = None, units: int = 2) -> None:
        self.oms, self.clock = oms, Clock(make.NOON)
        oms.works.clock = self.clock
        make.shop(oms.works, {"KUB": 10})
        with oms.works.writing(SYSTEM) as work:
            paper.company(work)
        self.channel = channel or Told(journal=[make.order("A1", {"KUB": units})])
        self.account = connect(oms, self.channel).id
        pull(engine(oms), self.account, feeds.ORDERS)
        self.channel.calls_of.clear()  # the order was acknowledged
        with oms.works.reading(SYSTEM) as work:
            self.order = work.session.scalars(select(Order.id)).first()

    def issue(self) -> int:
        """Issue the order's invoice."""
        with self.oms.works.writing(ANNA) as work:
            return issue_invoice(work, self.order)[0].id

    def tell(self) -> Any:
        """Tell the account what is due."""
        return push_notices(engine(self.oms), self.account, lambda id_: f"pdf {id_}".encode())

    def rings(self, seconds: float, step: float = 1) -> None:
        """Let the clock ring, and do what is due, for so long."""
        for _ in range(int(seconds / step)):
            self.clock.forward(seconds=step)
            rings.ring_feeds(self.oms)
            drain(self.oms)

    def notices(self) -> list[ChannelNotice]:
        """All notices, the oldest first."""
        with self.oms.works.reading(SYSTEM) as work:
            return list(work.session.scalars(select(ChannelNotice).order_by(ChannelNotice.id)))
