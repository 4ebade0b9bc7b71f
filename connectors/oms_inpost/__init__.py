"""InPost: parcel lockers and couriers over its ShipX API.

What the API is like was read in the vendor's documentation; ``docs/connectors/inpost.md`` says
which pages, and what was not tried.
"""

from oms_connector import Connector, hookimpl

from oms_inpost.connector import InpostConnector

__all__ = ["InpostConnector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors of this package."""
    return [InpostConnector]
