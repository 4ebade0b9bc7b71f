"""Who does it. Every change carries one of these into the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ActorKind = Literal["user", "system", "connector", "cli", "api", "rule"]


@dataclass(frozen=True, slots=True)
class Actor:
    """``id`` is the row of the user, channel account, API key or rule; others have none."""

    kind: ActorKind
    name: str
    id: int | None = None

    @property
    def signature(self) -> str:
        """The name on a document that others read: a person's; what runs by itself has none."""
        return self.name if self.kind == "user" else ""


SYSTEM = Actor("system", "system")
