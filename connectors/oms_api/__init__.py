"""A shop, app or warehouse of one's own that calls the JSON API; see docs/api.md.

Nothing is fetched from it and nothing is sent to it. As a channel it gives its orders a name, a
tile and warehouses of their own.
"""

from __future__ import annotations

from oms_connector import N_, Connector, Manifest, hookimpl

__all__ = ["ApiConnector", "oms_connectors"]


class ApiConnector(Connector):
    """A channel that calls us."""

    manifest = Manifest(
        key="api", name="API", letters="AP", version="1.0", hue=268,
        help=N_("Your own shop, app or warehouse that calls us. Its key is made under Settings, "
                "API."),
    )


@hookimpl
def oms_connectors() -> list[type[Connector]]:
    """The connectors in this distribution."""
    return [ApiConnector]
