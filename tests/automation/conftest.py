"""The shop of the rules, and its clock."""

from __future__ import annotations

import pytest

from tests.automation.rule_desk import Clock, Desk


@pytest.fixture
def desk(both):
    return Desk(both)


@pytest.fixture
def clock(desk, monkeypatch):
    return Clock(monkeypatch, desk.works)
