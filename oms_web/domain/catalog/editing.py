"""Changing the catalogue by hand: one product, one SKU at a time, with the trail of who did it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from oms_web.core.errors import Invalid, InvalidForm, NotFound, OmsError
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog import barcodes, codes, composition, no_withdrawal, queries, records
from oms_web.domain.catalog.events import VariantsAdded, VariantsChanged
from oms_web.domain.catalog.models import PriceNote, Product, Variant
from oms_web.domain.catalog.service import PRIVATE


@dataclass(frozen=True, slots=True)
class ProductEdit:
    """What all variants of a product share."""

    name: str
    brand: str = ""
    category: str = ""
    description: str = ""
    vat_rate: str = "23"
    gtu: str = ""
    no_withdrawal: str = ""


@dataclass(frozen=True, slots=True)
class VariantEdit:
    """What one SKU has of its own. Units as in ``Variant``."""

    sku: str
    option: str = ""
    weight_g: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    cost: int | None = None
    price: int | None = None
    currency: str = "PLN"
    sell_without_stock: bool = False
    minimum: int = 0


def add_product(work: Work, product: ProductEdit, variant: VariantEdit, code: str = "") -> int:
    """Start a product with its first SKU; the product's id.

    Raises:
        InvalidForm: fields are wrong, the SKU exists, or the code belongs to another one.
    """
    product, variant = _checked(work, product, variant)
    product_id = work.session.execute(
        insert(Product).values(**asdict(product), created_at=work.now).returning(Product.id)
    ).scalar_one()
    _insert_variant(work, product_id, product, variant, code)
    return product_id


def problems_of(
    work: Work, product: ProductEdit | None, variant: VariantEdit, code: str
) -> dict[str, OmsError]:
    """All that is wrong with a new SKU (and its new product), by field, before it is written."""
    problems: dict[str, OmsError] = {}
    try:
        _, variant = _checked(work, product, variant)
    except InvalidForm as error:
        problems |= error.problems
    if "sku" not in problems and variant.sku in queries.ids_by_sku(work.session, [variant.sku]):
        problems |= _sku_taken(variant.sku).problems
    if code.strip():
        try:
            codes.check(code, "code")
        except Invalid as error:
            problems["code"] = error
    return problems


def add_variant(work: Work, product_id: int, variant: VariantEdit, code: str = "") -> int:
    """Add a SKU to a product; its id.

    Raises:
        InvalidForm: as ``add_product``.
    """
    row = queries.product(work.session, product_id)
    _, variant = _checked(work, None, variant)
    return _insert_variant(work, product_id, _product_edit(row), variant, code)


def edit_product(work: Work, product_id: int, edit: ProductEdit) -> None:
    """Change what all variants share; their titles follow.

    Raises:
        InvalidForm: fields are wrong.
    """
    row = queries.product(work.session, product_id)
    edit, _ = _checked(work, edit, None)
    change = audit.changes(asdict(_product_edit(row)), asdict(edit))
    if not change:
        return
    for name, (_, value) in change.items():
        setattr(row, name, value)
    variants = queries.variants_of(work.session, product_id)
    if change.keys() & {"name", "brand"}:
        for variant in variants:
            variant.title = records.title_of(edit.name, variant.option)
            variant.search = records.search_text(variant.title, edit.brand, variant.sku)
    work.session.flush()
    audit.record(work, "catalog.edit", "product", product_id, change)
    _announce(work, [variant.id for variant in variants], change)


def edit_variant(work: Work, variant_id: int, edit: VariantEdit) -> None:
    """Change one SKU.

    Raises:
        InvalidForm: fields are wrong or the SKU belongs to another variant.
    """
    row = queries.variant(work.session, variant_id)
    product = queries.product(work.session, row.product_id)
    _, edit = _checked(work, None, edit)
    change = audit.changes({name: getattr(row, name) for name in asdict(edit)}, asdict(edit))
    if not change:
        return
    _refuse_taken_sku(work, edit.sku, variant_id)
    title = records.title_of(product.name, edit.option)
    values = {**asdict(edit), "title": title,
              "search": records.search_text(title, product.brand, edit.sku)}
    _or_taken(work, lambda: work.session.execute(
        update(Variant).where(Variant.id == variant_id).values(**values)
    ))
    work.session.expire(row)
    if "price" in change or "currency" in change:
        _note_price(work, variant_id, edit)
    audit.record(work, "catalog.edit", "variant", variant_id, change)
    if "sku" in change:
        work.announce(VariantsAdded([variant_id]))
    _announce(work, [variant_id], change)


def set_costs(work: Work, costs: Mapping[int, int]) -> None:
    """Note what units cost now: variant -> micro. Those that cost the same are left alone."""
    rows = work.session.execute(select(Variant.id, Variant.cost).where(Variant.id.in_(costs)))
    before = {id_: cost for id_, cost in rows if cost != costs[id_]}
    for id_ in sorted(before):
        work.session.execute(update(Variant).where(Variant.id == id_).values(cost=costs[id_]))
    audit.record_many(work, [
        audit.entry(work, "catalog.edit", "variant", id_, {"cost": [before[id_], costs[id_]]})
        for id_ in sorted(before)
    ])


def archive(work: Work, variant_id: int, *, back: bool = False) -> None:
    """Take a SKU out of lists and suggestions, or bring it back. Its history stays."""
    row = queries.variant(work.session, variant_id)
    if (row.archived_at is None) is back:
        return
    before, row.archived_at = row.archived_at, None if back else work.now
    work.session.flush()
    _archive_empty_product(work, row.product_id)
    change = {"archived_at": [before and before.isoformat(),
                              row.archived_at and row.archived_at.isoformat()]}
    audit.record(work, "catalog.restore" if back else "catalog.archive", "variant", variant_id,
                 change)
    if back:
        work.announce(VariantsAdded([variant_id]))
    _announce(work, [variant_id], change)


def add_code(work: Work, variant_id: int, code: str) -> None:
    """Put a barcode on a variant; its own one again is quiet.

    Raises:
        Invalid: a wrong check digit, or another variant has it.
    """
    queries.variant(work.session, variant_id)
    added, refused = barcodes.add(work.session, [(variant_id, code)])
    if refused:
        raise Invalid(refused[0][1].message, "code", **refused[0][1].params)
    if added:
        change = {"eans": [[], added[variant_id]]}
        audit.record(work, "catalog.edit", "variant", variant_id, change)
        work.announce(VariantsAdded([variant_id]))
        _announce(work, [variant_id], change)


def remove_code(work: Work, variant_id: int, code: str) -> None:
    """Take a barcode off a variant; one that is not there is quiet."""
    if barcodes.remove(work.session, variant_id, code):
        change = {"eans": [[code], []]}
        audit.record(work, "catalog.edit", "variant", variant_id, change)
        _announce(work, [variant_id], change)


def set_parts(work: Work, variant_id: int, parts: Mapping[int, int]) -> None:
    """Make a bundle consist of exactly these parts (variant -> units); none make it plain again.

    Raises:
        Invalid: see ``bundles.check_parts``.
        NotFound: a part does not exist.
    """
    queries.variant(work.session, variant_id)
    names = queries.skus(work.session, parts)
    if len(names) != len(parts):
        raise NotFound("There is no such SKU.")
    changed, refused = composition.put(work.session, {variant_id: parts})
    if refused:
        raise refused[variant_id]
    if not changed:
        return
    names |= queries.skus(work.session, changed[variant_id])
    change = {"parts": [{names[id_]: n for id_, n in changed[variant_id].items()},
                        {names[id_]: n for id_, n in parts.items()}]}
    audit.record(work, "catalog.edit", "variant", variant_id, change)
    _announce(work, [variant_id], change)


def _checked(work: Work, product: Any, variant: Any) -> tuple[Any, Any]:
    """Both with tidied texts and checked numbers; all that is wrong is said at once."""
    problems: dict[str, OmsError] = {}

    def good(name: str, check: Callable[..., Any], value: Any) -> Any:
        try:
            return check(value, name)
        except Invalid as error:
            problems[name] = error
            return value

    if product is not None:
        product = replace(
            product, description=product.description.strip(),
            vat_rate=good("vat_rate", partial(records.check_rate, work), product.vat_rate),
            gtu=good("gtu", records.check_gtu, product.gtu),
            no_withdrawal=good("no_withdrawal", no_withdrawal.check, product.no_withdrawal),
            **{name: good(name, records.check_text, getattr(product, name))
               for name in ("name", "brand", "category")},
        )
        if not product.name:
            problems["name"] = Invalid("A product needs a name.", "name")
    if variant is not None:
        variant = replace(
            variant, currency=good("currency", records.check_currency, variant.currency),
            sku=good("sku", records.check_text, tidy(variant.sku)),
            option=good("option", records.check_text, variant.option),
        )
        for name in records.NUMBERS:
            good(name, records.check_number, getattr(variant, name))
        if not variant.sku:
            problems["sku"] = Invalid("A SKU is missing.", "sku")
    if problems:
        raise InvalidForm(problems)
    return product, variant


def _product_edit(row: Product) -> ProductEdit:
    return ProductEdit(row.name, row.brand, row.category, row.description, row.vat_rate,
                       row.gtu, row.no_withdrawal)


def _insert_variant(
    work: Work, product_id: int, product: ProductEdit, variant: VariantEdit, code: str
) -> int:
    _refuse_taken_sku(work, variant.sku, None)
    title = records.title_of(product.name, variant.option)
    statement = insert(Variant).values(
        **asdict(variant), product_id=product_id, title=title, created_at=work.now,
        search=records.search_text(title, product.brand, variant.sku),
    ).returning(Variant.id)
    variant_id = _or_taken(work, lambda: work.session.execute(statement).scalar_one())
    change = {name: [None, value]
              for name, value in {**asdict(product), **asdict(variant)}.items() if value}
    if code.strip():
        _, refused = barcodes.add(work.session, [(variant_id, code)])
        if refused:
            raise InvalidForm({"code": refused[0][1]})
        change["eans"] = [[], [code.strip()]]
    if variant.price is not None:
        _note_price(work, variant_id, variant)
    audit.record(work, "catalog.add", "variant", variant_id, change)
    work.announce(VariantsAdded([variant_id]))
    return variant_id


def _refuse_taken_sku(work: Work, sku: str, own_id: int | None) -> None:
    owner = queries.ids_by_sku(work.session, [sku]).get(sku)
    if owner is not None and owner != own_id:
        raise _sku_taken(sku)


def _or_taken(work: Work, write: Callable[[], Any]) -> Any:
    """Run a write whose only possible conflict is a SKU that somebody added this very moment."""
    try:
        with work.session.begin_nested():
            return write()
    except IntegrityError as error:
        raise _sku_taken("") from error


def _sku_taken(sku: str) -> InvalidForm:
    return InvalidForm({"sku": Invalid("There is already a SKU %(sku)s.", "sku", sku=sku)})


def _note_price(work: Work, variant_id: int, edit: VariantEdit) -> None:
    if edit.price is not None:
        work.session.execute(insert(PriceNote).values(
            variant_id=variant_id, at=work.now, price=edit.price, currency=edit.currency,
            detail={"by": work.actor.name},
        ))


def _archive_empty_product(work: Work, product_id: int) -> None:
    """A product all of whose variants are archived is archived too."""
    alive = work.session.scalar(
        select(Variant.id).where(Variant.product_id == product_id, Variant.archived_at.is_(None))
        .limit(1)
    )
    work.session.execute(
        update(Product).where(Product.id == product_id)
        .values(archived_at=None if alive else work.now)
    )


def _announce(work: Work, variant_ids: list[int], change: Mapping[str, Any]) -> None:
    shown = sorted(change.keys() - PRIVATE)
    if shown and variant_ids:
        work.announce(VariantsChanged(sorted(variant_ids), shown))
