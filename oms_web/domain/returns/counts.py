"""What became of the units of each line of one case. Pure.

The order's own lines count all of its cases together; a case shows what is its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from oms_web.domain.payments import refund_states
from oms_web.domain.payments.models import Refund
from oms_web.domain.returns import kinds, refund_plan
from oms_web.domain.returns.models import ReturnLine, ReturnUnit


@dataclass(frozen=True, slots=True)
class Counts:
    """Units of a line that ``came`` back (were judged), that were ``paid`` back by this case, and
    that are ``sold`` again. None where a line of no order, or of a file, cannot have any.
    """

    came: int
    paid: int | None
    sold: int | None


def of_lines(lines: Sequence[ReturnLine], units: Mapping[int, Sequence[ReturnUnit]],
             refunds: Iterable[Refund]) -> dict[int, Counts]:
    """The counts of each line of a case, by its id.

    Args:
        units: what was judged, by line.
        refunds: those of the case. Units that were paid back fill the lines in their order.
    """
    paid: Counter[int] = Counter()
    for item in (item for one in refunds if one.state == refund_states.DONE for item in one.plan):
        if item["kind"] == refund_plan.GOODS:
            paid[item["line_id"]] += item["units"]
    found = {}
    for line in lines:
        mine = units.get(line.id, ())
        told = line.location_id is not None
        gone = None
        if line.order_line_id is not None:
            gone = min(line.quantity, paid[line.order_line_id])
            paid[line.order_line_id] -= gone
        found[line.id] = Counts(
            sum(one.quantity for one in mine) + (line.arrived if told else 0), gone,
            None if told else sum(one.quantity for one in mine
                                  if one.disposition == kinds.RESTOCK))
    return found
