"""An order that was changed is verified anew: holds that are due are set, the others released."""

from __future__ import annotations

from oms_web.core.work import Work
from oms_web.domain.orders import checks, phases
from oms_web.domain.orders.models import Order
from oms_web.domain.orders.service import order_lines, release_holds, set_hold
from oms_web.domain.orders.verification import service as verification


def verify_again(work: Work, order: Order) -> None:
    """Look at lines, address, numbers and money again. Only what is to be shipped is held."""
    flaws = checks.unmapped_flaws([
        line.title for line in order_lines(work.session, order.id)
        if line.variant_id is None and line.cancelled < line.quantity])
    if not flaws:
        release_holds(work, order.id, ["unmapped"])
    elif order.phase in (phases.OPEN, phases.PACKING):
        set_hold(work, order.id, flaws[0])
    verification.look_again(work, order)
