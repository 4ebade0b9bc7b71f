"""Measure intake: orders a second and peak memory at several sizes, on a database of its own.

    python scripts/benchmark_intake.py 10000 50000 150000
    python scripts/benchmark_intake.py --contention

Orders have three lines and are reserved; pages of 100; SQLite, durable. Each size runs in a process
of its own, so that its peak memory is its own. Quote medians, on a machine where nothing else runs.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "connectors")]

from oms_web import migrations  # noqa: E402
from oms_web.core.actor import SYSTEM  # noqa: E402
from oms_web.core.errors import ShortStock  # noqa: E402
from oms_web.domain.stock import service as stock  # noqa: E402
from oms_web.domain.stock.allocation import Take  # noqa: E402
from oms_web.domain.stock.models import Balance  # noqa: E402
from oms_web.settings import Settings  # noqa: E402
from oms_web.sync.intake import store_page  # noqa: E402
from oms_web.wiring import Oms, wire  # noqa: E402
from tests import factories as make  # noqa: E402

SKUS = [f"S{n}" for n in range(500)]
PAGE = 100


def shop(folder: Path) -> Oms:
    """An empty installation in a folder."""
    oms = wire(settings=Settings(
        instance=folder, database=f"sqlite:///{folder / 'oms.sqlite3'}", secret_key="x" * 40
    ))
    migrations.upgrade(oms.engine)
    return oms


def an_order(number: int):
    """One plausible order of three lines."""
    return make.order(
        f"A{number}", {SKUS[(number * 3 + k * 7) % 500]: 1 + k for k in range(3)},
        buyer_name=f"Jan Kowalski{number % 977}", buyer_email=f"jan{number}@example.test",
    )


def intake(count: int, folder: Path) -> tuple[float, float, int]:
    """Take in ``count`` orders: orders/s overall, orders/s over the last tenth, peak MB."""
    oms = shop(folder)
    account, _ = make.shop(oms.works, dict.fromkeys(SKUS, 100_000_000))
    begun = last = time.perf_counter()
    tail = count * 9 // 10
    for start in range(0, count, PAGE):
        if start == tail // PAGE * PAGE:
            last = time.perf_counter()
        orders = [an_order(number) for number in range(start, start + PAGE)]
        with oms.works.writing(SYSTEM) as work:
            store_page(work, account, orders)
    ended = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return count / (ended - begun), (count - tail) / (ended - last), peak


def contention(folder: Path, units: int = 5_000, workers: int = 8) -> tuple[float, int]:
    """Threads that reserve one unit each of the same SKU: tries/s, and how many got one."""
    oms = shop(folder)
    _, ids = make.shop(oms.works, {"LAST": units})
    with oms.works.reading(SYSTEM) as work:
        place = work.session.query(Balance.location_id).scalar()
    numbers = iter(range(units * 2))
    lock = threading.Lock()
    taken = []

    def take() -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                with oms.works.writing(SYSTEM) as work:
                    stock.reserve(work, "bench", [Take(number, ids["LAST"], place, 1)])
                taken.append(number)
            except ShortStock:
                pass

    threads = [threading.Thread(target=take) for _ in range(workers)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return units * 2 / (time.perf_counter() - begun), len(taken)


def main() -> None:
    """Run what the arguments ask for."""
    with tempfile.TemporaryDirectory(dir=CHECKOUT / "instance") as folder:
        if sys.argv[1] == "--contention":
            rate, taken = contention(Path(folder))
            print(f"8 threads, one SKU of 5,000 units: {rate:,.0f} tries/s, {taken} taken")
            return
        if sys.argv[1] == "--one":
            rate, tail, peak = intake(int(sys.argv[2]), Path(folder))
            print(f"{sys.argv[2]:>8} orders: {rate:>6,.0f} orders/s "
                  f"(last tenth {tail:>6,.0f}/s), peak {peak} MB", flush=True)
            return
    for size in sys.argv[1:]:
        subprocess.run([sys.executable, __file__, "--one", size], check=True)


if __name__ == "__main__":
    main()
