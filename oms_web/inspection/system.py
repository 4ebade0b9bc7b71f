"""Whether this machine is fit to run the shop."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Engine

from oms_web import migrations
from oms_web.core.clock import SHOP_ZONE
from oms_web.core.db import safe_in_wal, sqlite_file, sqlite_version
from oms_web.core.pdf_libraries import missing_packages
from oms_web.inspection import Finding
from oms_web.paths import LOCALE, STATIC
from oms_web.settings import Settings

MIN_FREE = 500 * 1024 * 1024
# File systems whose locks other machines do not see, or that report a write before it is safe.
_FOREIGN = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "drvfs"}
_FUSE_LOCAL = {"fuseblk", "fuse.ext4", "fuse.overlayfs", "fuse-overlayfs"}

Found = Iterator[Finding]


def check(settings: Settings, engine: Engine) -> list[Finding]:
    """Every check of the machine, in the order in which they matter."""
    checks: tuple[Callable[[Settings, Engine], Found], ...] = (
        database_answers, sqlite_is_safe, sqlite_keeps_its_word, database_is_local,
        schema_is_current, folders_can_be_written, secrets_are_private, disk_has_room,
        zones_are_known, pdf_can_be_made, pages_are_complete,
    )
    found: list[Finding] = []
    for one in checks:
        found += one(settings, engine)
        if found and one is database_answers:
            break  # Nothing else could be asked.
    return found


def database_answers(settings: Settings, engine: Engine) -> Found:
    """The database can be reached, and there is one."""
    file = sqlite_file(settings.database_url)
    if file is not None and not file.is_file():
        yield Finding("database_answers", f"There is no database at {file} yet: run 'oms serve'.")
        return
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
    except Exception as error:  # Whatever the driver says is the finding.
        reason = str(error).partition("\n")[0]
        yield Finding("database_answers", f"The database does not answer: {reason}")


def sqlite_is_safe(_settings: Settings, engine: Engine) -> Found:
    """This SQLite does not have the WAL-reset fault."""
    version = sqlite_version()
    if engine.dialect.name == "sqlite" and not safe_in_wal(version):
        shown = ".".join(map(str, version))
        yield Finding(
            "sqlite_is_safe",
            f"SQLite {shown} can damage a database in WAL mode; the slower rollback journal is "
            "used instead. Install the package pysqlite3 in a current version.", unfit=False,
        )


def sqlite_keeps_its_word(_settings: Settings, engine: Engine) -> Found:
    """What was committed survives a power cut, and references are checked."""
    if engine.dialect.name != "sqlite":
        return
    journal = "wal" if safe_in_wal(sqlite_version()) else "delete"
    wanted = {"journal_mode": journal, "synchronous": 2, "foreign_keys": 1, "mmap_size": 0}
    with engine.connect() as connection:
        for name, value in wanted.items():
            there = connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            if (str(there).lower() if name == "journal_mode" else there) != value:
                yield Finding("sqlite_keeps_its_word",
                              f"SQLite runs with {name} = {there}; it must be {value}.")


def database_is_local(settings: Settings, _engine: Engine) -> Found:
    """SQLite lies on a disk of this machine, where its locks work."""
    file = sqlite_file(settings.database_url)
    kind = file_system(file) if file is not None else ""
    if kind in _FOREIGN or (kind.startswith("fuse") and kind not in _FUSE_LOCAL):
        yield Finding(
            "database_is_local",
            f"{file} lies on a {kind} file system, where SQLite's locks cannot be relied on. "
            "Move the instance to a local disk, or use PostgreSQL.",
        )


def file_system(file: Path) -> str:
    """The kind of file system a file lies on (``ext4``, ``nfs4``); empty when it is not known."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text("utf-8").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    place = f"{file.resolve()}/"
    for line in mounts:
        before, _, after = line.partition(" - ")
        mount = before.split(" ")[4].replace("\\040", " ")
        if place.startswith(mount.rstrip("/") + "/") and len(mount) >= len(best):
            best, kind = mount, after.split(" ")[0]
    return kind


def schema_is_current(_settings: Settings, engine: Engine) -> Found:
    """The tables are those this version works with."""
    there, needed = migrations.current(engine), migrations.head()
    if there == needed:
        return
    if there is not None and there not in migrations.known():
        yield Finding("schema_is_current",
                      f"The database is of a newer version (schema {there}); this one knows up to "
                      f"{needed}.")
    else:
        yield Finding("schema_is_current",
                      f"The database is at schema {there or 'none'}, this version needs {needed}: "
                      "run 'oms db upgrade'.")


def folders_can_be_written(settings: Settings, _engine: Engine) -> Found:
    """Files can be made where the shop keeps them."""
    file = sqlite_file(settings.database_url)
    folders = {settings.instance, settings.files, *([file.parent] if file else [])}
    for folder in sorted(folders):
        nearest = next(place for place in (folder, *folder.parents) if place.is_dir())
        try:
            with tempfile.TemporaryFile(dir=nearest):
                pass
        except OSError as error:
            yield Finding("folders_can_be_written",
                          f"Nothing can be written in {nearest}: {error.strerror}.")
    if file is not None and file.is_file() and not os.access(file, os.W_OK):
        yield Finding("folders_can_be_written", f"{file} may not be written by this user.")


def secrets_are_private(settings: Settings, _engine: Engine) -> Found:
    """Nobody else on this machine can read the keys."""
    for name in ("secret", "keys"):
        file = settings.instance / name
        if file.is_file() and file.stat().st_mode & 0o077:
            yield Finding("secrets_are_private",
                          f"{file} can be read by others: chmod 600 {file}")


def disk_has_room(settings: Settings, _engine: Engine) -> Found:
    """There is room left on the disk."""
    free = shutil.disk_usage(settings.instance).free
    if free < MIN_FREE:
        yield Finding("disk_has_room", f"Only {free // 1024**2} MB are free on the disk of "
                                       f"{settings.instance}.", unfit=False)


def zones_are_known(_settings: Settings, _engine: Engine) -> Found:
    """The shop's time zone can be looked up."""
    try:
        ZoneInfo(SHOP_ZONE.key)
    except ZoneInfoNotFoundError:
        yield Finding("zones_are_known", "Time zones are unknown here: install the package tzdata.")


def pdf_can_be_made(_settings: Settings, _engine: Engine) -> Found:
    """Invoices and slips can be drawn as PDF."""
    packages = missing_packages()
    if packages:
        yield Finding("pdf_can_be_made", "PDF documents are unavailable; install "
                                         f"{' '.join(packages)} (names of Debian's packages).",
                      unfit=False)


def pages_are_complete(_settings: Settings, _engine: Engine) -> Found:
    """What pages are made of besides templates is there: scripts, font, translations."""
    vendor = STATIC / "vendor"
    for name in ("htmx.min.js", "icons.svg", "inter-latin.woff2", "inter-latin-ext.woff2"):
        if not (vendor / name).is_file():
            yield Finding("pages_are_complete", f"{vendor / name} is missing: run ./oms setup.")
    for source in sorted(LOCALE.glob("*/LC_MESSAGES")):
        if not (source / "messages.mo").is_file():
            yield Finding("pages_are_complete",
                          f"{source / 'messages.mo'} is missing: run ./oms setup.")
