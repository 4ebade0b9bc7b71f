"""The connector to Allegro keeps every promise of the SDK, by the conformance kit."""

from __future__ import annotations

import pytest
from oms_connector.testing import ConnectorKit

from tests.contract.allegro_standin import Allegro


class TestAllegroByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = Allegro

    def test_43_cancelling(self, bench):
        """A seller can mark a whole order only; ``test_allegro_after_sale`` tries that."""
        pytest.skip("a part of an Allegro order cannot be cancelled")
