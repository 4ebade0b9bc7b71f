"""Messages: buyers write about their orders or ask about offers, the seller answers.

Each function works within the caller's transaction ``db`` at the moment ``at``. One row of numbers
for all messages, by which programs read them; a thread is of one order, or of one question.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from oms_demo.market import rings
from oms_demo.market.orders import find
from oms_demo.market.refusal import Refusal
from oms_demo.market.store import stamp

MOST = 2000
SELLER = "Leśna Sowa"


def write(db: sqlite3.Connection, at: datetime, text: str, *, order: str = "", offer: str = "",
          author: str = "", files: Sequence[Mapping[str, str]] = ()) -> int:
    """A buyer writes; the message's number.

    Raises:
        Refusal: no such order, no text or too long a one.
    """
    if order:
        author = json.loads(find(db, order)["buyer"])["login"]
    thread = f"W-{order}" if order else f"W-{author}-{offer or 'ask'}"
    number = _add(db, at, thread, text, order, offer, 0, author, None, files)
    db.execute("INSERT OR IGNORE INTO talk_unread VALUES (?)", (thread,))
    return number


def answer(db: sqlite3.Connection, at: datetime, text: str, *, order: str = "", thread: str = "",
           key: str = "") -> tuple[int, bool]:
    """The seller writes into a thread or about an order; the number, and whether it is new: the
    same key again changes nothing.

    Raises:
        Refusal: no such order or thread, no text or too long a one.
    """
    known = db.execute("SELECT id FROM talk WHERE key = ?", (key,)).fetchone() if key else None
    if known is not None:
        return known["id"], False
    offer = None
    if order:
        thread = f"W-{find(db, order)['ref']}"
    else:
        first = db.execute("SELECT * FROM talk WHERE thread = ? ORDER BY id LIMIT 1",
                           (thread,)).fetchone()
        if first is None:
            raise Refusal("unknown_thread", f"There is no thread {thread}.", 404)
        order, offer = first["purchase_ref"], first["offer_ref"]
    return _add(db, at, thread, text, order, offer, 1, SELLER, key or None, ()), True


def _add(db: sqlite3.Connection, at: datetime, thread: str, text: str, order: str | None,
         offer: str | None, by_seller: int, author: str, key: str | None,
         files: Sequence[Mapping[str, str]]) -> int:
    if not text.strip() or len(text) > MOST:
        raise Refusal("bad_text", f"A message has 1 to {MOST} characters.", 422, field="text")
    done = db.execute(
        "INSERT INTO talk (thread, purchase_ref, offer_ref, by_seller, author, text, files, at,"
        " key) VALUES (?,?,?,?,?,?,?,?,?)",
        (thread, order or None, offer or None, by_seller, author, text,
         json.dumps([dict(one) for one in files]), stamp(at), key))
    rings.announce(db, at, "message", str(done.lastrowid), f"message-{done.lastrowid}")
    return int(done.lastrowid or 0)


def read(db: sqlite3.Connection, thread: str) -> None:
    """The seller has read a thread; twice is once.

    Raises:
        Refusal: there is no such thread.
    """
    if db.execute("SELECT id FROM talk WHERE thread = ? LIMIT 1", (thread,)).fetchone() is None:
        raise Refusal("unknown_thread", f"There is no thread {thread}.", 404)
    db.execute("DELETE FROM talk_unread WHERE thread = ?", (thread,))


def after(db: sqlite3.Connection, number: int, limit: int) -> list[dict[str, Any]]:
    """Messages as the API shows them, by number."""
    return [shown(row) for row in db.execute(
        "SELECT * FROM talk WHERE id > ? ORDER BY id LIMIT ?", (number, limit))]


def by_key(db: sqlite3.Connection, key: str) -> list[dict[str, Any]]:
    """What the seller wrote under a key."""
    return [shown(row) for row in db.execute("SELECT * FROM talk WHERE key = ?", (key,))]


def one(db: sqlite3.Connection, number: int) -> dict[str, Any]:
    """One message."""
    return shown(db.execute("SELECT * FROM talk WHERE id = ?", (number,)).fetchone())


def of_order(db: sqlite3.Connection, order: str) -> Sequence[sqlite3.Row]:
    """What was said about an order, for the back office."""
    return db.execute("SELECT * FROM talk WHERE purchase_ref = ? ORDER BY id", (order,)).fetchall()


def shown(row: sqlite3.Row) -> dict[str, Any]:
    """A message as the API shows it."""
    return {
        "id": row["id"], "thread_id": row["thread"], "order_id": row["purchase_ref"],
        "offer_id": row["offer_ref"], "by": "seller" if row["by_seller"] else "buyer",
        "author": row["author"], "text": row["text"], "at": row["at"], "key": row["key"],
        "files": json.loads(row["files"]),
    }
