"""The demo's connector keeps every promise of the SDK, its marketplace standing in for itself."""

from __future__ import annotations

from oms_connector.testing import ConnectorKit

from tests.contract.kit_demo import Targowisko


class TestTargowisko(ConnectorKit):
    """All checks of the kit."""

    standin = Targowisko
