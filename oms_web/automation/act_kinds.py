"""What an act is: what it is called, what it needs and takes, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from oms_web.core.work import Work

Params = Mapping[str, Any]
Step = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Done:
    """How an act ended. ``changed``: False when it was so already. ``undo``: what takes it back,
    in this order; empty when nothing can.
    """

    changed: bool = True
    undo: tuple[Step, ...] = ()


SAME = Done(changed=False)
MOST_AT_ONCE = 1000
"""Orders that one act may name."""


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter of an act.

    ``kind``: ``status tag text moment number carrier webhook macro template warehouse
    packaging orders`` (numbers of
    orders; a bulk change fills in those that it is about).
    """

    name: str
    kind: str
    required: bool = True
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Act:
    """``needs`` is the right a person must have (``users/permissions.py``). ``listed``: offered to
    people; the others only take something back. ``least`` parameters must be given. ``alone``: it
    locks what other orders need as well (goods on shelves, each other) in a sequence that holds
    within one order only, so each order has a transaction of its own.
    """

    key: str
    do: Callable[[Work, int, Params], Done]
    needs: str
    fields: tuple[Field, ...] = ()
    listed: bool = True
    least: int = 0
    alone: bool = False
