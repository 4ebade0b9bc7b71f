"""A batch of packing slips: as fast as the engine itself allows, in memory that does not grow.

    OMS_WHOLE=1 .venv/bin/python -m pytest tests/benchmarks/test_pdf.py -s

The bars are ratios and counts, so they hold on a slow or busy machine: the same HTML is laid out
by two bare workers on the same machine at the same time of day. Seconds are printed, not judged.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pytest

from oms_web.adapters.pdf import PdfPool, merge
from oms_web.adapters.print_pages import CSS, FONTS, PrintPages
from oms_web.adapters.printing import CHUNK, look_of
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
"""Reading, drawing and merging may cost this much beside pure layout: four fifths of its rate."""
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


def ideally(pool: PdfPool, pages: list[str]) -> None:
    """Layout and nothing else: chunks side by side in two workers."""
    chunks = [pages[at:at + CHUNK] for at in range(0, len(pages), CHUNK)]
    with ThreadPoolExecutor(pool.size) as threads:
        list(threads.map(lambda some: pool.render(some, tagged=False), chunks))


@pytest.mark.slow
def test_a_batch_is_nearly_as_fast_as_layout_alone(shop, pool):
    ids = orders(shop, SLIPS)
    draw = PrintPages(shop.works.ports["files"])
    with shop.works.reading(SYSTEM) as work:
        look = look_of(work.session.get(Company, 1))
        pages = [draw.slip(slip, look, with_prices=False)
                 for found in slips(work.session, ids).values() for slip in found]

    def batch() -> None:
        told: list[tuple[int, int]] = []
        made = shop.printing.batch("slip", ids, ANNA, "pl", lambda *beat: told.append(beat))
        assert made.printed == SLIPS
        assert told == [(min(at, SLIPS), SLIPS) for at in range(CHUNK, SLIPS + CHUNK, CHUNK)]

    # Taken by turns, so that a neighbour's load falls on both.
    rounds = [(seconds(lambda: ideally(pool, pages)), seconds(batch)) for _ in range(2)]
    ideal, real = (min(times) for times in zip(*rounds, strict=True))
    print(f"\n{SLIPS} slips: {SLIPS / real:.1f} documents/s, {1000 * real / SLIPS:.0f} ms each; "
          f"layout alone {1000 * ideal / SLIPS:.0f} ms each; ratio {real / ideal:.2f}")
    assert real <= MOST_OVER_IDEAL * ideal


def test_what_is_put_together_is_small_and_quickly_so(pool):
    """Parts have no tags, which merging would read and drop: it took ten times as long."""
    page = "<html lang=pl><title>x</title><h1>x</h1>" + "<table>" + "<tr><td>x<td>y" * 40
    tagged, plain = ([pool.render([page] * CHUNK, tagged=one)] * 8 for one in (True, False))
    long, short = (min(seconds(lambda some=some: merge(some)) for _ in range(3))
                   for some in (tagged, plain))
    assert short * 2 < long
    assert len(merge(plain)) <= len(merge(tagged))
    assert b"/StructTreeRoot" not in merge(tagged)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_batch(shop, pool):
    ids = orders(shop, SLIPS)
    before = memory_mb("self", "VmRSS")
    shop.printing.batch("slip", ids[:CHUNK * 2], ANNA, "pl", lambda *_: None)
    small = [memory_mb(pid, "VmHWM") for pid in pool.pids()]
    shop.printing.batch("slip", ids, ANNA, "pl", lambda *_: None)
    large = [memory_mb(pid, "VmHWM") for pid in pool.pids()]
    grown = memory_mb("self", "VmRSS") - before
    print(f"\npeak of a worker: {max(small):.0f} MB after {CHUNK * 2}, {max(large):.0f} MB after "
          f"{SLIPS} slips; this process grew by {grown:.0f} MB")
    assert max(large) <= MOST_WORKER_MB
    assert max(large) <= 1.25 * max(small)
    assert grown <= MOST_GROWTH_MB


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
