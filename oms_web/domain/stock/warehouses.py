"""Warehouses and their bins: adding, editing, putting out of use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from oms_web.core.errors import Invalid, InvalidForm, NotAllowedNow, NotFound, OmsError
from oms_web.core.text import tidy
from oms_web.core.work import Work
from oms_web.domain.audit import service as audit
from oms_web.domain.stock.events import StockChanged
from oms_web.domain.stock.models import Balance, Location, Warehouse

FIRST_BIN = "A-01"
_EVENT_IDS = 5000


@dataclass(frozen=True, slots=True)
class WarehouseEdit:
    """What a person may say about a warehouse. ``address`` as in ``Warehouse``."""

    code: str
    name: str
    rank: int = 0
    address: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BinEdit:
    """What a person may say about a bin; pickers walk by ``path_order``, then code."""

    code: str
    path_order: int = 0
    sellable: bool = True


def add_warehouse(work: Work, edit: WarehouseEdit) -> int:
    """Add a warehouse with one sellable bin, so that goods can be received at once; its id.

    Raises:
        InvalidForm: code or name is missing, too long or taken.
    """
    edit = _checked_warehouse(work.session, edit, None)
    warehouse_id: int = work.session.execute(
        insert(Warehouse).values(**_columns(edit)).returning(Warehouse.id)
    ).scalar_one()
    audit.record(work, "stock.warehouse", "warehouse", warehouse_id,
                 {name: [None, value] for name, value in _columns(edit).items() if value})
    add_bins(work, warehouse_id, [FIRST_BIN])
    return warehouse_id


def edit_warehouse(work: Work, warehouse_id: int, edit: WarehouseEdit) -> None:
    """Change a warehouse.

    Raises:
        InvalidForm: as ``add_warehouse``.
    """
    row = warehouse(work.session, warehouse_id)
    after = _columns(_checked_warehouse(work.session, edit, warehouse_id))
    change = audit.changes({name: getattr(row, name) for name in after}, after)
    if change:
        work.session.execute(
            update(Warehouse).where(Warehouse.id == warehouse_id).values(**after)
        )
        audit.record(work, "stock.warehouse", "warehouse", warehouse_id, change)


def set_warehouse_active(work: Work, warehouse_id: int, active: bool) -> None:
    """Put a warehouse out of use, or into use again.

    Raises:
        NotAllowedNow: there are units in it.
    """
    row = warehouse(work.session, warehouse_id)
    if row.active == active:
        return
    places = select(Location.id).where(Location.warehouse_id == warehouse_id)
    if not active and _has_units(work.session, places):
        raise NotAllowedNow("There are still units in %(name)s. Transfer them first.",
                            name=row.name)
    row.active = active
    work.session.flush()
    audit.record(work, "stock.warehouse", "warehouse", warehouse_id,
                 {"active": [not active, active]})


def warehouse(session: Session, warehouse_id: int) -> Warehouse:
    """A warehouse, in use or not.

    Raises:
        NotFound: there is none.
    """
    found = session.get(Warehouse, warehouse_id)
    if found is None:
        raise NotFound("There is no such warehouse.")
    return found


def add_bins(
    work: Work, warehouse_id: int, codes: Iterable[str], *, sellable: bool = True
) -> list[str]:
    """Add bins after the last one on the walk; codes that exist already are left as they are.

    Returns:
        The codes that are new.

    Raises:
        Invalid: a code is too long, or there are too many.
    """
    warehouse(work.session, warehouse_id)
    wanted = list(dict.fromkeys(_bin_code(code) for code in codes if code.strip()))
    if len(wanted) > 2000:
        raise Invalid("At most 2000 bins can be added at once.", "codes")
    rows = work.session.execute(
        select(Location.code, Location.path_order).where(Location.warehouse_id == warehouse_id)
    ).all()
    known = {code for code, _ in rows}
    last = max((order for _, order in rows), default=-1)
    fresh = [code for code in wanted if code not in known]
    if fresh:
        work.session.execute(insert(Location), [
            {"warehouse_id": warehouse_id, "kind": "bin", "code": code, "sellable": sellable,
             "path_order": last + place, "active": True}
            for place, code in enumerate(fresh, start=1)
        ])
        audit.record(work, "stock.bins", "warehouse", warehouse_id, {"bins": [[], fresh]})
    return fresh


def edit_bin(work: Work, location_id: int, edit: BinEdit) -> None:
    """Change a bin. Whether it is sellable changes what is promised, so that is announced.

    Raises:
        InvalidForm: the code is missing, too long or taken in this warehouse.
    """
    row = _bin(work.session, location_id)
    try:
        code = _bin_code(edit.code)
    except Invalid as error:
        raise InvalidForm({"code": error}) from error
    other = select(Location.id).where(Location.warehouse_id == row.warehouse_id,
                                      Location.code == code, Location.id != location_id)
    if work.session.scalar(other):
        raise InvalidForm({"code": Invalid("There is already a bin %(code)s.", "code", code=code)})
    after = asdict(edit) | {"code": code}
    change = audit.changes({name: getattr(row, name) for name in after}, after)
    if not change:
        return
    for name, (_, value) in change.items():
        setattr(row, name, value)
    work.session.flush()
    audit.record(work, "stock.bins", "location", location_id, change)
    if "sellable" in change:
        _announce_contents(work, location_id, more=edit.sellable)


def set_bin_active(work: Work, location_id: int, active: bool) -> None:
    """Put a bin out of use, or into use again.

    Raises:
        NotAllowedNow: there are units in it.
    """
    row = _bin(work.session, location_id)
    if row.active == active:
        return
    if not active and _has_units(work.session, [location_id]):
        raise NotAllowedNow("There are still units in %(code)s. Move them first.", code=row.code)
    row.active = active
    work.session.flush()
    audit.record(work, "stock.bins", "location", location_id, {"active": [not active, active]})


def walk(work: Work, warehouse_id: int, location_ids: Sequence[int]) -> None:
    """Let pickers walk the bins in this order; bins that are not named keep their place after."""
    place = {location_id: number for number, location_id in enumerate(location_ids)}
    rows = work.session.scalars(
        select(Location).where(Location.warehouse_id == warehouse_id, Location.kind == "bin")
        .order_by(Location.path_order, Location.id)
    ).all()
    for number, row in enumerate(sorted(rows, key=lambda r: place.get(r.id, len(place)))):
        row.path_order = number
    work.session.flush()
    audit.record(work, "stock.bins", "warehouse", warehouse_id,
                 {"walk": [None, [row.code for row in sorted(rows, key=lambda r: r.path_order)]]})


def _columns(edit: WarehouseEdit) -> dict[str, Any]:
    return {**asdict(edit), "address": dict(edit.address)}


def _checked_warehouse(session: Session, edit: WarehouseEdit, own_id: int | None) -> WarehouseEdit:
    problems: dict[str, OmsError] = {}
    code, name = tidy(edit.code).upper(), tidy(edit.name)
    if not 0 < len(code) <= 12:
        problems["code"] = Invalid("A code has 1 to 12 characters, like LDZ.", "code")
    elif session.scalar(select(Warehouse.id).where(Warehouse.code == code,
                                                   Warehouse.id != (own_id or 0))):
        problems["code"] = Invalid("There is already a warehouse %(code)s.", "code", code=code)
    if not 0 < len(name) <= 120:
        problems["name"] = Invalid("A name has 1 to 120 characters.", "name")
    if not 0 <= edit.rank <= 999:
        problems["rank"] = Invalid("This number is out of range.", "rank")
    if problems:
        raise InvalidForm(problems)
    address = {key: tidy(value)[:200] for key, value in edit.address.items() if tidy(value)}
    return WarehouseEdit(code, name, edit.rank, address)


def _bin_code(code: str) -> str:
    code = tidy(code)
    if not 0 < len(code) <= 40:
        raise Invalid("A bin has a code of 1 to 40 characters, like A-01.", "code")
    return code


def _bin(session: Session, location_id: int) -> Location:
    found = session.get(Location, location_id)
    if found is None or found.kind != "bin":
        raise NotFound("There is no such bin in this warehouse.")
    return found


def _has_units(session: Session, places: Any) -> bool:
    return session.scalar(
        select(Balance.variant_id).where(Balance.location_id.in_(places), Balance.on_hand > 0)
        .limit(1)
    ) is not None


def _announce_contents(work: Work, location_id: int, *, more: bool) -> None:
    ids = work.session.scalars(
        select(Balance.variant_id).where(Balance.location_id == location_id, Balance.on_hand > 0)
        .order_by(Balance.variant_id)
    ).all()
    for start in range(0, len(ids), _EVENT_IDS):
        work.announce(StockChanged(list(ids[start:start + _EVENT_IDS]), more=more))
