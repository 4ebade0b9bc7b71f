"""When faults strike: the switches, the dice and the count of what was served.

One object for one marketplace. Whatever passes a point goes through ``blow``; every fault of that
point whose time has come changes it. Each fault throws dice of its own, made from the seed, so the
same calls after the same switches meet the same faults.
"""

from __future__ import annotations

import json
import math
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from oms_demo.market.blow import Blow
from oms_demo.market.faults import BY_NAME, FAULTS, Fault, Point
from oms_demo.market.refusal import Refusal
from oms_demo.market.store import Store, moment, stamp

_BY_POINT: Mapping[str, tuple[Fault, ...]] = {
    point: tuple(fault for fault in FAULTS if fault.point == point)
    for point in {fault.point for fault in FAULTS}
}
_SETTING = "weather"
MINUTES_MAX = 24 * 60


@dataclass(frozen=True, slots=True)
class Switch:
    """A fault that is on: how likely it is, of 1, and until when; None: until calm is called."""

    chance: float
    until: datetime | None = None


class Weather:
    """The weather of one marketplace.

    Args:
        clock: the true time, which faults of the clock do not touch.
        sleep: how time is spent where an answer is slow; a test turns its clock instead.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime], seed: int,
                 sleep: Callable[[float], None] = time.sleep) -> None:
        self._store = store
        self.true_clock = clock
        self._sleep = sleep
        self._lock = threading.RLock()
        self.seed = seed
        self.served: Counter[str] = Counter()
        self._dice: dict[str, random.Random] = {}
        self._spells: dict[str, datetime] = {}
        self._switches: dict[str, Switch] = {}
        self._read()

    # The switches

    def switches(self) -> dict[str, Switch]:
        """What is on now, by name."""
        now = self.true_clock()
        return {name: switch for name, switch in self._switches.items()
                if switch.until is None or switch.until > now}

    def switch(self, name: str, chance: float, minutes: float | None = None) -> None:
        """Let a fault strike with this chance of 1; 0 switches it off.

        Raises:
            Refusal: no such fault, not a chance, not a span of time.
        """
        self.switch_all({name: (chance, minutes)})

    def switch_all(self, wanted: Mapping[str, tuple[float, float | None]]) -> None:
        """The same for many faults at once: all of them or, when one makes no sense, none."""
        for name, (chance, minutes) in wanted.items():
            _check(name, chance, minutes)
        now = self.true_clock()
        with self._lock:
            for name, (chance, minutes) in wanted.items():
                if chance:
                    until = now + timedelta(minutes=minutes) if minutes else None
                    self._switches[name] = Switch(chance, until)
                else:
                    self._switches.pop(name, None)
                    self._spells.pop(name, None)
            self._keep()

    def storm(self, strength: float = 1.0, minutes: float | None = None) -> None:
        """Everything at once, each fault as often as usual times ``strength``."""
        self.switch_all({
            fault.name: (min(1.0, fault.usual * strength), minutes) for fault in FAULTS
        })

    def calm(self) -> None:
        """End everything at once."""
        with self._lock:
            self._switches.clear()
            self._spells.clear()
            self._keep()

    def reseed(self, seed: int) -> None:
        """Throw all dice anew, from another seed or from the same once more."""
        with self._lock:
            self.seed = seed
            self._dice.clear()
            self.served.clear()
            self._keep()

    # What the marketplace asks

    def clock(self) -> datetime:
        """What the marketplace believes the time to be."""
        return self.blow("clock", self.true_clock())

    def blow(self, point: Point, thing: Any, *, key: str = "", kind: str = "", **about: Any) -> Any:
        """What comes out of a point, after every fault that strikes there.

        Args:
            key: what the thing is called, for faults that strike the same thing always or never.
            kind: ``reads`` or ``writes``.
        """
        if not self._switches:
            return thing
        for fault in _BY_POINT[point]:
            if fault.only in ("", kind) and self._strikes(fault, key):
                thing = self._struck(fault, thing, about)
                if point == "request" and thing is not about.get("environ", thing):
                    break
        return thing

    def _struck(self, fault: Fault, thing: Any, about: Mapping[str, Any]) -> Any:
        blow = Blow(self._dice_of(fault), self.true_clock(), self._sleep, about)
        try:
            changed = fault.act(thing, blow)
        except Exception:
            self.served[fault.name] += 1
            raise
        if changed is None:
            return thing
        self.served[fault.name] += 1
        return changed

    def _strikes(self, fault: Fault, key: str) -> bool:
        switch = self._switches.get(fault.name)
        if switch is None:
            return False
        now = self.true_clock()
        if switch.until is not None and switch.until <= now:
            return False
        with self._lock:
            if fault.sticky:
                fixed = random.Random(f"{self.seed}/{fault.name}/{key}")  # noqa: S311 - no secret
                return fixed.random() < switch.chance
            if fault.spell_s and self._spells.get(fault.name, now) > now:
                return True
            struck = self._dice_of(fault).random() < switch.chance
            if struck and fault.spell_s:
                self._spells[fault.name] = now + timedelta(seconds=fault.spell_s)
            return struck

    def _dice_of(self, fault: Fault) -> random.Random:
        if fault.name not in self._dice:
            seed = f"{self.seed}/weather/{fault.name}"
            self._dice[fault.name] = random.Random(seed)  # noqa: S311 - no secret
        return self._dice[fault.name]

    # A marketplace that is started again has the weather it had

    def _keep(self) -> None:
        self._store.remember(_SETTING, json.dumps({
            "seed": self.seed,
            "on": {name: [switch.chance, switch.until and stamp(switch.until)]
                   for name, switch in self._switches.items()},
        }))

    def _read(self) -> None:
        kept = json.loads(self._store.setting(_SETTING, "{}"))
        self.seed = kept.get("seed", self.seed)
        for name, (chance, until) in kept.get("on", {}).items():
            if name in BY_NAME:
                self._switches[name] = Switch(chance, moment(until) if until else None)


def _check(name: str, chance: float, minutes: float | None) -> None:
    if name not in BY_NAME:
        raise Refusal("unknown_fault", f"There is no fault {name}.", 422, field=name)
    if not (math.isfinite(chance) and 0 <= chance <= 1):
        raise Refusal("bad_chance", "A chance is between 0 and 1.", 422, field=name)
    if minutes is not None and not (math.isfinite(minutes) and 0 <= minutes <= MINUTES_MAX):
        raise Refusal("bad_minutes", f"Between 0 and {MINUTES_MAX} minutes.", 422, field=name)
