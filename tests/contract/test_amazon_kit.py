"""The connector to Amazon keeps every promise of the SDK, by the conformance kit."""

from __future__ import annotations

from oms_connector.testing import ConnectorKit

from tests.contract.amazon_standin import Amazon


class TestAmazonByTheKit(ConnectorKit):
    """All checks of the kit."""

    standin = Amazon
