"""Servers that answer from a thread while a test asks them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseServer

LOOK = 0.01
"""Seconds between two looks whether it is over. Python's own half a second, in each of hundreds of
tests, was most of what these took."""


@contextmanager
def serving(server: BaseServer) -> Iterator[None]:
    """Let a server answer, and close it at the end of the block."""
    thread = threading.Thread(target=server.serve_forever, args=(LOOK,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
