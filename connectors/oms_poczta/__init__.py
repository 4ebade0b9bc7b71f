"""Poczta Polska: Pocztex parcels over the WebAPI of e-Nadawca (SOAP), scans from its tracking.

What the services are like was read in the vendor's WSDL and its public pages;
``docs/connectors/poczta.md`` says what, and what was not tried.
"""

from oms_connector import Connector, hookimpl

from oms_poczta.connector import PocztaConnector

__all__ = ["PocztaConnector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors of this package."""
    return [PocztaConnector]
