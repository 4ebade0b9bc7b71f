"""Processes that race for the last units of a SKU: through the real intake, or without guards."""

from __future__ import annotations

import multiprocessing
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.queues import SimpleQueue
from pathlib import Path

from sqlalchemy import text

from oms_web.core.actor import SYSTEM
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.stock import service as stock
from oms_web.flows.order_in import take_in
from oms_web.wiring import Oms, wire
from tests import factories as make
from tests.conftest import settings_for

THREADS = 4
FORK = multiprocessing.get_context("fork")


def race(url: str, folder: Path, account_ids: Sequence[int], tries: int, mode: str) -> int:
    """Let a process of four threads race per account, ``tries`` each; how many tries failed."""
    failed = FORK.SimpleQueue()
    running = [FORK.Process(target=_run, args=(failed, url, folder, account_id, f"p{n}", tries,
                                             mode))
               for n, account_id in enumerate(account_ids)]
    for process in running:
        process.start()
    for process in running:
        process.join(240)
    assert [process.exitcode for process in running] == [0] * len(running)
    return sum(failed.get() for _ in running)


def buy(oms: Oms, account: ChannelAccount, name: str) -> None:
    """One order of one unit, the way it really comes in."""
    with oms.works.writing(SYSTEM) as work:
        take_in(work, account, [make.order(  # each from a buyer of their own: no duplicates
            name, {"LAST": 1}, buyer_email=f"{name}-{account.id}@example.test",
            ship_to=replace(make.WARSAW, phone="", email=""))])


def buy_naively(oms: Oms, _account: ChannelAccount, name: str) -> None:
    """What a program does that looks first and takes later: the control that must oversell."""
    with oms.works.reading(SYSTEM) as work:
        free = stock.free_units(work.session, [1])[1]
    if free < 1:
        return
    time.sleep(0.005)  # it thinks about what it saw: with a quick database it would seldom lose
    with oms.works.writing(SYSTEM) as work:
        if work.session.get_bind().dialect.name == "sqlite":
            work.session.execute(text("PRAGMA ignore_check_constraints=ON"))
        work.session.execute(text("UPDATE balance SET reserved = reserved + 1"))


def _run(failed: SimpleQueue[int], url: str, folder: Path, account_id: int, name: str, tries: int,
         mode: str) -> None:
    """One racing process, with an installation of its own; tells how many tries ended in an error.
    """
    oms = wire(settings=settings_for(url, folder))
    with oms.works.reading(SYSTEM) as work:
        account = work.session.get(ChannelAccount, account_id)
    act: Callable[[Oms, ChannelAccount, str], None] = buy if mode == "guarded" else buy_naively
    errors: list[Exception] = []

    def run(thread: int) -> None:
        for n in range(tries):
            try:
                act(oms, account, f"{name}-{thread}-{n}")
            except Exception as error:
                errors.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        print(errors[0], file=sys.stderr)
    oms.engine.dispose()
    failed.put(len(errors))
