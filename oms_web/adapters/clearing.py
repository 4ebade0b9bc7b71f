"""Empty the shop: every row goes, except the people who may sign in. For "Start my own shop".

Append-only tables are guarded by triggers; these step aside inside the transaction and are back
before it commits, so nobody ever sees the tables without their guards.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, MetaData, delete, text

from oms_web.core.work import Work
from oms_web.domain.stock.models import TRANSIT

KEPT = frozenset({"user_account", "user_session"})


def clear(work: Work, metadata: MetaData, keep_user: int) -> None:
    """Delete all rows of all tables but one person's account and sessions.

    Order numbers go on where they were: a number is never given twice.
    """
    connection = work.session.connection()
    with _guards_aside(connection):
        for table in reversed(metadata.sorted_tables):
            if table.name not in KEPT:
                statement = delete(table)
                if table.name == "location":  # the outer places of stock belong to the schema
                    statement = statement.where(table.c.id > TRANSIT)
                connection.execute(statement)
    sessions = metadata.tables["user_session"]
    connection.execute(delete(sessions).where(sessions.c.user_id != keep_user))
    people = metadata.tables["user_account"]
    connection.execute(delete(people).where(people.c.id != keep_user))
    work.session.expire_all()


@contextmanager
def _guards_aside(connection: Connection) -> Iterator[None]:
    if connection.dialect.name == "postgresql":
        guarded = connection.scalars(text(
            "SELECT DISTINCT event_object_table FROM information_schema.triggers "
            "WHERE trigger_name LIKE '%append_only'"
        )).all()
        for table in guarded:
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        yield
        for table in guarded:
            connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
        return
    triggers = connection.execute(text(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    )).all()
    for name, _ in triggers:
        connection.execute(text(f"DROP TRIGGER {name}"))
    yield
    for _, sql in triggers:
        connection.exec_driver_sql(sql)
