"""Death at any moment and delivery in any order: nothing lost, nothing doubled, books in balance.

Reliability bars 2 and 3. Victims are forked, so a kill costs milliseconds; what a victim has
acknowledged through its pipe must be there afterwards.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path
from select import select as select_ready

import pytest
from sqlalchemy import func, select, text

from oms_web.core.actor import SYSTEM
from oms_web.domain.channels.models import ChannelAccount
from oms_web.domain.orders.models import ChannelOrder, Order
from oms_web.inspection import ledgers
from oms_web.sync.intake import store_page
from oms_web.wiring import Oms, wire
from tests import factories as make
from tests.conftest import settings_for
from tests.sizes import size
from tests.sync.deliveries import SKUS, final_phase, pages, storm

FORK = multiprocessing.get_context("fork")


def deliver(url: str, folder: Path, account_id: int, count: int, seed: int, changing: int,
            acks: int) -> None:
    """A process that takes in a storm page by page and acknowledges each after its commit."""
    oms = wire(settings=settings_for(url, folder))
    with oms.works.reading(SYSTEM) as work:
        account = work.session.get(ChannelAccount, account_id)
    for page in pages(storm(count, seed, changing)):
        with oms.works.writing(SYSTEM) as work:
            stored = store_page(work, account, page)
            assert stored.quarantined == 0
        os.write(acks, "".join(f"{order.external_id}\n" for order in page).encode())
    oms.engine.dispose()


def start(*args) -> tuple[multiprocessing.process.BaseProcess, int]:
    """Fork a delivering process; it and the reading end of its acknowledgements."""
    reads, writes = os.pipe()
    process = FORK.Process(target=deliver, args=(*args, writes), daemon=True)
    process.start()
    os.close(writes)
    return process, reads


def acknowledged(reads: int) -> set[str]:
    """Everything a process acknowledged, up to its end."""
    chunks = []
    while chunk := os.read(reads, 65536):
        chunks.append(chunk)
    os.close(reads)
    whole = b"".join(chunks)
    return set(whole[: whole.rfind(b"\n") + 1].decode().split())


def assert_books_balance(oms: Oms, count: int) -> None:
    with oms.works.reading(SYSTEM) as work:
        assert ledgers.check(work.session) == []
        assert work.session.scalar(select(func.count()).select_from(ChannelOrder)) == count
        assert work.session.scalar(select(func.count()).select_from(Order)) == count
        if oms.engine.dialect.name == "sqlite":
            assert work.session.scalar(text("PRAGMA integrity_check")) == "ok"
        found = Counter(work.session.scalars(select(Order.phase)))
    assert found == Counter(final_phase(number) for number in range(count))


def prepared(oms: Oms) -> tuple[str, int]:
    account, _ = make.shop(oms.works, dict.fromkeys(SKUS, 100_000))
    url = oms.engine.url.render_as_string(hide_password=False)
    oms.engine.dispose()
    return url, account.id


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "kills"), [
    ("sqlite", size(30, 200)), ("postgresql", size(12, 40))])
def test_killed_at_random_moments(make_database, tmp_path, engine, kills):
    oms = wire(settings=settings_for(make_database(engine), tmp_path))
    url, account_id = prepared(oms)
    chance = random.Random(1)
    count, acks = 400, set()
    for number in range(0, kills, 2):
        pair = [start(url, tmp_path, account_id, count, number + n, 1) for n in range(2)]
        select_ready([reads for _, reads in pair], [], [], 10)
        time.sleep(chance.uniform(0.0, 0.15))
        for process, _ in pair:
            os.kill(process.pid, signal.SIGKILL)
        for process, reads in pair:
            acks |= acknowledged(reads)
            process.join()
    with oms.works.reading(SYSTEM) as work:
        kept = set(work.session.scalars(select(ChannelOrder.external_id)))
        assert ledgers.check(work.session) == []
    assert acks, "the victims died before they did anything"
    assert acks - kept == set()
    process, reads = start(url, tmp_path, account_id, count, 0, 1)
    acknowledged(reads)
    process.join()
    assert_books_balance(oms, count)
    oms.engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "count"), [
    ("sqlite", size(1_000, 10_000)), ("postgresql", size(400, 3_000))])
def test_two_deliver_everything_three_times(make_database, tmp_path, engine, count):
    oms = wire(settings=settings_for(make_database(engine), tmp_path))
    url, account_id = prepared(oms)
    pair = [start(url, tmp_path, account_id, count, seed, 10) for seed in (1, 2)]
    for process, reads in pair:
        assert len(acknowledged(reads)) == count
        process.join()
        assert process.exitcode == 0
    assert_books_balance(oms, count)
    oms.engine.dispose()


def test_the_control_without_identity_doubles(oms):
    """A channel order's identity is what makes it once: without it the count would show."""
    account, _ = make.shop(oms.works, {"S0": 10})
    for name in ("A1", "A1-again"):
        with oms.works.writing(SYSTEM) as work:
            store_page(work, account, [make.order(name, {"S0": 1})])
    with pytest.raises(AssertionError):
        assert_books_balance(oms, 1)
