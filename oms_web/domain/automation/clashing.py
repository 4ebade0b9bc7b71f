"""Whether two lists of acts say the opposite about the same order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# Acts that exclude each other when they say different things about the same order.
EXCLUSIVE = ("status", "delivery", "hold", "cancel", "allocate", "packaging")
OPPOSITE = (("tag", "untag"), ("hold", "release"))


def against(one: Sequence[Any], other: Sequence[Any]) -> str:
    """The act about which two lists of acts contradict each other; empty if none."""
    for key, params in one:
        for second, said in other:
            if key == second and key in EXCLUSIVE and dict(params) != dict(said):
                return str(key)
            if ((key, second) in OPPOSITE or (second, key) in OPPOSITE) and (
                    "tag" not in params or params.get("tag") == said.get("tag")):
                return str(key)
    return ""
