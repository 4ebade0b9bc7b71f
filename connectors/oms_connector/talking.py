"""Messages between a shop and its buyers on a channel: read as a journal, answered by key.

What buyers write is text and stays text: a channel's markup is the connector's to take off, and
nothing in it is followed or run. Attachments are names and addresses, never contents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from oms_connector.data import Page


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that came with a message: how it is called, and where the channel keeps it."""

    name: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class BuyerMessage:
    """A message of a thread. ``ours``: the seller wrote it, here or in the channel's own panel.

    ``order_ref`` is the external id of the order it is about, ``offer_ref`` the offer; both may be
    empty. ``key`` is ours, where the channel keeps it.
    """

    external_id: str
    thread: str
    at: datetime
    text: str
    ours: bool = False
    author: str = ""
    subject: str = ""
    order_ref: str = ""
    offer_ref: str = ""
    key: str = ""
    attachments: Sequence[Attached] = ()
    raw: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class MessageOut:
    """What a seller writes to a buyer: into a thread, or about an order; at least one of them.

    ``key`` is ours and unique. For channels that keep no keys: ``since`` is shortly before it was
    first sent, ``known`` are our messages of the thread that we know of.
    """

    key: str
    text: str
    thread: str = ""
    order_ref: str = ""
    since: datetime | None = None
    known: Sequence[str] = ()


@runtime_checkable
class PullsMessages(Protocol):
    """Knows what buyers write, and what they are answered."""

    def pull_messages(self, cursor: Mapping[str, Any] | None, limit: int) -> Page[BuyerMessage]:
        """Messages after ``cursor`` (None: of the last weeks). The same one again does no harm."""


@runtime_checkable
class SendsMessages(Protocol):
    """Takes messages to buyers. Whether one may is said by ``Capabilities.message_setting``."""

    def send_message(self, message: MessageOut) -> BuyerMessage:
        """Send it; the message as the channel has it.

        After an answer that was lost it is looked for before it is sent again, so that a channel
        which keeps no keys need not know it.

        Raises:
            Refused: too long, or this buyer cannot be written to.
            OutcomeUnknown: sent, and nobody knows.
        """

    def find_message(self, message: MessageOut) -> BuyerMessage | None:
        """What the channel has of a message that was sent; None: nothing."""


@runtime_checkable
class MarksRead(Protocol):
    """Shows buyers, or the seller's other programs, that a thread was read."""

    def mark_read(self, thread: str) -> None:
        """The whole thread was read. Twice is once."""


def same_words(one: str, other: str) -> bool:
    """Whether two texts say the same: channels trim, and change how lines end."""
    return one.split() == other.split()
