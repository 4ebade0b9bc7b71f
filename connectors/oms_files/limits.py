"""How much of a file is read before it is refused: nobody's spreadsheet, always somebody's bomb."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on one file. ``ratio`` counts only once ``ratio_from`` bytes have come out.

    ``chunk_bytes`` bounds what is in memory at a time: one line of text, one JSON or XML record.
    ``sheet_*`` bound the child process that opens a spreadsheet.
    """

    file_bytes: int = 1024 * MIB
    unpacked_bytes: int = 4096 * MIB
    ratio: int = 200
    ratio_from: int = 32 * MIB
    members: int = 64
    rows: int = 5_000_000
    columns: int = 500
    cell_chars: int = 256 * 1024
    chunk_bytes: int = 8 * MIB
    depth: int = 40
    sheet_bytes: int = 512 * MIB
    sheet_ratio: int = 100
    sheet_memory: int = 1536 * MIB
    sheet_seconds: int = 120


LIMITS = Limits()
