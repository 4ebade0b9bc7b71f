"""WooCommerce: orders, stock, prices, parcels, refunds and webhooks over its REST API v3.

Each file holds one part of that API; ``connector.py`` puts them together. What the API is like is
read from WooCommerce's own source and from a running shop; ``docs/connectors/woocommerce.md`` says
what was seen.
"""

from oms_connector import Connector, hookimpl

from oms_woocommerce.connector import WooCommerceConnector

__all__ = ["WooCommerceConnector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors of this package."""
    return [WooCommerceConnector]
