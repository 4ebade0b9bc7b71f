"""What a bundle consists of changes: the catalogue and the stock have to agree."""

from __future__ import annotations

from sqlalchemy import select

from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.core.work import Work
from oms_web.domain.catalog import composition, editing, queries
from oms_web.domain.stock.events import StockChanged
from oms_web.domain.stock.models import Balance


def set_part(work: Work, bundle_id: int, part_id: int, units: int) -> None:
    """Put a part into a bundle, change how many there are, or take it out (no units).

    Orders that came in before keep the composition they were made with; what channels show is
    recomputed.

    Raises:
        NotAllowedNow: units of the SKU itself lie on a shelf, so it cannot become a bundle.
        Invalid: no units of what is no part, or see ``bundles.check_parts``.
    """
    parts = composition.of(work.session, [bundle_id]).get(bundle_id, {})
    wanted = {**parts, part_id: units}
    if units == 0:
        if part_id not in parts:
            raise Invalid("At least one unit.", "parts")
        del wanted[part_id]
    if not parts and wanted:
        _refuse_stocked(work, bundle_id)
    editing.set_parts(work, bundle_id, wanted)
    if wanted != parts:
        work.announce(StockChanged([bundle_id], more=True))


def _refuse_stocked(work: Work, variant_id: int) -> None:
    lying = work.session.scalar(
        select(Balance.variant_id).where(Balance.variant_id == variant_id, Balance.on_hand > 0)
        .limit(1)
    )
    if lying is not None:
        sku = queries.skus(work.session, [variant_id])[variant_id]
        raise NotAllowedNow(
            "Units of %(sku)s lie on a shelf. Correct them to none before it becomes a bundle.",
            sku=sku,
        )
