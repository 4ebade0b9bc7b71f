"""Asking rules costs a bounded number of statements, however many rules and events there are."""

from __future__ import annotations

from oms_web.automation import running
from oms_web.core.actor import SYSTEM
from oms_web.domain.automation import rules
from oms_web.sync.intake import store_page
from tests import factories as make
from tests.benchmarks.counting import counted

PER_PAGE = 18
"""Statements that a page of events may take when no rule matches."""

BATCHES = 5
"""Statements more that twenty times the events may take: they are read and noted in batches."""


def asked(oms, account, start: int, events: int) -> int:
    """The statements of asking every rule about so many new orders."""
    orders = [make.order(f"A{n}", {"KUB": 1, "TAL": 2}) for n in range(start, start + events)]
    with oms.works.writing(SYSTEM) as work:
        store_page(work, account, orders)
    with counted(oms.engine) as found:
        running.run(oms.works, lambda done, total: None)
    return len(found)


def write_rules(oms, names, value="nobody@") -> None:
    with oms.works.writing(SYSTEM) as work:
        for name in names:
            rule = rules.create(work, {
                "name": name, "trigger": "came", "then": [["tag", {"tag": "x"}]],
                "when": {"all": [{"field": "buyer_email", "test": "contains", "value": value}]}})
            rules.switch(work, rule.id, "on")


def test_more_events_and_more_rules_cost_no_more_statements(both):
    account, _ = make.shop(both.works, {"KUB": 10_000, "TAL": 10_000})
    write_rules(both, ["first"])
    asked(both, account, 0, 5)
    few = asked(both, account, 100, 10)
    many = asked(both, account, 200, 200)
    write_rules(both, [f"rule {n}" for n in range(40)])
    with_rules = asked(both, account, 500, 200)
    assert many <= few + BATCHES
    assert with_rules <= many + 2
    assert few <= PER_PAGE


def test_the_count_would_see_a_statement_for_each_event(both):
    account, _ = make.shop(both.works, {"KUB": 10_000, "TAL": 10_000})
    write_rules(both, ["all"], value="@")
    few = asked(both, account, 0, 5)
    assert asked(both, account, 100, 30) > few + 25
