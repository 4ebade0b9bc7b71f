"""Stock: what there is, and putting the ledger right."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from pydantic import Field

from oms_web.api.operations import Call, get, post, put
from oms_web.api.shapes import Answer, Asked, Next, PageQuery, one_of, text
from oms_web.core.errors import Invalid, NotFound
from oms_web.domain.catalog import queries as catalog
from oms_web.domain.stock import levels, reasons
from oms_web.domain.stock.levels import Level
from oms_web.flows import stock_correction

ReasonName = Annotated[str, one_of(reasons.REASONS)]
MOST = 1_000_000


class StockQuery(PageQuery):
    """Which SKUs."""

    sku: list[Annotated[str, text(120, 1)]] = Field(
        [], max_length=200, description="Only these, written exactly.")


class PlaceAsked(Asked):
    """Where, why, and a word on it."""

    warehouse: Annotated[str, text(
        12, about="Its code; if not said, the first one.", example="MAG")] = ""
    bin: Annotated[str, text(
        40, about="Its code; if not said, the one in which the SKU lies.")] = ""
    reason: ReasonName = "mistake"
    note: Annotated[str, text(500)] = ""


class CorrectionAsked(PlaceAsked):
    """Units more or fewer than the ledger says."""

    sku: Annotated[str, text(120, 1)]
    change: int = Field(ge=-MOST, le=MOST, description="Negative takes away.")


class LevelAsked(PlaceAsked):
    """Units that are there."""

    on_hand: int = Field(ge=0, le=10 * MOST)


class WarehouseLevel(Answer):
    """Units in one warehouse."""

    warehouse: str
    on_hand: int
    reserved: int
    unsellable: int = Field(description="In bins that nothing is sold from.")
    available: int = Field(description="on_hand - reserved - unsellable.")


class StockLevel(Answer):
    """The units of a SKU. A bundle lies nowhere: what is available is made of its parts."""

    sku: str
    title: str
    is_bundle: bool
    on_hand: int
    reserved: int
    unsellable: int
    available: int = Field(description="What can be promised to a buyer now.")
    incoming: int = Field(description="On the road between warehouses.")
    warehouses: list[WarehouseLevel]


class StockPage(Answer):
    """A page of SKUs with their units."""

    items: list[StockLevel]
    next: Next


@get("/stock", "stock:read", act="stock.see", query=StockQuery, gives=StockPage)
def list_stock(call: Call) -> StockPage:
    """A page of SKUs with their units, in the order in which they were made."""
    asked: StockQuery = call.query
    page = levels.page(call.work.session, asked.after or None, asked.limit, only=asked.sku)
    return StockPage(items=[_answer(one) for one in page.rows], next=page.after)


@get("/stock/{sku}", "stock:read", act="stock.see", gives=StockLevel)
def get_stock(call: Call, sku: str) -> StockLevel:
    """The units of one SKU, written exactly."""
    return _answer(levels.one(call.work.session, sku))


@post("/stock/corrections", "stock:write", act="stock.correct", body=CorrectionAsked,
      gives=StockLevel, statuses=(201,))
def correct_stock(call: Call) -> StockLevel:
    """Add units to a bin or take them away, with a reason.

    The same Idempotency-Key moves nothing twice, for ever. Orders that lose reserved units are
    offered others.
    """
    asked: CorrectionAsked = call.body
    variant_id = _variant(call, asked.sku)
    place = levels.place(call.work.session, variant_id, asked.warehouse, asked.bin)
    with _blaming("change"):
        stock_correction.correct(call.work, variant_id, place, asked.change, asked.reason,
                                 asked.note, key=f"api:{call.key.id}:{call.repeat_key}")
    return _now(call, asked.sku)


@put("/stock/{sku}", "stock:write", act="stock.correct", body=LevelAsked, gives=StockLevel)
def put_stock(call: Call, sku: str) -> StockLevel:
    """Say how many units of a SKU are in a bin; the ledger is corrected by the difference."""
    asked: LevelAsked = call.body
    variant_id = _variant(call, sku)
    place = levels.place(call.work.session, variant_id, asked.warehouse, asked.bin)
    with _blaming("on_hand"):
        stock_correction.set_to(call.work, variant_id, place, asked.on_hand, asked.reason,
                                asked.note, key=f"api:{call.key.id}:{secrets.token_hex(8)}")
    return _now(call, sku)


@contextmanager
def _blaming(field: str) -> Iterator[None]:
    """Refusals of units at the field in which they were sent."""
    try:
        yield
    except Invalid as error:
        raise Invalid(error.message, field if error.field == "units" else error.field,
                      **error.params) from error


def _variant(call: Call, sku: str) -> int:
    found = catalog.ids_by_sku(call.work.session, [sku]).get(sku)
    if found is None:
        raise NotFound("There is no such SKU.")
    return found


def _now(call: Call, sku: str) -> StockLevel:
    call.work.session.flush()
    return _answer(levels.one(call.work.session, sku))


def _answer(level: Level) -> StockLevel:
    row = level.row
    return StockLevel(
        sku=row.sku, title=row.title, is_bundle=row.is_bundle, on_hand=row.on_hand,
        reserved=row.reserved, unsellable=row.unsellable, available=row.free,
        incoming=row.incoming,
        warehouses=[
            WarehouseLevel(warehouse=one.code, on_hand=one.on_hand, reserved=one.reserved,
                           unsellable=one.idle, available=one.free)
            for one in level.warehouses
        ],
    )
