"""Money given back for orders, and the commission that comes back for it.

Each function works within the caller's transaction ``db`` at the moment ``at``. A commission is a
tenth of what was sold; a claim of it is looked at by the marketplace a minute later, and granted.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from oms_demo.market import wire
from oms_demo.market.orders import change, find, to_json
from oms_demo.market.refusal import Refusal
from oms_demo.market.store import moment, stamp

REASONS = ("return", "complaint", "cancelled", "not_collected", "other")
TENTH = 10
DECIDED_AFTER = timedelta(minutes=1)
OPEN, GRANTED, WITHDRAWN = "open", "granted", "withdrawn"


def give_back(db: sqlite3.Connection, at: datetime, order: str, key: str, amount: int,
              said: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Give a part of an order's money back; the refund, and whether it is new.

    Args:
        amount: minor units, of which ``said`` has ``lines`` (line -> [units, minor units]),
            ``delivery`` and a ``reason``.

    Raises:
        Refusal: no such order or line, more than is left, or the key came with another amount.
    """
    row = find(db, order)
    known = db.execute("SELECT * FROM refund WHERE purchase_seq = ? AND key = ?",
                       (row["seq"], key)).fetchone()
    content = to_json(dict(said))
    if known is not None:
        if (known["amount"], known["said"]) != (amount, content):
            raise Refusal("other_amount", "This key came with another amount before.", 422,
                          field="amount")
        return _refund(known, row), False
    _check(db, row, amount, said)
    count = db.execute("SELECT count(*) FROM refund").fetchone()[0]
    ref = f"ZP-{count + 1:06d}"
    db.execute("INSERT INTO refund (ref, purchase_seq, key, amount, said, at) VALUES (?,?,?,?,?,?)",
               (ref, row["seq"], key, amount, content, stamp(at)))
    change(db, at, row, "order.refunded")
    made = db.execute("SELECT * FROM refund WHERE ref = ?", (ref,)).fetchone()
    return _refund(made, row), True


def _check(db: sqlite3.Connection, row: sqlite3.Row, amount: int, said: Mapping[str, Any]) -> None:
    came = db.execute("SELECT coalesce(sum(amount), 0) FROM payment WHERE purchase_seq = ?",
                      (row["seq"],)).fetchone()[0]
    gone = db.execute("SELECT coalesce(sum(amount), 0) FROM refund WHERE purchase_seq = ?",
                      (row["seq"],)).fetchone()[0]
    parts = sum(money for _, money in said["lines"].values()) + said["delivery"]
    if amount <= 0 or parts > amount:
        raise Refusal("bad_amount", "The parts are more than the amount.", 422, field="amount")
    if amount > came - gone:
        raise Refusal("too_much", "No more can go back than was paid.", 422, field="amount")
    if said["delivery"] > row["delivery_cost"]:
        raise Refusal("too_much", "Delivery did not cost so much.", 422, field="delivery")
    bought = {str(line["no"]): line["quantity"] for line in db.execute(
        "SELECT no, quantity FROM purchase_line WHERE purchase_seq = ?", (row["seq"],))}
    back = units_back(db, row["seq"])
    for no, (units, _) in said["lines"].items():
        if units < 0 or units > bought.get(no, 0) - back.get(no, 0):
            raise Refusal("bad_line", f"Line {no} has not so many units.", 422, field="lines")


def units_back(db: sqlite3.Connection, seq: int) -> dict[str, int]:
    """Line -> units whose money has gone back."""
    found: dict[str, int] = {}
    for (said,) in db.execute("SELECT said FROM refund WHERE purchase_seq = ?", (seq,)):
        for no, (units, _) in json.loads(said)["lines"].items():
            found[no] = found.get(no, 0) + units
    return found


def of_order(db: sqlite3.Connection, order: str) -> list[dict[str, Any]]:
    """The refunds of an order, the first one first."""
    row = find(db, order)
    return [_refund(one, row) for one in db.execute(
        "SELECT * FROM refund WHERE purchase_seq = ? ORDER BY rowid", (row["seq"],))]


def _refund(one: sqlite3.Row, order: sqlite3.Row) -> dict[str, Any]:
    return {"id": one["ref"], "key": one["key"], "order_id": order["ref"], "at": one["at"],
            "amount": wire.amount(one["amount"]), "currency": order["currency"],
            "reason": json.loads(one["said"])["reason"], "status": "done"}


# The commission ----------------------------------------------------------------------------------


def claim(db: sqlite3.Connection, at: datetime, order: str, key: str, line: str, units: int
          ) -> tuple[dict[str, Any], bool]:
    """Ask for the commission of units back; the claim, and whether it is new.

    Raises:
        Refusal: no such order or line, the buyer has not got that money back, or all of it is
            claimed already.
    """
    row = find(db, order)
    known = db.execute("SELECT * FROM fee_claim WHERE purchase_seq = ? AND key = ?",
                       (row["seq"], key)).fetchone()
    if known is not None:
        return _claim(known, at), False
    claimed = db.execute(
        "SELECT coalesce(sum(quantity), 0) FROM fee_claim"
        " WHERE purchase_seq = ? AND no = ? AND withdrawn_at IS NULL",
        (row["seq"], int(line) if line.isdigit() else 0)).fetchone()[0]
    if units <= 0 or units > units_back(db, row["seq"]).get(line, 0) - claimed:
        raise Refusal("not_refunded", "Give the buyer's money back first.", 422, field="quantity")
    price = db.execute("SELECT unit_price FROM purchase_line WHERE purchase_seq = ? AND no = ?",
                       (row["seq"], int(line))).fetchone()[0]
    count = db.execute("SELECT count(*) FROM fee_claim").fetchone()[0]
    ref = f"PR-{count + 1:06d}"
    db.execute(
        "INSERT INTO fee_claim (ref, purchase_seq, key, no, quantity, amount, at)"
        " VALUES (?,?,?,?,?,?,?)",
        (ref, row["seq"], key, int(line), units, (2 * price * units + TENTH) // (2 * TENTH),
         stamp(at)))
    return _claim(db.execute("SELECT * FROM fee_claim WHERE ref = ?", (ref,)).fetchone(), at), True


def claims(db: sqlite3.Connection, at: datetime, order: str) -> Sequence[dict[str, Any]]:
    """The claims of an order, the first one first."""
    row = find(db, order)
    return [_claim(one, at) for one in db.execute(
        "SELECT * FROM fee_claim WHERE purchase_seq = ? ORDER BY rowid", (row["seq"],))]


def withdraw(db: sqlite3.Connection, at: datetime, ref: str) -> None:
    """Take a claim back; twice is once.

    Raises:
        Refusal: no such claim, or it was granted.
    """
    row = db.execute("SELECT * FROM fee_claim WHERE ref = ?", (ref,)).fetchone()
    if row is None:
        raise Refusal("unknown_claim", f"There is no claim {ref}.", 404)
    if _status(row, at) == GRANTED:
        raise Refusal("decided", "This claim was granted already.", 422)
    db.execute("UPDATE fee_claim SET withdrawn_at = coalesce(withdrawn_at, ?) WHERE ref = ?",
               (stamp(at), ref))


def _status(row: sqlite3.Row, at: datetime) -> str:
    if row["withdrawn_at"]:
        return WITHDRAWN
    return GRANTED if at - moment(row["at"]) >= DECIDED_AFTER else OPEN


def _claim(row: sqlite3.Row, at: datetime) -> dict[str, Any]:
    return {"id": row["ref"], "key": row["key"], "line_id": str(row["no"]),
            "quantity": row["quantity"], "status": _status(row, at), "created_at": row["at"],
            "amount": wire.amount(row["amount"]), "currency": "PLN"}
