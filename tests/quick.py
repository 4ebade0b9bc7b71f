"""What makes thousands of small tests quick without changing what any of them proves."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import Engine

from oms_web.adapters import pdf
from oms_web.core import db

MEMORY = Path("/dev/shm")
ENOUGH = 4 * 1024**3
_first: dict[str, Engine] = {}


def write_in_memory() -> None:
    """Put temporary files on a disk that is memory, where there is a large one.

    SQLite waits for the disk at every commit, as it should. What that guards against is the
    machine's own fall, and no test pulls that plug.
    """
    try:
        room = os.statvfs(MEMORY)
    except OSError:
        return
    fit = os.access(MEMORY, os.W_OK) and not room.f_flag & os.ST_NOEXEC
    if fit and room.f_bavail * room.f_frsize >= ENOUGH and "TMPDIR" not in os.environ:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # it is asked for anew


def keep_bytecode() -> None:
    """Let Python keep what it compiled, even where it is told not to.

    The suite starts hundreds of Python processes; each would compile the program anew.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def collect_seldom() -> None:
    """Let Python look for rubbish in circles fifty times more seldom, and never among what is there
    by now: modules, models and tests stay until the end.

    At its own pace, made for small programs, it was looking through the whole process again and
    again for a seventh of the suite's time. What counts memory collects by itself.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


def share_compiled(engine: Engine) -> None:
    """Let the engines that come after this one use the SQL that was compiled for it.

    A test has a database and so an engine of its own, and most of a small test went into
    compiling the same statements once more. The engine must have been connected: only then does
    its dialect know its server.
    """
    _first.setdefault(engine.name, engine)
    db.create_engine = _create_engine


def keep(engine: Engine, file: Path) -> None:
    """Copy an SQLite database as it is now; its engine connects again when it is used again."""
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    shutil.copy(str(engine.url.database), file)


def bring_back(engine: Engine, file: Path) -> None:
    """Put what was kept in the place of an SQLite database."""
    engine.dispose()
    for beside in ("-wal", "-shm"):
        Path(f"{engine.url.database}{beside}").unlink(missing_ok=True)
    shutil.copy(file, str(engine.url.database))


def share_printers() -> None:
    """Let all installations print with the same workers: to start one takes a second, and who made
    a pool of its own for each test left its workers behind until the end of the run.
    """
    pdf.PdfPool = cache(pdf.PdfPool)  # type: ignore[assignment, misc]


def _create_engine(url: Any, **options: Any) -> Engine:
    engine = sqlalchemy.create_engine(url, **options)
    first = _first.get(engine.name)
    if first is not None:
        engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache
    return engine
