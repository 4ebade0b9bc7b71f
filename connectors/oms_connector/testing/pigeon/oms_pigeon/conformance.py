"""What Pigeon's connector promises: pytest --pyargs oms_pigeon.conformance"""

from __future__ import annotations

from oms_connector.testing import ConnectorKit

from oms_pigeon.standin import PigeonStandIn


class TestPigeon(ConnectorKit):
    """All checks of the kit."""

    standin = PigeonStandIn
