"""The connectors' processes of this process of ours: started when needed, kept warm for a while."""

from __future__ import annotations

import os
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from oms_connector import ChannelDown, Connector, ReadsFiles, wire

from oms_web.sync.isolation.child import Child, Limits, Lost

Key = tuple[type[Connector], int]


def can_isolate(kind: type[Connector]) -> bool:
    """Whether another process can find the class by its name.

    Connectors that read files stay here: they work on large files of ours, not on a network.
    """
    if issubclass(kind, ReadsFiles) or kind.__module__ == "__main__":
        return False
    found: object = sys.modules.get(kind.__module__)
    for name in kind.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is kind


class Children:
    """Lends processes out, one user at a time. A process never serves another account."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._lock = threading.Lock()
        self._idle: list[tuple[Key, Child]] = []
        self._suspects: dict[Key, bool] = {}  # whether somebody tries it again now
        self._pid = os.getpid()
        self._finalizer = weakref.finalize(self, _end_all, self._idle, self._pid)

    @contextmanager
    def lent(self, kind: type[Connector], account_id: int) -> Iterator[Child]:
        """A process for an account's connector; it is ended if it did not stay well.

        Of a connector that had to be ended one process at a time is lent until it has worked
        again: the feeds of one account must not keep all workers waiting.

        Raises:
            ChannelDown: it could not be started, or somebody else tries it again already.
            ConnectorFault: the connector's module failed there.
        """
        key = (kind, account_id)
        child = None
        self._trust(key)
        try:
            child = self._take(key) or self._start(kind)
            child.begin()
            yield child
        finally:
            self._judge(key, child)
            if child is not None:
                child.http = None
                self._put(key, child)

    def _trust(self, key: Key) -> None:
        with self._lock:
            if self._suspects.get(key):
                raise ChannelDown("the connector had to be ended a moment ago, and is tried again")
            if key in self._suspects:
                self._suspects[key] = True

    def _judge(self, key: Key, child: Child | None) -> None:
        with self._lock:
            if child is None or child.is_lost:
                self._suspects[key] = False
            else:
                self._suspects.pop(key, None)

    def close(self) -> None:
        """End the processes that nobody uses."""
        with self._lock:
            idle, self._idle[:] = self._idle[:], []
        _end([child for _, child in idle])

    def pids(self) -> list[int]:
        """The processes that wait to be used again."""
        with self._lock:
            return [child.process.pid for _, child in self._idle]

    def _start(self, kind: type[Connector]) -> Child:
        try:
            return Child(kind, self.limits)
        except (Lost, wire.WireError) as error:
            raise ChannelDown(f"the connector could not be started: {error}") from error

    def _take(self, key: Key) -> Child | None:
        # One that is about to leave by itself might do so before it has read the question.
        oldest = time.monotonic() - self.limits.idle_seconds * 0.8
        with self._lock:
            if os.getpid() != self._pid:  # forked: these are our parent's
                self._idle[:], self._pid = [], os.getpid()
            gone = [entry for entry in self._idle
                    if entry[1].used_at < oldest or not entry[1].is_up()]
            fitting = [entry for entry in self._idle if entry[0] == key and entry not in gone]
            taken = fitting[-1] if fitting else None
            self._idle[:] = [entry for entry in self._idle if entry not in gone
                             and entry is not taken]
        _end([child for _, child in gone])
        return taken[1] if taken else None

    def _put(self, key: Key, child: Child) -> None:
        if child.uses >= self.limits.uses or not child.is_up():
            child.end()
            return
        with self._lock:
            self._idle.append((key, child))
            surplus = self._idle[:-self.limits.idle_children or None]
            self._idle[:] = self._idle[len(surplus):]
        _end([one for _, one in surplus])


def _end(children: list[Child]) -> None:
    for child in children:
        child.end()


def _end_all(idle: list[tuple[Key, Child]], pid: int) -> None:
    """When the app ends or lets go of its children; not in a fork of it."""
    if os.getpid() == pid:
        _end([child for _, child in idle])
        idle.clear()
