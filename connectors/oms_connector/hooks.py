"""How a connector makes itself known."""

from __future__ import annotations

import pluggy

from oms_connector.spec import Connector

hookspec = pluggy.HookspecMarker("oms_connector")
hookimpl = pluggy.HookimplMarker("oms_connector")


@hookspec
def oms_connectors() -> list[type[Connector]]:
    """The connector classes this distribution brings."""
    raise AssertionError("a specification is never called")
