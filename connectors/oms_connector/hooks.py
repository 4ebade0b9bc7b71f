"""How a connector makes itself known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from oms_connector.spec import Connector

API = (1, 0)
"""(major, minor) of this SDK. A connector made for another major is refused with a reason."""

ENTRY_POINTS = "oms.connectors"

hookspec = pluggy.HookspecMarker("oms_connector")
hookimpl = pluggy.HookimplMarker("oms_connector")


@hookspec
def oms_connectors() -> list[type[Connector]]:
    """The connector classes this distribution brings."""
    raise AssertionError("a specification is never called")
