"""Quantities: levels of inventory items at one location, in batches.

Medusa counts what lies there; of that, orders that were not packed yet hold some. What is sent from
here is what buyers may still order, so what is held is added to it. A batch is done as a whole or
not at all, and what it answers as available is from before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oms_connector import ItemResult, OutcomeUnknown, Refused, StockItem
from oms_connector.reading import Puzzling, child, text, value

from oms_medusa import access, offers, words
from oms_medusa.calls import Api
from oms_medusa.reading import whole_or_zero

TRIES = 3
"""How often a quantity is set again, when what is held changed between looking and setting."""
BATCH = "/inventory-items/location-levels/batch"


@dataclass(frozen=True, slots=True)
class Target:
    """A level that is to show ``free`` units, of which ``held`` are promised."""

    inventory: str
    location: str
    free: int
    held: int
    is_new: bool

    @property
    def body(self) -> dict[str, Any]:
        """As the API wants it."""
        return {"inventory_item_id": self.inventory, "location_id": self.location,
                "stocked_quantity": self.free + self.held}


def push_stock(api: Api, settings: Mapping[str, Any], items: Sequence[StockItem]
               ) -> list[ItemResult]:
    """Set quantities; one result per item, in order."""
    if not items:
        return []
    location = access.location(api, settings)["id"]
    variants = offers.by_id(api, [item.offer_ref for item in items])
    results: dict[int, ItemResult] = {}
    targets: dict[int, Target] = {}
    for place, item in enumerate(items):
        found = _target(variants.get(item.offer_ref), item, location)
        if isinstance(found, Target):
            targets[place] = found
        else:
            results[place] = found
    if targets:
        results |= _set(api, targets)
    return [results[place] for place in range(len(items))]


def _target(row: Any, item: StockItem, location: str) -> Target | ItemResult:
    """What is to be set for an item, or why that cannot be."""
    if not _is_count(item.quantity):
        return ItemResult("rejected", words.NO_QUANTITY, field="quantity")
    if row is None:
        return ItemResult("rejected", words.NO_OFFER % {"ref": item.offer_ref}, field="offer_ref")
    if value(row, "manage_inventory") is not True:
        return ItemResult("rejected", words.NOT_COUNTED)
    parts = value(row, "inventory_items") or []
    if len(parts) != 1:
        return ItemResult("rejected", words.OF_PARTS if parts else words.NO_INVENTORY)
    try:
        known = offers.level(parts[0], location)
        return Target(text(child(parts[0], "inventory"), "id"), location,
                      item.quantity * offers.needed(parts[0]),
                      whole_or_zero(known, "reserved_quantity"), known is None)
    except Puzzling as puzzle:
        return ItemResult("rejected", str(puzzle), field=puzzle.field)


def _set(api: Api, targets: Mapping[int, Target]) -> dict[int, ItemResult]:
    """Set levels together; where the batch is refused, one by one, so that a bad one harms none."""
    try:
        return _together(api, targets)
    except Refused as no:
        if len(targets) == 1:
            return dict.fromkeys(targets, ItemResult("rejected", str(no), no.code, field=no.field))
    return {key: result for place, target in targets.items()
            for key, result in _set(api, {place: target}).items()}


def _together(api: Api, targets: Mapping[int, Target]) -> dict[int, ItemResult]:
    left, results = dict(targets), {}
    for attempt in range(TRIES):
        rows = _batch(api, list(left.values()))
        again: dict[int, Target] = {}
        for place, target in left.items():
            row = rows[(target.inventory, target.location)]
            held = whole_or_zero(row, "reserved_quantity")
            if held < target.held and attempt + 1 < TRIES:
                # Something was packed in between: it left the shelf, which was counted too high.
                again[place] = Target(target.inventory, target.location, target.free, held, False)
            else:
                results[place] = _result(row, target)
        if not again:
            break
        left = again
    return results


def _batch(api: Api, targets: Sequence[Target]) -> dict[tuple[str, str], Any]:
    """Levels as they are afterwards, by inventory item and location."""
    answer = api.send("POST", BATCH, {
        "create": [one.body for one in targets if one.is_new],
        "update": [one.body for one in targets if not one.is_new],
    }, "created", "updated")
    try:
        found = {(text(row, "inventory_item_id"), text(row, "location_id")): row
                 for name in ("created", "updated") for row in answer[name]}
    except (Puzzling, TypeError) as error:
        raise OutcomeUnknown(words.LACKS % {"names": "created, updated"}) from error
    if any((one.inventory, one.location) not in found for one in targets):
        raise OutcomeUnknown(words.LACKS % {"names": "created, updated"})
    return found


def _result(row: Any, target: Target) -> ItemResult:
    """Whether it was kept: two variants may be counted by one inventory item."""
    found = value(row, "stocked_quantity")
    if found == target.free + target.held:
        return ItemResult("applied")
    return ItemResult("rejected", words.NOT_TAKEN % {"found": found}, field="quantity")


def _is_count(quantity: Any) -> bool:
    return isinstance(quantity, int) and not isinstance(quantity, bool) and quantity >= 0


