"""What could not be read, as a table."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from oms_web.core.sheet import PAGE, Column, Sheet
from oms_web.domain.channels.models import ChannelAccount
from oms_web.sync import quarantine

QUARANTINE = (
    Column("channel", "Channel"), Column("kind", "Kind"), Column("external_id", "Number"),
    Column("reason", "Reason"), Column("field", "Field"), Column("origin", "From"),
    Column("state", "State"), Column("attempts", "Tries", "int"),
    Column("first_at", "First seen", "moment"), Column("last_at", "Last tried", "moment"),
)


def unread(state: str = "waiting", account_id: int | None = None, q: str = "") -> Sheet:
    """What is in quarantine as it is filtered, newest first; texts are had one by one."""

    def page(session: Session, after: Any) -> tuple[list[tuple[Any, ...]], Any]:
        found = quarantine.page(session, state=state, account_id=account_id, q=q, after=after,
                                size=PAGE)
        names = dict(session.execute(select(ChannelAccount.id, ChannelAccount.name)).all())
        table = [
            (names.get(row.account_id or 0, ""), row.kind, row.external_id, row.reason, row.field,
             row.origin, row.state, row.attempts, row.first_at, row.last_at)
            for row in found.rows
        ]
        return table, found.after

    return Sheet("quarantine", QUARANTINE, page)
