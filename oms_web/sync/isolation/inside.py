"""The process that a connector runs in. It has no network, no database and one account's secrets.

Run by path with next to no environment; imports the SDK and the connector, nothing of the web app.
It answers one question at a time. While it works on one it may ask back: a request to its channel
is made by the app, with the app's pace, tokens and log.

Messages are those of ``oms_connector.wire``. From the app, by ``do``: ``headers`` (secrets to work
with from now on), ``open`` (settings, moment), ``class`` and ``call`` (a method and its arguments),
``refresh``, and ``answer`` or ``raise`` to a request. To the app, by ``say``: ``ready``, ``done``,
``failed`` (an error of the SDK), ``fault`` (any other), ``http``, ``pause``, ``renew``, ``log``.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import select
import signal
import sys
import traceback
from importlib import import_module
from typing import Any

IDLE_EXIT = 75
MEMORY_EXIT = 76
_LONGEST_TEXT = 20_000
_LONGEST_LINE = 2_000


def main() -> None:
    """Load the connector, close the doors, answer until the app hangs up."""
    config: dict[str, Any] = json.loads(sys.argv[1])
    sys.path[:] = config["path"]
    questions, answers = _own_pipes()
    from oms_connector import wire

    from oms_web.sync.isolation import walls

    line = Line(wire, questions, answers)
    try:
        walls.limit(config["memory_mb"])
        kind: Any = import_module(config["module"])
        for name in config["name"].split("."):
            kind = getattr(kind, name)
        walls.close_doors(config["module"])
    except Exception as error:
        line.fault(error)
        return
    gc.freeze()
    line.send({"say": "ready"})
    desk = Desk(kind, line)
    _leave_with(config["app"])
    while (question := line.next(config["idle_seconds"])) is not None:
        desk.work_on(*question)


def _leave_with(app: int) -> None:
    """Look every other second whether the app still lives; nobody else would end a busy orphan."""
    def look(*_: Any) -> None:
        if os.getppid() != app:
            os._exit(0)

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, 2, 2)


def _own_pipes() -> tuple[int, int]:
    """The pipes to the app, out of the way of whatever prints or reads."""
    questions, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)
    return questions, answers


class Line:
    """The pipes to the app."""

    def __init__(self, wire: Any, questions: int, answers: int) -> None:
        self.wire = wire
        self._source = os.fdopen(questions, "rb")
        self._target = answers

    def next(self, seconds: float | None = None) -> tuple[dict[str, Any], bytes] | None:
        """The next message; None when the app hung up. Leaves when none comes for a while."""
        if seconds is not None and not select.select([self._source], [], [], seconds)[0]:
            os._exit(IDLE_EXIT)
        head = self._source.read(self.wire.HEAD.size)
        if len(head) < self.wire.HEAD.size:
            return None
        text, blob = self.wire.HEAD.unpack(head)
        return self.wire.loads(self._source.read(text)), self._source.read(blob)

    def send(self, message: dict[str, Any], blob: bytes = b"") -> None:
        """Say something. Errors as for ``wire.pack``."""
        for piece in self.wire.pack(message, blob):
            left = memoryview(piece)
            while left:
                left = left[os.write(self._target, left):]

    def fault(self, error: BaseException) -> None:
        """Say that something failed which is nobody's but the connector's."""
        trace = "".join(traceback.format_exception(error))[-_LONGEST_TEXT:]
        self.send({"say": "fault", "name": type(error).__name__,
                   "text": str(error)[:_LONGEST_LINE], "trace": trace})


class Desk:
    """Where the connector sits: one object for all calls of a connection."""

    def __init__(self, kind: Any, line: Line) -> None:
        self.kind = kind
        self.line = line
        self.secrets: dict[str, str] = {}
        self.connector: Any = None
        self.log = logging.getLogger(f"oms.connector.{kind.manifest.key}")
        self.log.handlers[:] = [_Told(line)]
        self.log.propagate = False
        self.log.setLevel(logging.INFO)

    def work_on(self, question: dict[str, Any], _blob: bytes) -> None:
        """Answer a question, whatever becomes of it."""
        try:
            answer = {"say": "done", "value": self._answer(question)}
            self.line.send(answer)
        except MemoryError:
            os._exit(MEMORY_EXIT)
        except Exception as error:
            told = self.line.wire.error_out(error)
            if told is None:
                self.line.fault(error)
            else:
                self.line.send({"say": "failed", "error": told})

    def _answer(self, question: dict[str, Any]) -> Any:
        what = question["do"]
        if what == "call":
            return getattr(self.connector, question["name"])(
                *question["args"], **question["named"])
        if what == "class":
            return getattr(self.kind, question["name"])(*question["args"])
        self._keep(question["secrets"])
        if what == "headers":
            return dict(self.kind.auth_headers(self.secrets))
        if what == "refresh":
            return self.kind(self.connector.context).refresh()
        self.connector = self.kind(self._context(question))
        return None

    def _keep(self, secrets: dict[str, str]) -> None:
        self.secrets.clear()
        self.secrets.update(secrets)

    def _context(self, question: dict[str, Any]) -> Any:
        from oms_connector import Context

        return Context(settings=question["settings"], secrets=self.secrets, http=Asking(self),
                       now=question["now"], log=self.log)

    def ask(self, message: dict[str, Any], blob: bytes) -> tuple[dict[str, Any], bytes]:
        """Ask the app back. It may have a question of its own first: for fresh tokens."""
        self.line.send(message, blob)
        while True:
            told = self.line.next()
            if told is None:
                os._exit(0)
            if told[0]["do"] in ("answer", "raise"):
                return told
            self.work_on(*told)


class Asking:
    """``context.http``: requests are made by the app."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def request(
        self, method: str, path: str, *, params: Any = None, json: Any = None,
        headers: Any = None, body: bytes | None = None, bucket: str = "", cost: float = 1,
        safe: bool | None = None, signed: bool = True,
    ) -> Any:
        """See ``oms_connector.Http``."""
        from oms_connector import Response

        if json is not None:
            body, headers = _json(json, headers or {})
        answer, content = self._desk.ask({
            "say": "http", "method": method, "path": path, "params": params, "headers": headers,
            "has_body": body is not None, "bucket": bucket, "cost": cost, "safe": safe,
            "signed": signed,
        }, body or b"")
        if answer["do"] == "raise" and answer["error"] is None:
            raise ValueError(answer["text"])
        if answer["do"] == "raise":
            raise self._desk.line.wire.error_in(answer["error"])
        return Response(answer["status"], answer["headers"], content)

    def pause(self, seconds: float, bucket: str = "") -> None:
        """See ``oms_connector.Http``."""
        self._desk.line.send({"say": "pause", "seconds": float(seconds), "bucket": bucket})

    def renew(self) -> None:
        """See ``oms_connector.Http``."""
        answer, _ = self._desk.ask({"say": "renew"}, b"")
        if answer["do"] == "raise":
            raise self._desk.line.wire.error_in(answer["error"])


def _json(value: Any, headers: Any) -> tuple[bytes, dict[str, str]]:
    """A body of JSON and its headers, as the app's own client would make them."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    known = any(name.lower() == "content-type" for name in headers)
    return text.encode(), {**({} if known else {"Content-Type": "application/json"}), **headers}


class _Told(logging.Handler):
    """Log lines are written by the app."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a line on."""
        self._line.send({"say": "log", "level": record.levelno,
                         "text": self.format(record)[:_LONGEST_LINE]})


if __name__ == "__main__":
    main()
