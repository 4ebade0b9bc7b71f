"""Upgrades: all or nothing, children of rebuilt tables kept, a copy made first."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import inspect, text

from oms_web import migrations
from oms_web.adapters.backup import back_up
from oms_web.cli.database import before_upgrade, check_known, make_ready
from oms_web.core.actor import SYSTEM
from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.paths import MIGRATIONS
from oms_web.wiring import wire
from tests import factories
from tests.conftest import settings_for

NEXT = '''
from alembic import op
import sqlalchemy as sa
revision, down_revision, branch_labels, depends_on = "9001", "{head}", None, None

def upgrade():
    with op.batch_alter_table("warehouse") as batch:
        batch.add_column(sa.Column("colour", sa.String(10), nullable=True))
        batch.alter_column("name", type_=sa.String(300))
    {more}

def downgrade():
    with op.batch_alter_table("warehouse") as batch:
        batch.drop_column("colour")
'''


@pytest.fixture
def next_version(tmp_path):
    """A function: what a later version's migration also does -> Alembic's configuration of it."""

    def make(engine, more: str = ""):
        folder = tmp_path / "migrations"
        shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "versions" / "9001_next.py").write_text(
            NEXT.format(head=migrations.head(), more=more))
        made = migrations.config(engine)
        made.set_main_option("script_location", str(folder))
        return made

    return make


def filled(oms) -> None:
    factories.shop(oms.works, {"KUBEK": 5})


def rows(oms, table: str) -> int:
    with oms.engine.connect() as connection:
        return connection.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one()


def test_rebuilding_a_table_keeps_the_rows_that_refer_to_it(both, next_version):
    filled(both)
    before = {table: rows(both, table) for table in ("warehouse", "location", "balance", "move")}
    command.upgrade(next_version(both.engine), "head")
    assert migrations.current(both.engine) == "9001"
    assert "colour" in {column["name"] for column in inspect(both.engine).get_columns("warehouse")}
    assert {table: rows(both, table) for table in before} == before
    with both.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


@pytest.mark.parametrize("fault", ["raise RuntimeError('nothing')",
                                   "op.execute('SELECT nothing')"])
def test_an_upgrade_that_fails_half_way_changes_nothing(both, next_version, fault):
    filled(both)
    with pytest.raises(Exception, match="nothing"):
        command.upgrade(next_version(both.engine, fault), "head")
    assert migrations.current(both.engine) == migrations.head()
    assert "colour" not in {c["name"] for c in inspect(both.engine).get_columns("warehouse")}
    command.upgrade(migrations.config(both.engine), "head")
    factories_still_work(both)


def factories_still_work(oms) -> None:
    with oms.works.writing(SYSTEM) as work:
        factories.put(work, factories.variant(work, "NOWY"), 1)


def test_an_upgrade_that_tears_references_is_taken_back(oms, next_version):
    filled(oms)
    with pytest.raises(RuntimeError, match="refer to nothing"):
        command.upgrade(next_version(oms.engine, "op.execute('DELETE FROM location')"), "head")
    assert rows(oms, "location") > 0


def older(oms) -> None:
    """Make the database one of an older version, as far as its stamp goes."""
    with oms.engine.execution_options(writes=True).connect() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        connection.commit()


@pytest.mark.parametrize("engine", ["sqlite"])
def test_sqlite_is_copied_before_an_upgrade(make_database, tmp_path, engine):
    oms = wire(settings=settings_for(make_database(engine), tmp_path))
    filled(oms)
    said: list[str] = []
    before_upgrade(oms, said.append)
    copies = list((tmp_path / "backups").glob("*.sqlite3"))
    assert len(copies) == 1
    assert f"schema-{migrations.head()}" in copies[0].name
    assert str(copies[0]) in said[0]
    copy = wire(settings=settings_for(f"sqlite:///{copies[0]}", tmp_path))
    assert rows(copy, "balance") == rows(oms, "balance") == 1
    copy.engine.dispose()
    oms.engine.dispose()


def test_a_new_database_is_made_without_asking_and_only_once(tmp_path):
    oms = wire(settings=settings_for(f"sqlite:///{tmp_path / 'new.sqlite3'}", tmp_path))
    said: list[str] = []
    assert make_ready(oms, said.append) is True
    assert make_ready(oms, said.append) is False
    assert len(said) == 1
    assert not (tmp_path / "backups").exists()
    oms.engine.dispose()


def test_a_filled_postgresql_database_is_not_upgraded_unasked(make_database, tmp_path):
    oms = wire(settings=settings_for(make_database("postgresql"), tmp_path))
    older(oms)
    with pytest.raises(NotAllowedNow, match="oms db upgrade"):
        make_ready(oms, lambda _line: None)
    assert migrations.current(oms.engine) == "0001"
    oms.engine.dispose()


def test_a_database_of_a_newer_version_is_left_alone(both):
    with both.engine.execution_options(writes=True).connect() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()
    with pytest.raises(NotAllowedNow, match="newer version"):
        check_known(both)
    with pytest.raises(NotAllowedNow, match="newer version"):
        make_ready(both, lambda _line: None)


def test_a_backup_never_writes_over_something_and_leaves_no_half(tmp_path, make_database):
    source = Path(make_database("sqlite").removeprefix("sqlite:///"))
    target = tmp_path / "copy.sqlite3"
    target.write_text("precious")
    with pytest.raises(Invalid, match="already there"):
        back_up(source, target)
    assert target.read_text() == "precious"
    with pytest.raises(Exception, match="unable to open"):
        back_up(tmp_path / "absent.sqlite3", tmp_path / "other.sqlite3")
    assert [file.name for file in tmp_path.glob("other*")] == []


def test_a_damaged_database_makes_no_backup(tmp_path, make_database):
    source = Path(make_database("sqlite").removeprefix("sqlite:///"))
    content = bytearray(source.read_bytes())
    for page in range(4096 * 20, len(content) - 4096, 4096 * 3):
        content[page:page + 64] = b"\xff" * 64
    source.write_bytes(content)
    with pytest.raises(Exception, match=r"damaged|malformed"):
        back_up(source, tmp_path / "copy.sqlite3")
    assert not (tmp_path / "copy.sqlite3").exists()
