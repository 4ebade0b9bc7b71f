"""Products: every SKU with all that is known of it, and telling us about SKUs."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field
from sqlalchemy import select

from oms_web.api.operations import Call, get, put
from oms_web.api.shapes import (
    Amount,
    Answer,
    Asked,
    CurrencyCode,
    Money,
    Next,
    PageQuery,
    Price,
    Told,
    Units,
    money,
    price,
    text,
)
from oms_web.core.money import exact_minor, to_micro
from oms_web.core.work import Work
from oms_web.domain.catalog import skus
from oms_web.domain.catalog.models import Variant
from oms_web.domain.catalog.records import VariantInput
from oms_web.domain.catalog.service import put_variants
from oms_web.domain.catalog.skus import Sku


class ProductQuery(PageQuery):
    """Which SKUs."""

    sku: list[Annotated[str, text(120, 1)]] = Field(
        [], max_length=200, description="Only these, written exactly.")
    archived: bool = Field(False, description="The archived ones too.")


class SizeAsked(Asked):
    """Millimetres."""

    length_mm: int = Field(ge=0, le=100_000_000)
    width_mm: int = Field(ge=0, le=100_000_000)
    height_mm: int = Field(ge=0, le=100_000_000)


class ProductAsked(Asked):
    """What you know of a SKU. What is left out stays as it is; a new SKU needs a name."""

    name: Annotated[str, text(
        300, about="Of the product; SKUs of one name and brand are one product.")] = ""
    option: Annotated[str, text(
        120, about="What tells this SKU from its sisters.", example="XL, blue")] = ""
    brand: Annotated[str, text(120)] = ""
    category: Annotated[str, text(120)] = ""
    description: Annotated[str, text(20_000)] = ""
    vat_rate: Annotated[str, text(6, about="23, 8, 5, 0, zw, np, oo.", example="23")] = ""
    no_withdrawal: Annotated[str, text(12, example="custom", about=(
        "Why buyers cannot withdraw from its sale: custom, perishable, hygiene, mixed, media, "
        "press, digital."))] = ""
    eans: list[Annotated[str, text(60, 1)]] = Field(
        [], max_length=20, description="Added to those it has.")
    weight_g: int | None = Field(None, ge=0, le=100_000_000)
    size: SizeAsked | None = None
    price: Amount | None = Field(None, description="Gross.")
    cost: Price | None = Field(None, description="Net, of one unit.")
    currency: CurrencyCode | None = None
    minimum: int | None = Field(None, ge=0, le=100_000_000, description="Warn below so many.")
    sell_without_stock: bool | None = None
    parts: dict[Annotated[str, text(120, 1)], Units] = Field({}, max_length=50, description=(
        "SKU and units: makes it a bundle of exactly these."))


class Product(Answer):
    """A SKU."""

    sku: str
    product_id: int = Field(description="The same for all SKUs of one product.")
    name: str
    option: str
    brand: str
    category: str
    description: str
    vat_rate: str
    no_withdrawal: str
    eans: list[str]
    weight_g: int | None
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None
    price: Money | None
    cost: Money | None
    currency: str
    minimum: int
    sell_without_stock: bool
    is_bundle: bool
    parts: dict[str, int]
    created_at: Told
    archived_at: Told | None


class ProductPage(Answer):
    """A page of SKUs."""

    items: list[Product]
    next: Next


@get("/products", "products:read", act="catalog.see", query=ProductQuery, gives=ProductPage)
def list_products(call: Call) -> ProductPage:
    """A page of SKUs, in the order in which they were made."""
    asked: ProductQuery = call.query
    page = skus.page(call.work.session, asked.after or None, asked.limit, only=asked.sku,
                     archived=asked.archived)
    return ProductPage(items=[_answer(one) for one in page.rows], next=page.after)


@get("/products/{sku}", "products:read", act="catalog.see", gives=Product)
def get_product(call: Call, sku: str) -> Product:
    """One SKU, written exactly."""
    return _answer(skus.one(call.work.session, sku))


@put("/products/{sku}", "products:write", act="catalog.edit", body=ProductAsked, gives=Product,
     statuses=(200, 201))
def put_product(call: Call, sku: str) -> Product:
    """Tell what you know of a SKU; one that is new is made, and 201 says so.

    What is left out stays as it is; a price without a currency is in the one the SKU has, and in
    zloty if it is new.
    """
    asked: ProductAsked = call.body
    outcome = put_variants(call.work, [_told(sku, asked, _currency(call.work, sku, asked))])
    if outcome.refused:
        raise outcome.refused[0].error
    call.status = 201 if outcome.added else 200
    call.work.session.flush()
    call.work.session.expire_all()
    return _answer(skus.one(call.work.session, next(iter(outcome.ids))))


def _currency(work: Work, sku: str, asked: ProductAsked) -> str:
    if asked.currency:
        return asked.currency
    return work.session.scalar(select(Variant.currency).where(Variant.sku == sku)) or "PLN"


def _told(sku: str, asked: ProductAsked, currency: str) -> VariantInput:
    size = asked.size.model_dump() if asked.size else {}
    said = asked.currency or asked.price is not None or asked.cost is not None
    return VariantInput(
        sku=sku, name=asked.name, option=asked.option, brand=asked.brand, category=asked.category,
        description=asked.description, vat_rate=asked.vat_rate,
        no_withdrawal=asked.no_withdrawal, eans=asked.eans, weight_g=asked.weight_g, **size,
        cost=None if asked.cost is None else to_micro(Decimal(asked.cost)),
        price=None if asked.price is None else exact_minor(Decimal(asked.price), currency, "price"),
        currency=currency if said else "", minimum=asked.minimum,
        sell_without_stock=asked.sell_without_stock, parts=asked.parts,
    )


def _answer(one: Sku) -> Product:
    variant, product = one.variant, one.product
    currency = variant.currency
    return Product(
        sku=variant.sku, product_id=product.id, name=product.name, option=variant.option,
        brand=product.brand, category=product.category, description=product.description,
        vat_rate=product.vat_rate, no_withdrawal=product.no_withdrawal,
        eans=list(one.codes), weight_g=variant.weight_g,
        length_mm=variant.length_mm, width_mm=variant.width_mm, height_mm=variant.height_mm,
        price=None if variant.price is None else money(variant.price, currency),
        cost=None if variant.cost is None else price(variant.cost, currency),
        currency=currency, minimum=variant.minimum,
        sell_without_stock=variant.sell_without_stock, is_bundle=variant.is_bundle,
        parts=one.parts, created_at=variant.created_at, archived_at=variant.archived_at,
    )
