"""The migrations lead to the schema the models describe, on both engines, up, down and up again."""

from __future__ import annotations

import pytest
from alembic import command
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from oms_web import migrations
from oms_web.core.db import make_engine
from oms_web.models import metadata


@pytest.mark.parametrize("engine_name", ["sqlite", "postgresql"])
def test_up_down_up_ends_in_the_models_schema(make_database, engine_name):
    engine = make_engine(make_database(engine_name))
    migrations.downgrade(engine, "base")
    left = set(inspect(engine).get_table_names()) - {"alembic_version"}
    assert left == set()
    migrations.upgrade(engine)
    assert migrations.current(engine) == migrations.head()
    assert set(inspect(engine).get_table_names()) >= set(metadata.tables)
    command.check(migrations.config(engine))
    engine.dispose()


@pytest.mark.parametrize("table", ["audit_entry", "move", "document", "publication"])
def test_ledgers_refuse_change(both, table):
    with both.engine.execution_options(writes=True).connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(text("PRAGMA foreign_keys=OFF"))
        sample = {
            "audit_entry": "INSERT INTO audit_entry (at, actor_kind, actor_name, act, subject, "
                           "change) VALUES ('2026-01-01', 'system', 'x', 'a', 's', '{}')",
        }.get(table)
        if sample:
            connection.execute(text(sample))
            connection.commit()
        statement = f"DELETE FROM {table}"
        if sample is None and connection.dialect.name == "sqlite":
            names = {row[0] for row in connection.execute(text(
                "SELECT name FROM sqlite_master WHERE type='trigger'"))}
            assert {f"{table}_no_update", f"{table}_no_delete"} <= names
            return
        with pytest.raises(DBAPIError, match="append-only"):
            connection.execute(text(statement))
