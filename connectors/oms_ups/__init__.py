"""UPS over its REST APIs: labels, prices and tracking.

What the APIs are like was read in the vendor's OpenAPI files; ``docs/connectors/ups.md`` says what,
and what was not tried.
"""

from oms_connector import Connector, hookimpl

from oms_ups.connector import UpsConnector

__all__ = ["UpsConnector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors of this package."""
    return [UpsConnector]
