"""Orders of a file: stored like a channel's, with the rows they came from when they cannot be."""

from __future__ import annotations

from oms_connector import Order, Skipped, Unreadable

from oms_web.core.work import Work
from oms_web.domain.channels.service import get_account
from oms_web.sync.file_pages import FilePage, Source, StoredPage
from oms_web.sync.file_runs import origin_of
from oms_web.sync.intake import store_page


def store(work: Work, source: Source, page: FilePage, _turn: int) -> StoredPage:
    """Take a page of orders in, in the running transaction."""
    stored = StoredPage(read=len({position for position, _ in page.items}))
    positions: dict[str, int] = {}
    items: list[Order | Unreadable] = []
    for position, record in page.items:
        if isinstance(record, Skipped):
            stored.skipped[record.reason] = stored.skipped.get(record.reason, 0) + record.rows
        else:
            positions[record.external_id] = position
            items.append(record)
    account = get_account(work.session, source.account_id or 0)
    taken = store_page(
        work, account, items, origin=origin_of(source.run_id),
        text_of=lambda order: source.text_of(positions[order.external_id]),
    )
    stored.added, stored.changed, stored.same = taken.added, taken.changed, taken.same
    stored.quarantined = taken.quarantined
    return stored
