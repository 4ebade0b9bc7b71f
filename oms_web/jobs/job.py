"""A task that was claimed and is being done, as its handler gets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from oms_web.core.claims import Claim
from oms_web.sync.session import Engine
from oms_web.wiring import Oms

Result = dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed task at work. ``beat(progress, total)`` keeps the lease and shows progress."""

    oms: Oms
    claim: Claim
    beat: Callable[[int, int], None]

    @property
    def args(self) -> dict[str, Any]:
        """The task's arguments."""
        return self.claim.args

    @property
    def engine(self) -> Engine:
        """The sync engine over this installation."""
        return Engine(self.oms.works, self.oms.registry)


Handler = Callable[[Job], Result]
