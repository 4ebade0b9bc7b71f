"""The life of an order as a table. Buttons are drawn from the same table that guards the acts.

``elsewhere`` is an order that its channel fulfils from a warehouse of its own: it takes nothing of
ours, and moves on only as the channel says. ``void`` takes back a sale over the counter, whose
goods and money never went further than that. An order that is joined to the one it was split off
(``join``) has nothing left to send.
"""

from __future__ import annotations

from oms_web.core.errors import NotAllowedNow

DRAFT, OPEN, PACKING, ELSEWHERE, SHIPPED, DONE, CANCELLED = (
    "draft", "open", "packing", "elsewhere", "shipped", "done", "cancelled",
)
PHASES = (DRAFT, OPEN, PACKING, ELSEWHERE, SHIPPED, DONE, CANCELLED)
CLOSED = frozenset({DONE, CANCELLED})
# The goods are still here: such an order can be held.
HERE = (DRAFT, OPEN, PACKING)

# act -> phase it leads to, per phase it may start from.
TRANSITIONS: dict[str, dict[str, str]] = {
    DRAFT: {"confirm": OPEN, "cancel": CANCELLED},
    OPEN: {"start_packing": PACKING, "ship": SHIPPED, "cancel": CANCELLED, "join": CANCELLED},
    PACKING: {"stop_packing": OPEN, "ship": SHIPPED, "cancel": CANCELLED},
    ELSEWHERE: {"ship": SHIPPED, "cancel": CANCELLED},
    SHIPPED: {"deliver": DONE, "undo_ship": OPEN},
    DONE: {"void": CANCELLED},
    CANCELLED: {"undo_cancel": OPEN},
}


def allowed(phase: str) -> tuple[str, ...]:
    """The acts that a phase permits, in table order."""
    return tuple(TRANSITIONS[phase])


def after(phase: str, act: str) -> str:
    """The phase an act leads to.

    An act that has already had its effect is quiet: it returns the same phase.

    Raises:
        NotAllowedNow: the table has no such step; ``allowed`` names those it has.
    """
    steps = TRANSITIONS[phase]
    if act in steps:
        return steps[act]
    if phase in {target for row in TRANSITIONS.values() for a, target in row.items() if a == act}:
        return phase
    raise NotAllowedNow(
        "That is not possible in the phase \"%(phase)s\".", allowed(phase), phase=phase
    )
