"""The stock list: a page of SKUs with their numbers, and how many SKUs stand where.

A page costs the same few statements whatever is filtered; nothing is asked per row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, NotNullable, Select, and_, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session

from oms_web.core import paging
from oms_web.core.paging import Page
from oms_web.domain.catalog import codes, composition, queries
from oms_web.domain.catalog.models import Barcode, Product, Variant
from oms_web.domain.channels.models import ChannelAccount, Listing, ListingStock
from oms_web.domain.channels.standing import WORST, is_standing, standing
from oms_web.domain.stock.availability import bundle_free
from oms_web.domain.stock.models import (
    TRANSIT,
    Balance,
    Location,
    Move,
    StockDocument,
    StockDocumentLine,
    Warehouse,
)

PAGE = 50
DEAD_DAYS = 90

STATES = ("short", "out", "below", "normal", "dead")
CHANNEL_STATES = ("drift", "open", "rejected")


@dataclass(frozen=True, slots=True)
class StockFilter:
    """What the list is narrowed to; empty fields say nothing.

    ``state``: one of ``STATES``. ``channel``: one of ``CHANNEL_STATES``. ``short`` selects the
    variants that orders lack (orders know, not stock).
    """

    q: str = ""
    state: str = ""
    channel: str = ""
    account_id: int | None = None
    warehouse_id: int | None = None
    category: str = ""
    short: Select[int] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """One listing of a SKU: what it should show, what was sent, what was read back."""

    listing_id: int
    account_id: int
    variant_id: int
    offer_ref: str
    title: str
    url: str
    active: bool
    mapped_by: str | None
    buffer: int
    own_buffer: int | None
    cap: int | None
    own_cap: int | None
    desired: int | None
    sent: int | None
    sent_at: datetime | None
    confirmed: int | None
    confirmed_at: datetime | None
    message: str | None
    standing: str


@dataclass(frozen=True, slots=True)
class StockRow:
    """The numbers of one SKU. For a bundle ``free`` is whole bundles, the others are zero."""

    id: int
    product_id: int
    sku: str
    title: str
    is_bundle: bool
    minimum: int
    on_hand: int = 0
    reserved: int = 0
    unsellable: int = 0
    incoming: int = 0
    free: int = 0
    thumb: str | None = None
    shown: Mapping[int, tuple[Shown, ...]] = field(default_factory=dict)

    @property
    def buffers(self) -> tuple[int, int]:
        """The smallest and the largest buffer of its listings."""
        found = [one.buffer for some in self.shown.values() for one in some]
        return min(found, default=0), max(found, default=0)

    @property
    def sent_at(self) -> datetime | None:
        """When a quantity of it was last sent anywhere."""
        found = [one.sent_at for some in self.shown.values() for one in some if one.sent_at]
        return max(found, default=None)


def page(
    session: Session, wanted: StockFilter, now: datetime, after: str | None = None,
    limit: int = PAGE,
) -> Page[StockRow]:
    """A page of the list, by title. An exact code that was searched for stands alone."""
    # Few rows are left by these: finding all and sorting them beats walking the titles' index,
    # so the sort is written in a way that no index serves.
    few = wanted.q or wanted.channel or wanted.category
    title = func.coalesce(Variant.title, "") if few else Variant.title
    query = (
        select(Variant.id, Variant.product_id, Variant.sku, Variant.title, Variant.is_bundle,
               Variant.minimum)
        .where(Variant.archived_at.is_(None), *conditions(session, wanted, now))
        .order_by(title, Variant.id).limit(limit + 1)
    )
    if after:
        query = query.where(tuple_(title, Variant.id) > tuple_(*paging.unseal_as(after, str, int)))
    rows = [StockRow(*row) for row in session.execute(query)]
    more = paging.seal(rows[limit - 1].title, rows[limit - 1].id) if len(rows) > limit else None
    return Page(filled(session, rows[:limit], wanted.warehouse_id), more)


def filled(
    session: Session, rows: Iterable[StockRow], warehouse_id: int | None = None
) -> list[StockRow]:
    """The rows with their numbers, listings and pictures."""
    numbered = with_numbers(session, list(rows), warehouse_id)
    listings = shown_of(session, [row.id for row in numbered])
    thumbs = queries.thumbs(session, [row.id for row in numbered])
    return [
        replace(row, thumb=thumbs.get(row.id), shown=listings.get(row.id, {})) for row in numbered
    ]


def free_of(session: Session, variant_ids: Collection[int]) -> dict[int, int]:
    """Free units of each variant; of a bundle whole bundles."""
    rows = [StockRow(*row) for row in session.execute(
        select(Variant.id, Variant.product_id, Variant.sku, Variant.title, Variant.is_bundle,
               Variant.minimum).where(Variant.id.in_(list(variant_ids))))]
    return {row.id: row.free for row in with_numbers(session, rows)}


def with_numbers(
    session: Session, rows: Sequence[StockRow], warehouse_id: int | None = None
) -> list[StockRow]:
    """The rows with the units that lie, are promised, are free and are on the way."""
    parts = composition.of(session, [row.id for row in rows if row.is_bundle])
    ids = {row.id for row in rows} | {part for made in parts.values() for part in made}
    numbers = sums(session, ids, warehouse_id)
    incoming = _incoming(session, ids, warehouse_id)
    made = []
    for row in rows:
        on_hand, reserved, unsellable = numbers.get(row.id, (0, 0, 0))
        free = on_hand - reserved - unsellable
        if row.is_bundle:
            free = bundle_free((_free(numbers, part), per)
                               for part, per in parts.get(row.id, {}).items())
        made.append(replace(row, on_hand=on_hand, reserved=reserved, unsellable=unsellable,
                            free=free, incoming=incoming.get(row.id, 0)))
    return made


def _free(numbers: Mapping[int, tuple[int, int, int]], variant_id: int) -> int:
    on_hand, reserved, unsellable = numbers.get(variant_id, (0, 0, 0))
    return on_hand - reserved - unsellable


def sums(
    session: Session, variant_ids: Collection[int], warehouse_id: int | None = None
) -> dict[int, tuple[int, int, int]]:
    """Units on hand, reserved, and free but not sellable, per variant; all bins together."""
    for_sale = and_(Location.sellable, Location.active, Warehouse.active)
    query = (
        select(Balance.variant_id, for_sale, func.sum(Balance.on_hand), func.sum(Balance.reserved))
        .join(Location, Location.id == Balance.location_id)
        .join(Warehouse, Warehouse.id == Location.warehouse_id)
        .where(Balance.variant_id.in_(list(variant_ids)), Location.kind == "bin")
        .group_by(Balance.variant_id, for_sale)
    )
    if warehouse_id is not None:
        query = query.where(Location.warehouse_id == warehouse_id)
    found: dict[int, tuple[int, int, int]] = {}
    for variant_id, sellable, on_hand, reserved in session.execute(query):
        before = found.get(variant_id, (0, 0, 0))
        idle = 0 if sellable else int(on_hand) - int(reserved)
        found[variant_id] = (
            before[0] + int(on_hand), before[1] + int(reserved), before[2] + idle
        )
    return found


def _incoming(
    session: Session, variant_ids: Collection[int], warehouse_id: int | None
) -> dict[int, int]:
    """Units on the road, to anywhere or to one warehouse."""
    if warehouse_id is None:
        query = select(Balance.variant_id, Balance.on_hand).where(
            Balance.variant_id.in_(list(variant_ids)), Balance.location_id == TRANSIT,
            Balance.on_hand > 0,
        )
    else:
        query = (
            select(StockDocumentLine.variant_id,
                   func.sum(StockDocumentLine.quantity - StockDocumentLine.done))
            .join(StockDocument, StockDocument.id == StockDocumentLine.document_id)
            .where(StockDocument.kind == "transfer", StockDocument.state == "sent",
                   StockDocument.to_warehouse_id == warehouse_id,
                   StockDocumentLine.variant_id.in_(list(variant_ids)))
            .group_by(StockDocumentLine.variant_id)
        )
    return {variant_id: int(units) for variant_id, units in session.execute(query)}


def shown_of(
    session: Session, variant_ids: Collection[int]
) -> dict[int, dict[int, tuple[Shown, ...]]]:
    """The listings of variants: variant -> account -> listings, what needs a person first."""
    rows = session.execute(
        select(NotNullable(Listing.variant_id), Listing, ListingStock,
               ChannelAccount.publish_stock, ChannelAccount.buffer, ChannelAccount.cap)
        .join(ChannelAccount, ChannelAccount.id == Listing.account_id)
        .outerjoin(ListingStock, ListingStock.listing_id == Listing.id)
        .where(Listing.variant_id.in_(list(variant_ids)), ChannelAccount.archived_at.is_(None))
        .order_by(Listing.id)
    )
    found: dict[int, dict[int, list[Shown]]] = defaultdict(lambda: defaultdict(list))
    for sold, listing, stock, publishes, buffer, cap in rows:
        found[sold][listing.account_id].append(
            _shown(listing, stock, publishes, buffer, cap)
        )
    return {
        variant_id: {
            account_id: tuple(sorted(some, key=lambda one: WORST[one.standing]))
            for account_id, some in by_account.items()
        }
        for variant_id, by_account in found.items()
    }


def _shown(
    listing: Listing, stock: ListingStock | None, publishes: bool, buffer: int, cap: int | None
) -> Shown:
    def of(name: str) -> Any:
        return getattr(stock, name) if stock is not None else None

    return Shown(
        listing.id, listing.account_id, listing.variant_id or 0, listing.offer_ref, listing.title,
        listing.url, listing.state == "active", listing.mapped_by,
        listing.buffer if listing.buffer is not None else buffer, listing.buffer,
        listing.cap if listing.cap is not None else cap, listing.cap,
        of("desired"), of("sent"), of("sent_at"), of("confirmed"), of("confirmed_at"),
        of("message"),
        standing(
            publishes=publishes and listing.state == "active", version=of("version"),
            sent=of("sent"), sent_version=of("sent_version"), sent_at=of("sent_at"),
            outcome=of("outcome"), confirmed=of("confirmed"), confirmed_at=of("confirmed_at"),
        ),
    )


# What the list can be narrowed to


def conditions(session: Session, wanted: StockFilter, now: datetime) -> list[ColumnElement[bool]]:
    """Conditions on ``Variant`` for a filter."""
    found: list[ColumnElement[bool]] = []
    if wanted.q.strip():
        found.append(_searched(session, wanted.q))
    if wanted.state:
        found.append(_state(session, wanted, now))
    if wanted.channel or wanted.account_id:
        found.append(Variant.id.in_(_listed(wanted)))
    if wanted.warehouse_id is not None:
        found.append(Variant.id.in_(
            select(Balance.variant_id).join(Location, Location.id == Balance.location_id)
            .where(Location.warehouse_id == wanted.warehouse_id, Balance.on_hand > 0)
        ))
    if wanted.category:
        found.append(Variant.product_id.in_(
            select(Product.id).where(Product.category == wanted.category)
        ))
    return found


def _searched(session: Session, q: str) -> ColumnElement[bool]:
    """An exact code finds its variant alone; anything else is words."""
    code = codes.meant(q)
    exact = session.scalar(select(Barcode.variant_id).where(Barcode.code == code))
    exact = exact or session.scalar(select(Variant.id).where(Variant.sku == q.strip()))
    return Variant.id == exact if exact else queries.matches(q)


def free_per_variant() -> ColumnElement[int]:
    """Free sellable units of the variant of the enclosing query."""
    return (
        select(func.coalesce(func.sum(Balance.on_hand - Balance.reserved), 0))
        .join(Location, Location.id == Balance.location_id)
        .where(Balance.variant_id == Variant.id, Location.sellable, Location.active)
        .correlate(Variant).scalar_subquery()
    )


def _state(session: Session, wanted: StockFilter, now: datetime) -> ColumnElement[bool]:
    free = free_per_variant()
    plain = ~Variant.is_bundle
    if wanted.state == "short" and wanted.short is not None:
        return Variant.id.in_(wanted.short)
    if wanted.state == "out":
        return and_(plain, free <= 0)
    if wanted.state == "below":
        return and_(plain, Variant.minimum > 0, free < Variant.minimum)
    if wanted.state == "normal":
        return and_(plain, free > 0, free >= Variant.minimum)
    if wanted.state == "dead":
        return and_(plain, _lies(), ~_sold_since(_first_move_after(session, now)))
    return Variant.id.is_(None)


def _lies() -> ColumnElement[bool]:
    return exists().where(Balance.variant_id == Variant.id, Balance.on_hand > 0,
                          Balance.location_id != TRANSIT)


def _sold_since(move_id: int) -> ColumnElement[bool]:
    """Sold lately, or new on the shelf: what only just came in is not dead."""
    return exists().where(Move.variant_id == Variant.id, Move.id >= move_id,
                          Move.reason.in_(("sale", "receipt")))


def _first_move_after(session: Session, now: datetime) -> int:
    """The first move of the last 90 days. Keys grow with time, so halving finds it at once."""
    since = now - timedelta(days=DEAD_DAYS)
    low, high = 1, (session.scalar(select(func.max(Move.id))) or 0) + 1
    while low < high:
        middle = (low + high) // 2
        at = session.scalar(
            select(Move.at).where(Move.id >= middle).order_by(Move.id).limit(1)
        )
        if at is None or at >= since:
            high = middle
        else:
            low = middle + 1
    return low


def _listed(wanted: StockFilter) -> Select[int | None]:
    query = select(Listing.variant_id).where(Listing.variant_id.is_not(None))
    if wanted.account_id:
        query = query.where(Listing.account_id == wanted.account_id)
    if wanted.channel in CHANNEL_STATES:
        query = (
            query.join(ListingStock, ListingStock.listing_id == Listing.id)
            .join(ChannelAccount, ChannelAccount.id == Listing.account_id)
            .where(is_standing(wanted.channel), Listing.state == "active",
                   ChannelAccount.publish_stock, ChannelAccount.archived_at.is_(None))
        )
    return query


def count(session: Session, wanted: StockFilter, now: datetime) -> int:
    """How many SKUs a filter leaves."""
    return session.scalar(
        select(func.count()).select_from(Variant)
        .where(Variant.archived_at.is_(None), *conditions(session, wanted, now))
    ) or 0


def unmapped(session: Session) -> int:
    """How many listings wait to be mapped."""
    return session.scalar(
        select(func.count()).select_from(Listing)
        .where(Listing.variant_id.is_(None), or_(Listing.state == "active"))
    ) or 0
