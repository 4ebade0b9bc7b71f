"""The conformance kit: what every connector promises, checked against a stand-in of its channel.

    from oms_connector.testing import ConnectorKit, StandIn

    class MyShop(StandIn):
        connector = MyShopConnector
        ...

    class TestMyShop(ConnectorKit):
        standin = MyShop

Needs pytest, which the app itself does not: nothing else of the SDK imports this package. How to
go about it is in ``docs/connectors/kit.md``.
"""

from oms_connector.testing.facts import (
    Basket,
    Carried,
    Delivery,
    InBooks,
    Request,
    Shown,
    Truth,
    Wish,
    answer,
)
from oms_connector.testing.kit import ALL, ConnectorKit, check
from oms_connector.testing.promise import Promise
from oms_connector.testing.running import NothingChecked, module_of, run
from oms_connector.testing.scale import Report, Result
from oms_connector.testing.standin import Absent, Clock, StandIn
from oms_connector.testing.verdict import Broken

__all__ = [
    "ALL", "Absent", "Basket", "Broken", "Carried", "Clock", "ConnectorKit", "Delivery", "InBooks",
    "NothingChecked", "Promise", "Report", "Request", "Result", "Shown", "StandIn", "Truth", "Wish",
    "answer", "check", "module_of", "run",
]
