"""Doorbells: a channel rings when something has happened; what it was is asked for again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

SOURCE = "oms-source-address"
"""Among the headers of a delivery: the address it came from. The app writes it, whatever was sent;
for channels that sign nothing and say which network they ring from."""


@dataclass(frozen=True, slots=True)
class Ring:
    """That something happened to ``ref``; a parcel's is its tracking number. The same ``event_id``
    twice is one ring.
    """

    kind: Literal["order", "return", "offer", "payment", "parcel"]
    ref: str
    event_id: str
    at: datetime | None = None


class WebhookRefused(Exception):
    """Not from the channel, changed on the way, or too old. Nothing of it is stored."""


@runtime_checkable
class HearsWebhooks(Protocol):
    """Is rung by its channel. Neither method asks the network while a request is answered."""

    def hear(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Ring]:
        """What a delivery says; empty for a ping. Header names are lower case.

        The signature is checked over the raw body, in constant time, with
        ``context.secrets["webhook_secret"]``, or the one that the manifest names; an empty secret
        refuses everything. Where the channel signs a moment, one more than five minutes from
        ``context.now`` is refused.

        Raises:
            WebhookRefused: it is not to be trusted.
        """


@runtime_checkable
class OrdersWebhooks(Protocol):
    """Can tell the channel where to ring. Some are set up by hand in the channel's own panel."""

    def subscribe(self, url: str, secret: str) -> Sequence[str]:
        """Ask to be rung at ``url``; the channel's references of the subscriptions.

        Subscribing twice leaves one of each kind.
        """

    def unsubscribe(self, refs: Sequence[str]) -> None:
        """End subscriptions; unknown ones are no error."""
