"""Tasks about many variants: what listings should show, who gets what became free."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from oms_web.core.actor import SYSTEM
from oms_web.core.claims import enqueue
from oms_web.core.work import Work
from oms_web.domain.channels import pricing
from oms_web.domain.stock import running_low
from oms_web.flows import backorder, map_listing, publish_stock
from oms_web.jobs.job import Job, Result

MAPPED_AT_ONCE = 200
VARIANTS_AT_ONCE = 500


def publish(job: Job) -> Result:
    """Recompute what listings should show, and queue the sending."""
    since = datetime.fromisoformat(job.args["since"])
    concerned: set[int] = set()

    def recompute(work: Work, variant_ids: Sequence[int]) -> None:
        accounts = publish_stock.publish(work, variant_ids, since)
        # Offers that were linked just now come by here too, and want a price.
        pricing.publish(work, variant_ids)
        for account in sorted(accounts):
            enqueue(work.session, "push_stock", str(account), {"account_id": account},
                    now=work.now)
        concerned.update(accounts)

    _a_few_at_a_time(job, VARIANTS_AT_ONCE, recompute)
    return {"accounts": len(concerned)}


def publish_prices(job: Job) -> Result:
    """Recompute what prices listings should show; the clock sees what is due."""
    accounts: set[int] = set()
    _a_few_at_a_time(job, VARIANTS_AT_ONCE,
                     lambda work, ids: accounts.update(pricing.publish(work, ids)))
    return {"accounts": len(accounts)}


def fill_backorders(job: Job) -> Result:
    """Give units that became free to the orders that wait for them."""
    filled: set[int] = set()
    _a_few_at_a_time(job, VARIANTS_AT_ONCE,
                     lambda work, ids: filled.update(backorder.fill(work, ids)))
    return {"orders": len(filled)}


def look_low(job: Job) -> Result:
    """See which variants run low now, and say so once."""
    fresh: list[int] = []
    _a_few_at_a_time(job, VARIANTS_AT_ONCE,
                     lambda work, ids: fresh.extend(running_low.look(work, ids)))
    return {"low": len(fresh)}


def map_listings(job: Job) -> Result:
    """Link the listings that waited for products which are new."""
    linked: list[int] = []
    _a_few_at_a_time(job, MAPPED_AT_ONCE,
                     lambda work, ids: linked.append(map_listing.map_waiting(work, ids)))
    return {"linked": sum(linked)}


def _a_few_at_a_time(job: Job, at_once: int, act: Callable[[Work, Sequence[int]], object]) -> None:
    """Do something for so many of the task's variants in each transaction.

    One transaction for a whole catalogue would let nobody else write for minutes. What is done
    twice, because a worker died in between, is the same.
    """
    ids = job.args["variant_ids"]
    for begin in range(0, len(ids), at_once):
        if begin:
            job.beat(begin, len(ids))
        with job.oms.works.writing(SYSTEM) as work:
            act(work, ids[begin:begin + at_once])
