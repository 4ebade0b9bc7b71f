"""Webhooks: the marketplace rings at the seller's address when something has happened.

What is to be rung is written down in the transaction in which it happened and posted afterwards,
signed and with retries, by ``Ringer``. It rings on this machine only: the marketplace is a sandbox.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import logging
import secrets
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from oms_demo.market.refusal import Refusal
from oms_demo.market.store import stamp

if TYPE_CHECKING:
    from oms_demo.market.market import Market

KINDS = ("order", "return", "offer", "message")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
RETRIES_S = (5, 30, 120, 600, 3600)
"""Waits between tries; after the last one the ring is given up."""
TIMEOUT_S = 5.0
BATCH = 50
STAMP, SIGNATURE, EVENT = "X-Targowisko-Timestamp", "X-Targowisko-Signature", "X-Targowisko-Event"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Post:
    """A ring on its way."""

    url: str
    secret: str
    event: str
    body: bytes


Sender = Callable[[Post, datetime], int]
"""Posts a ring and says what the other side answered; raises OSError when nobody did."""


def subscribe(db: sqlite3.Connection, url: str, secret: str, kinds: Sequence[str]) -> list[str]:
    """Ring there for each of these kinds; asking again changes the secret and nothing else.

    Raises:
        Refusal: not an address on this machine, no secret, or an unknown kind.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        raise Refusal("bad_url", "This marketplace rings on its own machine only.", 422,
                      field="url")
    if not secret or not kinds or set(kinds) - set(KINDS):
        raise Refusal("bad_value", f"A secret, and kinds of {', '.join(KINDS)}.", 422)
    refs = []
    for kind in dict.fromkeys(kinds):
        db.execute(
            "INSERT INTO subscription (ref, url, secret, kind) VALUES (?,?,?,?)"
            " ON CONFLICT (url, kind) DO UPDATE SET secret = excluded.secret",
            (f"W-{secrets.token_hex(5)}", url, secret, kind),
        )
        refs.append(db.execute("SELECT ref FROM subscription WHERE url = ? AND kind = ?",
                               (url, kind)).fetchone()["ref"])
    return refs


def unsubscribe(db: sqlite3.Connection, ref: str) -> bool:
    """Ring there no more; False when nobody had asked for it."""
    return db.execute("DELETE FROM subscription WHERE ref = ?", (ref,)).rowcount > 0


def announce(db: sqlite3.Connection, at: datetime, kind: str, ref: str, event: str) -> None:
    """Something happened to ``ref``: note a ring for everybody who wants to hear of it."""
    wanted = db.execute("SELECT ref FROM subscription WHERE kind = ?", (kind,)).fetchall()
    for row in wanted:
        body = json.dumps({"event": event, "kind": kind, "ref": ref, "at": stamp(at)})
        db.execute("INSERT INTO ring (subscription_ref, event, body, due_at) VALUES (?,?,?,?)",
                   (row["ref"], event, body, stamp(at)))


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over the moment, a dot and the raw body, in hexadecimal."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def headers(post: Post, now: datetime) -> dict[str, str]:
    """What a ring carries besides its body. The moment is in whole seconds since 1970."""
    timestamp = str(int(now.timestamp()))
    return {
        "Content-Type": "application/json", STAMP: timestamp, EVENT: post.event,
        SIGNATURE: f"sha256={signature(post.secret, timestamp, post.body)}",
    }


def send(post: Post, now: datetime) -> int:
    """Post over the network, following nothing."""
    parts = urlsplit(post.url)
    line = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=TIMEOUT_S)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        line.request("POST", path, post.body, headers(post, now))
        return line.getresponse().status
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        line.close()


def ring_due(market: Market, sender: Sender = send) -> int:
    """Post what is due; how many rings were answered. The network is asked between transactions."""
    now = market.clock()
    with market.store.transaction() as db:
        due = db.execute(
            "SELECT ring.*, url, secret FROM ring"
            " JOIN subscription ON subscription.ref = ring.subscription_ref"
            " WHERE due_at <= ? ORDER BY id LIMIT ?", (stamp(now), BATCH),
        ).fetchall()
    answered = 0
    for row in due:
        post = Post(row["url"], row["secret"], row["event"], row["body"].encode())
        good = all([_good(sender, one, now) for one in market.weather.blow("ring", [post])])
        answered += good
        with market.store.transaction() as db:
            _note(db, row, now, good)
    return answered


def _good(sender: Sender, post: Post, now: datetime) -> bool:
    try:
        return 200 <= sender(post, now) < 300
    except OSError as error:
        log.info("ring %s: %s", post.event, error)
        return False


def _note(db: sqlite3.Connection, row: sqlite3.Row, now: datetime, good: bool) -> None:
    if good or row["tries"] >= len(RETRIES_S):
        db.execute("DELETE FROM ring WHERE id = ?", (row["id"],))
        return
    again = now + timedelta(seconds=RETRIES_S[row["tries"]])
    db.execute("UPDATE ring SET tries = tries + 1, due_at = ? WHERE id = ?",
               (stamp(again), row["id"]))


class Ringer(threading.Thread):
    """Rings from a thread of its own until stopped, so that no order waits for a slow program."""

    def __init__(self, market: Market, every: float = 1.0) -> None:
        super().__init__(name="ringer", daemon=True)
        self._market = market
        self._every = every
        self._stop_asked = threading.Event()

    def run(self) -> None:
        """Ring until ``stop``."""
        while not self._stop_asked.wait(self._every):
            try:
                ring_due(self._market)
            except Exception:
                log.exception("ringing failed")

    def stop(self) -> None:
        """End after the present ring."""
        self._stop_asked.set()
        self.join(timeout=TIMEOUT_S + 1)
