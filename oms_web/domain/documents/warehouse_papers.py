"""What warehouse papers say: goods issued (WZ), received (PZ), moved (MM), taken out (RW), in (PW).

Read off the ledger and the shipments, after the fact: kind and number, the parties, days of issue
and of movement, each item with its unit and quantity, and who issued it (ustawa o rachunkowości,
art. 21 ust. 1). Received goods have the cost that was typed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.clock import local_day
from oms_web.core.money import line_total
from oms_web.core.work import Work
from oms_web.domain.catalog.models import Variant
from oms_web.domain.company.models import Company
from oms_web.domain.documents import kinds, snapshot
from oms_web.domain.documents.drafting import design_of, seller_of
from oms_web.domain.documents.labels import LABELS
from oms_web.domain.orders.models import Order
from oms_web.domain.shipping.models import Shipment, ShipmentLine
from oms_web.domain.stock.documents import CORRECTION, RECEIPT, STOCKTAKE, TRANSFER
from oms_web.domain.stock.models import (
    KEEP_NO_BALANCE,
    SUPPLIER,
    TRANSIT,
    Location,
    Move,
    StockDocument,
    StockDocumentLine,
    Warehouse,
)

KINDS_OF = {RECEIPT: (kinds.PZ,), TRANSFER: (kinds.MM,), CORRECTION: (kinds.RW, kinds.PW),
            STOCKTAKE: (kinds.RW, kinds.PW)}
"""Which papers a stock document can have."""
LANGUAGE = "pl"


@dataclass(frozen=True, slots=True)
class Item:
    """Units of a SKU at a place; ``cost`` of one in millionths where it is known."""

    variant_id: int
    place: str
    quantity: int
    cost: int | None = None


def cause_of_shipment(shipment: Shipment) -> str:
    """What a WZ is issued because of: that the goods left then; leaving anew makes another one."""
    moment = shipment.shipped_at
    return f"wz:{shipment.id}:{int(moment.timestamp()) if moment else 0}"


def cause_of_stock(kind: str, document_id: int) -> str:
    """What the paper of a stock document is issued because of."""
    return f"{kind}:{document_id}"


def of_shipment(work: Work, shipment: Shipment) -> dict[str, Any]:
    """The WZ of a shipment that left, without a number."""
    session = work.session
    order = session.get_one(Order, shipment.order_id)
    rows = session.execute(
        select(ShipmentLine.variant_id, Location.code, ShipmentLine.quantity)
        .join(Location, Location.id == ShipmentLine.location_id)
        .where(ShipmentLine.shipment_id == shipment.id)
        .order_by(Location.path_order, Location.code, ShipmentLine.id)
    )
    to = {**dict.fromkeys(snapshot.ADDRESS_FIELDS, ""), **(order.ship_to or {})}
    return _said(
        work, kinds.WZ, [Item(*row) for row in rows], moved_at=shipment.shipped_at,
        buyer={name: str(to.get(name) or "") for name in snapshot.ADDRESS_FIELDS},
        warehouse=_house(session, shipment.warehouse_id),
        order={"number": str(order.id), "channel_number": order.external_number},
        currency=order.currency,
    )


def of_stock(work: Work, document: StockDocument) -> list[dict[str, Any]]:
    """The papers of a posted stock document, without numbers: none where nothing moved."""
    moved = _moved(work.session, document)
    other = document.to_warehouse_id
    said = []
    for kind in KINDS_OF[document.kind]:
        if moved[kind]:
            said.append(_said(
                work, kind, moved[kind], moved_at=document.posted_at or work.now,
                buyer={**dict.fromkeys(snapshot.ADDRESS_FIELDS, ""), "company": document.partner},
                warehouse=_house(work.session, document.warehouse_id),
                to_warehouse=_house(work.session, other) if other else None,
                reference=document.reference, reason=document.reason, remark=document.note,
            ))
    return said


def _moved(session: Session, document: StockDocument) -> Mapping[str, list[Item]]:
    """What the ledger says of a document, by kind of paper, in the order of the shelves."""
    costs = {(variant_id, place): cost for variant_id, place, cost in session.execute(
        select(StockDocumentLine.variant_id, StockDocumentLine.location_id,
               StockDocumentLine.unit_cost)
        .where(StockDocumentLine.document_id == document.id))}
    found: dict[str, list[Item]] = defaultdict(list)
    codes = dict(session.execute(select(Location.id, Location.code).where(
        Location.warehouse_id == document.warehouse_id)).all())
    for move in session.scalars(
        # By variant, since the ledger is looked up by that.
        select(Move).where(Move.variant_id.in_({variant_id for variant_id, _ in costs}),
                           Move.document_id == document.id).order_by(Move.id)
    ):
        kind = _kind(document.kind, move)
        if kind:
            place = move.to_id if kind in (kinds.PZ, kinds.PW) else move.from_id
            found[kind].append(Item(
                move.variant_id, codes.get(place, ""), move.quantity,
                costs.get((move.variant_id, place)) if kind == kinds.PZ else None))
    return found


def _kind(of_document: str, move: Move) -> str:
    """Which paper a move of a stock document belongs to; none where it belongs to none."""
    if of_document == RECEIPT:
        return kinds.PZ if move.from_id == SUPPLIER else ""
    if of_document == TRANSFER:
        return kinds.MM if move.to_id == TRANSIT else ""
    if move.to_id in KEEP_NO_BALANCE:
        return kinds.RW
    return kinds.PW if move.from_id in KEEP_NO_BALANCE else ""


def _house(session: Session, warehouse_id: int) -> dict[str, str]:
    house = session.get_one(Warehouse, warehouse_id)
    address = house.address or {}
    return {"code": house.code, "name": house.name,
            **{part: str(address.get(part) or "") for part in ("street", "postcode", "city")}}


def _said(work: Work, kind: str, items: Sequence[Item], *, moved_at: datetime | None,
          buyer: Mapping[str, str], warehouse: Mapping[str, str],
          to_warehouse: Mapping[str, str] | None = None, order: Mapping[str, str] | None = None,
          currency: str = "", reference: str = "", reason: str = "", remark: str = ""
          ) -> dict[str, Any]:
    company = work.session.get(Company, 1)
    currency = currency or (company.currency if company else "PLN")
    names = {row.id: row for row in work.session.execute(
        select(Variant.id, Variant.title, Variant.sku)
        .where(Variant.id.in_({item.variant_id for item in items})))}
    lines = [{
        "position": at, "title": names[item.variant_id].title, "sku": names[item.variant_id].sku,
        "unit": LABELS[LANGUAGE]["pieces"], "quantity": item.quantity, "place": item.place,
        "cost": item.cost,
        "value": None if item.cost is None else line_total(item.cost, item.quantity, currency),
    } for at, item in enumerate(items, start=1)]
    value = sum(line["value"] or 0 for line in lines)
    return {
        "schema": snapshot.SCHEMA, "kind": kind, "number": None, "language": LANGUAGE,
        "currency": currency, "issue_date": local_day(work.now).isoformat(),
        "sale_date": local_day(moved_at or work.now).isoformat(), "issued_by": work.actor.name,
        "seller": seller_of(company), "buyer": {**buyer, "tax_id": ""},
        "warehouse": dict(warehouse), "to_warehouse": dict(to_warehouse) if to_warehouse else None,
        "lines": lines, "total": {"net": value, "vat": 0, "gross": value},
        "order": dict(order or {"number": "", "channel_number": ""}), "reference": reference,
        "reason": reason, "remark": remark, "design": design_of(company, LANGUAGE),
    }
