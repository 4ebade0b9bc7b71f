"""Documents that the seller shows to buyers at their order."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from oms_demo.market.orders import find
from oms_demo.market.refusal import Refusal
from oms_demo.market.store import stamp

LARGEST = 5 * 1024 * 1024


def keep(db: sqlite3.Connection, ref: str, key: str, number: str, issued_at: datetime, pdf: bytes
         ) -> tuple[str, bool]:
    """Show a PDF at an order. The same key leaves the first document as it is.

    Returns:
        The document's reference, and whether it is new.

    Raises:
        Refusal: no such order, no PDF, or too large.
    """
    order = find(db, ref)
    if not pdf.startswith(b"%PDF-"):
        raise Refusal("not_a_pdf", "The body must be a PDF.", 422, field="body")
    if len(pdf) > LARGEST:
        raise Refusal("too_large", "At most 5 MB.", 422, field="body")
    known = db.execute("SELECT ref FROM document WHERE purchase_seq = ? AND key = ?",
                       (order["seq"], key)).fetchone()
    if known:
        return known["ref"], False
    count = db.execute("SELECT count(*) FROM document").fetchone()[0]
    document = f"D{count + 1:06d}"
    db.execute("INSERT INTO document VALUES (?,?,?,?,?,?)",
               (document, order["seq"], key, number, stamp(issued_at), pdf))
    return document, True


def of_order(db: sqlite3.Connection, seq: int) -> Sequence[sqlite3.Row]:
    """The documents of one order, without the files."""
    return db.execute(
        "SELECT ref, number, issued_at FROM document WHERE purchase_seq = ? ORDER BY ref", (seq,)
    ).fetchall()


def file_of(db: sqlite3.Connection, order: str, ref: str) -> bytes | None:
    """A document's PDF; None when this order has no such document."""
    row = db.execute(
        "SELECT pdf FROM document JOIN purchase ON purchase.seq = purchase_seq"
        " WHERE document.ref = ? AND purchase.ref = ?", (ref, order),
    ).fetchone()
    return row["pdf"] if row else None
