"""Picking: orders go on a walk, units are taken from shelves, what a shelf lacks is decided.

``starting`` deals orders to walks, ``walking`` takes units, ``short`` decides about a shelf that
has too few. A walk has one owner at a time: only they take units.
"""

from oms_web.flows.pick.short import (
    CANCEL,
    CORRECT,
    DECISIONS,
    ELSEWHERE,
    LATER,
    Shortage,
    report_short,
)
from oms_web.flows.pick.starting import Started, start
from oms_web.flows.pick.walking import (
    cancel,
    finish_when_done,
    give_back,
    leave_out,
    put_back,
    scan,
    take,
    take_over,
)

__all__ = [
    "CANCEL", "CORRECT", "DECISIONS", "ELSEWHERE", "LATER", "Shortage", "Started", "cancel",
    "finish_when_done", "give_back", "leave_out", "put_back", "report_short", "scan", "start",
    "take", "take_over",
]
