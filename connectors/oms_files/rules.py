"""What becomes of a row, by the profile's rules: the first that fits decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oms_files.sources import Cells, Scope, tester


class Rules:
    """Rules compiled once. ``default`` is what happens to a row that none of them fits."""

    def __init__(
        self, rules: Sequence[Mapping[str, Any]], scope: Scope, default: str
    ) -> None:
        self._rules = [
            (tester(rule["when"], scope, f"rules.{place}.when"), rule["do"],
             str(rule.get("reason", "")))
            for place, rule in enumerate(rules)
        ]
        self._default = default

    def of(self, cells: Cells) -> tuple[str, str]:
        """The act and its reason."""
        for fits, act, reason in self._rules:
            if fits(cells):
                return act, reason
        return self._default, ""
