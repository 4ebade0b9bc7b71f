"""The database: one declarative base, one way to make an engine.

SQLite runs in WAL with ``synchronous=FULL``: we acknowledge invoices and labels to the outside,
so a commit that a power cut could take back would be sold twice. Builds with the WAL-reset fault
(3.7.0 to 3.51.2 without a backport; see docs/operations.md) fall back to a rollback journal.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, ClassVar, cast

from sqlalchemy import CursorResult, Engine, MetaData, Table, UpdateBase, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.orm import DeclarativeBase, Session, registry

from oms_web.core.columns import TYPE_MAP

try:  # A current SQLite; the interpreter's own is often too old to be safe in WAL mode.
    from pysqlite3 import dbapi2
except ImportError:  # pragma: no cover - platforms without a wheel
    dbapi2 = sqlite3.dbapi2

sqlite_driver = dbapi2

_NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table's class. Plain SQLAlchemy: usable in a flow, a job or a shell without Flask."""

    __table__: ClassVar[Table]

    # An explicit registry: Flask-SQLAlchemy copies the class body of its model class and
    # would otherwise trip over type_annotation_map.
    registry = registry(metadata=MetaData(naming_convention=_NAMES), type_annotation_map=TYPE_MAP)


def sqlite_version() -> tuple[int, ...]:
    """The version of the SQLite library in use."""
    return tuple(int(part) for part in sqlite_driver.sqlite_version.split("."))


def safe_in_wal(version: tuple[int, ...]) -> bool:
    """Whether this SQLite is free of the WAL-reset fault (fixed in 3.51.3; 3.50.7 and 3.44.6)."""
    return (
        version >= (3, 51, 3)
        or (3, 50, 7) <= version < (3, 51)
        or (3, 44, 6) <= version < (3, 45)
    )


def upsert(session: Session, model: type[Any]) -> Any:
    """An INSERT in the engine's dialect: it knows ``on_conflict_do_nothing`` and ``_do_update``."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(model)


def rows_changed(session: Session, statement: UpdateBase) -> int:
    """Run an INSERT, UPDATE or DELETE; how many rows it changed."""
    return cast("CursorResult[Any]", session.execute(statement)).rowcount


def make_engine(url: str, *, pool_size: int = 16) -> Engine:
    """An engine with our rules on it. ``url`` is ``sqlite:///file`` or ``postgresql+psycopg://``.

    On SQLite a transaction begins deferred unless the connection carries the execution option
    ``writes`` (see ``core.work``): readers never queue behind the one writer.
    """
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite_engine(url, pool_size)
    return create_engine(
        url, pool_size=pool_size, max_overflow=8, pool_pre_ping=True, pool_timeout=10
    )


def sqlite_file(url: str) -> Path | None:
    """The file behind a SQLite address, or None (in memory, or another engine)."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return None
    return Path(parsed.database)


class _HintingCompiler(SQLiteCompiler):
    """SQLite's compiler, with hints: ``select(...).with_hint(Table, "INDEXED BY ix", "sqlite")``.

    A database nobody has run ANALYZE on is planned by rules of thumb: between the index that has
    the rows in order and one with an equality SQLite takes the latter, and sorts a million rows.
    """

    def get_from_hint_text(self, table: Any, text: str | None) -> str | None:
        """What follows the table's name."""
        return text


def _sqlite_engine(url: str, pool_size: int) -> Engine:
    engine = create_engine(
        url,
        module=sqlite_driver,
        pool_size=pool_size,
        max_overflow=8,
        connect_args={"isolation_level": None, "timeout": 10, "check_same_thread": False},
    )
    engine.dialect.statement_compiler = _HintingCompiler
    journal = "WAL" if safe_in_wal(sqlite_version()) else "DELETE"

    @event.listens_for(engine, "connect")
    def _prepare(dbapi_connection: Any, _record: Any) -> None:
        cursor = dbapi_connection.cursor()
        cursor.execute(f"PRAGMA journal_mode={journal}")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA busy_timeout=10000")
        cursor.execute("PRAGMA cache_size=-65536")
        # 64 MB of log before it is folded in: pages of hot indexes are written once, not a
        # hundred times (a third more orders per second at 40,000; see docs/benchmarks.md).
        cursor.execute("PRAGMA wal_autocheckpoint=16000")
        cursor.execute("PRAGMA temp_store=MEMORY")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
