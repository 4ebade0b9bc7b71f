"""Processes that race for the last units of a SKU: through the real intake, or without guards.

Run as ``python -m tests.flows.racers URL FOLDER ACCOUNT NAME TRIES guarded|naive``; it prints
how many tries ended in an error.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
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
CHECKOUT = Path(__file__).resolve().parents[2]


def race(url: str, folder: Path, account_ids: Sequence[int], tries: int, mode: str) -> int:
    """Let a process of four threads race per account, ``tries`` each; how many tries failed."""
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.flows.racers", url, str(folder), str(account_id),
             f"p{n}", str(tries), mode],
            cwd=CHECKOUT, stdout=subprocess.PIPE, text=True,
            env={"PYTHONPATH": f"{CHECKOUT}:{CHECKOUT / 'connectors'}", "PATH": "/usr/bin:/bin"},
        )
        for n, account_id in enumerate(account_ids)
    ]
    outputs = [process.communicate(timeout=240)[0] for process in running]
    assert [process.returncode for process in running] == [0] * len(running), outputs
    return sum(int(out) for out in outputs)


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


def main() -> None:
    """One racing process."""
    url, folder, account_id, name, tries, mode = sys.argv[1:]
    oms = wire(settings=settings_for(url, Path(folder)))
    with oms.works.reading(SYSTEM) as work:
        account = work.session.get(ChannelAccount, int(account_id))
    act: Callable[[Oms, ChannelAccount, str], None] = buy if mode == "guarded" else buy_naively
    errors: list[Exception] = []

    def run(thread: int) -> None:
        for n in range(int(tries)):
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
    print(len(errors))


if __name__ == "__main__":
    main()
