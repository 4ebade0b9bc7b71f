"""The connector to Allegro keeps every promise of the SDK, by the conformance kit."""

from __future__ import annotations

from oms_connector.testing import ConnectorKit

from tests.contract.allegro_standin import Allegro


class TestAllegroByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = Allegro
