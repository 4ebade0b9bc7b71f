"""The marketplace in memory, told about its orders as well; and a small shop that sells there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from oms_connector import Connector, Invoice
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
    calls_of: list[str] = field(default_factory=list)

    def told(self, name: str) -> int:
        """Count a call by its name; fail if told to."""
        self.calls_of.append(name)
        return self.call(name)

    def connector(self) -> type[Connector]:
        """A connector class that speaks to this channel."""
        channel = self
        base: Any = super().connector()

        class Talking(base):
            def upload_invoice(self, invoice: Invoice) -> str:
                number = channel.told("invoice")
                channel.invoices.setdefault(invoice.key, invoice)
                if channel.after:
                    channel.after("invoice", number)
                return f"doc-{len(channel.invoices)}"

        return Talking


class Shop:
    """One paid order of two mugs from the channel; everything is told in this process."""

    def __init__(self, oms: Oms, channel: Told | None = None) -> None:
        self.oms, self.clock = oms, Clock(make.NOON)
        oms.works.clock = self.clock
        make.shop(oms.works, {"KUB": 10})
        with oms.works.writing(SYSTEM) as work:
            paper.company(work)
        self.channel = channel or Told(journal=[make.order("A1", {"KUB": 2})])
        self.account = connect(oms, self.channel).id
        pull(engine(oms), self.account, feeds.ORDERS)
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
