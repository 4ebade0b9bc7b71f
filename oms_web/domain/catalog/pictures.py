"""Which pictures a product has, and which of them lists show."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import delete, func, insert, select

from oms_web.core.errors import NotFound
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog import queries
from oms_web.domain.catalog.events import VariantsChanged
from oms_web.domain.catalog.models import ProductImage


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A picture that is in the file store already: names of it and of its little copy."""

    file: str
    thumb: str
    width: int
    height: int


def add(
    work: Work, product_id: int, image: StoredImage, variant_id: int | None = None
) -> None:
    """Hang a picture on a product, or on one of its variants, after those that are there."""
    queries.product(work.session, product_id)
    if variant_id is not None and queries.variant(work.session, variant_id).product_id \
            != product_id:
        raise NotFound("There is no such SKU.")
    known = select(ProductImage.id).where(
        ProductImage.product_id == product_id, ProductImage.file == image.file
    )
    if work.session.scalar(known):
        return
    next_ = work.session.scalar(
        select(func.coalesce(func.max(ProductImage.position) + 1, 0))
        .where(ProductImage.product_id == product_id)
    )
    work.session.execute(insert(ProductImage).values(
        product_id=product_id, variant_id=variant_id, position=next_, **asdict(image),
    ))
    _images_changed(work, product_id, [None, image.file])


def remove(work: Work, product_id: int, image_id: int) -> None:
    """Take a picture off a product; the file stays for documents that show it."""
    file = work.session.execute(
        delete(ProductImage)
        .where(ProductImage.id == image_id, ProductImage.product_id == product_id)
        .returning(ProductImage.file)
    ).scalar_one_or_none()
    if file is not None:
        _images_changed(work, product_id, [file, None])


def show_first(work: Work, product_id: int, image_id: int) -> None:
    """Put a picture before the others: lists show it."""
    images = queries.images_of(work.session, product_id)
    order = sorted(images, key=lambda image: image.id != image_id)
    if [image.id for image in order] == [image.id for image in images]:
        return
    for position, image in enumerate(order):
        image.position = position
    work.session.flush()
    _images_changed(work, product_id, [images[0].file, order[0].file])


def _images_changed(work: Work, product_id: int, change: list[str | None]) -> None:
    audit.record(work, "catalog.edit", "product", product_id, {"images": change})
    ids = [variant.id for variant in queries.variants_of(work.session, product_id)]
    if ids:
        work.announce(VariantsChanged(sorted(ids), ["images"]))
