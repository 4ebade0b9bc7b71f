"""The kit: a test class to inherit from, and the same checks for who has no pytest at hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import ClassVar

import pytest

from oms_connector.testing.access import Access
from oms_connector.testing.bench import Bench, open_bench
from oms_connector.testing.bookkeeping import Bookkeeping
from oms_connector.testing.carrying import Carrying
from oms_connector.testing.changing import Changing
from oms_connector.testing.failing import Failing
from oms_connector.testing.hygiene import Hygiene
from oms_connector.testing.paying import Paying
from oms_connector.testing.promise import promises
from oms_connector.testing.pulling import Pulling
from oms_connector.testing.pushing import Pushing
from oms_connector.testing.refunding import Refunding
from oms_connector.testing.scale import Outcome, Result
from oms_connector.testing.standin import StandIn
from oms_connector.testing.talking import Talking
from oms_connector.testing.telling import Telling
from oms_connector.testing.webhooks import Webhooks

PROPERTY = "oms_connector"
"""The name under which a test says which promise of which connector it checked."""


class ConnectorKit(Pulling, Changing, Pushing, Telling, Carrying, Paying, Refunding, Bookkeeping,
                   Talking, Failing, Access, Webhooks, Hygiene):
    """All checks. Inherit, name the stand-in, and pytest does the rest::

        class TestMyShop(ConnectorKit):
            standin = MyShop

    A check that cannot hold is overridden, with the reason as its docstring and in ``pytest.skip``:
    it then counts as not applicable.
    """

    standin: ClassVar[type[StandIn]]

    @pytest.fixture
    def bench(self, request: pytest.FixtureRequest) -> Iterator[Bench]:
        """A stand-in of its own for each check."""
        method = getattr(type(self), request.function.__name__)
        promise = getattr(method, "promise", None)
        if promise is not None:
            said = {"connector": self.standin.connector.manifest.key, "number": promise.number}
            request.node.user_properties.append((PROPERTY, json.dumps(said)))
        with open_bench(self.standin) as bench:
            yield bench


ALL = {number: method.promise for number, method in  # type: ignore[attr-defined]  # its mark
       promises(ConnectorKit).items()}
"""Every promise by its number."""


def check(standin: type[StandIn], number: int) -> Result:
    """Run one check outside pytest."""
    kit = type("Kit", (ConnectorKit,), {"standin": standin})()
    with open_bench(standin) as bench:
        outcome: Outcome
        try:
            promises(ConnectorKit)[number](kit, bench)
        except pytest.skip.Exception as skipped:
            return Result(number, "not applicable", str(skipped).removeprefix("not applicable: "))
        except Exception as error:
            return Result(number, "failed", f"{type(error).__name__}: {error}")
        outcome = "passed"
    return Result(number, outcome)
