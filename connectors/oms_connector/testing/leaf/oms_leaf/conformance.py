"""What Leaf's connector promises: pytest --pyargs oms_leaf.conformance"""

from __future__ import annotations

from oms_connector.testing import ConnectorKit

from oms_leaf.standin import LeafStandIn


class TestLeaf(ConnectorKit):
    """All checks of the kit."""

    standin = LeafStandIn
