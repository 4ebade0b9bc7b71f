"""Carriers that karrio knows, each of them as a connector of its own.

Importing this imports nothing of karrio's: that would turn off the checking of certificates in the
app's own process. ``docs/connectors/karrio.md`` says what the bridge does and what is uncertain.
"""

from importlib.util import find_spec
from pathlib import Path

from oms_connector import Connector, hookimpl

from oms_karrio.connector import DhlParcelDe, FedEx, Karrio

__all__ = ["DhlParcelDe", "FedEx", "Karrio", "oms_connectors"]

KNOWN: tuple[type[Karrio], ...] = (FedEx, DhlParcelDe)


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The carriers whose plugin of karrio's is installed."""
    return [one for one in KNOWN if _is_installed(one.carrier.key)]


def _is_installed(key: str) -> bool:
    """Whether there is a plugin, found without importing karrio."""
    karrio = find_spec("karrio")
    if karrio is None or not karrio.submodule_search_locations:
        return False
    return any((Path(place) / "plugins" / key / "__init__.py").exists()
               for place in karrio.submodule_search_locations)
