"""Returns: a buyer says that goods come back, sends them, and gets the money.

Each function works within the caller's transaction ``db`` at the moment ``at``. Each change of a
return gets the next number of one row for all, by which programs read them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from oms_demo.market import rings, wire
from oms_demo.market.orders import DELIVERED, SENT, find, to_json
from oms_demo.market.refusal import Refusal
from oms_demo.market.store import moment, stamp

ANNOUNCED, ON_WAY, ARRIVED, REFUNDED, REFUSED = (
    "announced", "on_the_way", "arrived", "refunded", "refused",
)
NEXT: Mapping[str, tuple[str, ...]] = {
    ANNOUNCED: (ON_WAY, REFUSED), ON_WAY: (ARRIVED,), ARRIVED: (REFUNDED, REFUSED),
    REFUNDED: (), REFUSED: (),
}
REASONS = ("changed_mind", "damaged", "not_as_described", "late")


def announce(db: sqlite3.Connection, at: datetime, order: str, units: Mapping[str, int],
             reason: str) -> str:
    """The buyer will send units back, by line; the return's number.

    Raises:
        Refusal: no such order or line, not sent yet, nothing chosen, or more than was bought.
    """
    row = find(db, order)
    if row["status"] not in (SENT, DELIVERED):
        raise Refusal("not_sent", "This order has not been sent.")
    lines = {str(line["no"]): line["quantity"] for line in db.execute(
        "SELECT no, quantity FROM purchase_line WHERE purchase_seq = ?", (row["seq"],))}
    for no, count in _back_already(db, row["seq"]).items():
        lines[no] -= count
    if not units:
        raise Refusal("empty", "Choose what comes back.", 422, field="lines")
    if any(not 0 < count <= lines.get(no, 0) for no, count in units.items()):
        raise Refusal("bad_line", "Not so many units were bought.", 422, field="lines")
    count = db.execute("SELECT count(*) FROM sent_back").fetchone()[0]
    ref = f"ZW-{count + 1:06d}"
    change = _next_change(db)
    done = db.execute(
        "INSERT INTO sent_back (ref, change, purchase_seq, status, created_at, updated_at, reason,"
        " refunded, parcels) VALUES (?,?,?,?,?,?,?,0,'[]')",
        (ref, change, row["seq"], ANNOUNCED, stamp(at), stamp(at), reason[:200]),
    )
    for no, quantity in units.items():
        db.execute("INSERT INTO sent_back_line VALUES (?,?,?)", (done.lastrowid, int(no), quantity))
    rings.announce(db, at, "return", ref, f"return-{change}")
    return ref


def move_on(db: sqlite3.Connection, at: datetime, ref: str, status: str) -> None:
    """The next station of a return; being there already changes nothing.

    Raises:
        Refusal: no such return, or no way leads there from where it is.
    """
    row = db.execute("SELECT * FROM sent_back WHERE ref = ?", (ref,)).fetchone()
    if row is None:
        raise Refusal("unknown_return", f"There is no return {ref}.", 404)
    if row["status"] == status:
        return
    if status not in NEXT[row["status"]]:
        raise Refusal("wrong_way", f"A return that is {row['status']} cannot be {status}.")
    at = max(at, moment(row["updated_at"]))
    change = _next_change(db)
    parcels = to_json([{"carrier": "inpost", "tracking": f"5200{row['seq']:012d}", "url": ""}]) \
        if status == ON_WAY else row["parcels"]
    refunded = worth(db, row["seq"]) if status == REFUNDED else row["refunded"]
    db.execute(
        "UPDATE sent_back SET status = ?, change = ?, updated_at = ?, parcels = ?, refunded = ?"
        " WHERE ref = ?", (status, change, stamp(at), parcels, refunded, ref),
    )
    rings.announce(db, at, "return", ref, f"return-{change}")


def worth(db: sqlite3.Connection, seq: int) -> int:
    """What the units of a return cost, in minor units."""
    return db.execute(
        "SELECT coalesce(sum(b.quantity * l.unit_price), 0) FROM sent_back_line b"
        " JOIN sent_back s ON s.seq = b.back_seq"
        " JOIN purchase_line l ON l.purchase_seq = s.purchase_seq AND l.no = b.no"
        " WHERE b.back_seq = ?", (seq,),
    ).fetchone()[0]


def after(db: sqlite3.Connection, change: int, limit: int) -> list[dict[str, Any]]:
    """Returns as the API shows them, by their latest change."""
    rows = db.execute(
        "SELECT sent_back.*, purchase.ref AS order_ref, purchase.currency, purchase.buyer"
        " FROM sent_back JOIN purchase ON purchase.seq = sent_back.purchase_seq"
        " WHERE change > ? ORDER BY change LIMIT ?", (change, limit),
    ).fetchall()
    return [_shown(row, _lines(db, row)) for row in rows]


def of_order(db: sqlite3.Connection, seq: int) -> Sequence[sqlite3.Row]:
    """The returns of one order, for the back office."""
    return db.execute("SELECT * FROM sent_back WHERE purchase_seq = ? ORDER BY seq",
                      (seq,)).fetchall()


def _shown(row: sqlite3.Row, lines: Sequence[sqlite3.Row]) -> dict[str, Any]:
    return {
        "id": row["ref"], "change": row["change"], "order_id": row["order_ref"],
        "status": row["status"], "created_at": row["created_at"], "updated_at": row["updated_at"],
        "reason": row["reason"], "buyer_name": json.loads(row["buyer"])["name"],
        "refunded": {"amount": wire.amount(row["refunded"]), "currency": row["currency"]},
        "parcels": json.loads(row["parcels"]),
        "items": [
            {"line_id": str(line["no"]), "offer_id": line["offer_ref"], "sku": line["sku"],
             "title": line["title"], "quantity": line["quantity"]} for line in lines
        ],
    }


def _lines(db: sqlite3.Connection, row: sqlite3.Row) -> Sequence[sqlite3.Row]:
    return db.execute(
        "SELECT b.no, b.quantity, l.offer_ref, l.sku, l.title FROM sent_back_line b"
        " JOIN purchase_line l ON l.purchase_seq = ? AND l.no = b.no"
        " WHERE b.back_seq = ? ORDER BY b.no", (row["purchase_seq"], row["seq"]),
    ).fetchall()


def _back_already(db: sqlite3.Connection, seq: int) -> dict[str, int]:
    rows = db.execute(
        "SELECT b.no, sum(b.quantity) FROM sent_back_line b JOIN sent_back s ON s.seq = b.back_seq"
        " WHERE s.purchase_seq = ? AND s.status <> ? GROUP BY b.no", (seq, REFUSED),
    )
    return {str(no): count for no, count in rows}


def _next_change(db: sqlite3.Connection) -> int:
    return db.execute("SELECT coalesce(max(change), 0) + 1 FROM sent_back").fetchone()[0]
