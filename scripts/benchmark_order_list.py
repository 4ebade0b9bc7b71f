"""Measure the order list: server time, statements and rows' work for everything it can be asked.

    OMS_BENCH_ORDERS=1000000 python -m tests.benchmarks.dataset sqlite:////tmp/big.sqlite3
    python scripts/benchmark_order_list.py /tmp/big.sqlite3
    python scripts/benchmark_order_list.py /tmp/big.sqlite3 --only sku --rounds 50
    python scripts/benchmark_order_list.py /tmp/big.sqlite3 --pairs 10

Requests go through the whole application, signed in, from entry to last byte, without a network.
Each round asks every question once, in an order of its own, so that no question finds the caches
as it left them. A line of the table holds all questions of a filter: the median and the 95th
percentile of all their answers, and the median of the question that is slowest.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "connectors")]

from oms_web.extensions import db  # noqa: E402
from oms_web.serving import application  # noqa: E402
from oms_web.settings import Settings  # noqa: E402
from oms_web.wiring import wire  # noqa: E402
from tests.benchmarks.asking import (  # noqa: E402
    Cost,
    Question,
    Questions,
    Took,
    cost,
    seconds,
    signed_in,
)
from tests.benchmarks.dataset import NOW  # noqa: E402

BAR_MS = 60


def p95(times: list[float]) -> float:
    """The 95th percentile, in milliseconds."""
    return 1000 * sorted(times)[min(len(times) - 1, int(len(times) * 0.95))]


def median(times: list[float]) -> float:
    """The median, in milliseconds."""
    return 1000 * statistics.median(times)


def arguments() -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path, help="a database made by tests.benchmarks.dataset")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", default="", help="only groups with this in their name")
    parser.add_argument("--pairs", type=int, default=0, metavar="N",
                        help="every Nth pair of filter values instead of the single ones")
    parser.add_argument("--slowest", type=int, default=12, help="how many addresses to list")
    return parser.parse_args()


def main() -> None:
    """Ask, measure, print."""
    asked = arguments()
    with tempfile.TemporaryDirectory() as folder:
        oms = wire(clock=lambda: NOW, settings=Settings(
            instance=Path(folder), database=f"sqlite:///{asked.file.resolve()}",
            secret_key="x" * 40, trusted_hosts=["localhost"]))
        app = application(oms)
        app.config["WTF_CSRF_ENABLED"] = False
        with app.test_request_context():
            questions = Questions(db.session)
            all_of_them = list(questions.pairs(asked.pairs)) if asked.pairs else [
                *questions.singles(), *questions.searches()]
        chosen = [one for one in all_of_them if asked.only in one.group]
        client = signed_in(app, oms)
        costs = {one: cost(client, oms.engine, one) for one in chosen}
        times: dict[Question, list[Took]] = defaultdict(list)
        for number in range(asked.rounds):
            random.Random(number).shuffle(chosen)
            for one in chosen:
                times[one].append(seconds(client, one))
    report(times, costs, asked.slowest)


def report(times: dict[Question, list[Took]], costs: dict[Question, Cost], slowest: int) -> None:
    """The table by groups, then the slowest addresses."""
    groups: dict[str, list[Question]] = defaultdict(list)
    for one in costs:
        groups[one.group].append(one)
    usual = {one: median([took.wall for took in times[one]]) for one in times}
    every = [took for one in times for took in times[one]]
    print(f"{len(every):,} answers; load of the machine {os.getloadavg()[0]:.1f}; all: "
          f"p50 {median([took.wall for took in every]):.0f} ms, "
          f"p95 {p95([took.wall for took in every]):.0f} ms, "
          f"of that CPU {p95([took.cpu for took in every]):.0f} ms\n")
    print("| asked | questions | p50 ms | p95 ms | of that CPU | slowest question, p50 "
          "| queries, most | thousand steps, most |\n|---|---|---|---|---|---|---|---|")
    for group, ones in groups.items():
        every = [took for one in ones for took in times[one]]
        wall = [took.wall for took in every]
        print(f"| {group} | {len(ones)} | {median(wall):.0f} | {p95(wall):.0f} "
              f"| {p95([took.cpu for took in every]):.0f} "
              f"| {max(usual[one] for one in ones):.0f} "
              f"| {max(costs[one].queries for one in ones)} "
              f"| {max(costs[one].steps for one in ones) // 1000} |")
    over = [one for one in times if usual[one] > BAR_MS]
    print(f"\n{len(over)} of {len(times)} questions over {BAR_MS} ms at p50. The slowest, "
          "and those with most work in the database:")
    listed = sorted(times, key=lambda one: -usual[one])[:slowest]
    listed += sorted(times, key=lambda one: -costs[one].steps)[:slowest]
    for one in dict.fromkeys(listed):
        print(f"{usual[one]:7.1f} ms, CPU {median([took.cpu for took in times[one]]):6.1f}, "
              f"{costs[one].queries:2} queries, {costs[one].steps / 1000:7.1f}k steps, "
              f"{costs[one].size // 1024:4} kB  {one.path}")


if __name__ == "__main__":
    main()
