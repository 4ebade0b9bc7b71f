"""Connectors in processes of their own work as before, and their mistakes are shown."""

from __future__ import annotations

import logging
import os
import signal
import time
from dataclasses import replace

import httpx2
import pytest
from oms_connector import (
    AccessRefused,
    ChannelDown,
    Conflict,
    Connector,
    HearsWebhooks,
    ListsOffers,
    Page,
    PullsOrders,
    PushesShipments,
    PushesStock,
    RateLimited,
    RefreshesTokens,
    Ring,
    StockItem,
    VerifiesAccess,
    WebhookRefused,
)
from sqlalchemy import select

from oms_web.core.actor import SYSTEM
from oms_web.domain.channels.models import ChannelAccount
from oms_web.sync import tokens
from oms_web.sync.isolation import remote
from oms_web.sync.isolation.child import Child, ConnectorFault, Limits
from oms_web.sync.isolation.children import Children, can_isolate
from oms_web.sync.models import Feed
from oms_web.sync.pull import pull
from oms_web.sync.session import Engine, connected
from tests.sync import evil
from tests.sync.isolated import (
    LIMITS,
    Shop,
    account_of,
    engine_of,
    is_gone,
    lending,
    told,
)


@pytest.fixture
def shop():
    return Shop()


@pytest.fixture
def children(oms):
    with lending(oms) as made:
        yield made


@pytest.fixture
def engine(oms, shop, children):
    return engine_of(oms, shop)


# At work

def test_a_connector_works_in_its_process_as_in_ours(engine, shop):
    account_id = account_of(engine, evil.Good)
    items = [StockItem("o1", "S1", 4, 1, "k1"), StockItem("o2", "S2", 0, 1, "k2")]
    found = []
    for isolate in (True, False):
        with connected(Engine(engine.works, engine.registry, isolate), account_id) as (_, one):
            assert (int(one.verify()) == os.getpid()) is not isolate
            found.append((one.pull_orders({"at": 7}, 100), one.push_stock(items)))
    assert found[0] == found[1]
    assert isinstance(found[0][0], Page)
    assert found[0][0].items[0] == evil.order(7)
    paths = [(request.method, str(request.url), request.headers.get("authorization"),
              request.headers.get("content-type"), request.content) for request in shop.asked]
    assert paths[:2] == paths[2:]
    assert paths[0][1] == "https://shop.example/orders?from=7&a=1&a=2"
    assert paths[1][3:] == ("application/json", b"[4,0]")


def test_a_stand_in_can_what_its_connector_can(engine):
    with connected(engine, account_of(engine, evil.Good)) as (_, one):
        assert not isinstance(one, Connector)
        for able in (PullsOrders, PushesStock, VerifiesAccess, RefreshesTokens):
            assert isinstance(one, able)
        for unable in (PushesShipments, ListsOffers):
            assert not isinstance(one, unable)
        assert one.manifest is evil.Good.manifest
        assert type(one).manifest.capabilities.page_max == 100


def test_every_capability_of_the_sdk_has_a_stand_in():
    names = {one.__name__ for one in remote.CAPABILITIES}
    assert {"PullsOrders", "PushesStock", "UploadsInvoices", "HearsWebhooks", "RefreshesTokens",
            "AuthorizesByCode", "AnswersLater", "KnowsWords"} <= names
    assert "ReadsFiles" not in names
    assert all(remote.methods_of(one) for one in remote.CAPABILITIES)


def test_a_process_stays_warm_for_its_account_alone(engine, children):
    first, second = (account_of(engine, evil.Good, do) for do in ("one", "two"))
    pids = [told(engine, one) for one in (first, first, second, first)]
    assert pids[0] == pids[1] == pids[3] != pids[2]
    assert sorted(map(str, children.pids())) == sorted({pids[0], pids[2]})
    children.close()
    assert all(is_gone(int(pid)) for pid in pids)


def test_two_at_once_have_a_process_each(engine):
    account_id = account_of(engine, evil.Good)
    with connected(engine, account_id) as (_, one), connected(engine, account_id) as (_, two):
        assert one.verify() != two.verify()


def test_no_more_are_kept_than_allowed_and_none_for_ever(engine, oms):
    few = Children(Limits(idle_children=2, idle_seconds=1))
    oms.works.ports["children"] = few
    pids = [told(engine, account_of(engine, evil.Good, str(number))) for number in range(4)]
    assert few.pids() == [int(pid) for pid in pids[2:]]
    time.sleep(1.2)
    told(engine, account_of(engine, evil.Good, "last"))
    assert all(is_gone(int(pid)) for pid in pids)
    few.close()


def test_who_lets_go_of_the_children_ends_them(engine, oms):
    oms.works.ports["children"] = Children(LIMITS)
    pid = int(told(engine, account_of(engine, evil.Good)))
    assert not is_gone(pid)
    del oms.works.ports["children"]
    assert is_gone(pid)


def test_what_leaks_slowly_starts_anew(engine, oms):
    oms.works.ports["children"] = Children(Limits(uses=2))
    account_id = account_of(engine, evil.Good)
    pids = [told(engine, account_id) for _ in range(4)]
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_a_process_that_died_while_it_waited_is_replaced(engine):
    account_id = account_of(engine, evil.Good)
    first = int(told(engine, account_id))
    os.kill(first, signal.SIGKILL)
    time.sleep(0.05)
    assert int(told(engine, account_id)) != first


def test_what_cannot_be_found_by_name_runs_here(engine, children):
    class Hidden(evil.Good):
        pass

    assert can_isolate(evil.Good)
    assert not can_isolate(Hidden)
    assert not can_isolate(type("Files", (evil.Good,), {"__module__": "__main__"}))
    engine.registry.connectors["good"] = Hidden
    assert told(engine, account_of(engine, evil.Good)) == str(os.getpid())
    assert children.pids() == []


def test_files_are_read_here():
    from oms_files import FilesConnector

    assert not can_isolate(FilesConnector)


def test_a_log_line_arrives_here(engine, caplog):
    with caplog.at_level(logging.INFO, "oms.connector.good"):
        told(engine, account_of(engine, evil.Good, "hello"))
    assert ("oms.connector.good", logging.INFO, "verified hello") in caplog.record_tuples


@pytest.mark.parametrize("is_polite", [False, True])
def test_tokens_are_renewed_in_the_middle_of_a_call(engine, oms, shop, is_polite):
    account_id = account_of(engine, evil.Good)
    shop.token, shop.is_polite = "other", is_polite
    with connected(engine, account_id) as (_, one):
        assert len(one.pull_orders(None, 10).items) == 2
        one.push_stock([])
    assert [(request.url.path, request.headers.get("authorization")) for request in shop.asked] \
        == [("/orders", "Bearer a0"), ("/token", None), ("/orders", "Bearer a1"),
            ("/stock", "Bearer a1")]
    with oms.works.reading(SYSTEM) as work:
        account = work.session.get_one(ChannelAccount, account_id)
        assert tokens.open_secrets(work, account)["refresh_token"] == "r1"


def test_a_doorbell_is_heard_in_the_process_and_has_less_time(engine, children):
    account_id = account_of(engine, evil.Evil, "hang")
    with connected(engine, account_id) as (_, one):
        assert isinstance(one, HearsWebhooks)
        assert one.hear(b"e1", {"x-ref": "7"}) == [Ring("order", "7", "e1")]
        with pytest.raises(WebhookRefused, match="forged"):
            one.hear(b"forged", {})
    children.limits = replace(LIMITS, ring_seconds=0.3)
    children.close()
    with connected(engine, account_id) as (_, one), pytest.raises(ChannelDown, match=r"0\.3 s"):
        one.hear(b"", {})


def test_a_feed_is_pulled_through_the_process(engine, oms, shop):
    account_id = account_of(engine, evil.Good)
    assert pull(engine, account_id, "orders").added == 2
    shop.token = "gone for good"
    shop.handle = lambda _request: httpx2.Response(401)
    with pytest.raises(AccessRefused):
        pull(engine, account_id, "orders")
    with oms.works.reading(SYSTEM) as work:
        assert work.session.get_one(ChannelAccount, account_id).state == "broken"


# Mistakes

def test_a_mistake_is_shown_by_its_name_and_with_its_traceback(engine):
    account_id = account_of(engine, evil.Evil, "mistake")
    with pytest.raises(ConnectorFault) as fault:
        told(engine, account_id)
    assert (type(fault.value).__name__, str(fault.value)) == ("KeyError", "'nothing'")
    assert 'return {}["nothing"]' in fault.value.__notes__[0]


def test_errors_of_the_sdk_arrive_as_they_are(engine):
    with pytest.raises(Conflict) as changed:
        told(engine, account_of(engine, evil.Evil, "conflict"))
    assert changed.value.current == "r7"
    with pytest.raises(RateLimited) as limited:
        told(engine, account_of(engine, evil.Evil, "limited"))
    assert limited.value.retry_after == 7.5


def test_after_a_mistake_the_process_is_used_again(engine, children):
    account_id = account_of(engine, evil.Evil, "mistake")
    for _ in range(2):
        with pytest.raises(ConnectorFault):
            told(engine, account_id)
    assert len(children.pids()) == 1


def test_when_something_of_ours_fails_the_process_is_not_used_again(engine, shop, children):
    """It still waits for the answer to its request: the next question would get that."""
    def broken(_request):
        raise ZeroDivisionError("ours")

    shop.handle = broken
    with pytest.raises(ZeroDivisionError), \
            connected(engine, account_of(engine, evil.Good)) as (_, one):
        one.pull_orders(None, 1)
    assert children.pids() == []


def test_a_mistake_puts_the_feed_off_like_any_failure(engine, oms):
    account_id = account_of(engine, evil.Good)
    with oms.works.writing(SYSTEM) as work:
        feed = work.session.scalars(select(Feed).where(Feed.account_id == account_id)).one()
        feed.cursor = {"at": "not a number"}
    with pytest.raises(ConnectorFault):
        pull(engine, account_id, "orders")
    with oms.works.reading(SYSTEM) as work:
        feed = work.session.scalars(select(Feed).where(Feed.account_id == account_id)).one()
        assert feed.failures == 1
        assert feed.error.startswith("fault in the connector: TypeError")


def test_a_module_that_fails_there_says_why():
    """It could be imported here, and cannot be there."""
    class Elsewhere(evil.Good):
        __module__ = "tests.sync.no_such_module"

    with pytest.raises(ConnectorFault, match="no_such_module") as fault:
        Child(Elsewhere, LIMITS)
    assert type(fault.value).__name__ == "ModuleNotFoundError"
