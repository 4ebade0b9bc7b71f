"""The connector to InPost keeps every promise that is for a carrier."""

from __future__ import annotations

from oms_connector.testing import ConnectorKit

from tests.contract.inpost_standin import ShipX


class TestInpostByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = ShipX
