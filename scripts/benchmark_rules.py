"""Measure the rules: seconds to ask 100 of them about 10,000 events, on a database of its own.

    python scripts/benchmark_rules.py [EVENTS [RULES]]

Every rule listens to each of the events, so all of them are asked unless an earlier one ends it.
One order in a hundred is matched by one rule, which puts a tag on it: real shops have few that
match. Quote the median of several runs on a machine where nothing else runs.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "connectors")]

from sqlalchemy import delete, func, select  # noqa: E402

from oms_web.automation import running  # noqa: E402
from oms_web.core.actor import SYSTEM  # noqa: E402
from oms_web.domain.automation import rules  # noqa: E402
from oms_web.domain.automation.models import RuleCheck, RuleCursor, RuleRun  # noqa: E402
from oms_web.sync.intake import store_page  # noqa: E402
from oms_web.wiring import Oms  # noqa: E402
from scripts.benchmark_intake import PAGE, SKUS, an_order, shop  # noqa: E402
from tests import factories as make  # noqa: E402

ROUNDS = 3


def write_rules(oms: Oms, count: int) -> None:
    """Rules of two conditions each on the buyer, the goods, the money and the address; the last
    one matches every hundredth order.
    """
    asks = (
        lambda n: {"field": "buyer_email", "test": "contains", "value": f"nobody{n}@"},
        lambda n: {"field": "total", "test": "gt", "value": 100_000 + n},
        lambda n: {"field": "skus", "test": "any", "value": [f"NONE{n}"]},
        lambda n: {"field": "postcode", "test": "starts", "value": f"9{n:02d}"},
    )
    with oms.works.writing(SYSTEM) as work:
        for number in range(count):
            when = {"all": [{"field": "lines", "test": "ge", "value": 1},
                            asks[number % len(asks)](number)]}
            if number == count - 1:
                when = {"all": [{"field": "buyer_email", "test": "ends",
                                 "value": "00@example.test"}]}
            rule = rules.create(work, {"name": f"Rule {number}", "trigger": "came", "when": when,
                                       "then": [["tag", {"tag": "hundredth"}]]})
            rules.switch(work, rule.id, "on")


def forget(oms: Oms) -> None:
    """Let the rules hear of everything again."""
    with oms.works.writing(SYSTEM) as work:
        for table in (RuleCheck, RuleRun, RuleCursor):
            work.session.execute(delete(table))


def main(events: int = 10_000, count: int = 100) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        oms = shop(Path(folder))
        account, _ = make.shop(oms.works, dict.fromkeys(SKUS, 100_000_000))
        write_rules(oms, count)
        for start in range(0, events, PAGE):
            with oms.works.writing(SYSTEM) as work:
                store_page(work, account, [an_order(n) for n in range(start, start + PAGE)])
        clock, processor = [], []
        for _ in range(ROUNDS):
            forget(oms)
            begun, spent = time.perf_counter(), time.process_time()
            running.run(oms.works, lambda done, total: None)
            clock.append(time.perf_counter() - begun)
            processor.append(time.process_time() - spent)
            with oms.works.reading(SYSTEM) as work:
                asked = work.session.scalar(select(func.count()).select_from(RuleCheck))
                acted = work.session.scalar(select(func.count()).select_from(RuleRun))
            print(f"{events} events x {count} rules: {clock[-1]:.2f} s "
                  f"({processor[-1]:.2f} s of processor); {asked} asked about, {acted} acted on")
        print(f"median {statistics.median(clock):.2f} s, processor "
              f"{statistics.median(processor):.2f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
