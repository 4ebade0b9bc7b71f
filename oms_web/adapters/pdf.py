"""PDF from HTML, made by worker processes that a hostile document cannot escape or wear out.

``PdfPool`` starts a worker when it is first needed, gives each request a deadline and a memory
limit, and replaces a worker that hangs, dies or has done enough. What locks the worker up is in
``pdf_worker.py``. Nothing of WeasyPrint is imported here.
"""

from __future__ import annotations

import atexit
import importlib.util
import json
import logging
import os
import queue
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path

from oms_web.adapters import pdf_worker
from oms_web.core.errors import NotAllowedNow, OmsError
from oms_web.core.pdf_libraries import NEEDED, missing_packages

log = logging.getLogger(__name__)

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME",
         "FONTCONFIG_FILE", "FONTCONFIG_PATH", "XDG_CACHE_HOME", "SYSTEMROOT")
_ASK_AGAIN = 30.0
_MAX_ANSWER = 256 * 1024 * 1024


class PdfUnavailable(NotAllowedNow):
    """This machine cannot make PDFs now; the words say what to install."""


class PdfFailed(OmsError):
    """This document could not be made into a PDF: too large, too slow, or too strange."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one worker may use.

    ``seconds`` of the processor are for one document, ``more_seconds`` for each further one of the
    same request. By the clock it may take ``patience`` times as long.
    """

    memory_mb: int = 512
    seconds: float = 10
    more_seconds: float = 1
    patience: int = 6
    start_seconds: float = 30
    idle_seconds: int = 300
    documents: int = 2000


@dataclass(frozen=True, slots=True)
class InvoiceData:
    """What a Factur-X has inside: its XML, and the day it was made."""

    xml: bytes
    day: date


class PdfPool:
    """Some workers that share one style sheet. Safe to use from many threads."""

    def __init__(self, css: Path, fonts: Sequence[tuple[str, Path]] = (), *, size: int = 2,
                 limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.size = size
        self._config = {
            "css": str(css), "fonts": [(name, str(file)) for name, file in fonts],
            "memory_mb": self.limits.memory_mb, "idle_seconds": self.limits.idle_seconds,
        }
        self._slots: queue.LifoQueue[Worker | None] = queue.LifoQueue()
        for _ in range(size):
            self._slots.put(None)
        self._all: set[Worker] = set()
        self._lock = threading.Lock()
        # Looked up when first asked; what was missing may be installed while we run.
        self._reason: str | None = "not looked up yet"
        self._ask_again = 0.0
        atexit.register(self.close)

    def available(self) -> str | None:
        """Why no PDF can be made here; None when one can."""
        if self._reason is not None and time.monotonic() >= self._ask_again:
            self._reason = _missing()
            self._ask_again = time.monotonic() + _ASK_AGAIN
        return self._reason

    def render(self, pages: Sequence[str], data: InvoiceData | None = None, *,
               tagged: bool = True) -> bytes:
        """Several HTML documents as one PDF, each with page numbers of its own.

        With ``data`` it is a Factur-X: PDF/A-3 with the data of the invoice inside. Without tags it
        is cheaper, and cannot be read out: for parts that are merged.

        Raises:
            PdfUnavailable: the engine is not installed, or does not start.
            PdfFailed: the document hit a limit; nothing else was hurt.
        """
        reason = self.available()
        if reason is not None:
            raise PdfUnavailable("PDF is unavailable on this machine: %(why)s", why=reason)
        try:
            worker = self._slots.get(timeout=120)
        except queue.Empty:
            raise PdfUnavailable("Too much is being printed at once. Try again in a minute.") \
                from None
        try:
            worker = self._living(worker)
            try:
                answer = worker.ask(pages, self.limits, data, tagged=tagged)
            except WorkerGone:  # it left for want of work as the request arrived
                worker = self._living(worker)
                answer = worker.ask(pages, self.limits, data, tagged=tagged)
        except BaseException:
            self._retire(worker)
            worker = None
            raise
        finally:
            if worker is not None and worker.documents >= self.limits.documents:
                self._retire(worker)
                worker = None
            self._slots.put(worker)
        return answer

    def pids(self) -> list[int]:
        """The process ids of the workers that are up."""
        with self._lock:
            return [worker.process.pid for worker in self._all]

    def close(self) -> None:
        """End all workers."""
        with self._lock:
            workers, self._all = self._all, set()
        for worker in workers:
            worker.end()

    def _living(self, worker: Worker | None) -> Worker:
        """The worker, unless it has gone for want of work; then a new one."""
        if worker is not None and worker.is_up():
            return worker
        self._retire(worker)
        started = Worker(self._config, self.limits.start_seconds)
        with self._lock:
            self._all.add(started)
        return started

    def _retire(self, worker: Worker | None) -> None:
        if worker is not None:
            with self._lock:
                self._all.discard(worker)
            worker.end()


class WorkerGone(PdfFailed):
    """The worker had ended by itself before it read the request."""


class Worker:
    """One child process and the pipes to it."""

    def __init__(self, config: dict[str, object], start_seconds: float) -> None:
        self.documents = 0
        self._folder = tempfile.mkdtemp(prefix="oms-pdf-")
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self.process = subprocess.Popen(  # noqa: S603 - our own file, by its path
            [sys.executable, "-P", pdf_worker.__file__, json.dumps(config)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**kept, "TMPDIR": self._folder, "PYTHONHASHSEED": "0",
                 "SOURCE_DATE_EPOCH": "946684800"},  # the same document gives the same bytes
            cwd=self._folder, start_new_session=True, bufsize=0,
        )
        try:
            self._receive(time.monotonic() + start_seconds)
        except PdfFailed as failed:
            self.end()
            raise PdfUnavailable("PDF is unavailable on this machine: %(why)s",
                                 why=failed.params.get("why") or str(failed)) from failed

    def ask(self, pages: Sequence[str], limits: Limits, data: InvoiceData | None = None, *,
            tagged: bool = True) -> bytes:
        """Send documents, wait for the PDF.

        Raises:
            PdfFailed: no answer in time, a dead worker, or a refusal.
        """
        seconds = limits.seconds + limits.more_seconds * (len(pages) - 1)
        inside = {"xml": data.xml.decode(), "day": data.day.isoformat()} if data else None
        request = json.dumps({"pages": list(pages), "seconds": seconds, "data": inside,
                              "tagged": tagged}).encode()
        self.documents += len(pages)
        deadline = time.monotonic() + seconds * limits.patience
        try:
            self._send(request, deadline)
            return self._receive(deadline)
        except BrokenPipeError:
            raise self._died() from None

    def is_up(self) -> bool:
        """Whether the process waits for a request; it says nothing unasked."""
        assert self.process.stdout is not None
        source = self.process.stdout.fileno()
        return self.process.poll() is None and not select.select([source], [], [], 0)[0]

    def end(self) -> None:
        """Kill the process and remove its folder. May be said twice."""
        with suppress(ProcessLookupError):
            self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _send(self, message: bytes, deadline: float) -> None:
        assert self.process.stdin is not None
        target = self.process.stdin.fileno()
        os.set_blocking(target, False)
        left = memoryview(struct.pack(">I", len(message)) + message)
        while left:
            if not select.select([], [target], [], max(0, deadline - time.monotonic()))[1]:
                raise self._late()
            with suppress(BlockingIOError):
                left = left[os.write(target, left):]

    def _receive(self, deadline: float) -> bytes:
        size = struct.unpack(">I", self._read(4, deadline))[0]
        if not 0 < size <= _MAX_ANSWER:
            raise PdfFailed("The PDF was given up: it grew too large.")
        answer = self._read(size, deadline)
        if answer[:1] != b"+":
            why = answer[1:].decode("utf-8", "replace")
            if why == "memory":
                raise PdfFailed("The PDF was given up: it needed too much memory.")
            raise PdfFailed("The PDF could not be made: %(why)s", why=why)
        return answer[1:]

    def _read(self, size: int, deadline: float) -> bytes:
        assert self.process.stdout is not None
        source = self.process.stdout.fileno()
        found = bytearray()
        while len(found) < size:
            if not select.select([source], [], [], max(0, deadline - time.monotonic()))[0]:
                raise self._late()
            piece = os.read(source, min(size - len(found), 1 << 20))
            if not piece:
                raise self._died()
            found += piece
        return bytes(found)

    def _late(self) -> PdfFailed:
        return PdfFailed("The PDF was given up: it took too long.")

    def _died(self) -> PdfFailed:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(2)
        if self.process.returncode == pdf_worker.IDLE_EXIT:
            return WorkerGone("The PDF could not be made: %(why)s", why="no worker")
        if self.process.returncode == -signal.SIGPROF:
            return self._late()
        log.warning("a PDF worker ended with %s", self.process.returncode)
        return PdfFailed("The PDF was given up: it needed too much memory.")


def merge(parts: Sequence[bytes | Path]) -> bytes:
    """PDFs one after another as one. For what we made ourselves, not for uploads.

    Several together lose their tags: what they say in which order is for eyes then, on paper.
    """
    if len(parts) == 1:
        return parts[0].read_bytes() if isinstance(parts[0], Path) else parts[0]
    from pypdf import PdfWriter

    writer = PdfWriter()
    for part in parts:
        writer.append(part if isinstance(part, Path) else BytesIO(part), import_outline=False)
    whole = BytesIO()
    writer.write(whole)
    return whole.getvalue()


def _missing() -> str | None:
    if importlib.util.find_spec("weasyprint") is None:
        return "pip install weasyprint"
    if not sys.platform.startswith("linux"):
        return None  # the worker itself says what it lacks
    packages = missing_packages(NEEDED)
    if packages:
        return f"sudo apt-get install --no-install-recommends {' '.join(packages)}"
    return None
