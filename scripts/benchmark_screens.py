"""Measure the screens of a large shop: server time, statements, the database's work, weight.

    OMS_BENCH_ORDERS=1000000 python -m tests.benchmarks.dataset sqlite:////tmp/big.sqlite3
    python scripts/benchmark_screens.py sqlite:////tmp/big.sqlite3
    python scripts/benchmark_screens.py sqlite:////tmp/big.sqlite3 --only card --users 2
    python scripts/benchmark_screens.py sqlite:////tmp/big.sqlite3 --pairs 10
    python scripts/benchmark_screens.py sqlite:////tmp/big.sqlite3 --bulk 300

Everything the order list can be asked, cards of every kind, the first screen, the palette, the
counts of views; then a change of many orders, and what the list takes meanwhile. Requests go
through the whole application, signed in, from entry to last byte, without a network. A line of the
table has at least two hundred answers, in an order of their own, so that no question finds caches
as it left them. ``--users``: so many people ask at once, in one process as the server is.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from flask import Flask
from sqlalchemy import select

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "connectors")]

from oms_web.automation import batches  # noqa: E402
from oms_web.core.actor import SYSTEM  # noqa: E402
from oms_web.domain.orders.models import Order  # noqa: E402
from oms_web.extensions import db  # noqa: E402
from oms_web.serving import application  # noqa: E402
from oms_web.settings import Settings  # noqa: E402
from oms_web.wiring import Oms, wire  # noqa: E402
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

BARS_MS = {"card": 100}
BAR_MS = 60


def p95(times: Iterable[float]) -> float:
    """The 95th percentile, in milliseconds."""
    ordered = sorted(times)
    return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


def median(times: Iterable[float]) -> float:
    """The median, in milliseconds."""
    return 1000 * statistics.median(times)


def bar(group: str) -> int:
    """Milliseconds that 95 of 100 answers of a group may take."""
    return BARS_MS.get(group.partition(":")[0], BAR_MS)


def arguments() -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("database", help="the address of one made by tests.benchmarks.dataset")
    parser.add_argument("--only", default="", help="only groups with this in their name")
    parser.add_argument("--users", type=int, default=1, help="how many ask at the same time")
    parser.add_argument("--answers", type=int, default=200, help="how many a line has at least")
    parser.add_argument("--every", type=int, default=1, metavar="N",
                        help="every Nth question of the list, where there is little time")
    parser.add_argument("--pairs", type=int, default=0, metavar="N",
                        help="every Nth pair of filter values instead of all else")
    parser.add_argument("--bulk", type=int, default=0, metavar="N",
                        help="change N orders and take it back, instead of all else")
    parser.add_argument("--slowest", type=int, default=12, help="how many addresses to list")
    return parser.parse_args()


def main() -> None:
    """Ask, measure, print."""
    asked = arguments()
    with tempfile.TemporaryDirectory() as folder:
        oms = wire(clock=lambda: NOW, settings=Settings(
            instance=Path(folder), database=asked.database, secret_key="x" * 40,
            trusted_hosts=["localhost"]))
        app = application(oms)
        app.config["WTF_CSRF_ENABLED"] = False
        if asked.bulk:
            print(bulk(app, oms, asked.bulk))
            return
        chosen = [one for one in questions(app, asked.pairs, asked.every)
                  if asked.only in one.group]
        client = signed_in(app, oms)
        for one in chosen:  # once to warm up
            seconds(client, one)
        costs = {one: cost(client, oms.engine, one) for one in chosen}
        report(ask(app, oms, chosen, asked.users, asked.answers), costs, asked.slowest)


def questions(app: Flask, pairs: int, every: int) -> list[Question]:
    """What is asked."""
    with app.test_request_context():
        found = Questions(db.session)
        if pairs:
            return list(found.pairs(pairs))
        listed = [*found.singles(), *found.searches()]
        return [*listed[::every], *found.screens()]


def ask(app: Flask, oms: Oms, chosen: Sequence[Question], users: int, enough: int
        ) -> dict[Question, list[Took]]:
    """The answers to each question: those of a group are at least ``enough`` in all."""
    sizes: dict[str, int] = defaultdict(int)
    for one in chosen:
        sizes[one.group] += 1
    order = [one for one in chosen for _ in range(-(-enough // sizes[one.group]))]
    random.Random(7).shuffle(order)
    times: dict[Question, list[Took]] = defaultdict(list)

    def one_user(number: int) -> None:
        client = signed_in(app, oms)
        for one in order[number::users]:
            times[one].append(seconds(client, one))

    people = [threading.Thread(target=one_user, args=(number,)) for number in range(users)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    return times


def bulk(app: Flask, oms: Oms, many: int) -> str:
    """Tag the newest open orders as a worker does, take it back, and look at the list meanwhile."""
    with oms.works.reading(SYSTEM) as work:
        ids = work.session.scalars(
            select(Order.id).where(Order.queue == "pick").order_by(Order.id.desc()).limit(many)
        ).all()
    client = signed_in(app, oms)
    begun = time.perf_counter()
    answer = client.post("/orders/bulk/tag", data={
        "order": ids, "tag.tag": "hurt", "back": "/orders"})
    told = time.perf_counter() - begun
    assert answer.status_code == 303, answer.get_data(as_text=True)[:300]
    with oms.works.reading(SYSTEM) as work:
        batch = work.session.scalars(
            select(batches.Batch.id).order_by(batches.Batch.id.desc()).limit(1)).one()
    said = [f"{len(ids)} orders: the press was answered in {1000 * told:.0f} ms"]
    for name in ("done", "taken back"):
        if name != "done":
            with oms.works.writing(SYSTEM) as work:
                batch = batches.undo(work, batch).id
        worker = threading.Thread(target=batches.run, args=(oms.works, batch, lambda *_: None))
        lists: list[float] = []
        bands: list[float] = []
        begun = time.perf_counter()
        worker.start()
        while worker.is_alive():
            lists.append(seconds(client, Question("", (("queue", "open"),))).wall)
            bands.append(seconds(client, Question(
                "", (("back", "/orders"),), address=f"/changes/{batch}", is_part=True)).wall)
        worker.join()
        took = time.perf_counter() - begun
        said.append(f"{name} after {took:.2f} s; meanwhile {len(lists)} looks at the list, "
                    f"p95 {p95(lists):.0f} ms, and at the band, p95 {p95(bands):.0f} ms")
    return "\n".join(said)


def report(times: dict[Question, list[Took]], costs: dict[Question, Cost], slowest: int) -> None:
    """The table by groups, then the slowest addresses."""
    groups: dict[str, list[Question]] = defaultdict(list)
    for one in costs:
        groups[one.group].append(one)
    usual = {one: median(took.wall for took in times[one]) for one in times}
    every = [took for one in times for took in times[one]]
    print(f"{len(every):,} answers; load of the machine {os.getloadavg()[0]:.1f}; all: "
          f"p50 {median(took.wall for took in every):.0f} ms, "
          f"p95 {p95(took.wall for took in every):.0f} ms, "
          f"of that CPU {p95(took.cpu for took in every):.0f} ms\n")
    print("| asked | questions | answers | p50 ms | p95 ms | of that CPU | slowest question, p50 "
          "| statements, most | thousand steps, most | kB, gzip, most |\n"
          "|---|---|---|---|---|---|---|---|---|---|")
    for group, ones in groups.items():
        every = [took for one in ones for took in times[one]]
        wall = p95(took.wall for took in every)
        print(f"| {group} | {len(ones)} | {len(every)} | {median(took.wall for took in every):.0f} "
              f"| {wall:.0f}{' !' if wall > bar(group) else ''} "
              f"| {p95(took.cpu for took in every):.0f} "
              f"| {max(usual[one] for one in ones):.0f} "
              f"| {max(costs[one].queries for one in ones)} "
              f"| {max(costs[one].steps for one in ones) // 1000} "
              f"| {max(costs[one].packed for one in ones) / 1024:.0f} |")
    over = [one for one in times if usual[one] > bar(one.group)]
    print(f"\n{len(over)} of {len(times)} questions over their bar at p50. The slowest, "
          "and those with most work in the database:")
    listed = sorted(times, key=lambda one: -usual[one])[:slowest]
    listed += sorted(times, key=lambda one: -costs[one].steps)[:slowest]
    for one in dict.fromkeys(listed):
        print(f"{usual[one]:7.1f} ms, CPU {median(took.cpu for took in times[one]):6.1f}, "
              f"{costs[one].queries:2} queries, {costs[one].steps / 1000:7.1f}k steps, "
              f"{costs[one].size // 1024:4} kB  {one.path}")


if __name__ == "__main__":
    main()
