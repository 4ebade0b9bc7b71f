"""Invoices and death (reliability bar 11): issuers are killed at random, and no number is missing.

Two issue the same orders at once, from both ends. What a victim has acknowledged through its pipe
must be there afterwards, under the number it said; the numbers are 1 to N.
"""

from __future__ import annotations

import os
import random
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from select import select as select_ready

import pytest
from sqlalchemy import select

from oms_web.core.actor import Actor
from oms_web.domain.documents.models import Document, SeriesPeriod
from oms_web.flows.issue_document import issue_invoice
from oms_web.wiring import wire
from tests import paper
from tests.conftest import settings_for
from tests.sizes import size
from tests.sync.test_crash import FORK, acknowledged

ANNA = Actor("user", "Anna Nowak", 7)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ORDERS = size(60, 1000)


def issue_all(url: str, folder: Path, order_ids: list[int], acks: int) -> None:
    """A process that issues the invoices of orders and acknowledges each after its commit."""
    oms = wire(settings=settings_for(url, folder))
    oms.works.clock = lambda: NOW
    for order_id in order_ids:
        with oms.works.writing(ANNA) as work:
            sequence = issue_invoice(work, order_id)[0].sequence
        os.write(acks, f"{order_id}:{sequence}\n".encode())
    oms.engine.dispose()


def start(url, folder, order_ids):
    """Fork an issuer; it and the reading end of its acknowledgements."""
    reads, writes = os.pipe()
    process = FORK.Process(target=issue_all, args=(url, folder, order_ids, writes), daemon=True)
    process.start()
    os.close(writes)
    return process, reads


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "kills"), [
    ("sqlite", size(6, 200)), ("postgresql", size(2, 40))])
def test_killed_issuers_leave_no_gap_and_break_no_promise(make_database, tmp_path, engine, kills):
    oms = wire(settings=settings_for(make_database(engine), tmp_path))
    oms.works.clock = lambda: NOW
    with oms.works.writing(ANNA) as work:
        paper.company(work)
        ids = paper.many_orders(work, ORDERS)
    url = oms.engine.url.render_as_string(hide_password=False)
    oms.engine.dispose()
    chance, acks, left = random.Random(11), set(), list(ids)
    for _ in range(0, kills, 2):
        pair = [start(url, tmp_path, some) for some in (left, left[::-1])]
        select_ready([reads for _, reads in pair], [], [], 10)
        time.sleep(chance.uniform(0.0, 0.05))
        for process, _ in pair:
            os.kill(process.pid, signal.SIGKILL)
        for process, reads in pair:
            acks |= acknowledged(reads)
            process.join()
        done = {int(one.partition(":")[0]) for one in acks}
        left = [one for one in ids if one not in done] or ids
    assert acks, "the victims died before they did anything"
    issue_rest(url, tmp_path, ids)
    with oms.works.reading(ANNA) as work:
        found = work.session.execute(select(Document.order_id, Document.sequence)).all()
        last = work.session.scalars(select(SeriesPeriod.last)).one()
    assert sorted(sequence for _, sequence in found) == list(range(1, ORDERS + 1))
    assert {order_id for order_id, _ in found} == set(ids)
    assert last == ORDERS
    assert acks - {f"{order_id}:{sequence}" for order_id, sequence in found} == set()
    oms.engine.dispose()


def issue_rest(url, folder, ids):
    """Somebody who is not killed."""
    process, reads = start(url, folder, ids)
    acknowledged(reads)
    process.join()
    assert process.exitcode == 0
