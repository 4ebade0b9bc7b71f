"""Putting products into the catalogue, many at a time.

``put_variants`` takes what a file or a channel tells about SKUs and makes the catalogue agree with
it: a constant number of statements for a page of records, and nothing is written for what is
already so. Edits by hand are in ``editing.py``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid, OmsError
from oms_web.core.keys import take_keys
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.catalog import barcodes, composition, queries
from oms_web.domain.catalog.events import VariantsAdded, VariantsChanged
from oms_web.domain.catalog.grouping import Held, Key, group, key_of
from oms_web.domain.catalog.models import PriceNote, Product, ProductImage, Variant
from oms_web.domain.catalog.records import (
    VariantInput,
    check_rate,
    over,
    search_text,
    tidied,
    title_of,
)

__all__ = ["PutOutcome", "Refusal", "VariantInput", "put_variants"]

Row = dict[str, Any]
Change = dict[str, list[Any]]

_PRODUCT_FIELDS = ("name", "brand", "category", "description", "vat_rate", "no_withdrawal")
_PLAIN_FIELDS = (
    "option", "weight_g", "length_mm", "width_mm", "height_mm", "cost", "price", "currency",
    "sell_without_stock", "minimum",
)
_WRITTEN = (*_PLAIN_FIELDS, "product_id", "title", "search")
# Kept to ourselves: nothing follows from these.
PRIVATE = frozenset({"cost", "search", "product_id"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was not put, and why. ``whole``: the record as such, else only a code or the parts."""

    index: int
    sku: str
    error: OmsError
    whole: bool = True


@dataclass(slots=True)
class PutOutcome:
    """What became of the records. ``ids`` has the variant of every SKU that was put.

    ``added + changed + same`` and the whole refusals make up the number of records.
    """

    added: int = 0
    changed: int = 0
    same: int = 0
    refused: list[Refusal] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Putting:
    """The records by SKU, what the catalogue held of them, and what is changed so far."""

    told: dict[str, VariantInput]
    index: dict[str, int]
    held: dict[str, Row]
    refused: list[Refusal]
    changes: dict[str, Change] = field(default_factory=lambda: defaultdict(dict))
    ids: dict[str, int] = field(default_factory=dict)
    again: list[str] = field(default_factory=list)  # SKUs told once more, otherwise

    def refuse(self, sku: str, error: OmsError) -> None:
        """Leave a code or the parts of a record out."""
        self.refused.append(Refusal(self.index[sku], sku, error, whole=False))


def put_variants(work: Work, records: Sequence[VariantInput]) -> PutOutcome:
    """Make the catalogue agree with the records, in the running transaction.

    A variant is found by its exact SKU. A new one joins the product of the same name and brand, or
    starts it (see ``grouping.py``). Of a SKU told twice the later word holds, and counts as a
    change where it differs. A code of another variant is refused by itself; so are parts that are
    not known, neither before nor among the same records: tell bundles last. Pages of some hundred
    records are best.
    """
    put = _read(work, records)
    products = _put_products(work, put)
    _put_rows(work, put, products)
    _put_barcodes(work, put)
    _put_parts(work, put)
    _write_down(work, put)
    outcome = PutOutcome(refused=sorted(put.refused, key=lambda r: r.index), ids=put.ids)
    outcome.added = sum(sku not in put.held for sku in put.ids)
    outcome.changed = sum(sku in put.held for sku in put.changes)
    outcome.changed += sum(sku in put.ids and (sku not in put.held or sku in put.changes)
                           for sku in put.again)
    whole = sum(refusal.whole for refusal in put.refused)
    outcome.same = len(records) - outcome.added - outcome.changed - whole
    return outcome


def _read(work: Work, records: Iterable[VariantInput]) -> _Putting:
    told: dict[str, VariantInput] = {}
    index: dict[str, int] = {}
    refused: list[Refusal] = []
    again: list[str] = []
    for number, record in enumerate(records):
        try:
            good = tidied(record)
            if good.vat_rate:
                check_rate(work, good.vat_rate)
        except Invalid as error:
            refused.append(Refusal(number, record.sku.strip(), error))
            continue
        before = told.get(good.sku)
        told[good.sku] = over(before, good) if before else good
        if before and told[good.sku] != before:
            again.append(good.sku)
        index[good.sku] = number
    held = _held(work.session, told)
    for sku in [sku for sku, record in told.items() if sku not in held and not record.name]:
        refused.append(Refusal(index[sku], sku, Invalid("A new SKU needs a name.", "name")))
        del told[sku]
    return _Putting(told, index, held, refused, again=again)


def _held(session: Session, skus: Iterable[str]) -> dict[str, Row]:
    """What the catalogue has of these SKUs: variant and product fields in one row."""
    columns = [
        Variant.id, Variant.sku, Variant.is_bundle,
        *(getattr(Variant, name) for name in _WRITTEN),
        *(getattr(Product, name) for name in _PRODUCT_FIELDS),
    ]
    rows = session.execute(
        select(*columns).join(Product, Product.id == Variant.product_id)
        .where(Variant.sku.in_(list(skus)))
    )
    return {row.sku: dict(row._mapping) for row in rows}


def _put_products(work: Work, put: _Putting) -> dict[str, Row]:
    """Find, make, rename and update products; SKU -> its product as it is now."""
    wanted: dict[str, Key] = {}
    for sku, record in put.told.items():
        row = put.held.get(sku, {"name": "", "brand": "", "option": ""})
        wanted[sku] = key_of(sku, record.name or row["name"], record.brand or row["brand"],
                             record.option or row["option"])
    held = {
        sku: Held(row["product_id"], (row["name"], row["brand"], wanted[sku][2]))
        for sku, row in put.held.items()
    }
    stray = {key for sku, key in wanted.items() if sku not in held or held[sku].key != key}
    grouping = group(
        wanted, held, _products_called(work.session, stray),
        _sizes(work.session, {now.product_id for now in held.values()} if stray else set()),
    )
    products = {
        row.id: dict(row._mapping)
        for row in work.session.execute(
            select(Product.id, *(getattr(Product, name) for name in _PRODUCT_FIELDS))
            .where(Product.id.in_(set(grouping.joins.values())))
        )
    }
    placed = {sku: products[id_] for sku, id_ in grouping.joins.items()}
    starting = {key: _starting(put, sku, key) for sku, key in grouping.starts.items()}
    before = {id_: dict(row) for id_, row in products.items()}
    for sku in put.told:
        row = placed[sku] if sku in placed else starting[grouping.starts[sku]]
        told = put.told[sku]
        row.update({
            name: getattr(told, name) for name in _PRODUCT_FIELDS if getattr(told, name)
        })
    if starting:
        keys = take_keys(work.session, Product, len(starting))
        for row, id_ in zip(starting.values(), keys, strict=True):
            row["id"] = id_
        work.session.execute(insert(Product.__table__), [
            {**row, "created_at": work.now} for row in starting.values()
        ])
    placed |= {sku: starting[key] for sku, key in grouping.starts.items()}
    changed = [row for id_, row in products.items() if row != before[id_]]
    _update_many(work.session, Product, _PRODUCT_FIELDS, changed)
    return placed


def _starting(put: _Putting, sku: str, key: Key) -> Row:
    """A product to be made for a SKU; what is not told comes from the product it leaves."""
    row = put.held.get(sku, {"category": "", "description": "", "vat_rate": "23",
                              "no_withdrawal": ""})
    return {**{name: row[name] for name in _PRODUCT_FIELDS if name in row},
            "name": key[0], "brand": key[1]}


def _products_called(session: Session, keys: set[Key]) -> dict[Key, int]:
    keys = {key for key in keys if not key[2]}
    if not keys:
        return {}
    rows = session.execute(
        select(Product.name, Product.brand, func.min(Product.id))
        .where(Product.name.in_({name for name, _, _ in keys}), Product.archived_at.is_(None))
        .group_by(Product.name, Product.brand)
    )
    return {(name, brand, ""): id_ for name, brand, id_ in rows if (name, brand, "") in keys}


def _sizes(session: Session, product_ids: set[int]) -> dict[int, int]:
    if not product_ids:
        return {}
    rows = session.execute(
        select(Variant.product_id, func.count())
        .where(Variant.product_id.in_(product_ids)).group_by(Variant.product_id)
    )
    return dict(rows.all())


def _put_rows(work: Work, put: _Putting, products: Mapping[str, Row]) -> None:
    """Insert new variants, update the ones that differ, note what changed."""
    fresh: list[Row] = []
    changed: list[Row] = []
    for sku, told in put.told.items():
        held = put.held.get(sku)
        row = _row_now(told, held, products[sku])
        if held is None:
            fresh.append({**row, "sku": sku, "created_at": work.now})
            put.changes[sku] = {
                name: [None, value] for name, value in {**row, **products[sku]}.items()
                if value not in (None, "", 0, False)
                and name not in ("search", "title", "id", "product_id")
            }
            continue
        put.ids[sku] = held["id"]
        after = {**row, **{name: products[sku][name] for name in _PRODUCT_FIELDS}}
        difference = audit.changes(held, after)
        if difference:
            put.changes[sku] = difference
        if any(name in _WRITTEN for name in difference):
            changed.append({**row, "id": held["id"]})
    if fresh:
        made = work.session.execute(insert(Variant).returning(Variant.sku, Variant.id), fresh)
        put.ids |= dict(made.all())
    _update_many(work.session, Variant, _WRITTEN, changed)
    _leave_products(work, put)
    _note_prices(work, put)


def _row_now(told: VariantInput, held: Row | None, product: Row) -> Row:
    """A variant's columns after the record was heard."""
    row = {name: getattr(told, name) for name in _PLAIN_FIELDS}
    if held is None:
        row |= {"currency": told.currency or "PLN", "minimum": told.minimum or 0,
                "sell_without_stock": bool(told.sell_without_stock)}
    else:
        row = {name: held[name] if value in (None, "") else value for name, value in row.items()}
    title = title_of(product["name"], row["option"])
    return {**row, "product_id": product["id"], "title": title,
            "search": search_text(title, product["brand"], told.sku)}


def _leave_products(work: Work, put: _Putting) -> None:
    """A variant that moves takes its pictures along; a product without variants is archived."""
    moved = {
        put.ids[sku]: change["product_id"] for sku, change in put.changes.items()
        if "product_id" in change and sku in put.held
    }
    if not moved:
        return
    left = {before: after for before, after in moved.values()}
    occupied = set(work.session.scalars(
        select(Variant.product_id).where(Variant.product_id.in_(left)).distinct()
    ))
    for variant_id, (_, after) in moved.items():
        work.session.execute(
            update(ProductImage).where(ProductImage.variant_id == variant_id)
            .values(product_id=after)
        )
    empty = [before for before in left if before not in occupied]
    for before in empty:
        there = select(ProductImage.file).where(ProductImage.product_id == left[before])
        work.session.execute(
            update(ProductImage)
            .where(ProductImage.product_id == before, ProductImage.file.not_in(there))
            .values(product_id=left[before])
        )
    if empty:
        work.session.execute(
            update(Product).where(Product.id.in_(empty)).values(archived_at=work.now)
        )


def _note_prices(work: Work, put: _Putting) -> None:
    rows = []
    for sku, change in put.changes.items():
        told = put.told[sku]
        if ("price" in change or "currency" in change) and told.price is not None:
            held = put.held.get(sku, {})
            currency = told.currency or held.get("currency") or "PLN"
            rows.append({"variant_id": put.ids[sku], "at": work.now, "price": told.price,
                         "currency": currency, "detail": {"by": work.actor.name}})
    if rows:
        work.session.execute(insert(PriceNote), rows)


def _put_barcodes(work: Work, put: _Putting) -> None:
    sku_of = {put.ids[sku]: sku for sku in put.told}
    added, refused = barcodes.add(work.session, [
        (put.ids[sku], code) for sku, told in put.told.items() for code in told.eans
    ])
    for variant_id, new in added.items():
        put.changes[sku_of[variant_id]]["eans"] = [[], new]
    for variant_id, error in refused:
        put.refuse(sku_of[variant_id], error)


def _put_parts(work: Work, put: _Putting) -> None:
    """Give bundles their composition, where it is told and differs."""
    wanted = {sku: told.parts for sku, told in put.told.items() if told.parts}
    if not wanted:
        return
    known = dict(work.session.execute(
        select(Variant.sku, Variant.id)
        .where(Variant.sku.in_({part for parts in wanted.values() for part in parts}))
    ).all())
    complete: dict[int, dict[int, int]] = {}
    for sku, parts in wanted.items():
        unknown = [part for part in parts if part not in known]
        if unknown:
            put.refuse(sku, Invalid("There is no SKU %(sku)s to make the bundle of.", "parts",
                                    sku=", ".join(unknown)))
        else:
            complete[put.ids[sku]] = {known[part]: units for part, units in parts.items()}
    sku_of = {id_: sku for sku, id_ in {**known, **put.ids}.items()}
    changed, refused = composition.put(work.session, complete)
    names = queries.skus(work.session, {part for before in changed.values() for part in before})
    for variant_id, before in changed.items():
        put.changes[sku_of[variant_id]]["parts"] = [
            {names[part]: units for part, units in before.items()}, dict(wanted[sku_of[variant_id]])
        ]
    for variant_id, error in refused.items():
        put.refuse(sku_of[variant_id], error)


def _write_down(work: Work, put: _Putting) -> None:
    """The audit trail, and events for what others should know."""
    told = {sku: change for sku, change in put.changes.items() if change}
    audit.record_many(work, [
        audit.entry(work, "catalog.edit" if sku in put.held else "catalog.add", "variant",
                    put.ids[sku], {k: v for k, v in change.items() if k != "search"})
        for sku, change in told.items()
    ])
    added = [put.ids[sku] for sku, change in told.items()
             if sku not in put.held or "eans" in change]
    if added:
        work.announce(VariantsAdded(sorted(added)))
    shown = {sku: change.keys() - PRIVATE for sku, change in told.items() if sku in put.held}
    names = set().union(*shown.values())
    if names:
        work.announce(VariantsChanged(
            sorted(put.ids[sku] for sku, fields in shown.items() if fields), sorted(names)
        ))


def _update_many(
    session: Session, model: type[Any], names: Sequence[str], rows: Sequence[Row]
) -> None:
    """Write whole rows by id, as one statement with many parameters."""
    if not rows:
        return
    table = model.__table__
    statement = update(table).where(table.c.id == bindparam("_id")).values(
        {name: bindparam(f"_{name}") for name in names}
    )
    session.connection().execute(
        statement, [{"_id": row["id"], **{f"_{name}": row[name] for name in names}} for row in rows]
    )
