"""A program that is told by webhook: a real server on loopback that keeps what it was sent."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.serving import serving


@dataclass(frozen=True)
class Got:
    """A request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def number(self) -> str:
        return self.headers["oms-event-id"]

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)

    def signed_by(self, secret: str) -> bool:
        """Whether one of the signatures was made with a secret."""
        parts = [one.partition("=") for one in self.headers["oms-signature"].split(",")]
        [moment] = [value for name, _, value in parts if name == "t"]
        wanted = hmac.new(secret.encode(), moment.encode() + b"." + self.body,
                          hashlib.sha256).hexdigest()
        return wanted in [value for name, _, value in parts if name == "v1"]


@dataclass
class Receiver:
    """``answers``: what is answered next: a status, or (status, body, headers); then 200."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)
    always: Any = 200
    busy: Callable[[], None] = lambda: None

    @property
    def numbers(self) -> list[int]:
        return [int(one.number) for one in self.got]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append(Got(
                self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            receiver.busy()
            answer = receiver.answers.pop(0) if receiver.answers else receiver.always
            status, content, more = answer if isinstance(answer, tuple) else (answer, b"ok", {})
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with suppress(OSError):  # the caller had read enough
                self.wfile.write(content)

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook?from=oms"
    with serving(server):
        yield receiver
