"""What an order was like when something happened to it, from what it is like now.

The audit trail says of each change what stood before it. Going back through what came later gives
the facts of that moment, as far as the trail tells them: phase, status, tags, holds, money. The
rest (an address that was corrected since) is as it is now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from oms_web.domain.audit.models import AuditEntry
from oms_web.domain.automation.fields import fold


def rewind(facts: Mapping[str, Any], later: Iterable[AuditEntry], statuses: Mapping[str, str]
           ) -> dict[str, Any]:
    """Facts before ``later`` entries, which come newest first.

    Args:
        statuses: name of a status -> its id as text; the trail knows names.
    """
    then = dict(facts)
    for entry in later:
        for name, change in (entry.change or {}).items():
            if not isinstance(change, list) or len(change) != 2:
                continue
            before, after = change
            if name == "phase":
                then["phase"] = before
            elif name == "status":
                then["status"] = statuses.get(before or "", "")
            elif name == "tag":
                then["tags"] = _set_back(then["tags"], fold(before or ""), fold(after or ""))
            elif name == "hold":
                then["holds"] = _set_back(then["holds"], before or "", after or "")
    return then


def _set_back(words: frozenset[str], before: str, after: str) -> frozenset[str]:
    """A set of words without the one that was put on, with the one that was taken off."""
    return (words - {after}) | ({before} if before else frozenset())
