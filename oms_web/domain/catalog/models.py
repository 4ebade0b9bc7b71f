"""Tables of the catalogue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from oms_web.core.columns import Currency, Key, Micro, Minor
from oms_web.core.db import Base


class Product(Base):
    """What a buyer would call one thing; it has one or more variants.

    ``gtu``: its code among the goods that tax registers mark, ``GTU_01`` to ``GTU_13``, or empty.
    ``no_withdrawal``: why buyers cannot withdraw from its sale (``no_withdrawal.py``), or empty.
    """

    __tablename__ = "product"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(300))
    brand: Mapped[str] = mapped_column(String(120), default="")
    category: Mapped[str] = mapped_column(String(120), default="", index=True)
    description: Mapped[str] = mapped_column(Text, default="")
    vat_rate: Mapped[str] = mapped_column(String(6), default="23")
    gtu: Mapped[str] = mapped_column(String(6), default="")
    no_withdrawal: Mapped[str] = mapped_column(String(12), default="")
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_product_name", "name", "brand"),)


class Variant(Base):
    """One SKU. ``sku`` is compared exactly, letter case included: real catalogues need it.

    ``search`` is the folded text a person may type (name, option, SKU, brand).
    Lengths are millimetres, weight is grams, ``price`` is the seller's usual gross price.
    """

    __tablename__ = "variant"

    id: Mapped[Key]
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), index=True)
    sku: Mapped[str] = mapped_column(String(120), unique=True)
    title: Mapped[str] = mapped_column(String(420))
    option: Mapped[str] = mapped_column(String(120), default="")
    search: Mapped[str] = mapped_column(String(700), default="")
    weight_g: Mapped[int | None]
    length_mm: Mapped[int | None]
    width_mm: Mapped[int | None]
    height_mm: Mapped[int | None]
    cost: Mapped[Micro | None]
    price: Mapped[Minor | None]
    currency: Mapped[Currency] = mapped_column(default="PLN")
    is_bundle: Mapped[bool] = mapped_column(default=False)
    sell_without_stock: Mapped[bool] = mapped_column(default=False)
    minimum: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_variant_title", "title", "id"),)


class Barcode(Base):
    """A code that a scanner reads on this variant: EAN-13, EAN-8, UPC, or the seller's own."""

    __tablename__ = "barcode"

    id: Mapped[Key]
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"), index=True)
    code: Mapped[str] = mapped_column(String(60), unique=True)


class BundlePart(Base):
    """A bundle variant consists of ``quantity`` of a part, which is not a bundle itself."""

    __tablename__ = "bundle_part"

    bundle_id: Mapped[int] = mapped_column(ForeignKey("variant.id"), primary_key=True)
    part_id: Mapped[int] = mapped_column(ForeignKey("variant.id"), primary_key=True, index=True)
    quantity: Mapped[int]

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("bundle_id <> part_id", name="not_itself"),
    )


class ProductImage(Base):
    """A picture, re-encoded by us. ``file`` is a name in the file store."""

    __tablename__ = "product_image"

    id: Mapped[Key]
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), index=True)
    variant_id: Mapped[int | None] = mapped_column(ForeignKey("variant.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    file: Mapped[str] = mapped_column(String(80))
    thumb: Mapped[str] = mapped_column(String(80))
    width: Mapped[int]
    height: Mapped[int]

    __table_args__ = (UniqueConstraint("product_id", "file"),)


class PriceNote(Base):
    """A price that was valid from a moment on; never changed, only followed by a newer one."""

    __tablename__ = "price_note"

    id: Mapped[Key]
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id"))
    at: Mapped[datetime]
    price: Mapped[Minor]
    currency: Mapped[Currency]
    detail: Mapped[dict[str, Any]]

    __table_args__ = (Index("ix_price_note_variant", "variant_id", "at"),)
