"""Which promised units leave from which warehouse. Pure.

Units leave from the warehouse they lie in. A bundle leaves in one parcel: when its parts lie in
several warehouses, all of the line goes from the one that holds most of it, and the others bring
theirs there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """Promised units of a variant in a place, for an order line."""

    line_id: int
    variant_id: int
    location_id: int
    warehouse_id: int
    quantity: int

    @property
    def key(self) -> tuple[int, int, int]:
        """What names it: (line, variant, location)."""
        return self.line_id, self.variant_id, self.location_id


def by_warehouse(parts: Iterable[Part]) -> dict[int, list[Part]]:
    """The parts that each warehouse sends."""
    lines: dict[int, list[Part]] = defaultdict(list)
    for part in parts:
        lines[part.line_id].append(part)
    found: dict[int, list[Part]] = defaultdict(list)
    for mine in lines.values():
        together = _sender(mine) if len({part.variant_id for part in mine}) > 1 else None
        for part in mine:
            found[part.warehouse_id if together is None else together].append(part)
    return dict(found)


def _sender(parts: Iterable[Part]) -> int:
    units: Counter[int] = Counter()
    for part in parts:
        units[part.warehouse_id] += part.quantity
    return min(units, key=lambda warehouse: (-units[warehouse], warehouse))


def uncovered(parts: Iterable[Part], covered: Mapping[tuple[int, int, int], int]) -> list[Part]:
    """What is left of the parts when some units of them are in a shipment already."""
    left = []
    for part in parts:
        units = part.quantity - covered.get(part.key, 0)
        if units > 0:
            left.append(Part(part.line_id, part.variant_id, part.location_id, part.warehouse_id,
                             units))
    return left


def refill(
    parts: Iterable[Part], packed: Mapping[tuple[int, int, int], int]
) -> tuple[dict[tuple[int, int, int], int], dict[tuple[int, int], int]]:
    """Units already in the parcel, dealt out anew over changed parts.

    What was packed from a place stays counted there as far as it is still promised there, then on
    other places of the same line and variant.

    Returns:
        Packed units per (line, variant, location), and what must come out of the parcel again per
        (line, variant).
    """
    parts = list(parts)
    dealt = {part.key: min(part.quantity, packed.get(part.key, 0)) for part in parts}
    spare: Counter[tuple[int, int]] = Counter()
    for key, units in packed.items():
        spare[key[:2]] += units - dealt.get(key, 0)
    for part in parts:
        name = part.line_id, part.variant_id
        some = min(spare[name], part.quantity - dealt[part.key])
        dealt[part.key] += some
        spare[name] -= some
    return dealt, {name: units for name, units in spare.items() if units > 0}
