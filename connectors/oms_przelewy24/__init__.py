"""Przelewy24: payments by link over its REST API, verified, and money back.

``docs/connectors/przelewy24.md`` says what it does, and what was not tried.
"""

from oms_connector import Connector, hookimpl

from oms_przelewy24.connector import Przelewy24Connector

__all__ = ["Przelewy24Connector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors of this package."""
    return [Przelewy24Connector]
