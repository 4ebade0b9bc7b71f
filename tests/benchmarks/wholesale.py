"""A shop with very many offers, and a channel that answers at once and only counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from oms_connector import Connector, ItemResult, Manifest, Order, Page, PriceItem, StockItem
from sqlalchemy import insert, select, update

from oms_web.core.actor import SYSTEM
from oms_web.core.work import Work
from oms_web.domain.catalog.events import VariantsChanged
from oms_web.domain.catalog.models import Product, Variant
from oms_web.domain.channels.models import Listing
from oms_web.domain.stock import service as stock
from oms_web.domain.stock.models import SUPPLIER
from oms_web.sync import accounts
from oms_web.sync.registry import Registry
from oms_web.wiring import Oms
from tests import factories as make

AT_ONCE = 1_000
"""Rows of one transaction: as many as an import of a price list changes in one."""
SKUS = 100
"""How many different SKUs the channel's orders are of."""


class Instant(Connector):
    """Takes every value, and tells ``orders`` orders of three lines in pages of a hundred."""

    manifest = Manifest("instant", "Instant", "In", "1.0")
    calls: Counter[str] = Counter()
    orders = 0

    def push_stock(self, items: Sequence[StockItem]) -> Sequence[ItemResult]:
        """Shown at once."""
        self.calls["stock"] += 1
        return [ItemResult("applied")] * len(items)

    def push_prices(self, items: Sequence[PriceItem]) -> Sequence[ItemResult]:
        """Shown at once."""
        self.calls["price"] += 1
        return [ItemResult("applied")] * len(items)

    def pull_orders(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[Order]:
        """The orders after the cursor."""
        self.calls["pull"] += 1
        start = cursor["at"] if cursor else 0
        end = min(start + limit, self.orders)
        return Page([an_order(number) for number in range(start, end)], {"at": end},
                    end < self.orders)


def an_order(number: int) -> Order:
    """One plausible order of three lines."""
    return make.order(
        f"A{number}", {f"S{(number * 3 + k * 7) % SKUS}": 1 + k for k in range(3)},
        buyer_name=f"Jan Kowalski{number % 977}", buyer_email=f"jan{number}@example.test",
    )


def open_shop(oms: Oms, offers: int, units: int = 10) -> tuple[int, Sequence[int]]:
    """An account with so many offers, each of a SKU of its own; the account and the variants."""
    oms.__dict__["registry"] = Registry({"instant": Instant})
    oms.works.ports["children"] = None
    oms.works.ports["http"] = lambda *_, **__: _Nobody()
    Instant.calls = Counter()
    with oms.works.writing(SYSTEM) as work:
        make.company(work)
        make.warehouse(work)
        account = accounts.connect(work, Instant, "Instant", {}, {}, publish_prices=True).id
    variants: list[int] = []
    for start in range(0, offers, AT_ONCE):
        with oms.works.writing(SYSTEM) as work:
            some = range(start, min(start + AT_ONCE, offers))
            variants += _goods(work, account, [f"S{number}" for number in some], units)
    return account, variants


def _goods(work: Work, account: int, skus: Sequence[str], units: int) -> Sequence[int]:
    session, now = work.session, work.now
    numbers = {"sort_by_parameter_order": True}
    products = session.scalars(insert(Product).returning(Product.id, **numbers), [
        {"name": sku, "created_at": now} for sku in skus]).all()
    ids = session.scalars(insert(Variant).returning(Variant.id, **numbers), [
        {"product_id": product, "sku": sku, "title": sku, "search": sku.lower(), "created_at": now,
         "price": 1000, "currency": "PLN"}
        for product, sku in zip(products, skus, strict=True)]).all()
    session.execute(insert(Listing), [
        {"account_id": account, "offer_ref": f"offer-{sku}", "sku": sku, "title": sku,
         "variant_id": id_, "mapped_by": "sku", "currency": "PLN", "first_seen_at": now,
         "seen_at": now}
        for id_, sku in zip(ids, skus, strict=True)])
    receive(work, ids, units, "first")
    return ids


def receive(work: Work, variants: Sequence[int], units: int, cause: str) -> None:
    """Units arrive."""
    place = stock.default_bin(work.session)
    stock.move_units(work, [
        stock.MoveWanted(id_, SUPPLIER, place, units, f"bench:{cause}:{id_}", "receipt")
        for id_ in variants])


def reprice(work: Work, variants: Sequence[int], price: int) -> None:
    """Other prices, as a list of them is read in."""
    work.session.execute(update(Variant).where(Variant.id.in_(variants)).values(price=price)
                         .execution_options(synchronize_session=False))
    work.announce(VariantsChanged(list(variants), ["price"]))


def change_all(oms: Oms, variants: Sequence[int], change: Any) -> None:
    """Do something to all variants, a thousand in each transaction."""
    for start in range(0, len(variants), AT_ONCE):
        with oms.works.writing(SYSTEM) as work:
            change(work, variants[start:start + AT_ONCE])


def shown(oms: Oms, row: Any, account: int) -> tuple[set[int], int]:
    """The values that the offers of an account show, and how many of them are up to date."""
    with oms.works.reading(SYSTEM) as work:
        rows = work.session.execute(
            select(row.sent, row.outcome, row.due_at).where(row.account_id == account)).all()
    return {one.sent for one in rows}, sum(
        one.outcome == "applied" and one.due_at is None for one in rows)


class _Nobody:
    """A network that nobody asks."""

    def close(self) -> None:
        """Nothing to let go."""


