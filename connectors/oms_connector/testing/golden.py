"""Samples and what they should become, as JSON that can be read and compared line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from oms_connector import Order, Unreadable

EXPECTED = ".order.json"
UNSAID = frozenset({"raw"})


def pairs(folder: Path) -> Iterator[tuple[str, Any, Any]]:
    """(name, sample, what was written down for it or None), by name."""
    for file in sorted(folder.glob("*.json")):
        if file.name.endswith(EXPECTED):
            continue
        beside = file.with_name(file.stem + EXPECTED)
        expected = json.loads(beside.read_text("utf-8")) if beside.exists() else None
        yield file.name, json.loads(file.read_text("utf-8")), expected


def document(value: Any) -> Any:
    """A data class of the SDK as JSON: what has its default is left out, ``raw`` too."""
    if is_dataclass(value) and not isinstance(value, type):
        said = {field.name: document(getattr(value, field.name)) for field in fields(value)
                if field.name not in UNSAID
                and (field.default is MISSING or getattr(value, field.name) != field.default)}
        return {"unreadable": said} if isinstance(value, Unreadable) else said
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): document(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [document(one) for one in value]
    return value


def text(written: Any) -> str:
    """As it stands in a file."""
    return json.dumps(written, ensure_ascii=False, indent=2, sort_keys=True)


def difference(expected: Any, got: Any) -> str:
    """The first lines that differ."""
    old, new = text(expected).splitlines(), text(got).splitlines()
    only_old = [line.strip() for line in old if line not in new][:3]
    only_new = [line.strip() for line in new if line not in old][:3]
    return f"written down {only_old}, got {only_new}"


def write(folder: Path, read: Any) -> list[str]:
    """Write down what every sample becomes, to be looked at and committed; the files' names.

    ``read`` is the stand-in's ``read_sample``.
    """
    written = []
    for name, sample, _ in list(pairs(folder)):
        order: Order | Unreadable = read(sample)
        file = folder / (Path(name).stem + EXPECTED)
        file.write_text(text(document(order)) + "\n", "utf-8")
        written.append(file.name)
    return written
