"""The version of the SDK, and the name under which connectors announce themselves."""

from __future__ import annotations

API = (1, 0)
"""(major, minor) of this SDK. A connector made for another major is refused with a reason."""

ENTRY_POINTS = "oms.connectors"
