"""Webhooks: the marketplace rings at the seller's address when something has happened.

What is to be rung is written down in the transaction in which it happened and posted afterwards,
signed and with retries, by ``ringing.Ringer``. It rings on this machine only: the marketplace is a
sandbox.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from oms_demo.market.refusal import Refusal
from oms_demo.market.store import stamp

KINDS = ("order", "return", "offer", "message", "payment")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
TIMEOUT_S = 5.0
STAMP, SIGNATURE, EVENT = "X-Targowisko-Timestamp", "X-Targowisko-Signature", "X-Targowisko-Event"


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


def announce(db: sqlite3.Connection, at: datetime, kind: str, ref: str, event: str,
             url: str | None = None) -> None:
    """Something happens to ``ref``: note a ring for everybody who wants to hear of it.

    Args:
        at: when it happens; nothing is rung before.
        url: ring there only.
    """
    wanted = db.execute(
        "SELECT ref FROM subscription WHERE kind = ? AND url = coalesce(?, url)",
        (kind, url)).fetchall()
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
