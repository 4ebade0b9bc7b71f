"""An order that was changed is verified anew: holds that are due are set, the others released."""

from __future__ import annotations

from oms_web.core.work import Work
from oms_web.domain.orders import checks, phases
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.service import order_lines, release_holds, set_hold

_LOOKED_AT = {"unmapped", "address", "tax_id"}


def verify_again(work: Work, order: Order) -> None:
    """Look at lines, address and tax number again. Only what is to be shipped is held by them."""
    flaws = checks.verify(
        ship_to=order.ship_to or {}, pickup_point=order.pickup_point, tax_id=order.tax_id,
        unmapped=[line.title for line in order_lines(work.session, order.id)
                  if line.variant_id is None and line.cancelled < line.quantity],
        stated_total=None, computed_total="",
    )
    release_holds(work, order.id, _LOOKED_AT - {flaw.kind for flaw in flaws})
    if order.phase in (phases.OPEN, phases.PACKING):
        for flaw in flaws:
            set_hold(work, order.id, flaw)
