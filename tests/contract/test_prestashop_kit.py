"""The connector to PrestaShop keeps every promise of the SDK, by the conformance kit."""

from __future__ import annotations

from oms_connector.testing import ConnectorKit

from tests.contract.prestashop_standin import PrestaShop


class TestPrestaShopByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = PrestaShop
