"""How many units of a SKU there are in each warehouse: a page of SKUs at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from oms_web.core import paging
from oms_web.core.errors import Invalid, NotFound
from oms_web.core.paging import Page
from oms_web.core.text import squeeze
from oms_web.domain.catalog.models import Variant
from oms_web.domain.stock import overview, queries
from oms_web.domain.stock.models import Balance, Location, Warehouse
from oms_web.domain.stock.overview import StockRow
from oms_web.domain.stock.service import default_bin


@dataclass(frozen=True, slots=True)
class InWarehouse:
    """Units in one warehouse. ``free`` may be promised; ``idle`` lie where nothing is sold from."""

    code: str
    on_hand: int
    reserved: int
    idle: int

    @property
    def free(self) -> int:
        """Units that can be promised to a buyer."""
        return self.on_hand - self.reserved - self.idle


@dataclass(frozen=True, slots=True)
class Level:
    """The numbers of a SKU. A bundle lies nowhere: its ``free`` is made of its parts."""

    row: StockRow
    warehouses: Sequence[InWarehouse] = field(default_factory=tuple)


def page(
    session: Session, after: str | None = None, limit: int = 50, *, only: Sequence[str] = (),
) -> Page[Level]:
    """A page of the SKUs in use, in the order in which they were made.

    Raises:
        Invalid: ``after`` is not a token of this list.
    """
    query = (
        select(Variant.id, Variant.product_id, Variant.sku, Variant.title, Variant.is_bundle,
               Variant.minimum)
        .where(Variant.archived_at.is_(None)).order_by(Variant.id).limit(limit + 1)
    )
    if after:
        query = query.where(Variant.id > paging.unseal_as(after, int)[0])
    if only:
        query = query.where(Variant.sku.in_(only))
    found = session.execute(query).all()
    rows = [StockRow(*row) for row in found[:limit]]
    more = paging.seal(rows[-1].id) if len(found) > limit else None
    return Page(_filled(session, rows), more)


def one(session: Session, sku: str) -> Level:
    """The numbers of one SKU.

    Raises:
        NotFound: there is none in use.
    """
    found = page(session, only=[sku]).rows
    if not found:
        raise NotFound("There is no such SKU.")
    return found[0]


def _filled(session: Session, rows: Sequence[StockRow]) -> list[Level]:
    places = _by_warehouse(session, [row.id for row in rows])
    return [Level(row, places.get(row.id, ())) for row in overview.with_numbers(session, rows)]


def _by_warehouse(session: Session, variant_ids: Sequence[int]) -> dict[int, list[InWarehouse]]:
    for_sale = and_(Location.sellable, Location.active, Warehouse.active)
    query = (
        select(Balance.variant_id, Warehouse.id, Warehouse.code, for_sale,
               func.sum(Balance.on_hand), func.sum(Balance.reserved))
        .join(Location, Location.id == Balance.location_id)
        .join(Warehouse, Warehouse.id == Location.warehouse_id)
        .where(Balance.variant_id.in_(variant_ids), Location.kind == "bin")
        .group_by(Balance.variant_id, Warehouse.id, Warehouse.code, Warehouse.rank, for_sale)
        .order_by(Balance.variant_id, Warehouse.rank, Warehouse.id)
    )
    sums: dict[tuple[int, int], list[int]] = {}
    codes: dict[int, str] = {}
    for variant_id, warehouse_id, code, sellable, on_hand, reserved in session.execute(query):
        codes[warehouse_id] = code
        known = sums.setdefault((variant_id, warehouse_id), [0, 0, 0])
        known[0] += int(on_hand)
        known[1] += int(reserved)
        known[2] += 0 if sellable else int(on_hand) - int(reserved)
    found: dict[int, list[InWarehouse]] = defaultdict(list)
    for (variant_id, warehouse_id), numbers in sums.items():
        if any(numbers):
            found[variant_id].append(InWarehouse(codes[warehouse_id], *numbers))
    return found


def place(session: Session, variant_id: int, warehouse: str = "", bin_code: str = "") -> int:
    """The bin somebody means who names a warehouse and perhaps a bin.

    Without a bin it is the one in which the SKU lies, or, if it lies nowhere, where units go when
    nobody names a place.

    Raises:
        Invalid: no such warehouse or bin, or the SKU lies in several bins there.
    """
    houses = queries.warehouses(session)
    chosen = [one for one in houses if one.code == warehouse] if warehouse else houses[:1]
    if not chosen:
        raise Invalid("There is no such warehouse.", "warehouse")
    warehouse_id = chosen[0].id
    if bin_code:
        found = queries.scanned_bin(session, warehouse_id, bin_code)
        if found is None:
            raise Invalid("There is no such bin: %(code)s", "bin", code=squeeze(bin_code)[:40])
        return found
    lies = session.scalars(
        select(Balance.location_id).join(Location, Location.id == Balance.location_id)
        .where(Balance.variant_id == variant_id, Balance.on_hand > 0, Location.kind == "bin",
               Location.active, Location.warehouse_id == warehouse_id).limit(2)
    ).all()
    if len(lies) > 1:
        raise Invalid("It lies in several bins. Name one.", "bin")
    try:
        return lies[0] if lies else default_bin(session, warehouse_id)
    except NotFound as error:
        raise Invalid("There is no such bin: %(code)s", "bin", code="") from error
