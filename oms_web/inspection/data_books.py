"""What must be true of tasks, references, the audit trail, the file itself and the kept counts."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from oms_web.core.claims import LEASE
from oms_web.domain.audit.sealing import broken_seals
from oms_web.inspection import Finding
from oms_web.inspection.checking import Found, invariant, listed

# A worker that lives renews its lease; one that does not is dead after this.
_STALE = 2 * LEASE


@invariant("I21")
def tasks_end(session: Session) -> Found:
    """A task is done, dead, waiting with a date, or held by a worker that lives."""
    yield from listed(
        session, "I21", "task {id} ({kind}) is {state}, held by {worker} until {lease_until}",
        """
        SELECT id, kind, state, COALESCE(worker, 'nobody') AS worker, lease_until FROM task
        WHERE state NOT IN ('waiting', 'running', 'done', 'dead')
           OR (state IN ('done', 'dead')) <> (finished_at IS NOT NULL)
           OR (state = 'running' AND (lease_until IS NULL OR lease_until < :late))
        """,
        late=datetime.now(UTC) - _STALE,
    )


@invariant("I23")
def references_lead_somewhere(session: Session) -> Found:
    """No row points to a row that is gone. PostgreSQL guards this itself."""
    if session.get_bind().dialect.name != "sqlite":
        return
    yield from listed(
        session, "I23", "{table}, row {rowid}: its {parent} is gone",
        'SELECT "table", "rowid", "parent" FROM pragma_foreign_key_check',
    )


@invariant("I23")
def file_is_whole(session: Session) -> Found:
    """The database file is not damaged. PostgreSQL's pages have checksums of their own."""
    if session.get_bind().dialect.name != "sqlite":
        return
    verdict = list(session.scalars(text("PRAGMA integrity_check(3)")))
    if verdict != ["ok"]:
        yield Finding("I23", f"the database file is damaged: {'; '.join(verdict)}")


@invariant("I24")
def audit_trail_is_unbroken(session: Session) -> Found:
    """The sealed part of the audit trail is what was sealed."""
    broken = broken_seals(session)
    if broken:
        yield Finding("I24", f"the audit trail was altered: seal {broken[0]} does not fit its "
                             f"entries ({len(broken)} seals in all)")


@invariant("counts")
def queues_are_counted_right(session: Session) -> Found:
    """The counts of queues, statuses and open findings are the numbers of what is in them."""
    for kind, column, counted in (
        ("queue", "queue", "sales_order"), ("status", "status_id", "sales_order"),
        ("finding", "kind", "order_finding WHERE settled_at IS NULL"),
    ):
        where = "AND" if "WHERE" in counted else "WHERE"
        yield from listed(
            session, "counts", f"{kind} {{name}}: the count says {{counted}}, there are {{there}}",
            f"""
            SELECT name, SUM(counted) AS counted, SUM(there) AS there FROM (
                SELECT name, n AS counted, 0 AS there FROM order_tally WHERE kind = :kind
                UNION ALL
                SELECT CAST({column} AS VARCHAR(24)), 0, COUNT(*) FROM {counted}
                {where} {column} IS NOT NULL GROUP BY {column}
            ) AS sides GROUP BY name HAVING SUM(counted) <> SUM(there)
            """,  # noqa: S608 - all names are from the table above
            kind=kind,
        )
