"""One fault striking, as the functions of ``faults_*.py`` are told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any


@dataclass(frozen=True, slots=True)
class Blow:
    """One fault striking: its own dice, the true time, how to wait, and what is known here."""

    dice: Random
    now: datetime
    sleep: Callable[[float], None]
    about: Mapping[str, Any] = field(default_factory=dict)
