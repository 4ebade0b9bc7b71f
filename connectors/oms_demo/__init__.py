"""Targowisko, a marketplace that does not exist, Gołąb and Skarbonka, a carrier and a payment
provider that do not either, and their connectors.

``connector.py`` and ``mapping.py`` are the marketplace's connector, ``courier.py`` the carrier's,
``purse.py`` the provider's: the examples to copy for real ones.
``market/`` is all of them, a server of its own (``python -m oms_demo``); the connectors know
nothing of it but its HTTP API.
"""

from oms_connector import Connector, hookimpl

from oms_demo.connector import DemoConnector
from oms_demo.courier import GolabConnector
from oms_demo.purse import SkarbonkaConnector

__all__ = ["DemoConnector", "GolabConnector", "SkarbonkaConnector", "oms_connectors"]


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors of this package."""
    return [DemoConnector, GolabConnector, SkarbonkaConnector]
