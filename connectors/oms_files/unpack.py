"""Opening a file: plain, gzip, a ZIP of several, a workbook; never more of it than the limits say.

An archive's own statement of its size is not believed: what comes out is counted.
"""

from __future__ import annotations

import gzip
import io
import shutil
import zipfile
import zlib
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from oms_files import words
from oms_files.limits import LIMITS, MIB, Limits

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_WORKBOOK_PART = "xl/workbook.xml"


class Below(Protocol):
    """What bytes are read from."""

    def read(self, size: int = -1, /) -> bytes:
        """So many of them, fewer at the end."""

    def close(self) -> None:
        """Nothing more is read."""


class Counted(io.RawIOBase):
    """A byte stream that refuses to give more than it should.

    ``budget`` bytes may pass between two calls of ``reset``: what a reader holds at a time.
    """

    def __init__(
        self, stream: Below, packed: Callable[[], int] | None, limits: Limits
    ) -> None:
        super().__init__()
        self._stream = stream
        self._packed = packed
        self._limits = limits
        self.total = 0
        self.since = 0
        self.budget: int | None = None
        self.row = 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, target: WriteableBuffer) -> int:
        """Fill ``target``, count, and check every cap."""
        room = memoryview(target).cast("B")
        try:
            data = self._stream.read(len(room))
        except (EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
            raise words.refusal(words.BROKEN_ARCHIVE, why=error) from error
        room[:len(data)] = data
        self.total += len(data)
        self.since += len(data)
        self._check()
        return len(data)

    def reset(self, row: int) -> None:
        """A record ended at ``row``: the budget starts anew."""
        self.since = 0
        self.row = row

    def close(self) -> None:
        """Close what lies below too."""
        self._stream.close()
        super().close()

    def _check(self) -> None:
        limits = self._limits
        if self.total > limits.unpacked_bytes:
            raise words.refusal(words.UNPACKS_TOO_BIG, limit=limits.unpacked_bytes // MIB)
        if (
            self._packed and self.total > limits.ratio_from
            and self.total > limits.ratio * max(1, self._packed())
        ):
            raise words.refusal(words.BOMB, ratio=limits.ratio)
        if self.budget is not None and self.since > self.budget:
            raise words.refusal(words.LONG_RECORD, row=self.row, limit=self.budget // MIB)


class Package:
    """What lies in a file: one thing, or a ZIP's several.

    Raises:
        Refused: too big, damaged, empty.
    """

    def __init__(self, path: Path, limits: Limits = LIMITS) -> None:
        self.path = path
        self._limits = limits
        size = path.stat().st_size
        if size == 0:
            raise words.refusal(words.EMPTY)
        if size > limits.file_bytes:
            raise words.refusal(words.TOO_BIG, limit=limits.file_bytes // MIB)
        with path.open("rb") as stream:
            magic = stream.read(4)
        self.gzipped = magic[:2] == _GZIP
        self.names: tuple[str, ...] = ()
        self.workbook = False
        if magic == _ZIP:
            self._look_inside()

    def _look_inside(self) -> None:
        try:
            with zipfile.ZipFile(self.path) as archive:
                entries = archive.infolist()
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise words.refusal(words.BROKEN_ARCHIVE, why=error) from error
        names = [entry.filename for entry in entries if not entry.is_dir()]
        if _WORKBOOK_PART in names:
            self.workbook = True
            return
        if len(names) > self._limits.members:
            raise words.refusal(words.TOO_MANY_FILES, limit=self._limits.members)
        if not names:
            raise words.refusal(words.EMPTY)
        self.names = tuple(names)

    def choose(self, pattern: str) -> str:
        """The member a pattern (``orders*.csv``) names; an empty one means the only member."""
        if not self.names:
            return ""
        names = ", ".join(self.names)
        if not pattern:
            if len(self.names) > 1:
                raise words.refusal(words.WHICH_FILE, "format.file", names=names)
            return self.names[0]
        for name in self.names:
            last = Path(name).name.lower()
            if any(fnmatchcase(each, pattern.lower()) for each in (last, last.removesuffix(".gz"))):
                return name
        raise words.refusal(words.NO_SUCH_FILE, "format.file", name=pattern, names=names)

    def open(self, member: str = "") -> Counted:
        """The unpacked bytes of a member."""
        if self.names:
            archive = zipfile.ZipFile(self.path)
            info = archive.getinfo(member)
            if info.flag_bits & 1:
                raise words.refusal(words.BROKEN_ARCHIVE, why="encrypted")
            stream = _opened_member(archive, info)
            opened = Counted(stream, lambda: info.compress_size, self._limits)
            return self._unwrapped(opened, member)
        raw = self.path.open("rb")
        if self.gzipped:
            return Counted(gzip.GzipFile(fileobj=raw), raw.tell, self._limits)
        return Counted(raw, None, self._limits)

    def _unwrapped(self, opened: Counted, member: str) -> Counted:
        """A gzip inside a ZIP is opened too."""
        if not member.lower().endswith(".gz"):
            return opened
        return Counted(
            gzip.GzipFile(fileobj=io.BufferedReader(opened)),
            lambda: opened.total, self._limits,
        )

    def is_workbook(self, member: str = "") -> bool:
        """Whether this is an XLSX, told by its content."""
        if self.workbook:
            return True
        if not (self.gzipped or member):
            return False
        with self.open(member) as stream:
            return stream.read(4) == _ZIP

    def as_file(self, member: str, folder: Path) -> Path:
        """A path to the unpacked content, for readers that need one; in ``folder`` if copied."""
        if not self.gzipped and not member:
            return self.path
        target = folder / f"unpacked-{self.path.stem[:16]}-{abs(hash(member)) % 10**8}"
        with self.open(member) as source, target.open("wb") as out:
            shutil.copyfileobj(source, out, MIB)
        return target


def _opened_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Below:
    try:
        return archive.open(info)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise words.refusal(words.BROKEN_ARCHIVE, why=error) from error
