"""How a check ends: broken, or not applicable; else as promised."""

from __future__ import annotations

import pytest


class Broken(AssertionError):
    """A promise that the connector does not keep; the message says what came instead."""


def must(kept: object, message: str) -> None:
    """Go on if something is as promised.

    Raises:
        Broken: with ``message``, when it is not.
    """
    __tracebackhide__ = True
    if not kept:
        raise Broken(message)


def not_applicable(reason: str) -> None:
    """End a check that has nothing to look at here."""
    __tracebackhide__ = True
    pytest.skip(f"not applicable: {reason}")
