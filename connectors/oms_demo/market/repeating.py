"""A thread that does one thing again and again beside the marketplace, until it is stopped."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class Repeating(threading.Thread):
    """Does ``act`` every so many seconds. A failure is logged, and the next time tried again.

    Args:
        patience: seconds that ``stop`` waits for the act that is being done.
    """

    def __init__(self, name: str, act: Callable[[], object], every: float,
                 patience: float = 5.0) -> None:
        super().__init__(name=name, daemon=True)
        self._act = act
        self._every = every
        self._patience = patience
        self._stop_asked = threading.Event()

    def run(self) -> None:
        """Go on until ``stop``."""
        while not self._stop_asked.wait(self._every):
            try:
                self._act()
            except Exception:
                log.exception("a %s failed", self.name)

    def stop(self) -> None:
        """End after the present act."""
        self._stop_asked.set()
        self.join(timeout=self._patience)
