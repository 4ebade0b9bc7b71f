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
        seconds = int(now.timestamp())
        minute = seconds // WINDOW_S
        with self._lock:
            if minute != self._minute:
                self._minute, self._made = minute, {}
            made = self._made.get(key, 0)
            allowed = made < self.per_minute
            if allowed:
                self._made[key] = made = made + 1
        return Allowance(allowed, self.per_minute, self.per_minute - made,
                         WINDOW_S - seconds % WINDOW_S)
