"""What rings were written down are posted, between transactions, by a thread of their own."""

from __future__ import annotations

import logging
import sqlite3
from datetime import datetime, timedelta

from oms_demo.market.market import Market
from oms_demo.market.repeating import Repeating
from oms_demo.market.rings import TIMEOUT_S, Post, Sender, send
from oms_demo.market.store import stamp

RETRIES_S = (5, 30, 120, 600, 3600)
"""Waits between tries; after the last one the ring is given up."""
BATCH = 50

log = logging.getLogger(__name__)


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


class Ringer(Repeating):
    """Rings from a thread of its own until stopped, so that no order waits for a slow program."""

    def __init__(self, market: Market, every: float = 1.0) -> None:
        super().__init__("ring", lambda: ring_due(market), every, TIMEOUT_S + 1)
