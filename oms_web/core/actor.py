"""Who does it. Every change carries one of these into the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ActorKind = Literal["user", "system", "connector", "cli"]


@dataclass(frozen=True, slots=True)
class Actor:
    """``id`` is the user's or the channel account's row; the system and the shell have none."""

    kind: ActorKind
    name: str
    id: int | None = None


SYSTEM = Actor("system", "system")
