"""What the Ministry announces of KSeF, and the last day that follows for an invoice. Pure.

Announcements are published in the BIP and, for programs, by a service called Latarnia. Terms:
ustawa o VAT, art. 106nda (offline24: the next working day after the day of issue), art. 106nh
(unavailability: the next working day after its end), art. 106nf (failure: seven working days after
its end; one that is announced while a term runs replaces it), art. 106ng (total failure: no duty to
send). The Ministry's page "Tryby offline" works an example, which is a test of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from oms_web.core.clock import local_day
from oms_web.core.working_days import next_working_day, working_day_after

MAINTENANCE, FAILURE, TOTAL_FAILURE = KINDS = ("maintenance", "failure", "total_failure")
OFFLINE24 = "offline24"
AFTER_FAILURE = 7
"""Working days to send what was issued during a failure (art. 106nf ust. 1)."""
AHEAD = timedelta(days=2)
"""So long before it begins maintenance is worth telling people of."""


@dataclass(frozen=True, slots=True)
class Announced:
    """An event, as the newest message of it has it. ``ends`` is None while nobody knows.

    ``event`` is Latarnia's number of it; ``title`` and ``text`` are the Ministry's words.
    """

    event: int
    kind: str
    begins: datetime
    ends: datetime | None
    title: str
    text: str

    def covers(self, moment: datetime) -> bool:
        """Whether it was going on at a moment."""
        return self.begins <= moment and (self.ends is None or moment <= self.ends)


@dataclass(frozen=True, slots=True)
class Term:
    """The last day for KSeF to have an invoice, and why: ``offline24`` or a kind of event.

    ``day`` is None while an event has no end, and where there is no duty.
    """

    day: date | None
    why: str = OFFLINE24


def term(issue_date: date, issued_at: datetime, events: Iterable[Announced]) -> Term:
    """How long an invoice may wait."""
    found = Term(next_working_day(issue_date))
    for one in sorted(events, key=lambda event: event.begins):
        found = _with(found, one, issued_at)
    return found


def _with(so_far: Term, event: Announced, issued_at: datetime) -> Term:
    """The term once an event is known: it counts if it went on at the issue or, for a failure,
    began while the term was running."""
    if so_far.why == TOTAL_FAILURE or (event.ends is not None and event.ends < issued_at):
        return so_far
    if event.kind == MAINTENANCE:
        if not event.covers(issued_at):
            return so_far
        days = 1
    elif so_far.day is not None and local_day(event.begins) > so_far.day:
        return so_far
    else:
        days = AFTER_FAILURE
    if event.ends is None or event.kind == TOTAL_FAILURE:
        return Term(None, event.kind)
    last = working_day_after(local_day(event.ends), days)
    return so_far if so_far.day is not None and last < so_far.day else Term(last, event.kind)


def current(events: Iterable[Announced], now: datetime) -> Announced | None:
    """What goes on now; the worst of it where there are several."""
    found = [one for one in events if one.covers(now)]
    return max(found, key=lambda one: KINDS.index(one.kind), default=None)


def to_tell(events: Sequence[Announced], now: datetime) -> Announced | None:
    """What people should know of: what goes on, else what begins within two days."""
    soon = [one for one in events if now < one.begins <= now + AHEAD]
    return current(events, now) or min(soon, key=lambda one: one.begins, default=None)
