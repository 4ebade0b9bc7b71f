"""A bulk change costs few statements for each order, whatever it is that is done to them."""

from __future__ import annotations

import pytest

from oms_web.automation import batches
from oms_web.core.actor import SYSTEM
from oms_web.domain.orders import labels
from oms_web.sync.intake import store_page
from tests import factories as make
from tests.benchmarks.counting import counted

FEW, MANY = 4, 29
PER_ORDER = {"note": 5, "tag": 7, "weight": 6, "status": 10, "hold": 12, "release": 11,
             "delivery": 16, "cancel": 42}
"""Statements one more order may take; two of them are its savepoint."""
VALUES = {"note": {"text": "uwaga"}, "tag": {"tag": "hurt"}, "weight": {"grams": 200},
          "hold": {"reason": "sprawdzić"}, "delivery": {"carrier": "dpd"},
          "cancel": {"reason": "koniec"}}


@pytest.fixture
def orders(oms, monkeypatch):
    monkeypatch.setattr(batches, "NO_LONGER", 600)  # a slow machine counts as a fast one
    account, _ = make.shop(oms.works, {"KUB": 10_000})
    with oms.works.writing(SYSTEM) as work:
        return store_page(work, account, [
            make.order(f"A{n}", {"KUB": 1}) for n in range(FEW + MANY)]).order_ids


def statements(oms, key, values, ids) -> int:
    with oms.works.writing(SYSTEM) as work:
        batch = batches.start(work, key, values, ids).id
    with counted(oms.engine) as found:
        ended = batches.run(oms.works, batch, lambda done, total: None)
    assert ended == {"changed": len(ids)}
    return len(found)


def per_order(oms, key, values, ids) -> float:
    few = statements(oms, key, values, ids[:FEW])
    return (statements(oms, key, values, ids[FEW:]) - few) / (MANY - FEW)


@pytest.mark.parametrize("key", PER_ORDER)
def test_an_order_of_a_bulk_change_costs_few_statements(oms, orders, key):
    values = VALUES.get(key, {})
    if key == "status":
        with oms.works.writing(SYSTEM) as work:
            values = {"status": labels.create_status(work, {
                "name": "Hurt", "phase": "open", "color": "#112233"}).id}
    if key == "release":
        statements(oms, "hold", VALUES["hold"], orders)
    assert per_order(oms, key, values, orders) <= PER_ORDER[key]


def test_the_control_in_a_transaction_each_takes_more(oms, orders, monkeypatch):
    monkeypatch.setattr(batches, "AT_ONCE", 1)
    assert per_order(oms, "tag", VALUES["tag"], orders) > PER_ORDER["tag"] + 2
