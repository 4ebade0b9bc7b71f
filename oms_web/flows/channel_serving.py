"""Which warehouses serve a channel: stock and channels at one moment."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import NotNullable, delete, select

from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.channels.models import AccountWarehouse, Listing
from oms_web.domain.channels.service import account_warehouses
from oms_web.domain.stock.events import StockChanged
from oms_web.domain.stock.models import Warehouse


def serve_from(work: Work, account_id: int, warehouse_ids: Sequence[int]) -> bool:
    """Serve an account from these warehouses, best first; all of them chosen means no choice.

    Returns:
        Whether that is another choice than before.
    """
    houses = {id_: code for id_, code in work.session.execute(
        select(Warehouse.id, Warehouse.code).where(Warehouse.active))}
    chosen = [house for house in dict.fromkeys(warehouse_ids) if house in houses]
    if set(chosen) == set(houses):
        chosen = []
    before = list(account_warehouses(work.session, account_id))
    if before == chosen:
        return False
    work.session.execute(delete(AccountWarehouse).where(AccountWarehouse.account_id == account_id))
    work.session.add_all([
        AccountWarehouse(account_id=account_id, warehouse_id=house, rank=rank)
        for rank, house in enumerate(chosen)
    ])
    audit.record(work, "channels.warehouses", "channel_account", account_id, {"warehouses": [
        [houses.get(house, str(house)) for house in before], [houses[house] for house in chosen]]})
    return True


def republish(work: Work, account_id: int) -> None:
    """Buffer, cap or warehouses are different: every listing may have to show something else."""
    variants = work.session.scalars(
        select(NotNullable(Listing.variant_id))
        .where(Listing.account_id == account_id, Listing.variant_id.is_not(None)).distinct()
    ).all()
    if variants:
        work.announce(StockChanged(sorted(variants)))
