"""Shopify: orders, stock, prices, parcels, returns and webhooks over the Admin GraphQL API.

Each file holds one part of that API; ``connector.py`` puts them together. What the API takes is
read from its own schema (version 2026-10); ``docs/connectors/shopify.md`` says what else was read
and what was run.
"""

from oms_connector import Connector, hookimpl

from oms_shopify.connector import ShopifyConnector

__all__ = ["ShopifyConnector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors of this package."""
    return [ShopifyConnector]
