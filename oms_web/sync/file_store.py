"""Bringing a file in: copied into the file store, with what its profile reads beside it."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from oms_web.core.errors import Invalid
from oms_web.core.ports import FileStore

SUFFIX = ".import"
# Archives get one date, so that the same files give the same bytes and are known again.
_NO_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in the store: ``name`` there, its SHA-256, and what people called it."""

    name: str
    digest: str
    original_name: str


def bring_in(
    store: FileStore, paths: Sequence[Path], profile: Mapping[str, Any], names: Sequence[str] = ()
) -> StoredFile:
    """Store one file, or several as one archive.

    Args:
        paths: the files; with one, those that the profile wants beside it are looked for in its
            folder.
        names: what people call the files, where that is not how they are called on disk.

    Raises:
        Invalid: a file that the profile needs is not there.
    """
    named = dict(zip(names or [path.name for path in paths], paths, strict=True))
    patterns = wanted_names(profile)
    if len(named) == 1 and patterns and not _is_zip(paths[0]):
        named = _with_neighbours(*next(iter(named.items())), patterns)
    first = next(iter(named))
    if len(named) == 1:
        stored = store.put_file(named[first], SUFFIX)
    else:
        stored = _store_archive(store, named)
    return StoredFile(stored, stored.removesuffix(SUFFIX), first)


def wanted_names(profile: Mapping[str, Any]) -> list[str]:
    """Patterns of the files a profile joins, the main one first; empty when it reads just one."""
    beside = [
        lookup["file"] for lookup in profile.get("lookups", []) if lookup.get("file")
    ]
    return [profile.get("format", {}).get("file", ""), *beside] if beside else []


def fits(name: str, pattern: str) -> bool:
    """Whether a file's name is meant by a pattern; ``.gz`` at the end does not matter."""
    lower = name.lower()
    return any(fnmatchcase(each, pattern.lower()) for each in (lower, lower.removesuffix(".gz")))


def _with_neighbours(name: str, path: Path, patterns: Sequence[str]) -> dict[str, Path]:
    around = {p.name: p for p in sorted(path.resolve().parent.iterdir()) if p.is_file()}
    found: dict[str, Path] = {}
    for place, pattern in enumerate(patterns):
        match = name if fits(name, pattern) else next(
            (other for other in around if fits(other, pattern)), None
        )
        if match is None and place == 0:
            # The main file may be called anything; inside the archive the profile must find it.
            found[pattern.replace("*", "") or name] = path
        elif match is None:
            raise Invalid("The profile also needs a file %(name)s in the same folder.", "file",
                          name=pattern)
        else:
            found[match] = path if match == name else around[match]
    return found


def _is_zip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) == b"PK\x03\x04"


def _store_archive(store: FileStore, named: Mapping[str, Path]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "files.zip"
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, path in sorted(named.items()):
                info = zipfile.ZipInfo(Path(name).name, _NO_DATE)
                info.compress_type = zipfile.ZIP_DEFLATED
                with path.open("rb") as source, archive.open(info, "w") as out:
                    while chunk := source.read(1 << 20):
                        out.write(chunk)
        return store.put_file(target, SUFFIX)
