"""SKUs with everything that is known of them, many at once: for those who cannot ask again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core import paging
from oms_web.core.errors import NotFound
from oms_web.core.paging import Page
from oms_web.domain.catalog import composition, queries
from oms_web.domain.catalog.models import Barcode, Product, Variant


@dataclass(frozen=True, slots=True)
class Sku:
    """A variant, its product, its codes and, of a bundle, its parts (SKU -> units)."""

    variant: Variant
    product: Product
    codes: Sequence[str]
    parts: dict[str, int]


def page(
    session: Session, after: str | None = None, limit: int = 50, *, only: Sequence[str] = (),
    archived: bool = False,
) -> Page[Sku]:
    """A page of SKUs in the order in which they were made.

    Args:
        only: these SKUs, compared exactly.
        archived: the archived ones too.

    Raises:
        Invalid: ``after`` is not a token of this list.
    """
    query = (
        select(Variant, Product).join(Product, Product.id == Variant.product_id)
        .order_by(Variant.id).limit(limit + 1)
    )
    if after:
        query = query.where(Variant.id > paging.unseal_as(after, int)[0])
    if only:
        query = query.where(Variant.sku.in_(only))
    if not archived:
        query = query.where(Variant.archived_at.is_(None))
    found = session.execute(query).all()
    rows = found[:limit]
    more = paging.seal(rows[-1][0].id) if len(found) > limit else None
    return Page(_filled(session, [(variant, product) for variant, product in rows]), more)


def one(session: Session, sku: str) -> Sku:
    """A SKU, compared exactly; an archived one too.

    Raises:
        NotFound: there is none.
    """
    found = page(session, only=[sku], archived=True).rows
    if not found:
        raise NotFound("There is no such SKU.")
    return found[0]


def _filled(session: Session, rows: Sequence[tuple[Variant, Product]]) -> list[Sku]:
    codes: dict[int, list[str]] = defaultdict(list)
    for variant_id, code in session.execute(
        select(Barcode.variant_id, Barcode.code)
        .where(Barcode.variant_id.in_([variant.id for variant, _ in rows])).order_by(Barcode.id)
    ):
        codes[variant_id].append(code)
    parts = composition.of(session, [variant.id for variant, _ in rows if variant.is_bundle])
    names = queries.skus(session, {part for made in parts.values() for part in made})
    return [
        Sku(variant, product, codes[variant.id],
            {names[part]: units for part, units in parts.get(variant.id, {}).items()})
        for variant, product in rows
    ]
