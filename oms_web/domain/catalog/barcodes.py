"""Which variant a code belongs to. A code belongs to one variant at most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from oms_web.core.db import rows_changed
from oms_web.core.errors import Invalid
from oms_web.domain.catalog import codes
from oms_web.domain.catalog.models import Barcode, Variant


def add(
    session: Session, wanted: Iterable[tuple[int, str]]
) -> tuple[dict[int, list[str]], list[tuple[int, Invalid]]]:
    """Give variants their codes; two statements for any number of them.

    Args:
        wanted: (variant, code as typed or told).

    Returns:
        The codes that are new, by variant, and (variant, why) for every code that was refused.
        A code that its variant has already is in neither.
    """
    refused: list[tuple[int, Invalid]] = []
    checked: dict[str, int] = {}
    twice: list[tuple[str, int]] = []
    for variant_id, code in wanted:
        try:
            stored = codes.check(code, "eans")
        except Invalid as error:
            refused.append((variant_id, error))
            continue
        if checked.setdefault(stored, variant_id) != variant_id:
            twice.append((stored, variant_id))
    if not checked:
        return {}, refused
    owners = _owners(session, checked)
    rows: list[dict[str, Any]] = [
        {"variant_id": variant_id, "code": code} for code, variant_id in checked.items()
        if code not in owners
    ]
    if rows:
        session.execute(insert(Barcode), rows)
    added: dict[int, list[str]] = defaultdict(list)
    for row in rows:
        added[row["variant_id"]].append(row["code"])
    foreign = [(code, id_) for code, id_ in checked.items() if owners.get(code, (id_,))[0] != id_]
    if foreign or twice:
        owners = _owners(session, {code for code, _ in [*foreign, *twice]})
        refused += [(id_, _taken(code, owners[code][1])) for code, id_ in [*foreign, *twice]]
    return dict(added), refused


def remove(session: Session, variant_id: int, code: str) -> bool:
    """Take a code from a variant; False when it had no such code."""
    return rows_changed(
        session, delete(Barcode).where(Barcode.variant_id == variant_id, Barcode.code == code)
    ) == 1


def of(session: Session, variant_ids: Iterable[int]) -> dict[int, list[str]]:
    """The codes of variants, in the order they were added."""
    found: dict[int, list[str]] = defaultdict(list)
    rows = session.execute(
        select(Barcode.variant_id, Barcode.code).where(Barcode.variant_id.in_(list(variant_ids)))
        .order_by(Barcode.variant_id, Barcode.id)
    )
    for variant_id, code in rows:
        found[variant_id].append(code)
    return dict(found)


def _owners(session: Session, found: Iterable[str]) -> dict[str, tuple[int, str]]:
    rows = session.execute(
        select(Barcode.code, Barcode.variant_id, Variant.sku)
        .join(Variant, Variant.id == Barcode.variant_id).where(Barcode.code.in_(list(found)))
    )
    return {code: (variant_id, sku) for code, variant_id, sku in rows}


def _taken(code: str, owner: str) -> Invalid:
    return Invalid("Code %(code)s already belongs to SKU %(sku)s.", "eans", code=code, sku=owner)
