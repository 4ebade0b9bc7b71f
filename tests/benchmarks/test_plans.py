"""On PostgreSQL too the screens look at few rows: no statement wades through whole tables.

PostgreSQL plans by statistics, so what it would do with large tables is asked of small ones by
switching off what it does with small ones only.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, text

from oms_web.domain.orders.models import Order
from oms_web.domain.returns.models import Return
from oms_web.serving import application
from oms_web.wiring import wire
from tests.benchmarks import dataset
from tests.benchmarks.asking import signed_in
from tests.conftest import settings_for

ORDERS = 1200
ENOUGH = 400
"""Rows that one statement may look at and leave aside; the tables have as many as orders and more.
"""
BOUNDED = ("ORDER BY shipment.id DESC LIMIT",)
"""What looks at so many rows on purpose, and at no more in a large shop."""
ADDRESSES = (
    "/", "/orders?queue=open&sort=ship", "/orders?queue=open&to=2025-10-20&sort=ship",
    "/orders?queue=all&ship=none&sort=newest", "/shipments?q=1900", "/orders/{open}",
    "/orders/{sent}", "/orders/{case}",
)


@pytest.fixture
def shop(make_database, tmp_path):
    """A shop with all that hangs on its orders, and somebody who is signed in."""
    oms = wire(clock=lambda: dataset.NOW,
               settings=settings_for(make_database("postgresql"), tmp_path))
    dataset.fill(oms.engine, ORDERS, whole=True)
    app = application(oms)
    app.config["WTF_CSRF_ENABLED"] = False
    yield oms, signed_in(app, oms)
    oms.engine.dispose()


def left_aside(plan: dict[str, Any]) -> int:
    """The rows that a plan read and dropped."""
    own = sum(value for name, value in plan.items() if name.startswith("Rows Removed by"))
    return int(own * plan["Actual Loops"]) + sum(map(left_aside, plan.get("Plans", ())))


def wading(engine: Engine, ask: Any) -> dict[str, int]:
    """The statements of an answer that leave too many rows aside, and how many."""
    asked: dict[str, Any] = {}

    def note(_conn, _cursor, statement, parameters, _context, _many) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            asked[statement] = parameters

    event.listen(engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    found = {}
    with engine.connect() as connection:
        connection.execute(text("SET enable_seqscan = off"))
        for statement, parameters in asked.items():
            if any(bound in " ".join(statement.split()) for bound in BOUNDED):
                continue
            (told,) = connection.exec_driver_sql(
                f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).scalar_one()
            if (rows := left_aside(told["Plan"])) > ENOUGH:
                found[" ".join(statement.split())] = rows
    return found


def test_no_statement_wades_through_a_table(shop):
    oms, client = shop
    with oms.engine.connect() as connection:
        named = {name: connection.scalar(query.order_by(Order.id.desc()).limit(1))
                 for name, query in (
                     ("open", select(Order.id).where(Order.phase == "open")),
                     ("sent", select(Order.id).where(Order.phase == "done")),
                     ("case", select(Order.id).join(Return, Return.order_id == Order.id)))}

    def ask(path: str) -> None:
        assert client.get(path).status_code == 200

    found = {path: wading(oms.engine, partial(ask, path))
             for path in (address.format(**named) for address in ADDRESSES)}
    assert {path: seen for path, seen in found.items() if seen} == {}

    def wade() -> None:  # the control
        with oms.engine.connect() as connection:
            connection.execute(select(Order.id).where(Order.buyer_note == "nothing")).all()

    assert wading(oms.engine, wade)
