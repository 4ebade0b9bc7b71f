"""What is wanted of webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from oms_web.core.events import Event


@dataclass(frozen=True, slots=True)
class WebhookCalled(Event):
    """A webhook is to be told of one event of the trail, whatever it listens to."""

    name: ClassVar[str] = "webhooks.called"
    webhook_id: int
    event_id: int
