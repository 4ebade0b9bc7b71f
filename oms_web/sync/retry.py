"""Ask a channel again for the orders it sent in a shape nobody could read."""

from __future__ import annotations

from collections.abc import Callable

from oms_connector import FetchesOrders, Unreadable

from oms_web.core.actor import SYSTEM
from oms_web.core.claims import enqueue
from oms_web.core.errors import NotAllowedNow
from oms_web.core.work import Work
from oms_web.sync import quarantine
from oms_web.sync.intake import KIND, store_page
from oms_web.sync.pull import Pulled
from oms_web.sync.session import Engine, connected

TASK = "retry_orders"
BATCH = 50
GONE = "the channel no longer shows this order"


def ask(work: Work, account_id: int) -> bool:
    """Queue another try of everything of an account that waits; False if one is queued already."""
    return enqueue(work.session, TASK, str(account_id), {"account_id": account_id},
                   now=work.now, asked_by=work.actor.id) is not None


def retry(engine: Engine, account_id: int, beat: Callable[[int, int], None]) -> Pulled:
    """Fetch every waiting order of an account anew, and keep what can be read now.

    Raises:
        NotAllowedNow: the connector cannot fetch single orders, or the account is paused.
        ChannelError: the channel failed; what was fetched before stays stored.
    """
    pulled, after = Pulled(), 0
    with connected(engine, account_id) as (account, connector):
        if not isinstance(connector, FetchesOrders):
            raise NotAllowedNow("This channel does not give single orders again.")
        while True:
            with engine.works.reading(SYSTEM) as work:
                batch = quarantine.waiting(work, account_id, KIND, BATCH, after)
            if not batch:
                return pulled
            after = batch[-1].id
            found = connector.fetch_orders([one.external_id for one in batch])
            items = [item if item is not None else Unreadable(one.external_id, one.raw, GONE)
                     for one, item in zip(batch, found, strict=True)]
            with engine.works.writing(engine.actor(account)) as work:
                pulled.count(store_page(work, account, items))
            beat(pulled.added + pulled.changed + pulled.same + pulled.quarantined, 0)
