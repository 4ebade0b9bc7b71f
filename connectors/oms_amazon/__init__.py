"""Amazon: orders, offers, stock, prices, parcels, returns, invoices by its Selling Partner API.

Each file holds one part of that API; ``connector.py`` puts them together. What the API is like is
read from the vendor's models (github.com/amzn/selling-partner-api-models), from its guides on
developer-docs.amazon.com, and from what developers report in its issue trackers.
"""

from oms_connector import Connector, hookimpl

from oms_amazon.connector import AmazonConnector

__all__ = ["AmazonConnector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors of this package."""
    return [AmazonConnector]
