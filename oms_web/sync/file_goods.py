"""Products and stock counts of a file, into the catalogue and the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from oms_connector import ProductRecord, Skipped, StockRecord, Unreadable
from sqlalchemy import select

from oms_web.core.errors import Invalid, NotFound, OmsError
from oms_web.core.money import to_micro, to_minor
from oms_web.core.work import Work
from oms_web.domain.catalog.models import Variant
from oms_web.domain.catalog.records import VariantInput, check_currency
from oms_web.domain.catalog.service import put_variants
from oms_web.domain.stock import service as stock
from oms_web.domain.stock.models import Balance, Location, Warehouse
from oms_web.flows import opening_stock, stock_correction
from oms_web.sync import quarantine
from oms_web.sync.file_pages import FilePage, Source, StoredPage
from oms_web.sync.file_runs import origin_of

PRODUCT, STOCK = "product", "stock"
HOME_CURRENCY = "PLN"


def store(work: Work, source: Source, page: FilePage, turn: int) -> StoredPage:
    """Store a page of products or of stock counts, in the running transaction."""
    stored = StoredPage(read=len({position for position, _ in page.items}))
    kind = PRODUCT if source.kind == "products" else STOCK
    good: list[tuple[int, Any]] = []
    for position, record in page.items:
        if isinstance(record, Skipped):
            stored.skipped[record.reason] = stored.skipped.get(record.reason, 0) + record.rows
        elif isinstance(record, Unreadable):
            _put(work, source, kind, record.external_id, record.raw, record.reason, record.field)
            stored.quarantined += 1
        else:
            good.append((position, record))
    if kind == PRODUCT:
        _store_products(work, source, good, stored)
    else:
        _store_counts(work, source, good, stored, turn)
    return stored


def _put(
    work: Work, source: Source, kind: str, external_id: str, raw: str, reason: str, field: str
) -> None:
    quarantine.put(work, None, kind, external_id, raw, reason, field=field,
                   origin=origin_of(source.run_id))


def _refuse(
    work: Work, source: Source, kind: str, sku: str, position: int, error: OmsError
) -> None:
    _put(work, source, kind, sku, source.text_of(position), str(error),
         getattr(error, "field", ""))


def _store_products(
    work: Work, source: Source, records: Sequence[tuple[int, ProductRecord]], stored: StoredPage
) -> None:
    told: list[tuple[int, VariantInput]] = []
    opening: dict[str, int] = {}
    for position, record in records:
        try:
            # Parts may stand further down: bundles are put together when all SKUs are known.
            told.append((position, replace(as_variant(record), parts={})))
        except OmsError as error:
            _refuse(work, source, PRODUCT, record.sku, position, error)
            stored.quarantined += 1
            continue
        stored.bundles = stored.bundles or bool(record.parts)
        if record.opening_stock:
            opening[record.sku] = record.opening_stock
    outcome = put_variants(work, [variant for _, variant in told])
    stored.added, stored.changed, stored.same = outcome.added, outcome.changed, outcome.same
    for refusal in outcome.refused:
        position = told[refusal.index][0]
        _refuse(work, source, PRODUCT, refusal.sku, position, refusal.error)
    stored.quarantined += len(outcome.refused)
    wrong = {refusal.sku for refusal in outcome.refused}
    quarantine.solve(work, None, PRODUCT, outcome.ids.keys() - wrong)
    _receive(work, source, outcome.ids, opening)


def _receive(
    work: Work, source: Source, ids: dict[str, int], opening: dict[str, int]
) -> None:
    """Opening stock of products: once ever per SKU and profile, whatever the file says later."""
    wanted = {ids[sku]: units for sku, units in opening.items() if sku in ids}
    if wanted:
        opening_stock.receive(work, wanted, key=f"profile:{source.profile_id}",
                              reference=origin_of(source.run_id), top_up=False)


def as_variant(record: ProductRecord) -> VariantInput:
    """A file's product as the catalogue wants it.

    Raises:
        Invalid: no such currency.
    """
    currency = check_currency(record.currency) if record.currency else ""
    length, width, height = record.size_mm or (None, None, None)
    return VariantInput(
        sku=record.sku, name=record.name, option=record.option, brand=record.brand,
        category=record.category, description=record.description, vat_rate=record.vat_rate,
        eans=tuple(record.eans), weight_g=record.weight_g, length_mm=length, width_mm=width,
        height_mm=height, currency=currency, parts=dict(record.parts),
        price=None if record.price is None else to_minor(record.price, currency or HOME_CURRENCY),
        cost=None if record.cost is None else to_micro(record.cost),
    )


def store_bundles(work: Work, source: Source, page: FilePage) -> int:
    """Tell the catalogue what the bundles of a page consist of; how many could not be told."""
    bundles = [
        (position, record) for position, record in page.items
        if isinstance(record, ProductRecord) and record.parts
    ]
    if not bundles:
        return 0
    outcome = put_variants(work, [
        VariantInput(record.sku, parts=dict(record.parts)) for _, record in bundles
    ])
    for refusal in outcome.refused:
        _refuse(work, source, PRODUCT, refusal.sku, bundles[refusal.index][0], refusal.error)
    return len(outcome.refused)


def _store_counts(
    work: Work, source: Source, records: Sequence[tuple[int, StockRecord]], stored: StoredPage,
    turn: int,
) -> None:
    """Make the ledger agree with what was counted; units that are there already stay."""
    variants = dict(work.session.execute(
        select(Variant.sku, Variant.id).where(Variant.sku.in_([r.sku for _, r in records]))
    ).all())
    for position, record in records:
        try:
            with work.session.begin_nested():
                changed = _count(work, record, variants.get(record.sku),
                                 f"import:{source.run_id}:{turn}:{position}")
        except OmsError as error:
            _refuse(work, source, STOCK, record.sku, position, error)
            stored.quarantined += 1
            continue
        stored.changed += changed
        stored.same += not changed
    quarantine.solve(work, None, STOCK, variants.keys())


@dataclass(frozen=True, slots=True)
class _Place:
    location_id: int
    on_hand: int


def _count(work: Work, record: StockRecord, variant_id: int | None, key: str) -> bool:
    if variant_id is None:
        raise Invalid("There is no SKU %(sku)s.", "sku", sku=record.sku)
    places = list(_places(work, record, variant_id))
    difference = record.quantity - sum(place.on_hand for place in places)
    if difference == 0:
        return False
    if difference > 0:
        stock_correction.correct(work, variant_id, places[0].location_id, difference, "mistake",
                                 key=key)
        return True
    missing = -difference
    for place in places:
        some = min(missing, place.on_hand)
        if some:
            stock_correction.correct(work, variant_id, place.location_id, -some, "mistake",
                                     key=f"{key}:{place.location_id}")
            missing -= some
    return True


def _places(work: Work, record: StockRecord, variant_id: int) -> Iterator[_Place]:
    """The bins that a count is about, the fullest first: one that is named, or the warehouse's."""
    warehouse_id = _warehouse(work, record.warehouse)
    query = (
        select(Location.id, Balance.on_hand)
        .outerjoin(Balance, (Balance.location_id == Location.id)
                   & (Balance.variant_id == variant_id))
        .where(Location.warehouse_id == warehouse_id, Location.kind == "bin", Location.active)
    )
    if record.location:
        row = work.session.execute(query.where(Location.code == record.location)).one_or_none()
        if row is None:
            raise NotFound("There is no bin %(code)s in this warehouse.", code=record.location)
        yield _Place(row[0], row[1] or 0)
        return
    full = work.session.execute(
        query.where(Balance.on_hand > 0).order_by(Balance.on_hand.desc(), Location.id)
    ).all()
    for location_id, on_hand in full:
        yield _Place(location_id, on_hand)
    if not full:
        yield _Place(stock.default_bin(work.session, warehouse_id), 0)


def _warehouse(work: Work, code: str) -> int:
    query = select(Warehouse.id).where(Warehouse.active)
    if code:
        query = query.where(Warehouse.code == code)
    found = work.session.scalar(query.order_by(Warehouse.rank, Warehouse.id).limit(1))
    if found is None and code:
        raise NotFound("There is no warehouse %(code)s.", code=code)
    if found is None:
        raise NotFound("There is no warehouse with a bin yet. Add one first.")
    return found
