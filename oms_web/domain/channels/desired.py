"""What listings should show, noted: only another value makes a new version and becomes due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, insert, select, update

from oms_web.core.db import rows_changed
from oms_web.core.work import Work
from oms_web.domain.channels.models import ListingPrice, ListingStock

Row = type[ListingStock] | type[ListingPrice]


def note(
    work: Work, row: Row, wanted: Mapping[int, Mapping[str, Any]], since: datetime | None = None
) -> set[int]:
    """Note what each listing should show. The listings are held by the caller.

    Args:
        wanted: listing -> ``account_id``, ``desired`` and the row's own columns (``currency``).
        since: when that changed because of which they should: the lag is counted from there.

    Returns:
        The accounts that have something new to be sent.
    """
    if not wanted:
        return set()
    names = list(next(iter(wanted.values())))
    columns = [getattr(row, name) for name in names]
    present = {
        listing: dict(zip(names, values, strict=True)) for listing, *values in work.session.execute(
            select(row.listing_id, *columns).where(row.listing_id.in_(sorted(wanted))))
    }
    again = {"desired_at": work.now, "changed_at": since, "due_at": work.now}
    fresh = [{"listing_id": listing, **values, **again}
             for listing, values in sorted(wanted.items()) if listing not in present]
    if fresh:
        work.session.execute(insert(row), fresh)
    other = [{"row": listing, **values, **again} for listing, values in sorted(wanted.items())
             if listing in present and present[listing] != values]
    if other:
        table = row.__table__
        work.session.connection().execute(
            update(table).where(table.c.listing_id == bindparam("row")).values(
                {name: bindparam(name) for name in (*names, *again)}
                | {"version": table.c.version + 1, "attempts": 0}
            ), other)
    return {values["account_id"] for values in (*fresh, *other)}


def send_anew(work: Work, row: Row, which: ColumnElement[bool]) -> int:
    """Send what these listings should show once more, as a newer value; how many there are."""
    return rows_changed(
        work.session, update(row).where(which).values(
            version=row.version + 1, desired_at=work.now, changed_at=None, due_at=work.now,
            attempts=0,
        ).execution_options(synchronize_session=False)
    )
