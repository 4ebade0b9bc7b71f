"""Parcels: the seller says they left, the carrier says they arrived."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime

from oms_demo.market.orders import (
    CANCELLED,
    DELIVERED,
    SENT,
    TO_SEND,
    WAITING,
    change,
    expect,
    find,
    take_money,
    to_json,
)
from oms_demo.market.refusal import Refusal
from oms_demo.market.store import stamp

_WHY_NOT = {
    WAITING: ("not_paid", "This order is not paid yet."),
    CANCELLED: ("order_cancelled", "This order was cancelled."),
    SENT: ("different_number", "This order left under another number."),
    DELIVERED: ("different_number", "This order was delivered under another number."),
}


def send(db: sqlite3.Connection, at: datetime, ref: str, key: str,
         parcels: Sequence[Mapping[str, str]], *, sent_at: datetime | None = None,
         lines: Mapping[str, int] | None = None, complete: bool = True,
         expected_revision: int | None = None) -> tuple[str, bool]:
    """Goods left. Saying it again with the same key, or the same numbers, changes nothing.

    ``complete`` says that nothing more will follow; ``sent_at`` that it happened before ``at``.

    Returns:
        The shipment's reference, and whether it is new.

    Raises:
        Refusal: cancelled, unpaid, changed meanwhile, the key came with other numbers before, or
            the order left already under another number.
    """
    order = find(db, ref)
    content = to_json([dict(parcel) for parcel in parcels])
    known = _known(db, order, key, content)
    if known:
        return known, False
    expect(order, expected_revision)
    if order["status"] != TO_SEND:
        raise Refusal(*_WHY_NOT[order["status"]], revision=order["revision"])
    earlier = db.execute("SELECT count(*) FROM shipment").fetchone()[0]
    shipment = f"S{earlier + 1:06d}"
    left = stamp(sent_at or at)
    db.execute(
        "INSERT INTO shipment (ref, purchase_seq, key, parcels, lines, complete, sent_at)"
        " VALUES (?,?,?,?,?,?,?)",
        (shipment, order["seq"], key, content, to_json(dict(lines or {})), complete, left),
    )
    if complete:
        change(db, at, order, "order.sent", status=SENT, sent_at=left, plan=None, plan_at=None)
    else:
        change(db, at, order, "order.part_sent")
    return shipment, True


def _known(db: sqlite3.Connection, order: sqlite3.Row, key: str, content: str) -> str | None:
    rows = db.execute("SELECT * FROM shipment WHERE purchase_seq = ? ORDER BY ref",
                      (order["seq"],)).fetchall()
    for row in rows:
        if row["key"] == key and row["parcels"] != content:
            raise Refusal("different_number", "This key came with another number before.",
                          revision=order["revision"])
        if row["key"] == key or (row["parcels"] == content and content != "[]"):
            return row["ref"]
    return None


def deliver(db: sqlite3.Connection, at: datetime, ref: str) -> None:
    """The parcel reaches the buyer; cash on delivery is paid then.

    Raises:
        Refusal: no such order, or it has not left.
    """
    order = find(db, ref)
    if order["status"] == DELIVERED:
        return
    if order["status"] != SENT:
        raise Refusal("not_sent", "This order has not been sent.")
    change(db, at, order, "order.delivered", status=DELIVERED, plan=None, plan_at=None,
           delivered_at=stamp(at))
    if order["payment_kind"] == "cod":
        take_money(db, at, order["seq"])
