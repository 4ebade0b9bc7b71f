"""A shop with some units, and a program that may do everything."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests import quick
from tests.api.busy import Busy, open_busy
from tests.api.calling import Caller, make_caller
from tests.conftest import web_app
from tests.factories import shop as make_shop


@pytest.fixture
def shop(works):
    """Ten units of A, three of B."""
    return make_shop(works, {"A": 10, "B": 3})


@pytest.fixture
def caller(app, works, shop) -> Caller:
    """A key with every scope."""
    return make_caller(app, works)


_filled: list[Busy] = []


@pytest.fixture
def busy(request, oms, app, tmp_path_factory) -> Busy:
    """A shop with one of everything. It is filled once in a process and copied from then on: to
    fill it takes longer than all that most tests do with it.
    """
    file = tmp_path_factory.getbasetemp() / "busy.sqlite3"
    if _filled:
        quick.bring_back(oms.engine, file)
        [made] = _filled
        return replace(made, caller=replace(made.caller, client=app.test_client()))
    made = open_busy(oms.works, request.getfixturevalue("caller"))
    if oms.engine.name == "sqlite":
        quick.keep(oms.engine, file)
        _filled.append(made)
    return made


@pytest.fixture
def on_both(both) -> Caller:
    """A key with every scope for a shop on each engine."""
    make_shop(both.works, {"A": 10, "B": 3})
    return make_caller(web_app(both), both.works)
