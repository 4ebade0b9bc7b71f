"""Our side: the app over a database of its own, with its real engine and network.

Connectors run in processes of their own, as they do for a seller. Two things are not as there: the
clock is set forward instead of waiting for it, and shops are asked as fast as they answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from oms_connector import Connector, PushesPrices
from sqlalchemy import func, select

from oms_web import migrations
from oms_web.core.actor import SYSTEM
from oms_web.core.clock import utc_now
from oms_web.core.money import to_minor
from oms_web.domain.channels.models import ChannelAccount, Listing, ListingPrice, ListingStock
from oms_web.domain.orders.models import ChannelNotice, ChannelOrder, Order, OrderLine, OrderLink
from oms_web.domain.returns.models import Return
from oms_web.domain.shipping.models import Shipment
from oms_web.domain.stock import service as stock
from oms_web.flows import order_cancel
from oms_web.flows.ship import ship_order
from oms_web.inspection import ledgers
from oms_web.jobs import rings, worker
from oms_web.settings import Settings
from oms_web.sync import accounts, proof
from oms_web.sync.models import Comparison, Feed, Quarantine
from oms_web.sync.session import Engine
from oms_web.wiring import wire
from tests import factories as make
from tests.live.shop import LiveShop

STEP = timedelta(minutes=2)
"""How far the clock is set forward: longer than any channel keeps a change to itself."""
ROUNDS = 20


class Ours:
    """An installation with one account at one shop."""

    def __init__(self, folder: Path) -> None:
        self._ahead = timedelta(0)
        self.oms = wire(settings=Settings(instance=folder, secret_key="live" * 10),
                        clock=lambda: utc_now() + self._ahead)
        paced = self.oms.works.ports["http"]
        self.oms.works.ports["http"] = lambda *args, **more: paced(*args, **more | {"limits": ()})
        migrations.upgrade(self.oms.engine)
        with self.oms.works.writing(SYSTEM) as work:
            make.company(work)
            make.warehouse(work)
        self.account = 0
        self.variants: dict[str, int] = {}

    @property
    def engine(self) -> Engine:
        """The sync engine."""
        return Engine(self.oms.works, self.oms.registry)

    def connector(self, key: str) -> type[Connector]:
        """A connector class as the app has found it."""
        found = self.oms.registry.get(key)
        assert found is not None, f"the connector {key} is not installed"
        return found

    def close(self) -> None:
        """End the connectors' processes and let the database go."""
        self.oms.works.ports["children"].close()
        self.oms.engine.dispose()

    # What a seller does here

    def add(self, sku: str, units: int, price: Decimal) -> None:
        """A product with so many units on its shelf."""
        with self.oms.works.writing(SYSTEM) as work:
            self.variants[sku] = make.variant(work, sku, price=to_minor(price, "PLN"),
                                              currency="PLN")
            make.put(work, self.variants[sku], units)

    def connect(self, shop: LiveShop) -> str:
        """Connect the account, as the form does; the name that the shop gives itself."""
        kind = self.connector(shop.name)
        settings, secrets = accounts.split_settings(kind, {**shop.settings, **shop.secrets})
        with self.oms.works.writing(SYSTEM) as work:
            self.account = accounts.connect(
                work, kind, shop.name.title(), settings, secrets,
                publish_prices=issubclass(kind, PushesPrices)).id
        return accounts.verify(self.engine, self.account, SYSTEM)

    def send(self, order_id: int, carrier: str, number: str) -> None:
        """An order leaves in one parcel."""
        with self.oms.works.writing(SYSTEM) as work:
            ship_order(work, order_id, carrier=carrier, number=number)

    def cancel(self, order_id: int) -> None:
        """We will not deliver."""
        with self.oms.works.writing(SYSTEM) as work:
            order_cancel.cancel(work, order_id, "out of stock")

    # The clock

    def go_on(self) -> None:
        """Time passes: every feed is read, everything that is due is sent and told.

        Raises:
            AssertionError: a feed failed, or something was never finished.
        """
        self._ahead += STEP
        with self.oms.works.writing(SYSTEM) as work:
            accounts.sync_now(work, self.account)
        for _ in range(ROUNDS):
            rings.ring_feeds(self.oms)
            if not worker.drain(self.oms):
                break
            self._ahead += timedelta(seconds=1)
        else:
            raise AssertionError(f"still at work after {ROUNDS} rounds")
        with self.oms.works.reading(SYSTEM) as work:
            failing = [f"{feed.name}: {feed.error}" for feed in work.session.scalars(
                select(Feed).where(Feed.failures > 0))]
            account = work.session.get_one(ChannelAccount, self.account)
        assert not failing, f"feeds fail: {'; '.join(failing)}"
        assert account.state == "active", f"the account is {account.state}: {account.state_reason}"

    # What is true here

    def order(self, ref: str) -> Order:
        """The order that stands for one of the channel's."""
        with self.oms.works.reading(SYSTEM) as work:
            found = work.session.scalar(
                select(Order).join(OrderLink, OrderLink.order_id == Order.id)
                .join(ChannelOrder, ChannelOrder.id == OrderLink.channel_order_id)
                .where(ChannelOrder.external_id == ref))
            unread = {row.external_id: row.reason for row in work.session.scalars(
                select(Quarantine).where(Quarantine.state == "waiting"))}
        assert found is not None, f"order {ref} has not come in; put aside: {unread}"
        return found

    def skus(self, order_id: int) -> Mapping[str, int]:
        """Our SKU -> units ordered."""
        ids = {variant: sku for sku, variant in self.variants.items()}
        with self.oms.works.reading(SYSTEM) as work:
            return {ids.get(line.variant_id, "?"): line.quantity for line in work.session.scalars(
                select(OrderLine).where(OrderLine.order_id == order_id))}

    def free(self, sku: str) -> int:
        """Units that nobody was promised."""
        with self.oms.works.reading(SYSTEM) as work:
            return stock.free_units(work.session, [self.variants[sku]])[self.variants[sku]]

    def linked(self) -> set[str]:
        """The SKUs that the shop sells and that are linked to a product here."""
        with self.oms.works.reading(SYSTEM) as work:
            return set(work.session.scalars(
                select(Listing.sku).where(Listing.variant_id.is_not(None))))

    def complaints(self) -> list[str]:
        """What was sent or told and did not arrive."""
        with self.oms.works.reading(SYSTEM) as work:
            found = [f"{kind.__tablename__} {row.listing_id}: {row.outcome} {row.message}"
                     for kind in (ListingStock, ListingPrice)
                     for row in work.session.scalars(
                         select(kind).where(kind.outcome.is_distinct_from("applied")))]
            found += [f"shipment {row.id}: {row.told} {row.told_message}"
                      for row in work.session.scalars(
                          select(Shipment).where(Shipment.told != "done"))]
            found += [f"{row.kind} of order {row.order_id}: {row.state} {row.message}"
                      for row in work.session.scalars(
                          select(ChannelNotice).where(ChannelNotice.state != "done"))]
        return found

    def returns(self, order_id: int) -> list[Return]:
        """The returns of an order."""
        with self.oms.works.reading(SYSTEM) as work:
            return list(work.session.scalars(select(Return).where(Return.order_id == order_id)))

    def proof(self) -> Comparison | None:
        """The newest count of theirs against ours."""
        with self.oms.works.reading(SYSTEM) as work:
            return proof.latest(work.session, [self.account]).get(self.account)

    def books(self) -> list[str]:
        """What the inspection of all books finds."""
        with self.oms.works.reading(SYSTEM) as work:
            return [str(one) for one in ledgers.check(work.session)]

    def count(self) -> int:
        """How many orders there are."""
        with self.oms.works.reading(SYSTEM) as work:
            return work.session.scalar(select(func.count()).select_from(Order)) or 0

    def children(self) -> list[int]:
        """The processes that connectors run in at this moment."""
        return list(self.oms.works.ports["children"].pids())
