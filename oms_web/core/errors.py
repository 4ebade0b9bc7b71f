"""The few kinds of refusal the product knows. Doors translate them: 422, 409, 403, 404.

Messages are gettext keys in English; doors translate them for people. ``params`` fill the
placeholders after translation, so a message never glues words together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class OmsError(Exception):
    """A refusal that a person can understand and act on."""

    def __init__(self, message: str, **params: Any) -> None:
        super().__init__(message)
        self.message = message
        self.params = params

    def __str__(self) -> str:
        return self.message % self.params if self.params else self.message


class Invalid(OmsError):
    """What was typed or sent is wrong; ``field`` names where."""

    def __init__(self, message: str, field: str = "", **params: Any) -> None:
        super().__init__(message, **params)
        self.field = field


class InvalidForm(OmsError):
    """Several fields are wrong at once: field name -> refusal."""

    def __init__(self, problems: Mapping[str, OmsError]) -> None:
        super().__init__("Check the marked fields.")
        self.problems = dict(problems)


class NotAllowedNow(OmsError):
    """The act exists but the thing's state forbids it; ``allowed`` names what may be done."""

    def __init__(self, message: str, allowed: tuple[str, ...] = (), **params: Any) -> None:
        super().__init__(message, **params)
        self.allowed = allowed


class NotFound(OmsError):
    """There is no such thing, or this person may not know of it."""


class Denied(OmsError):
    """The person's role does not permit the act."""


class ShortStock(OmsError):
    """There is less free stock than asked for."""
