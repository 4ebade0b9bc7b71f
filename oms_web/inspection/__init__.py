"""Looking for damage, never repairing it: the machine (``system``) and the books (``ledgers``).

The books are read with plain SQL, not through the models: a second reader that would not share
a mistake of the first.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. ``unfit``: the shop must not go on like this; else it is good to know."""

    check: str
    sentence: str
    unfit: bool = True
