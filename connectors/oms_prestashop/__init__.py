"""PrestaShop: orders, credit slips, stock, prices, parcels and statuses over its webservice.

Each file holds one part of it; ``connector.py`` puts them together. What the webservice is like was
read in PrestaShop's own source and seen on a running shop; ``docs/connectors/prestashop.md`` says
what.
"""

from oms_connector import Connector, hookimpl

from oms_prestashop.connector import PrestaShopConnector

__all__ = ["PrestaShopConnector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors of this package."""
    return [PrestaShopConnector]
