"""Furgonetka: a broker of couriers and lockers over its REST API.

What the API is like was read in public clients of it; ``docs/connectors/furgonetka.md`` says what,
and what was not tried.
"""

from oms_connector import Connector, hookimpl

from oms_furgonetka.connector import FurgonetkaConnector

__all__ = ["FurgonetkaConnector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors of this package."""
    return [FurgonetkaConnector]
