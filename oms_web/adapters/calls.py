"""What is written down of each request: a line without secrets, and, for authors, a recording."""

from __future__ import annotations

import json
import logging
import os
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

log = logging.getLogger("oms.http")

HIDDEN = "***"
_SHORTEST = 4
"""Letters; a shorter secret would blot out half of a text and keeps nobody out anyway."""
_TELLING = re.compile(
    r"token|secret|passw|authoriz|api[-_]?key|credential|cookie|signature|verifier|assertion"
    r"|^code$|^key$", re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was made. ``path`` is without what was asked; ``outcome`` is ``answered`` or
    the name of the error.
    """

    account: str
    method: str
    path: str
    status: int | None
    ms: float
    size: int
    outcome: str


Sink = Callable[[Call], None]


def write_line(call: Call) -> None:
    """The sink that is used unless another is given: one line in the log."""
    log.info("%s %s %s %s %.0f ms %d bytes %s", call.account, call.method, call.path,
             call.status or "-", call.ms, call.size, call.outcome)


class Hiding:
    """Takes an account's secrets out of texts."""

    def __init__(self, secrets: Iterable[str]) -> None:
        wide = {text for secret in secrets for text in (secret, quote(secret, safe=""))
                if len(secret) >= _SHORTEST}
        ordered = sorted(map(re.escape, wide), key=len, reverse=True)
        self._known = re.compile("|".join(ordered)) if ordered else None

    def text(self, text: str) -> str:
        """The text with every known secret blotted out."""
        return self._known.sub(HIDDEN, text) if self._known else text

    def named(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values by name; what is called like a secret is one."""
        return {name: HIDDEN if _TELLING.search(name) else self._value(value)
                for name, value in values.items()}

    def query(self, text: str) -> str:
        """A query or a form."""
        pairs = parse_qsl(text, keep_blank_values=True)
        return urlencode([(name, HIDDEN if _TELLING.search(name) else self.text(value))
                          for name, value in pairs], safe="*")

    def body(self, content: bytes, kind: str) -> Any:
        """A body as it may be kept: JSON as such, forms and texts as text."""
        if not content:
            return None
        text = content.decode("utf-8", "replace")
        if "json" in kind or text.lstrip()[:1] in ("{", "["):
            try:
                return self._value(json.loads(text))
            except (ValueError, RecursionError):
                return self.text(text)
        return self.query(text) if "form-urlencoded" in kind else self.text(text)

    def _value(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return self.named(value)
        if isinstance(value, list):
            return [self._value(one) for one in value]
        return self.text(value) if isinstance(value, str) else value


@lru_cache(maxsize=64)
def hiding_of(secrets: tuple[str, ...]) -> Hiding:
    """The same for an account's every call."""
    return Hiding(secrets)


class Recorder:
    """Keeps whole requests and answers in a folder, secrets taken out: for authors of connectors.

    Buyers' data stay in it, so it is off unless an operator turns it on.
    """

    def __init__(self, folder: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
                 ) -> None:
        self._folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        self._count = 0

    def keep(self, account: str, request: Mapping[str, Any], answer: Mapping[str, Any] | None
             ) -> Path:
        """Write one pair; where it lies. ``answer`` is None when none came.

        Raises:
            OSError: the folder cannot be written to.
        """
        with self._lock:
            self._count += 1
            number = self._count
        folder = self._folder / (re.sub(r"[^\w.-]+", "-", account).strip("-.") or "account")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = folder / f"{self._clock():%Y%m%d-%H%M%S}-{os.getpid()}-{number:05}.json"
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump({"request": request, "answer": answer}, out, ensure_ascii=False, indent=1)
        return file
