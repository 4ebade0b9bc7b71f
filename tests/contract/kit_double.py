"""How a faulty double is made: Kram's or Goniec's connector or stand-in, one promise broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from oms_connector import Connector
from oms_connector.testing import StandIn

from tests.contract.kit_carrier import Goniec
from tests.contract.kit_carrier_standin import GoniecStandIn
from tests.contract.kit_shop_standin import KramStandIn


@dataclass(frozen=True, slots=True)
class Double:
    """What breaks the promise ``number``. ``also``: checks that cannot but fail with it."""

    number: int
    name: str
    standin: type[StandIn]
    also: frozenset[int] = frozenset()


DOUBLES: list[Double] = []


def breaks(number: int, also: tuple[int, ...] = ()) -> Callable[[type[Any]], type[Any]]:
    """Register a connector (or a stand-in) as the double that breaks a promise."""

    def register(kind: type[Any]) -> type[Any]:
        standin = kind
        if issubclass(kind, Goniec):
            standin = type(kind.__name__, (GoniecStandIn,), {"connector": kind})
        elif issubclass(kind, Connector):
            standin = type(kind.__name__, (KramStandIn,), {
                "connector": kind, "ours": "tests.contract.kit_shop"})
        DOUBLES.append(Double(number, kind.__name__, standin, frozenset(also)))
        return kind

    return register
