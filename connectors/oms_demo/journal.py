"""Reading the journal: which orders it names, how far it was read, and which it owes us.

The marketplace names an order at once and may show it only minutes later. Such an order is awaited:
its number and the moment it was first missed travel in the cursor, so that the journal is read on
meanwhile and nothing is forgotten whoever dies. After ``PATIENCE`` it counts as gone. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from oms_connector import ChannelDown

from oms_demo import words

PATIENCE = timedelta(minutes=5)
MOST_AWAITED = 40
"""The cursor has to stay under four kilobytes; what does not fit counts as gone at once."""
LONGEST_REF = 40


@dataclass(frozen=True, slots=True)
class Place:
    """How far the journal was read, and the orders still awaited: number -> first missed."""

    event: int = 0
    awaited: Mapping[str, datetime] = field(default_factory=dict)

    @classmethod
    def from_cursor(cls, cursor: Mapping[str, Any] | None) -> Place:
        """The place a cursor stands for; the beginning when there is none."""
        if not cursor:
            return cls()
        return cls(cursor["event"], {
            ref: datetime.fromisoformat(since) for ref, since in cursor.get("awaited", {}).items()
        })

    def as_cursor(self) -> dict[str, Any]:
        """As JSON."""
        awaited = {ref: since.isoformat() for ref, since in self.awaited.items()}
        return {"event": self.event} | ({"awaited": awaited} if awaited else {})


def named(events: Any) -> list[str]:
    """The orders a page of the journal names, each once.

    One order may be named many times, and kinds of events may be added that name none.
    """
    if not isinstance(events, list):
        raise ChannelDown(words.LACKS % {"names": "events"})
    refs = (event.get("order_id") for event in events if isinstance(event, dict))
    return [*dict.fromkeys(ref for ref in refs if ref and isinstance(ref, str))]


def last_of(told: Mapping[str, Any], before: int) -> int:
    """Where to read on.

    Raises:
        ChannelDown: it says that more follows, but not where.
    """
    last = told["last"]
    if isinstance(last, bool) or not isinstance(last, int) or last < 0:
        raise ChannelDown(words.STUCK)
    return last


def still_awaited(
    before: Mapping[str, datetime], found: Mapping[str, Any], now: datetime
) -> tuple[dict[str, datetime], set[str]]:
    """Of the orders that were asked for and not shown: those to be awaited, and those gone."""
    missed = {ref: before.get(ref, now) for ref, order in found.items() if order is None}
    patient = {ref: since for ref, since in missed.items()
               if now - since < PATIENCE and len(ref) <= LONGEST_REF}
    kept: Sequence[str] = [*patient][:MOST_AWAITED]
    awaited = {ref: patient[ref] for ref in kept}
    return awaited, {*missed} - {*awaited}
