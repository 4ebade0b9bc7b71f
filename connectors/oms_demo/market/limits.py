"""Pace: each token may make a burst of calls and then so many a second."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Pace:
    """``burst`` calls at once, refilled at ``per_second``."""

    burst: int = 120
    per_second: float = 20.0


class Bucket:
    """A token bucket on the marketplace's own clock."""

    def __init__(self, pace: Pace, clock: Callable[[], datetime]) -> None:
        self._pace = pace
        self._clock = clock
        self._lock = threading.Lock()
        self._left = float(pace.burst)
        self._at = clock()

    def take(self) -> int:
        """Use one call: 0 when it was there, else how many whole seconds to wait."""
        with self._lock:
            now = self._clock()
            passed = max(0.0, (now - self._at).total_seconds())
            self._at = now
            self._left = min(self._pace.burst, self._left + passed * self._pace.per_second)
            if self._left >= 1:
                self._left -= 1
                return 0
            return max(1, math.ceil((1 - self._left) / self._pace.per_second))

    @property
    def left(self) -> int:
        """Calls left in the burst."""
        return int(self._left)
