"""What goes between the engine and whoever carries a message: a letter, and what became of it.

The engine (``sync/message_sending``) and the machine that speaks SMTP (``adapters/mail``) know this
and not each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Why = list[Any]
"""A sentence and its values: a gettext key and a mapping."""


def plain_why(sentence: str, **values: Any) -> Why:
    """A sentence and its values, as they are kept."""
    return [sentence, {name: str(value)[:300] for name, value in values.items()}]


@dataclass(frozen=True, slots=True)
class Server:
    """The mail server. ``security``: ``starttls``, ``tls`` or ``none``."""

    host: str
    port: int
    security: str
    username: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A PDF that goes along."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail. ``key`` is the same however often it is sent: a repetition is known by it."""

    key: str
    sender_name: str
    sender: str
    reply_to: str
    recipient: str
    subject: str
    text: str
    language: str
    attachments: Sequence[Attachment] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a message.

    ``sent``; ``later`` (nothing was sent, it may work another time); ``closed`` (that, and no
    other can be sent now either); ``refused`` (for good; ``address``: because there is no
    such recipient); ``unknown`` (sent, and the answer was lost). ``wait``: seconds at least.
    """

    state: Literal["sent", "later", "closed", "refused", "unknown"]
    why: Why | None = None
    address: bool = False
    reference: str = ""
    wait: float | None = None


class Carrier(Protocol):
    """A connection to a mail server."""

    def send(self, letter: Letter) -> Verdict:
        """Send one letter; never raises."""


class Mailer(Protocol):
    """Opens connections to a mail server (the ``mail`` port)."""

    def __call__(self, server: Server) -> AbstractContextManager[Carrier]:
        """A connection that is made when its first letter is sent."""
