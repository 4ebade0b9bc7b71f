"""Errors, sorted by what the engine will do about them."""

from __future__ import annotations


class ChannelError(Exception):
    """The base. A connector raises one of the subclasses; anything else counts as its bug."""


class AccessRefused(ChannelError):
    """Key or token not accepted. The account stops and a person is asked to reconnect.

    ``field`` names the setting that is wrong, where the channel says so.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class RateLimited(ChannelError):
    """Too many requests. The engine waits ``retry_after`` seconds (its own guess if None)."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ChannelDown(ChannelError):
    """Not reachable or failing; nothing was changed there. The engine tries again later."""


class OutcomeUnknown(ChannelError):
    """A write was sent and its answer lost. The engine asks the channel before it sends again."""


class Refused(ChannelError):
    """The channel understood and said no; trying the same again is pointless."""

    def __init__(self, message: str, code: str = "", field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.field = field


class Conflict(Refused):
    """Somebody changed the thing meanwhile. ``current`` is the channel's present revision."""

    def __init__(self, message: str, current: str = "") -> None:
        super().__init__(message, "conflict")
        self.current = current


class NotFound(Refused):
    """The channel does not know the thing."""


class NotSupported(Refused):
    """This channel, or this account's plan, cannot do that."""


class CursorExpired(ChannelError):
    """The channel no longer has data that old. The engine starts a backfill from its own date."""
