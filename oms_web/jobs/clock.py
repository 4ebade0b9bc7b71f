"""The clock: APScheduler with its jobs in memory and intervals in UTC. It rings, nothing more.

No shared job store (it fires twice with two processes) and no wall-clock times (they fire twice,
or never, when summer time changes): what is due is a column in the database.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from oms_web.jobs import rings
from oms_web.wiring import Oms

log = logging.getLogger(__name__)

# ring -> seconds between two of them
INTERVALS: dict[Callable[[Oms], object], float] = {
    rings.ring_feeds: 1,
    rings.ring_webhooks: 1,
    rings.ring_messages: 2,
    rings.ring_einvoices: 2,
    rings.ring_labels: 2,
    rings.ring_payments: 2,
    rings.ring_refunds: 5,
    rings.ring_books: 5,
    rings.ring_fee_claims: 30,
    rings.ring_rules: 1,
    rings.ring_timed_rules: 60,
    rings.ring_quota: 5,
    rings.ring_expiry: 30,
    rings.ring_holds: 30,
    rings.ring_fold: 60,
    rings.ring_seal: 60,
    rings.ring_drop_folders: 10,
    rings.ring_rates: 900,
    rings.ring_cleaning: 3600,
}


def start_clock(oms: Oms) -> BackgroundScheduler:
    """Start ringing; ``shutdown(wait=False)`` stops it."""
    scheduler = BackgroundScheduler(
        timezone=UTC, executors={"default": ThreadPoolExecutor(2)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 60},
    )
    for ring, seconds in INTERVALS.items():
        scheduler.add_job(_safely, "interval", (ring, oms), seconds=seconds, id=ring.__name__)
    scheduler.start()
    return scheduler


def _safely(ring: Callable[[Oms], object], oms: Oms) -> None:
    """A ring that fails is logged and comes again; the others go on."""
    try:
        ring(oms)
    except Exception:
        log.exception("ring %s failed", ring.__name__)
