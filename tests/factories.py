"""Small shops for tests: a company, warehouses, variants with stock, a channel account, orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from oms_connector import Address, Order, OrderLine

from oms_web.core.actor import SYSTEM
from oms_web.core.work import Work, Works
from oms_web.domain.catalog.models import Barcode, BundlePart, Product, Variant
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.company.models import Company
from oms_web.domain.orders.models import Status
from oms_web.domain.stock import service as stock
from oms_web.domain.stock.models import SUPPLIER, Location, Warehouse

NOON = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
_causes = count()

WARSAW = Address(name="Anna Testowa", street="Prosta 1", postcode="00-001", city="Warszawa",
                 country="PL", phone="600100200", email="anna@example.test")


def company(work: Work, **values: Any) -> Company:
    """The seller, with one status per phase; channels are told at once, if not said otherwise."""
    row = Company(id=1, name="Próba", address={}, created_at=work.now,
                  **{"recall_seconds": 0, **values})
    work.session.add(row)
    for position, (name, phase) in enumerate((
        ("Nowe", "open"), ("Pakowane", "packing"), ("Wysłane", "shipped"),
        ("Doręczone", "done"), ("Anulowane", "cancelled"), ("Szkic", "draft"),
    )):
        work.session.add(Status(name=name, phase=phase, position=position))
    work.session.flush()
    return row


def warehouse(work: Work, code: str = "LDZ", rank: int = 0, bins: Sequence[str] = ("A-01",)
              ) -> Warehouse:
    """A warehouse with sellable bins."""
    row = Warehouse(code=code, name=code, rank=rank, address={})
    work.session.add(row)
    work.session.flush()
    for order, name in enumerate(bins):
        work.session.add(Location(warehouse_id=row.id, kind="bin", code=name, path_order=order,
                                  sellable=True))
    work.session.flush()
    return row


def variant(work: Work, sku: str, *, ean: str = "", parts: Mapping[int, int] | None = None,
            **values: Any) -> int:
    """A product with one variant; ``parts`` (variant id -> quantity) makes it a bundle."""
    product = Product(name=f"Product {sku}", created_at=work.now)
    work.session.add(product)
    work.session.flush()
    row = Variant(product_id=product.id, sku=sku, title=f"Product {sku}", created_at=work.now,
                  search=sku.lower(), is_bundle=bool(parts), **values)
    work.session.add(row)
    work.session.flush()
    if ean:
        work.session.add(Barcode(variant_id=row.id, code=ean))
    for part, quantity in (parts or {}).items():
        work.session.add(BundlePart(bundle_id=row.id, part_id=part, quantity=quantity))
    work.session.flush()
    return row.id


def put(work: Work, variant_id: int, quantity: int, warehouse_id: int | None = None,
        location_id: int | None = None) -> int:
    """Receive units into a bin; returns the bin."""
    place = location_id or stock.default_bin(work.session, warehouse_id)
    stock.move_units(work, [stock.MoveWanted(
        variant_id, SUPPLIER, place, quantity, f"test:{next(_causes)}", "receipt")])
    return place


def account(work: Work, name: str = "Targ", **values: Any) -> ChannelAccount:
    """A connected channel account."""
    row = ChannelAccount(connector=values.pop("connector", "demo"), name=name, letters="Ta",
                         settings=values.pop("settings", {}), created_at=work.now, **values)
    work.session.add(row)
    work.session.flush()
    return row


def shop(works: Works, stock_of: Mapping[str, int] | None = None, **values: Any
         ) -> tuple[ChannelAccount, dict[str, int]]:
    """A whole small shop: company, one warehouse, an account, and variants with this stock."""
    with works.writing(SYSTEM) as work:
        company(work)
        warehouse(work)
        ids = {}
        for sku, quantity in (stock_of or {}).items():
            ids[sku] = variant(work, sku)
            if quantity:
                put(work, ids[sku], quantity)
        return account(work, **values), ids


def order(external_id: str, lines: Mapping[str, int] | Sequence[OrderLine], **values: Any) -> Order:
    """A channel's order: ``{sku: quantity}`` at 10.00 each, paid, from a complete address."""
    if isinstance(lines, Mapping):
        lines = [
            OrderLine(line_ref=str(n), title=f"Offer {sku}", quantity=quantity,
                      unit_price=Decimal("10.00"), offer_ref=f"offer-{sku}", sku=sku)
            for n, (sku, quantity) in enumerate(lines.items(), start=1)
        ]
    defaults: dict[str, Any] = {
        "placed_at": NOON - timedelta(hours=1), "currency": "PLN", "ship_to": WARSAW,
        "buyer_name": WARSAW.name, "buyer_email": WARSAW.email,
    }
    return Order(external_id=external_id, lines=tuple(lines), **(defaults | values))
