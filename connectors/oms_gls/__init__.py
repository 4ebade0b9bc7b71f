"""GLS Poland: parcels over ADE-Plus WebAPI 2 (SOAP).

What the service is like was read in public clients; ``docs/connectors/gls.md`` says what, and what
was not tried.
"""

from oms_connector import Connector, hookimpl

from oms_gls.connector import GlsConnector

__all__ = ["GlsConnector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors of this package."""
    return [GlsConnector]
