"""Units turn out to be gone: the ledger follows the shelf, and promises on them give way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import select, tuple_

from oms_web.core.errors import ShortStock
from oms_web.core.work import Work
from oms_web.domain.orders.reserving import give_way, reserve_orders
from oms_web.domain.stock import service as stock
from oms_web.domain.stock.models import Balance


def lose_units(
    work: Work, moves: Sequence[stock.MoveWanted], keep: Collection[int] = ()
) -> set[int]:
    """Move units out of places although some of them may be promised.

    Orders whose promise gives way are first offered free units of other places.

    Args:
        moves: out of bins; none of them made before.
        keep: order lines that lose their units last (theirs are in a basket already).

    Returns:
        The orders that lost a promise, whether or not they found other units.

    Raises:
        ShortStock: a place holds fewer units than shall go, promised ones included.
    """
    leaving: dict[tuple[int, int], int] = defaultdict(int)
    for move in moves:
        leaving[move.variant_id, move.from_id] += move.quantity
    places = sorted(leaving)
    rows = work.session.execute(
        select(Balance.variant_id, Balance.location_id, Balance.on_hand, Balance.reserved)
        .where(tuple_(Balance.variant_id, Balance.location_id).in_(places))
        .order_by(Balance.variant_id, Balance.location_id).with_for_update()
    )
    touched: set[int] = set()
    held = {(variant_id, location_id): (on_hand, reserved)
            for variant_id, location_id, on_hand, reserved in rows}
    for place in places:
        on_hand, reserved = held.get(place, (0, 0))
        if leaving[place] > on_hand:
            raise ShortStock("There are fewer units than this needs.")
        lacking = leaving[place] - (on_hand - reserved)
        if lacking > 0:
            touched |= give_way(work, *place, lacking, keep)
    stock.move_units(work, moves)
    if touched:
        reserve_orders(work, touched)
    return touched
