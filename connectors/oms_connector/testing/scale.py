"""The quality scale: bronze, silver, gold, each a set of checks that are kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from oms_connector.testing.promise import LEVELS, Promise

Outcome = Literal["passed", "failed", "not applicable"]


@dataclass(frozen=True, slots=True)
class Result:
    """How one check ended; ``reason`` says why where it did not pass."""

    number: int
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """How a connector did. ``level`` is empty where not even bronze is reached."""

    connector: str
    level: str
    results: Sequence[Result]

    @property
    def failed(self) -> Sequence[Result]:
        """What was not kept."""
        return [result for result in self.results if result.outcome == "failed"]

    def written(self) -> str:
        """As JSON."""
        return json.dumps({"connector": self.connector, "level": self.level,
                           "results": [asdict(result) for result in self.results]})

    @classmethod
    def read(cls, text: str) -> Report:
        """From JSON."""
        said = json.loads(text)
        return cls(said["connector"], said["level"], [Result(**one) for one in said["results"]])


def level(results: Sequence[Result], promises: Mapping[int, Promise]) -> str:
    """The highest level all of whose checks, and those below, were run and kept.

    What is not applicable is kept, unless its level cannot be had without it (``vital``).
    """
    ended = {result.number: result.outcome for result in results}
    reached = ""
    for name in LEVELS:
        for number, promise in promises.items():
            if promise.level != name:
                continue
            outcome = ended.get(number)
            if outcome in (None, "failed") or (promise.vital and outcome != "passed"):
                return reached
        reached = name
    return reached


def missing(results: Sequence[Result], promises: Mapping[int, Promise], reached: str
            ) -> Sequence[str]:
    """What stands between a connector and the next level, in words."""
    if reached == LEVELS[-1]:
        return []
    wanted = LEVELS[LEVELS.index(reached) + 1 if reached in LEVELS else 0]
    ended = {result.number: result for result in results}
    found = []
    for number, promise in promises.items():
        result = ended.get(number)
        if promise.level != wanted:
            continue
        if result is None:
            found.append(f"{number} was not run: {promise.text}")
        elif result.outcome == "failed" or (promise.vital and result.outcome != "passed"):
            found.append(f"{number} {result.outcome}: {promise.text}")
    return found
