"""Workers and clocks of several nodes at one table of tasks, step by step, from one seed.

Each step is a real transaction through ``core.claims``; which of them comes when, who dies, who
sleeps past his lease and how fast time goes is drawn from the seed. Beside it runs a model of ten
lines: who holds what, and until when. Whatever the two do not agree on is wrong.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select, update

from oms_web.core import claims
from oms_web.core.actor import SYSTEM
from oms_web.core.claims import Claim, Task
from oms_web.core.work import Works
from tests import factories as make
from tests.sync.channel import Clock

KEYS = ("1:orders", "1:offers", "2:orders")
ACTS = ("beat", "beat", "beat", "finish", "finish", "fail", "die", "doze", "doze")


@dataclass
class Known:
    """What the model knows of a task that is not over: who holds it (by fence), until when."""

    key: str
    fence: int = 0
    until: datetime | None = None
    not_before: datetime = make.NOON


@dataclass
class Race:
    """So many workers and two clocks. ``runs`` counts tasks taken, ``wrong`` is a list of harm."""

    works: Works
    seed: int
    workers: int = 4
    open: dict[int, Known] = field(default_factory=dict)
    hands: dict[int, Claim] = field(default_factory=dict)
    asleep: dict[int, datetime] = field(default_factory=dict)
    runs: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = Clock(make.NOON)
        self.works.clock = self.clock
        self.dice = random.Random(f"lease/{self.seed}")

    def run(self, runs: int) -> None:
        """Go on until so many tasks were taken, or something is wrong."""
        while self.runs < runs and not self.wrong:
            self.clock.forward(seconds=self.dice.choice((0, 0, 1, 5, 20)))
            who = self.dice.randrange(self.workers + 1)
            if who == self.workers:
                self._ring()
            elif self.asleep.get(who, self.clock.now) <= self.clock.now:
                self._work(who)

    def _ring(self) -> None:
        """Both clocks see the same thing due at the same moment."""
        key = self.dice.choice(KEYS)
        for _ in range(2):
            is_open = any(known.key == key for known in self.open.values())
            with self.works.writing(SYSTEM) as work:
                made = claims.enqueue(work.session, "test", key, {}, now=work.now)
            if (made is None) != is_open:
                self.wrong.append(f"two unfinished tasks for {key}, or none")
            if made is not None:
                self.open[made] = Known(key, not_before=self.clock.now)

    def _work(self, who: int) -> None:
        if who not in self.hands:
            self._claim(who)
            return
        act, held = self.dice.choice(ACTS), self.hands[who]
        self.seen[act] += 1
        if act == "die":
            del self.hands[who]
        elif act == "doze":
            self.asleep[who] = self.clock.now + timedelta(seconds=self.dice.randint(20, 200))
        else:
            self._say(who, held, act)

    def _claim(self, who: int) -> None:
        now = self.clock.now
        due = {id_ for id_, known in self.open.items()
               if (known.not_before <= now if known.until is None else known.until < now)}
        with self.works.writing(SYSTEM) as work:
            held = claims.claim(work.session, str(who), work.now)
        if held is None:
            if due:
                self.wrong.append(f"{due} lay there and nobody got it")
            return
        known = self.open.get(held.id)
        if known is None or held.id not in due:
            self.wrong.append(f"{held.id} was taken from somebody who is at work")
            return
        if held.fence <= known.fence:
            self.wrong.append(f"the fence of {held.id} did not grow")
        self.seen["taken over"] += known.until is not None
        known.fence, known.until = held.fence, now + claims.LEASE
        self.hands[who] = held
        self.runs += 1

    def _say(self, who: int, held: Claim, act: str) -> None:
        """A word of a worker counts if he is the last who took the task, and only then."""
        known, now = self.open.get(held.id), self.clock.now
        is_his = known is not None and known.until is not None and known.fence == held.fence
        with self.works.writing(SYSTEM) as work:
            if act == "beat":
                counted = claims.beat(work.session, held, work.now, 1, 2)
            elif act == "finish":
                counted = claims.finish(work.session, held, work.now, None)
            else:
                counted = claims.fail(work.session, held, work.now, "no luck", patient=True)
            not_before = work.session.scalar(select(Task.not_before).where(Task.id == held.id))
        if counted != is_his:
            self.wrong.append(f"a word about {held.id} counted: {counted}, was his: {is_his}")
        self.seen["too late"] += not counted
        if act != "beat" or not counted:
            del self.hands[who]
        if counted and known is not None:
            known.until = now + claims.LEASE if act == "beat" else None
            known.not_before = not_before or now
        if counted and act == "finish":
            del self.open[held.id]


def expire(works: Works, how_many: int) -> list[int]:
    """Tasks of workers that died long ago."""
    with works.writing(SYSTEM) as work:
        made = [claims.enqueue(work.session, "test", f"{work.now}-{n}", {}, now=work.now)
                for n in range(how_many)]
        work.session.execute(update(Task).where(Task.id.in_(made)).values(
            state="running", fence=1, worker="dead",
            lease_until=work.now - claims.LEASE).execution_options(synchronize_session=False))
    return [id_ for id_ in made if id_ is not None]
