"""How fast channels are asked: token buckets that all threads of a process share.

A request draws from all its buckets at the moment it is sent, or from none: it sleeps until they
have enough and looks again, so no declared rate is exceeded whoever else draws meanwhile. One that
would wait too long is told so at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from oms_connector import Limit, RateLimited

PATIENCE = 10.0
"""Seconds a request waits for its turn; a longer wait is the feed's, not a worker's."""

LONGEST_PAUSE = 3600.0
"""Seconds; a channel that asks for more is asked again after an hour all the same."""


@dataclass(slots=True)
class _Bucket:
    """``level`` is below zero after something that was larger than the bucket."""

    limit: Limit
    level: float
    at: float

    def refill(self, now: float) -> None:
        self.level = min(self.limit.burst, self.level
                         + max(0.0, now - self.at) * self.limit.per_second)
        self.at = now

    def wait(self, cost: float) -> float:
        """Seconds until ``cost`` can be taken. What is larger than the bucket needs a full one."""
        short = min(cost, self.limit.burst) - self.level
        if short <= 1e-9:  # what is left of sums of fractions
            return 0.0
        return short / self.limit.per_second if self.limit.per_second > 0 else LONGEST_PAUSE


@dataclass(slots=True)
class Pacer:
    """The buckets of a process. ``clock`` (seconds) and ``sleep`` are turned by hand in tests."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    patience: float = PATIENCE
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _buckets: dict[Hashable, _Bucket] = field(default_factory=dict)
    _paused: dict[tuple[Hashable, str], float] = field(default_factory=dict)
    _news: dict[Hashable, Pace] = field(default_factory=dict)

    def of(self, account: Hashable, client: Hashable, limits: Sequence[Limit]) -> Pace:
        """The pace of one account. ``client`` names the application whose limits are shared."""
        return Pace(self, account, client, tuple(limits))

    def news(self) -> dict[Hashable, list[dict[str, Any]]]:
        """How far the limits are used of those accounts that asked since this was called last."""
        with self._lock:
            asked, self._news = self._news, {}
            now = self.clock()
            return {account: pace._used(now) for account, pace in asked.items()}


@dataclass(frozen=True, slots=True)
class Pace:
    """One account's view of the buckets: its own, and those it shares with its client."""

    pacer: Pacer
    account: Hashable
    client: Hashable
    limits: tuple[Limit, ...]

    def take(self, bucket: str = "", cost: float = 1) -> None:
        """Draw from a bucket and from the one for all, as soon as both have enough.

        Raises:
            RateLimited: that is further away than our patience; nothing was drawn.
        """
        pacer, names = self.pacer, {"", bucket}
        latest = pacer.clock() + pacer.patience
        while wait := self._try(names, cost):
            if pacer.clock() + wait > latest:
                raise RateLimited("this channel may not be asked faster", wait)
            pacer.sleep(wait)

    def pause(self, seconds: float, bucket: str = "") -> None:
        """Let nothing of a bucket through for so long, in this whole process."""
        pacer = self.pacer
        with pacer._lock:
            until = pacer.clock() + min(max(seconds, 0.0), LONGEST_PAUSE)
            for key in self._pause_keys(bucket):
                pacer._paused[key] = max(until, pacer._paused.get(key, until))
            pacer._news[self.account] = self

    def _try(self, names: set[str], cost: float) -> float:
        """Draw, or say in how many seconds it may be possible."""
        with self.pacer._lock:
            now = self.pacer.clock()
            buckets = [self._bucket(limit, now) for limit in self.limits if limit.bucket in names]
            wait = max([one.wait(cost) for one in buckets] + [self._pause_left(names, now)])
            if wait <= 0:
                for one in buckets:
                    one.level -= cost
            self.pacer._news[self.account] = self
            return max(wait, 0.0)

    def _used(self, now: float) -> list[dict[str, Any]]:
        """Each limit with what is left of it, and each pause, in numbers that JSON can hold."""
        names = {limit.bucket for limit in self.limits}
        own = ("account", self.account)
        free = sorted(bucket for (owner, bucket), until in self.pacer._paused.items()
                      if owner == own and bucket not in names and until > now)
        return [
            {"bucket": limit.bucket, "shared": limit.scope == "client", "burst": limit.burst,
             "per_second": limit.per_second, "left": self._bucket(limit, now).level,
             "paused_s": self._pause_left({limit.bucket}, now)}
            for limit in self.limits
        ] + [{"bucket": name, "paused_s": self._pause_left({name}, now)} for name in free]

    def _bucket(self, limit: Limit, now: float) -> _Bucket:
        key = (self._whose(limit), limit)
        found = self.pacer._buckets.get(key)
        if found is None:
            found = self.pacer._buckets[key] = _Bucket(limit, limit.burst, now)
        found.refill(now)
        return found

    def _whose(self, limit: Limit) -> Hashable:
        owner = self.client if limit.scope == "client" else self.account
        return limit.scope, owner

    def _pause_left(self, names: set[str], now: float) -> float:
        paused = self.pacer._paused
        return max((paused.get(key, now) - now for name in names
                    for key in self._pause_keys(name)), default=0.0)

    def _pause_keys(self, bucket: str) -> set[tuple[Hashable, str]]:
        """A bucket that a client's accounts share is empty for all of them."""
        owners = {self._whose(limit) for limit in self.limits if limit.bucket == bucket}
        return {(owner, bucket) for owner in owners or {("account", self.account)}}
