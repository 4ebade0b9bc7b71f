"""Allegro: orders, offers, parcels, returns and invoices over its public REST API.

Each file holds one part of that API; ``connector.py`` puts them together. What the API is like is
read from the vendor's OpenAPI file and from its guides on developer.allegro.pl.
"""

from oms_connector import Connector, hookimpl

from oms_allegro.connector import AllegroConnector

__all__ = ["AllegroConnector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors of this package."""
    return [AllegroConnector]
