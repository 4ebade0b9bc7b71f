"""The gate before the seller's API: the weather blows through it on the way in and out.

The back office and the sandbox calls, which steer the weather, stand behind no gate.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from oms_demo.market.faults_wire import HungUp, Reply
from oms_demo.market.weather import Weather

API, SANDBOX = "/api/v1/", "/api/v1/sandbox/"
READS = ("GET", "HEAD", "OPTIONS")


class Gate:
    """A WSGI application around another. ``calls`` hears of what never reached the inner one."""

    def __init__(self, inner: Callable[..., Iterable[bytes]], weather: Weather,
                 calls: deque[dict[str, Any]]) -> None:
        self._inner = inner
        self._weather = weather
        self._calls = calls

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]
                 ) -> Iterable[bytes]:
        """Answer, as far as the weather allows.

        Raises:
            HungUp: the connection is to be cut.
        """
        path = environ.get("PATH_INFO", "")
        if not path.startswith(API) or path.startswith(SANDBOX):
            return self._inner(environ, start_response)
        kind = "reads" if environ["REQUEST_METHOD"] in READS else "writes"
        try:
            met = self._weather.blow("request", environ, kind=kind, environ=environ)
        except HungUp:
            self._note(environ, 0)
            raise
        if isinstance(met, Reply):
            self._note(environ, int(met.status[:3]))
            reply = met
        else:
            reply = self._weather.blow("answer", self._ask(environ), kind=kind)
        length = len(reply.body) if reply.length is None else reply.length
        start_response(reply.status, [*reply.headers, ("Content-Length", str(length))])
        return [reply.body]

    def _ask(self, environ: dict[str, Any]) -> Reply:
        told: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            told[:] = [status, headers]
            return None

        answer = self._inner(environ, start)
        try:
            body = b"".join(answer)
        finally:
            close = getattr(answer, "close", None)
            if close:
                close()
        status, headers = told
        return Reply(status, [(name, value) for name, value in headers
                              if name.lower() != "content-length"], body)

    def _note(self, environ: dict[str, Any], status: int) -> None:
        query = environ.get("QUERY_STRING", "")
        self._calls.appendleft({
            "at": self._weather.clock(), "method": environ["REQUEST_METHOD"],
            "path": environ["PATH_INFO"] + (f"?{query}" if query else ""), "status": status,
        })
