"""A bench for tests of the connector to Amazon: each request is held against the models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from oms_connector.testing import StandIn
from oms_connector.testing.bench import Bench, open_bench
from oms_connector.testing.network import Call

from tests.contract import amazon_spec
from tests.contract.amazon_shop import Shop
from tests.contract.amazon_standin import Amazon
from tests.contract.amazon_wire import Wire


class There:
    """One seller's Amazon, with the kit's clock and faults around it."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        assert isinstance(bench.standin, Amazon)
        self.standin: Amazon = bench.standin
        self.shop: Shop = bench.standin.shop
        self.wire: Wire = bench.standin.wire
        bench.line.looks = amazon_spec.is_here()

    def call(self, act: Callable[[Any], Any], secrets: Mapping[str, str] | None = None) -> Any:
        """Let a new connector do something."""
        return self.bench.call(act, secrets)

    def forward(self, seconds: float = 0, **span: float) -> None:
        """Let time pass."""
        self.bench.clock.forward(seconds, **span)
        self.shop.now = self.standin.now

    def calls(self, start: str) -> list[Call]:
        """The requests whose ``METHOD path`` begins like this."""
        return [call for call in self.bench.line.calls
                if f"{call.request.method} {call.request.path}".startswith(start)]

    @property
    def violations(self) -> list[str]:
        """What the vendor would say to our requests."""
        return [one for call in self.bench.line.calls for one in call.violations]


@contextmanager
def opened(kind: type[StandIn] = Amazon, **settings: str) -> Iterator[There]:
    """A bench for one test.

    Args:
        settings: of the account, in the place of the stand-in's.
    """
    made = type("Amazon", (kind,), {
        "settings": property(lambda self: {**kind.settings.fget(self), **settings})})
    with open_bench(made) as bench:
        yield There(bench)
