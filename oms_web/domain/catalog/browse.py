"""The list of products: a page by name, with what its SKUs have in common."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import Session

from oms_web.core import paging
from oms_web.core.paging import Page
from oms_web.domain.catalog import codes, queries
from oms_web.domain.catalog.models import Barcode, Product, Variant

PAGE = 50


@dataclass(frozen=True, slots=True)
class ProductFilter:
    """What the list is narrowed to. ``archived`` shows the archived ones instead."""

    q: str = ""
    category: str = ""
    archived: bool = False


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product in the list; prices are the lowest and highest of its SKUs in ``currency``."""

    id: int
    name: str
    brand: str
    category: str
    vat_rate: str
    skus: int = 0
    first_sku: str = ""
    low: int | None = None
    high: int | None = None
    currency: str = "PLN"
    thumb: str | None = None


def page(
    session: Session, wanted: ProductFilter, after: str | None = None, limit: int = PAGE
) -> Page[ProductRow]:
    """A page of products by name."""
    name = func.coalesce(Product.name, "") if wanted.q or wanted.category else Product.name
    query = (
        select(Product.id, Product.name, Product.brand, Product.category, Product.vat_rate)
        .where(*conditions(wanted)).order_by(name, Product.id).limit(limit + 1)
    )
    if after:
        query = query.where(tuple_(name, Product.id) > tuple_(*paging.unseal_as(after, str, int)))
    rows = session.execute(query).all()
    more = paging.seal(rows[limit - 1].name, rows[limit - 1].id) if len(rows) > limit else None
    return Page(_filled(session, [ProductRow(*row) for row in rows[:limit]]), more)


def _filled(session: Session, rows: list[ProductRow]) -> list[ProductRow]:
    ids = [row.id for row in rows]
    sums = {
        row.product_id: row for row in session.execute(
            select(Variant.product_id, func.count().label("skus"),
                   func.min(Variant.sku).label("sku"), func.min(Variant.price).label("low"),
                   func.max(Variant.price).label("high"),
                   func.min(Variant.currency).label("currency"),
                   func.min(Variant.id).label("variant_id"))
            .where(Variant.product_id.in_(ids)).group_by(Variant.product_id)
        )
    }
    thumbs = queries.thumbs(session, [row.variant_id for row in sums.values()])
    return [
        ProductRow(
            row.id, row.name, row.brand, row.category, row.vat_rate, sums[row.id].skus,
            sums[row.id].sku, sums[row.id].low, sums[row.id].high, sums[row.id].currency,
            thumbs.get(sums[row.id].variant_id),
        ) if row.id in sums else row
        for row in rows
    ]


def conditions(wanted: ProductFilter) -> list[ColumnElement[bool]]:
    """Conditions on ``Product`` for a filter."""
    found: list[ColumnElement[bool]] = [
        Product.archived_at.is_not(None) if wanted.archived else Product.archived_at.is_(None)
    ]
    if wanted.category:
        found.append(Product.category == wanted.category)
    if wanted.q.strip():
        found.append(Product.id.in_(select(Variant.product_id).where(_typed(wanted.q))))
    return found


def variant_conditions(wanted: ProductFilter) -> list[ColumnElement[bool]]:
    """The same filter as conditions on ``Variant`` and ``Product``, for the export."""
    return [*conditions(wanted), *([_typed(wanted.q)] if wanted.q.strip() else [])]


def _typed(q: str) -> ColumnElement[bool]:
    code = codes.meant(q)
    by_code = select(Barcode.variant_id).where(Barcode.code == code)
    return (Variant.sku == q.strip()) | Variant.id.in_(by_code) | queries.matches(q)


def categories(session: Session, limit: int = 60) -> list[str]:
    """The categories in use, the largest first."""
    return list(session.scalars(
        select(Product.category)
        .where(Product.category != "", Product.archived_at.is_(None))
        .group_by(Product.category).order_by(func.count().desc(), Product.category).limit(limit)
    ))
