"""From a file and a profile's ``format`` to a table, whatever the file turns out to be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from oms_files.csv_rows import open_csv
from oms_files.json_rows import open_json
from oms_files.limits import LIMITS, Limits
from oms_files.tables import Table
from oms_files.unpack import Package
from oms_files.xlsx_rows import open_xlsx
from oms_files.xml_rows import open_xml

TYPES = ("auto", "csv", "xlsx", "json", "jsonl", "xml")


def open_table(
    package: Package, form: dict[str, Any], work_dir: Path, limits: Limits = LIMITS, rows: int = 0
) -> Table:
    """The table a format describes. ``rows`` may stop reading early (0: all).

    Raises:
        Refused: the file is not what the format says, or too much.
    """
    member = "" if package.workbook else package.choose(form.get("file", ""))
    kind = form.get("type", "auto")
    if kind == "auto":
        kind = kind_of(package, member)
    if kind == "xlsx":
        return open_xlsx(package, member, form, work_dir, limits, rows)
    if kind in ("json", "jsonl"):
        return open_json(package, member, {**form, "type": kind}, limits)
    if kind == "xml":
        return open_xml(package, member, form, limits)
    return open_csv(package, member, form, limits)


def kind_of(package: Package, member: str) -> str:
    """What a file is, told by how it begins."""
    if package.is_workbook(member):
        return "xlsx"
    with package.open(member) as stream:
        head = (stream.read(512) or b"").lstrip(b"\xef\xbb\xbf").lstrip()
    if head[:1] == b"<":
        return "xml"
    if head[:1] in (b"{", b"["):
        return "json"
    return "csv"
