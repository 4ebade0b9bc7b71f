"""Harm that a connector does to itself alone (bar 13): each ends as a channel that is down."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

import httpx2
import pytest
from oms_connector import (
    ChannelDown,
    OutcomeUnknown,
    ParcelInfo,
    Shipment,
)

from oms_web.sync.isolation.children import Children
from oms_web.sync.session import Engine, connected
from tests.sync import evil
from tests.sync.isolated import (
    HURRIED,
    LIMITS,
    ROOT,
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


HARM = {
    "hang": "did not answer within 0.4 s", "spin": "did not answer within 0.4 s",
    "stubborn": "did not answer within 0.4 s",
    "leave": r"ended by itself \(code 3\)",
    "polite": r"ended by itself \(code 0\)", "crash": "ended by SIGSEGV",
    "leak": "more than 256 MB", "flood": "larger than 1 MB", "chatter": "more than 20 lines",
    "garbage": "lost its way", "forge": "lost its way", "many_requests": "more than 20 requests",
}


@pytest.mark.parametrize("do", HARM)
def test_harm_ends_the_process_and_nothing_else(engine, children, do):
    account_id = account_of(engine, evil.Evil, do)
    neighbour = account_of(engine, evil.Good)
    told(engine, neighbour)
    children.limits = HURRIED if "0.4 s" in HARM[do] else LIMITS
    with connected(engine, account_id) as (_, one):
        pid = one._child.process.pid
        started = time.monotonic()
        with pytest.raises(ChannelDown, match=HARM[do]):
            one.verify()
        assert time.monotonic() - started < children.limits.seconds + 5
        assert is_gone(pid)
        with pytest.raises(ChannelDown):  # and stays so within this connection
            one.verify()
    assert pid not in children.pids()
    told(engine, neighbour)


def test_what_is_printed_gets_in_nobodys_way(engine):
    assert told(engine, account_of(engine, evil.Evil, "print_much")) == "printed"


@pytest.mark.parametrize("do", ["hang", "leave", "crash"])
def test_after_something_was_sent_the_outcome_is_unknown(engine, shop, children, do):
    children.limits = HURRIED
    parcel = Shipment("1", "k", datetime.now(UTC), (ParcelInfo("c", "t"),))
    with pytest.raises(OutcomeUnknown), \
            connected(engine, account_of(engine, evil.Evil, do)) as (_, one):
        one.push_shipment(parcel)
    assert [request.url.path for request in shop.asked] == ["/sent"]


def test_a_write_that_never_left_is_no_unknown_outcome(engine, shop, children):
    children.limits = HURRIED

    def unreachable(request):
        raise httpx2.ConnectError("no", request=request)

    shop.handle = unreachable
    parcel = Shipment("1", "k", datetime.now(UTC), ())
    with pytest.raises(ChannelDown, match="did not answer"), \
            connected(engine, account_of(engine, evil.Evil, "hang")) as (_, one):
        one.push_shipment(parcel)


def test_a_slow_channel_is_not_the_connectors_fault(engine, shop, children):
    children.limits = replace(LIMITS, seconds=1.0)
    shop.slow = 1.5
    with connected(engine, account_of(engine, evil.Good)) as (_, one):
        assert one.pull_orders(None, 10).items


def test_a_channel_that_is_slow_for_ever_is(engine, shop, oms):
    oms.works.ports["children"] = Children(replace(LIMITS, whole_seconds=0.5))
    shop.slow = 0.1
    with pytest.raises(ChannelDown, match=r"still busy after 0\.5 s"):
        told(engine, account_of(engine, evil.Evil, "many_requests"))


@pytest.mark.parametrize("do", ["wait", "hang", "spin"])
def test_a_process_does_not_outlive_the_app(do):
    """Neither one that waits nor one that is busy: the app is killed, nobody tells them."""
    code = (
        "import datetime, logging, time\n"
        "from oms_connector import Context\n"
        "from oms_web.sync.isolation.child import Child, Limits\n"
        "from oms_web.sync.isolation.remote import InChild\n"
        "from tests.sync import evil\n"
        "child = Child(evil.Evil, Limits())\n"
        "one = InChild(evil.Evil, child).connector(Context(\n"
        f"    {{'do': '{do}'}}, {{}}, None, datetime.datetime.now(), logging.getLogger()))\n"
        "print(child.process.pid, flush=True)\n"
        f"{'time.sleep(60)' if do == 'wait' else 'one.verify()'}\n"
    )
    app = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT,
                           env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'connectors'}"})
    pid = int(app.stdout.readline())
    time.sleep(0.2)
    assert not is_gone(pid)
    app.kill()
    app.wait()
    app.stdout.close()
    until = time.monotonic() + 5
    while not is_gone(pid) and time.monotonic() < until:
        time.sleep(0.02)
    assert is_gone(pid)


def test_the_control_in_our_own_process_hangs_with_the_connector(engine, shop):
    """Without a process of its own nothing ends what does not end itself."""
    account_id = account_of(engine, evil.Evil, "hang")
    unsafe = Engine(engine.works, engine.registry, isolate=False)
    thread = threading.Thread(target=told, args=(unsafe, account_id), daemon=True)
    thread.start()
    thread.join(HURRIED.seconds * 3)
    assert thread.is_alive()


def test_others_are_on_time_while_many_hang(engine, children):
    """Eight hang at once; a good one is read meanwhile as if it were alone, within reason."""
    good, bad = account_of(engine, evil.Good), account_of(engine, evil.Evil, "hang")
    told(engine, good)
    children.limits = HURRIED
    ended = []

    def suffer():
        try:
            told(engine, bad)
        except ChannelDown as error:
            ended.append(error)

    threads = [threading.Thread(target=suffer) for _ in range(8)]
    for thread in threads:
        thread.start()
    pages = 0
    while any(thread.is_alive() for thread in threads):
        started = time.monotonic()
        with connected(engine, good) as (_, one):
            one.pull_orders(None, 10)
        pages += 1
        assert time.monotonic() - started < 5.0
    for thread in threads:
        thread.join()
    assert len(ended) == 8
    assert pages > 1


def test_one_that_hung_is_tried_by_one_at_a_time_until_it_works_again(engine, oms, children):
    """Else the feeds of one account would keep every worker waiting, again and again."""
    children.limits = HURRIED
    account_id, other = account_of(engine, evil.Evil, "hang"), account_of(engine, evil.Good)
    with pytest.raises(ChannelDown, match="did not answer"):
        told(engine, account_id)
    with connected(engine, account_id):
        with pytest.raises(ChannelDown, match="tried again"):
            told(engine, account_id)
        told(engine, other)
    with connected(engine, account_id), connected(engine, account_id):
        pass  # it answered, if only to being opened
