"""DPD Polska over DPDServices, its REST API: couriers and Pickup points in Poland.

What the API is like was read in public clients of it; ``docs/connectors/dpd.md`` says what, and
what was not tried.
"""

from oms_connector import Connector, hookimpl

from oms_dpd.connector import DpdConnector

__all__ = ["DpdConnector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors of this package."""
    return [DpdConnector]
