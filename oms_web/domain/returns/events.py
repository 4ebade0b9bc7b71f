"""What happened to cases that others act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oms_web.core.events import Event


@dataclass(frozen=True, slots=True)
class CaseTurned(Event):
    """A case took a turn that its buyer may be told of: a word of ``moments.py``."""

    name: ClassVar[str] = "return.turned"
    case_id: int
    moment: str
