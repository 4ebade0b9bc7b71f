"""The carriers behind karrio, by the kit; only where karrio is installed."""

from __future__ import annotations

import pytest

for name in ("fedex", "dhl_parcel_de"):
    pytest.importorskip(f"karrio.plugins.{name}", reason="karrio is not installed here: see "
                        "docs/connectors/karrio.md")

from oms_connector.testing import ConnectorKit  # noqa: E402

from tests.contract.karrio_dhl_standin import Dhl  # noqa: E402
from tests.contract.karrio_fedex_standin import Fedex  # noqa: E402


class TestFedexByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = Fedex


class TestDhlParcelDeByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = Dhl
