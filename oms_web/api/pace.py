"""How many calls a key may make in a minute, counted by each node for itself.

A row in the database for every call would make each reading a writing; what the limit is for
(a program that runs wild) is held off as well by a limit of the node.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime

WINDOW_S = 60


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left after a call; ``reset_s`` until the count begins anew."""

    allowed: bool
    limit: int
    remaining: int
    reset_s: int

    def headers(self) -> dict[str, str]:
        """The fields of draft-ietf-httpapi-ratelimit-headers, and ``Retry-After`` if refused."""
        found = {
            "RateLimit-Policy": f'"minute";q={self.limit};w={WINDOW_S}',
            "RateLimit": f'"minute";r={self.remaining};t={self.reset_s}',
        }
        return found if self.allowed else found | {"Retry-After": str(self.reset_s)}


class Pace:
    """Counts the calls of each key in the present minute."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._lock = threading.Lock()
        self._minute = 0
        self._made: dict[str, int] = {}

    def take(self, key: str, now: datetime) -> Allowance:
        """Count a call, unless there have been enough."""
        return self._look(key, now, 1)

    def left(self, key: str, now: datetime) -> Allowance:
        """What is left, without counting a call."""
        return self._look(key, now, 0)

    def _look(self, key: str, now: datetime, calls: int) -> Allowance:
        seconds = int(now.timestamp())
        minute = seconds // WINDOW_S
        with self._lock:
            if minute != self._minute:
                self._minute, self._made = minute, {}
            made = self._made.get(key, 0)
            allowed = made < self.per_minute
            if allowed and calls:
                self._made[key] = made = made + calls
        return Allowance(allowed, self.per_minute, self.per_minute - made,
                         WINDOW_S - seconds % WINDOW_S)


STRANGERS_PER_MINUTE = 60


class Strangers:
    """Calls with keys that are none, by the address they come from.

    An address that has tried too many is refused without a look into the database, except with a
    key that was seen to work lately: who shares an address with somebody's wild program goes on.
    """

    def __init__(self, per_minute: int = STRANGERS_PER_MINUTE, most_known: int = 10_000) -> None:
        self._pace = Pace(per_minute)
        self._most_known = most_known
        self._known: set[str] = set()

    def welcome(self, key: str) -> None:
        """Note that a key works."""
        if len(self._known) >= self._most_known:
            self._known.clear()
        self._known.add(key)

    def refused(self, address: str, key: str, now: datetime) -> Allowance | None:
        """What an address has left if a key is not even looked up; None if it may be."""
        left = self._pace.left(address, now)
        return None if left.allowed or key in self._known else left

    def wrong(self, address: str, key: str, now: datetime) -> None:
        """Count a key that was none."""
        self._known.discard(key)
        self._pace.take(address, now)
