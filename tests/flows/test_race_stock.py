"""The same unit is never sold twice (reliability bar 1), and the test would notice if it were."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select, text

from oms_web.core.actor import SYSTEM
from oms_web.core.errors import ShortStock
from oms_web.domain.orders.models import Order
from oms_web.domain.stock import service as stock
from oms_web.domain.stock.allocation import Take
from oms_web.domain.stock.models import Balance, Reservation
from oms_web.inspection import ledgers
from tests import factories as make
from tests.flows.racers import race
from tests.sizes import size

UNITS = size(120, 500)
PROCESSES, TRIES = size(2, 4), size(45, 100)  # of four threads each: 1,600 tries in whole


def sold_and_promised(oms):
    with oms.works.reading(SYSTEM) as work:
        return (
            work.session.scalar(select(func.coalesce(func.sum(Reservation.quantity), 0))),
            work.session.scalar(select(Balance.reserved)),
        )


@pytest.mark.slow
def test_three_times_as_many_buyers_as_units_get_exactly_the_units(both, tmp_path):
    make.shop(both.works, {"LAST": UNITS})
    with both.works.writing(SYSTEM) as work:
        accounts = [make.account(work, f"Shop {n}").id for n in range(PROCESSES)]
    url = both.engine.url.render_as_string(hide_password=False)
    both.engine.dispose()  # no racer inherits a connection
    errors = race(url, tmp_path, accounts, TRIES, "guarded")
    assert errors == 0
    assert sold_and_promised(both) == (UNITS, UNITS)
    with both.works.reading(SYSTEM) as work:
        queues = dict(work.session.execute(
            select(Order.queue, func.count()).group_by(Order.queue)).all())
        assert queues == {"pick": UNITS, "short": PROCESSES * 4 * TRIES - UNITS}
        assert ledgers.check(work.session) == []


@pytest.mark.slow
def test_the_control_without_guards_oversells(both, tmp_path):
    account, _ = make.shop(both.works, {"LAST": 60})
    if both.engine.dialect.name == "postgresql":
        with both.engine.begin() as connection:
            connection.execute(text("ALTER TABLE balance DROP CONSTRAINT "
                                    "ck_balance_promised_is_there"))
    url = both.engine.url.render_as_string(hide_password=False)
    both.engine.dispose()  # no racer inherits a connection
    race(url, tmp_path, [account.id] * PROCESSES, size(40, 50), "naive")
    _, promised = sold_and_promised(both)
    assert promised > 60


def test_two_that_both_saw_the_last_unit_cannot_both_take_it(both):
    """The forced interleaving: both look, then both take. The second is refused."""
    _, ids = make.shop(both.works, {"LAST": 1})
    with both.works.reading(SYSTEM) as work:
        place = work.session.scalars(select(Balance.location_id)).one()
    first_took = threading.Event()
    outcomes = {}

    def first():
        with both.works.writing(SYSTEM) as work:
            stock.reserve(work, "test", [Take(1, ids["LAST"], place, 1)])
        first_took.set()

    def second():
        first_took.wait(10)
        try:
            with both.works.writing(SYSTEM) as work:
                stock.reserve(work, "test", [Take(2, ids["LAST"], place, 1)])
            outcomes["second"] = "took"
        except ShortStock:
            outcomes["second"] = "refused"

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == {"second": "refused"}
    assert sold_and_promised(both) == (1, 1)
