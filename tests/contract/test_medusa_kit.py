"""The connector to Medusa keeps every promise of the SDK, by the conformance kit."""

from __future__ import annotations

from oms_connector.testing import ConnectorKit

from tests.contract.medusa_standin import Medusa


class TestMedusaByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = Medusa
