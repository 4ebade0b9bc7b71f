"""``oms doctor`` and its checks of the machine: each finds what it is for and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import event, text

from oms_web.cli.doctor import doctor
from oms_web.core import pdf_libraries
from oms_web.core.db import safe_in_wal
from oms_web.inspection import system
from oms_web.wiring import Oms, wire
from tests.conftest import settings_for


@pytest.fixture
def sound(make_database, tmp_path) -> Oms:
    """An installation on SQLite without a fault."""
    made = wire(settings=settings_for(make_database("sqlite"), tmp_path))
    yield made
    made.engine.dispose()


def findings(oms: Oms, check) -> list[str]:
    return [finding.sentence for finding in check(oms.settings, oms.engine)]


def test_a_sound_machine_has_no_findings(both, monkeypatch):
    monkeypatch.setattr(system, "missing_packages", list)
    monkeypatch.setattr(system, "pages_are_complete", lambda *_: iter(()))
    assert [f for f in system.check(both.settings, both.engine) if f.unfit] == []


def test_no_database_is_said_without_making_one(tmp_path):
    oms = wire(settings=settings_for(f"sqlite:///{tmp_path / 'none.sqlite3'}", tmp_path))
    found = system.check(oms.settings, oms.engine)
    assert [f.check for f in found] == ["database_answers"]
    assert list(tmp_path.glob("none*")) == []


def test_a_server_that_does_not_answer_is_said(tmp_path):
    address = "postgresql+psycopg://nobody@127.0.0.1:9/none?connect_timeout=2"
    oms = wire(settings=settings_for(address, tmp_path))
    (finding,) = system.check(oms.settings, oms.engine)
    assert "does not answer" in finding.sentence
    assert "\n" not in finding.sentence


@pytest.mark.parametrize(("version", "safe"), [
    ((3, 40, 1), False), ((3, 44, 5), False), ((3, 44, 6), True), ((3, 45, 0), False),
    ((3, 50, 6), False), ((3, 50, 7), True), ((3, 51, 2), False), ((3, 51, 3), True),
    ((3, 53, 4), True),
])
def test_which_sqlite_is_safe_in_wal(sound, monkeypatch, version, safe):
    assert safe_in_wal(version) is safe
    monkeypatch.setattr(system, "sqlite_version", lambda: version)
    assert bool(findings(sound, system.sqlite_is_safe)) is not safe


@pytest.mark.parametrize("pragma", ["synchronous=NORMAL", "foreign_keys=OFF", "mmap_size=1000000",
                                    "journal_mode=DELETE"])
def test_a_database_that_could_forget_is_found(make_database, tmp_path, pragma):
    oms = wire(settings=settings_for(make_database("sqlite"), tmp_path))
    assert findings(oms, system.sqlite_keeps_its_word) == []
    oms.engine.dispose()
    event.listen(oms.engine, "connect", lambda raw, _: raw.execute(f"PRAGMA {pragma}"))
    (sentence,) = findings(oms, system.sqlite_keeps_its_word)
    assert pragma.partition("=")[0] in sentence
    oms.engine.dispose()


@pytest.mark.parametrize(("mounts", "kind", "foreign"), [
    ("30 1 8:1 / / rw - ext4 /dev/vda rw", "ext4", False),
    ("30 1 8:1 / / rw - ext4 /dev/vda rw\n31 30 0:9 / {place} rw shared:1 - nfs4 box:/shop rw",
     "nfs4", True),
    ("30 1 8:1 / / rw - ext4 x rw\n31 30 0:9 / {place}sibling rw - cifs //box/shop rw",
     "ext4", False),
    ("30 1 8:1 / / rw - ext4 x rw\n31 30 0:9 / {place} rw - fuse.sshfs box:/shop rw",
     "fuse.sshfs", True),
    ("30 1 8:1 / / rw - ext4 x rw\n31 30 0:9 / {place} rw - fuseblk /dev/sdb rw",
     "fuseblk", False),
])
def test_a_database_on_a_network_disk_is_found(sound, tmp_path, monkeypatch, mounts, kind, foreign):
    listing = mounts.format(place=tmp_path)
    real = Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda self, *a, **k: listing
                        if str(self) == "/proc/self/mountinfo" else real(self, *a, **k))
    assert system.file_system(tmp_path / "oms.sqlite3") == kind
    assert bool(findings(sound, system.database_is_local)) is foreign


def test_an_older_and_a_newer_schema_are_told_apart(both):
    assert findings(both, system.schema_is_current) == []
    for version, words in (("0001", "oms db upgrade"), ("9999", "newer version")):
        with both.engine.execution_options(writes=True).connect() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
            connection.commit()
        (sentence,) = findings(both, system.schema_is_current)
        assert words in sentence


def test_folders_that_cannot_be_written_are_found(sound, monkeypatch):
    assert findings(sound, system.folders_can_be_written) == []

    def refuse(**_where):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(system.tempfile, "TemporaryFile", refuse)
    assert "Permission denied" in findings(sound, system.folders_can_be_written)[0]


def test_keys_that_others_can_read_are_found(sound):
    keys = sound.settings.instance / "keys"
    assert findings(sound, system.secrets_are_private) == []
    keys.chmod(0o644)
    assert findings(sound, system.secrets_are_private) == [
        f"{keys} can be read by others: chmod 600 {keys}"]


def test_a_full_disk_is_found(sound, monkeypatch):
    monkeypatch.setattr(system.shutil, "disk_usage",
                        lambda _path: type("Usage", (), {"free": 10 * 1024 * 1024}))
    assert "Only 10 MB" in findings(sound, system.disk_has_room)[0]


def test_missing_time_zones_are_found(sound, monkeypatch):
    def unknown(key):
        raise system.ZoneInfoNotFoundError(key)

    assert findings(sound, system.zones_are_known) == []
    monkeypatch.setattr(system, "ZoneInfo", unknown)
    assert findings(sound, system.zones_are_known) != []


def test_missing_pdf_libraries_name_their_packages_and_are_no_reason_to_stop(sound, monkeypatch):
    absent = {"libnot-there.so.0": "libnot-there0", "libnot-there-2.so.0": "libnot-there0"}
    assert pdf_libraries.missing_packages(absent) == ["libnot-there0"]
    assert pdf_libraries.missing_packages({"libc.so.6": "libc6"}) == []
    monkeypatch.setattr(system, "missing_packages", lambda: ["libpango-1.0-0"])
    (finding,) = system.pdf_can_be_made(sound.settings, sound.engine)
    assert "libpango-1.0-0" in finding.sentence
    assert not finding.unfit


def test_pages_without_their_script_or_language_are_found(sound, tmp_path, monkeypatch):
    (tmp_path / "pl" / "LC_MESSAGES").mkdir(parents=True)
    monkeypatch.setattr(system, "STATIC", tmp_path)
    monkeypatch.setattr(system, "LOCALE", tmp_path)
    found = findings(sound, system.pages_are_complete)
    assert any("htmx.min.js" in sentence for sentence in found)
    assert any("messages.mo" in sentence for sentence in found)


def run_doctor(oms: Oms, monkeypatch) -> tuple[int, str]:
    monkeypatch.setattr("oms_web.cli.doctor.wire", lambda: oms)
    monkeypatch.setattr(system, "pages_are_complete", lambda *_: iter(()))
    done = CliRunner().invoke(doctor)
    return done.exit_code, done.output


def test_the_doctor_is_content_with_a_sound_shop(both, monkeypatch):
    code, said = run_doctor(both, monkeypatch)
    assert code == 0
    assert "all well" in said


def test_the_doctor_fails_when_the_books_do_not_agree(sound, monkeypatch):
    with sound.engine.execution_options(writes=True).connect() as connection:
        connection.execute(text(
            "INSERT INTO order_tally (kind, name, n) VALUES ('queue', 'pick', 2)"))
        connection.commit()
    code, said = run_doctor(sound, monkeypatch)
    assert code == 1
    assert "UNFIT  counts: queue pick: the count says 2, there are 0" in said


def test_a_note_alone_is_no_failure(sound, monkeypatch):
    monkeypatch.setattr(system, "missing_packages", lambda: ["libpango-1.0-0"])
    code, said = run_doctor(sound, monkeypatch)
    assert code == 0
    assert "note   pdf_can_be_made" in said


def test_the_doctor_changes_nothing(make_database, tmp_path):
    address = make_database("sqlite")
    file = Path(address.removeprefix("sqlite:///"))
    before = file.read_bytes()
    done = subprocess.run([sys.executable, "-m", "oms_web.cli", "doctor"], check=False,
                          timeout=120, capture_output=True, text=True,
                          env={**os.environ, "OMS_INSTANCE": str(tmp_path),
                               "OMS_DATABASE": address})
    assert "the books" in done.stdout
    assert file.read_bytes() == before
    wal = file.with_name(file.name + "-wal")
    assert not wal.exists() or wal.stat().st_size == 0
