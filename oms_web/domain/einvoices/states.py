"""What an e-invoice can be, and what KSeF's answers make of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

AWAITING, READY, SENDING, SENT, UNKNOWN, ACCEPTED, REJECTED, ANNULLED = STATES = (
    "awaiting", "ready", "sending", "sent", "unknown", "accepted", "rejected", "annulled",
)
"""``awaiting``: the invoice that it corrects has no number yet, so it cannot be written.
``sending``: about to be sent, written down. ``unknown``: sent, and the answer was lost.
``annulled``: a person ended it before KSeF had it."""
NOT_ISSUED = (AWAITING, READY, REJECTED)
"""KSeF is known not to have it: it is no invoice yet, unless it was issued offline."""
OPEN = (AWAITING, READY, SENDING, SENT, UNKNOWN)

DONE, DUPLICATE = 200, 440
AGAIN = (405, 500, 550)
"""The session failed, or KSeF did: nothing is wrong with the invoice."""

_POLLS = tuple(timedelta(seconds=s) for s in (2, 3, 5, 10, 20, 30, 60, 120, 300))
_TRIES = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 1800, 3600))
SURE_AFTER = timedelta(seconds=60)
"""So long after a lost answer a session's list shows what arrived there."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What KSeF says of one invoice.

    Attributes:
        words: KSeF's own words of it, in Polish.
        original: of a duplicate, the KSeF number of the invoice that was there before, which
            came in the session ``original_session``.
    """

    code: int
    words: str = ""
    reference: str = ""
    ksef_number: str = ""
    hash: str = ""
    acquired_at: datetime | None = None
    original: str = ""
    original_session: str = ""


@dataclass(frozen=True, slots=True)
class SessionAnswer:
    """What KSeF says of a session, with its invoices once it has looked at them."""

    code: int
    words: str = ""
    invoices: tuple[Answer, ...] = field(default=())


def after(answer: Answer) -> str:
    """The state that an answer leads to; a duplicate still has to be looked at."""
    if answer.code < DONE:
        return SENT
    if answer.code == DONE:
        return ACCEPTED
    return READY if answer.code in AGAIN else REJECTED


def poll_after(polls: int) -> timedelta:
    """How long until a sent invoice is asked after again."""
    return _POLLS[min(polls, len(_POLLS) - 1)]


def try_after(attempts: int) -> timedelta:
    """How long until an invoice is sent again that KSeF could not work on."""
    return _TRIES[min(max(attempts - 1, 0), len(_TRIES) - 1)]
