"""Secrets at rest: Fernet (AES-128-CBC + HMAC-SHA-256) with keys in a file beside the database.

The purpose (which row) is part of the plain text, so a sealed value moved to another row does not
open. ``instance/keys`` holds one key per line, newest first; old ones only open.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from oms_web.core.errors import Invalid


class KeyFileBox:
    """A ``SecretBox`` whose keys are in a file readable by its owner only."""

    def __init__(self, file: Path) -> None:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as out:
                out.write(Fernet.generate_key() + b"\n")
        self._box = MultiFernet([Fernet(line) for line in file.read_bytes().split()])

    def seal(self, plain: bytes, purpose: str) -> bytes:
        """Encrypt with the newest key."""
        return self._box.encrypt(purpose.encode() + b"\0" + plain)

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Decrypt with whichever key fits."""
        try:
            found, _, plain = self._box.decrypt(sealed).partition(b"\0")
        except InvalidToken:
            found, plain = b"", b""
        if found != purpose.encode():
            raise Invalid("A stored secret cannot be opened with the present keys.")
        return plain
