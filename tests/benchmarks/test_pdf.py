"""A batch of packing slips: as fast as the engine itself allows, in memory that does not grow.

    OMS_WHOLE=1 .venv/bin/python -m pytest tests/benchmarks/test_pdf.py -s

The bars are ratios and counts, so they hold on a slow or busy machine: the same HTML is laid out
by two bare workers on the same machine at the same time of day.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pypdf
import pytest

from oms_web.adapters.pdf import PdfPool, merge
from oms_web.adapters.print_pages import CSS, FONTS, PrintPages, look_of
from oms_web.adapters.printing import CHUNK
from oms_web.core.actor import SYSTEM, Actor
from oms_web.domain.company.models import Company
from oms_web.domain.documents.slips import slips
from oms_web.domain.orders.models import Order
from tests import paper
from tests.benchmarks.counting import counted
from tests.sizes import size

ANNA = Actor("user", "Anna", None)
SLIPS = int(os.environ.get("OMS_BENCH_SLIPS") or size(40, 1000))
LINES = [("Kubek emaliowany 0,5 l zielony", 3, "39.90", "23"),
         ("Koc wełniany merino 140 × 200", 1, "164.90", "23"),
         ("Świeca sojowa „Las po deszczu”", 2, "13.95", "23")]

MOST_OVER_IDEAL = 1.25
"""Reading, drawing and merging may cost this much processor beside pure layout: four fifths of its
rate."""
MOST_ON_THE_CLOCK = 1.35
"""The same on the clock, where neighbours count too: workers do not stand idle."""
MOST_STATEMENTS = 12
"""Statements for a chunk of orders, whatever its size."""
MOST_WORKER_MB = 256
MOST_GROWTH_MB = 64


@pytest.fixture
def pool():
    made = PdfPool(CSS, FONTS)
    if made.available():
        pytest.skip("PDF is unavailable here")
    # Both workers up and warm: starting them is not what is measured.
    with ThreadPoolExecutor(made.size) as threads:
        list(threads.map(made.render, [["<p>x"]] * made.size * 2))
    yield made
    made.close()


@pytest.fixture
def shop(oms, pool):
    oms.printing.pdf = pool
    return oms


def orders(oms, count: int) -> list[int]:
    with oms.works.writing(SYSTEM) as work:
        paper.company(work, footer_pl="Dziękujemy, {order_number}")
        return [paper.order(work, LINES, shipping=1499).id for _ in range(count)]


def memory_mb(pid: int | str, name: str) -> float:
    """A figure of /proc/PID/status in megabytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    raise LookupError(name)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def spent(pool: PdfPool, work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of processor, workers included, and on the clock."""
    def used() -> float:
        ticks = sum(int(part) for pid in pool.pids() for part in Path(f"/proc/{pid}/stat")
                    .read_text().rpartition(")")[2].split()[11:13])
        return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")

    before, pids = used(), pool.pids()
    clock = seconds(work)
    assert pool.pids() == pids, "a worker was replaced meanwhile"
    return used() - before, clock


def ideally(pool: PdfPool, pages: list[str]) -> None:
    """Layout and nothing else: chunks side by side in two workers."""
    chunks = [pages[at:at + CHUNK] for at in range(0, len(pages), CHUNK)]
    with ThreadPoolExecutor(pool.size) as threads:
        list(threads.map(lambda some: pool.render(some, tagged=False), chunks))


@pytest.mark.slow
def test_a_batch_keeps_up_with_layout_alone_in_memory_that_does_not_grow(shop, pool):
    ids = orders(shop, SLIPS)
    draw = PrintPages(shop.works.ports["files"])
    with shop.works.reading(SYSTEM) as work:
        look = look_of(work.session.get(Company, 1))
        pages = [draw.slip(slip, look, with_prices=False)
                 for found in slips(work.session, ids).values() for slip in found]

    def batch(some: list[int]) -> None:
        told: list[tuple[int, int]] = []
        made = shop.printing.batch("slip", some, ANNA, "pl", lambda *beat: told.append(beat))
        assert made.printed == len(some)
        assert told == [(at, len(some)) for at in range(CHUNK, len(some) + 1, CHUNK)]

    batch(ids[:CHUNK * 2])
    before = memory_mb("self", "VmRSS")
    small = max(memory_mb(pid, "VmHWM") for pid in pool.pids())
    # Taken by turns, so that a neighbour's load falls on both.
    rounds = [(spent(pool, lambda: batch(ids)), spent(pool, lambda: ideally(pool, pages)))
              for _ in range(size(2, 1))]
    (real, wall), (ideal, quick) = (min(one) for one in zip(*rounds, strict=True))
    large = max(memory_mb(pid, "VmHWM") for pid in pool.pids())
    grown = memory_mb("self", "VmRSS") - before
    print(f"\n{SLIPS} slips: {1000 * real / SLIPS:.0f} ms of processor each, layout alone "
          f"{1000 * ideal / SLIPS:.0f}: {ideal / real:.2f} of its rate; on the clock "
          f"{SLIPS / wall:.1f} a second, {quick / wall:.2f}; peak of a worker {small:.0f} MB "
          f"after {CHUNK * 2}, {large:.0f} MB after all; this process grew by {grown:.0f} MB")
    assert real <= MOST_OVER_IDEAL * ideal
    assert wall <= MOST_ON_THE_CLOCK * quick
    assert large <= min(MOST_WORKER_MB, 1.25 * small)
    assert grown <= MOST_GROWTH_MB


def test_what_is_put_together_has_nothing_that_merging_reads_only_to_drop_it(pool):
    """Tags are most of what a part consists of: reading them took ten times as long as merging."""
    page = "<html lang=pl><title>x</title><h1>x</h1>" + "<table>" + "<tr><td>x<td>y" * 10
    tagged, plain = (pool.render([page] * CHUNK, tagged=one) for one in (True, False))
    assert objects_of(plain) * 5 < objects_of(tagged)
    assert objects_of(merge([tagged] * 2)) <= 2 * objects_of(plain)


def objects_of(pdf: bytes) -> int:
    return int(pypdf.PdfReader(io.BytesIO(pdf)).trailer["/Size"])


def test_statements_do_not_grow_with_the_orders_of_a_chunk(shop):
    ids = orders(shop, CHUNK + 2)
    few, many = ([*islice(ids, 2)], ids[2:])
    spent = []
    for some in (few, many):
        with counted(shop.engine) as found, shop.works.reading(SYSTEM) as work:
            assert len(slips(work.session, some)) == len(some)
        spent.append(len(found))
    assert spent[0] == spent[1] <= MOST_STATEMENTS
    with shop.works.reading(SYSTEM) as work:
        assert work.session.get(Order, ids[0]) is not None
