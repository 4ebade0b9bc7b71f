"""How many SKUs stand where: the numbers beside the stock list, each table read once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, NotNullable, Select, case, func, select
from sqlalchemy.orm import Session

from oms_web.domain.catalog.models import Variant
from oms_web.domain.channels.models import ChannelAccount, Listing, ListingStock
from oms_web.domain.channels.standing import is_standing
from oms_web.domain.stock import overview
from oms_web.domain.stock.models import Balance, Location
from oms_web.domain.stock.overview import CHANNEL_STATES, StockFilter


def by_state(session: Session, now: datetime, short: Select[int]) -> dict[str, int]:
    """SKUs in use per state, and ``all`` of them."""
    free = (
        select(Balance.variant_id, func.sum(Balance.on_hand - Balance.reserved).label("units"))
        .join(Location, Location.id == Balance.location_id)
        .where(Location.sellable, Location.active)
        .group_by(Balance.variant_id).subquery()
    )
    units = func.coalesce(free.c.units, 0)
    plain = ~Variant.is_bundle
    row = session.execute(
        select(
            func.count().label("all"),
            _sum_of(plain & (units <= 0)).label("out"),
            _sum_of(plain & (Variant.minimum > 0) & (units < Variant.minimum)).label("below"),
            _sum_of(plain & (units > 0) & (units >= Variant.minimum)).label("normal"),
        )
        .select_from(Variant).outerjoin(free, free.c.variant_id == Variant.id)
        .where(Variant.archived_at.is_(None))
    ).one()
    found = {name: int(value or 0) for name, value in row._mapping.items()}
    for state in ("short", "dead"):
        found[state] = overview.count(session, StockFilter(state=state, short=short), now)
    return found


def by_channel_state(session: Session) -> dict[str, int]:
    """Listings that publish, per standing a person may look into; and the unmapped ones."""
    row = session.execute(
        select(*(_sum_of(is_standing(name)).label(name) for name in CHANNEL_STATES))
        .select_from(ListingStock)
        .join(Listing, Listing.id == ListingStock.listing_id)
        .join(ChannelAccount, ChannelAccount.id == ListingStock.account_id)
        .where(Listing.state == "active", ChannelAccount.publish_stock,
               ChannelAccount.archived_at.is_(None))
    ).one()
    found = {name: int(value or 0) for name, value in row._mapping.items()}
    return found | {"unmapped": overview.unmapped(session)}


def by_warehouse(session: Session) -> dict[int, int]:
    """SKUs that lie in each warehouse."""
    rows = session.execute(
        select(NotNullable(Location.warehouse_id), func.count(Balance.variant_id.distinct()))
        .join(Location, Location.id == Balance.location_id)
        .where(Balance.on_hand > 0, Location.warehouse_id.is_not(None))
        .group_by(Location.warehouse_id)
    )
    return {warehouse_id: skus for warehouse_id, skus in rows}


def _sum_of(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))
