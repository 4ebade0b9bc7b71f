"""PDFs: what happens when one goes wrong. Time, memory and workers have limits."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
from pathlib import Path

import pytest

from oms_web.adapters.pdf import Limits, PdfFailed, PdfPool, PdfUnavailable
from oms_web.adapters.print_pages import CSS, FONTS
from tests.printed import page_count


@pytest.fixture
def small(request):
    """A pool with one worker and the limits given by the test."""
    made = PdfPool(CSS, FONTS, size=1, limits=request.param)
    if made.available():
        pytest.skip("PDF is unavailable here")
    yield made
    made.close()


ENDLESS = "<table>" + "<tr>" + "<td>x" * 20 + "".join("<tr>" + "<td>x y" * 20
                                                      for _ in range(5000))


@pytest.mark.parametrize("small", [Limits(seconds=1.5)], indirect=True)
def test_a_document_that_never_ends_is_given_up_and_the_next_one_prints(small):
    assert page_count(small.render(["<p>first"])) == 1
    (before,) = small.pids()
    start = used_by_children()
    with pytest.raises(PdfFailed, match="too long"):
        small.render([ENDLESS])
    assert used_by_children() - start < 4  # the start of the worker included
    assert small.pids() == []
    assert not Path(f"/proc/{before}").exists()
    assert page_count(small.render(["<p>next"])) == 1


def used_by_children() -> float:
    """Seconds of the processor that ended children had used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("small", [Limits(seconds=0.5)], indirect=True)
def test_a_machine_that_is_busy_with_other_things_prints_late_but_prints(small):
    small.render(["<p>first"])
    (pid,) = small.pids()
    os.kill(pid, signal.SIGSTOP)
    threading.Timer(1.2, os.kill, (pid, signal.SIGCONT)).start()
    assert page_count(small.render(["<p>late"])) == 1
    assert small.pids() == [pid]


@pytest.mark.parametrize("small", [Limits(seconds=0.2)], indirect=True)
def test_a_worker_that_does_nothing_is_not_waited_for_for_ever(small):
    small.render(["<p>first"])
    (pid,) = small.pids()
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(PdfFailed, match="too long"):
        small.render(["<p>never"])
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("small", [Limits(memory_mb=340, seconds=30)], indirect=True)
def test_a_document_that_eats_memory_is_given_up_and_the_next_one_prints(small):
    assert page_count(small.render(["<p>first"])) == 1
    greedy = "<p>" + "pamięć " * 4_000_000
    with pytest.raises(PdfFailed):
        small.render([greedy])
    assert page_count(small.render(["<p>next"])) == 1


@pytest.mark.parametrize("small", [Limits(documents=3)], indirect=True)
def test_workers_are_replaced_after_their_share(small):
    pids = set()
    for _ in range(2):
        small.render(["<p>x", "<p>y"])
        pids.update(small.pids())
    assert small.pids() == []
    small.render(["<p>z"])
    assert len(pids | set(small.pids())) == 2


@pytest.mark.parametrize("small", [Limits(idle_seconds=1)], indirect=True)
def test_a_worker_that_left_for_want_of_work_is_started_again(small):
    small.render(["<p>x"])
    (pid,) = small.pids()
    _wait_for_end(pid)
    assert page_count(small.render(["<p>y"])) == 1
    assert small.pids() != [pid]


def _wait_for_end(pid: int) -> None:
    for _ in range(200):
        time.sleep(0.05)
        try:
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                return
        except FileNotFoundError:
            return
    raise AssertionError("the worker is still there")


@pytest.mark.parametrize("small", [Limits()], indirect=True)
def test_a_killed_worker_is_replaced(small):
    small.render(["<p>x"])
    (pid,) = small.pids()
    os.kill(pid, signal.SIGKILL)
    _wait_for_end(pid)
    assert page_count(small.render(["<p>y"])) == 1


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made = PdfPool(CSS, FONTS, size=1)
    made.render(["<p>x"])
    assert any(tmp_path.iterdir())
    made.close()
    assert list(tmp_path.iterdir()) == []


def test_a_machine_without_the_libraries_says_what_to_install(monkeypatch):
    from oms_web.adapters import pdf

    monkeypatch.setitem(pdf.NEEDED, "libnowhere-1.0.so.0", "libnowhere-1.0-0")
    made = PdfPool(CSS, FONTS)
    assert made.available() == (
        "sudo apt-get install --no-install-recommends libnowhere-1.0-0")
    with pytest.raises(PdfUnavailable, match="apt-get install"):
        made.render(["<p>x"])


def test_a_worker_that_cannot_start_says_why(tmp_path):
    made = PdfPool(tmp_path / "missing.css", FONTS)
    with pytest.raises(PdfUnavailable, match=r"missing\.css"):
        made.render(["<p>x"])
