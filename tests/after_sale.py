"""A shop after the sale: an order that was sent and paid, to be returned and complained of."""

from __future__ import annotations

from decimal import Decimal

from oms_connector import OrderLine, Payment

from oms_web.core.actor import SYSTEM
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.messages import settings as mail
from oms_web.domain.orders.service import order_lines
from oms_web.domain.stock import warehouses
from oms_web.flows import ship
from oms_web.flows.order_in import take_in
from oms_web.wiring import Oms
from tests import factories as make
from tests.conftest import TESTER

MAIL = {"host": "smtp.example.com", "port": 587, "security": "starttls", "username": "me",
        "password": "tajne-haslo", "from_address": "my@sklep.example",
        "public_url": "https://sklep.example", "page_days": 60}


class AfterSale:
    """Two cups at 33.34 and 33.33 more for the third: 100.00, a tea at 20.00, delivery 10.00."""

    def __init__(self, oms: Oms, *, delivered: bool = False) -> None:
        self.oms, self.works = oms, oms.works
        account, self.ids = make.shop(oms.works, {"CUP": 10, "TEA": 10})
        self.account_id = account.id
        with oms.works.writing(SYSTEM) as work:
            self.shelf = work.session.execute(_bins()).scalars().all()[0]
            warehouses.add_bins(work, 1, ["ZWROTY"], sellable=False)
            self.pen = work.session.execute(_bins()).scalars().all()[-1]
            mail.change(work, MAIL)
            make.variant(work, "ODD", ean="5901234123457")
        self.order_id = self.sell("A1", delivered=delivered)

    def account(self, work) -> ChannelAccount:
        """The channel account, in a work."""
        return work.session.get_one(ChannelAccount, self.account_id)

    def sold(self, name: str, **values):
        """The order as its channel tells it."""
        return make.order(name, [
            OrderLine("1", "Kubek", 3, Decimal("33.33"), sku="CUP"),
            OrderLine("2", "Herbata", 1, Decimal("20.00"), sku="TEA"),
        ], shipping=Decimal("10.00"), discount=Decimal("10.00"),
            payments=(Payment(f"pay-{name}", Decimal("119.99"), make.NOON, "BLIK"),), **values)

    def sell(self, name: str, *, sent: bool = True, delivered: bool = False) -> int:
        """An order, as a rule sent already."""
        with self.works.writing(TESTER) as work:
            order_id = take_in(work, self.account(work), [self.sold(name)]).order_ids[0]
        if sent:
            with self.works.writing(TESTER) as work:
                [shipment] = ship.ship_order(work, order_id, carrier="InPost",
                                             number=f"6200000{order_id}")
            if delivered:
                with self.works.writing(TESTER) as work:
                    ship.arrived(work, shipment)
        return order_id

    def lines(self, order_id: int | None = None) -> dict[str, int]:
        """SKU -> order line."""
        with self.works.reading(TESTER) as work:
            return {line.sku: line.id for line in order_lines(work.session,
                                                              order_id or self.order_id)}

    def do(self, act, *args, **values):
        """One act in a transaction of its own."""
        with self.works.writing(TESTER) as work:
            return act(work, *args, **values)


def _bins():
    from sqlalchemy import select

    from oms_web.domain.stock.models import Location

    return select(Location.id).where(Location.kind == "bin").order_by(Location.id)
