"""Measure the sync engine on a database of its own: seconds, calls and memory.

    python scripts/benchmark_sync.py push 100000     all offers after a change of stock, of prices
    python scripts/benchmark_sync.py pull 100000     orders, with the memory after every 20,000
    python scripts/benchmark_sync.py lag 60          reservations until five marketplaces know them

``push`` and ``pull`` speak to a channel that answers at once, in this process, so that what is
measured is ours. ``lag`` runs five demo marketplaces as servers, connectors in their processes and
the worker as ``oms serve`` has it. SQLite, durable. Both processor time and time on the wall are
said: on a machine with other work only the first can be compared. ``tests/benchmarks/test_sync.py``
counts the same.
"""

from __future__ import annotations

import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "connectors")]

from oms_demo import DemoConnector  # noqa: E402
from oms_demo.catalog import items as goods_of  # noqa: E402
from oms_demo.market.store import seller_token  # noqa: E402
from sqlalchemy import func, select  # noqa: E402

from oms_web import migrations  # noqa: E402
from oms_web.core.actor import SYSTEM  # noqa: E402
from oms_web.core.work import Work  # noqa: E402
from oms_web.domain.channels.models import (  # noqa: E402
    ChannelAccount,
    ListingPrice,
    ListingStock,
    Publication,
)
from oms_web.flows.order_in import take_in  # noqa: E402
from oms_web.jobs import rings, worker  # noqa: E402
from oms_web.settings import Settings  # noqa: E402
from oms_web.sync import accounts, feeds  # noqa: E402
from oms_web.sync.pull import PAGES_A_RUN, pull  # noqa: E402
from oms_web.sync.session import Engine  # noqa: E402
from oms_web.wiring import Oms, wire  # noqa: E402
from tests import factories as make  # noqa: E402
from tests.benchmarks import wholesale  # noqa: E402
from tests.benchmarks.wholesale import Instant  # noqa: E402

MARKETS = 5
FIRST_PORT = 8461
EVERY = 5.0
"""Seconds between two reservations: each has been told before the next is made."""


def shop(folder: Path) -> Oms:
    """An empty installation in a folder."""
    oms = wire(settings=Settings(
        instance=folder, database=f"sqlite:///{folder / 'oms.sqlite3'}", secret_key="x" * 40,
        loopback_shops=True,
    ))
    migrations.upgrade(oms.engine)
    return oms


def resident_mb() -> int:
    """Memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024**2


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print processor time, time on the wall, and memory of a block."""
    wall, own = time.perf_counter(), time.process_time()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{what}: {time.process_time() - own:.1f} s of processor, "
          f"{time.perf_counter() - wall:.1f} s on the wall, {resident_mb()} MB, at most {peak} MB",
          flush=True)


def settle(oms: Oms) -> None:
    """Do whatever is due."""
    for _ in range(2):
        rings.ring_feeds(oms)
        worker.drain(oms)


def push(folder: Path, count: int) -> None:
    """All offers after a change of all quantities and after one of all prices."""
    oms = shop(folder)
    with timed(f"{count:,} offers made"):
        account, variants = wholesale.open_shop(oms, count)
    with timed("shown for the first time"):
        settle(oms)
    changes: dict[str, tuple[type, Callable[..., None]]] = {
        "stock": (ListingStock, partial(wholesale.receive, units=5, cause="more")),
        "price": (ListingPrice, partial(wholesale.reprice, price=1234)),
    }
    for kind, (row, change) in changes.items():
        Instant.calls.clear()
        wholesale.change_all(oms, variants, change)
        with timed(f"{kind} of all pushed"):
            settle(oms)
        values, right = wholesale.shown(oms, row, account)
        print(f"  {Instant.calls[kind]:,} calls, {right:,} offers show one of {len(values)} values")


def read(folder: Path, count: int) -> None:
    """Orders from the first page to the last, as the clock would go on reading them."""
    oms = shop(folder)
    account, _ = wholesale.open_shop(oms, wholesale.SKUS, units=10_000_000)
    settle(oms)
    Instant.orders = count
    with oms.works.writing(SYSTEM) as work:
        feeds.get_feed(work.session, account, feeds.ORDERS).cursor = None
    a_run = PAGES_A_RUN * Instant.manifest.capabilities.page_max
    for done in range(0, count, a_run):  # after each run the feed is due again at once
        upto = min(done + a_run, count)
        with timed(f"orders up to {upto:,}"):
            pulled = pull(Engine(oms.works, oms.registry), account, feeds.ORDERS)
        assert pulled.added == upto - done


@contextmanager
def marketplaces(folder: Path) -> Iterator[list[tuple[str, str]]]:
    """Demo marketplaces without buyers, as servers: (address, token) of each."""
    running, found = [], []
    try:
        for number in range(MARKETS):
            data, port = folder / f"market{number}", FIRST_PORT + number
            data.mkdir()
            running.append(subprocess.Popen(
                [sys.executable, "-m", "oms_demo", "--port", str(port), "--data", str(data),
                 "--rate", "0"], stdout=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": str(CHECKOUT / "connectors")}))
            found.append((f"http://127.0.0.1:{port}", seller_token(data)))
        for number in range(MARKETS):
            _await_port(FIRST_PORT + number)
        yield found
    finally:
        for one in running:
            one.terminate()
        for one in running:
            one.wait()


def _await_port(port: int) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise SystemExit(f"nobody answers at port {port}")


def lag(folder: Path, count: int) -> None:
    """From a reservation to the answer of each of five marketplaces."""
    oms = shop(folder)
    items = [item for item in goods_of() if not item.parts]
    with oms.works.writing(SYSTEM) as work:
        make.company(work)
        make.warehouse(work)
        for item in items:
            make.put(work, make.variant(work, item.sku), 1_000)
    with marketplaces(folder) as found:
        for number, (address, token) in enumerate(found):
            with oms.works.writing(SYSTEM) as work:
                accounts.connect(work, DemoConnector, f"Targ {number}", {"url": address},
                                 {"token": token})
        stop = threading.Event()
        hands = threading.Thread(target=worker.run, args=(oms, stop))
        hands.start()
        try:
            _rest(oms)
            with oms.works.reading(SYSTEM) as work:
                last = work.session.scalar(select(func.max(Publication.id))) or 0
            for number in range(count):
                with oms.works.writing(SYSTEM) as work:
                    sold = make.order(f"L{number}", {items[number % len(items)].sku: 1})
                    take_in(work, _own(work), [sold])
                time.sleep(EVERY)
            _rest(oms)
        finally:
            stop.set()
            hands.join()
        with oms.works.reading(SYSTEM) as work:
            lags = sorted(work.session.scalars(select(Publication.lag_ms).where(
                Publication.id > last, Publication.outcome == "applied",
                Publication.lag_ms.is_not(None))))
    print(f"{len(lags)} pushes after {count} reservations: median "
          f"{statistics.median(lags) / 1000:.2f} s, p95 {lags[len(lags) * 95 // 100] / 1000:.2f} s,"
          f" at most {lags[-1] / 1000:.2f} s")


def _own(work: Work) -> ChannelAccount:
    """The account of the seller's own shop, which shows no stock."""
    found = work.session.scalars(select(ChannelAccount).filter_by(name="Sklep")).one_or_none()
    return found or make.account(work, "Sklep", connector="api", publish_stock=False)


def _rest(oms: Oms) -> None:
    """Wait until nothing has been sent for a while."""
    before, quiet = -1, 0
    while quiet < 8:
        with oms.works.reading(SYSTEM) as work:
            now = work.session.scalar(select(func.count()).select_from(Publication)) or 0
        quiet = quiet + 1 if now == before and now else 0
        before = now
        time.sleep(1)


def main() -> None:
    """Measure one of the three."""
    if len(sys.argv) != 3 or sys.argv[1] not in ("push", "pull", "lag"):
        raise SystemExit(__doc__)
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        {"push": push, "pull": read, "lag": lag}[sys.argv[1]](Path(folder), int(sys.argv[2]))
    print(f"load {load_before:.1f} before, {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
