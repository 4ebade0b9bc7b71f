"""ORLEN Paczka: parcels to machines and points over its web service (SOAP).

What the service is like was read in public clients; ``docs/connectors/orlen.md`` says what, and
what was not tried.
"""

from oms_connector import Connector, hookimpl

from oms_orlen.connector import OrlenConnector

__all__ = ["OrlenConnector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors of this package."""
    return [OrlenConnector]
