"""Why the ledger is corrected by hand, and where the units go or come from.

Goods that exist no more go to ``scrap``; where the ledger and the shelf just disagree, the other
end is ``count``. A reason that only takes away cannot be used to add.
"""

from __future__ import annotations

from dataclasses import dataclass

from oms_web.core.errors import Invalid
from oms_web.domain.stock.models import COUNT, SCRAP


@dataclass(frozen=True, slots=True)
class Reason:
    """``place`` is the other end of the move; ``ledger`` is the move's reason."""

    place: int
    ledger: str
    takes: bool = True
    adds: bool = False


REASONS: dict[str, Reason] = {
    "damaged": Reason(SCRAP, "write_off"),
    "expired": Reason(SCRAP, "write_off"),
    "used": Reason(SCRAP, "write_off"),
    "lost": Reason(COUNT, "correction"),
    "found": Reason(COUNT, "correction", takes=False, adds=True),
    "opening": Reason(COUNT, "correction", takes=False, adds=True),
    "mistake": Reason(COUNT, "correction", adds=True),
}


def check(name: str, change: int) -> Reason:
    """The reason for a change of stock.

    Raises:
        Invalid: no such reason, or it does not go in this direction.
    """
    reason = REASONS.get(name)
    if reason is None:
        raise Invalid("Choose a reason.", "reason")
    if change > 0 and not reason.adds:
        raise Invalid("This reason only takes units away.", "reason")
    if change < 0 and not reason.takes:
        raise Invalid("This reason only adds units.", "reason")
    return reason
