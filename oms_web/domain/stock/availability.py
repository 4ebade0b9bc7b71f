"""What may be promised of a bundle: what its parts make up."""

from __future__ import annotations

from collections.abc import Iterable


def bundle_free(parts: Iterable[tuple[int, int]]) -> int:
    """Whole bundles that free parts make up; ``parts`` are (free units, units per bundle)."""
    return min((max(0, free) // per_unit for free, per_unit in parts), default=0)
