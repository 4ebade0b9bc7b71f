"""A marketplace in memory, with a connector for it and a switch for every way it can fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from oms_connector import (
    Capabilities,
    Connector,
    ItemResult,
    Manifest,
    Offer,
    Order,
    Page,
    Shipment,
    StockItem,
)

from oms_web.core.actor import SYSTEM
from oms_web.domain.channels.models import ChannelAccount
from oms_web.sync import accounts
from oms_web.sync.registry import Registry
from oms_web.sync.session import Engine
from oms_web.wiring import Oms

Fault = Callable[[str, int], None]


@dataclass
class Channel:
    """What the marketplace knows. ``fault(call, number)`` may raise before, ``after`` after."""

    journal: list[Order] = field(default_factory=list)
    stock: dict[str, int] = field(default_factory=dict)
    shipments: dict[str, Shipment] = field(default_factory=dict)
    stock_calls: list[list[StockItem]] = field(default_factory=list)
    rejects: dict[str, str] = field(default_factory=dict)
    page_size: int = 3
    calls: int = 0
    fault: Fault | None = None
    after: Fault | None = None
    updated_misses: frozenset[str] = frozenset()
    gone: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    shape: str = "per_item"
    later: bool = False
    works: dict[str, list[StockItem]] = field(default_factory=dict)
    finished: dict[str, dict[str, ItemResult]] = field(default_factory=dict)

    def call(self, name: str) -> int:
        """Count a call; fail if told to."""
        self.calls += 1
        if self.fault:
            self.fault(name, self.calls)
        return self.calls

    def shown(self, refs: Sequence[str]) -> list[Order | None]:
        """The orders as they are now."""
        latest = {order.external_id: order for order in self.journal}
        return [None if ref in self.gone else latest.get(ref) for ref in refs]

    def set_stock(self, items: Sequence[StockItem]) -> list[ItemResult]:
        """Show other quantities, unless told to reject them."""
        self.stock_calls.append(list(items))
        if self.later:
            handle = f"work-{len(self.stock_calls)}"
            self.works[handle] = list(items)
            return [ItemResult("accepted", handle=handle)] * len(items)
        results = []
        for item in items:
            if item.offer_ref in self.rejects:
                results.append(ItemResult("rejected", self.rejects[item.offer_ref]))
            else:
                self.stock[item.offer_ref] = item.quantity
                results.append(ItemResult("applied"))
        return results

    def finish(self, told: Mapping[str, ItemResult] | None = None) -> None:
        """Do all that was taken in; ``told`` are answers other than "applied"."""
        for handle, items in self.works.items():
            self.finished[handle] = {
                item.offer_ref: (told or {}).get(item.offer_ref, ItemResult("applied"))
                for item in items
            }
            self.stock |= {item.offer_ref: item.quantity for item in items
                           if self.finished[handle][item.offer_ref].outcome == "applied"}
        self.works = {}

    def connector(self) -> type[Connector]:
        """A connector class that speaks to this channel."""
        channel = self

        class Fake(Connector):
            manifest = Manifest("fake", "Fake", "Fa", "1.0",
                                capabilities=Capabilities(
                                    min_poll_s=5, stock_batch=4, page_max=4,
                                    stock_shape=channel.shape,
                                    updated_misses=channel.updated_misses))

            def pull_orders(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Order]:
                number = channel.call("pull")
                start = cursor["at"] if cursor else 0
                end = start + channel.page_size
                page = Page(tuple(channel.journal[start:end]),
                            {"at": min(end, len(channel.journal))}, end < len(channel.journal))
                if channel.after:
                    channel.after("pull", number)
                return page

            def fetch_orders(self, refs: Sequence[str]) -> Sequence[Order | None]:
                channel.call("fetch")
                return channel.shown(refs)

            def push_stock(self, items: Sequence[StockItem]) -> Sequence[ItemResult]:
                number = channel.call("stock")
                results = channel.set_stock(items)
                if channel.after:
                    channel.after("stock", number)
                return results

            def results(self, handle: str) -> Mapping[str, ItemResult] | None:
                channel.call("results")
                return channel.finished.get(handle)

            def push_shipment(self, shipment: Shipment) -> str:
                number = channel.call("shipment")
                channel.shipments.setdefault(shipment.key, shipment)
                if channel.after:
                    channel.after("shipment", number)
                return shipment.key

            def list_offers(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Offer]:
                channel.call("offers")
                return Page(tuple(
                    Offer(ref, title=ref, quantity=quantity, active=ref not in channel.ended)
                    for ref, quantity in channel.stock.items()
                ), {}, False)

        return Fake


def connect(
    oms: Oms, channel: Channel, name: str = "Fake", key: str = "fake"
) -> ChannelAccount:
    """Install the channel's connector and connect an account to it."""
    connector = channel.connector()
    connector.manifest = replace(connector.manifest, key=key)
    if "registry" not in oms.__dict__:
        oms.__dict__["registry"] = Registry()
    oms.registry.connectors[key] = connector
    with oms.works.writing(SYSTEM) as work:
        return accounts.connect(work, connector, name, {}, {})


def engine(oms: Oms) -> Engine:
    """The sync engine of an installation."""
    return Engine(oms.works, oms.registry)


class Clock:
    """A clock that tests turn by hand."""

    def __init__(self, start: Any) -> None:
        self.now = start

    def __call__(self) -> Any:
        return self.now

    def forward(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)
