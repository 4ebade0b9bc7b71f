"""Asking a channel again for what could not be read."""

from __future__ import annotations

import pytest
from oms_connector import Connector, Unreadable
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.core.claims import Task
from oms_web.core.errors import NotAllowedNow
from oms_web.domain.orders.models import Order
from oms_web.sync import quarantine, retry
from oms_web.sync.intake import KIND
from oms_web.sync.models import Quarantine
from tests import factories
from tests.conftest import TESTER
from tests.sync.channel import Channel, connect, engine


@pytest.fixture
def shown() -> dict:
    """What the channel shows of single orders: number -> order, or something unreadable."""
    return {}


@pytest.fixture
def account(oms, shown):
    """An account of a channel that gives single orders, with sixty it once sent in pieces."""
    channel = Channel()
    made = channel.connector()

    class Fetching(made):
        asked: list[list[str]] = []

        def fetch_orders(self, refs):
            self.asked.append(list(refs))
            return [shown.get(ref) for ref in refs]

    channel.connector = lambda: Fetching
    found = connect(oms, channel)
    factories.shop(oms.works, {"A": 500})
    with oms.works.writing(SYSTEM) as work:
        for n in range(60):
            quarantine.put(work, found.id, KIND, f"X-{n}", f"{{broken {n}", "no price")
    return found, Fetching


def states(oms) -> dict[str, str]:
    with oms.works.reading(SYSTEM) as work:
        return dict(work.session.execute(select(Quarantine.external_id, Quarantine.state)).all())


def test_what_can_be_read_now_is_stored_and_the_rest_waits_on(oms, account, shown):
    found, connector = account
    shown.update({f"X-{n}": factories.order(f"X-{n}", {"A": 1}) for n in range(0, 60, 2)})
    shown["X-1"] = Unreadable("X-1", "{worse", "no currency")
    seen: list[int] = []
    pulled = retry.retry(engine(oms), found.id, lambda done, _total: seen.append(done))
    assert (pulled.added, pulled.quarantined) == (30, 30)
    after = states(oms)
    assert {n for n, state in after.items() if state == "solved"} == {
        f"X-{n}" for n in range(0, 60, 2)}
    assert [len(batch) for batch in connector.asked] == [50, 10]
    assert seen[-1] == 60
    with oms.works.reading(SYSTEM) as work:
        assert len(work.session.scalars(select(Order.id)).all()) == 30
        rows = {row.external_id: row for row in work.session.scalars(select(Quarantine))}
    assert (rows["X-1"].raw, rows["X-1"].reason) == ("{worse", "no currency")
    # Nothing that was kept is lost when the channel forgets the order.
    assert (rows["X-3"].raw, rows["X-3"].reason) == ("{broken 3", retry.GONE)
    assert rows["X-3"].attempts == 2


def test_what_somebody_set_aside_is_not_asked_for(oms, account):
    found, connector = account
    with oms.works.writing(TESTER) as work:
        for row in work.session.scalars(select(Quarantine).where(Quarantine.id > 2)):
            assert quarantine.drop(work, row.id, "a test order")
            assert not quarantine.drop(work, row.id, "again")
    retry.retry(engine(oms), found.id, lambda _done, _total: None)
    assert connector.asked == [["X-0", "X-1"]]


def test_a_channel_that_gives_no_single_orders_says_so(oms):
    found = connect(oms, Channel())
    oms.registry.connectors["fake"] = type("Bare", (Connector,), {
        "manifest": oms.registry.connectors["fake"].manifest})
    with pytest.raises(NotAllowedNow, match="single orders"):
        retry.retry(engine(oms), found.id, lambda _done, _total: None)


def test_asking_twice_queues_one_try(oms, account):
    found, _ = account
    with oms.works.writing(TESTER) as work:
        assert retry.ask(work, found.id)
        assert not retry.ask(work, found.id)
        assert [task.kind for task in work.session.scalars(select(Task))] == [retry.TASK]
