"""DHL Parcel DE through karrio, by the kit; only where karrio is installed."""

from __future__ import annotations

import pytest

pytest.importorskip("karrio.plugins.dhl_parcel_de",
                    reason="karrio is not installed here: see docs/connectors/karrio.md")

from oms_connector.testing import ConnectorKit

from tests.contract.karrio_dhl_standin import Dhl


class TestDhlParcelDeByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = Dhl
