"""DHL24: parcels of DHL eCommerce Poland over its WebAPI version 2 (SOAP).

What the service is like was read in the vendor's public documentation and in public clients;
``docs/connectors/dhl24.md`` says what, and what was not tried.
"""

from oms_connector import Connector, hookimpl

from oms_dhl24.connector import Dhl24Connector

__all__ = ["Dhl24Connector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors of this package."""
    return [Dhl24Connector]
