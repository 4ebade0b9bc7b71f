"""A parent that keeps a few processes alive and takes them with it when it goes.

Children run in sessions of their own, so Ctrl-C reaches the parent alone and it stops them in
order. One that dies is started again after a pause that grows. If the parent itself is killed, the
kernel ends them (Linux: the parent-death signal), so none is left behind holding the port.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

_PR_SET_PDEATHSIG = 1
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass
class Child:
    """A process to keep alive. ``pass_fds`` are open files it inherits under the same numbers.

    ``needed``: when it cannot even be started for the first time, there is no point in going on;
    one that is not needed is given up after a few tries.
    ``delay``: seconds before its first start, so that others have the processors first.
    """

    name: str
    command: Sequence[str]
    pass_fds: tuple[int, ...] = ()
    needed: bool = True
    delay: float = 0.0
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)
    has_settled: bool = field(default=False, init=False)
    ends: int = field(default=0, init=False)
    due_at: float = field(default=0.0, init=False)


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds, except ``tries``.

    A child that lived for ``settled`` has started; ``grace`` is its time to stop before it is
    killed; the pause before a new start doubles from ``first`` to ``last``. A child that is not
    needed is given up when it ended ``tries`` times in a row.
    """

    settled: float = 5.0
    first: float = 0.5
    last: float = 30.0
    grace: float = 10.0
    tries: int = 5


def pause_after(ends: int, pace: Pace) -> float:
    """How long to wait before a child is started again that ended ``ends`` times in a row."""
    return min(pace.last, pace.first * 2 ** min(ends - 1, 16))


class Supervisor:
    """Starts children, restarts those that die, stops them all."""

    def __init__(self, children: Sequence[Child], say: Callable[[str], None],
                 pace: Pace | None = None) -> None:
        self.children = list(children)
        self.say = say
        self.pace = pace or Pace()
        self._stopping = False
        self._hurry = False
        self._failed = False

    def start(self, child: Child) -> None:
        """Start a child; before ``run``, one that shall be loading meanwhile."""
        if child not in self.children:
            self.children.append(child)
        # This process has one thread, so running Python between fork and exec is safe.
        child.process = subprocess.Popen(  # noqa: S603 - commands are ours
            child.command, pass_fds=child.pass_fds, stdin=subprocess.DEVNULL,
            start_new_session=True, preexec_fn=_end_with(os.getpid()),
        )
        child.started_at = time.monotonic()

    def run(self) -> int:
        """Until told to stop: 0, or until a needed child could not start: 1."""
        awake, wake = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(awake, False)
        former_wake = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        former = {number: signal.signal(number, self._told_to_stop) for number in _STOP_SIGNALS}
        former[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        for child in self.children:
            child.due_at = time.monotonic() + child.delay
        try:
            while not self._stopping:
                self._start_due()
                self._sleep(awake, self._next_due())
                self._reap()
            self._stop_all(awake)
        finally:
            for child in self.children:
                if child.process is not None and child.process.poll() is None:
                    child.process.kill()
            signal.set_wakeup_fd(former_wake)
            for number, handler in former.items():
                signal.signal(number, handler)
            os.close(awake)
            os.close(wake)
        return 1 if self._failed else 0

    def _told_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._hurry = self._stopping
        self._stopping = True

    def _start_due(self) -> None:
        for child in self.children:
            if child.process is None and child.due_at <= time.monotonic():
                self.start(child)

    def _next_due(self) -> float | None:
        waiting = [child.due_at for child in self.children
                   if child.process is None and child.due_at < float("inf")]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else None

    @staticmethod
    def _sleep(awake: int, seconds: float | None) -> None:
        """Until a signal arrives or the time is over."""
        if select.select([awake], [], [], seconds)[0]:
            os.read(awake, 4096)

    def _reap(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.process is None or child.process.poll() is None:
                continue
            how = _words(child.process.returncode)
            lived = now - child.started_at
            child.process = None
            if lived >= self.pace.settled:
                child.has_settled, child.ends = True, 0
            if child.needed and not child.has_settled:
                if not self._stopping:
                    self.say(f"{child.name} {how} before it had started; see above")
                self._failed = self._stopping = True
                return
            child.ends += 1
            if not child.needed and child.ends >= self.pace.tries:
                child.due_at = float("inf")
                self.say(f"{child.name} {how} {child.ends} times in a row and is left out")
                continue
            pause = pause_after(child.ends, self.pace)
            child.due_at = now + pause
            self.say(f"{child.name} {how}; starting it again in {pause:g} s")

    def _stop_all(self, awake: int) -> None:
        for _, child in self._alive():
            child.terminate()
        deadline = time.monotonic() + self.pace.grace
        while self._alive() and not self._hurry and time.monotonic() < deadline:
            self._sleep(awake, min(0.5, deadline - time.monotonic()))
        for name, child in self._alive():
            self.say(f"{name} did not stop in time and is ended")
            child.kill()
            child.wait()

    def _alive(self) -> list[tuple[str, subprocess.Popen[bytes]]]:
        return [(child.name, child.process) for child in self.children
                if child.process is not None and child.process.poll() is None]


def _end_with(parent: int) -> Callable[[], None]:
    """What a new child does before it becomes its program: ask to be ended with its parent."""
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def ask() -> None:
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # It went between the fork and the line above.
            os._exit(1)

    return ask


def _words(code: int) -> str:
    if code < 0:
        try:
            return f"was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"
    return f"ended with code {code}"
