"""Nothing leaves the process: sockets, sleeping and threads are refused while a connector works.

What was tried is remembered too, because a connector may swallow the refusal.
"""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


class Forbidden(AssertionError):
    """A connector reached past ``context.http``."""


class Guard:
    """Watches while it is on. ``tried`` names what was attempted."""

    def __init__(self) -> None:
        self.tried: list[str] = []
        self._depth = 0

    @contextmanager
    def on(self) -> Iterator[None]:
        """Refuse from here on: the connector is working."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    @contextmanager
    def off(self) -> Iterator[None]:
        """Let things pass again: the stand-in is working."""
        depth, self._depth = self._depth, 0
        try:
            yield
        finally:
            self._depth = depth

    def refuse(self, what: str) -> None:
        """Note an attempt.

        Raises:
            Forbidden: while the guard is on.
        """
        if self._depth:
            self.tried.append(what)
            raise Forbidden(f"a connector must not use {what}; it has context.http")

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Stand in the way of all that a connector must not use."""
        for owner, name in (
            (socket, "create_connection"), (socket, "getaddrinfo"), (socket, "gethostbyname"),
            (time, "sleep"), (threading.Thread, "start"), (subprocess.Popen, "__init__"),
        ):
            patch.setattr(owner, name, self._watched(owner, name))
        guard = self

        class Watched(socket.socket):
            def __init__(self, *args: Any, **more: Any) -> None:
                guard.refuse("socket.socket")
                super().__init__(*args, **more)

        patch.setattr(socket, "socket", Watched)

    def _watched(self, owner: Any, name: str) -> Any:
        real = getattr(owner, name)

        def watched(*args: Any, **more: Any) -> Any:
            self.refuse(f"{owner.__name__}.{name}")
            return real(*args, **more)

        return watched
