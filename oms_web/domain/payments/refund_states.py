"""The life of a refund as a table. Pure.

``unknown`` is a state: money was asked to move and nobody knows whether it did. From there it goes
on only by knowing, never by asking for the same money under another key.
"""

from __future__ import annotations

from oms_web.core.errors import NotAllowedNow

PLANNED, APPROVED, SENT, UNKNOWN, DONE, REFUSED = STATES = (
    "planned", "approved", "sent", "unknown", "done", "refused",
)
PENDING = (PLANNED, APPROVED, SENT, UNKNOWN)
"""States in which the money is set aside."""

TRANSFER, CASH, PROVIDER, CHANNEL, PAGES, CREDIT = METHODS = (
    "transfer", "cash", "provider", "channel", "pages", "credit",
)
ASKED_FOR = (PROVIDER, CHANNEL)
"""Methods by which somebody is asked to give it back: the payment provider, or the channel that the
buyer paid at. The others a person carries out: at the bank, at the counter, on the channel's own
pages (``pages``)."""

TRANSITIONS: dict[str, dict[str, str]] = {
    PLANNED: {"approve": APPROVED, "drop": REFUSED},
    APPROVED: {"send": SENT, "done": DONE, "drop": REFUSED},
    SENT: {"done": DONE, "lose": UNKNOWN, "refuse": REFUSED},
    UNKNOWN: {"done": DONE, "refuse": REFUSED, "send": SENT},
    DONE: {},
    REFUSED: {},
}


def allowed(state: str) -> tuple[str, ...]:
    """The acts a state permits."""
    return tuple(TRANSITIONS[state])


def after(state: str, act: str) -> str:
    """The state an act leads to; an act that had its effect already is quiet.

    Raises:
        NotAllowedNow: the table has no such step.
    """
    steps = TRANSITIONS[state]
    if act in steps:
        return steps[act]
    if state in {row[act] for row in TRANSITIONS.values() if act in row}:
        return state
    raise NotAllowedNow("That is not possible with this refund any more.", allowed(state))
