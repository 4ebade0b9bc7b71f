"""What flows may ask of machines of ours. The adapters behind them are chosen in ``wiring.py``."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class FileStore(Protocol):
    """Files by a name made from their content: the same bytes are stored once."""

    def put(self, content: bytes, suffix: str) -> str:
        """Store bytes; the name to keep in the database. ``suffix`` like ``.pdf``."""

    def put_file(self, source: Path, suffix: str) -> str:
        """Store a copy of a file on disk, however large, without holding it in memory."""

    def path(self, name: str) -> Path:
        """Where a stored file lies.

        Raises:
            NotFound: no such file, or the name is not one of ours.
        """

    def remove(self, name: str) -> None:
        """Delete a stored file; one that is gone already is fine."""


class SecretBox(Protocol):
    """Encrypts what must not lie readable in the database; ``purpose`` is bound to the text."""

    def seal(self, plain: bytes, purpose: str) -> bytes:
        """Encrypt."""

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Decrypt.

        Raises:
            Invalid: another key, another purpose, or altered text.
        """
