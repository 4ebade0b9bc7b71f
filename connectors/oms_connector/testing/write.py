"""A call that changes something, as the checks make it and look at it afterwards."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from oms_connector import ItemResult
from oms_connector.testing.bench import Bench

NUMBERS = itertools.count(1)
"""Whatever has to be different each time."""


@dataclass(slots=True)
class Write:
    """A call that changes something. ``effect`` says how it is at the channel, ``wanted`` how it
    should be in the end, ``before`` how it was. ``again``: whether the engine says it again by
    itself when its answer was lost, or waits for a person.
    """

    name: str
    do: Callable[[Any], Any]
    effect: Callable[[], Any]
    wanted: Any
    again: bool = True
    before: Any = field(init=False)

    def __post_init__(self) -> None:
        self.before = self.effect()

    @property
    def is_done(self) -> bool:
        """Whether the channel shows what was wanted, once."""
        return bool(self.effect() == self.wanted)


def outcome(result: Any) -> str:
    """What a write's result claims: ``done``, or the least of its items' outcomes."""
    if isinstance(result, Sequence) and result and isinstance(result[0], ItemResult):
        claims = {one.outcome for one in result}
        for claim in ("unknown", "retry", "rejected"):
            if claim in claims:
                return claim
    return "done"


Reader = Callable[[Any], Any]
Maker = Callable[[Bench], Write]


def new_key(kind: str) -> str:
    """A key that was never used."""
    return f"kit:{kind}:{next(NUMBERS)}"
