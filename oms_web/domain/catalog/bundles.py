"""What a bundle may consist of. A bundle has no stock of its own: its parts have."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from oms_web.core.errors import Invalid

MOST_PARTS = 50
MOST_PER_PART = 9999


def check_parts(
    bundle_id: int,
    parts: Mapping[int, int],
    bundles: Collection[int],
    used_as_part: bool,
    field: str = "parts",
) -> None:
    """Refuse a composition that could not be taken apart in one step.

    Parts are plain variants, so bundles of bundles, and with them circles, cannot come about.

    Args:
        parts: variant -> units in one bundle.
        bundles: which of the parts are bundles themselves.
        used_as_part: whether this variant is a part of some other bundle.

    Raises:
        Invalid: with the reason.
    """
    if bundle_id in parts:
        raise Invalid("A bundle cannot contain itself.", field)
    if any(part in bundles for part in parts):
        raise Invalid("A part cannot be a bundle itself. Add its parts instead.", field)
    if parts and used_as_part:
        raise Invalid("This SKU is a part of another bundle, so it cannot become one.", field)
    if len(parts) > MOST_PARTS:
        raise Invalid("A bundle has at most %(most)s different parts.", field, most=MOST_PARTS)
    if any(not 0 < quantity <= MOST_PER_PART for quantity in parts.values()):
        raise Invalid("A part is there at least once and at most %(most)s times.", field,
                      most=MOST_PER_PART)
