"""FedEx through karrio, by the kit; only where karrio is installed."""

from __future__ import annotations

import pytest

pytest.importorskip("karrio.plugins.fedex",
                    reason="karrio is not installed here: see docs/connectors/karrio.md")

from oms_connector.testing import ConnectorKit

from tests.contract.karrio_fedex_standin import Fedex


class TestFedExByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = Fedex
