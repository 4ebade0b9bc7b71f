"""Processes: restarted when they die, stopped in order, never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from oms_web.cli.supervisor import Child, Pace, Supervisor, pause_after

SLEEPER = "import time; time.sleep(60)"
STUBBORN = ("import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
            "open({mark!r}, 'w').close(); time.sleep(60)")

PARENT = """
import sys
from oms_web.cli.supervisor import Child, Pace, Supervisor
children = [Child(name, [sys.executable, "-c", code], needed=name not in {extras!r})
            for name, code in {children!r}]
pace = Pace(settled={settled}, first=0.05, last=0.2, grace={grace})
sys.exit(Supervisor(children, lambda line: print(line, flush=True), pace).run())
"""


@pytest.fixture
def supervise() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Runs a supervisor in a process of its own: ``name=code`` of its children."""
    started: list[subprocess.Popen[str]] = []

    def start(settled: float = 0.0, grace: float = 3.0, extras: Sequence[str] = (),
              **children: str) -> subprocess.Popen[str]:
        code = PARENT.format(children=list(children.items()), settled=settled, grace=grace,
                             extras=list(extras))
        started.append(subprocess.Popen([sys.executable, "-c", code], text=True,
                                        stdout=subprocess.PIPE))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def writes_its_id(folder: Path, then: str = SLEEPER) -> str:
    """A child that leaves a file named after its process id, then goes on."""
    return f"import os; open(f'{folder}/{{os.getpid()}}', 'w').close(); {then}"


def ids(folder: Path, count: int) -> list[int]:
    """Wait until so many children have left their file."""
    return wait_for(lambda: len(found := [int(f.name) for f in folder.iterdir()]) >= count
                    and found)


def wait_for(condition: Callable[[], object], seconds: float = 20.0):
    """The condition's value as soon as it is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("did not happen in time")


def alive(process_id: int) -> bool:
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_the_pause_doubles_up_to_a_limit():
    pace = Pace(first=0.5, last=30)
    assert [pause_after(n, pace) for n in range(1, 9)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert pause_after(10_000, pace) == 30


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_told_to_stop_it_takes_its_children_along(supervise, tmp_path, number):
    parent = supervise(one=writes_its_id(tmp_path), two=writes_its_id(tmp_path))
    children = ids(tmp_path, 2)
    parent.send_signal(number)
    assert parent.wait(5) == 0
    assert not any(alive(child) for child in children)


def test_a_child_that_dies_comes_back(supervise, tmp_path):
    parent = supervise(web=writes_its_id(tmp_path))
    (first,) = ids(tmp_path, 1)
    os.kill(first, signal.SIGKILL)
    second = next(child for child in ids(tmp_path, 2) if child != first)
    assert alive(second)
    parent.terminate()
    out, _ = parent.communicate(timeout=5)
    assert "web was ended by SIGKILL; starting it again in 0.05 s" in out


def test_a_needed_child_that_cannot_start_ends_it_all(supervise, tmp_path):
    parent = supervise(settled=5.0, web="raise SystemExit(3)", worker=writes_its_id(tmp_path))
    out, _ = parent.communicate(timeout=10)
    assert parent.returncode == 1
    assert "web ended with code 3 before it had started" in out
    assert not any(alive(int(file.name)) for file in tmp_path.iterdir())


def test_a_child_that_will_not_stop_is_ended(supervise, tmp_path):
    mark = tmp_path / "deaf"
    parent = supervise(grace=0.5, worker=STUBBORN.format(mark=str(mark)))
    wait_for(mark.exists)
    begun = time.monotonic()
    parent.terminate()
    out, _ = parent.communicate(timeout=10)
    assert time.monotonic() - begun < 5
    assert "worker did not stop in time" in out


def test_told_twice_it_does_not_wait(supervise, tmp_path):
    mark = tmp_path / "deaf"
    parent = supervise(grace=60.0, worker=STUBBORN.format(mark=str(mark)))
    wait_for(mark.exists)
    parent.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert parent.poll() is None
    parent.send_signal(signal.SIGINT)
    assert parent.wait(5) == 0


def test_an_extra_child_that_never_starts_is_given_up_and_the_rest_goes_on(supervise, tmp_path):
    parent = supervise(settled=1.0, extras=["demo"], demo="raise SystemExit(1)",
                       web=writes_its_id(tmp_path))
    (web,) = ids(tmp_path, 1)
    time.sleep(2.0)
    assert alive(web)
    parent.terminate()
    out, _ = parent.communicate(timeout=5)
    assert out.count("starting it again") == 4
    assert "demo ended with code 1 5 times in a row and is left out" in out


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_no_child_outlives_a_killed_parent(supervise, tmp_path):
    parent = supervise(one=writes_its_id(tmp_path), two=writes_its_id(tmp_path))
    children = ids(tmp_path, 2)
    parent.kill()
    wait_for(lambda: not any(alive(child) for child in children), 5)


def test_a_child_started_early_is_not_started_again(tmp_path):
    early = Child("early", [sys.executable, "-c", writes_its_id(tmp_path)])
    supervisor = Supervisor([], lambda _line: None)
    supervisor.start(early)
    ids(tmp_path, 1)
    supervisor._start_due()
    assert supervisor.children == [early]
    early.process.kill()
    early.process.wait()
    assert len(list(tmp_path.iterdir())) == 1
