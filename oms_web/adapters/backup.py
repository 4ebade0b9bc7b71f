"""Copies of a SQLite database that is in use: the backup interface, never a copy of the file."""

from __future__ import annotations

import os
from pathlib import Path

from oms_web.core.db import sqlite_driver
from oms_web.core.errors import Invalid


def back_up(source: Path, target: Path) -> None:
    """Copy a database as of one moment, checked, and either whole or not there.

    Raises:
        Invalid: there is something at ``target`` already, or the copy did not pass its check.
    """
    if target.exists():
        raise Invalid("%(file)s is already there.", "target", file=target)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(target.name + ".part")
    aside.unlink(missing_ok=True)
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.close(handle)
    try:
        _copy(source, aside)
        with aside.open("rb") as written:
            os.fsync(written.fileno())
        os.replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    # Read-only: a backup must not create a database where there is none.
    reading = sqlite_driver.connect(f"file:{source.resolve()}?mode=ro", uri=True, timeout=30)
    writing = sqlite_driver.connect(str(target))
    try:
        reading.backup(writing)
        writing.execute("PRAGMA journal_mode=DELETE")
        verdict = writing.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise Invalid("The copy is damaged: %(why)s", why=verdict)
    finally:
        writing.close()
        reading.close()
