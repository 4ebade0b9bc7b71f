"""Keys for many new rows at once, known before the rows are written.

With the keys in hand, parents and children go in by plain bulk inserts; asking the database to
return the key of every row costs one statement per row on SQLite.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session


def take_keys(session: Session, model: type[Any], count: int) -> list[int]:
    """``count`` unused values of a model's integer key, in ascending order.

    On SQLite the write lock of the transaction keeps others from taking the same ones; on
    PostgreSQL they come from the column's sequence.
    """
    if count == 0:
        return []
    table = model.__table__
    if session.get_bind().dialect.name == "postgresql":
        taken = session.execute(
            text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) "
                 "FROM generate_series(1, :count)"),
            {"name": table.name, "count": count},
        )
        return sorted(taken.scalars())
    last = session.scalar(text(f"SELECT coalesce(max(id), 0) FROM {table.name}"))  # noqa: S608
    if table.dialect_options["sqlite"]["autoincrement"]:
        issued = session.scalar(
            text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name}
        )
        last = max(last, issued or 0)
    return list(range(last + 1, last + 1 + count))
