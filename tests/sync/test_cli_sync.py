"""``oms sync`` and ``oms connectors list``, typed by hand."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from oms_web.cli import connectors, sync
from oms_web.sync.registry import load_registry
from tests import factories as make
from tests.sync.channel import Channel, connect


@pytest.fixture
def run(oms, monkeypatch):
    """Run a command on the test's installation."""
    monkeypatch.setattr(sync, "opened", lambda: oms)
    return lambda command, *words: CliRunner().invoke(command, words)


def test_sync_reads_orders_and_sends_quantities(oms, run):
    make.shop(oms.works, {"KUB": 5})
    channel = Channel(journal=[make.order("A1", {"KUB": 1})])
    connect(oms, channel)
    answer = run(sync.sync, "Fake")
    assert answer.exit_code == 0, answer.output
    assert "Fake: 1 new order, 0 changed, 0 as before, 0 not read" in answer.output
    assert "0 as before" in answer.output
    again = run(sync.sync, "Fake", "--replay")
    assert "0 new orders, 0 changed, 1 as before" in again.output


def test_one_failing_channel_is_named_and_does_not_stop_the_next(oms, run):
    make.shop(oms.works, {"KUB": 5})
    good = Channel(journal=[make.order("A1", {"KUB": 1})])
    connect(oms, good, "B good")
    answer = run(sync.sync)
    assert answer.exit_code == 0
    good.fault = lambda _name, _number: 1 / 0
    failed = run(sync.sync)
    assert failed.exit_code == 1
    assert "fault in the connector" in failed.output


def test_connectors_are_listed_with_what_they_can_do():
    answer = CliRunner().invoke(connectors.connectors, ["list"])
    assert answer.exit_code == 0, answer.output
    assert "Targowisko" in answer.output
    assert "()" not in answer.output
    assert set(load_registry().connectors) >= {"demo", "files"}
