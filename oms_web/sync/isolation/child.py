"""One connector's process, seen from the app: asked with a deadline, ended when it misbehaves."""

from __future__ import annotations

import json
import logging
import math
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeGuard

from oms_connector import (
    AccessRefused,
    ChannelDown,
    ChannelError,
    Connector,
    Http,
    OutcomeUnknown,
    RateLimited,
    wire,
)

from oms_web.sync.isolation import inside

_KEPT = ("LANG", "LC_ALL", "TZ", "SYSTEMROOT")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PIPE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What a connector may use. Times are seconds.

    ``seconds`` is its own time in one call: while a request to its channel is under way the clock
    stands still. ``whole_seconds`` is for everything, ``ring_seconds`` for hearing a doorbell,
    where a channel waits for us. Most answers are far below ``answer_bytes``; ``requests`` and
    ``log_lines`` are per connection. A process is kept for ``idle_seconds``, at most
    ``idle_children`` of them, and replaced after ``uses`` connections: what leaks slowly starts
    anew.
    """

    seconds: float = 20.0
    whole_seconds: float = 600.0
    ring_seconds: float = 3.0
    start_seconds: float = 20.0
    memory_mb: int = 512
    answer_bytes: int = 64 * 1024 * 1024
    requests: int = 2000
    log_lines: int = 1000
    idle_seconds: int = 120
    idle_children: int = 8
    uses: int = 500


class ConnectorFault(Exception):
    """A connector failed by its own mistake. Named like the error that it raised, with its
    traceback as a note.
    """


class Lost(Exception):
    """The process cannot be talked to any more; the text says why."""


@dataclass(slots=True)
class Deadline:
    """When a call is over. ``own`` moves on while the connector waits for its channel."""

    own: float
    whole: float
    seconds: float
    whole_seconds: float

    def left(self) -> float:
        """Seconds.

        Raises:
            Lost: there are none.
        """
        now = time.monotonic()
        if now >= self.whole:
            raise Lost(f"the connector was still busy after {self.whole_seconds:g} s")
        if now >= self.own:
            raise Lost(f"the connector did not answer within {self.seconds:g} s")
        return min(self.own, self.whole) - now


class Child:
    """A process with one connector class in it, for one account."""

    def __init__(self, kind: type[Connector], limits: Limits) -> None:
        self.limits = limits
        self.log = logging.getLogger(f"oms.connector.{kind.manifest.key}")
        self.http: Http | None = None
        self.used_at = time.monotonic()
        self.uses = 0
        self.is_lost = False
        self._wrote = False
        self._requests = 0
        self._lines = 0
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        config = {
            "module": kind.__module__, "name": kind.__qualname__,
            "path": [os.path.abspath(folder) for folder in sys.path],
            "memory_mb": limits.memory_mb, "idle_seconds": limits.idle_seconds,
            "app": os.getpid(),
        }
        self.process = subprocess.Popen(  # noqa: S603 - our own file, by its path
            [sys.executable, "-I", "-B", inside.__file__, json.dumps(config)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=kept, cwd=os.sep, start_new_session=True, bufsize=0,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._target = self.process.stdin.fileno()
        self._source = self.process.stdout.fileno()
        os.set_blocking(self._target, False)
        _widen(self._target, self._source)
        try:
            failed = self._talk(self._deadline(limits.start_seconds))
            if failed is not None:
                raise failed
        except BaseException:
            self.end()
            raise

    def ask(self, question: Mapping[str, Any]) -> Any:
        """Ask one thing; while it works on it, requests to its channel are made for it.

        A request may need fresh tokens, which asks the same process within this question.

        Raises:
            ChannelError: the connector says so; or its process had to be ended: ``ChannelDown``,
                or ``OutcomeUnknown`` when it had sent something that changes things.
            ConnectorFault: it failed by a mistake of its own.
        """
        pieces = wire.pack(question)
        outer, self._wrote = self._wrote, False
        try:
            hears = question.get("name") == "hear"
            deadline = self._deadline(self.limits.ring_seconds if hears else self.limits.seconds)
            self._send(pieces, deadline)
            told = self._talk(deadline)
        except (Lost, wire.WireError) as error:
            self.is_lost = True
            self.end()
            why = str(error) if isinstance(error, Lost) else f"the connector lost its way: {error}"
            if self._wrote:
                raise OutcomeUnknown(f"sent, but then {why}") from error
            raise ChannelDown(why) from error
        except BaseException:
            self.end()  # something of ours failed; the connector still waits for its answer
            raise
        finally:
            self._wrote = outer
            self.used_at = time.monotonic()
        if isinstance(told, Exception):
            raise told
        return told

    def begin(self) -> None:
        """A new connection: count from nothing."""
        self._requests = self._lines = 0
        self.uses += 1

    def is_up(self) -> bool:
        """Whether the process waits for a question; it says nothing unasked."""
        pipe = self.process.stdout
        if self.process.poll() is not None or pipe is None or pipe.closed:
            return False
        return not _ready(self._source, select.POLLIN, 0)

    def end(self) -> None:
        """Kill the process and whatever it started. May be said twice."""
        if self.process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process.wait()

    def _deadline(self, seconds: float) -> Deadline:
        now = time.monotonic()
        whole = self.limits.whole_seconds
        return Deadline(now + seconds, now + whole, seconds, whole)

    # What it says

    def _talk(self, deadline: Deadline) -> Any:
        """Listen until it has answered; an error that it tells of is returned."""
        while True:
            message, blob = self._receive(deadline)
            match message.get("say"):
                case "ready":
                    return None
                case "done":
                    return message["value"]
                case "failed":
                    return wire.error_in(message.get("error"))
                case "fault":
                    return _fault(message)
                case "http":
                    started = time.monotonic()
                    answer = self._make_request(message, blob)
                    deadline.own += time.monotonic() - started
                    self._send(answer, deadline)
                case "renew":
                    started = time.monotonic()
                    answer = self._renew()
                    deadline.own += time.monotonic() - started
                    self._send(answer, deadline)
                case "pause":
                    self._pause(message)
                case "log":
                    self._write_line(message)
                case _:
                    raise Lost("the connector said something that is no message")

    def _make_request(self, message: Mapping[str, Any], blob: bytes) -> list[bytes]:
        """Ask the channel in its name; what to send back."""
        self._requests += 1
        if self._requests > self.limits.requests:
            raise Lost(f"the connector made more than {self.limits.requests} requests")
        if self.http is None:
            raise Lost("the connector asks its channel where it may not")
        asked = _request(message, blob)
        harmless = asked["safe"] if asked["safe"] is not None \
            else asked["method"].upper() in _SAFE
        try:
            answer = self.http.request(**asked)
        except ChannelError as error:
            # After these nothing of a write has arrived.
            before = isinstance(error, ChannelDown | RateLimited | AccessRefused)
            self._wrote = self._wrote or not (harmless or before)
            return wire.pack({"do": "raise", "error": wire.error_out(error)})
        except (ValueError, TypeError) as error:  # what was asked for cannot be sent
            return wire.pack({"do": "raise", "error": None,
                              "text": f"{type(error).__name__}: {error}"})
        self._wrote = self._wrote or not harmless
        return wire.pack({"do": "answer", "status": answer.status,
                          "headers": dict(answer.headers)}, answer.body)

    def _renew(self) -> list[bytes]:
        """Renew its tokens, which asks it for them; what to send back."""
        if self.http is None:
            raise Lost("the connector asks its channel where it may not")
        try:
            self.http.renew()
        except ChannelError as error:
            return wire.pack({"do": "raise", "error": wire.error_out(error)})
        return wire.pack({"do": "answer"})

    def _pause(self, message: Mapping[str, Any]) -> None:
        seconds, bucket = message.get("seconds"), message.get("bucket")
        if self.http is not None and _is_number(seconds) and isinstance(bucket, str):
            self.http.pause(float(seconds), bucket)

    def _write_line(self, message: Mapping[str, Any]) -> None:
        self._lines += 1
        if self._lines > self.limits.log_lines:
            raise Lost(f"the connector wrote more than {self.limits.log_lines} lines to the log")
        level = message.get("level")
        self.log.log(level if isinstance(level, int) else logging.INFO, "%s",
                     str(message.get("text", ""))[:2000])

    # The pipes

    def _send(self, pieces: list[bytes], deadline: Deadline) -> None:
        for piece in pieces:
            left = memoryview(piece)
            while left:
                if not _ready(self._target, select.POLLOUT, deadline.left()):
                    continue
                try:
                    left = left[os.write(self._target, left):]
                except BlockingIOError:
                    continue
                except OSError:
                    raise self._died() from None

    def _receive(self, deadline: Deadline) -> tuple[Mapping[str, Any], bytes]:
        text, blob = wire.HEAD.unpack(self._read(wire.HEAD.size, deadline))
        if text + blob > self.limits.answer_bytes:
            raise Lost(f"the connector's answer is larger than "
                       f"{self.limits.answer_bytes // (1024 * 1024)} MB")
        message = wire.loads(self._read(text, deadline))
        if not isinstance(message, Mapping):
            raise Lost("the connector said something that is no message")
        return message, self._read(blob, deadline)

    def _read(self, size: int, deadline: Deadline) -> bytes:
        found = bytearray()
        while len(found) < size:
            if not _ready(self._source, select.POLLIN, deadline.left()):
                continue
            piece = os.read(self._source, min(size - len(found), 1 << 20))
            if not piece:
                raise self._died()
            found += piece
        return bytes(found)

    def _died(self) -> Lost:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(2)
        code = self.process.returncode
        if code == inside.MEMORY_EXIT:
            return Lost(f"the connector needed more than {self.limits.memory_mb} MB")
        if code is not None and code < 0:
            return Lost(f"the connector's process was ended by {signal.Signals(-code).name}")
        return Lost(f"the connector's process ended by itself (code {code})")


def _widen(*pipes: int) -> None:
    """Let a page pass in one go: the usual 64 kB wake both processes again and again."""
    for pipe in pipes:
        with suppress(ImportError, AttributeError, OSError):
            import fcntl

            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)


def _ready(handle: int, event: int, seconds: float) -> bool:
    """Whether a pipe can be read or written, or has been closed at the other end."""
    waiting = select.poll()
    waiting.register(handle, event)
    return bool(waiting.poll(max(0.0, seconds) * 1000))


def _request(message: Mapping[str, Any], blob: bytes) -> dict[str, Any]:
    """A request as it is put to ``Http``; who sent it is not trusted to have kept its types."""
    asked = {name: message.get(name) for name in (
        "method", "path", "params", "headers", "bucket", "cost", "safe", "signed")}
    headers = asked["headers"]
    fits = (
        all(isinstance(asked[name], str) for name in ("method", "path", "bucket"))
        and (asked["params"] is None or isinstance(asked["params"], Mapping))
        and (headers is None or (isinstance(headers, Mapping) and all(
            isinstance(part, str) for pair in headers.items() for part in pair)))
        and _is_number(asked["cost"]) and isinstance(asked["signed"], bool)
        and (asked["safe"] is None or isinstance(asked["safe"], bool))
    )
    if not fits:
        raise Lost("the connector asked for a request that is none")
    return asked | {"body": blob if message.get("has_body") else None}


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) \
        and math.isfinite(value) and value >= 0


def _fault(message: Mapping[str, Any]) -> ConnectorFault:
    name = str(message.get("name", ""))[:80]
    kind = type(name if name.isidentifier() else "Exception", (ConnectorFault,), {})
    fault = kind(str(message.get("text", ""))[:2000])
    fault.add_note("In the connector's process:\n" + str(message.get("trace", ""))[:20_000])
    return fault
