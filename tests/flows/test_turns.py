"""Writers take turns, among threads and processes, and a dead one's turn is over."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from contextlib import nullcontext

import pytest

from oms_web.core.turns import Turns

FORK = multiprocessing.get_context("fork")


def add(file, guarded, times):
    """Read a number, dawdle, write it back one higher: loses updates unless it is alone."""
    turns = Turns(file)

    def once():
        with turns.turn() if guarded else nullcontext():
            number = int(file.read_text() or 0)
            time.sleep(0.002)
            file.write_text(str(number + 1))

    def many():
        for _ in range(times):
            once()

    threads = [threading.Thread(target=many) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def counted(file, guarded):
    file.write_text("0")
    processes = [FORK.Process(target=add, args=(file, guarded, 10)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return file.read_text()


def test_three_processes_of_two_threads_never_meet(tmp_path):
    assert counted(tmp_path / "n", guarded=True) == "60"


def test_the_control_without_turns_loses_updates(tmp_path):
    assert counted(tmp_path / "n", guarded=False) != "60"


def test_who_asks_for_a_second_turn_is_told_at_once(tmp_path):
    turns = Turns(tmp_path / "n")
    with turns.turn(), pytest.raises(RuntimeError, match="inside another"), turns.turn():
        pass
    with turns.turn():
        pass


def test_the_turn_of_a_killed_process_is_over(tmp_path):
    holds = FORK.Event()

    def hold():
        with Turns(tmp_path / "n").turn():
            holds.set()
            time.sleep(60)

    process = FORK.Process(target=hold)
    process.start()
    assert holds.wait(5)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    begun = time.monotonic()
    with Turns(tmp_path / "n").turn():
        assert time.monotonic() - begun < 1
