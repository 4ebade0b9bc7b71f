"""Skarbonka, the payment provider of the same town: links where buyers pay, money that goes back.

Each function works within the caller's transaction ``db`` at the moment ``at``; amounts are minor
units. What was asked for ends unpaid after a week. A refund is on its way for some seconds; one in
four is slow.
"""

from __future__ import annotations

import hmac
import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from oms_demo.market import rings, wire
from oms_demo.market.refusal import Refusal
from oms_demo.market.store import moment, stamp

WAITING, PAID, REFUSED, CANCELLED = "waiting", "paid", "refused", "cancelled"
PENDING, DONE = "pending", "done"
KEPT_OPEN = timedelta(days=7)
QUICK, SLOW = timedelta(seconds=20), timedelta(minutes=15)


def signing_key(token: str) -> str:
    """What rings about payments are signed with: made of the seller's token, so no file keeps it.
    """
    return f"skarb_{hmac.digest(token.encode(), b'skarbonka', 'sha256').hex()[:40]}"


def ask(db: sqlite3.Connection, at: datetime, key: str, amount: int, wanted: Mapping[str, str],
        secret: str) -> tuple[sqlite3.Row, bool]:
    """Open a payment; its row, and whether it is new.

    Args:
        wanted: ``currency``, ``description``, ``return_url``, ``notify_url``. It rings on this
            machine only; at any other address nobody hears of it.
        secret: what rings are signed with.

    Raises:
        Refusal: no amount, or the key came with another one.
    """
    known = db.execute("SELECT * FROM purse_payment WHERE key = ?", (key,)).fetchone()
    if known is not None:
        if (known["amount"], known["currency"]) != (amount, wanted["currency"]):
            raise Refusal("other_amount", "This key came with another amount before.", 422,
                          field="amount")
        return known, False
    if amount <= 0:
        raise Refusal("bad_amount", "Nothing is nothing to pay.", 422, field="amount")
    if urlsplit(wanted["notify_url"]).hostname in rings.LOOPBACK:
        rings.subscribe(db, wanted["notify_url"], secret, ["payment"])
    count = db.execute("SELECT count(*) FROM purse_payment").fetchone()[0]
    ref = f"SK-{count + 1:06d}"
    db.execute(
        "INSERT INTO purse_payment (ref, key, amount, currency, description, return_url,"
        " notify_url, state, at) VALUES (?,?,?,?,?,?,?,?,?)",
        (ref, key, amount, wanted["currency"], wanted["description"], wanted["return_url"],
         wanted["notify_url"], WAITING, stamp(at)))
    return find(db, ref), True


def find(db: sqlite3.Connection, ref: str) -> sqlite3.Row:
    """A payment.

    Raises:
        Refusal: there is none.
    """
    row = db.execute("SELECT * FROM purse_payment WHERE ref = ?", (ref,)).fetchone()
    if row is None:
        raise Refusal("unknown_payment", f"There is no payment {ref}.", 404)
    return row


def latest(db: sqlite3.Connection, count: int) -> Sequence[sqlite3.Row]:
    """The newest payments."""
    return db.execute("SELECT * FROM purse_payment ORDER BY ref DESC LIMIT ?", (count,)).fetchall()


def state(row: sqlite3.Row, at: datetime) -> str:
    """How a payment stands: what nobody paid in time is cancelled."""
    late = row["state"] == WAITING and at - moment(row["at"]) >= KEPT_OPEN
    return CANCELLED if late else row["state"]


def decide(db: sqlite3.Connection, at: datetime, ref: str, pays: bool) -> None:
    """The buyer pays, or refuses; twice is once.

    Raises:
        Refusal: there is no such payment, or it went the other way.
    """
    row, wanted = find(db, ref), PAID if pays else REFUSED
    now = state(row, at)
    if now == wanted:
        return
    if now != WAITING:
        raise Refusal("payment_over", "Nobody can pay here any more.")
    db.execute("UPDATE purse_payment SET state = ?, ended_at = ? WHERE ref = ?",
               (wanted, stamp(at), ref))
    _ring(db, at, row, wanted)


def give_back(db: sqlite3.Connection, at: datetime, ref: str, key: str, amount: int
              ) -> tuple[dict[str, Any], bool]:
    """Order money of a payment back; the refund, and whether it is new.

    Raises:
        Refusal: no such payment, more than is left, or the key came with another amount.
    """
    row = find(db, ref)
    known = db.execute("SELECT * FROM purse_refund WHERE payment_ref = ? AND key = ?",
                       (ref, key)).fetchone()
    if known is not None:
        if known["amount"] != amount:
            raise Refusal("other_amount", "This key came with another amount before.", 422,
                          field="amount")
        return _refund(known, row, at), False
    gone = db.execute("SELECT coalesce(sum(amount), 0) FROM purse_refund WHERE payment_ref = ?",
                      (ref,)).fetchone()[0]
    if amount <= 0 or row["state"] != PAID or amount > row["amount"] - gone:
        raise Refusal("too_much", "No more can go back than was paid.", 422, field="amount")
    count = db.execute("SELECT count(*) FROM purse_refund").fetchone()[0]
    made = f"SZ-{count + 1:06d}"
    done = at + (SLOW if zlib.crc32(key.encode()) % 4 == 0 else QUICK)
    db.execute("INSERT INTO purse_refund (ref, payment_ref, key, amount, at, done_at)"
               " VALUES (?,?,?,?,?,?)", (made, ref, key, amount, stamp(at), stamp(done)))
    _ring(db, done, row, made)
    return _refund(db.execute("SELECT * FROM purse_refund WHERE ref = ?", (made,)).fetchone(),
                   row, at), True


def _ring(db: sqlite3.Connection, at: datetime, row: sqlite3.Row, event: str) -> None:
    rings.announce(db, at, "payment", row["ref"], f"{row['ref']}-{event}", url=row["notify_url"])


def told(db: sqlite3.Connection, at: datetime, row: sqlite3.Row, address: str) -> dict[str, Any]:
    """A payment as programs see it, with what went back.

    Args:
        address: where this server is reached.
    """
    return {
        "id": row["ref"], "key": row["key"], "url": f"{address}/pay/{row['ref']}",
        "amount": wire.amount(row["amount"]), "currency": row["currency"],
        "status": state(row, at), "created_at": row["at"], "ended_at": row["ended_at"],
        "refunds": refunds(db, at, row),
    }


def refunds(db: sqlite3.Connection, at: datetime, row: sqlite3.Row) -> list[dict[str, Any]]:
    """What goes back of a payment, the first one first."""
    return [_refund(one, row, at) for one in db.execute(
        "SELECT * FROM purse_refund WHERE payment_ref = ? ORDER BY ref", (row["ref"],))]


def _refund(one: sqlite3.Row, row: sqlite3.Row, at: datetime) -> dict[str, Any]:
    done = moment(one["done_at"]) <= at
    return {"id": one["ref"], "key": one["key"], "amount": wire.amount(one["amount"]),
            "currency": row["currency"], "status": DONE if done else PENDING, "at": one["at"]}
