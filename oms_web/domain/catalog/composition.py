"""What bundles consist of: reading it, and changing it under the rules of ``bundles.py``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid
from oms_web.domain.catalog import bundles
from oms_web.domain.catalog.models import BundlePart, Variant

Parts = Mapping[int, int]  # part variant -> units in one bundle


def of(session: Session, variant_ids: Iterable[int]) -> dict[int, dict[int, int]]:
    """The parts of those of the variants that are bundles."""
    found: dict[int, dict[int, int]] = defaultdict(dict)
    rows = session.execute(
        select(BundlePart.bundle_id, BundlePart.part_id, BundlePart.quantity)
        .where(BundlePart.bundle_id.in_(list(variant_ids)))
        .order_by(BundlePart.bundle_id, BundlePart.part_id)
    )
    for bundle_id, part_id, quantity in rows:
        found[bundle_id][part_id] = quantity
    return dict(found)


def bundles_with(session: Session, part_ids: Iterable[int]) -> dict[int, list[int]]:
    """The bundles each of the variants is a part of."""
    found: dict[int, list[int]] = defaultdict(list)
    rows = session.execute(
        select(BundlePart.part_id, BundlePart.bundle_id)
        .where(BundlePart.part_id.in_(list(part_ids)))
        .order_by(BundlePart.part_id, BundlePart.bundle_id)
    )
    for part_id, bundle_id in rows:
        found[part_id].append(bundle_id)
    return dict(found)


def put(
    session: Session, wanted: Mapping[int, Parts]
) -> tuple[dict[int, dict[int, int]], dict[int, Invalid]]:
    """Make bundles consist of exactly these parts; no parts make a plain variant again.

    Returns:
        What the changed ones consisted of before, and why others were refused.
    """
    before = of(session, wanted)
    part_ids = {part for parts in wanted.values() for part in parts}
    are_bundles = set(session.scalars(
        select(Variant.id).where(Variant.id.in_(part_ids), Variant.is_bundle)
    ))
    used = set(bundles_with(session, wanted))
    changed: dict[int, Parts] = {}
    refused: dict[int, Invalid] = {}
    for bundle_id, parts in wanted.items():
        if dict(parts) == before.get(bundle_id, {}):
            continue
        within = any(bundle_id in other for other in changed.values())
        try:
            bundles.check_parts(
                bundle_id, parts, are_bundles | changed.keys(), bundle_id in used or within
            )
        except Invalid as error:
            refused[bundle_id] = error
            continue
        changed[bundle_id] = parts
    _write(session, changed)
    return {id_: before.get(id_, {}) for id_ in changed}, refused


def _write(session: Session, changed: Mapping[int, Parts]) -> None:
    if not changed:
        return
    session.execute(delete(BundlePart).where(BundlePart.bundle_id.in_(changed)))
    rows = [
        {"bundle_id": bundle_id, "part_id": part_id, "quantity": quantity}
        for bundle_id, parts in changed.items() for part_id, quantity in parts.items()
    ]
    if rows:
        session.execute(insert(BundlePart), rows)
    for is_bundle in (True, False):
        ids = [id_ for id_, parts in changed.items() if bool(parts) is is_bundle]
        if ids:
            session.execute(
                update(Variant).where(Variant.id.in_(ids)).values(is_bundle=is_bundle)
            )
