"""The connector to Shopify keeps every promise of the SDK, by the conformance kit."""

from __future__ import annotations

from oms_connector.testing import ConnectorKit

from tests.contract.shopify_standin import Shopify


class TestShopifyByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = Shopify
