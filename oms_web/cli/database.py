"""``oms db``: the schema's state, upgrades and backups; and what ``oms serve`` does about them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy.engine import make_url

from oms_web import migrations
from oms_web.adapters.backup import back_up
from oms_web.cli.groups import Group
from oms_web.core.db import sqlite_file
from oms_web.core.errors import Invalid, NotAllowedNow
from oms_web.wiring import Oms, wire


@click.group(cls=Group)
def db() -> None:
    """The database: its state, upgrades, backups."""


@db.command()
def status() -> None:
    """Say where the database is and whether it fits this version. Exit code 1 if it does not."""
    oms = wire()
    where, there, needed = shown(oms), schema(oms), migrations.head()
    click.echo(f"database  {where}\nschema    {there or 'none yet'}, this version needs {needed}")
    if there != needed:
        raise SystemExit(1)


@db.command()
@click.option("--no-backup", is_flag=True, help="Do not copy the database first.")
def upgrade(no_backup: bool) -> None:
    """Bring the database to this version; SQLite is copied first."""
    oms = wire()
    if not no_backup:
        before_upgrade(oms, click.echo)
    check_known(oms)
    migrations.upgrade(oms.engine)
    click.echo(f"schema {migrations.current(oms.engine)}")


@db.command()
@click.argument("revision")
def downgrade(revision: str) -> None:
    """Take the database back to REVISION; SQLite is copied first. Newer data is lost."""
    oms = wire()
    if revision != "base" and revision not in migrations.known():
        raise Invalid("There is no revision %(revision)s. There are: %(known)s.", "revision",
                      revision=revision, known=", ".join(["base", *sorted(migrations.known())]))
    check_known(oms)
    before_upgrade(oms, click.echo)
    migrations.downgrade(oms.engine, revision)
    click.echo(f"schema {migrations.current(oms.engine) or 'none'}")


@db.command()
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False), required=False)
def backup(target: Path | None) -> None:
    """Copy the SQLite database while in use.

    The copy goes to TARGET, in a folder that is there, or into the instance folder.
    """
    oms = wire()
    file = sqlite_file(oms.settings.database_url)
    if file is None:
        raise Invalid("This shop's database is PostgreSQL: use pg_dump.")
    if not file.is_file():
        raise Invalid("There is no database at %(file)s yet.", file=file)
    if target is not None:
        check_folder(target)
    target = target or backup_name(oms, "by-hand")
    back_up(file, target)
    click.echo(f"{target}  {target.stat().st_size / 1e6:.1f} MB")
    click.echo("Uploaded files, documents and the keys to secrets lie beside it and are not in it: "
               "see docs/operations.md.")


def check_folder(target: Path) -> None:
    """Refuse a file whose folder is not there: none is made by mistake.

    Raises:
        Invalid: there is no such folder.
    """
    if not target.absolute().parent.is_dir():
        raise Invalid("There is no folder %(folder)s.", "target",
                      folder=target.absolute().parent)


def opened() -> Oms:
    """The installation, for a command that works on its database.

    Raises:
        NotAllowedNow: there is no database yet, or it is of another version.
    """
    oms = wire()
    check_current(oms)
    return oms


def schema(oms: Oms) -> str | None:
    """The revision the database is at; None when there is none. Looking makes no file."""
    file = sqlite_file(oms.settings.database_url)
    if file is not None and not file.exists():
        return None
    return migrations.current(oms.engine)


def shown(oms: Oms) -> str:
    """The database's address without its password."""
    return make_url(oms.settings.database_url).render_as_string(hide_password=True)


def backup_name(oms: Oms, why: str) -> Path:
    """A new name for a copy in the instance folder."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    return oms.settings.instance / "backups" / f"oms-{stamp}-{why}.sqlite3"


def check_known(oms: Oms) -> None:
    """Refuse a database that a newer version has made.

    Raises:
        NotAllowedNow: its revision is not among ours.
    """
    there = schema(oms)
    if there is not None and there not in migrations.known():
        raise NotAllowedNow(
            "The database was made by a newer version (schema %(there)s). Install that version, "
            "or restore the backup that was made before the upgrade.", there=there,
        )


def check_current(oms: Oms) -> None:
    """Refuse to work on a database of another version.

    Raises:
        NotAllowedNow: it is not at the revision this version needs.
    """
    there, needed = schema(oms), migrations.head()
    if there is None:
        raise NotAllowedNow("There is no database at %(where)s yet: run oms serve or "
                            "oms db upgrade first.", where=shown(oms))
    check_known(oms)
    if there != needed:
        raise NotAllowedNow(
            "The database is at schema %(there)s, this version needs %(needed)s: run oms serve "
            "or oms db upgrade first.", there=there, needed=needed,
        )


def before_upgrade(oms: Oms, say: Callable[[str], None]) -> None:
    """Copy a SQLite database that holds something; elsewhere the operator's own backup counts."""
    file = sqlite_file(oms.settings.database_url)
    there = schema(oms)
    if file is None or there is None:
        return
    target = backup_name(oms, f"schema-{there}")
    back_up(file, target)
    say(f"database copied to {target}")


def make_ready(oms: Oms, say: Callable[[str], None]) -> bool:
    """Bring the database to this version where that is safe without asking; whether it is new.

    Safe is: an empty database, or SQLite, which is copied first. A filled PostgreSQL database may
    serve other nodes that still run the older version, so somebody has to decide.

    Raises:
        NotAllowedNow: an upgrade is due that is not made unasked, or the database is newer than
            this version.
    """
    there, needed = schema(oms), migrations.head()
    if there == needed:
        return False
    check_known(oms)
    if there is not None and sqlite_file(oms.settings.database_url) is None:
        raise NotAllowedNow(
            "The database needs an upgrade (schema %(there)s, this version needs %(needed)s). "
            "Back it up, stop the other nodes, then run: oms db upgrade",
            there=there, needed=needed,
        )
    before_upgrade(oms, say)
    migrations.upgrade(oms.engine)
    say(f"database {'made' if there is None else 'upgraded'}: {shown(oms)}")
    return there is None
