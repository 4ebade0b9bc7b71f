"""Orders and offers as the API shows them. Amounts are texts with two decimals."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from oms_demo.market.delivery import BY_KEY
from oms_demo.market.orders import STAGES

Row = sqlite3.Row


def orders(db: sqlite3.Connection, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Whole orders, in the order of their rows."""
    parts = {table: _by_order(db, table, rows)
             for table in ("purchase_line", "payment", "refund", "shipment", "line_cancelled",
                           "stage")}
    joined = _joined(db, rows)
    return [
        _order(row, {table: found[row["seq"]] for table, found in parts.items()})
        | {"replaces": joined[row["seq"]]}
        for row in rows
    ]


def offer(row: Row, address: str) -> dict[str, Any]:
    """An offer; ``address`` is where the marketplace is reached."""
    return {
        "id": row["ref"], "title": row["title"], "sku": row["sku"], "ean": row["ean"],
        "price": {"amount": amount(row["price"]), "currency": "PLN"},
        "quantity": row["stock"], "status": "active", "url": f"{address}/offers/{row['ref']}",
        "updated_at": row["updated_at"],
    }


def amount(minor: int) -> str:
    """Grosze or cents as text: ``3990`` -> ``39.90``."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def _by_order(db: sqlite3.Connection, table: str, rows: Sequence[Row]
              ) -> defaultdict[int, list[Row]]:
    found: defaultdict[int, list[Row]] = defaultdict(list)
    marks = ",".join("?" * len(rows))
    for part in db.execute(
        f"SELECT * FROM {table} WHERE purchase_seq IN ({marks}) ORDER BY rowid",  # noqa: S608
        [row["seq"] for row in rows],
    ):
        found[part["purchase_seq"]].append(part)
    return found


def _joined(db: sqlite3.Connection, rows: Sequence[Row]) -> defaultdict[int, list[str]]:
    """The numbers of the orders that each order stands for, where a buyer paid them together."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    marks = ",".join("?" * len(rows))
    for new, ref in db.execute(
        "SELECT new_seq, ref FROM replacement JOIN purchase ON purchase.seq = old_seq"  # noqa: S608
        f" WHERE new_seq IN ({marks}) ORDER BY old_seq", [row["seq"] for row in rows],
    ):
        found[new].append(ref)
    return found


def _order(row: Row, parts: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    cancelled = {part["no"]: part["quantity"] for part in parts["line_cancelled"]}
    buyer = json.loads(row["buyer"])
    delivery = json.loads(row["delivery"])
    method = BY_KEY[delivery["method"]]
    return {
        "id": row["ref"], "revision": row["revision"], "status": row["status"],
        "placed_at": row["placed_at"], "updated_at": row["updated_at"], "paid_at": row["paid_at"],
        "send_by": row["send_by"], "sent_at": row["sent_at"], "delivered_at": row["delivered_at"],
        "cancelled_at": row["cancelled_at"], "cancel_reason": row["cancel_reason"],
        "currency": row["currency"],
        "totals": {
            "items": amount(row["items"]), "delivery": amount(row["delivery_cost"]),
            "discount": amount(row["discount"]), "total": amount(row["total"]),
        },
        "items": [_line(line, cancelled.get(line["no"], 0)) for line in parts["purchase_line"]],
        "stage": parts["stage"][0]["name"] if parts["stage"] else STAGES[0],
        "payment": {
            "kind": row["payment_kind"], "method": row["payment_method"],
            "received": [
                {"id": p["ref"], "amount": amount(p["amount"]), "at": p["at"],
                 "method": p["method"]} for p in parts["payment"]
            ],
            "refunds": [{"id": p["ref"], "amount": amount(p["amount"]), "at": p["at"]}
                        for p in parts["refund"]],
        },
        "buyer": {k: buyer[k] for k in ("login", "name", "email", "phone", "company")},
        "delivery": {
            "method": method.name, "carrier": method.carrier,
            "pickup_point": delivery["pickup_point"] or None, "address": delivery["address"],
        },
        "invoice": json.loads(row["invoice"]) if row["invoice"] else None,
        "note": row["note"],
        "shipments": [shipment(s) for s in parts["shipment"]],
    }


def _line(line: Row, cancelled: int) -> dict[str, Any]:
    return {
        "line_id": str(line["no"]), "offer_id": line["offer_ref"], "sku": line["sku"],
        "ean": line["ean"], "title": line["title"], "quantity": line["quantity"],
        "cancelled": cancelled, "unit_price": amount(line["unit_price"]),
        "vat_rate": line["vat_rate"],
    }


def shipment(row: Row) -> dict[str, Any]:
    """A shipment with its parcels."""
    return {
        "id": row["ref"], "sent_at": row["sent_at"], "complete": bool(row["complete"]),
        "parcels": json.loads(row["parcels"]), "lines": json.loads(row["lines"]),
    }
