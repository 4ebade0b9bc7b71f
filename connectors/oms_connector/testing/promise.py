"""What a check is: a promise with a number, a name and a place on the scale."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pytest

from oms_connector.testing.standin import Absent
from oms_connector.testing.verdict import Broken

if TYPE_CHECKING:
    from oms_connector.testing.bench import Bench

Level = Literal["bronze", "silver", "gold"]
LEVELS: tuple[Level, ...] = ("bronze", "silver", "gold")


@dataclass(frozen=True, slots=True)
class Promise:
    """One check. ``vital``: its level is not reached while it is not applicable."""

    number: int
    text: str
    level: Level
    vital: bool = False


def keeps(number: int, text: str, level: Level, *, vital: bool = False
          ) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Mark a method of a kit as the check of a promise.

    The method takes a ``Bench``. It ends silently, or raises ``Broken``; whatever else it raises is
    the connector's fault too. What the stand-in does not play ends it as not applicable.
    """

    def mark(method: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(method)
        def checked(self: Any, bench: Bench) -> None:
            __tracebackhide__ = True
            try:
                _ended(method, self, bench)
            except pytest.skip.Exception as skipped:
                said = bench.kind_of_connector.manifest.quality
                if vital and said and LEVELS.index(said) >= LEVELS.index(level):
                    raise Broken(f"the manifest says {said}, which cannot be had without this: "
                                 f"{skipped}") from skipped
                raise

        checked.promise = Promise(number, text, level, vital)  # type: ignore[attr-defined]  # ours
        return checked

    return mark


def _ended(method: Callable[..., None], kit: Any, bench: Bench) -> None:
    __tracebackhide__ = True
    try:
        method(kit, bench)
    except Absent as absent:
        bench.absent(absent)


def promises(kit: type[Any]) -> dict[int, Callable[..., None]]:
    """The checks of a kit by their numbers."""
    found = {}
    for name in dir(kit):
        method = getattr(kit, name)
        promise = getattr(method, "promise", None)
        if isinstance(promise, Promise):
            found[promise.number] = method
    return dict(sorted(found.items()))
