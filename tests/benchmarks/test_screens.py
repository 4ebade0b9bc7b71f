"""The first screen, cards and the palette: a bounded number of statements, the database's work
bounded too, in a shop where every room is in use. The times at a million are in docs/benchmarks.md.
"""

from __future__ import annotations

import pytest
from sqlalchemy import event, exists, select

from oms_web.domain.fulfilment import queries as picking
from oms_web.domain.orders.models import Order, OrderLine
from oms_web.domain.stock.models import Location, Reservation
from oms_web.extensions import db
from oms_web.web import order_hangs
from oms_web.wiring import wire
from tests.benchmarks import dataset
from tests.benchmarks.asking import Question, Questions, cost, signed_in
from tests.benchmarks.dataset import NOW
from tests.conftest import settings_for

ORDERS = 2_000
MOST = {"home": (38, 30_000), "card": (36, 8_000), "palette": (20, 90_000),
        "sheet of filters": (10, 4_000), "counts of views": (8, 4_000), "what is new": (4, 4_000)}
"""Statements, and steps of SQLite's virtual machine: to look at each of two thousand orders takes
30,000, at what hangs on them as many again. The palette looks among names, which are in many."""


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
        statements, steps = MOST[one.group.partition(":")[0]]
        assert spent.queries <= statements, (one, spent)
        assert spent.steps <= steps, (one, spent)


def test_a_card_asks_only_for_what_hangs_on_its_order(client, shop, asked, monkeypatch):
    bare = next(one for one in asked if one.group == "card: cancelled")
    few = cost(client, shop.engine, bare).queries
    monkeypatch.setattr(order_hangs, "hangs_on", lambda *_: frozenset(order_hangs.TABLES))
    monkeypatch.setattr("oms_web.web.order_facts.hangs_on", order_hangs.hangs_on)
    assert cost(client, shop.engine, bare).queries >= few + 10  # the control: asks for all of it


# Tables that grow as long as a shop sells: no screen that is looked at all day may read all of one.
HISTORY = {
    "sales_order", "order_line", "order_key", "parcel", "shipment", "label_booking", "message",
    "settlement", "document", "rule_check", "rule_run", "audit_entry", "payment", "return_case",
    "return_line", "return_clock", "reservation", "channel_order", "channel_notice", "order_note",
    "order_finding",
}
WALKED = {"shipment"}
"""The first screen walks back from the newest as far as a day's work goes (``home.WALK``)."""
ALL_DAY = ("/", "/orders", "/picking", "/packing", "/labels", "/shipments?view=quiet", "/returns")


def scanned(client, engine, path: str) -> set[str]:
    """The tables of which a page reads every row, by SQLite's own word."""
    asked: list[tuple[str, object]] = []

    def note(_conn, _cursor, statement, parameters, _context, _many) -> None:
        asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        assert client.get(path).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", note)
    found = set()
    with engine.connect() as connection:
        for statement, parameters in asked:
            if statement.startswith("SELECT"):
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                found |= {row[3].split()[1] for row in plan
                          if (row[3].startswith("SCAN") and " USING " not in row[3])
                          or row[3].endswith("(demand_kind=?)")}  # all promises are of one kind
    return found & HISTORY


@pytest.mark.parametrize("path", ALL_DAY)
def test_no_screen_of_the_day_reads_all_of_the_history(client, shop, path):
    assert scanned(client, shop.engine, path) <= WALKED


def test_a_condition_in_other_words_than_its_index_would_be_caught(client, shop, monkeypatch):
    monkeypatch.setattr("oms_web.web.inbox_doubts.WRONG_NOTICE",
                        "state IN ('unknown', 'retry', 'failed')")
    assert "channel_notice" in scanned(client, shop.engine, "/")


def test_what_is_ready_to_pick_is_not_looked_for_among_all_promises(client, shop, monkeypatch):
    assert "reservation" not in scanned(client, shop.engine, "/picking")
    monkeypatch.setattr(picking, "promised_from", _among_all)
    shop.engine.clear_compiled_cache()
    assert "reservation" in scanned(client, shop.engine, "/picking")  # the control


def _among_all(warehouse_ids: list[int]):
    """The same condition as a join, which SQLite begins at the promises."""
    return exists(
        select(Reservation.id).join(OrderLine, OrderLine.id == Reservation.demand_id)
        .join(Location, Location.id == Reservation.location_id)
        .where(Reservation.demand_kind == "order_line", OrderLine.order_id == Order.id,
               Location.warehouse_id.in_(warehouse_ids)))
