"""Runs in a process of its own: one workbook in, its rows out, under the operating system's caps.

A spreadsheet of a few hundred kilobytes can ask for gigabytes when it is opened. Here that ends
this process and nothing else. Called with a JSON object: ``path sheet rows memory seconds``;
writes one JSON array per row, the first line being the sheet names and what was chosen.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import sys
from typing import Any


def cap(memory: int, seconds: int) -> None:
    """Limit address space and processor time, where the platform can."""
    try:
        import resource
    except ImportError:
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def text_of(cell: Any) -> str:
    """A cell as a person sees it: whole numbers without ``.0``, dates in ISO form."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        # Fifteen significant digits are what a spreadsheet keeps; the rest is binary dust.
        whole = cell.is_integer() and abs(cell) < 1e15
        return str(int(cell)) if whole else f"{cell:.15g}"
    if isinstance(cell, datetime.datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S")
    return str(cell)


def main() -> int:
    """Write the rows; exit code 4 means the file is no workbook."""
    order = json.loads(sys.argv[1])
    cap(order["memory"], order["seconds"])
    from python_calamine import CalamineError, CalamineWorkbook

    out = sys.stdout
    try:
        with CalamineWorkbook.from_path(order["path"]) as book:
            names = book.sheet_names
            wanted = order["sheet"] or (names[0] if names else "")
            out.write(json.dumps({"sheets": names, "sheet": wanted}) + "\n")
            if wanted not in names:
                return 0
            sheet = book.get_sheet_by_name(wanted)
            start = (sheet.start or (0, 0))[0]
            for number, row in enumerate(sheet.iter_rows(), 1):
                if order["rows"] and number > order["rows"]:
                    break
                out.write(json.dumps([start + number, *map(text_of, row)]) + "\n")
            out.flush()
    except CalamineError as error:
        sys.stderr.write(str(error))
        return 4
    return 0


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except (MemoryError, BrokenPipeError):
        raise SystemExit(5) from None
