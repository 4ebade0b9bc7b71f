"""Which product each told SKU belongs to. A product is known by its name and brand.

A variant says how it differs from its sisters (colour, size). Two SKUs of one name that say no
such thing are two products: what a file tells of the one is not true of the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

Key = tuple[str, str, str]  # (name, brand, the SKU itself where it has no option)


def key_of(sku: str, name: str, brand: str, option: str) -> Key:
    """What a SKU's product is known by."""
    return name, brand, "" if option else sku


@dataclass(frozen=True, slots=True)
class Held:
    """The product a SKU is in now."""

    product_id: int
    key: Key


@dataclass(frozen=True, slots=True)
class Grouping:
    """``joins``: SKU -> product that exists. ``starts``: SKU -> key of a product to be made.

    ``renames``: product -> its new key.
    """

    joins: dict[str, int]
    starts: dict[str, Key]
    renames: dict[int, Key]


def group(
    wanted: Mapping[str, Key],
    held: Mapping[str, Held],
    taken: Mapping[Key, int],
    sizes: Mapping[int, int],
) -> Grouping:
    """Place every SKU in a product.

    A SKU whose product already has the wanted key stays. Else it joins the product that has the
    key. Else, when all variants of its product are told the same new key, the product is renamed.
    Else a product is started. The same records told again therefore change nothing.

    Args:
        wanted: the key each SKU is told to have.
        held: where those of the SKUs are that are known.
        taken: which product has a key already (the oldest one, if several).
        sizes: how many variants those products in ``held`` have that somebody wants to leave.
    """
    renames = _renames(wanted, held, taken, sizes)
    by_key = {**taken, **{key: product for product, key in renames.items()}}
    joins: dict[str, int] = {}
    starts: dict[str, Key] = {}
    for sku, key in wanted.items():
        now = held.get(sku)
        if now is not None and (now.key == key or renames.get(now.product_id) == key):
            joins[sku] = now.product_id
        elif key in by_key:
            joins[sku] = by_key[key]
        else:
            starts[sku] = key
    return Grouping(joins, starts, renames)


def _renames(
    wanted: Mapping[str, Key],
    held: Mapping[str, Held],
    taken: Mapping[Key, int],
    sizes: Mapping[int, int],
) -> dict[int, Key]:
    keys: dict[int, list[Key]] = defaultdict(list)
    for sku, now in held.items():
        if wanted[sku] != now.key:
            keys[now.product_id].append(wanted[sku])
    renames: dict[int, Key] = {}
    claimed = set(taken)
    for product_id, told in keys.items():
        if len(told) == sizes[product_id] and len(set(told)) == 1 and told[0] not in claimed:
            claimed.add(told[0])
            renames[product_id] = told[0]
    return renames
