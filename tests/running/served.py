"""``oms serve`` in processes of its own, as a person starts it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Shop:
    """A shop served by child processes of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.market_port = free_port(), free_port()
        self.log = folder.parent / "serve.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str, **environment: str) -> None:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "oms_web.cli", "serve", "--port", str(self.port),
                 *arguments],
                stdout=log, stderr=subprocess.STDOUT,
                env={**os.environ, "OMS_INSTANCE": str(self.folder),
                     "OMS_DEMO_PORT": str(self.market_port), **environment},
            )

    def said(self) -> str:
        return self.log.read_text()

    def get(self, path: str, language: str = "pl") -> str | None:
        """The page, or None while nobody answers."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}",
                                         headers={"Accept-Language": language})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.read().decode()
        except OSError:
            return None

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)

    def family(self) -> list[int]:
        """The process ids of the children."""
        parent = str(self.process.pid)
        return [
            int(stat.parent.name) for stat in Path("/proc").glob("[0-9]*/stat")
            if stat.exists() and stat.read_text().rpartition(")")[2].split()[1] == parent
        ]
