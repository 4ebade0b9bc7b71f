"""The first screen, cards and the palette: a bounded number of statements, the database's work
bounded too, in a shop where every room is in use. The times at a million are in docs/benchmarks.md.
"""

from __future__ import annotations

import pytest

from oms_web.extensions import db
from oms_web.web import order_hangs
from oms_web.wiring import wire
from tests.benchmarks import dataset
from tests.benchmarks.asking import Question, Questions, cost, signed_in
from tests.benchmarks.dataset import NOW
from tests.conftest import settings_for

ORDERS = 700
MOST_STATEMENTS = {"home": 38, "card": 34, "palette": 17, "sheet of filters": 16,
                   "counts of views": 12, "what is new": 4}
MOST_STEPS = 20_000
"""To look once at the rows of seven hundred orders takes 10,000, at what hangs on them as many."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A shop with labels, letters, fees and cases."""
    folder = tmp_path_factory.mktemp("whole")
    oms = wire(clock=lambda: NOW,
               settings=settings_for(f"sqlite:///{folder / 'oms.sqlite3'}", folder))
    dataset.fill(oms.engine, ORDERS, whole=True)
    yield oms
    oms.engine.dispose()


@pytest.fixture
def client(app, shop):
    app.extensions["oms"] = shop
    db._app_engines[app] = {None: shop.engine}
    return signed_in(app, shop)


@pytest.fixture
def asked(app, client) -> list[Question]:
    """Every screen once, of the cards of a kind the newest and two more."""
    with app.test_request_context():
        found = list(Questions(db.session).screens())
    kinds = [one.group for one in found]
    return [one for n, one in enumerate(found)
            if not one.group.startswith("card") or kinds[:n].count(one.group) < 3]


def test_screens_take_few_statements_and_little_work(client, shop, asked):
    assert {one.group for one in asked} >= {
        "home", "palette", "card: pick", "card: done", "card: with a case", "card: many lines"}
    for one in asked:
        one.ask(client)  # what is kept for some seconds
        spent = cost(client, shop.engine, one)
        assert spent.queries <= MOST_STATEMENTS[one.group.partition(":")[0]], (one, spent)
        assert spent.steps <= MOST_STEPS, (one, spent)


def test_a_card_asks_only_for_what_hangs_on_its_order(client, shop, asked, monkeypatch):
    bare = next(one for one in asked if one.group == "card: cancelled")
    few = cost(client, shop.engine, bare).queries
    monkeypatch.setattr(order_hangs, "hangs_on", lambda *_: frozenset(order_hangs.TABLES))
    monkeypatch.setattr("oms_web.web.order_facts.hangs_on", order_hangs.hangs_on)
    assert cost(client, shop.engine, bare).queries >= few + 10  # the control: asks for all of it
