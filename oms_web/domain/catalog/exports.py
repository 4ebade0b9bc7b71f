"""The products as a table: one row per SKU, with everything an import could read back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from oms_web.core.money import from_micro, from_minor
from oms_web.core.sheet import PAGE, Column, Sheet
from oms_web.domain.catalog import barcodes, composition, queries
from oms_web.domain.catalog.models import Product, Variant

COLUMNS = (
    Column("sku", "SKU"), Column("name", "Name"), Column("option", "Option"),
    Column("brand", "Brand"), Column("category", "Category"),
    Column("description", "Description"), Column("eans", "EAN"), Column("vat_rate", "VAT rate"),
    Column("price", "Price", "money"), Column("cost", "Cost", "price"),
    Column("currency", "Currency"), Column("weight_g", "Weight in g", "int"),
    Column("length_mm", "Length in mm", "int"), Column("width_mm", "Width in mm", "int"),
    Column("height_mm", "Height in mm", "int"), Column("minimum", "Minimum", "int"),
    Column("parts", "Consists of"), Column("archived", "Archived", "flag"),
)


def products(conditions: Sequence[ColumnElement[bool]] = ()) -> Sheet:
    """The sheet of SKUs that meet conditions on ``Variant`` and ``Product``, by key.

    Codes and parts are written as our imports read them: ``5900012003196, OWN-7``,
    ``KUB-BIA:2; TAL:1``.
    """

    def page(session: Session, after: Any) -> tuple[list[tuple[Any, ...]], Any]:
        rows = session.execute(
            select(Variant, Product).join(Product, Product.id == Variant.product_id)
            .where(Variant.id > (after or 0), *conditions).order_by(Variant.id).limit(PAGE)
        ).all()
        ids = [variant.id for variant, _ in rows]
        codes = barcodes.of(session, ids)
        parts = composition.of(session, ids)
        names = queries.skus(session, {part for made in parts.values() for part in made})
        table = [
            _row(variant, product, codes.get(variant.id, []),
                 "; ".join(f"{names[part]}:{units}"
                           for part, units in parts.get(variant.id, {}).items()))
            for variant, product in rows
        ]
        return table, ids[-1] if len(ids) == PAGE else None

    return Sheet("products", COLUMNS, page)


def _row(variant: Variant, product: Product, codes: list[str], parts: str) -> tuple[Any, ...]:
    price = None if variant.price is None else from_minor(variant.price, variant.currency)
    cost = None if variant.cost is None else from_micro(variant.cost)
    return (
        variant.sku, product.name, variant.option, product.brand, product.category,
        product.description, ", ".join(codes), product.vat_rate, price, cost, variant.currency,
        variant.weight_g, variant.length_mm, variant.width_mm, variant.height_mm, variant.minimum,
        parts, variant.archived_at is not None,
    )
