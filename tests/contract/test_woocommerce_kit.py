"""The connector to WooCommerce keeps every promise of the SDK, by the conformance kit."""

from __future__ import annotations

from oms_connector.testing import ConnectorKit

from tests.contract.woocommerce_standin import WooCommerce


class TestWooCommerceByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = WooCommerce
