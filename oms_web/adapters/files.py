"""The file store: content-addressed files under ``instance/files``."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from datetime import datetime
from pathlib import Path

from oms_web.core.errors import NotFound

_NAME = re.compile(r"[0-9a-f]{64}\.[a-z0-9]{1,8}")


class DiskFiles:
    """A ``FileStore`` in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, content: bytes, suffix: str) -> str:
        """Store bytes under their SHA-256. Written aside first, so no half file is ever seen."""
        name = hashlib.sha256(content).hexdigest() + suffix
        target = self.root / name[:2] / name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, aside = tempfile.mkstemp(dir=target.parent)
            with os.fdopen(handle, "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            os.replace(aside, target)
        return name

    def put_file(self, source: Path, suffix: str) -> str:
        """Store a copy of a file: hashed while it is copied aside, then named."""
        self.root.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=self.root)
        try:
            digest = hashlib.sha256()
            with os.fdopen(handle, "wb") as out, source.open("rb") as stream:
                while chunk := stream.read(1 << 20):
                    digest.update(chunk)
                    out.write(chunk)
                out.flush()
                os.fsync(out.fileno())
            name = digest.hexdigest() + suffix
            target = self.root / name[:2] / name
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(aside, target)
        finally:
            Path(aside).unlink(missing_ok=True)
        return name

    def path(self, name: str) -> Path:
        """Where a stored file lies."""
        if not _NAME.fullmatch(name):
            raise NotFound("There is no such file.")
        found = self.root / name[:2] / name
        if not found.is_file():
            raise NotFound("There is no such file.")
        return found

    def remove(self, name: str) -> None:
        """Delete a stored file, if it is there."""
        if _NAME.fullmatch(name):
            (self.root / name[:2] / name).unlink(missing_ok=True)

    def forget_before(self, moment: datetime) -> int:
        """Delete files made before a moment; how many. Only for stores of passing things."""
        gone = 0
        for file in self.root.glob("??/*"):
            try:
                if file.is_file() and file.stat().st_mtime < moment.timestamp():
                    file.unlink()
                    gone += 1
            except FileNotFoundError:  # somebody else cleans too
                continue
        return gone
