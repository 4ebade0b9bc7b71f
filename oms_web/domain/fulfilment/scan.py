"""What a scan at the pack station means. Pure: it sees what the parcel still needs and the code.

The four answers sound different at the bench, so that a packer need not look up: ``ok``,
``extra`` (it belongs to this order, but all of it is in), ``wrong`` (not in this order) and
``unknown`` (nobody knows the code).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

OK, EXTRA, WRONG, UNKNOWN = "ok", "extra", "wrong", "unknown"

_ORDER = re.compile(r"#?\s*(\d{1,12})")
_BASKET = re.compile(r"L\s*(\d{1,12})\s*-\s*(\d{1,4})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Need:
    """Units of a variant that belong into the parcel for one order line.

    ``set_id`` is the bundle this is a part of, with ``per_set`` units of it in one bundle.
    """

    line_id: int
    variant_id: int
    quantity: int
    packed: int = 0
    set_id: int | None = None
    per_set: int = 1

    @property
    def left(self) -> int:
        """Units not in the parcel yet."""
        return self.quantity - self.packed

    @property
    def key(self) -> tuple[int, int]:
        """What names it: (order line, variant)."""
        return self.line_id, self.variant_id


Counts = tuple[tuple[tuple[int, int], int], ...]  # ((line, variant), units) ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a scan means and which needs it serves, with how many units each."""

    result: str
    counts: Counts = ()


def basket_code(list_id: int, basket: int) -> str:
    """The code on a basket of a picking cart: ``L12-7``."""
    return f"L{list_id}-{basket}"


def order_number(text: str) -> int | None:
    """The order a code may be the number of: ``10468``, ``#10468``."""
    found = _ORDER.fullmatch(text.strip())
    return int(found[1]) if found else None


def basket(text: str) -> tuple[int, int] | None:
    """Pick list and basket a code names: ``L12-7`` -> (12, 7)."""
    found = _BASKET.fullmatch(text.strip())
    return (int(found[1]), int(found[2])) if found else None


def judge(
    needs: Sequence[Need], variant_id: int | None, current: tuple[int, int] | None = None
) -> Verdict:
    """What scanning a variant means for a parcel.

    The highlighted line is served first, then the lines in their order. Scanning a whole bundle
    counts one unit of it with all its parts, if all of them are still missing.
    """
    if variant_id is None:
        return Verdict(UNKNOWN)
    mine = [need for need in needs if need.variant_id == variant_id]
    waiting = sorted((need for need in mine if need.left > 0), key=lambda n: n.key != current)
    if waiting:
        return Verdict(OK, ((waiting[0].key, 1),))
    sets = _sets(needs, variant_id)
    for parts in sets:
        if all(part.left >= part.per_set for part in parts):
            return Verdict(OK, tuple((part.key, part.per_set) for part in parts))
    return Verdict(EXTRA if mine or sets else WRONG)


def take_back(needs: Sequence[Need], variant_id: int) -> Counts:
    """Which units leave the parcel when a scan of this variant is undone; the last line first.

    Units of a variant are all alike, so it does not matter which line the scan had served: undoing
    as many scans as were made always empties the parcel.
    """
    if any(need.variant_id == variant_id and need.packed for need in needs):
        wanted = {variant_id: 1}
    else:
        sets = _sets(needs, variant_id)
        wanted = {part.variant_id: part.per_set for part in sets[-1]} if sets else {}
    counts = []
    for need in reversed(needs):
        some = min(wanted.get(need.variant_id, 0), need.packed)
        if some:
            wanted[need.variant_id] -= some
            counts.append((need.key, some))
    return tuple(reversed(counts))


def _sets(needs: Sequence[Need], set_id: int) -> list[list[Need]]:
    lines: dict[int, list[Need]] = {}
    for need in needs:
        if need.set_id == set_id:
            lines.setdefault(need.line_id, []).append(need)
    return list(lines.values())


def counted(needs: Iterable[Need], counts: Counts, sign: int = 1) -> list[Need]:
    """The needs after some units went in (or, with ``sign`` -1, came out)."""
    by_key = dict(counts)
    return [replace(n, packed=n.packed + sign * by_key.get(n.key, 0)) for n in needs]


def complete(needs: Sequence[Need]) -> bool:
    """Whether everything is in the parcel."""
    return bool(needs) and all(need.left == 0 for need in needs)


def highlighted(
    needs: Sequence[Need], last: tuple[int, int] | None = None
) -> tuple[int, int] | None:
    """The line to show as current: the last touched one until it is full, then the next open."""
    waiting = [need.key for need in needs if need.left > 0]
    if last in waiting:
        return last
    return waiting[0] if waiting else None


def differences(
    packed: Iterable[tuple[tuple[int, int], int]], promised: Iterable[tuple[tuple[int, int], int]]
) -> dict[tuple[int, int], tuple[int, int]]:
    """How a parcel's plan and what is promised to the order disagree: key -> (plan, promised)."""
    plan, now = _summed(packed), _summed(promised)
    return {
        key: (plan.get(key, 0), now.get(key, 0))
        for key in sorted(plan.keys() | now.keys()) if plan.get(key, 0) != now.get(key, 0)
    }


def _summed(pairs: Iterable[tuple[tuple[int, int], int]]) -> dict[tuple[int, int], int]:
    sums: dict[tuple[int, int], int] = {}
    for key, units in pairs:
        sums[key] = sums.get(key, 0) + units
    return sums
