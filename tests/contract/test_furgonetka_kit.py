"""The connector to Furgonetka keeps every promise that is for a carrier."""

from __future__ import annotations

from oms_connector.testing import ConnectorKit

from tests.contract.furgonetka_standin import Broker


class TestFurgonetkaByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = Broker
