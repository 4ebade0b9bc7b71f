"""The marketplace's memory: one SQLite file, one connection, one user of it at a time."""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

JOURNAL_KEPT = timedelta(days=30)

SCHEMA = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS offer (
    ref TEXT PRIMARY KEY, sku TEXT NOT NULL, ean TEXT NOT NULL, title TEXT NOT NULL,
    motif TEXT NOT NULL, tone TEXT NOT NULL, vat_rate TEXT NOT NULL,
    price INTEGER NOT NULL, price_eur INTEGER NOT NULL,
    stock INTEGER NOT NULL CHECK (stock >= 0), updated_at TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS stock_change (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, offer_ref TEXT NOT NULL REFERENCES offer,
    before INTEGER NOT NULL, after INTEGER NOT NULL, cause TEXT NOT NULL, detail TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS ix_stock_change_offer ON stock_change (offer_ref, id);

CREATE TABLE IF NOT EXISTS stock_key (
    key TEXT PRIMARY KEY, offer_ref TEXT NOT NULL, quantity INTEGER NOT NULL, at TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS purchase (
    seq INTEGER PRIMARY KEY, ref TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL,
    status TEXT NOT NULL, placed_at TEXT NOT NULL, updated_at TEXT NOT NULL, paid_at TEXT,
    send_by TEXT NOT NULL, sent_at TEXT, delivered_at TEXT, cancelled_at TEXT, cancel_reason TEXT,
    currency TEXT NOT NULL, items INTEGER NOT NULL, delivery_cost INTEGER NOT NULL,
    discount INTEGER NOT NULL, total INTEGER NOT NULL,
    payment_kind TEXT NOT NULL, payment_method TEXT NOT NULL,
    buyer TEXT NOT NULL, delivery TEXT NOT NULL, invoice TEXT, note TEXT NOT NULL,
    plan TEXT, plan_at TEXT
);
CREATE INDEX IF NOT EXISTS ix_purchase_updated ON purchase (updated_at, ref);
CREATE INDEX IF NOT EXISTS ix_purchase_status ON purchase (status, seq);
CREATE INDEX IF NOT EXISTS ix_purchase_plan ON purchase (plan_at) WHERE plan_at IS NOT NULL;

CREATE TABLE IF NOT EXISTS purchase_line (
    purchase_seq INTEGER NOT NULL REFERENCES purchase, no INTEGER NOT NULL,
    offer_ref TEXT NOT NULL, sku TEXT NOT NULL, ean TEXT NOT NULL, title TEXT NOT NULL,
    quantity INTEGER NOT NULL, unit_price INTEGER NOT NULL, vat_rate TEXT NOT NULL,
    PRIMARY KEY (purchase_seq, no)
);

CREATE TABLE IF NOT EXISTS payment (
    ref TEXT PRIMARY KEY, purchase_seq INTEGER NOT NULL REFERENCES purchase,
    amount INTEGER NOT NULL, at TEXT NOT NULL, method TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS ix_payment_purchase ON payment (purchase_seq);

CREATE TABLE IF NOT EXISTS shipment (
    ref TEXT PRIMARY KEY, purchase_seq INTEGER NOT NULL REFERENCES purchase,
    key TEXT NOT NULL, parcels TEXT NOT NULL, lines TEXT NOT NULL,
    complete INTEGER NOT NULL, sent_at TEXT NOT NULL, UNIQUE (purchase_seq, key)
);

CREATE TABLE IF NOT EXISTS line_cancelled (
    purchase_seq INTEGER NOT NULL REFERENCES purchase, no INTEGER NOT NULL,
    quantity INTEGER NOT NULL, PRIMARY KEY (purchase_seq, no)
);

CREATE TABLE IF NOT EXISTS replacement (
    old_seq INTEGER PRIMARY KEY REFERENCES purchase, new_seq INTEGER NOT NULL REFERENCES purchase
);
CREATE INDEX IF NOT EXISTS ix_replacement_new ON replacement (new_seq);

CREATE TABLE IF NOT EXISTS stage (
    purchase_seq INTEGER PRIMARY KEY REFERENCES purchase, name TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS document (
    ref TEXT PRIMARY KEY, purchase_seq INTEGER NOT NULL REFERENCES purchase, key TEXT NOT NULL,
    number TEXT NOT NULL, issued_at TEXT NOT NULL, pdf BLOB NOT NULL, UNIQUE (purchase_seq, key)
);

CREATE TABLE IF NOT EXISTS sent_back (
    seq INTEGER PRIMARY KEY, ref TEXT NOT NULL UNIQUE, change INTEGER NOT NULL UNIQUE,
    purchase_seq INTEGER NOT NULL REFERENCES purchase, status TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, reason TEXT NOT NULL,
    refunded INTEGER NOT NULL, parcels TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS ix_sent_back_purchase ON sent_back (purchase_seq);

CREATE TABLE IF NOT EXISTS sent_back_line (
    back_seq INTEGER NOT NULL REFERENCES sent_back, no INTEGER NOT NULL, quantity INTEGER NOT NULL,
    PRIMARY KEY (back_seq, no)
);

CREATE TABLE IF NOT EXISTS refund (
    ref TEXT PRIMARY KEY, purchase_seq INTEGER NOT NULL REFERENCES purchase, key TEXT NOT NULL,
    amount INTEGER NOT NULL, said TEXT NOT NULL, at TEXT NOT NULL, UNIQUE (purchase_seq, key)
);

CREATE TABLE IF NOT EXISTS fee_claim (
    ref TEXT PRIMARY KEY, purchase_seq INTEGER NOT NULL REFERENCES purchase, key TEXT NOT NULL,
    no INTEGER NOT NULL, quantity INTEGER NOT NULL, amount INTEGER NOT NULL, at TEXT NOT NULL,
    withdrawn_at TEXT, UNIQUE (purchase_seq, key)
);

CREATE TABLE IF NOT EXISTS talk (
    id INTEGER PRIMARY KEY, thread TEXT NOT NULL, purchase_ref TEXT, offer_ref TEXT,
    by_seller INTEGER NOT NULL, author TEXT NOT NULL, text TEXT NOT NULL, files TEXT NOT NULL,
    at TEXT NOT NULL, key TEXT UNIQUE
);
CREATE INDEX IF NOT EXISTS ix_talk_thread ON talk (thread, id);
CREATE TABLE IF NOT EXISTS talk_unread (thread TEXT PRIMARY KEY);

CREATE TABLE IF NOT EXISTS subscription (
    ref TEXT PRIMARY KEY, url TEXT NOT NULL, secret TEXT NOT NULL, kind TEXT NOT NULL,
    UNIQUE (url, kind)
);

CREATE TABLE IF NOT EXISTS ring (
    id INTEGER PRIMARY KEY AUTOINCREMENT, subscription_ref TEXT NOT NULL REFERENCES subscription
    ON DELETE CASCADE, event TEXT NOT NULL, body TEXT NOT NULL, due_at TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS ix_ring_due ON ring (due_at);

CREATE TABLE IF NOT EXISTS carried (
    ref TEXT PRIMARY KEY, key TEXT NOT NULL, state TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS ix_carried_key ON carried (key);

CREATE TABLE IF NOT EXISTS scan (
    id INTEGER PRIMARY KEY, tracking TEXT NOT NULL, at TEXT NOT NULL, code TEXT NOT NULL,
    by_time INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS ix_scan_tracking ON scan (tracking, at);

CREATE TABLE IF NOT EXISTS visit (
    ref TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, body TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS purse_payment (
    ref TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, amount INTEGER NOT NULL,
    currency TEXT NOT NULL, description TEXT NOT NULL, return_url TEXT NOT NULL,
    notify_url TEXT NOT NULL, state TEXT NOT NULL, at TEXT NOT NULL, ended_at TEXT
);

CREATE TABLE IF NOT EXISTS purse_refund (
    ref TEXT PRIMARY KEY, payment_ref TEXT NOT NULL REFERENCES purse_payment, key TEXT NOT NULL,
    amount INTEGER NOT NULL, at TEXT NOT NULL, done_at TEXT NOT NULL, UNIQUE (payment_ref, key)
);

CREATE TABLE IF NOT EXISTS event (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, type TEXT NOT NULL,
    purchase_seq INTEGER NOT NULL REFERENCES purchase, revision INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS ix_event_at ON event (at);
CREATE INDEX IF NOT EXISTS ix_event_purchase ON event (purchase_seq, id);
"""


class Store:
    """The open file. Every use of it is a whole transaction, one after another."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(
            file, timeout=10, isolation_level=None, check_same_thread=False
        )
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA foreign_keys=ON")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """The database for one piece of work: kept at the end, undone on any error."""
        with self._lock:
            if self._db.in_transaction:  # a piece of a larger piece
                yield self._db
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def setting(self, name: str, default: str) -> str:
        """A remembered setting."""
        with self.transaction() as db:
            row = db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return row["value"] if row else default

    def remember(self, name: str, value: str) -> None:
        """Keep a setting."""
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (name, value))

    def forget_old_events(self, now: datetime) -> None:
        """Drop journal entries that are too old to be asked for."""
        with self.transaction() as db:
            db.execute("DELETE FROM event WHERE at < ?", (stamp(now - JOURNAL_KEPT),))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()


def seller_token(folder: Path) -> str:
    """The seller's API token: made by whoever asks first, readable by the file's owner only."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "token"
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text("ascii").strip()
    with os.fdopen(handle, "w") as out:
        out.write(f"targ_{secrets.token_urlsafe(24)}\n")
    return file.read_text("ascii").strip()


def stamp(moment: datetime) -> str:
    """A moment as text that sorts as it passes: always UTC, always microseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """The moment behind a stamp, or behind any ISO 8601 text that names its zone.

    Raises:
        ValueError: not a moment, or one without a zone.
    """
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a moment needs a zone")
    return found.astimezone(UTC)
