"""A shop with some units, and a program that may do everything."""

from __future__ import annotations

import pytest

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


@pytest.fixture
def busy(works, caller) -> Busy:
    """A shop with one of everything."""
    return open_busy(works, caller)


@pytest.fixture
def on_both(both) -> Caller:
    """A key with every scope for a shop on each engine."""
    make_shop(both.works, {"A": 10, "B": 3})
    return make_caller(web_app(both), both.works)
