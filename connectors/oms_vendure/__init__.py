"""Vendure 3: orders, stock, prices, parcels and cancellations over its Admin API (GraphQL).

Each file holds one part of that API; ``connector.py`` puts them together. What the API is like was
read in Vendure's source and seen on a running shop; ``docs/connectors/vendure.md`` says what.
"""

from oms_connector import Connector, hookimpl

from oms_vendure.connector import VendureConnector

__all__ = ["VendureConnector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors of this package."""
    return [VendureConnector]
