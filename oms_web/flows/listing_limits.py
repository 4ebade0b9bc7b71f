"""A listing holds back other units than its channel: what it shows is recomputed."""

from __future__ import annotations

from oms_web.core.work import Work
from oms_web.domain.channels import offers
from oms_web.domain.stock.events import StockChanged


def set_limits(work: Work, listing_id: int, buffer: int | None, cap: int | None) -> None:
    """Set buffer and cap of one listing; None means as the whole channel."""
    variant_id = offers.set_limits(work, listing_id, buffer, cap)
    if variant_id is not None:
        work.announce(StockChanged([variant_id]))
