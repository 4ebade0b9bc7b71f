"""Killed with SIGKILL at random moments and started again, an import of real rows ends the same."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from oms_web.inspection import ledgers
from oms_web.sync import file_runs
from oms_web.sync.file_import import run_import
from oms_web.sync.file_runs import Options, Progress
from oms_web.sync.models import ImportRun
from oms_web.wiring import wire
from tests.conftest import settings_for
from tests.sizes import size
from tests.sync.file_shop import CLERK, content, shop
from tests.sync.test_real_imports import sliced

ROOT = Path(__file__).resolve().parents[2]
FORK = multiprocessing.get_context("fork")
BOTH = Options(create_products=True, opening_stock=True)
pytestmark = pytest.mark.slow


@pytest.fixture
def slice_of(shared, tmp_path):
    """A function: number of rows -> a file with the first of them."""
    whole = shared / "data/transactions/online_retail/online_retail_2010-12_2011-08.csv.gz"
    return lambda rows: sliced(whole, tmp_path / f"slice{rows}.csv", rows)


def victim(url, folder, run_id):
    """A process that imports until somebody kills it."""
    oms = wire(settings=settings_for(url, folder))
    run_import(oms.importer, run_id)
    oms.engine.dispose()
    os._exit(0)


def lose_a_number(oms):
    """What a kill within the first page does to PostgreSQL: the account gets the next number."""
    with oms.engine.begin() as connection:
        connection.execute(text("SELECT nextval(pg_get_serial_sequence('channel_account', 'id'))"))


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_killed_at_random_moments_it_ends_the_same(make_database, tmp_path, slice_of, engine):
    path = slice_of(6000)
    calm = wire(settings=settings_for(make_database(engine), tmp_path / "calm"))
    shop(calm, tmp_path / "a").run(path, "online-retail", options=BOTH)

    url = make_database(engine)
    oms = wire(settings=settings_for(url, tmp_path / "hurt"))
    here = shop(oms, tmp_path / "b")
    if engine == "postgresql":
        lose_a_number(oms)
    run_id = here.begin(path, "online-retail", options=BOTH)
    oms.engine.dispose()
    chance = random.Random(7)
    killed, phases = 0, set()
    for attempt in range(100):
        process = FORK.Process(target=victim, args=(url, tmp_path / "hurt", run_id))
        process.start()
        # Longer each time: a beginning that takes longer than a life is never got over.
        process.join(chance.uniform(0.05, 0.25 + attempt / 10))
        if process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
            process.join()
            killed += 1
            run = here.summary(run_id).run
            phases.add((Progress.of(run).phase, run.read > 0))
            oms.engine.dispose()
        else:
            break
    assert killed >= 5, "the victims were too quick for this test to mean anything"
    assert len(phases) >= 2, phases
    assert here.summary(run_id).run.state == "done"
    assert here.counts(here.summary(run_id)) == here.counts(shop_of(calm, tmp_path).summary(1))
    assert content(oms, ids=engine == "sqlite") == content(calm, ids=engine == "sqlite")
    with oms.works.reading(CLERK) as work:
        assert ledgers.check(work.session) == []
    calm.engine.dispose()
    oms.engine.dispose()


def shop_of(oms, folder):
    from tests.sync.file_shop import Shop

    return Shop(oms, folder)


def test_the_command_itself_killed_and_called_again(make_database, tmp_path, slice_of):
    """``oms import orders`` as people run it: a process of its own, killed in mid-import."""
    path = slice_of(size(3_000, 12_000))
    url = make_database("sqlite")
    folder = tmp_path / "instance"
    oms = wire(settings=settings_for(url, folder))
    here = shop(oms, tmp_path / "b")
    environment = os.environ | {
        "OMS_INSTANCE": str(folder), "OMS_DATABASE": url, "OMS_SECRET_KEY": "t" * 40,
        "PYTHONPATH": f"{ROOT}:{ROOT / 'connectors'}",
    }
    command = [sys.executable, "-m", "oms_web.cli", "import", "orders", str(path), "--profile",
               "online-retail", "--create-products", "--opening-stock"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if here.rows(select(ImportRun.read).where(ImportRun.read > 0)):
            break
        time.sleep(0.02)
    process.kill()
    process.wait()
    (run,) = [row for (row,) in here.rows(select(ImportRun))]
    assert run.state == "running"
    assert 0 < run.read < run.total
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert f"goes on after {run.read:,} records" in done.stderr
    run = here.summary(run.id).run
    assert (run.state, run.read) == (file_runs.DONE, run.total)
    assert run.added == run.total
    with oms.works.reading(CLERK) as work:
        assert ledgers.check(work.session) == []
        assert work.session.scalar(select(func.count()).select_from(ImportRun)) == 1
    oms.engine.dispose()
