"""What a connector's process may not do, by the audit hook and by the kernel."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from oms_web.sync.isolation import walls
from oms_web.sync.isolation.child import ConnectorFault
from tests.sync import evil
from tests.sync.isolated import (
    ROOT,
    Shop,
    account_of,
    engine_of,
    lending,
    told,
)

X86_64_LINUX = sys.platform == "linux" and os.uname().machine == "x86_64"


@pytest.fixture
def shop():
    return Shop()


@pytest.fixture
def children(oms):
    with lending(oms) as made:
        yield made


@pytest.fixture
def engine(oms, shop, children):
    return engine_of(oms, shop)


REFUSED = {
    "fork": "os.fork", "fork_below": "starts no processes", "run": "subprocess.Popen",
    "connect": "socket", "kill_parent": "os.kill", "kill_quietly": "sends no signals",
    "read_passwords": "opens no files", "read_told": "opens no files",
    "write_told": "opens no files", "delete_told": "os.remove", "foreign": "ctypes.dlopen",
}


@pytest.mark.parametrize("do", REFUSED)
def test_the_outside_is_closed(engine, tmp_path, do):
    file = tmp_path / "keys"
    file.write_text("hush")
    account_id = account_of(engine, evil.Evil, do, file=str(file))
    with pytest.raises(ConnectorFault, match=REFUSED[do]) as fault:
        told(engine, account_id)
    assert type(fault.value).__name__ == "PermissionError"
    assert file.read_text() == "hush"


def test_an_instance_in_the_checkout_is_closed_too(engine):
    """The root of a checkout is on Python's path; only code is read from there."""
    account_id = account_of(engine, evil.Evil, "read_told", file=str(ROOT / "pyproject.toml"))
    with pytest.raises(ConnectorFault, match="opens no files"):
        told(engine, account_id)


@pytest.mark.parametrize(("do", "answer"), [
    ("time_zone", "Europe/Warsaw"), ("late_import", "oms_demo.words"),
])
def test_what_a_connector_needs_is_open(engine, do, answer):
    assert answer in told(engine, account_of(engine, evil.Evil, do))


def test_it_sees_nothing_of_the_app(engine, monkeypatch):
    monkeypatch.setenv("OMS_SECRET_KEY", "hush")
    seen = told(engine, account_of(engine, evil.Evil, "surroundings"))
    assert "OMS_" not in seen
    assert "a0" not in seen
    assert "['access_token', 'refresh_token']" in seen
    assert "oms_web.sync.isolation" in seen
    for heavy in ("oms_web.core", "oms_web.domain", "oms_web.adapters", "oms_web.wiring"):
        assert heavy not in seen


BELOW = {
    "socket": "socket.socket()",
    "fork": "os.fork()",
    "exec": "os.execv('/bin/true', ['true'])",
    "kill": "os.kill(os.getppid(), 0)",
    "write": "open(sys.argv[1], 'w')",
    "create": "os.open(sys.argv[1] + '.new', os.O_CREAT | os.O_WRONLY)",
    "delete": "os.unlink(sys.argv[1])",
    "rename": "os.rename(sys.argv[1], sys.argv[1] + '.moved')",
    "thread": "__import__('threading').Thread(target=print).start()",
}


def below(how: str, file: Path, *, filtered: bool) -> subprocess.CompletedProcess[str]:
    """Try something in a process that has no audit hook: with the kernel's filter, or without."""
    lines = ["import os, sys, socket, threading", "from oms_web.sync.isolation import walls"]
    lines += ["walls._filter_calls()"] if filtered else []
    lines += ["try:", f"    {BELOW[how]}", "except (PermissionError, RuntimeError) as error:",
              "    print('refused', error)"]
    return subprocess.run(
        [sys.executable, "-c", "\n".join(lines), str(file)], capture_output=True, text=True,
        cwd=ROOT, timeout=20, check=False,
    )


@pytest.mark.skipif(not X86_64_LINUX, reason="the filter of system calls is for Linux on x86-64")
@pytest.mark.parametrize("how", BELOW)
def test_code_that_gets_round_the_hook_meets_the_kernel(tmp_path, how):
    file = tmp_path / "file"
    for filtered in (False, True):
        file.write_text("kept")
        done = below(how, file, filtered=filtered)
        assert ("refused" in done.stdout) is filtered, done.stderr
    assert file.read_text() == "kept"


@pytest.mark.skipif(not X86_64_LINUX, reason="the filter of system calls is for Linux on x86-64")
def test_reading_stays_possible_below(tmp_path):
    """The filter refuses opening to write, not opening."""
    BELOW["read"] = "print(open(sys.argv[1]).read())"
    file = tmp_path / "file"
    file.write_text("kept")
    assert below("read", file, filtered=True).stdout == "kept\n"


def test_the_filter_is_one_the_kernel_takes():
    """A jump has eight bits, an instruction eight bytes; the last one lets through."""
    program = walls.program()
    assert all(len(line) == 8 for line in program)
    assert program[-1] == b"\x06\x00\x00\x00\x00\x00\xff\x7f"
