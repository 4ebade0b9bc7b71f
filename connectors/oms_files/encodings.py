"""Which alphabet a text file is written in."""

from __future__ import annotations

import codecs

from oms_files.unpack import Package

KNOWN = (
    "auto", "utf-8", "utf-16", "cp1250", "iso-8859-2", "cp1252", "iso-8859-1", "cp852",
)
_CHUNK = 1 << 18

# Where the two Central European code pages disagree: the bytes of ą ś ź Ą Ś Ź in each.
_WINDOWS = frozenset((0xB9, 0x9C, 0x9F, 0xA5, 0x8C, 0x8F))
_ISO = frozenset((0xB1, 0xB6, 0xBC, 0xA1, 0xA6, 0xAC))
_TELLING = sorted(_WINDOWS | _ISO | set(range(0x80, 0xA0)))


def detect(package: Package, member: str = "") -> str:
    """The encoding of a whole text file: by its mark, by being valid UTF-8, else by its letters.

    A file is UTF-8 only if all of it is; the first Polish letter may be in its last line.
    """
    with package.open(member) as stream:
        head = stream.read(4096)
        marked = by_mark(head)
        if marked:
            return marked
        decoder = codecs.getincrementaldecoder("utf-8")()
        counts: dict[int, int] = {}
        valid = True
        chunk = head
        while chunk:
            valid = valid and _decodes(decoder, chunk)
            if not valid:
                _count_letters(chunk, counts)
            chunk = stream.read(_CHUNK)
        valid = valid and _decodes(decoder, b"", final=True)
    return "utf-8" if valid else by_letters(counts)


def by_mark(head: bytes) -> str:
    """The encoding a byte order mark, or the zero bytes of UTF-16, give away; else nothing."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    half = len(head) // 2
    if half >= 4:
        if head[1::2].count(0) > 0.8 * half:
            return "utf-16-le"
        if head[0::2].count(0) > 0.8 * half:
            return "utf-16-be"
    return ""


def by_letters(counts: dict[int, int]) -> str:
    """Windows or ISO, by which one's Polish letters occur; Windows when nothing tells."""
    windows = sum(n for byte, n in counts.items() if byte in _WINDOWS)
    iso = sum(n for byte, n in counts.items() if byte in _ISO)
    in_controls = any(0x80 <= byte < 0xA0 for byte in counts)
    return "iso-8859-2" if iso > windows and not in_controls else "cp1250"


def _count_letters(chunk: bytes, counts: dict[int, int]) -> None:
    for byte in _TELLING:
        found = chunk.count(byte)
        if found:
            counts[byte] = counts.get(byte, 0) + found


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True
