"""How the marketplace says no."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """``code`` is for programs, the message for people, ``status`` is HTTP's.

    ``detail`` goes into the answer beside them: ``field``, ``revision``, ``stock``.
    """

    def __init__(self, code: str, message: str, status: int = 409, **detail: Any) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.detail = detail
