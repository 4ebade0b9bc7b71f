"""The worker as a process: ``python -m oms_web.jobs``, which is what ``oms work`` becomes."""

from __future__ import annotations

import os
import signal
import threading
import time

from oms_web.core.logs import start_logging
from oms_web.jobs import worker
from oms_web.wiring import wire

GRACE = 20.0


def main() -> None:
    """Work until SIGTERM or SIGINT; what was begun is finished, within ``GRACE`` seconds."""
    oms = wire()
    start_logging(oms.settings.log_level)
    stop = threading.Event()

    def stop_now(*_signal: object) -> None:
        if not stop.is_set():
            stop.set()
            # A task that hears no stop must not keep the machine from shutting down: its lease
            # runs out and it is done again.
            threading.Thread(target=_end_late, daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop_now)
    worker.run(oms, stop)
    oms.engine.dispose()


def _end_late() -> None:
    time.sleep(GRACE)
    os._exit(1)


if __name__ == "__main__":
    main()
