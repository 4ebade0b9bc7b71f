"""What a profile may say, as data: for the editor that people use and for the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_connector import FileKind

from oms_files.checking import ACTS, NEED_REASON, NUMBERS
from oms_files.encodings import KNOWN
from oms_files.fields import GROUPS
from oms_files.opening import TYPES
from oms_files.sources import TESTS


def describe(kind: FileKind) -> Mapping[str, Any]:
    """Sections with their fields, and every list of choices."""
    return {
        "kind": kind,
        "keyed": kind == "orders",
        "sections": {
            section: [
                {"name": target.name, "label": target.label, "type": target.type,
                 "required": target.required, "help": target.help,
                 "choices": list(target.choices)}
                for target in targets
            ]
            for section, targets in GROUPS[kind].items()
        },
        "acts": list(ACTS[kind]),
        "acts_with_reason": [act for act in ACTS[kind] if act in NEED_REASON],
        "tests": list(TESTS),
        "types": list(TYPES),
        "encodings": list(KNOWN),
        "delimiters": ["auto", ",", ";", "\t", "|"],
        "numbers": list(NUMBERS),
    }
