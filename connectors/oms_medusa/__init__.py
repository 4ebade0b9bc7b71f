"""Medusa 2: orders, stock, prices, fulfilments and returns over its admin API.

Each file holds one part of that API; ``connector.py`` puts them together. What the API is like was
seen on a running 2.21; ``docs/connectors/medusa.md`` says what.
"""

from oms_connector import Connector, hookimpl

from oms_medusa.connector import MedusaConnector

__all__ = ["MedusaConnector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors of this package."""
    return [MedusaConnector]
