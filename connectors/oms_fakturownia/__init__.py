"""Fakturownia: issued documents entered into its books, to the grosz.

``docs/connectors/fakturownia.md`` says what it does, and what was not tried.
"""

from oms_connector import Connector, hookimpl

from oms_fakturownia.connector import FakturowniaConnector

__all__ = ["FakturowniaConnector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors of this package."""
    return [FakturowniaConnector]
