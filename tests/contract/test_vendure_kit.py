"""The connector to Vendure keeps every promise of the SDK, by the conformance kit."""

from __future__ import annotations

from oms_connector.testing import ConnectorKit

from tests.contract.vendure_standin import Vendure


class TestVendureByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = Vendure
