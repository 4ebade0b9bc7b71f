"""When a rule is stopped because it cannot be meant: it goes round in circles, or it floods.

A rule that changes what it listens to may set itself off again, alone or with others. Once for
each event is not enough then: every round is a new event.
"""

from __future__ import annotations

from datetime import timedelta

LOOP_WITHIN = timedelta(minutes=10)
LOOP_MOST = 5
LOOP, FLOOD = "loop", "flood"


def decide(on_order: int, in_hour: int, most_per_hour: int) -> str:
    """Why a rule has to stop; empty if it may go on.

    Args:
        on_order: its runs on this order within ``LOOP_WITHIN``, the present one included.
        in_hour: its runs within an hour, the present one included.
    """
    if on_order > LOOP_MOST:
        return LOOP
    return FLOOD if in_hour > most_per_hour else ""
