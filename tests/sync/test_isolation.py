"""Connectors in processes of their own: they work as before, and harm only themselves (bar 13)."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from oms_connector import (
    AccessRefused,
    ChannelDown,
    Conflict,
    Connector,
    ListsOffers,
    OutcomeUnknown,
    Page,
    ParcelInfo,
    PullsOrders,
    PushesShipments,
    PushesStock,
    RateLimited,
    RefreshesTokens,
    Shipment,
    StockItem,
    VerifiesAccess,
)
from sqlalchemy import select

from oms_web.adapters.http import AccountHttp
from oms_web.core.actor import SYSTEM
from oms_web.domain.channels.models import ChannelAccount
from oms_web.sync import accounts, tokens
from oms_web.sync.isolation import remote, walls
from oms_web.sync.isolation.child import Child, ConnectorFault, Limits
from oms_web.sync.isolation.children import Children, can_isolate
from oms_web.sync.models import Feed
from oms_web.sync.pull import pull
from oms_web.sync.registry import Registry
from oms_web.sync.session import Engine, connected
from tests.sync import evil

LIMITS = Limits(whole_seconds=60.0, memory_mb=256, answer_bytes=1024 * 1024, requests=20,
                log_lines=20)
HURRIED = replace(LIMITS, seconds=0.4)
ROOT = Path(__file__).resolve().parents[2]
X86_64_LINUX = sys.platform == "linux" and os.uname().machine == "x86_64"


@dataclass
class Shop:
    """The channel of the good and the evil connector, and what was asked of it."""

    count: int = 2
    token: str = "a0"
    asked: list[httpx2.Request] = field(default_factory=list)
    slow: float = 0.0

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        """Answer like the channel."""
        self.asked.append(request)
        time.sleep(self.slow)
        if request.url.path == "/token":
            self.token = "a1"
            return httpx2.Response(200, json={"access_token": "a1"})
        if request.headers.get("authorization") not in (None, f"Bearer {self.token}"):
            return httpx2.Response(401)
        return httpx2.Response(200, json={"count": self.count})


@pytest.fixture
def shop():
    return Shop()


@pytest.fixture
def children(oms):
    oms.works.ports["children"] = made = Children(LIMITS)
    yield made
    made.close()


@pytest.fixture
def engine(oms, shop, children):
    oms.works.ports["http"] = lambda _base, headers, name, **more: AccountHttp(
        "https://shop.example", headers, loopback=False, name=name,
        transport=httpx2.MockTransport(shop.handle),
        renewal=more["renewal"], secrets=more["secrets"],
    )
    return Engine(oms.works, Registry({"good": evil.Good, "evil": evil.Evil}))


def account_of(engine: Engine, kind: type[Connector], do: str = "", **settings: Any) -> int:
    with engine.works.writing(SYSTEM) as work:
        return accounts.connect(
            work, kind, f"{kind.__name__} {do}", {"do": do} | settings,
            {"access_token": "a0", "refresh_token": "r0"},
        ).id


def told(engine: Engine, account_id: int) -> str:
    with connected(engine, account_id) as (_, connector):
        return connector.verify()


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


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


def test_tokens_are_renewed_in_the_middle_of_a_call(engine, oms, shop):
    account_id = account_of(engine, evil.Good)
    shop.token = "other"
    with connected(engine, account_id) as (_, one):
        assert len(one.pull_orders(None, 10).items) == 2
        one.push_stock([])
    assert [(request.url.path, request.headers.get("authorization")) for request in shop.asked] \
        == [("/orders", "Bearer a0"), ("/token", None), ("/orders", "Bearer a1"),
            ("/stock", "Bearer a1")]
    with oms.works.reading(SYSTEM) as work:
        account = work.session.get_one(ChannelAccount, account_id)
        assert tokens.open_secrets(work, account)["refresh_token"] == "r1"


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


# Harm: each ends as a channel that is down, at most five seconds after its deadline

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


# The walls

REFUSED = {
    "fork": "os.fork", "fork_below": "starts no processes", "run": "subprocess.Popen",
    "connect": "socket", "kill_parent": "os.kill", "kill_quietly": "sends no signals",
    "read_passwords": "opens no files", "read_told": "opens no files",
    "write_told": "opens no files", "delete_told": "os.remove", "foreign": "ctypes.dlopen",
}


@pytest.mark.parametrize("do", REFUSED)
def test_the_outside_is_closed(engine, tmp_path, do):
    file = tmp_path / "keys"
    file.write_text("hush")
    account_id = account_of(engine, evil.Evil, do, file=str(file))
    with pytest.raises(ConnectorFault, match=REFUSED[do]) as fault:
        told(engine, account_id)
    assert type(fault.value).__name__ == "PermissionError"
    assert file.read_text() == "hush"


def test_an_instance_in_the_checkout_is_closed_too(engine):
    """The root of a checkout is on Python's path; only code is read from there."""
    account_id = account_of(engine, evil.Evil, "read_told", file=str(ROOT / "pyproject.toml"))
    with pytest.raises(ConnectorFault, match="opens no files"):
        told(engine, account_id)


@pytest.mark.parametrize(("do", "answer"), [
    ("time_zone", "Europe/Warsaw"), ("late_import", "oms_demo.words"),
])
def test_what_a_connector_needs_is_open(engine, do, answer):
    assert answer in told(engine, account_of(engine, evil.Evil, do))


def test_it_sees_nothing_of_the_app(engine, monkeypatch):
    monkeypatch.setenv("OMS_SECRET_KEY", "hush")
    seen = told(engine, account_of(engine, evil.Evil, "surroundings"))
    assert "OMS_" not in seen
    assert "a0" not in seen
    assert "['access_token', 'refresh_token']" in seen
    assert "oms_web.sync.isolation" in seen
    for heavy in ("oms_web.core", "oms_web.domain", "oms_web.adapters", "oms_web.wiring"):
        assert heavy not in seen


BELOW = {
    "socket": "socket.socket()",
    "fork": "os.fork()",
    "exec": "os.execv('/bin/true', ['true'])",
    "kill": "os.kill(os.getppid(), 0)",
    "write": "open(sys.argv[1], 'w')",
    "create": "os.open(sys.argv[1] + '.new', os.O_CREAT | os.O_WRONLY)",
    "delete": "os.unlink(sys.argv[1])",
    "rename": "os.rename(sys.argv[1], sys.argv[1] + '.moved')",
    "thread": "__import__('threading').Thread(target=print).start()",
}


def below(how: str, file: Path, *, filtered: bool) -> subprocess.CompletedProcess[str]:
    """Try something in a process that has no audit hook: with the kernel's filter, or without."""
    lines = ["import os, sys, socket, threading", "from oms_web.sync.isolation import walls"]
    lines += ["walls._filter_calls()"] if filtered else []
    lines += ["try:", f"    {BELOW[how]}", "except (PermissionError, RuntimeError) as error:",
              "    print('refused', error)"]
    return subprocess.run(
        [sys.executable, "-c", "\n".join(lines), str(file)], capture_output=True, text=True,
        cwd=ROOT, timeout=20, check=False,
    )


@pytest.mark.skipif(not X86_64_LINUX, reason="the filter of system calls is for Linux on x86-64")
@pytest.mark.parametrize("how", BELOW)
def test_code_that_gets_round_the_hook_meets_the_kernel(tmp_path, how):
    file = tmp_path / "file"
    for filtered in (False, True):
        file.write_text("kept")
        done = below(how, file, filtered=filtered)
        assert ("refused" in done.stdout) is filtered, done.stderr
    assert file.read_text() == "kept"


@pytest.mark.skipif(not X86_64_LINUX, reason="the filter of system calls is for Linux on x86-64")
def test_reading_stays_possible_below(tmp_path):
    """The filter refuses opening to write, not opening."""
    BELOW["read"] = "print(open(sys.argv[1]).read())"
    file = tmp_path / "file"
    file.write_text("kept")
    assert below("read", file, filtered=True).stdout == "kept\n"


def test_the_filter_is_one_the_kernel_takes():
    """A jump has eight bits, an instruction eight bytes; the last one lets through."""
    program = walls.program()
    assert all(len(line) == 8 for line in program)
    assert program[-1] == b"\x06\x00\x00\x00\x00\x00\xff\x7f"


def test_a_module_that_fails_there_says_why():
    """It could be imported here, and cannot be there."""
    class Elsewhere(evil.Good):
        __module__ = "tests.sync.no_such_module"

    with pytest.raises(ConnectorFault, match="no_such_module") as fault:
        Child(Elsewhere, LIMITS)
    assert type(fault.value).__name__ == "ModuleNotFoundError"
