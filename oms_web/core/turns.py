"""Writers of an SQLite file take turns.

SQLite lets one writer in at a time; the others sleep in its busy handler for up to a tenth of a
second at a go, and under steady load an unlucky one sleeps until it is told "database is locked".
A lock of our own around each writing transaction, asked for every millisecond, gives everybody
a turn: first among the threads of this process, then (a lock on a file) among processes. It falls
with the process that held it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # pragma: no cover - not a POSIX system: SQLite's own handler has to do
    fcntl = None  # type: ignore[assignment]  # asked for below

PATIENCE = 15.0
"""Seconds to wait for a turn; then SQLite itself is asked, and says what is wrong."""
_PAUSE = 0.001


class Turns:
    """The queue before one database file."""

    def __init__(self, file: Path) -> None:
        self._file = file.with_name(file.name + ".writers")
        self._threads = threading.Lock()
        self._holder = 0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the right to write.

        Raises:
            RuntimeError: this thread holds it already; it would wait for itself.
        """
        if self._holder == threading.get_ident():
            raise RuntimeError("a writing work was opened inside another one")
        deadline = time.monotonic() + PATIENCE
        mine = self._threads.acquire(timeout=PATIENCE)
        handle = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _wait_for(handle, deadline)
            self._holder = threading.get_ident() if mine else self._holder
            yield
        finally:
            os.close(handle)  # closing lets go of the lock
            if mine:
                self._holder = 0
                self._threads.release()


def _wait_for(handle: int, deadline: float) -> None:
    if fcntl is None:
        return
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                return
            time.sleep(_PAUSE)
