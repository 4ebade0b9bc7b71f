"""The life of a document on its way into the books, as a table. Pure.

``unknown`` is a state: it was sent, and nobody knows whether it stands there. From there it goes on
only by looking.
"""

from __future__ import annotations

from datetime import timedelta

from oms_web.core.errors import NotAllowedNow

READY, SENDING, UNKNOWN, ENTERED, REFUSED, LEFT_OUT = STATES = (
    "ready", "sending", "unknown", "entered", "refused", "left_out",
)
"""``sending``: about to be sent, written down. ``left_out``: a person entered it by hand, or does
not want it there."""
UNTOLD = "untold"
"""``entered``, but that it was paid is not taken there: no state of the row, a reason at it."""
SETTLED = (ENTERED, LEFT_OUT)
WRONG = (UNKNOWN, REFUSED)

TRANSITIONS: dict[str, dict[str, str]] = {
    READY: {"take": SENDING, "leave": LEFT_OUT, "again": READY},
    SENDING: {"take": SENDING, "enter": ENTERED, "refuse": REFUSED, "lose": UNKNOWN,
              "delay": READY},
    UNKNOWN: {"take": SENDING, "again": UNKNOWN, "leave": LEFT_OUT},
    ENTERED: {},
    UNTOLD: {"again": ENTERED, "leave": ENTERED},
    REFUSED: {"again": READY, "leave": LEFT_OUT},
    LEFT_OUT: {"again": READY},
}

IN_FLIGHT = timedelta(minutes=15)
"""Longer than a connector may take for one call (``sync/isolation``: ten minutes)."""
WAITING = timedelta(minutes=10)
_TRIES = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240))


def after(state: str, act: str) -> str:
    """The state an act leads to.

    Raises:
        NotAllowedNow: the table has no such step.
    """
    steps = TRANSITIONS[state]
    if act not in steps:
        raise NotAllowedNow("That is not possible with this document any more.", tuple(steps))
    return steps[act]


def try_after(attempts: int) -> timedelta:
    """How long until a document is tried again that did not get through."""
    return _TRIES[min(max(attempts - 1, 0), len(_TRIES) - 1)]
