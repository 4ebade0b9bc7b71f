"""Looking things up in the catalogue."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, case, false, literal, or_, select
from sqlalchemy.orm import Session

from oms_web.core.errors import NotFound
from oms_web.core.text import squeeze, words
from oms_web.domain.catalog import codes, likeness
from oms_web.domain.catalog.models import Barcode, Product, ProductImage, Variant


@dataclass(frozen=True, slots=True)
class Found:
    """A variant as scanners and pickers need it; ``by`` is ``barcode``, ``sku`` or ``search``."""

    id: int
    sku: str
    title: str
    product_id: int
    is_bundle: bool
    archived: bool
    by: str = "search"


LEAST_DIGITS = 4
"""Digits of a barcode before it is looked for."""
_CANDIDATES = 200
_FOUND = (
    Variant.id, Variant.sku, Variant.title, Variant.product_id, Variant.is_bundle,
    Variant.archived_at.is_not(None),
)


def skus(session: Session, variant_ids: Iterable[int]) -> dict[int, str]:
    """The SKU of each variant."""
    ids = list(variant_ids)
    if not ids:
        return {}
    rows = session.execute(select(Variant.id, Variant.sku).where(Variant.id.in_(ids)))
    return dict(rows.all())


def ids_by_sku(session: Session, wanted: Iterable[str]) -> dict[str, int]:
    """The variant of each SKU that exists, compared exactly."""
    rows = session.execute(select(Variant.sku, Variant.id).where(Variant.sku.in_(list(wanted))))
    return dict(rows.all())


def scanned(session: Session, text: str) -> Found | None:
    """The one variant that a scan or a typed code means, or None.

    A barcode first, then the exact SKU, then a SKU that differs only in case and punctuation, if
    just one does.
    """
    code = codes.meant(text)
    if not code:
        return None
    row = session.execute(
        select(*_FOUND).join(Barcode, Barcode.variant_id == Variant.id).where(Barcode.code == code)
    ).one_or_none()
    if row is not None:
        return Found(*row, by="barcode")
    row = session.execute(select(*_FOUND).where(Variant.sku == text.strip())).one_or_none()
    if row is not None:
        return Found(*row, by="sku")
    key = squeeze(text)
    if len(key) < 2:
        return None
    near = session.execute(
        select(*_FOUND).where(Variant.search.like(f" {key} %"), Variant.archived_at.is_(None))
        .limit(8)
    ).all()
    alike = [row for row in near if squeeze(row.sku) == key]
    return Found(*alike[0], by="sku") if len(alike) == 1 else None


def scanned_or_refuse(session: Session, text: str) -> Found:
    """As ``scanned``.

    Raises:
        NotFound: nothing, or more than one thing, is known by this code.
    """
    found = scanned(session, text)
    if found is None:
        raise NotFound("No product has the code %(code)s.", code=text.strip()[:80])
    return found


def matches(text: str) -> ColumnElement[bool]:
    """A condition on ``Variant``: every typed word is part of its name, option, brand or SKU."""
    found = words(text)
    return and_(*(Variant.search.like(f"%{word}%") for word in found)) if found else false()


def suggest(session: Session, text: str, limit: int = 8) -> list[Found]:
    """What somebody typing this may be looking for: the exact code first, then by words."""
    exact = scanned(session, text)
    found = [exact] if exact else []
    if words(text):
        rows = session.execute(
            select(*_FOUND).where(matches(text), Variant.archived_at.is_(None))
            .order_by(Variant.title, Variant.id).limit(limit)
        )
        found += [Found(*row) for row in rows if not exact or row.id != exact.id]
    return found[:limit]


def begun(session: Session, text: str, limit: int = 6) -> list[Found]:
    """What somebody still typing may mean: as ``suggest``, and barcodes that begin so."""
    found = suggest(session, text, limit)
    digits = squeeze(text)
    if len(found) < limit and digits.isdigit() and len(digits) >= LEAST_DIGITS:
        known = {one.id for one in found}
        rows = session.execute(
            select(*_FOUND).join(Barcode, Barcode.variant_id == Variant.id)
            .where(Barcode.code >= digits, Barcode.code <= digits + "9" * 14)
            .order_by(Barcode.code).limit(limit))
        found += [Found(*row, by="barcode") for row in rows if row.id not in known]
    return found[:limit]


def alike(session: Session, title: str, limit: int = 5) -> list[Found]:
    """What an offer with this title may be: the variants that share most of its words."""
    telling = likeness.telling_words(title)
    if not telling:
        return []
    shared = sum((case((Variant.search.like(f"%{word}%"), len(word)), else_=0)
                  for word in telling), literal(0))
    rows = session.execute(
        select(*_FOUND, Variant.search).where(
            or_(*(Variant.search.like(f"%{word}%") for word in telling)),
            Variant.archived_at.is_(None),
        ).order_by(shared.desc(), Variant.id).limit(_CANDIDATES)
    ).all()
    offered = words(title)
    ranked = sorted(rows, key=lambda row: -likeness.score(offered, words(row.search)))
    return [Found(*row[:-1]) for row in ranked[:limit]]


def product(session: Session, product_id: int) -> Product:
    """A product.

    Raises:
        NotFound: there is none.
    """
    found = session.get(Product, product_id)
    if found is None:
        raise NotFound("There is no such product.")
    return found


def variant(session: Session, variant_id: int) -> Variant:
    """A variant.

    Raises:
        NotFound: there is none.
    """
    found = session.get(Variant, variant_id)
    if found is None:
        raise NotFound("There is no such SKU.")
    return found


def variants_of(session: Session, product_id: int) -> list[Variant]:
    """The variants of a product, the archived ones last."""
    return list(session.scalars(
        select(Variant).where(Variant.product_id == product_id)
        .order_by(Variant.archived_at.is_not(None), Variant.option, Variant.id)
    ))


def without_withdrawal(session: Session, variant_ids: Collection[int]) -> dict[int, str]:
    """Why the law knows no withdrawal from the sale of these (``no_withdrawal.py``)."""
    return dict(session.execute(
        select(Variant.id, Product.no_withdrawal).join(Product, Product.id == Variant.product_id)
        .where(Variant.id.in_(variant_ids), Product.no_withdrawal != "")).all())


def images_of(session: Session, product_id: int) -> list[ProductImage]:
    """The pictures of a product in their order."""
    return list(session.scalars(
        select(ProductImage).where(ProductImage.product_id == product_id)
        .order_by(ProductImage.position, ProductImage.id)
    ))


def thumbs(session: Session, variant_ids: Collection[int]) -> dict[int, str]:
    """The little picture of each variant: its own first one, else the product's."""
    if not variant_ids:
        return {}
    rank = case((ProductImage.variant_id == Variant.id, 0),
                (ProductImage.variant_id.is_(None), 1), else_=2)
    # The last one of a variant stays.
    return {variant_id: thumb for variant_id, thumb in session.execute(
        select(Variant.id, ProductImage.thumb)
        .join(ProductImage, ProductImage.product_id == Variant.product_id)
        .where(Variant.id.in_(variant_ids))
        .order_by(rank.desc(), ProductImage.position.desc(), ProductImage.id.desc()))}
