"""Targowisko: a marketplace that does not exist, and the connector to it.

``connector.py`` and ``mapping.py`` are the connector: the example to copy for a real one.
``market/`` is the marketplace itself, a server of its own (``python -m oms_demo``); the connector
knows nothing of it but its HTTP API.
"""

from oms_connector import Connector, hookimpl

from oms_demo.connector import DemoConnector

__all__ = ["DemoConnector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors of this package."""
    return [DemoConnector]
